"""What a model gives holds the function at every point of the box, and its error is of third order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from taskalign.proofs_check.taylor_model import TaylorModel, constant

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda x, y: x * y * x,
    "quotient": lambda x, y: (x + 1) / (y + x),
    "reciprocal": lambda x, y: 1 / (x + fmpq(1, 3)),
    "negative reciprocal": lambda x, y: fmpq(1, 3) / (-x - y),
    "square": lambda x, y: (x - y) ** 2,
    "root": lambda x, y: (x + 2 * y).sqrt(),
    "difference": lambda x, y: 3 - x * y - x / 2,
    "absolute": lambda x, y: abs(x - 5) + abs(y),
    "nested": lambda x, y: 1 / (1 + 1 / (x * y + (x / y).sqrt())),
}


def variables(width: Fraction, x: Fraction = Fraction(2), y: Fraction = Fraction(3)) -> tuple[TaylorModel, TaylorModel]:
    half = arb(fmpq(width.numerator, 2 * width.denominator))
    return tuple(
        TaylorModel(2, [arb(fmpq(v.numerator, v.denominator)), *(half * (k == place) for k in range(2))])
        for place, v in enumerate((x, y))
    )  # type: ignore[return-value]


def at(model: TaylorModel, e: tuple[arb, arb]) -> arb:
    monomials = (arb(1), *e, e[0] * e[0], e[0] * e[1], e[1] * e[1])
    total = sum((c * m for c, m in zip(model.coefficients, monomials, strict=True)), arb(0))
    return total + model.error * arb(0, 1)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("width", ["1/1000", "1/10", 1])
def test_every_value_is_held(name: str, width: str | int) -> None:
    rng = np.random.default_rng(7)
    with ctx.workprec(120):
        x, y = variables(Fraction(width))
        model = FUNCTIONS[name](x, y)
        for _ in range(30):
            e = tuple(arb(float(rng.choice([-1, 0, 1, rng.uniform(-1, 1)]))) for _ in range(2))
            with ctx.workprec(400):
                value = FUNCTIONS[name](*(v.middle + v.slopes[k] * e[k] for k, v in enumerate((x, y))))
            # the value is known to so many digits more that to overlap is to hold it
            assert at(model, (e[0], e[1])).overlaps(value)
            assert model.ball.overlaps(value)


@pytest.mark.parametrize("name", ["product", "quotient", "reciprocal", "root", "nested"])
def test_error_is_of_third_order(name: str) -> None:
    errors = [float(FUNCTIONS[name](*variables(Fraction(1, n))).error) for n in (20, 40)]
    assert 6 < errors[0] / errors[1] < 10


def test_errors_that_were_there_are_kept() -> None:
    """A model with an error stands for every function within it."""
    x, y = variables(Fraction(1, 10))
    loose = x + constant(arb(0, 0.01), 2)
    for name, function in FUNCTIONS.items():
        model = function(loose, y)
        for shift in (-0.0099, 0.0099):
            assert model.ball.contains(function(x.middle + shift, y.middle)), name


@pytest.mark.parametrize("function", [lambda x: 1 / (x - 2), lambda x: (x - 2).sqrt(), lambda x: x / (x - 2)])
def test_nothing_is_claimed_at_a_pole(function: Callable[[Any], Any]) -> None:
    model = function(variables(Fraction(1))[0])
    assert not model.is_finite()
    assert not model.ball >= 0
    assert not model.ball < 0


def test_comparisons_are_certain() -> None:
    x, y = variables(Fraction(1, 2))
    assert x < y
    assert y > x
    assert not x < 2
    assert not x >= 2
    assert x - x >= 0
    assert x - x <= 0
