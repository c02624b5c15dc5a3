"""The rows of a scan: is K ordered at these points, and by which means was that decided?"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mpmath import mp

from ..numerics.arrays import Array
from ..numerics.errors import ConvergenceError
from ..numerics.generated import mpmath_algebra, numpy_algebra
from ..numerics.ordering import ordering
from ..numerics.precise import PreciseFixedPoint, precise
from ..numerics.spectrum import Spectrum

#: A float verdict is taken where the terms for and against differ by more than this share of their sum. Against many
#: digits the worst error of the share that was found beside a border is 4e-13, and of K itself 2e-11: with tau just
#: below the rank, a small weight at zero and a long context.
MARGIN = 1e-10
#: digits that are tried one after the other
DIGITS = (50, 150, 450)

#: what every row says besides its parameters
RESULTS = ("holds", "optimal_spike", "gap", "violation", "worst_spike", "peak", "tau_order", "decided_by")

# mpmath's precision belongs to the process, not to a thread
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, eq=False)
class Rows:
    """What is known at some points, a column each, in the order of the points.

    Attributes:
        holds: whether K falls along the spectrum.
        optimal_spike: "top" or "bottom", the end of the spectrum where K is smallest; "any" with one eigenvalue.
        gap: K(c_2)/K(c_1) - 1 for the two smallest distinct eigenvalues, which decide: above zero it fails.
        violation: the largest K(c_j)/K(c_i) - 1 over pairs c_i < c_j where the ordering fails, zero where it holds.
        worst_spike: eigenvalue at which K is largest.
        peak: the c at which K as a function of c is largest.
        tau_order: for tau from there on the ordering holds for every spectrum.
        decided_by: "float64", "precise", or "undecided" where K(c_1) and K(c_2), or K at both ends, agree to all of
            `DIGITS`; the ordering then counts as holding, and the top spike as best.
    """

    holds: np.ndarray
    optimal_spike: np.ndarray
    gap: np.ndarray
    violation: np.ndarray
    worst_spike: np.ndarray
    peak: np.ndarray
    tau_order: np.ndarray
    decided_by: np.ndarray
    #: smaller of the two shares by which the verdicts are clear of their borders
    clearance: np.ndarray = field(repr=False)

    def columns(self) -> dict[str, np.ndarray]:
        """Name -> values."""
        return {name: getattr(self, name) for name in RESULTS}


def decide(
    spectrum: Spectrum, parameters: Mapping[str, np.ndarray], margin: float = MARGIN, *, confirm: bool = False
) -> Rows:
    """Decide the ordering at every point, in float64 where that is safe and with as many digits as it takes elsewhere.

    Args:
        spectrum: one for all points, or a batch `(n, d)`.
        parameters: alpha, tau, kappa and rho, shape `(n,)` each.
        margin: float verdicts whose terms differ by less than this share of their sum are decided anew; infinite to
            have every point decided with many digits.
        confirm: decide every failure anew, however clear it is.
    """
    rows = _in_floats(spectrum, parameters)
    near = np.flatnonzero(~(rows.clearance >= margin) | (confirm & ~rows.holds))
    columns = rows.columns()
    for k in near:
        point = {name: float(values[k]) for name, values in parameters.items()}
        values, weights = (part[k] if part.ndim > 1 else part for part in (spectrum.eigenvalues, spectrum.weights))
        for name, value in decide_precisely(Spectrum(values, weights), **point).items():
            columns[name][k] = value
    return rows


def _in_floats(spectrum: Spectrum, parameters: Mapping[str, np.ndarray]) -> Rows:
    """Rows as float64 sees them; a point that it cannot solve has no clearance at all."""
    count = len(parameters["alpha"])
    try:
        found = ordering(spectrum, **parameters)
    except ConvergenceError:
        if count == 1:
            number, name = np.full(1, np.nan), np.full(1, "undecided", "U9")
            columns = dict.fromkeys((*RESULTS, "clearance"), number) | dict.fromkeys(
                ("optimal_spike", "decided_by"), name
            )
            return Rows(**{key: values.copy() for key, values in (columns | {"holds": np.zeros(1, bool)}).items()})
        middle = count // 2
        halves = (_in_floats(*_part(spectrum, parameters, part)) for part in (slice(0, middle), slice(middle, count)))
        return Rows(*map(np.concatenate, zip(*(vars(half).values() for half in halves), strict=True)))
    point = found.fixed_point
    fixed = (point.a, point.sigma, point.A, point.B)
    first, second, last, several = _ends(spectrum)
    worst = np.where(found.holds, first, _largest_K(spectrum, found.peak, fixed))
    smallest = numpy_algebra.alignment(first, *fixed)
    clear = np.minimum(np.abs(_balance(first, second, *fixed)), np.abs(_balance(first, last, *fixed)))
    return Rows(
        holds=np.array(found.holds),
        optimal_spike=found.optimal_spike.astype("U9"),
        gap=np.where(several, numpy_algebra.alignment(second, *fixed) / smallest - 1, 0.0),
        violation=np.where(found.holds, 0.0, numpy_algebra.alignment(worst, *fixed) / smallest - 1),
        worst_spike=np.broadcast_to(worst, (count,)).copy(),
        peak=np.array(found.peak),
        tau_order=np.array(found.tau_order),
        decided_by=np.full(count, "float64", "U9"),
        clearance=np.where(several, clear, 1.0),
    )


def _part(
    spectrum: Spectrum, parameters: Mapping[str, np.ndarray], part: slice
) -> tuple[Spectrum, dict[str, np.ndarray]]:
    if spectrum.batch_shape:
        spectrum = Spectrum.batch(spectrum.eigenvalues[part], spectrum.weights[part])
    return spectrum, {name: values[part] for name, values in parameters.items()}


def _ends(spectrum: Spectrum) -> tuple[Array, Array, Array, Array]:
    """The two smallest distinct eigenvalues, the largest, and whether there are several at all."""
    values, there = spectrum.eigenvalues, spectrum.weights > 0
    first = np.where(there, values, np.inf).min(-1)
    last = np.where(there, values, -np.inf).max(-1)
    second = np.where(there & (values > first[..., None]), values, np.inf).min(-1)
    several = np.isfinite(second)
    return first, np.where(several, second, first), last, several


def _balance(c1: Array, c2: Array, a: Array, sigma: Array, A: Array, B: Array) -> Array:
    """Terms for the order of a pair less those against it, as a share of their sum; in [-1, 1]."""
    pair = numpy_algebra.ordering_of_a_pair(c1, c2, a, sigma, A, B)
    # the pair is linear in A and B, and its only negative term is the one without A and without eigenvalues
    against = -numpy_algebra.ordering_of_a_pair(0.0, 0.0, a, sigma, 0.0, B)
    return pair / (pair + 2 * against)


def _largest_K(spectrum: Spectrum, peak: np.ndarray, fixed: tuple[Array, ...]) -> np.ndarray:
    """The eigenvalue at which K is largest: one of the two beside its peak."""
    values, there = spectrum.eigenvalues, spectrum.weights > 0
    if spectrum.batch_shape:
        rises = values <= peak[:, None]
        below = np.where(there & rises, values, -np.inf).max(-1)
        above = np.where(there & ~rises, values, np.inf).min(-1)
    else:
        distinct = np.concatenate([[-np.inf], np.unique(values[there]), [np.inf]])
        place = np.searchsorted(distinct, peak, side="right")
        below, above = distinct[place - 1], distinct[place]
    # where the peak is beyond an end of the spectrum, that end is the nearest on both sides
    below, above = np.where(np.isfinite(below), below, above), np.where(np.isfinite(above), above, below)
    higher = numpy_algebra.alignment(below, *fixed) >= numpy_algebra.alignment(above, *fixed)
    return np.where(higher, below, above)


def decide_precisely(spectrum: Spectrum, *, alpha: float, tau: float, kappa: float, rho: float) -> dict[str, Any]:
    """One row of `Rows` with as many digits as it takes; the floats are taken exactly."""
    there = spectrum.weights > 0
    measure = spectrum.eigenvalues[there].tolist(), spectrum.weights[there].tolist()
    with _one_at_a_time:
        found = _at(DIGITS[0], measure, alpha=alpha, tau=tau, kappa=kappa, rho=rho)
        for digits in DIGITS[1:]:
            if found.decided:
                break
            found = _at(digits, measure, alpha=alpha, tau=tau, kappa=kappa, rho=rho)
        # as in numerics.ordering: at tau > 1 the effective noise is s, so half the context length solves at 2 s
        at_twice = precise(*measure, alpha=alpha / 2, tau=2, kappa=kappa, rho=rho, digits=DIGITS[0])
        with mp.workdps(found.point.digits):
            K, point = found.K, found.point
            c = sorted(K)
            smallest, worst = K[c[0]], max(c, key=lambda c: K[c]) if found.rise > found.step else c[0]
            return {
                "holds": worst == c[0],
                "optimal_spike": "any" if len(c) == 1 else "bottom" if K[c[-1]] - smallest > found.step else "top",
                "gap": float(found.rise / smallest),
                "violation": float(K[worst] / smallest - 1),
                "worst_spike": worst,
                "peak": float(mpmath_algebra.peak(point.a, point.sigma, point.A, point.B)),
                "tau_order": float(mpmath_algebra.tau_order(point.s, at_twice.M, mp.mpf(0))),
                "decided_by": "precise" if found.decided else "undecided",
            }


@dataclass(frozen=True)
class _Digits:
    """K to some digits: at each eigenvalue, its rise from the smallest to the next, and what counts as a rise."""

    point: PreciseFixedPoint
    K: dict[float, Any]
    rise: Any
    step: Any
    decided: bool


def _at(digits: int, measure: tuple[list[float], list[float]], **parameters: float) -> _Digits:
    point = precise(*measure, **parameters, digits=digits)
    with mp.workdps(digits):
        K = {c: point.K(c) for c in sorted(set(measure[0]))}
        first, *others = K.values()
        step = mp.mpf(10) ** (5 - digits) * first
        rises = [others[0] - first, others[-1] - first] if others else []
        return _Digits(point, K, rises[0] if rises else mp.mpf(0), step, all(abs(rise) > step for rise in rises))
