"""The joint law of a label and its prediction, its conditional laws, and samples of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from .alignment import aligned
from .arrays import (
    Array,
    algebra_for,
    all_or_none,
    as_float_array,
    broadcast_shape,
    in_one_library,
    is_finite,
    is_known,
    namespace,
    nonnegative,
    poison,
    require,
    spread,
)
from .display import Shown
from .error_budget import ErrorBudget, task_means
from .errors import InputError
from .fixed_point import FixedPoint, finite, solve
from .icl import check_at_test
from .spectrum import Spectrum

KINDS = ("fresh", "rotated", "training")
#: what the generated `prediction_law` gives, in its order
_GIVEN = (
    *("var_y", "var_yhat", "slope_given_label", "var_given_label", "slope_given_clean", "var_given_clean"),
    *("var_given_query", "interaction", "context", "total"),
)


@dataclass(frozen=True, eq=False, repr=False)
class PredictionSample(Shown):
    """Draws of label, prediction and clean label; arrays of shape `(n, ...)` with the batch shape of the law last.

    Attributes:
        y: labels, with their noise.
        yhat: predictions.
        y0: clean labels, without noise.
    """

    y: Array
    yhat: Array
    y0: Array


@dataclass(frozen=True, eq=False, repr=False)
class PredictionLaw(Shown):
    r"""Law of a label y and its prediction $\hat y$: centred and jointly Gaussian as $d \to \infty$.

    Arrays of the broadcast shape `...` of the parameters, the spectra and the tests; variances in the units of a
    squared label.

    Attributes:
        var_y: $\Sigma_{yy} = \rho_{\mathrm{test}} + c_{\mathrm{test}}$.
        cov: $\Sigma_{y\hat y}$, also the covariance with the clean label.
        var_yhat: $\Sigma_{\hat y\hat y}$.
        slope_given_label, var_given_label: $\hat y$ given y is $\mathcal N(\mathrm{slope}\, y, \mathrm{var})$.
        slope_given_clean, var_given_clean: the same given the clean label $y_0 = \langle x, w\rangle$.
        var_given_query: variance of $\hat y$ given the query x and the task w, $V_{\mathrm{task}} + V_{\mathrm{train}}
            + V_{\mathrm{int}} + V_{\mathrm{ctx}}$; its mean is $x^\top \psi\, w$ with the matrix $\psi$ that has
            the entries `mean_map(c)` along the eigenvectors of C_train.
        budget: the parts of the error $\Sigma_{yy} - 2\Sigma_{y\hat y} + \Sigma_{\hat y\hat y}$.
        kind: which tasks, "fresh", "rotated" or "training".
        c_test: mean eigenvalue of C_test, the variance of the clean label.
        leverage: of the test tasks on the trained layer; 0 but for training tasks.
        fixed_point: the solution that it was read from.
    """

    var_y: Array
    cov: Array
    var_yhat: Array
    slope_given_label: Array
    var_given_label: Array
    slope_given_clean: Array
    var_given_clean: Array
    var_given_query: Array
    budget: ErrorBudget = field(repr=False)
    kind: str
    c_test: Array = field(repr=False)
    leverage: Array = field(repr=False)
    fixed_point: FixedPoint = field(repr=False)

    @property
    def error(self) -> Array:
        """Mean squared error of the prediction, the total of the budget."""
        return self.budget.total

    def mean_map(self, c: Array) -> Array:
        r"""Mean share $\psi(c) = c/(c + \sigma/a)$ of a task that is recovered along an eigenvector: `(..., *c.shape)`.

        On the training tasks $\psi(c) = 1 - a\,(1 - c/(c + \sigma/a))$.
        """
        points = nonnegative("c", c)
        t, leverage = self.fixed_point.t, self.leverage
        points, t, leverage = in_one_library(points, t, leverage)
        shape = tuple(leverage.shape) + (1,) * points.ndim
        t = namespace(points).broadcast_to(t, tuple(leverage.shape))
        found = algebra_for(points).mean_map(points, t.reshape(shape), leverage.reshape(shape))
        return found[()] if isinstance(found, np.ndarray) else found

    def density(self, y: Array, yhat: Array) -> Array:
        r"""Joint density $p(y, \hat y)$; the arguments broadcast against the batch shape of the law.

        Raises:
            InputError: a value that is not finite, or shapes that do not broadcast.
        """
        points = {name: as_float_array(value, name) for name, value in (("y", y), ("yhat", yhat))}
        points = {name: require(value, is_finite(value), name, "finite") for name, value in points.items()}
        broadcast_shape({name: tuple(v.shape) for name, v in points.items()} | {"law": tuple(np.shape(self.cov))})
        values = in_one_library(*points.values(), self.var_y, self.slope_given_label, self.var_given_label)
        found = algebra_for(*values).prediction_density(*values)
        return found[()] if isinstance(found, np.ndarray) else found

    def sample(self, n: int, seed: int | np.random.Generator = 0) -> PredictionSample:
        """Independent draws of (y, yhat) and of the clean label behind them.

        The normal numbers come from NumPy; in a law of tensors they are scaled there, so that gradients pass.

        Args:
            n: number of draws, >= 1.
            seed: whole number >= 0, or a generator to draw from.

        Raises:
            InputError: a number of draws or a seed that is not allowed.
        """
        if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
            raise InputError(f"n: {n!r} is not allowed, must be a whole number >= 1")
        whole = isinstance(seed, Integral) and not isinstance(seed, bool)
        if not isinstance(seed, np.random.Generator) and not (whole and seed >= 0):
            raise InputError(f"seed: {seed!r} is not allowed, must be a whole number >= 0 or a NumPy Generator")
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((3, n, *np.shape(self.cov)))
        c_test, rho_test, slope, variance, *normal = in_one_library(
            *(self.c_test, self.budget.noise, self.slope_given_clean, self.var_given_clean), *normal
        )
        y0 = c_test**0.5 * normal[0]
        # given the clean label, label noise and prediction are independent
        return PredictionSample(y=y0 + rho_test**0.5 * normal[1], yhat=slope * y0 + variance**0.5 * normal[2], y0=y0)


def prediction_law(
    spectrum: Spectrum | Array,
    test: Spectrum | Array | None = None,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    ridge: Array = 0.0,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
    kind: str = "fresh",
) -> PredictionLaw:
    r"""Law of label and prediction on test tasks, over contexts and queries and all that was random in pretraining.

    $$\Sigma_{yy} = \rho_{\mathrm{test}} + c_{\mathrm{test}}, \quad \Sigma_{y\hat y} = c_{\mathrm{test}} - \sigma G,
    \quad \Sigma_{\hat y\hat y} = c_{\mathrm{test}} - 2\sigma G - \sigma^2 G' + q(G + \tilde\lambda G')
    + \tfrac{\rho_{\mathrm{test}} + c_{\mathrm{test}}}{\alpha_{\mathrm{test}}}\bar Q$$

    with $G = \mathrm{tr}[C_{\mathrm{test}} F_\kappa(\sigma)]$ for fresh tasks. At finite d the law is Gaussian up to
    an excess kurtosis of the order 1/d (about 25/d), and its variances are off by the order 1/d.

    Args:
        spectrum: spectrum of $C_{\mathrm{train}}$.
        test: $v_i^\top C_{\mathrm{test}} v_i$ along its eigenvectors, shape `(..., d)`, not all zero; C_train itself
            if not given.
        alpha, tau, kappa, rho, ridge: as in `solve`.
        alpha_test: context length per dimension at test, > 0 or infinite; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; rho if not given.
        kind: "fresh" tasks of covariance C_test (TTK's IDG where it is C_train); tasks of a freshly "rotated" copy of
            it (TTK's ODG); or the "training" tasks themselves (TM), for which no test is given.

    Raises:
        InputError: bad parameters (see `solve`), a test of the wrong length or all zero, an unknown kind, a test
            given for training tasks.
        ConvergenceError: see `solve`.

    References:
        TTK (arXiv 2510.04548), law of the predictions; THEORY (5.1), (5.2).

    Example:
        >>> law = prediction_law(Spectrum.isotropic(), [1.0], alpha=2, tau=4, kappa=1, rho=0.01)
        >>> round(float(law.var_y - 2 * law.cov + law.var_yhat), 4), round(float(law.error), 4)
        (0.6426, 0.6426)
    """
    check_kind(kind, test)
    given = test is not None
    spectrum, test = aligned(spectrum, test, "spectrum")
    gamma = test if given else None
    at_test = check_at_test(alpha_test, rho_test)
    if gamma is not None:
        gamma, weights = in_one_library(gamma, spectrum.weights)
        total = (weights * gamma).sum(-1)
        allowed = require(total, total > 0, "test", "not all zero (the clean label would always be 0)")
        if not is_known(total):
            gamma = gamma * poison(namespace(allowed).isnan(allowed), allowed)[..., None]
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    return law_at(point, gamma, **at_test, kind=kind)


def check_kind(kind: str, test: Array | None) -> None:
    """Raise unless there are such tasks.

    Raises:
        InputError: an unknown kind, or a test given for training tasks.
    """
    if kind not in KINDS:
        raise InputError(f"kind: {kind!r} is not allowed, must be one of {', '.join(KINDS)}")
    if kind == "training" and test is not None:
        raise InputError("test: not allowed with kind 'training', which has the tasks of pretraining")


def law_at(
    point: FixedPoint,
    gamma: Array | None = None,
    *,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
    kind: str = "fresh",
) -> PredictionLaw:
    """The law from a fixed point that is already solved; arguments checked by the caller."""
    tasks: Array = point.spectrum.entries if gamma is None else gamma
    if kind == "rotated":  # only the trace is left of the covariance
        tasks, weights = in_one_library(tasks, point.spectrum.weights)
        tasks = (weights * tasks).sum(-1)[..., None] * namespace(weights).ones_like(weights)
    alpha_test = point.alpha if alpha_test is None else alpha_test
    rho_test = point.rho if rho_test is None else rho_test
    at_test: dict[str, Array] = {"alpha_test": alpha_test, "rho_test": rho_test}
    shapes = {"parameters": point.shape, "test": tuple(tasks.shape[:-1])}
    shape = broadcast_shape(shapes | {name: tuple(value.shape) for name, value in at_test.items()})
    means = task_means(point, tasks, seen=kind == "training")
    kappa = finite(point.kappa)
    columns = (means.c_test, alpha_test, point.q, kappa, point.kappa_da / kappa, point.s, point.dM, means.R2)
    sums = (means.cov, means.recovered, means.bias, means.V_task, means.V_train, means.V_spread)
    rho_test, *values = in_one_library(rho_test, *columns, *sums)
    found = algebra_for(rho_test).prediction_law(rho_test, *values)
    means_alone = (rho_test, means.c_test, means.leverage, means.cov, means.bias, means.V_task, means.V_train)
    spread_out = all_or_none(*(spread(value, shape) for value in (*found, *means_alone)))
    law = dict(zip(_GIVEN, spread_out, strict=False))
    interaction, context, total = (law.pop(name) for name in ("interaction", "context", "total"))
    noise, c_test, leverage, cov, bias, task, train = spread_out[len(_GIVEN) :]
    budget = ErrorBudget(noise, bias, task, train, interaction, context, total)
    return PredictionLaw(**law, cov=cov, budget=budget, kind=kind, c_test=c_test, leverage=leverage, fixed_point=point)
