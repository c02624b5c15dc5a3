"""Whatever is put together from the table's nodes has the value that SymPy gives it, on every target, or is refused.

The nodes are read off the table, so that a new one is tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import jax
import numpy as np
import pytest
import sympy
import torch
from flint import arb, ctx
from hypothesis import given, reject
from hypothesis import strategies as st
from mpmath import mp
from sympy import Expr, Float, IndexedBase, Integer, Piecewise, Rational, S, Sum, Symbol, symbols
from sympy.core.relational import Relational

import taskalign as ta
from taskalign.numerics import printing

x, y = symbols("x y", real=True)
z = Symbol("z")
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
    # SymPy writes out the power of a number
    "Pow": lambda a, b: a ** (b if b.free_symbols else Integer(3)),
    "Piecewise": lambda a, b: Piecewise((a, b > x), (b, a < y), (a - b, True)),
    "Sum": lambda a, b: (
        Sum(a * c[i] + b / (i + 4), (i, 0, d - 1)) + Sum(a + c[i] * c[k], (i, 0, d - 1), (k, 0, d - 1)) / d
    ),
}


def nodes_of(target: str) -> set[str]:
    return printing.TABLE[target].keys() - SPELLINGS - MATRICES


def is_constant(node: str) -> bool:
    return isinstance(getattr(S, node, None), Expr)


def build(node: str, first: Expr, second: Expr) -> Expr:
    """An expression that has the node at its top, unless SymPy simplifies it."""
    make = BUILT.get(node) or getattr(sympy, node)
    try:
        return make(first) if node not in BUILT and _arity(node) == 1 else make(first, second)
    except ValueError:  # SymPy compares no complex numbers
        reject()


def _arity(node: str) -> int:
    accepted = getattr(getattr(sympy, node), "nargs", {1})
    return 1 if 1 in accepted and accepted != S.Naturals0 else 2


EVERY_NODE = sorted({node for target in printing.TABLE for node in nodes_of(target)})
CONSTANTS = [getattr(S, node) for node in EVERY_NODE if is_constant(node) and getattr(S, node).is_finite]
INNER = [node for node in EVERY_NODE if not is_constant(node) and node not in NUMBERS]
EXPONENTS = [
    Integer(2),
    Integer(-3),
    Integer(7),
    *(Rational(p, 2) for p in (1, -1, 3, -5)),
    Float("3.0"),
    Float("-2.0"),
]
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
        # SymPy would round the terms to the digits of the floats in them
        exact = expression.xreplace({number: Rational(number) for number in expression.atoms(Float)})
        return measured(exact.doit(), at, unit)
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
            moved = [
                (_real(expression.func(*values[:place], argument + step / part, *values[place + 1 :])) - value)
                * abs(part)
                for part in (1, -1, 10**20)
            ]
        except Outside:
            if expression.args[place].is_Integer:  # the exponent of a negative number
                continue
            raise
        error += max(map(abs, moved))
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


def is_known(expression: Expr, target: str) -> bool:
    """Whether the table has a way to write each number in it."""
    missing = set(EVERY_NODE) - nodes_of(target)
    return not any(expression.has(getattr(sympy, node, None) or getattr(S, node)) for node in missing)


def check(expression: Expr, target: str, at: dict[Expr, Rational]) -> None:
    """The target's value is right to rounding, or a ball contains it; a node that it does not know is refused."""
    if any(part.is_number and part.is_extended_real is not True for part in sympy.preorder_traversal(expression)):
        raise Outside
    if not is_known(expression, target):
        with pytest.raises(ta.numerics.UnsupportedNodeError, match="no way to write"):
            ta.numerics.compile(expression, target)
        return
    written_out = expression.subs(d, len(C))
    at = at | {IndexedBase("c", shape=(len(C),))[place]: Rational(str(v)) for place, v in enumerate(C)}
    unit = Float("1e-29", 60) if target == "mpmath" else Float(2, 60) ** -52
    exact, error = measured(written_out, at, unit)
    with mp.workdps(30):
        found = evaluated(expression, target, at)
        if target == "arb":
            with ctx.workprec(300):
                assert found.overlaps(arb(str(exact)) * (1 + arb(0, "1e-55"))), (found, exact)
            assert error > 1e-6 * abs(exact) + 1e-6 or found.is_finite()
        else:
            value = Float(str(found), 60) if target == "mpmath" else Float(float(found), 60)
            assert abs(value - exact) <= error, (found, exact, error)


POINTS = st.fixed_dictionaries({x: st.sampled_from(VALUES), y: st.sampled_from(VALUES)})


@pytest.mark.parametrize("target", printing.TABLE)
@given(expression=EXPRESSIONS, at=POINTS)
def test_random_expressions(target: str, expression: Expr, at: dict[Expr, Rational]) -> None:
    try:
        check(expression, target, at)
    except Outside:
        reject()


AWAY = {x: Rational(11, 4), y: Rational(-1, 4)}
BELOW = {x: Rational(-3), y: Rational(1, 2)}


@pytest.mark.parametrize("target", printing.TABLE)
@pytest.mark.parametrize("node", EVERY_NODE)
def test_each_node(node: str, target: str) -> None:
    """Of variables, of numbers alone, and inside of others; so that none depends on being drawn."""
    numbers = {"Rational": Rational(-7, 3), "Float": Float("0.1", 40)}
    alone = numbers.get(node) or (getattr(S, node) if is_constant(node) else None)
    if alone is None:
        expressions = [build(node, x, y), 2 / (3 + build(node, x * x / 3, x + y)), x * build(node, S.Pi / 7, S.Half)]
    elif alone.is_finite:
        expressions = [alone + x, alone * x, x**2 / alone]
    else:
        for infinite in (alone, Piecewise((x, x > 3), (alone, True))):
            found = evaluated(infinite, target, AWAY)
            assert found.abs_lower() > 1e300 if target == "arb" else float(found) == float(alone)
        return
    for expression in expressions:
        check(expression, target, AWAY)
        with suppress(Outside):  # a root or a logarithm
            check(expression, target, BELOW)


# --- what is refused ------------------------------------------------------------------------------------
def others() -> Iterator[Expr]:
    """All functions of SymPy of one or two arguments, constants, and what else an expression can hold."""
    for kind in {getattr(sympy.functions, name) for name in sympy.functions.__all__}:
        if not isinstance(kind, type) or kind.__name__ in EVERY_NODE:
            continue
        for arguments in ((z,), (z, y), (z, y, x)):
            try:
                made = kind(*arguments)
            except (TypeError, ValueError, AttributeError, NotImplementedError):
                continue
            if type(made) is kind:
                yield made
            break
    yield from (sympy.I * x, x**sympy.I, sympy.root(-2, 3) * x, S.TribonacciConstant * x, sympy.zoo * x, S.NaN)
    f = sympy.Function("f")
    yield from (f(x), sympy.Function("sin")(x), f(2), sympy.Derivative(f(x), x), sympy.Integral(f(x), x))
    yield from (sympy.Product(c[i], (i, 0, d - 1)), sympy.Lambda(x, x), c, x > 1, S.true)
    yield from (
        sympy.And(x > 1, y > 1),
        sympy.Tuple(x),
        Piecewise((x, x > 1)),
        Piecewise((x, (x > 1) & (y > 1)), (y, True)),
    )
    a = sympy.MatrixSymbol("a", 2, 2)
    yield from (
        a[0, 0],
        sympy.Inverse(a),
        sympy.Determinant(a),
        sympy.Trace(a) * Sum(c[i] * sympy.Trace(c[i] * a), (i, 0, d - 1)),
    )


@pytest.mark.parametrize("target", printing.TABLE)
def test_what_is_not_in_the_table_is_refused_at_once(target: str) -> None:
    listed = list(others())
    assert len(listed) > 100
    for expression in listed:
        with pytest.raises(ta.numerics.UnsupportedNodeError):
            ta.numerics.compile(expression, target)


@pytest.mark.parametrize("target", printing.TABLE)
def test_a_matrix_is_for_whole_arrays_only(target: str) -> None:
    a = sympy.MatrixSymbol("a", 2, 2)
    for expression in (sympy.Trace(a), sympy.Trace(a + sympy.Identity(2)), sympy.Trace(a * sympy.OneMatrix(2, 2))):
        if target in printing.ARRAY_TARGETS:
            assert float(ta.numerics.compile(expression, target)(np.eye(2))) in (2.0, 4.0)
        else:
            with pytest.raises(ta.numerics.UnsupportedNodeError):
                ta.numerics.compile(expression, target)


@pytest.mark.parametrize("target", FLOATING)
@pytest.mark.parametrize(
    "number",
    [Integer(10) ** 400, Rational(1, 10**320), Float("1e400"), Float("-1e-400"), sympy.exp(1000), sympy.exp(-(10**20))],
)
def test_a_number_beyond_the_doubles_is_refused(number: Expr, target: str) -> None:
    with pytest.raises(ta.numerics.UnsupportedNodeError, match="range of doubles"):
        ta.numerics.compile(x + number, target)
    with pytest.raises(ta.numerics.UnsupportedNodeError, match="exponent"):
        ta.numerics.compile(x ** (2**60 + 1), target)


# --- sums -------------------------------------------------------------------------------------------------
n, m = symbols("n m", integer=True, positive=True)
w, e = IndexedBase("w", shape=(d,)), IndexedBase("e", shape=(d,))
v, u, three = IndexedBase("v", shape=(n,)), IndexedBase("u"), IndexedBase("three")
j = Symbol("j", integer=True)
GIVEN = {
    "w": ("1/2", "3/10", "1/5"),
    "e": ("3", "2", "5/4"),
    "v": ("1", "7/3"),
    "u": ("1/2", "3/10", "1/5"),
    "three": ("1/2", "3/10", "1/7"),
    "z": "3/4",
    "i": "5",
}


def ranges(first: int) -> dict[str, Expr]:
    """Sums over whole arrays, counted from `first`."""
    along_i, along_k, along_j, along_v = (
        (index, first, size - 1 + first) for index, size in ((i, d), (k, d), (j, d), (j, n))
    )
    return {
        "two indices": Sum(w[i] * w[k] / (e[i] + 2 * e[k]), along_i, along_k),
        "three indices": Sum(w[i] * w[k] * e[j] / (e[i] + 2 * e[k] - e[j] / 7), along_i, along_k, along_j),
        "a sum in a sum": Sum(w[i] * Sum(w[k] / (e[i] + 2 * e[k] + z), along_k) ** 2, along_i),
        "three deep": Sum(w[i] * Sum(w[k] * Sum(e[j] / (e[i] + z * e[k] + 1), along_j), along_k), along_i),
        "a variance": Sum(w[i] * (e[i] - Sum(w[k] * e[k], along_k)) ** 2, along_i),
        "an index twice": Sum(w[i] * (e[i] - Sum(w[i] * e[i], along_i)) ** 2, along_i),
        "the first entry": Sum(w[i] * e[i] / (e[first] + e[i]), along_i),
        "the last entry": Sum(w[i] * e[i] / (e[first + 2] + 2 * e[i]), along_i) + e[first + 1] * z,
        "the index as a number": Sum(w[i] / (i + 1) + e[i] ** i + i * z, along_i),
        "both indices as numbers": Sum((i - 2 * k) * w[i] * e[k], along_i, along_k),
        "without the index": Sum(z, along_i) + Sum(w[k] * z, along_i, along_k) + Sum(3, along_i) + Sum(e[i], along_i),
        "the length": Sum(w[i], along_i) / d + sympy.sqrt(d) + Sum(w[i] * d, along_i),
        "two lengths": Sum(w[i] * v[j] / (e[i] + v[j]), along_i, along_v) + Sum(v[j], along_v),
        "no stated shape": Sum(u[i] * z, along_i),
        "a number of entries": Sum(three[i] * z, (i, first, first + 2)),
        "functions": Sum(
            sympy.sqrt(e[i]) * sympy.Max(w[i], z) + Piecewise((w[i], e[i] > 2), (sympy.exp(e[i]), True)), along_i
        ),
        "the name of an index": Sum(w[i] * e[i], along_i) + i,
        "twice in two places": Sum(w[i], along_i) ** 2 + Sum(w[k], along_k) + Sum(Sum(w[k], along_k) * e[i], along_i),
    }


@pytest.mark.parametrize("target", printing.TABLE)
@pytest.mark.parametrize("first", [0, 1])
def test_sums_are_what_they_say(target: str, first: int) -> None:
    """Against the sum written out by SymPy, in rational numbers; also where they are computed together."""
    numbers = {key: [Rational(entry) for entry in text] for key, text in GIVEN.items() if not isinstance(text, str)}
    exact = {}
    for name, expression in ranges(first).items():
        written_out = expression.subs({d: 3, n: 2}).doit()
        put = {a: numbers[str(a.base)][int(a.indices[0]) - first] for a in written_out.atoms(sympy.Indexed)}
        exact[name] = float(written_out.subs(put | {z: Rational(GIVEN["z"]), i: Rational(GIVEN["i"])}))
    compiled = ta.numerics.compile(list(ranges(first).values()), target)
    given: dict[str, Any] = dict(GIVEN)
    if target in printing.FLOAT_TARGETS:
        given = {
            key: float(Fraction(text)) if isinstance(text, str) else np.array([float(Fraction(t)) for t in text])
            for key, text in given.items()
        }
    with jax.enable_x64(True):
        found = compiled(**given)
    for (name, expected), value in zip(exact.items(), found, strict=True):
        assert float(value.mid() if target == "arb" else value) == pytest.approx(expected, rel=1e-14, abs=0), name
    if target not in ("numba", "jax"):  # which take a while to compile
        for name, expression in ranges(first).items():
            alone = ta.numerics.compile(expression, target)
            value = alone(**{key: given[key] for key in alone.arguments})
            assert float(value.mid() if target == "arb" else value) == pytest.approx(exact[name], rel=1e-14, abs=0), (
                name
            )


@pytest.mark.parametrize("target", ["numpy", "numba", "torch", "jax"])
def test_points_broadcast_around_every_index(target: str) -> None:
    """Spectra in a batch, and parameters with axes of their own, in a sum with two indices and numbers."""
    expression = Sum(w[i] * w[k] * (i + 2 * k) / (e[i] + z * e[k]) + i, (i, 1, d), (k, 1, d)) + Sum(
        v[j] * z * e[1], (j, 1, n)
    )
    rng = np.random.default_rng(1)
    W, E, V, Z = (
        rng.uniform(1, 2, (4, 1, 3)),
        rng.uniform(1, 2, (5, 3)),
        rng.uniform(1, 2, 2),
        rng.uniform(1, 2, (2, 1, 1)),
    )
    with jax.enable_x64(True):
        found = np.asarray(ta.numerics.compile(expression, target)(w=W, e=E, v=V, z=Z))
    assert found.shape == (2, 4, 5)
    for a, b, g in np.ndindex(2, 4, 5):
        ww, ee, zz = W[b, 0], E[g], Z[a, 0, 0]
        exact = (
            sum(
                ww[p] * ww[q] * (p + 1 + 2 * (q + 1)) / (ee[p] + zz * ee[q]) + p + 1 for p in range(3) for q in range(3)
            )
            + V.sum() * zz * ee[0]
        )
        assert found[a, b, g] == pytest.approx(exact, rel=1e-14, abs=0)


def test_an_index_that_no_sum_takes_up_is_the_last_axis() -> None:
    expression = e[i] * z - Sum(w[k] * e[k] / (e[i] + e[k]), (k, 0, d - 1)) / e[0]
    E, W, Z = np.array([3.0, 2.0, 1.25]), np.array([0.5, 0.3, 0.2]), np.array([1.0, 2.0])
    exact = E * Z[:, None] - (W * E / (E[:, None] + E)).sum(-1) / E[0]
    for target in printing.TABLE:
        if target in printing.ARRAY_TARGETS:
            with jax.enable_x64(True):
                np.testing.assert_allclose(ta.numerics.compile(expression, target)(e=E, w=W, z=Z), exact, rtol=1e-14)
        else:
            with pytest.raises(ta.numerics.UnsupportedNodeError, match="index that no sum takes up"):
                ta.numerics.compile(expression, target)


def test_an_index_of_the_class_for_indices() -> None:
    index = sympy.Idx("i", d)
    total = Sum(w[index] * (index + 1) * e[index], (index, 0, d - 1))
    for target in printing.TABLE:
        found = ta.numerics.compile(total, target)(w=[1, 2], e=[3, 5])
        assert float(found.mid() if target == "arb" else found) == 23.0


two_axes = IndexedBase("A")
REFUSED_SUMS = {
    "without the last": Sum(w[i], (i, 0, d - 2)),
    "from the third": Sum(w[i], (i, 2, d - 1)),
    "from the second or without the last": Sum(w[i], (i, 1, d - 1)),
    "one too many": Sum(w[i], (i, 0, d)),
    "another length": Sum(w[i], (i, 0, n - 1)),
    "infinite": Sum(w[i], (i, 0, sympy.oo)),
    "half": Sum(w[i], (i, 0, d / 2)),
    "a triangle": Sum(w[i] * e[k], (i, 0, k - 1), (k, 0, d - 1)),
    "an inner triangle": Sum(w[k] * Sum(w[i], (i, 0, k)), (k, 0, d - 1)),
    "an entry of an entry": Sum(w[e[i]], (i, 0, d - 1)),
    "the next entry": Sum(w[i + 1], (i, 0, d - 1)),
    "backwards": Sum(w[i] * e[d - 1 - i], (i, 0, d - 1)),
    "an entry that counts from 0 or 1": e[1] * z,
    "before the first": Sum(w[i] * e[-1], (i, 0, d - 1)),
    "before the first, from 1": Sum(w[i] * e[0], (i, 1, d)),
    "from 0 and from 1": Sum(w[i], (i, 0, d - 1)) + Sum(w[k] * e[k], (k, 1, d)),
    "two axes": Sum(two_axes[i, k], (i, 0, d - 1), (k, 0, d - 1)),
    "two free indices": e[i] * w[k],
    "a free index as a number": e[i] * i,
    "no array": Sum(z, (i, 0, d - 1)),
    "no array of that length": Sum(z**i, (i, 0, 5)) + Sum(w[i], (i, 0, d - 1)),
    "two lengths": Sum(u[i], (i, 0, d - 1)) + Sum(u[j], (j, 0, n - 1)),
    "an offset": Sum(IndexedBase("shifted", shape=(d,), offset=1)[i], (i, 0, d - 1)),
}


@pytest.mark.parametrize("target", printing.TABLE)
@pytest.mark.parametrize("case", REFUSED_SUMS)
def test_other_sums_are_refused(case: str, target: str) -> None:
    with pytest.raises(ta.numerics.UnsupportedNodeError):
        ta.numerics.compile(REFUSED_SUMS[case], target)


# --- gradients -----------------------------------------------------------------------------------------
SINGULAR = {
    "sqrt": (sympy.sqrt(z), 0.0),
    "cube root": (sympy.cbrt(z), 0.0),
    "log": (sympy.log(z), 0.0),
    "quotient": (1 / z, 0.0),
    "exp": (sympy.exp(-1 / z), 0.0),
    "overflow": (sympy.exp(-z), -1e6),
    "high power": (z**9, -1e60),
    "cosh": (sympy.cosh(z), -1e6),
    "negative": (z ** Rational(-3, 2) + sympy.log(z), -3.0),
    "float": (z ** Float(-1.5), 0.0),
    "power": (2 ** (-z), -1e6),
    "shared": (sympy.sqrt(z) * sympy.log(z) + sympy.sqrt(z), 0.0),
}


@pytest.mark.parametrize("case", SINGULAR)
def test_gradient_of_a_case_that_is_not_taken(case: str) -> None:
    """First, middle or last case, inside another, and in a sum."""
    bad, at = SINGULAR[case]
    for expression in (
        Piecewise((bad, z > 0), (2 * z, True)),
        Piecewise((2 * z, z <= 0), (bad, True)),
        Piecewise((z, z > 3), (bad, z > 0), (2 * z, True)),
        Piecewise((Piecewise((bad, z > 1), (bad**2, True)), z > 0), (2 * z, True)),
        Piecewise((Sum(w[i] * bad / (e[i] + bad), (i, 0, d - 1)), z > 0), (2 * z, True)),
        bad.subs(z, z**2 + 1) * 0 + Piecewise((bad + bad**2, z > 0), (2 * z, True)),
    ):
        point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        arrays = {"w": [0.5, 0.5], "e": [1.0, 2.0]} if expression.has(Sum) else {}
        compiled = ta.numerics.compile(expression, "torch")
        compiled(z=point, **arrays).backward()
        assert float(point.grad) == 2.0  # type: ignore[arg-type]
        with jax.enable_x64(True):
            compiled = ta.numerics.compile(expression, "jax")
            assert float(jax.grad(lambda t: compiled(z=t, **arrays))(at)) == 2.0  # noqa: B023
            assert float(jax.grad(jax.grad(lambda t: compiled(z=t, **arrays)))(at)) == 0.0  # noqa: B023
        with np.errstate(all="raise"):
            assert float(ta.numerics.compile(expression)(z=at, **arrays)) == 2 * at


def test_a_guard_changes_no_value() -> None:
    """Also where the argument is not a number, for which every comparison is false."""
    expression = Piecewise((sympy.log(z), z > 2), (sympy.sqrt(z + 1), z > 0), (1 / (z - 3), True))
    for target in ("numpy", "torch", "jax"):
        with jax.enable_x64(True):
            found = np.asarray(ta.numerics.compile(expression, target)([4.0, 1.0, -1.0, np.nan]))
        np.testing.assert_allclose(found, [np.log(4.0), np.sqrt(2.0), -0.25, np.nan], rtol=1e-15)


def test_gradients_of_the_library_where_a_case_is_singular() -> None:
    """tau_order is infinite for ridge >= s; at ridge = s its other case divides by zero."""
    from taskalign.numerics.generated import torch_algebra

    s = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    order = torch_algebra.tau_order(s, torch.tensor(1.0, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64))
    (slope,) = torch.autograd.grad(order, s)
    assert float(order.detach()) == float("inf")
    assert float(slope) == 0.0
