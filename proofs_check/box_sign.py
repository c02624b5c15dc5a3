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

For the third, f is a function of (alpha, tau, kappa, rho) through the root t of $g = 0$. On the branch
$\mathcal D < \min(\kappa, \tau)$

$$g/\kappa = \frac{t\,(1 - \mathcal D/\kappa)(\tau - \mathcal D)}{\mathcal U} - s$$

grows with t, tau and kappa and falls with s. So t falls with alpha, tau and kappa and grows with rho, and two corners
of the box have its least and its largest value. Between these, a step of Newton's iteration from any $t_0$, itself a
function of the parameters, gives t as a quadratic function of these and a small error,
$t = t_0 - g(t_0)\,/\,\frac{\partial g}{\partial t}(\xi)$ with $\xi$ in that range by the mean value theorem, and the
generated algebra makes of it f as a quadratic function with a small error: see `taylor_model`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from operator import mul
from typing import Any

from flint import arb, arb_series, ctx, fmpq

from ..numerics.enclose import Enclosure, enclose
from ..numerics.errors import ConvergenceError
from ..numerics.exact import ExactPoint
from ..numerics.generated import arb_algebra
from ..numerics.pointwise import balance, sign
from .taylor_model import TaylorModel, constant

Interval = tuple[Fraction, Fraction]

#: the coordinates of a box, in this order
AXES = ("alpha", "tau", "kappa", "rho")
#: digits of solutions at single points, and bits of the arithmetic over boxes
_DIGITS, _PRECISION = 15, 96
#: factor by which the range of t is widened, so that polynomials close to t stay inside
_WIDER = fmpq(9, 8)
#: Newton's steps
_STEPS = 3
#: the gap kappa - D is taken from its product with tau - D where the difference is known no better than to this part
_CANCELS = 100
#: significant digits to which the middle of a range of alpha is rounded
_SIGNIFICANT = 6


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
        """A point inside: about half-way in the logarithm of alpha, and half-way in the others."""
        ends = self.intervals
        return (_between(*ends[0]), *((low + high) / 2 for low, high in ends[1:]))

    def halves(self, axis: int) -> tuple[Box, Box]:
        """The two parts below and above the middle along an axis."""
        name, (low, high), middle = AXES[axis], self.intervals[axis], self.middle[axis]
        return replace(self, **{name: (low, middle)}), replace(self, **{name: (middle, high)})

    def share(self, whole: Box) -> float:
        """Part of the volume of a box around it, which counts alpha in its logarithm."""
        return math.prod(self._part(whole, axis) for axis in whole.wide)

    def _part(self, whole: Box, axis: int) -> float:
        (low, high), (least, most) = self.intervals[axis], whole.intervals[axis]
        return _log(high / low) / _log(most / least) if axis == 0 else float((high - low) / (most - least))


def _log(ratio: Fraction) -> float:
    """Logarithm of a number >= 1, which need not be in the range of floats."""
    return math.log1p(ratio - 1) if ratio < 2 else math.log(ratio.numerator) - math.log(ratio.denominator)


def _between(low: Fraction, high: Fraction) -> Fraction:
    """A number with few digits close to the geometric mean; the arithmetic mean where there is none between."""
    with localcontext(prec=2 * _SIGNIFICANT):
        square = low * high
        about = Fraction(f"{(Decimal(square.numerator) / square.denominator).sqrt():.{_SIGNIFICANT - 1}e}")
    return about if low < about < high else (low + high) / 2


@dataclass(frozen=True)
class Decision:
    """What is proved of one box.

    Attributes:
        status: "holds", "fails" or "undecided".
        by: which of the ways it was: "tau > 1", "tau_order", "pair", "one eigenvalue"; "" where undecided.
        axis: along which an undecided box is best halved.
        at_border: whether it is undecided since K(c_1) and K(c_2) seem to cross in it, not for want of precision.
    """

    status: str
    by: str = ""
    axis: int = 0
    at_border: bool = False


class SignOverBox:
    """Proofs for one spectrum; solutions at corners that boxes share are kept."""

    def __init__(self, point: ExactPoint) -> None:
        self.values, weights = point.atoms
        self.exact = [_exact(c) for c in self.values], [_exact(w) for w in weights]
        with ctx.workprec(_PRECISION):
            self.c, self.w = ([arb(x) for x in part] for part in self.exact)
        self.c_train = sum(map(mul, *self.exact), fmpq(0))
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
            return math.inf if low == 0 else _log(high / low)

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
            self._solved[point] = enclose(*self.exact, **parameters, digits=_DIGITS)
        return self._solved[point]

    # --- the pair of the two smallest eigenvalues -----------------------------------------------------------------
    def _by_pair(self, box: Box) -> Decision:
        f = self.balance_over(box)
        if f is not None and f.ball >= 0:
            return Decision("holds", "pair")
        if f is not None and f.ball < 0:
            return Decision("fails", "pair")
        if f is None or not f.is_finite() or not f.error * 2 < f.linear_size:
            return Decision("undecided", axis=self._widest(box))
        moves = [float(abs(slope).upper()) for slope in f.slopes]
        return Decision("undecided", axis=box.wide[moves.index(max(moves))] if moves else 0, at_border=True)

    def balance_over(self, box: Box) -> TaylorModel | None:
        """f over a box with tau < 1; None where that, or the sign of a slope of g, is not certain."""
        with ctx.workprec(_PRECISION):
            parameters = self.parameters(box)
            t = self.t_over(box, parameters)
            _, tau, *_ = parameters
            # the algebra distinguishes tau < 1 from tau >= 1, which has to be certain
            return None if t is None or not t.ball > 0 or not tau < 1 else self._f(t, *parameters)

    def t_range(self, box: Box) -> tuple[arb, arb]:
        """Two exact numbers between which t stays all over a box with tau < 1."""
        low = self._enclose(box.alpha[1], box.tau[1], box.kappa[1], box.rho[0]).low
        high = self._enclose(box.alpha[0], box.tau[0], box.kappa[0], box.rho[1]).high
        return low, high

    def t_over(self, box: Box, parameters: Sequence[TaylorModel]) -> TaylorModel | None:
        """t over a box, from Newton's steps; None where the slope of g has no certain sign.

        The first step starts from one number, each other from the polynomial that the one before has found.
        """
        low, high = self.t_range(box)
        size = len(box.wide)
        middle, half = ((low + high) / 2).mid(), ((high - low) / 2 * _WIDER).upper()
        if not half < middle:
            return None
        # t as a coordinate of its own, since g is to be seen at every t of the range for every point of the box
        anywhere = TaylorModel(size + 1, [middle, *[arb(0)] * size, half])
        slope = self._slope(anywhere, [_with_one_more(x) for x in parameters])
        if not slope > 0:
            return None
        inverse, start, best = constant(1 / slope, size), constant(middle, size), None
        for _ in range(_STEPS):
            found = start - self._g(start, parameters) * inverse
            if best is not None and not found.error < best.error:
                break
            best, start = found, found.polynomial
            if not anywhere.ball.contains(start.ball):
                break
        return best

    def parameters(self, box: Box) -> list[TaylorModel]:
        """s, tau, kappa and rho over the box, as functions of its wide axes."""
        wide = box.wide
        models = []
        for axis, (low, high) in enumerate(box.intervals):
            slopes = [arb(_exact((high - low) / 2)) if axis == other else arb(0) for other in wide]
            models.append(TaylorModel(len(wide), [arb(_exact((low + high) / 2)), *slopes]))
        alpha, tau, kappa, rho = models
        return [arb_algebra.summary_noise(rho, self.c_train, alpha), tau, kappa, rho]

    def _sums(self, terms: Callable[..., Any], t: TaylorModel) -> list[TaylorModel]:
        """Means of the terms, from their Taylor series in t with the last coefficient over its whole range."""
        at_middle, anywhere = (self._series(terms, ball) for ball in (t.middle, t.ball))
        powers = t.powers
        return [powers.series(x[0], x[1], x[2], rest[3]) for x, rest in zip(at_middle, anywhere, strict=True)]

    def _series(self, terms: Callable[..., Any], t: arb) -> list[Any]:
        columns = zip(*(terms(c, arb_series([t, 1], 4)) for c in self.c), strict=True)
        return [sum(map(mul, self.w, column), arb_series([0], 4)) for column in columns]

    def _g(self, t: TaylorModel, parameters: Sequence[TaylorModel]) -> TaylorModel:
        s, tau, kappa, _ = parameters
        (D,) = self._sums(lambda c, at: (arb_algebra.learned_share(c, at),), t)
        return sign(arb_algebra, "below", t, D, 1 - D, s, tau, kappa, 0)

    def _slope(self, t: TaylorModel, parameters: Sequence[TaylorModel]) -> arb:
        """Ball for the slope of g in t."""
        s, tau, kappa, _ = parameters
        D, U, E = self._sums(arb_algebra.newton_terms, t)
        return balance(arb_algebra, "below", t, D, U, E, s, tau, kappa, 0)[1].ball

    def _f(self, t: TaylorModel, s: TaylorModel, tau: TaylorModel, kappa: TaylorModel, rho: TaylorModel) -> TaylorModel:
        D, U, E, D2, U2 = self._sums(arb_algebra.output_terms, t)
        # eigenvalues and noise in units of t, which leave f as it is: then t is 1, and sigma is a
        one, s, rho = arb(1), s / t, rho / t
        first, second = (c / t for c in self.c[:2])
        gap = kappa - D
        if not gap.error * _CANCELS < gap.middle and (kappa > tau or kappa < tau):
            gap = arb_algebra.gap_below(one, U, s, kappa, tau)
        sigma = arb_algebra.sigma_of_t(one, gap, kappa)
        effective_ridge, share = arb_algebra.shares(U, sigma, tau, 0)
        outputs = arb_algebra.outputs(one, D, U, E, D2, U2, gap, sigma, effective_ridge, share, s, kappa, rho)
        a, *_, A, B = outputs
        # the pair, in units of its one negative term: what it is without A and without eigenvalues
        pair = arb_algebra.ordering_of_a_pair(first, second, a, sigma, A, B)
        return pair / -arb_algebra.ordering_of_a_pair(0, 0, a, sigma, 0, B)


def _exact(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _with_one_more(x: TaylorModel) -> TaylorModel:
    """A linear function that does not depend on one coordinate more."""
    return TaylorModel(x.size + 1, [x.middle, *x.slopes, arb(0)], x.error + x.quadratic_size)
