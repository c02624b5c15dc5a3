"""One table of nodes for every backend: round trips, means, and loud refusals."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
import torch
from flint import arb, ctx, fmpq
from mpmath import mp, mpf
from sympy import (
    Abs,
    Dummy,
    Eq,
    Expr,
    Float,
    Function,
    IndexedBase,
    Integer,
    MatrixSymbol,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    Trace,
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
            assert float(evaluate(given)) == pytest.approx(expected, rel=1e-15, abs=0)


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
    assert value(compiled(EIGENVALUES, WEIGHTS, a=0.5, z=0.5)) == pytest.approx(expected, rel=1e-15, abs=0)


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
        assert float(result.resolvent_trace[i, j]) == pytest.approx(expected, rel=1e-14, abs=0)


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
    assert float(a.grad) == pytest.approx(-2.0 / 4.0, rel=1e-12, abs=0)


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


# --- what a call takes -----------------------------------------------------------------------------------
d, i = symbols("d i", integer=True)
c, w = IndexedBase("c", shape=(d,)), IndexedBase("w", shape=(d,))
MEAN = Sum(w[i] * c[i] / (x + c[i]), (i, 0, d - 1))
MASKED = np.ma.masked_greater([1.0, 2.0], 1.5)


@pytest.mark.parametrize("target", printing.TABLE)
@pytest.mark.parametrize("bad", [1j, np.complex128(1j), np.array([1 + 1j]), MASKED, [np.ma.masked, 1.0], None])
def test_what_is_not_real_is_refused(bad: Any, target: str) -> None:
    """Imaginary parts and masks are not cut off."""
    with pytest.raises(ta.numerics.InputError, match="x: "):
        ta.numerics.compile(x**2, target)(x=bad)
    with pytest.raises(ta.numerics.InputError, match="c: "):
        ta.numerics.compile(MEAN, target)(x=1, w=[1, 1], c=bad)
    if target in ("torch", "jax"):
        with pytest.raises(ta.numerics.InputError, match="x: complex"):
            ta.numerics.compile(x**2, target)({"torch": torch.tensor, "jax": jnp.asarray}[target](1j))


def test_complex_numbers_where_the_target_has_them() -> None:
    z = Symbol("z")
    assert ta.numerics.compile(sqrt(z) + 1 / z, "mpmath")(mp.mpc(-1, 0)) == mp.mpc(-1, 1)
    assert ta.numerics.compile(z**2, "mpmath")(1j) == -1


def test_a_long_array_is_refused_in_one_line() -> None:
    with pytest.raises(ta.numerics.InputError) as refused:
        ta.numerics.compile(x**2)(np.full((40, 40), 1j))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("target", printing.TABLE)
def test_lengths_must_fit(target: str) -> None:
    """No array is stretched or cut to the length of another."""
    compiled = ta.numerics.compile(MEAN, target)
    for given in ({"c": [1, 2], "w": [1, 2, 3]}, {"c": [1, 2, 3], "w": [1]}, {"c": [1, 2], "w": 1}):
        with pytest.raises(ta.numerics.InputError, match=r"w: "):
            compiled(x=1, **given)
    with pytest.raises(ta.numerics.InputError, match=r"c: 2 entries are not allowed, must be at least 3"):
        ta.numerics.compile(c[2] * Sum(w[i], (i, 0, d - 1)), target)(c=[1, 2], w=[1, 2])
    u = IndexedBase("u")
    for wrong in ([1, 2], [1, 2, 3, 4]):
        with pytest.raises(ta.numerics.InputError, match=r"u: \d entries are not allowed, must be 3"):
            ta.numerics.compile(Sum(u[i], (i, 1, 3)), target)(u=wrong)
    assert value(ta.numerics.compile(c[2] * Sum(w[i], (i, 0, d - 1)), target)(c=[1, 2, 5], w=[1, 1, 1])) == 15


def test_shapes_must_fit() -> None:
    with pytest.raises(ta.numerics.InputError, match="shapes do not broadcast"):
        ta.numerics.compile(x + y)([1.0, 2.0], [1.0, 2.0, 3.0])
    a = MatrixSymbol("a", 2, 2)
    compiled = ta.numerics.compile(x * Trace(a))
    with pytest.raises(ta.numerics.InputError, match="a: shape"):
        compiled(a=np.ones((3, 2, 2)), x=1.0)
    with pytest.raises(ta.numerics.InputError, match="x: shape"):
        compiled(a=np.eye(2), x=np.ones(2))
    assert float(compiled(a=np.eye(2), x=3.0)) == 6.0


@pytest.mark.parametrize("target", ["mpmath", "arb"])
def test_a_target_of_single_numbers_takes_no_arrays_of_points(target: str) -> None:
    for many in ([1, 2], np.array([1, 2])):
        with pytest.raises(ta.numerics.InputError, match=r"x: .*must be one number"):
            ta.numerics.compile(x + 1, target)(x=many)
    found = ta.numerics.compile(MEAN, target)(x=1, c=np.array([1, 3]), w=np.array([1, 4]))
    assert value(found) == pytest.approx(3.5, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "integers", [[1000], np.array([1000]), np.array([1000], dtype=object), torch.tensor([1000]), jnp.array([1000])]
)
def test_integers_do_not_overflow(integers: Any) -> None:
    target = "torch" if isinstance(integers, torch.Tensor) else "jax" if isinstance(integers, jax.Array) else "numpy"
    found = ta.numerics.compile(x**7 * 2**40, target)(integers)
    assert float(found[0]) == pytest.approx(1e21 * 2**40, rel=1e-6, abs=0)


def test_precision_of_what_torch_is_given() -> None:
    """Constants, cases and maxima in the precision of the tensors, or double where there are none."""
    expressions = [Max(x, Rational(1, 3)), Piecewise((Rational(1, 3), x > 0), (2, True)), pi + 0 * Symbol("x"), x / 3]
    for kind in (torch.float64, torch.float32):
        found = ta.numerics.compile(expressions, "torch")(torch.tensor(0.25, dtype=kind))
        assert {result.dtype for result in found} == {kind}
        rounding = torch.finfo(kind).eps
        for result, exact in zip(found, (1 / 3, 1 / 3, np.pi, 0.25 / 3), strict=True):
            assert float(result) == pytest.approx(exact, rel=rounding, abs=0)
    torch.set_default_dtype(torch.float32)
    for result in (
        ta.numerics.compile(expressions, "torch")(0.25),
        ta.numerics.compile(expressions, "torch")(torch.tensor(1)),
    ):
        assert {value.dtype for value in result} == {torch.float64}


def test_memory_that_a_tensor_cannot_share() -> None:
    array = np.arange(3.0)[::-1]
    array.flags.writeable = False
    assert ta.numerics.compile(x + 1, "torch")(array).tolist() == [3.0, 2.0, 1.0]


def test_tensors_for_another_target() -> None:
    assert isinstance(ta.numerics.compile(sqrt(x))(torch.tensor([4.0])), np.ndarray)
    with pytest.raises(ta.numerics.InputError, match="x: "):
        ta.numerics.compile(sqrt(x))(torch.tensor([4.0], requires_grad=True))


@pytest.mark.parametrize("target", printing.TABLE)
def test_numbers_without_arguments(target: str) -> None:
    compiled = ta.numerics.compile([Rational(1, 3), sqrt(2), 2], target)
    assert compiled.arguments == ()
    with jax.enable_x64(True):
        found = compiled()
    assert [value(v) for v in found] == pytest.approx([1 / 3, 2**0.5, 2], rel=1e-15, abs=0)
    assert len({type(v) for v in found}) == 1
    with pytest.raises(ta.numerics.InputError, match="too many 1"):
        compiled(1)


# --- what can be compiled ---------------------------------------------------------------------------------
NAMES = "np torch jnp math mp arb fmpq prod abs max sum len range float int sorted at0 at1 mean0 along0 x0 x1 result0 "
NAMES += "given0 out0 compiled evaluate wrapped print target self_ i d_"


@pytest.mark.parametrize("target", printing.TABLE)
def test_names_that_the_source_uses_itself(target: str) -> None:
    names = [*NAMES.split(), "self", "args", "kwargs"]
    named = [Symbol(name) for name in names]
    shared = sum((k + 1) * symbol for k, symbol in enumerate(named))
    mean = Sum(w[i] * shared / (c[i] + Sum(w[i] * c[i], (i, 0, d - 1))), (i, 0, d - 1))
    compiled = ta.numerics.compile(
        [shared**2 + mean, sqrt(shared) + Abs(shared) + Max(shared, 1) + exp(-shared)], target
    )
    assert set(compiled.arguments) == {*names, "c", "w"}
    given = {name: Fraction(k, 7) for k, name in enumerate(names)}
    total = sum((k + 1) * Fraction(k, 7) for k in range(len(names)))
    C, W = [Fraction(1), Fraction(3)], [Fraction(1, 4), Fraction(3, 4)]
    middle = sum(a * b for a, b in zip(C, W, strict=True))
    exact = float(total**2 + sum(b * total / (a + middle) for a, b in zip(C, W, strict=True)))
    with jax.enable_x64(True):
        found = compiled(*(({"c": C, "w": W} | given)[name] for name in compiled.arguments))
    assert value(found[0]) == pytest.approx(exact, rel=1e-14, abs=0)
    t = float(total)
    assert value(found[1]) == pytest.approx(np.sqrt(t) + 2 * t + np.exp(-t), rel=1e-14, abs=0)


@pytest.mark.parametrize("target", printing.TABLE)
def test_two_things_of_one_name_are_refused(target: str) -> None:
    plain = Symbol("x")
    for expression in (
        plain + x,
        Dummy("x") + plain,
        Symbol("c") * MEAN,
        Symbol("d") * MEAN,
        MatrixSymbol("x", 1, 1)[0, 0] + x,
    ):
        with pytest.raises(ta.numerics.UnsupportedNodeError):
            ta.numerics.compile(expression, target)
    with pytest.raises(ta.numerics.UnsupportedNodeError, match="2 different symbols have the name 'x'"):
        ta.numerics.compile([plain, x], target)
    assert value(ta.numerics.compile(Dummy("q") ** 2, target)(q=3)) == 9


RUN = "__import__('pathlib').Path({!r}).touch()"


def test_no_text_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = RUN.format(str(ran))
    attempts: list[Any] = [code, [code], [[code]], [(code,)], [{code}], [{code: 1}], {code: 1}, {code}, code.encode()]
    attempts += [
        [code.encode()],
        ((code,),),
        [np.array([code])],
        [x, [code]],
        iter([code]),
        [None],
        None,
        True,
        object(),
    ]
    for attempt in attempts:
        with pytest.raises(ta.numerics.InputError, match="expression_or_names: "):
            ta.numerics.compile(attempt)
    for name in (f"x+{code}", "x y", "class", "ﬁ", "1x", "x)\n    " + code):
        with pytest.raises(ta.numerics.InputError, match="not a Python name"):
            ta.numerics.compile(Symbol(name) + 1)
        with pytest.raises(ta.numerics.InputError):
            ta.numerics.compile(Sum(IndexedBase(name)[i], (i, 0, d - 1)))
    assert not ran.exists()


def test_plain_numbers_and_equations_are_expressions() -> None:
    assert float(ta.numerics.compile([2, 0.5, Eq(y, x**2)])(x=3).value2) == 9.0
    assert float(ta.numerics.compile(Eq(y, x**2))(x=3)) == 9.0


# --- copies -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("target", printing.TABLE)
def test_copies_give_what_the_original_gives(target: str) -> None:
    compiled = ta.numerics.compile([MEAN, x**2], target)
    given = {"x": 2, "c": [1, 3], "w": [1, 4]}
    for copied in (
        pickle.loads(pickle.dumps(compiled)),
        cloudpickle.loads(cloudpickle.dumps(compiled)),
        copy.copy(compiled),
        copy.deepcopy(compiled),
    ):
        assert copied == compiled
        assert hash(copied) == hash(compiled)
        found = copied(**given)
        assert [value(v) for v in found] == [value(v) for v in compiled(**given)]
        assert [value(v) for v in found] == pytest.approx([1 / 3 + 12 / 5, 4], rel=1e-6, abs=0)
        if target != "arb":  # balls themselves do not pickle
            again = pickle.loads(pickle.dumps(found))
            assert again._fields == ("value0", "value1")
            assert [value(v) for v in again] == [value(v) for v in found]


def test_a_worker_process_can_evaluate() -> None:
    compiled = ta.numerics.compile([MEAN, x**2])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(compiled, x=2.0, c=[1.0, 3.0], w=[1.0, 4.0]).result(timeout=120)
    assert found.value1 == 4.0
    assert found.value0 == pytest.approx(1 / 3 + 12 / 5, rel=1e-15, abs=0)


# --- numbers -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("target", printing.TABLE)
def test_powers_of_negative_numbers(target: str) -> None:
    """By multiplication, not by exp(y log x)."""
    z = Symbol("z")
    with jax.enable_x64(True):
        assert value(ta.numerics.compile(z**z, target)(-3)) == pytest.approx(-1 / 27, rel=1e-15, abs=0)
        assert value(ta.numerics.compile(2**z, target)(3)) == 8
        assert value(ta.numerics.compile((-2) ** z, target)(3)) == -8
        assert value(ta.numerics.compile(z ** (y + 1), target)(y=4, z=-2)) == -32
        if target != "arb":
            assert value(ta.numerics.compile(z ** Float(3.0), target)(-2)) == -8


@pytest.mark.parametrize("target", printing.TABLE)
def test_unevaluated_numbers(target: str) -> None:
    """A quotient of integers is no float where the target has more digits, and no part loses its place."""
    third = Pow(3, -1, evaluate=False)
    z = Symbol("z")
    for expression, exact in (
        (z + third, Rational(7, 3)),
        (Mul(2, third, evaluate=False) + z, Rational(8, 3)),
        (y * Pow(Pow(z, -2, evaluate=False), -1, evaluate=False), Integer(20)),
        (y / (z ** Mul(-1, third, evaluate=False)), 5 * sympy.cbrt(2)),
        (Piecewise((1, z > 0), (2, True)) / 3, Rational(1, 3)),
        (sqrt(Piecewise((2, z > 0), (3, True))), sqrt(2)),
        (Piecewise((3, z > 0), (2, True)) ** 70, Integer(3) ** 70),
        (log(Rational(1, 2)) ** z, log(2) ** 2),
    ):
        compiled = ta.numerics.compile(expression, target)
        with mp.workdps(40), jax.enable_x64(True):
            found = compiled(**{name: {"z": 2, "y": 5}[name] for name in compiled.arguments})
            digits = 38 if target == "mpmath" else 15
            number = mp.mpf(str(exact.evalf(45)))
            result = mp.mpf(str(found)) if target == "mpmath" else value(found)
            assert abs(result - number) <= abs(number) * mp.mpf(10) ** -digits
            if target == "arb":
                with ctx.workprec(400):
                    assert found.overlaps(arb(str(exact.evalf(45))) * (1 + arb(0, "1e-44")))


def test_floats_of_many_digits() -> None:
    z = Symbol("z")
    with mp.workdps(50):
        assert ta.numerics.compile(z * Float(1 / 3), "mpmath")(1) == mpf(1 / 3)
        assert abs(ta.numerics.compile(z * Float("0.1", 45), "mpmath")(1) * 10 - 1) < mpf(10) ** -44
        assert ta.numerics.compile(z * Float("-1e-400"), "mpmath")(1) == mpf(Float("-1e-400")._mpf_)


def test_balls_of_powers_around_zero() -> None:
    z = Symbol("z")
    for n in (2, 3, 5, 8, 40):
        for expression in (z**n, (z + y) ** n, x**n):
            compiled = ta.numerics.compile(expression, "arb")
            ball = compiled(**{name: arb(0, "0.5") if name != "y" else 0 for name in compiled.arguments})
            assert ball.is_finite()
            assert ball.contains(fmpq(1, 4) ** n)
            assert not ball.contains(1)
