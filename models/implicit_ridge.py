"""The ridge that pretraining really puts on the trained layer: retrained on the same tasks, averaged and fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import optimize

from ..numerics import ConvergenceError, ImplicitRidge, InputError, Spectrum, implicit_ridge
from ..numerics.display import Shown
from ..numerics.generated import numpy_algebra as algebra
from .pretraining import pretrain
from .sizes import Seed, streams, whole

#: the fit looks for the ridge over this factor to both sides of the predicted one
_RANGE = 1e4


@dataclass(frozen=True, eq=False, repr=False)
class FittedRidge(Shown):
    r"""Ridge x for which $R_k (R_k + x)^{-1}$ comes closest to the mean of the trained layer over retrainings.

    Attributes:
        fitted: x, in the units of an eigenvalue.
        predicted: $\sigma$ of the theory.
        deviation: $\|\bar\Gamma - R_k(R_k + \sigma)^{-1}\|^2 / \|\bar\Gamma\|^2$.
        deviation_without: the same with the ridge of finitely many contexts left out, $\lambda + s$ for $\sigma$.
        noise: the part of both that the finite number of retrainings alone makes.
        retrainings: how many there were.
        theory: the sources of the predicted ridge.
        layer: mean of the trained layer $\bar\Gamma$ in C_train's eigenbasis, shape `(d, d)`.
        tasks: the tasks, shape `(k, d)`.
    """

    fitted: float
    predicted: float
    deviation: float
    deviation_without: float
    noise: float
    retrainings: int
    theory: ImplicitRidge = field(repr=False)
    layer: Float[np.ndarray, "d d"] = field(repr=False)
    tasks: Float[np.ndarray, "k d"] = field(repr=False)


def fitted_ridge(
    spectrum: Spectrum,
    *,
    d: int,
    alpha: float,
    tau: float,
    kappa: float | None = None,
    rho: float,
    ridge: float = 1e-6,
    tasks: Float[np.ndarray, "k d"] | None = None,
    retrainings: int = 50,
    seed: Seed = 0,
    y2_column: bool = False,
) -> FittedRidge:
    r"""Fit the ridge of the mean trained layer given the tasks.

    $$\mathbb E[\Gamma \,|\, \mathrm{tasks}] \simeq R_k (R_k + \sigma)^{-1}, \qquad
    R_k = \tfrac1k \sum_j t_j t_j^\top$$

    Args:
        spectrum: of C_train; each eigenvalue is repeated to its share of the d directions.
        d, alpha, tau, kappa, rho, ridge: as in `pretrain`.
        tasks: shape `(k, d)`; drawn from N(0, C_train) if not given.
        retrainings: pretraining runs on the same tasks, at least 2.
        seed: whole number, or a SeedSequence.
        y2_column: whether the layer sees $\frac1\ell \sum y_i^2$ too.

    Raises:
        InputError: naming the argument; see `pretrain`.
        ConvergenceError: the solver stalled, or the best ridge is beyond 1e4 times the predicted one or below 1e-4.

    References:
        TTK (arXiv 2510.04548), implicit ridge; THEORY (6.1).

    Example:
        >>> found = fitted_ridge(Spectrum.isotropic(), d=16, alpha=2, tau=0.5, kappa=1, rho=0.1, retrainings=10)
        >>> found.deviation < found.deviation_without
        True
    """
    if tasks is None and kappa is None:
        raise InputError("kappa: None is not allowed, must be > 0 where no tasks are given")
    given: dict[str, Any] = {"d": d, "alpha": alpha, "tau": tau, "rho": rho, "ridge": ridge, "y2_column": y2_column}
    total = np.zeros((whole("d", d, 2), d))
    squares = 0.0
    parameters: dict[str, float] = {}
    for stream in streams(seed, whole("retrainings", retrainings, 2)):
        learned = pretrain(spectrum, **given, kappa=kappa, tasks=tasks, seed=stream)
        tasks, parameters = learned.tasks, learned.parameters
        total += learned.G
        squares += float((learned.G**2).sum())
    layer = total / retrainings
    size = float((layer**2).sum())
    theory = implicit_ridge(spectrum, **parameters)
    assert tasks is not None
    values, vectors = np.linalg.eigh(tasks.T @ tasks / len(tasks))
    # the trained layer along the tasks' own directions; what is off the diagonal no ridge can fit
    along = np.diag(vectors.T @ layer @ vectors)
    values = np.maximum(values, 0.0)
    rest = size - float((along**2).sum())

    def deviation(x: float) -> float:
        return (float(((along - algebra.layer_given_tasks(values, x)) ** 2).sum()) + rest) / size

    predicted = float(theory.given_tasks)
    ends = np.log(predicted) + np.log(_RANGE) * np.array([-1, 1])
    found = optimize.minimize_scalar(lambda v: deviation(np.exp(v)), bounds=tuple(ends), options={"xatol": 1e-8})
    if not found.success or min(abs(found.x - ends)) < 1e-3:
        raise ConvergenceError(f"the ridge that fits best is not within a factor {_RANGE:g} of {predicted:.6g}")
    return FittedRidge(
        fitted=float(np.exp(found.x)),
        predicted=predicted,
        deviation=deviation(predicted),
        deviation_without=deviation(float(theory.explicit + theory.context)),
        noise=(squares / retrainings - size) / (retrainings - 1) / size,
        retrainings=retrainings,
        theory=theory,
        layer=layer,
        tasks=tasks,
    )
