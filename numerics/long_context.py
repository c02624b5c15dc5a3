"""The phases of long contexts: which of tasks, contexts and dimensions is fewest, and the errors that stay."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from .arrays import as_numpy
from .display import Shown
from .generated import numpy_algebra as algebra
from .single import number, one_spectrum
from .spectrum import Spectrum


@dataclass(frozen=True, repr=False)
class LimitErrors(Shown):
    """Errors in the limit of long contexts without label noise, for long contexts at test.

    Attributes:
        TM: on the tasks of pretraining (Lu et al. call this IDG).
        IDG: on fresh tasks of the training covariance.
        ODG: on tasks of a freshly rotated copy of it.
    """

    TM: float
    IDG: float
    ODG: float


@dataclass(frozen=True, repr=False)
class NoiseErrors(Shown):
    r"""What label noise does to the errors in the limit of long contexts, for noise-free long contexts at test.

    Attributes:
        TM: the limit of the error on the tasks of pretraining; infinite where tau is the lesser of kappa and the rank
            fraction.
        IDG, ODG: the limit of the error, where it is bounded; where it grows, the coefficient of
            $1/s = \alpha/(\rho + c_{\mathrm{train}})$; infinite at a threshold, where it grows like a lower power.
        IDG_grows, ODG_grows: whether the error grows linearly in alpha.
    """

    TM: float
    IDG: float
    ODG: float
    IDG_grows: bool
    ODG_grows: bool


@dataclass(frozen=True, eq=False, repr=False)
class Phase(Shown):
    r"""The phase of long contexts, and what stays of the errors there.

    Attributes:
        name: "few tasks" (kappa is least), "few contexts" (tau is least), "solved" (the rank fraction is least: fresh
            tasks are solved exactly), or "threshold" where two of the three meet in the least value; the limits are
            continuous there, but for the pole at tau = 1.
        kappa, tau: the parameters, as given.
        threshold_kappa: the rank fraction; with more tasks than this, fresh tasks are solved, given enough contexts.
        threshold_tau: the lesser of kappa and the rank fraction; with fewer contexts a regularisation stays.
        scale: t with $\mathcal D(t) = \min(\kappa, \tau)$, in the units of the eigenvalues; 0 where solved.
        theta: $1/t$, so that $\mathrm{tr}[\theta C (1 + \theta C)^{-1}] = \min(\kappa, \tau)$; infinite where solved.
        unlearned: $\Pi = t/(c + t)$ along the eigenvectors of C_train, shape `(d,)`: what stays unlearned; where
            solved, one on the kernel of C_train and zero elsewhere.
        sigma: the effective noise that stays; zero but for few contexts.
        ridge_first: errors where the ridge vanishes first, then the noise of the context, $\lambda \ll s \to 0$.
        noise_first: errors where the noise of the context vanishes first, then the ridge, $s \ll \lambda \to 0$.
    """

    name: str
    kappa: float
    tau: float
    threshold_kappa: float
    threshold_tau: float
    scale: float
    theta: float
    unlearned: np.ndarray = field(repr=False)
    sigma: float
    ridge_first: LimitErrors
    noise_first: LimitErrors
    _measure: _Measure = field(repr=False)

    def errors(self, ridge_ratio: float) -> LimitErrors:
        r"""Errors where ridge and noise vanish together, $\lambda = \nu s$.

        Args:
            ridge_ratio: $\nu$, >= 0; 0 is `ridge_first`, infinity is `noise_first`.

        Raises:
            InputError: it is negative or not a number.
        """
        return _errors(self._measure, self.kappa, self.tau, self.scale, _ratio(ridge_ratio))

    def noise(self, rho: float, ridge_ratio: float = 0.0) -> NoiseErrors:
        r"""Errors with label noise of variance rho in pretraining, where $\lambda = \nu s$.

        Args:
            rho: > 0.
            ridge_ratio: $\nu$, >= 0, as in `errors`.

        Raises:
            InputError: an argument outside of its range.
        """
        noise = number("rho", rho)
        return _noise(self._measure, self.kappa, self.tau, self.scale, _ratio(ridge_ratio), noise)


@dataclass(frozen=True)
class _Measure:
    """The spectrum in plain numbers: its non-zero part, and what the limits need of all of it."""

    eigenvalues: np.ndarray
    weights: np.ndarray
    rank_fraction: float
    trace: float
    mean_inverse: float


def phase(spectrum: Spectrum, kappa: float, tau: float) -> Phase:
    r"""Phase of the limit of long contexts, $\alpha \to \infty$, and the errors that stay there.

    Fresh tasks are solved exactly if and only if $r < \min(\kappa, \tau)$, for the rank fraction r of C_train. Below,
    $\mathcal D(t) = \min(\kappa, \tau)$ defines the scale t of what stays unlearned:

    $$\kappa < \tau: \; e_{\mathrm{IDG}} = \kappa\, t\, G, \qquad \tau < \kappa: \; e_{\mathrm{IDG}} = \tau\, t$$

    with an amplification G by the variance that depends on the order of the limits of ridge and noise:
    $G = 1 + r_\ast/(\tau-1)$ for $\tau > 1$, $1 + r_\ast(\tau - r_\ast)/((1-r_\ast)(1-\tau))$ for $\tau < 1$,
    $r_\ast = \min(\kappa, r)$, where the ridge vanishes first, and $G = 1$ where the noise does.

    "IDG" is the error on *fresh* tasks here; Lu et al. use the name for what is TM here.

    Args:
        spectrum: spectrum of C_train, a single one; tensors are read without their gradients.
        kappa: pretraining tasks per dimension, > 0.
        tau: pretraining contexts per squared dimension, > 0.

    Raises:
        InputError: a batch of spectra, or a parameter that is not a single number, finite and positive.

    References:
        THEORY 7; TTK (arXiv 2510.04548), phase transition for low-rank tasks.

    Example:
        >>> found = phase(Spectrum.low_rank(0.5), kappa=0.25, tau=2)
        >>> found.name, round(found.ridge_first.IDG, 12), round(found.noise_first.IDG, 12)
        ('few tasks', 0.625, 0.5)
    """
    one_spectrum(spectrum)
    tasks, contexts = number("kappa", kappa), number("tau", tau)
    values, weights = (as_numpy(x).astype(np.float64) for x in (spectrum.eigenvalues, spectrum.weights))
    within = (values > 0) & (weights > 0)
    measure = _Measure(
        eigenvalues=values[within],
        weights=weights[within],
        rank_fraction=float(spectrum.rank_fraction),
        trace=float(spectrum.trace),
        mean_inverse=float((weights[within] / values[within]).sum()),
    )
    scale = _scale(measure, min(tasks, contexts))
    unlearned = np.ones_like(values)  # on the kernel, where solved too
    unlearned[values > 0] = algebra.newton_terms(values[values > 0], scale)[1]
    sigma = float(algebra.sigma_of_t(scale, tasks - contexts, tasks)) if contexts < tasks else 0.0
    return Phase(
        name=_name(measure.rank_fraction, tasks, contexts),
        kappa=tasks,
        tau=contexts,
        threshold_kappa=measure.rank_fraction,
        threshold_tau=min(tasks, measure.rank_fraction),
        scale=scale,
        theta=1 / scale if scale else math.inf,
        unlearned=unlearned,
        sigma=sigma,
        ridge_first=_errors(measure, tasks, contexts, scale, 0.0),
        noise_first=_errors(measure, tasks, contexts, scale, math.inf),
        _measure=measure,
    )


def _ratio(value: float) -> float:
    return math.inf if np.ndim(value) == 0 and value == math.inf else number("ridge_ratio", value, zero=True)


def _name(rank_fraction: float, kappa: float, tau: float) -> str:
    names = {"few tasks": kappa, "few contexts": tau, "solved": rank_fraction}
    least = [name for name, value in names.items() if value == min(names.values())]
    return least[0] if len(least) == 1 else "threshold"


def _scale(measure: _Measure, level: float) -> float:
    """t at which the effective dimensions are `level`; zero where that exceeds the rank fraction."""
    missing = measure.rank_fraction - level
    if missing <= 0:
        return 0.0

    def excess(log_t: float) -> float:
        # from the unlearned dimensions, which keep their accuracy close to the threshold
        _, unlearned, _ = algebra.newton_terms(measure.eigenvalues, math.exp(log_t))
        return math.log(float(measure.weights @ unlearned) / missing)

    low, high = algebra.t_level_bounds(measure.trace, measure.rank_fraction, measure.mean_inverse, level)
    # a hair beyond the bounds, which are attained by a single eigenvalue
    return math.exp(brentq(excess, math.log(low) - 1e-9, math.log(high) + 1e-9, xtol=1e-15, rtol=1e-15))


def _share_and_gain(tau: float, tasks_rank: float, ridge_ratio: float) -> tuple[float, float, float]:
    """Share of the effective ridge, denominator of the variance, and amplification."""
    if ridge_ratio == math.inf:
        share = 1.0
    elif ridge_ratio == 0 and tau >= 1:  # both roots of its equation meet at tau = 1
        share = 0.0
    else:
        with np.errstate(divide="ignore"):  # a branch that is not taken
            share = float(algebra.eta(tau, tasks_rank, ridge_ratio))
    with np.errstate(divide="ignore"):  # the pole at tau = 1 is infinite
        slack, gain = algebra.variance_gain(np.float64(tau), tasks_rank, share)
    return share, float(slack), float(gain)


def _errors(measure: _Measure, kappa: float, tau: float, scale: float, ridge_ratio: float) -> LimitErrors:
    tasks_rank = min(kappa, measure.rank_fraction)
    if tau <= tasks_rank:
        return LimitErrors(*(float(x) for x in algebra.few_contexts(scale, tau, kappa, measure.trace)))
    _, _, gain = _share_and_gain(tau, tasks_rank, ridge_ratio)
    fresh = float(algebra.few_tasks(scale, kappa, gain)) if scale else 0.0
    unreached = 1 - tasks_rank > 0
    return LimitErrors(
        0.0, fresh, float(algebra.enough_contexts(measure.trace, tasks_rank, gain)) if unreached else 0.0
    )


def _noise(measure: _Measure, kappa: float, tau: float, scale: float, ridge_ratio: float, rho: float) -> NoiseErrors:
    tasks_rank = min(kappa, measure.rank_fraction)
    if tau < tasks_rank:
        _, _, product, squared, _ = algebra.output_terms(measure.eigenvalues, scale)
        E, D2 = (float(measure.weights @ terms) for terms in (product, squared))
        found = algebra.noise_few_contexts(scale, tau, kappa, measure.trace, rho, E, D2)
        return NoiseErrors(*(float(x) for x in found), IDG_grows=False, ODG_grows=False)
    if tau == tasks_rank:  # contexts for all but none left over: all errors grow, like a root of alpha
        return NoiseErrors(math.inf, math.inf, math.inf, IDG_grows=False, ODG_grows=False)
    share, slack, _ = _share_and_gain(tau, tasks_rank, ridge_ratio)
    with np.errstate(divide="ignore"):
        slack = np.float64(slack)
        rotated = float(algebra.noise_ODG(measure.trace, tasks_rank, rho, share, slack))
        seen = float(algebra.noise_TM(tasks_rank, rho, slack))
        if kappa < measure.rank_fraction:
            fresh = float(algebra.noise_few_tasks(scale, kappa, rho, share, slack))
        else:
            fresh = float(algebra.noise_solved(measure.rank_fraction, np.float64(kappa), rho, slack))
    grows = kappa < measure.rank_fraction
    return NoiseErrors(seen, fresh, rotated, IDG_grows=grows, ODG_grows=rotated > 0)
