r"""Taylor models: a function over a box as a quadratic polynomial and a bound on all the rest.

A model stands for $x = m + \sum_i l_i e_i + \sum_{i \le j} h_{ij} e_i e_j + r$, with $|e_i| \le 1$ the coordinates of
the box and $|r| \le$ `error`. Polynomials cancel where they should, so that what the operations add to the error is of
third order in the size of the box. Generated algebra takes models in place of numbers. The coefficients are balls
that hold those of a polynomial, so that rounding is accounted for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations_with_replacement
from typing import Any, NamedTuple, no_type_check

from flint import arb, fmpq

_ZERO, _ANY_SIGN = arb(0), arb(0, 1)
#: a square of something between -1 and 1
_SQUARE = arb(fmpq(1, 2), fmpq(1, 2))


class _Monomials(NamedTuple):
    """Places of the monomials in a list of coefficients: 1, e_i, e_i e_j; and which products are no more than these."""

    total: int
    squares: tuple[int, ...]
    others: tuple[int, ...]
    products: tuple[tuple[int, int, int], ...]


@cache
def _monomials(size: int) -> _Monomials:
    pairs = list(combinations_with_replacement(range(size), 2))
    place = {pair: 1 + size + k for k, pair in enumerate(pairs)}
    linear = [(i, j, place[min(i, j) - 1, max(i, j) - 1]) for i in range(1, size + 1) for j in range(1, size + 1)]
    squares = tuple(place[pair] for pair in pairs if pair[0] == pair[1])
    others = tuple(place[pair] for pair in pairs if pair[0] != pair[1])
    return _Monomials(1 + size + len(pairs), squares, others, tuple(linear))


@no_type_check  # far too many calls to have their types checked, where that is done
class TaylorModel:
    """A quadratic function of the coordinates of a box, with an error.

    Args:
        size: number of coordinates.
        coefficients: of 1, of each coordinate, of each product of two (11, 12, .., 22, ..); those left out are zero.
        error: bound on what the polynomial leaves.
    """

    def __init__(self, size: int, coefficients: Sequence[arb], error: arb = _ZERO) -> None:
        self.size = size
        missing = _monomials(size).total - len(coefficients)
        self.coefficients = [*coefficients, *[_ZERO] * missing]
        # one number, so that comparisons with it are certain
        self.error = error.upper()

    @property
    def middle(self) -> arb:
        """Value of the polynomial at the centre."""
        return self.coefficients[0]

    @property
    def slopes(self) -> list[arb]:
        """Slopes at the centre, a unit being half the box."""
        return self.coefficients[1 : self.size + 1]

    @cached_property
    def linear_size(self) -> arb:
        """Bound on the linear part."""
        return sum(map(abs, self.coefficients[1 : self.size + 1]), _ZERO)

    @cached_property
    def quadratic_size(self) -> arb:
        """Bound on the quadratic part."""
        return sum(map(abs, self.coefficients[self.size + 1 :]), _ZERO)

    @cached_property
    def reach(self) -> arb:
        """How far values are from the middle."""
        return self.linear_size + self.quadratic_size + self.error

    @cached_property
    def ball(self) -> arb:
        """All values."""
        places = _monomials(self.size)
        either = self.linear_size + self.error + sum((abs(self.coefficients[k]) for k in places.others), _ZERO)
        squares = sum((self.coefficients[k] * _SQUARE for k in places.squares), _ZERO)
        return self.middle + squares + either * _ANY_SIGN

    def is_finite(self) -> bool:
        """Whether the values are bounded."""
        return bool(self.ball.is_finite())

    @property
    def polynomial(self) -> TaylorModel:
        """A polynomial close to this one, exactly known."""
        return TaylorModel(self.size, [x.mid() for x in self.coefficients])

    def __neg__(self) -> TaylorModel:
        return TaylorModel(self.size, [-x for x in self.coefficients], self.error)

    def __add__(self, other: Any) -> TaylorModel:
        if isinstance(other, TaylorModel):
            total = [x + y for x, y in zip(self.coefficients, other.coefficients, strict=True)]
            return TaylorModel(self.size, total, self.error + other.error)
        return TaylorModel(self.size, [self.middle + other, *self.coefficients[1:]], self.error)

    __radd__ = __add__

    def __sub__(self, other: Any) -> TaylorModel:
        return self + -other

    def __rsub__(self, other: Any) -> TaylorModel:
        return -self + other

    def __mul__(self, other: Any) -> TaylorModel:
        if not isinstance(other, TaylorModel):
            number = arb(other)
            return TaylorModel(self.size, [x * number for x in self.coefficients], self.error * abs(number))
        a, b = self.coefficients, other.coefficients
        a0, b0 = a[0], b[0]
        product = [a0 * y + x * b0 for x, y in zip(a, b, strict=True)]
        product[0] = a0 * b0
        for i, j, k in _monomials(self.size).products:
            product[k] += a[i] * b[j]
        cubic = self.linear_size * other.quadratic_size + self.quadratic_size * other.linear_size
        error = cubic + self.quadratic_size * other.quadratic_size
        error += self.error * (abs(b0) + other.reach) + other.error * (abs(a0) + self.reach - self.error)
        return TaylorModel(self.size, product, error)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> TaylorModel:
        if not isinstance(other, TaylorModel):
            return self * (1 / arb(other))
        # where both move together, little is left to divide
        ratio = self.middle / other.middle
        return (self - other * ratio) * (1 / other) + ratio

    def __rtruediv__(self, other: Any) -> TaylorModel:
        if self.ball < 0:
            return -(other / -self)
        one, least = 1 / self.middle, 1 / _lower(self)
        square, bound = one * one, least * least
        return self.powers.series(one, -square, square * one, bound * bound) * other

    def __pow__(self, power: int) -> TaylorModel:
        if power != 2:
            raise NotImplementedError(f"power {power}")
        return self * self

    def sqrt(self) -> TaylorModel:
        """Square root of a model of positive values."""
        root, least = self.middle.sqrt(), _lower(self)
        third = 1 / (16 * least * least * least.sqrt())
        return self.powers.series(root, 1 / (2 * root), -1 / (8 * root * self.middle), third)

    @cached_property
    def powers(self) -> Powers:
        """For functions of this one."""
        move = TaylorModel(self.size, [_ZERO, *self.coefficients[1:]], self.error)
        return Powers(move, move * move, self.reach * self.reach * self.reach)

    def __abs__(self) -> TaylorModel:
        if self.ball < 0:
            return -self
        if self.ball >= 0:
            return self
        return TaylorModel(self.size, [_ZERO], abs(self.middle) + self.reach)

    # as those of balls, comparisons are true where they are certain
    def __lt__(self, other: Any) -> bool:
        return (self - other).ball < 0

    def __le__(self, other: Any) -> bool:
        return (self - other).ball <= 0

    def __gt__(self, other: Any) -> bool:
        return (self - other).ball > 0

    def __ge__(self, other: Any) -> bool:
        return (self - other).ball >= 0


@no_type_check
@dataclass(frozen=True)
class Powers:
    """Powers of how far a model is from its middle: itself, its square, and a bound on its cube."""

    first: TaylorModel
    second: TaylorModel
    third: arb

    def series(self, a0: arb, a1: arb, a2: arb, a3: arb) -> TaylorModel:
        """A function of the model by its Taylor coefficients there; the last one is over all values."""
        pairs = zip(self.first.coefficients, self.second.coefficients, strict=True)
        coefficients = [x * a1 + y * a2 for x, y in pairs]
        coefficients[0] += a0
        error = self.first.error * abs(a1) + self.second.error * abs(a2) + abs(a3) * self.third
        return TaylorModel(self.first.size, coefficients, error)


def _lower(x: TaylorModel) -> arb:
    """Least value over the ball of radius `reach`; not a number where it is not positive, and nothing is claimed."""
    least = (x.middle - x.reach).lower()
    return least if least > 0 else arb.nan()


def constant(value: Any, size: int) -> TaylorModel:
    """A ball as a model: what is not known of it is error."""
    ball = arb(value)
    return TaylorModel(size, [ball.mid()], ball.rad())
