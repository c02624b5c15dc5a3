"""Values with their derivatives: what the generated algebra gives for these is a chain rule in ball arithmetic.

Where all values and slopes are balls that hold a function and its derivatives over a box, so are the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import arb


class Dual:
    """A ball, and a ball for the derivative in each variable."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: arb, slopes: Sequence[arb]) -> None:
        self.value = value
        self.slopes = tuple(slopes)

    def is_finite(self) -> bool:
        """Whether all balls are bounded."""
        return self.value.is_finite() and all(slope.is_finite() for slope in self.slopes)

    def _scaled(self, value: arb, factor: Any) -> Dual:
        return Dual(value, [factor * slope for slope in self.slopes])

    def __neg__(self) -> Dual:
        return self._scaled(-self.value, -1)

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            slopes = [x + y for x, y in zip(self.slopes, other.slopes, strict=True)]
            return Dual(self.value + other.value, slopes)
        return Dual(self.value + other, self.slopes)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dual:
        return self + -other

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            pairs = zip(self.slopes, other.slopes, strict=True)
            slopes = [x * other.value + self.value * y for x, y in pairs]
            return Dual(self.value * other.value, slopes)
        return self._scaled(self.value * other, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            value = self.value / other.value
            pairs = zip(self.slopes, other.slopes, strict=True)
            return Dual(value, [(x - value * y) / other.value for x, y in pairs])
        return Dual(self.value / other, [slope / other for slope in self.slopes])

    def __rtruediv__(self, other: Any) -> Dual:
        value = other / self.value
        return self._scaled(value, -value / self.value)

    def __pow__(self, power: int) -> Dual:
        return self._scaled(self.value**power, power * self.value ** (power - 1))

    def sqrt(self) -> Dual:
        """Square root."""
        value = self.value.sqrt()
        return self._scaled(value, 1 / (2 * value))

    def __abs__(self) -> Dual:
        if self.value < 0:
            return -self
        if self.value > 0:
            return self
        # on either side of zero, or at it, where the slope is one of a convex function
        return self._scaled(abs(self.value), arb(0, 1))

    # comparisons are of values, and true where certain, as those of balls
    def __lt__(self, other: Any) -> bool:
        return self.value < _value(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= _value(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= _value(other)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x
