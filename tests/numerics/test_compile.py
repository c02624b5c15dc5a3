"""One table of nodes for every backend: round trips, means, and loud refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from flint import arb
from mpmath import mp, mpf
from sympy import (
    Abs,
    Expr,
    Float,
    Function,
    Max,
    Min,
    Piecewise,
    Rational,
    Symbol,
    exp,
    gamma,
    log,
    pi,
    sqrt,
    symbols,
)

import taskalign as ta
from taskalign.numerics import printing

x, y = symbols("x y", positive=True)
POINT = {"x": 0.7, "y": 1.9}
FLOATING = ("numpy", "numba", "torch", "mpmath")

#: expressions that hold every node of the table
NODES: dict[str, Expr] = {
    "Rational": x + Rational(1, 3),
    "Integer": 2 * x - 3,
    "Float": x + Float("0.1"),
    "Pi": pi * x,
    "Exp1": x + exp(1),
    "sqrt": sqrt(x) + 1 / sqrt(y) + x ** Rational(3, 2),
    "exp": exp(-x) + y**x,
    "log": log(x / y),
    "Abs": Abs(x - y) + Abs(y - x),
    "Max": Max(x, y, 1),
    "Min": Min(x, y, 1),
    "Piecewise": Piecewise((x, x > y), (y**2, x + y > 2), (1, True)),
    "Pow": (x + y) ** 3 / (x * y) ** 2 - 1 / (x - 2 * y),
    "signs": -x - (y - (x - 3)) - (-x * y),
}


def value(result: Any) -> float:
    return float(result.mid()) if isinstance(result, arb) else float(result)


@pytest.mark.parametrize("target", FLOATING)
@pytest.mark.parametrize("node", NODES)
def test_round_trip(node: str, target: str) -> None:
    expression = NODES[node]
    exact = float(expression.subs({x: Rational(7, 10), y: Rational(19, 10)}).evalf(30))
    compiled = ta.numerics.compile(expression, target)
    given = {name: POINT[name] for name in compiled.arguments}
    assert value(compiled(**given)) == pytest.approx(exact, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("node", [name for name in NODES if name != "Float"])
def test_balls_contain_the_value(node: str) -> None:
    compiled = ta.numerics.compile(NODES[node], "arb")
    given = {name: {"x": "7/10", "y": Fraction(19, 10)}[name] for name in compiled.arguments}
    with mp.workdps(40):
        exact = NODES[node].subs({x: Rational(7, 10), y: Rational(19, 10)}).evalf(40)
        assert compiled(**given).contains(arb(str(exact)) + arb(0, "1e-38"))


def test_a_third_is_exact_in_balls() -> None:
    """A float third would enclose the wrong number."""
    source = ta.numerics.compile(x / 3 + Rational(1, 3), "arb").source
    assert "0.3" not in source
    assert ta.numerics.compile(x / 3, "arb")(x=3).contains(1)
    with pytest.raises(ValueError, match="Float"):
        ta.numerics.compile(x + Float(0.1), "arb")
    with pytest.raises(ValueError, match=r"the float 0\.1 is not allowed"):
        ta.numerics.compile(x + 1, "arb")(x=0.1)


@pytest.mark.parametrize("node", NODES)
def test_jax_gives_what_numpy_gives(node: str) -> None:
    """Also under jit."""
    with jax.enable_x64(True):
        compiled = ta.numerics.compile(NODES[node], "jax")
        given = {name: jnp.asarray(POINT[name]) for name in compiled.arguments}
        expected = float(ta.numerics.compile(NODES[node])(**{name: POINT[name] for name in compiled.arguments}))
        for evaluate in (lambda given: compiled(**given), jax.jit(lambda given: compiled(**given))):
            assert float(evaluate(given)) == pytest.approx(expected, rel=1e-15)


def test_an_undecided_comparison_of_balls_keeps_both_cases() -> None:
    """That x < 1 is not certain does not make x >= 1 certain; the condition stands twice and must not share a name."""
    compiled = ta.numerics.compile([Piecewise((x, x < 1), (y, True)), Piecewise((2, x < 1), (3, True))], "arb")
    undecided = compiled(x=arb(1, "0.5"), y=5)
    for point in ("0.5", "0.999"):
        assert undecided[0].contains(arb(point))
    assert undecided[0].contains(5)
    assert undecided[1].contains(2)
    assert undecided[1].contains(3)
    for point, expected in (({"x": arb(0, "0.5"), "y": 5}, arb(0, "0.5")), ({"x": arb(2, "0.5"), "y": 5}, arb(5))):
        found = compiled(**point)[0]
        assert found.contains(expected)
        assert expected.contains(found)
    maximum = ta.numerics.compile(Max(x, y), "arb")(x=arb(1, 1), y=arb(1, "0.1"))
    assert maximum.contains(2)
    assert maximum.contains(arb("0.9"))
    assert not maximum.contains(0)


def test_the_square_of_a_ball_around_zero() -> None:
    assert ta.numerics.compile(x**2, "arb")(x=arb(0, 1)).contains(arb("0.5"))


UNKNOWN = [gamma(x), Function("f")(x), Piecewise((x, x > 1)), Piecewise((x, (x > 1) & (y > 1)), (y, True))]


@pytest.mark.parametrize(
    ("target", "expression"),
    [(target, expression) for target in printing.TABLE for expression in UNKNOWN]
    + [("arb", Float("0.1")), ("arb", x + Float("0.1") * y)],
)
def test_an_unknown_node_is_loud(target: str, expression: Expr) -> None:
    with pytest.raises(ta.numerics.UnsupportedNodeError):
        printing.function_source("f", ["x", "y"], {"r": expression}, ["r"], target)


def test_shared_parts_are_computed_once() -> None:
    source = ta.numerics.compile([sqrt(x + y) + 1, 2 * sqrt(x + y)]).source
    assert source.count("sqrt") == 1


# --- equations of the catalogue ---------------------------------------------------------------------
EIGENVALUES, WEIGHTS = [2.0, 1.0, 0.0], [0.25, 0.25, 0.5]


@pytest.mark.parametrize("target", FLOATING)
def test_means_over_the_spectrum(target: str) -> None:
    compiled = ta.numerics.compile("resolvent_trace", target)
    assert compiled.arguments == ("eigenvalues", "weights", "a", "z")
    expected = 0.25 / 1.5 + 0.25 / 1.0 + 0.5 / 0.5
    assert value(compiled(EIGENVALUES, WEIGHTS, a=0.5, z=0.5)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("target", ["numpy", "numba", "torch"])
def test_points_broadcast(target: str) -> None:
    compiled = ta.numerics.compile(["resolvent_trace", "memorisation"], target)
    array = (lambda x: torch.tensor(x, dtype=torch.float64)) if target == "torch" else np.array
    z = array([0.5, 1.0, 2.0])
    a = array([[0.5], [0.25]])
    result = compiled(eigenvalues=array(EIGENVALUES), weights=array(WEIGHTS), a=a, z=z, M=1.0, kappa=2.0)
    assert result._fields == ("resolvent_trace", "memorisation")
    assert tuple(result.resolvent_trace.shape) == (2, 3)
    for i, j in np.ndindex(2, 3):
        expected = sum(w / (float(a[i, 0]) * c + float(z[j])) for c, w in zip(EIGENVALUES, WEIGHTS, strict=True))
        assert float(result.resolvent_trace[i, j]) == pytest.approx(expected, rel=1e-14)


def test_every_equation_compiles_for_numpy_or_says_why() -> None:
    """Right-hand sides are evaluated; what is not an equality or has unknown functions is refused by name."""
    refused = {}
    for name in ta.derive.catalogue():
        try:
            ta.numerics.compile(name)
        except ta.numerics.InputError as error:
            refused[name] = str(error)
    evaluated = len(ta.derive.catalogue()) - len(refused)
    assert evaluated > 90
    assert all(reason for reason in refused.values())


def test_gradients_pass_through_torch() -> None:
    compiled = ta.numerics.compile("resolvent", "torch")
    a = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    compiled(a=a, c=2.0, z=1.0).backward()
    assert a.grad is not None
    assert float(a.grad) == pytest.approx(-2.0 / 4.0)


def test_many_digits() -> None:
    compiled = ta.numerics.compile(sqrt(x), "mpmath")
    with mp.workdps(60):
        assert abs(compiled(x=2) ** 2 - 2) < mpf(10) ** -58


def test_bad_calls() -> None:
    with pytest.raises(ValueError, match="'nonsense' is not an equation"):
        ta.numerics.compile("nonsense")
    with pytest.raises(ValueError, match="target: 'fortran'"):
        ta.numerics.compile(x, "fortran")
    with pytest.raises(ValueError, match="empty list"):
        ta.numerics.compile([])
    with pytest.raises(ValueError, match="same name"):
        ta.numerics.compile(["resolvent", "resolvent"])
    with pytest.raises(ValueError, match="not a Python name"):
        ta.numerics.compile(Symbol("x_{1}") + 1)
    compiled = ta.numerics.compile("resolvent")
    with pytest.raises(ValueError, match=r"missing \['z'\]"):
        compiled(a=1.0, c=1.0)
    with pytest.raises(ValueError, match=r"unknown \['b'\]"):
        compiled(a=1.0, c=1.0, z=1.0, b=1.0)
    with pytest.raises(ValueError, match=r"given twice \['a'\]"):
        compiled(1.0, 1.0, 1.0, a=1.0)
