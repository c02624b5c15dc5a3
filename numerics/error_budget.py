"""Where the error comes from: label noise, bias, and the variances of finite tasks, contexts and context length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .arrays import Array, algebra_for, in_one_library, namespace
from .display import Shown
from .fixed_point import FixedPoint, finite


@dataclass(frozen=True, eq=False, repr=False)
class ErrorBudget(Shown):
    r"""The six parts of the test error, all in the units of a squared label; they add up to `total`.

    Arrays of the broadcast shape of the parameters, the spectra and the tests.

    Attributes:
        noise: variance of the label noise at test, $\rho_{\mathrm{test}}$, which no model can predict.
        bias: squared bias of the mean prediction, $\sigma^2\,\mathrm{tr}[C_{\mathrm{test}} F^2]$.
        task: $V_{\mathrm{task}}$, variance from finitely many pretraining tasks; 0 as $\kappa \to \infty$.
        train: $V_{\mathrm{train}}$, variance from finitely many pretraining contexts; 0 as $\tau \to \infty$.
        interaction: $V_{\mathrm{int}}$, variance from finitely many contexts acting on the noise of the test context.
        context: $V_{\mathrm{ctx}}$, variance from a finite test context; 0 as $\alpha_{\mathrm{test}} \to \infty$.
        total: $e_{\mathrm{ICL}}$.
    """

    noise: Array
    bias: Array
    task: Array
    train: Array
    interaction: Array
    context: Array
    total: Array

    def parts(self) -> dict[str, Array]:
        """The six parts by name, in order."""
        return {name: getattr(self, name) for name in ("noise", "bias", "task", "train", "interaction", "context")}

    def shares(self) -> dict[str, Array]:
        """The six parts as fractions of the total."""
        return {name: part / self.total for name, part in self.parts().items()}


def spectral_sums(point: FixedPoint) -> tuple[Array, Array, Array]:
    r"""$\mathcal D$, $\mathcal E$ and $\mathcal D_2$ at the root: one pass over the spectrum."""
    c, weights, t = in_one_library(point.spectrum.entries, point.spectrum.weights, point.t)
    D, _, E, D2, _ = algebra_for(c).output_terms(c, t[..., None])
    return tuple((weights * term).sum(-1) for term in (D, E, D2))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class TaskMeans:
    """Means over the test tasks that the law of the predictions is made of, and the scalars that go with them."""

    c_test: Array
    leverage: Array
    R2: Array
    cov: Array
    recovered: Array
    bias: Array
    V_task: Array
    V_train: Array
    V_spread: Array


def task_means(point: FixedPoint, gamma: Array, *, seen: bool) -> TaskMeans:
    """One pass over the spectrum for the scalars, one over the test tasks and one for their spread.

    Args:
        point: the solved fixed point.
        gamma: the test covariance along the eigenvectors, shape `(..., d)`; checked by the caller.
        seen: whether the test tasks are those of pretraining.
    """
    gamma = point.spectrum.seen(gamma)
    names = ("t", "a", "da", "sigma", "s", "effective_ridge", "q", "kappa")
    c, weights, gamma, D, E, D2, *columns = in_one_library(
        *(point.spectrum.entries, point.spectrum.weights, gamma, *spectral_sums(point)),
        *(getattr(point, name) for name in names),
    )
    at = dict(zip(names, columns, strict=True))
    algebra = algebra_for(c)
    R2, a_less, leverage = algebra.prediction_scalars(D, E, D2, at["a"], at["da"], at["s"], finite(at["kappa"]))
    leverage = leverage * (at["kappa"] < math.inf)
    xp = namespace(at["a"])
    leverage, novelty = (leverage, at["a"]) if seen else (xp.zeros_like(at["a"]), xp.ones_like(at["a"]))
    masses = weights * gamma
    c_test = masses.sum(-1)
    # the mean departure does not depend on where it is measured from; near the tasks' own mean nothing cancels
    reference = (masses * c).sum(-1) / c_test

    def along(*values: Array) -> list[Any]:
        return [value[..., None] for value in values]

    point_columns = (at["t"], at["a"], at["da"], at["sigma"], at["s"], at["effective_ridge"])
    terms = algebra.prediction_terms(c, *along(*point_columns, a_less, at["q"], leverage, novelty, reference))
    cov, recovered, bias, V_task, V_train, departure = ((masses * term).sum(-1) for term in terms)
    deviation = algebra.spread_term(terms[-1], (departure / c_test)[..., None])
    V_spread = (masses * deviation).sum(-1)
    return TaskMeans(c_test, leverage, R2, cov, recovered, bias, V_task, V_train, V_spread)
