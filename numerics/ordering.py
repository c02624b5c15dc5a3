"""Is the alignment matrix ordered inversely to C_train, and which spike is then the best test covariance?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import Array, as_numpy
from .display import Shown
from .fixed_point import FixedPoint, solve
from .generated import numpy_algebra as algebra
from .spectrum import Spectrum, grouped


@dataclass(frozen=True, eq=False, repr=False)
class Ordering(Shown):
    r"""Order of the eigenvalues of $\mathcal K$ against those of $C_{\mathrm{train}}$; arrays of the batch shape.

    Attributes:
        holds: whether a larger eigenvalue of C_train always has a smaller (or equal) entry in K.
        peak: $c^\ast$, the eigenvalue at which K is largest; 0 where K only falls, and then the ordering holds for
            every spectrum with this fixed point.
        tau_order: for $\tau$ at or above it the ordering holds for every spectrum; infinite where the ridge is
            at least s.
        optimal_spike: "top" or "bottom", the eigenvector of C_train along which a rank-one C_test of given trace
            has the least error; "any" where all eigenvalues are equal.
        tolerance: eigenvalues closer than this share of the largest count as equal, see `Spectrum`.
        fixed_point: the solution that it was read from.
    """

    holds: Array
    peak: Array
    tau_order: Array
    optimal_spike: Array
    tolerance: float
    fixed_point: FixedPoint = field(repr=False)


def ordering(
    spectrum: Spectrum | Array, *, alpha: Array, tau: Array, kappa: Array, rho: Array, ridge: Array = 0.0
) -> Ordering:
    r"""Decide the ordering of K for a spectrum, exactly up to rounding.

    $\mathcal K(c) = (A + B c)/(a c + \sigma)^2$ rises to at most one peak $c^\ast$ and falls after it, so that the
    ordering holds exactly when $\mathcal K(c_1) \ge \mathcal K(c_2)$ for the two smallest atoms of the spectrum (see
    `Spectrum.atoms`), and the smallest entry of K is at an end of the spectrum.

    Args:
        spectrum: spectrum of C_train; NumPy arrays (torch tensors are read without their gradients).
        alpha, tau, kappa, rho, ridge: as in `solve`.

    Raises:
        InputError, ConvergenceError: as in `solve`.

    References:
        THEORY A3; the conjecture is in LZLP (arXiv 2509.26551), discussion of K for tau < 1.

    Example:
        >>> found = ordering(Spectrum([0.0, 2.0]), alpha=50, tau=0.3, kappa=1, rho=1)
        >>> bool(found.holds), str(found.optimal_spike)
        (False, 'bottom')
    """
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    return ordering_at(point)


def ordering_at(point: FixedPoint) -> Ordering:
    """The ordering from a fixed point that is already solved."""
    a, sigma, A, B, s = (as_numpy(v) for v in (point.a, point.sigma, point.A, point.B, point.s))
    first, second, last, several = lowest_and_highest(point.spectrum)
    # a single distinct eigenvalue has no pair: any second one will do, the result is not used
    second, last = np.where(several, second, 2 * first + 1), np.where(several, last, 2 * first + 1)
    holds = ~np.asarray(several) | (algebra.ordering_of_a_pair(first, second, a, sigma, A, B) >= 0)
    top = algebra.ordering_of_a_pair(first, last, a, sigma, A, B) >= 0
    spike = np.where(several, np.where(top, "top", "bottom"), "any")
    shape = np.shape(holds)
    return Ordering(
        holds=holds[()],
        peak=np.asarray(algebra.peak(a, sigma, A, B))[()],
        tau_order=_tau_order(point, s),
        optimal_spike=np.broadcast_to(spike, shape)[()],
        tolerance=point.spectrum.tolerance,
        fixed_point=point,
    )


def lowest_and_highest(spectrum: Spectrum) -> tuple[Array, Array, Array, Array]:
    """The two smallest atoms of each spectrum, the largest, and whether there are two at all; see `Spectrum.atoms`.

    The second is infinite where there is none.
    """
    values, weights, number = grouped(spectrum)
    last = np.where(weights > 0, number, 0).max(-1)

    def atom(k: Array) -> Array:
        here = (number == np.asarray(k)[..., None]) & (weights > 0)
        low, high = np.where(here, values, np.inf).min(-1), np.where(here, values, -np.inf).max(-1)
        mass = np.where(here, weights, 0.0)
        with np.errstate(invalid="ignore"):
            mean = (mass * np.where(here, values, 0.0)).sum(-1) / mass.sum(-1)
        return np.where(here.any(-1), np.clip(mean, np.minimum(low, high), high), np.inf)

    return atom(0), np.where(last > 0, atom(1), np.inf), atom(last), last > 0


def _tau_order(point: FixedPoint, s: np.ndarray) -> Array:
    # without a ridge and above tau = 1 the effective noise is s itself, so half the context length solves at 2 s
    at_twice = solve(point.spectrum, alpha=point.alpha / 2, tau=2.0, kappa=point.kappa, rho=point.rho, ridge=0.0)
    ridge = np.broadcast_to(as_numpy(point.ridge), np.shape(s))
    with np.errstate(divide="ignore", invalid="ignore"):  # where the ridge is s or more, the answer is infinite
        return np.asarray(algebra.tau_order(s, as_numpy(at_twice.M), ridge))[()]
