r"""Ball arithmetic: enclosures that provably hold the true values.

The root t of the scalar equation is enclosed by the signs of g at two points, each exact (a dyadic rational):
$g < 0$ at the lower one and $g > 0$ at the upper one. That is a proof, because

- without a ridge, on the branch $\mathcal D(t) < \min(\kappa, \tau, 1)$ the function
  $t(\kappa - \mathcal D)$, or for $\tau < 1$ the product of $t/\mathcal U = 1/\sum_i w_i/(c_i + t)$,
  $\kappa - \mathcal D$ and $\tau - \mathcal D$, has positive factors that all increase. The solution lies on the
  branch, and g increases there from negative values. Beyond the branch two negative factors could feign a sign;
  $\mathcal D$ falls with t, so that the branch is checked at the lower point alone;
- with a ridge, $\sigma(t) = t(\kappa - \mathcal D)/\kappa$ increases where $\mathcal D < \kappa$, and so does
  $\tilde\lambda(t) = \sigma(t) - s$. Where it is positive,
  $h = \tilde\lambda \mathcal M - \tau\lambda/\tilde\lambda - (1 - \tau)$ increases with it: in
  $\tilde\lambda\mathcal M = (1 - s/\sigma)\,\mathcal U(t)$ both factors are positive and increase. h starts at
  $-\infty$, ends at $\tau > 0$, and $g = \tilde\lambda h$ has its sign. So the signs of g are a proof where
  $\mathcal D < \kappa$ and $\tilde\lambda > 0$ are checked too; a lower point with $\tilde\lambda < 0$ needs no
  sign.

Everything else is evaluated on the ball around the two points, with the generated algebra in ball arithmetic: each
output is a function of t and the parameters, so its ball holds its value at the root. Parameters may be balls
themselves; every statement above is then checked for all their numbers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import repeat
from math import isfinite
from operator import mul
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from .display import Shown
from .errors import ConvergenceError, InputError
from .exact import Ball, Balls, ExactPoint, as_ball, as_count, exact_point, is_infinite, shown
from .generated import arb_algebra
from .pointwise import balance, outputs, sign, upper_bound
from .solvers import is_plain
from .spectrum import Spectrum

_BITS_PER_DIGIT = 3.3219280948873626
#: bits beyond those asked for: of the outputs, of the bracket beyond that, of the arithmetic beyond that
_OUTPUT_GUARD, _BRACKET_GUARD, _GUARD = 8, 8, 48
#: bits that a step must gain; so many are taken to be right of a slope in double precision
_LEAST_GAIN = 20
_MAX_PASSES = 200
#: factor by which a bracket is widened where balls are given
_WIDER = arb(5) / 4
#: this many bits more than in the first attempt are not tried
_MOST_MORE = 1 << 16


@dataclass(frozen=True, eq=False)
class EnclosedError:
    """Balls that hold the test error: `total = scalar + misalignment`."""

    total: arb
    scalar: arb
    misalignment: arb


@dataclass(frozen=True, eq=False, repr=False)
class Enclosure(Shown):
    r"""Balls that hold the fixed point; the attributes are those of `FixedPoint`.

    Attributes:
        digits: decimal digits that were asked for: where all input is exact, the radius of every ball, also of
            those that the methods give for an exact c, is below $10^{-\mathrm{digits}}$ of its midpoint.
        low, high: exact points with the root t between them.
    """

    digits: int
    t: arb
    s: arb
    sigma: arb
    effective_ridge: arb
    a: arb
    da: arb
    M: arb
    dM: arb
    q: arb
    Qbar: arb
    A: arb = field(repr=False)
    B: arb = field(repr=False)
    low: arb = field(repr=False)
    high: arb = field(repr=False)
    _point: ExactPoint = field(repr=False)
    _precision: int = field(repr=False)

    @property
    def bracket(self) -> tuple[Fraction, Fraction]:
        """Two rationals with the root t between them."""
        return _fraction(self.low), _fraction(self.high)

    def F(self, c: Ball) -> arb:
        """Task resolvent at sigma along an eigenvector with eigenvalue c."""
        with ctx.workprec(self._precision):
            return arb_algebra.resolvent(_eigenvalue(c), self.a, self.sigma)

    def dF(self, c: Ball) -> arb:
        """Its derivative."""
        with ctx.workprec(self._precision):
            return arb_algebra.resolvent_slope(_eigenvalue(c), self.a, self.da, self.sigma)

    def K(self, c: Ball) -> arb:
        """Eigenvalue of the alignment matrix along an eigenvector with eigenvalue c."""
        with ctx.workprec(self._precision):
            return arb_algebra.alignment(_eigenvalue(c), self.a, self.sigma, self.A, self.B)

    def icl_error(self, test: Balls, *, alpha_test: Ball | None = None, rho_test: Ball | None = None) -> EnclosedError:
        """Test error on tasks with `test` along the eigenvectors; see `taskalign.icl_error`.

        Raises:
            InputError: `test` has the wrong length or a negative entry, alpha_test <= 0 or rho_test < 0.
        """
        point = self._point
        gamma = [as_ball(value, "test") for value in test]
        if len(gamma) != len(point.eigenvalues):
            raise InputError(f"test: {len(gamma)} entries do not fit {len(point.eigenvalues)} eigenvalues")
        given = point.alpha if alpha_test is None else alpha_test
        alpha = arb.pos_inf() if is_infinite(given) else as_ball(given, "alpha_test")
        rho = point.rho if rho_test is None else as_ball(rho_test, "rho_test")
        if alpha <= 0:
            raise InputError(f"alpha_test: {shown(alpha)} is not allowed, must be > 0")
        for name, value in (("rho_test", rho), *(("test", value) for value in gamma)):
            if value < 0:
                raise InputError(f"{name}: {shown(value)} is not allowed, must be >= 0")
        with ctx.workprec(self._precision):
            shares = [arb(w * g) for w, g in zip(point.weights, gamma, strict=True)]
            misalignment = sum(map(mul, shares, map(self.K, point.eigenvalues)), arb(0))
            scalar = arb_algebra.scalar_error(arb(rho), sum(shares, arb(0)), arb(alpha), self.Qbar)
            return EnclosedError(arb_algebra.total_error(scalar, misalignment), scalar, misalignment)


def _eigenvalue(c: Ball) -> arb:
    value = as_ball(c, "c")
    if value < 0:
        raise InputError(f"c: {shown(c)} is not allowed, must be >= 0")
    return arb(value)


def _fraction(x: arb) -> Fraction:
    exact = x.fmpq()
    return Fraction(int(exact.p), int(exact.q))


def enclose(
    eigenvalues: Spectrum | Balls,
    weights: Balls | None = None,
    *,
    alpha: Ball,
    tau: Ball,
    kappa: Ball,
    rho: Ball,
    ridge: Ball = 0,
    digits: int = 50,
) -> Enclosure:
    r"""Fixed point with proof: balls (python-flint's `arb`) that hold the true values.

    All input is taken exactly: a float with all its binary digits, "0.1" as one tenth. Any of it may be a ball,
    which stands for all the numbers in it that are allowed; the answer then holds the solution for each of them.

    Args:
        eigenvalues: a Spectrum, or a sequence of int, str, Fraction, float or `arb`.
        weights: one for each eigenvalue, normalised to sum one; equal if not given.
        alpha, tau, kappa, rho, ridge: as in `solve`; a ball for ridge holds no zero, and one for tau without a
            ridge no 1.
        digits: decimal digits wanted, at least 1.

    Raises:
        InputError: naming the argument and the offending value.
        ConvergenceError: no bracket was found: the balls given are too wide.

    References:
        THEORY A1.

    Example:
        >>> found = enclose([0, 2], alpha=50, tau="0.3", kappa=1, rho=1, digits=30)
        >>> found.K(0) < found.K(2), found.K(2).str(20, radius=False)
        (True, '1.9557653146990580631')
    """
    wanted = int(as_count(digits, "digits", 1) * _BITS_PER_DIGIT) + 1 + _OUTPUT_GUARD
    width, guard = wanted + _BRACKET_GUARD, _GUARD
    most = width + _MOST_MORE
    with ctx.workprec(width + guard):  # of the mean and the weights, where they are balls
        point = exact_point(
            eigenvalues, weights, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge, number=as_ball
        )
    if not (point.ridge == 0 or point.ridge > 0):
        raise InputError(f"ridge: {point.ridge} is not allowed, a ball must hold 0 alone or numbers > 0 alone")
    if point.ridge == 0 and not (point.tau < 1 or point.tau > 1):
        raise InputError(f"tau: {point.tau} is not allowed without a ridge, a ball must not hold 1")
    middle = _middle(point)
    t: arb | None = None
    if point.ridge == 0:
        guard += max(0, -_exponent(arb(point.tau - 1)))  # bits that 1 - tau loses
    while width + guard <= most:
        with ctx.workprec(width + guard):
            equations = _Equations(point)
            sought = equations if middle is point else _Equations(middle)
            t, slope = sought.root(*(sought.start() if t is None else (t, None)), width)
            low, high = equations.bracket(t, slope, width, fixed=middle is point)
            if low is not None and high is not None and low < high:
                values = equations.outputs(low, high)
                lost = wanted - min(v.rel_accuracy_bits() for v in values.values() if not v.is_exact())
                if lost <= 0 or middle is not point:
                    found: dict[str, Any] = {"low": low, "high": high, "_point": point, "_precision": ctx.prec}
                    return Enclosure(digits=int(digits), **values, **found)
            else:  # rounding hides the sign, or the branch is narrower than the bracket
                lost = width
            if lost >= width:  # nothing is right
                width, guard = 2 * width, 2 * guard
            else:
                width += lost + _BRACKET_GUARD
    raise ConvergenceError(f"no proof was found with {most} bits")


def _middle(point: ExactPoint) -> ExactPoint:
    """The point itself where it is exact, else the middle of its balls."""
    listed = (*point.eigenvalues, *point.weights, point.alpha, point.tau, point.kappa, point.rho, point.ridge)
    if all(isinstance(value, fmpq) for value in listed):
        return point
    *measure, alpha, tau, kappa, rho, ridge = (arb(value).mid() for value in listed)
    size = len(point.eigenvalues)
    c, w = (tuple(max(value, arb(0)) for value in part) for part in (measure[:size], measure[size:]))
    return ExactPoint(c, w, alpha, tau, kappa, max(rho, arb(0)), ridge)


class _Equations:
    """The scalar equation of one point at the present precision."""

    def __init__(self, point: ExactPoint) -> None:
        self.regime = point.regime
        self.c = [arb(value) for value in point.eigenvalues]
        self.w = [arb(value) for value in point.weights]
        self.tau, self.kappa, self.rho, self.ridge = map(arb, (point.tau, point.kappa, point.rho, point.ridge))
        self.c_train = sum(map(mul, self.w, self.c), arb(0))
        self.s = arb_algebra.summary_noise(self.rho, self.c_train, arb(point.alpha))

    def _g(self, t: arb, D: arb) -> arb:
        """g from D alone: the weights sum to one."""
        return sign(arb_algebra, self.regime, t, D, 1 - D, self.s, self.tau, self.kappa, self.ridge)

    def _means(self, terms: Callable[..., Any], t: arb) -> list[arb]:
        columns = zip(*map(terms, self.c, repeat(t)), strict=True)
        return [sum(map(mul, self.w, column), arb(0)) for column in columns]

    def _learned(self, t: arb) -> arb:
        return sum(map(mul, self.w, map(arb_algebra.learned_share, self.c, repeat(t))), arb(0))

    # --- where to look for the root: nothing here has to be right -----------------------------------
    def root(self, t: arb, slope: arb | None, width: int) -> tuple[arb, arb]:
        """Root and slope of g there, up to a relative error of about 2^-width if the precision allows it.

        The secant through the last two points needs no slope; Newton's step where it gains little.

        Args:
            t, slope: where to start, and the slope there if that is known.
        """
        steepness, fresh = (arb(1), True) if slope is None else (slope, False)
        previous, last = -_LEAST_GAIN, None
        for _ in range(_MAX_PASSES):
            if fresh:
                D, U, E = self._means(arb_algebra.newton_terms, t)
                g, dg = balance(arb_algebra, self.regime, t, D, U, E, self.s, self.tau, self.kappa, self.ridge)
                steepness = dg.mid()
            else:
                g = self._g(t, self._learned(t))
                if last is not None:
                    steepness = ((last[1] - g) / (last[0] - t)).mid()
            step = (g / steepness).mid()
            if not step.is_finite():
                break
            size = _exponent(step / t)
            last, t = (t, g), (t - step).mid() if step < t else (t / 8).mid()
            # the error after a step is the product of the last two; of Newton's step the square, if it converges so
            error = size + (max(size, 2 * (size - previous)) if fresh else previous)
            if error <= -width:
                break
            fresh, previous = size > previous - _LEAST_GAIN, size
        return t, steepness

    def start(self) -> tuple[arb, arb | None]:
        """A first t, and the slope there: from double precision, or an upper bound where that is no help."""
        if not is_plain(len(self.c)):
            t, slope = self._in_double_precision()
            if t > 0 and isfinite(t) and slope > 0 and isfinite(slope):
                return arb(t), arb(slope)
        rank_fraction = sum((w for w, c in zip(self.w, self.c, strict=True) if c != 0), arb(0))
        scalars = (self.c_train, rank_fraction, self.s, self.tau, self.kappa, self.ridge)
        return upper_bound(arb_algebra, self.regime, *scalars).mid(), None

    def _in_double_precision(self) -> tuple[float, float]:
        from .kernel import solve_t

        c, w = np.array([float(v) for v in self.c]), np.array([float(v) for v in self.w])
        null_weight = 0.0
        if not c.all():
            null_weight = float(w[c == 0].sum())
            w[c == 0] = 0.0
        scalars = (float(v) for v in (self.c_train, self.s, self.tau, self.kappa, self.ridge))
        t, _, _, slope, *_ = solve_t(c, w, null_weight, 1.0 - null_weight, *scalars)
        return t, slope

    # --- the proof ----------------------------------------------------------------------------------
    def _is_below(self, t: arb) -> bool:
        """Whether t is provably on the branch and below the root."""
        D = self._learned(t)
        gap = self.kappa - D
        if not gap > 0:
            return False
        if self.regime == "below" and not self.tau - D > 0:
            return False
        if self.regime == "ridge":
            sigma = arb_algebra.sigma_of_t(t, gap, self.kappa)
            if not sigma > self.s:
                return sigma < self.s
        return self._g(t, D) < 0

    def _is_above(self, t: arb) -> bool:
        """Whether t is provably above the root, if a lower point is on the branch."""
        D = self._learned(t)
        if self.regime == "ridge" and not arb_algebra.sigma_of_t(t, self.kappa - D, self.kappa) > self.s:
            return False
        return self._g(t, D) > 0

    def bracket(self, t: arb, slope: arb, width: int, *, fixed: bool) -> tuple[arb | None, arb | None]:
        """Points with the root between them, None where the sign of g is not certain.

        Args:
            fixed: keep to a relative distance of 2^-width from t; otherwise move away until the sign is certain.
        """
        spread = arb((1, -width))
        if fixed:
            low, high = (t - t * spread).mid(), (t + t * spread).mid()
            return (low if self._is_below(low) else None), (high if self._is_above(high) else None)
        spread += abs(self._g(t, self._learned(t))).upper() / (slope * t)
        down = (t / (1 + spread * _WIDER**k) for k in range(_MAX_PASSES))
        up = (t * (1 + spread * _WIDER**k) for k in range(_MAX_PASSES))
        low = next((x for x in map(arb.mid, down) if self._is_below(x)), None)
        high = next((x for x in map(arb.mid, up) if self._is_above(x)), None)
        if low is None or high is None:
            raise ConvergenceError("no bracket of the root holds for all numbers in the balls given: give smaller ones")
        return low, high

    def outputs(self, low: arb, high: arb) -> dict[str, arb]:
        """All columns for a root between two points."""
        t = low.union(high)
        sums = self._means(arb_algebra.output_terms, t)
        scalars = (self.s, self.tau, self.kappa, self.rho, self.ridge)
        return outputs(arb_algebra, self.regime, t, sums, *scalars)[0]


def _exponent(x: arb) -> int:
    """Binary exponent of the middle of a ball."""
    if x.mid() == 0:
        return -(1 << 62)
    mantissa, exponent = x.mid().man_exp()
    return int(exponent) + abs(int(mantissa)).bit_length()
