"""Whatever is put together from the table's nodes has the value that SymPy gives it, on every target, or is refused.

The nodes are read off the table, so that a new one is tested by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import jax
import numpy as np
import pytest
import sympy
import torch
from flint import arb, ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp
from sympy import Expr, Float, IndexedBase, Integer, Piecewise, Rational, S, Sum, Symbol, symbols

from sympy.core.relational import Relational

import taskalign as ta
from taskalign.numerics import printing

x, y = symbols("x y", real=True)
d = Symbol("d", integer=True, positive=True)
i, k = symbols("i k", integer=True)
c = IndexedBase("c", shape=(d,))
C = (Fraction(5, 2), Fraction(3, 4), Fraction(-1, 8))
VALUES = [Rational(v) for v in ("-3", "-3/2", "-1/4", "0", "1/2", "1", "11/4", "10")]
FLOATING = sorted(printing.FLOAT_TARGETS)

#: nodes of the table that are no classes of SymPy: other spellings of those that are
SPELLINGS = {"Integer", "number", "length", "position", "product", "Max number", "Min number"}
MATRICES = {"MatrixSymbol", "Trace", "OneMatrix", "Identity"}
NUMBERS = {"Rational", "Float"}
#: what is built of other things than numbers
BUILT: dict[str, Callable[..., Expr]] = {
    "Piecewise": lambda a, b: Piecewise((a, b > x), (b, a < y), (a - b, True)),
    "Sum": lambda a, b: Sum(a * c[i] + b / (i + 4), (i, 0, d - 1)) + Sum(a + c[i] * c[k], (i, 0, d - 1), (k, 0, d - 1)) / d,
}


def nodes_of(target: str) -> set[str]:
    return printing.TABLE[target].keys() - SPELLINGS - MATRICES


def is_constant(node: str) -> bool:
    return isinstance(getattr(S, node, None), Expr)


def build(node: str, first: Expr, second: Expr) -> Expr:
    """An expression that has the node at its top, unless SymPy simplifies it."""
    if node in BUILT:
        return BUILT[node](first, second)
    try:
        return getattr(sympy, node)(first)
    except TypeError:
        return getattr(sympy, node)(first, second)


EVERY_NODE = sorted({node for target in printing.TABLE for node in nodes_of(target)})
CONSTANTS = [getattr(S, node) for node in EVERY_NODE if is_constant(node) and getattr(S, node).is_finite]
INNER = [node for node in EVERY_NODE if not is_constant(node) and node not in NUMBERS]
EXPONENTS = [Integer(2), Integer(-3), Integer(7), *(Rational(p, 2) for p in (1, -1, 3, -5)), Float("3.0"), Float("-2.0")]
EXPONENTS += [Rational(1, 3), Rational(-2, 7), Float("0.7"), S.Pi]
LEAVES = st.sampled_from(
    [
        *(x, y, x, y, *CONSTANTS, Integer(2), Integer(-3), Integer(2**40 + 1), Integer(10) ** 25, Rational(-2, 3)),
        *(Rational(10**20 + 1, 3**30), Rational(1, 3), Float(0.1), Float("1.25"), Float("0.1", 50), sympy.sqrt(2)),
    ]
)


def powers(base: Expr) -> st.SearchStrategy[Expr]:
    return st.sampled_from(EXPONENTS).map(lambda exponent: base**exponent)


def combined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(sum),
        two.map(lambda pair: pair[0] - pair[1]),
        two.map(lambda pair: pair[0] * pair[1]),
        two.map(lambda pair: pair[0] / pair[1]),
        inner.flatmap(powers),
        st.tuples(st.sampled_from(INNER), inner, inner).map(lambda parts: build(*parts)),
    )


EXPRESSIONS = st.recursive(LEAVES, combined, max_leaves=7)


class Outside(Exception):
    """The value is not real or not in the range of doubles, or rounding decides between two cases."""


def measured(expression: Any, at: dict[Expr, Rational], unit: Float) -> tuple[Any, Any]:
    """Value to 60 digits, and how far it may be off where every operation and every argument is rounded to `unit`.

    By SymPy's values of the nodes one by one, and differences of these; nothing of the table is used.

    Raises:
        Outside: no statement can be made.
    """
    if isinstance(expression, Piecewise):
        for case, condition in expression.args:
            if condition is sympy.true:
                return measured(case, at, unit)
            if not isinstance(condition, Relational):
                raise Outside
            (left, e), (right, f) = (measured(side, at, unit) for side in condition.args)
            if abs(left - right) <= e + f and (e + f != 0):
                raise Outside
            if condition.func(left, right):
                return measured(case, at, unit)
    if isinstance(expression, Sum):
        return measured(expression.subs(d, len(C)).doit(), at, unit)
    expression = at.get(expression, expression)
    if not expression.args or expression.is_Rational:
        value = _real(expression)
        return value, abs(value) * unit
    parts = [measured(part, at, unit) for part in expression.args]
    values = [p if p.is_Rational else v for p, (v, _) in zip(expression.args, parts, strict=True)]
    value = _real(expression.func(*values))
    error = 6 * abs(value) * unit
    for place, (argument, rounded) in enumerate(parts):
        step = rounded + abs(argument) * unit
        try:
            ends = [_real(expression.func(*values[:place], argument + s, *values[place + 1 :])) for s in (step, -step)]
        except Outside:
            if expression.args[place].is_Integer:  # the exponent of a negative number
                continue
            raise
        error += max(abs(end - value) for end in ends)
    return value, error


def _real(value: Any) -> Any:
    value = sympy.N(value, 60)
    if value == 0:
        return S.Zero
    if not (value.is_Float or value.is_Integer) or not 1e-100 < abs(value) < 1e100:
        raise Outside
    return value


def evaluated(expression: Expr, target: str, at: dict[Expr, Rational]) -> Any:
    compiled = ta.numerics.compile(expression, target)
    given: dict[str, Any] = {"c": list(C), "x": Fraction(str(at[x])), "y": Fraction(str(at[y]))}
    if target in printing.FLOAT_TARGETS:
        given = {"c": np.array([float(v) for v in C])} | {name: float(given[name]) for name in "xy"}
    with jax.enable_x64(True):
        return compiled(**{name: given[name] for name in compiled.arguments})


def check(expression: Expr, target: str, at: dict[Expr, Rational]) -> None:
    """The target's value is right to rounding, or a ball contains it; a node that it does not know is refused."""
    known = nodes_of(target)
    unknown = [node for node in EVERY_NODE if node not in known and expression.has(getattr(sympy, node, S.NaN))]
    if unknown:
        with pytest.raises(ta.numerics.UnsupportedNodeError, match="no way to write"):
            ta.numerics.compile(expression, target)
        return
    at = at | {c[place]: Rational(str(v)) for place, v in enumerate(C)}
    unit = Float("1e-29", 60) if target == "mpmath" else Float(2, 60) ** -52
    exact, error = measured(expression, at, unit)
    with mp.workdps(30):
        found = evaluated(expression, target, at)
        if target == "mpmath":
            assert abs(Float(str(mp.mpf(found)), 60) - exact) <= error, (found, exact)
        elif target == "arb":
            with ctx.workprec(300):
                assert found.overlaps(arb(str(exact)) * (1 + arb(0, "1e-55"))), (found, exact)
            assert error > 1e-6 * abs(exact) + 1e-6 or found.is_finite()
        else:
            assert np.shape(found) == ()
            assert abs(Float(float(found), 60) - exact) <= error, (float(found), exact, error)


POINTS = st.fixed_dictionaries({x: st.sampled_from(VALUES), y: st.sampled_from(VALUES)})


@pytest.mark.parametrize("target", printing.TABLE)
@settings(max_examples=int(__import__('os').environ.get('NEX','60')))
@given(expression=EXPRESSIONS, at=POINTS)
def test_random_expressions(target: str, expression: Expr, at: dict[Expr, Rational]) -> None:
    try:
        check(expression, target, at)
    except Outside:
        import os; os.environ.get('NEX') and open('/tmp/out','a').write('o\n')
        assume(False)
