"""Tasks of low rank in the conventions of Takanami et al.: the three errors and their order parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import Array, algebra_for, all_or_none, in_one_library, namespace, nonnegative, positive, require
from .display import Shown
from .fixed_point import FixedPoint, solve
from .spectrum import Spectrum


@dataclass(frozen=True, eq=False, repr=False)
class LowRankErrors(Shown):
    r"""Errors and order parameters for low-rank tasks; arrays of the broadcast shape of the parameters.

    For tasks of unit variance an error is $\rho_{\mathrm{test}} + 1 - 2m + Q +
    (1 + \rho_{\mathrm{test}})\,\bar Q/\alpha_{\mathrm{test}}$ with the overlap and the size of its kind of task.

    Attributes:
        TM: error on the tasks of pretraining (task memorisation). Lu et al. call this IDG.
        IDG: error on fresh tasks of the same subspace (in-distribution generalisation).
        ODG: error on tasks of another subspace (out-of-distribution generalisation).
        q, m: order parameters of TM, $Q$ and $m$: mean square of the answer, and its overlap with the task.
        q0, m0: those of IDG, $Q_0$ and $m_0$.
        q_bar, m_bar: those of ODG, $\bar Q$ and $\bar m$; $\bar Q$ is in all three errors.
        fixed_point: the solution that they were read from, in the conventions of `solve`; its `q` is another number.
    """

    TM: Array
    IDG: Array
    ODG: Array
    q: Array
    m: Array
    q0: Array
    m0: Array
    q_bar: Array
    m_bar: Array
    fixed_point: FixedPoint = field(repr=False)


def low_rank_errors(
    rank_fraction: Array,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    ridge: Array = 0.0,
    noise_std: Array = 0.0,
    alpha_test: Array | None = None,
    rho_test: Array = 0.0,
) -> LowRankErrors:
    r"""Errors on training tasks, fresh tasks of their subspace and tasks of another one, in Takanami's conventions.

    Tasks $w = \sqrt{D/r}\,A v$ from a random subspace of dimension r: eigenvalue $1/\varrho$ with weight
    $\varrho = r/D$, and zero. The penalty is $\lambda_B M_0 \|\Gamma\|^2$ for $M_0 = \kappa D$ tasks, next to the plain
    sum of squares; in the conventions of `solve`, $\tau \lambda = \kappa \lambda_B$.

    A trap: "IDG" is here the error on *fresh* tasks of the subspace; Lu et al. call "IDG" what is TM here.

    Args:
        rank_fraction: $\varrho = r/D$, in (0, 1].
        alpha: context length per dimension, $L/D$, > 0.
        tau: pretraining contexts per squared dimension, $M/D^2$, > 0; not 1 without a ridge.
        kappa: pretraining tasks per dimension, $M_0/D$, > 0.
        ridge: $\lambda_B$, >= 0; 0 is the limit $\lambda_B \to 0^+$.
        noise_std: standard deviation of the label noise in pretraining, >= 0.
        alpha_test: context length per dimension at test, > 0; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; tests are free of noise if not given.

    Returns:
        arrays of the broadcast shape, in the library of the arguments; tensors can be differentiated.

    Raises:
        InputError: an argument outside of its range, tau = 1 without a ridge, shapes that do not broadcast.
        ConvergenceError: see `solve`.

    References:
        TTK (arXiv 2510.04548), TM, IDG, ODG; THEORY 3, in forms without cancellation.

    Example:
        >>> found = low_rank_errors(0.5, alpha=100, tau=2, kappa=0.8, ridge=0.01, noise_std=0.0)
        >>> bool(found.TM < found.IDG < found.ODG)
        True
    """
    share = positive("rank_fraction", rank_fraction)
    share = require(share, share <= 1, "rank_fraction", "in (0, 1]")
    given = {
        "alpha": positive("alpha", alpha),
        "tau": positive("tau", tau),
        "kappa": positive("kappa", kappa),
        "ridge": nonnegative("ridge", ridge),
        "noise_std": nonnegative("noise_std", noise_std),
        "alpha_test": positive("alpha_test", alpha if alpha_test is None else alpha_test),
        "rho_test": nonnegative("rho_test", rho_test),
    }
    share, *values = in_one_library(share, *given.values())
    given = dict(zip(given, values, strict=True))
    algebra = algebra_for(share)
    xp = namespace(share)
    point = solve(
        Spectrum.batch(
            xp.stack([1 / share, xp.zeros_like(share)], axis=-1),
            xp.stack([share, 1 - share], axis=-1),
        ),
        alpha=given["alpha"],
        tau=given["tau"],
        kappa=given["kappa"],
        rho=algebra.converted_noise(given["noise_std"]),
        ridge=algebra.converted_ridge(given["kappa"], given["tau"], given["ridge"]),
    )
    return _read(point, share, given["alpha_test"], given["rho_test"])


def _read(point: FixedPoint, share: Array, alpha_test: Array, rho_test: Array) -> LowRankErrors:
    columns = (point.t, point.a, point.da, point.dM, point.q, point.s, point.sigma, point.kappa)
    share, alpha_test, rho_test, Qbar, *columns = in_one_library(share, alpha_test, rho_test, point.Qbar, *columns)
    algebra = algebra_for(share)
    m, q, m0, q0, m_bar, *misalignments = algebra.low_rank(share, *columns)
    # eigenvalues of mean one
    scalar = algebra.scalar_error(rho_test, 1.0, alpha_test, Qbar)
    errors = [algebra.total_error(scalar, part) for part in misalignments]
    parts = (*errors, q, m, q0, m0, Qbar, m_bar)
    parts = all_or_none(*namespace(share).broadcast_arrays(*parts))
    return LowRankErrors(*(x[()] if isinstance(x, np.ndarray) else x for x in parts), fixed_point=point)
