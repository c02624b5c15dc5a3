r"""Is K ordered at every point of a box of parameters? Proofs in ball arithmetic, without a ridge.

Three ways, the first that succeeds:

1. $\tau > 1$ all over the box: the ordering is a theorem there.
2. $\tau \ge \tau_{\mathrm{order}} = 1 - s\,\mathcal M_\kappa(2s)$, which is $\tilde\lambda \le s$. Here
   $2s\,\mathcal M_\kappa(2s) = \mathcal U(t)$ at the root of $t(\kappa - \mathcal D(t)) = 2 s \kappa$. That root
   grows with s and falls with kappa, and $\mathcal U$ grows with t. So $\tau_{\mathrm{order}}$ is largest at the
   corner with the largest alpha and kappa and the smallest rho: one comparison there decides for the whole box.
3. $\tau < 1$ all over the box, and the sign of
   $f = \mathrm{pair}/(\text{its one negative term})$, which is that of $\mathcal K(c_1) - \mathcal K(c_2)$ for the
   two smallest distinct eigenvalues; the ordering holds exactly when it is not negative.

For the third, f is a smooth function of $(\ln\alpha, \tau, \kappa, \rho)$ through the root t of $g = 0$. On the branch
$\mathcal D < \min(\kappa, \tau)$

$$g/\kappa = \frac{t\,(1 - \mathcal D/\kappa)(\tau - \mathcal D)}{\mathcal U} - s$$

grows with t, tau and kappa and falls with s. So t falls with alpha, tau and kappa and grows with rho, and two corners
of the box have its least and its largest value. On that range of t the derivatives of f are enclosed by automatic
differentiation of the generated algebra, those of t by $-\partial g/\partial x$ over $\partial g/\partial t$. Then,
with p the point of the box where f is least by the signs of the derivatives that are certain, and the middle in the
other variables,

$$f \ge f(p) - \sum_{\text{uncertain } i} \max|\partial_i f| \, r_i$$

by the mean value theorem, and likewise from above. Where all signs are certain, two corners decide, without any loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import mul
from typing import Any

from flint import arb, ctx, fmpq

from ..numerics.enclose import Enclosure, enclose
from ..numerics.errors import ConvergenceError
from ..numerics.exact import ExactPoint
from ..numerics.generated import arb_algebra
from ..numerics.pointwise import sign
from .dual import Dual

Interval = tuple[Fraction, Fraction]

#: the coordinates of a box, in this order
AXES = ("alpha", "tau", "kappa", "rho")
#: digits of solutions at single points, and bits of the arithmetic over boxes
_DIGITS, _PRECISION = 15, 128
#: significant digits to which the middle of a range of alpha is rounded
_SIGNIFICANT = 8


@dataclass(frozen=True)
class Box:
    """All parameters between exact ends, which belong to it."""

    alpha: Interval
    tau: Interval
    kappa: Interval
    rho: Interval

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """In the order of `AXES`."""
        return self.alpha, self.tau, self.kappa, self.rho

    @property
    def wide(self) -> tuple[int, ...]:
        """Axes along which it is more than a point."""
        return tuple(axis for axis, (low, high) in enumerate(self.intervals) if low < high)

    @property
    def middle(self) -> tuple[Fraction, ...]:
        """A point inside, in the logarithm of alpha and else linearly about half-way."""
        ends = self.intervals
        return (_between(*ends[0]), *((low + high) / 2 for low, high in ends[1:]))

    def halves(self, axis: int) -> tuple[Box, Box]:
        """The two parts below and above the middle along an axis."""
        name, (low, high), middle = AXES[axis], self.intervals[axis], self.middle[axis]
        return replace(self, **{name: (low, middle)}), replace(self, **{name: (middle, high)})

    def extent(self, axis: int) -> float:
        """Width along an axis, of alpha in its logarithm."""
        low, high = self.intervals[axis]
        return math.log(high / low) if axis == 0 else float(high - low)


def _between(low: Fraction, high: Fraction) -> Fraction:
    """A number with few digits close to the geometric mean; the arithmetic mean where there is none between."""
    about = Fraction(f"{math.sqrt(low * high):.{_SIGNIFICANT - 1}e}")
    return about if low < about < high else (low + high) / 2


@dataclass(frozen=True)
class Decision:
    """What is proved of one box.

    Attributes:
        status: "holds", "fails" or "undecided".
        by: which of the ways it was: "tau > 1", "tau_order", "pair", "one eigenvalue"; "" where undecided.
        axis: along which an undecided box is best halved.
    """

    status: str
    by: str = ""
    axis: int = 0


class SignOverBox:
    """Proofs for one spectrum; solutions at corners that boxes share are kept."""

    def __init__(self, point: ExactPoint[Fraction]) -> None:
        shares: dict[Fraction, Fraction] = {}
        for c, w in zip(point.eigenvalues, point.weights, strict=True):
            if w > 0:
                shares[c] = shares.get(c, Fraction(0)) + w
        self.values = sorted(shares)
        self.weights = [shares[c] for c in self.values]
        self.c, self.w = [_exact(c) for c in self.values], [_exact(w) for w in self.weights]
        self.c_train = sum(map(mul, self.c, self.w), fmpq(0))
        self._solved: dict[tuple[Fraction, ...], Enclosure] = {}
        self._needed: dict[tuple[Fraction, ...], arb] = {}

    def decide(self, box: Box) -> Decision:
        """What can be proved of the box as a whole."""
        if len(self.values) == 1:
            return Decision("holds", "one eigenvalue")
        if box.tau[0] > 1:
            return Decision("holds", "tau > 1")
        with ctx.workprec(_PRECISION):
            try:
                if arb(_exact(box.tau[0])) >= self._tau_order(box.alpha[1], box.kappa[1], box.rho[0]):
                    return Decision("holds", "tau_order")
                if box.tau[1] < 1:
                    return self._by_pair(box)
            except ConvergenceError:  # no proof at a corner is no proof for the box
                pass
        return Decision("undecided", axis=self._widest(box))

    def _widest(self, box: Box) -> int:
        """Of the axes that are more than a point, the one with the largest ratio of its ends."""
        if box.tau[0] < 1 <= box.tau[1]:
            return 1

        def ratio(axis: int) -> float:
            low, high = box.intervals[axis]
            return math.inf if low == 0 else float(high / low)

        return max(box.wide, key=ratio, default=0)

    def _tau_order(self, alpha: Fraction, kappa: Fraction, rho: Fraction) -> arb:
        key = alpha, kappa, rho
        if key not in self._needed:
            # above tau = 1 the effective noise is s itself, so half the context length solves at 2 s
            found = self._enclose(alpha / 2, Fraction(2), kappa, rho)
            s = arb_algebra.summary_noise(_exact(rho), self.c_train, _exact(alpha))
            self._needed[key] = arb_algebra.tau_order(arb(s), found.M, arb(0))
        return self._needed[key]

    def _enclose(self, *point: Fraction) -> Enclosure:
        if point not in self._solved:
            parameters: dict[str, Any] = dict(zip(AXES, point, strict=True))
            self._solved[point] = enclose(self.c, self.w, **parameters, digits=_DIGITS)
        return self._solved[point]

    # --- the pair of the two smallest eigenvalues -----------------------------------------------------------------
    def _by_pair(self, box: Box) -> Decision:
        wide = box.wide
        slopes = self.slopes(box) if wide else []
        if slopes is None:
            return Decision("undecided", axis=self._widest(box))
        least, most, spread = self._extremes(box, slopes)
        if not self._at(least) - spread < 0:
            if self._at(least) - spread >= 0:
                return Decision("holds", "pair")
        elif self._at(most) + spread < 0:
            return Decision("fails", "pair")
        if not wide:
            return Decision("undecided")
        reach = [float(abs(slope).upper()) * box.extent(axis) for axis, slope in zip(wide, slopes, strict=True)]
        return Decision("undecided", axis=wide[reach.index(max(reach))])

    def _extremes(self, box: Box, slopes: Sequence[arb]) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...], arb]:
        """Where f is least and largest by the slopes of certain sign, and how far the others may move it."""
        middle = box.middle
        least, most, spread = list(middle), list(middle), arb(0)
        for axis, slope in zip(box.wide, slopes, strict=True):
            low, high = box.intervals[axis]
            if slope >= 0 or slope <= 0:
                least[axis], most[axis] = (low, high) if slope >= 0 else (high, low)
                continue
            ends = [arb(_exact(x)) for x in (low, middle[axis], high)]
            below, above = (
                [(ends[k + 1] / ends[k]).log() for k in (0, 1)] if axis == 0 else [ends[1] - ends[0], ends[2] - ends[1]]
            )
            spread += abs(slope) * below.max(above)
        return tuple(least), tuple(most), spread

    def _at(self, point: tuple[Fraction, ...]) -> arb:
        """f at one point."""
        found = self._enclose(*point)
        return self._balance(found.a, found.sigma, found.A, found.B)

    def _balance(self, a: Any, sigma: Any, A: Any, B: Any) -> Any:
        """The pair, in units of its one negative term: what it is without A and without eigenvalues."""
        first, second = self.c[:2]
        pair = arb_algebra.ordering_of_a_pair(first, second, a, sigma, A, B)
        return pair / -arb_algebra.ordering_of_a_pair(0, 0, a, sigma, 0, B)

    # --- derivatives ----------------------------------------------------------------------------------------------
    def t_range(self, box: Box) -> tuple[arb, arb]:
        """Two exact numbers between which t stays all over a box with tau < 1."""
        low = self._enclose(box.alpha[1], box.tau[1], box.kappa[1], box.rho[0]).low
        high = self._enclose(box.alpha[0], box.tau[0], box.kappa[0], box.rho[1]).high
        return low, high

    def slopes(self, box: Box) -> list[arb] | None:
        """Balls for the derivatives of f over the box, along the axes that are wide; None where they are unbounded.

        The one of alpha is in its logarithm.
        """
        low, high = self.t_range(box)
        t = low.union(high)
        sums = self._sums(t)
        # first t as one variable more, beside the parameters: the root moves with these
        free = self._parameters(box, extra=1)
        moving = [_variable(t, 0, len(box.wide) + 1), *(_along(x, len(box.wide)) for x in sums)]
        g = self._g(moving[0], moving[1], *free)
        towards, *away = g.slopes
        if not towards > 0:
            return None
        t_dual = Dual(t, [-slope / towards for slope in away])
        chained = [Dual(x.value, [x.slopes[0] * slope for slope in t_dual.slopes]) for x in sums]
        f = self._f(t_dual, chained, *self._parameters(box))
        return list(f.slopes) if f.is_finite() else None

    def _parameters(self, box: Box, extra: int = 0) -> list[Dual]:
        """s, tau, kappa and rho over the box, with their slopes along the wide axes, after `extra` other variables."""
        size = len(box.wide) + extra
        balls = [arb(_exact(low)).union(arb(_exact(high))) for low, high in box.intervals]
        places = {axis: k + extra for k, axis in enumerate(box.wide)}
        alpha, tau, kappa, rho = (_variable(ball, places.get(axis), size) for axis, ball in enumerate(balls))
        # d alpha / d ln alpha is alpha
        alpha = Dual(alpha.value, [slope * alpha.value for slope in alpha.slopes])
        return [arb_algebra.summary_noise(rho, self.c_train, alpha), tau, kappa, rho]

    def _sums(self, t: arb) -> list[Dual]:
        """D, U, E, D2, U2 with their derivatives in t."""
        variable = Dual(t, [arb(1)])
        totals = [Dual(arb(0), [arb(0)])] * 5
        for c, w in zip(self.c, self.w, strict=True):
            totals = [total + w * term for total, term in zip(totals, arb_algebra.output_terms(c, variable), strict=True)]
        return totals

    def _g(self, t: Dual, D: Dual, s: Dual, tau: Dual, kappa: Dual, rho: Dual) -> Dual:
        return sign(arb_algebra, "below", t, D, 1 - D, s, tau, kappa, 0)

    def _f(self, t: Dual, sums: Sequence[Dual], s: Dual, tau: Dual, kappa: Dual, rho: Dual) -> Dual:
        D, U, E, D2, U2 = sums
        # where it is clear which of kappa and tau is larger, the gap is known without cancellation
        clear = kappa > tau or kappa < tau
        gap = arb_algebra.gap_below(t, U, s, kappa, tau) if clear else kappa - D
        sigma = arb_algebra.sigma_of_t(t, gap, kappa)
        effective_ridge, share = arb_algebra.shares(U, sigma, tau, 0)
        outputs = arb_algebra.outputs(t, D, U, E, D2, U2, gap, sigma, effective_ridge, share, s, kappa, rho)
        a, *_, A, B = outputs
        return self._balance(a, sigma, A, B)


def _exact(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _variable(ball: arb, place: int | None, size: int) -> Dual:
    """A ball as the variable with that number; a constant without one."""
    return Dual(ball, [arb(int(k == place)) for k in range(size)])


def _along(x: Dual, others: int) -> Dual:
    """A function of t as one of t and other variables."""
    return Dual(x.value, [*x.slopes, *(arb(0) for _ in range(others))])
