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


# --- every part of the error ------------------------------------------------------------------------------------------
CORNERS = [(arb(x), arb(y)) for x in (-1, 0, 1) for y in (-1, 0, 1)]
#: polynomials and errors, of which a product leaves just one part to the error
PARTS = {
    "linear x square": (([0, 1], 0), ([0, 0, 0, 1], 0)),
    "square x linear": (([0, 0, 0, 1], 0), ([0, 1], 0)),
    "square x square": (([0, 0, 0, 1], 0), ([0, 0, 0, 0, 0, 1], 0)),
    "error x constant": (([0], 1), ([2], 0)),
    "constant x error": (([2], 0), ([0], 1)),
    "error x linear": (([0], 1), ([0, 1], 0)),
    "linear x error": (([0, 1], 0), ([0], 1)),
    "error x square": (([0], 1), ([0, 0, 0, 1], 0)),
    "square x error": (([0, 0, 0, 1], 0), ([0], 1)),
    "error x error": (([0], 1), ([0], 1)),
    "all": (([1, -2, 1, 3, 1, -1], 1), ([-2, 1, 1, -1, 2, 1], 2)),
}


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_the_error_of_a_product(name: str) -> None:
    """At the corners, with what the polynomials leave as large as it may be."""
    first, second = (TaylorModel(2, [arb(x) for x in part], arb(error)) for part, error in PARTS[name])
    product = first * second

    def polynomial(model: TaylorModel, e: tuple[arb, arb]) -> arb:
        return at(TaylorModel(2, model.coefficients), e)

    for e in CORNERS:
        for r in (-1, 1):
            for q in (-1, 1):
                value = (polynomial(first, e) + r * first.error) * (polynomial(second, e) + q * second.error)
                assert abs(value - polynomial(product, e)) <= product.error
                assert product.ball.contains(value)


def test_a_multiple_of_a_model_has_a_multiple_of_its_error() -> None:
    loose = TaylorModel(1, [arb(1)], arb(2))
    for multiple in (loose * 3, 3 * loose, loose / fmpq(1, 3), loose * arb(-3)):
        assert multiple.error >= 6
    assert (loose + loose).error >= 4
    assert (loose - loose).error >= 4


@pytest.mark.parametrize("pole", ["19/10", "2", "21/10", "5/2", "3/2"])
def test_nothing_is_claimed_over_a_pole(pole: str) -> None:
    """Wherever in the box it is."""
    x = variables(Fraction(1))[0] - fmpq(*Fraction(pole).as_integer_ratio())
    for model in (1 / x, x.sqrt(), (x + 1) / x):
        assert not model.is_finite()
        assert not model.ball >= 0
        assert not model.ball < 0
