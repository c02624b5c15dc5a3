"""Enclosures hold the true values, and are as small as promised."""

from __future__ import annotations

import ast
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import taskalign as ta
from taskalign.numerics import enclose, generate, precise, solvers
from taskalign.numerics.enclose import _Equations
from taskalign.numerics.exact import as_ball, as_fraction, exact_point

from .. import oracle
from .strategies import Point, points
from .test_extremes import ALL_EQUAL, LARGE_RIDGE, NEARLY_DOUBLE, TINY_GAP

NAMES = ("t", "s", "sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar", "A", "B")
CASES = json.loads((Path(__file__).parents[1] / "reference" / "cases.json").read_text())["cases"]


def rational(x: mpf | Fraction) -> fmpq:
    """The number, exactly."""
    if isinstance(x, Fraction):
        return fmpq(x.numerator, x.denominator)
    sign, mantissa, exponent, _ = x._mpf_
    return fmpq(int(-mantissa if sign else mantissa)) * fmpq(2) ** int(exponent)


def agrees(ball: arb, x: mpf | Fraction, digits: int) -> bool:
    """Whether a ball reaches to a number that agrees with x to that many digits."""
    with flint.ctx.workprec(4 * digits + 100):
        middle = arb(rational(x))
        return bool(ball.overlaps(middle + abs(middle) * arb(0, fmpq(1, 10**digits))))


def relative_radius(x: arb) -> float:
    return 0.0 if x.is_exact() else float(x.rad() / abs(x.mid()))


def all_values(found: Any, eigenvalues: list[Any]) -> dict[str, Any]:
    values = {name: getattr(found, name) for name in NAMES}
    return values | {f"{f}({c})": getattr(found, f)(c) for f in ("F", "dF", "K") for c in eigenvalues}


def test_reference_cases() -> None:
    """Every ball holds a number that rounds to the reference, which has 40 digits, and is itself far smaller."""
    for case in CASES:
        given = case["input"]
        parameters = {name: given[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")}
        found = enclose(given["eigenvalues"], given["multiplicities"], **parameters, digits=45)
        error = found.icl_error(given["test"], alpha_test=given["alpha_test"])
        values = [getattr(found, name) for name in ("sigma", "effective_ridge", "M", "dM", "q")]
        values += [getattr(error, name) for name in ("scalar", "misalignment", "total")]
        values += [found.K(c) for c in given["eigenvalues"]]
        names = ("sigma", "effective_ridge", "M", "dM", "q", "scalar", "misalignment", "total")
        texts = [*(case["output"][name] for name in names), *case["output"]["K"]]
        assert len(values) == len(texts)
        with mp.workdps(60):
            for ball, text in zip(values, texts, strict=True):
                assert relative_radius(ball) < 1e-45
                assert agrees(ball, mpf(text), 39), (ball.str(50), text)


@given(point=points())
@example(point=NEARLY_DOUBLE)
@example(point=TINY_GAP)
@example(point=LARGE_RIDGE)
@example(point=ALL_EQUAL)
def test_against_many_digits(point: Point) -> None:
    """Balls of 20 digits hold the values of 50, over the whole range of parameters."""
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    found = all_values(enclose(spectrum, **point.parameters, digits=20), point.eigenvalues)
    exact = all_values(precise(spectrum, **point.parameters, digits=50), point.eigenvalues)
    with mp.workdps(60):
        for name, ball in found.items():
            assert relative_radius(ball) < 1e-20, name
            assert agrees(ball, exact[name], 48), name


@settings(max_examples=30)
@given(point=points())
def test_against_the_papers_equations(point: Point) -> None:
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    found = enclose(spectrum, **point.parameters, digits=15)
    theirs = oracle.solve(spectrum.eigenvalues, spectrum.weights, **point.parameters, digits=30)
    with mp.workdps(60):
        for name in ("sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar"):
            assert agrees(getattr(found, name), getattr(theirs, name), 27), name


@given(point=points(), digits=st.integers(1, 200))
def test_radius_shrinks_with_digits(point: Point, digits: int) -> None:
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    found = all_values(enclose(spectrum, **point.parameters, digits=digits), point.eigenvalues)
    finer = all_values(enclose(spectrum, **point.parameters, digits=digits + 20), point.eigenvalues)
    for name, ball in found.items():
        assert ball.is_exact() or ball.rad() <= abs(ball.mid()) * fmpq(1, 10**digits), name
        assert ball.overlaps(finer[name]), name


def test_a_thousand_digits() -> None:
    found = enclose([0, 2], alpha=50, tau="3/10", kappa=1, rho=1, digits=1000)
    with mp.workdps(1050):
        exact = precise([0, 2], alpha=50, tau="3/10", kappa=1, rho=1, digits=1000)
        assert agrees(found.K(2), exact.K(2), 999)
    low, high = found.bracket
    assert 0 < high - low < Fraction(1, 10**1000)


# --- input ------------------------------------------------------------------------------------------
def test_every_kind_of_exact_input_is_the_same() -> None:
    given: dict[str, Any] = {"alpha": 50, "tau": Fraction(3, 10), "kappa": 1, "rho": Fraction(1, 2)}
    binary: dict[str, Any] = given | {"tau": 0.3}
    first = enclose([0, Fraction(1, 4)], [1, 3], **given)
    for point in (
        enclose(["0", "0.25"], ["1", "3"], alpha="50", tau="0.3", kappa="1", rho="1/2"),
        enclose([0.0, 0.25], [1.0, 3.0], alpha=50.0, tau="3/10", kappa=1.0, rho=0.5),
        enclose([fmpq(0), fmpq(1, 4)], [fmpq(1), fmpq(3)], alpha=arb(50), tau=fmpq(3, 10), kappa=arb(1), rho=arb(0.5)),
        enclose(ta.Spectrum([0.0, 0.25], [1.0, 3.0]), **given),
    ):
        assert point.bracket == first.bracket
    # a float is taken with all its binary digits, which are not three tenths
    assert not enclose([0, "1/4"], [1, 3], **binary).sigma.overlaps(first.sigma)


def test_the_start_does_not_matter() -> None:
    """Without double precision the search starts from the upper bound, and ends at the same root."""
    for regime in ({"tau": 4}, {"tau": "1/2"}, {"tau": "1/2", "ridge": "1/7"}, {"tau": 1, "ridge": "1e-9"}):
        common: dict[str, Any] = {"alpha": 2, "kappa": "1/3", "rho": 0} | regime
        found = enclose([0, 1, 3], **common)
        with solvers.plain_below(100):
            assert found.t.overlaps(enclose([0, 1, 3], **common).t)


@pytest.mark.parametrize(
    "given",
    [
        {"tau": "1/2", "rho": "1e-400"},
        {"tau": 3, "alpha": "1e-400"},
        {"tau": "1e-400"},
        {"tau": "1e400", "kappa": "1e-330"},
        {"tau": 1, "ridge": "1e-100"},
        {"tau": "1/2", "ridge": "1e500"},
        {"tau": "1/2", "eigenvalues": ["1e-400", "1e400"]},
    ],
    ids=str,
)
def test_far_beyond_double_precision(given: dict[str, Any]) -> None:
    common: dict[str, Any] = {"eigenvalues": [0, 1, 3], "alpha": 2, "kappa": "1/3", "rho": 0} | given
    found = enclose(**common, digits=20)
    finer = enclose(**common, digits=40)
    for name in NAMES:
        assert relative_radius(getattr(found, name)) < 1e-20
        assert getattr(found, name).overlaps(getattr(finer, name))


def test_equal_noise_and_effective_ridge() -> None:
    """Where lt is s exactly, the cases of g cannot be told apart, and both hold."""
    # one atom at 1, kappa = 1: chosen so that the root is rational
    t, kappa, ridge = Fraction(1, 2), Fraction(2), Fraction(1, 10)
    D = 1 / (1 + t)
    sigma = t * (kappa - D) / kappa
    s = sigma / 2
    tau = (1 - s * (1 - D) / sigma) / (1 - ridge / s)
    found = enclose([1], alpha=1 / s, tau=tau, kappa=kappa, rho=0, ridge=ridge)
    for name, exact in {"t": t, "sigma": sigma, "effective_ridge": s}.items():
        assert agrees(getattr(found, name), exact, 60)


# --- intervals --------------------------------------------------------------------------------------
def ball(low: Fraction, high: Fraction) -> arb:
    with flint.ctx.workprec(300):
        return arb(fmpq(low.numerator, low.denominator)).union(arb(fmpq(high.numerator, high.denominator)))


@settings(max_examples=25)
@given(point=points(), seed=st.integers(0, 2**32), width=st.sampled_from([1e-12, 1e-6, 1e-3]))
def test_intervals_hold_every_inner_solution(point: Point, seed: int, width: float) -> None:
    rng = np.random.default_rng(seed)

    def interval(x: float) -> tuple[Fraction, Fraction]:
        return Fraction(x) * Fraction(1 - width), Fraction(x) * Fraction(1 + width)

    def within(x: tuple[Fraction, Fraction]) -> Fraction:
        share = Fraction(float(rng.choice([0.0, 1.0, rng.random()])))
        return x[0] + (x[1] - x[0]) * share

    listed = [interval(c) for c in point.eigenvalues], [interval(w) for w in point.weights]
    parameters = {name: interval(value) for name, value in point.parameters.items()}
    if point.parameters["ridge"] == 0 and parameters["tau"][0] <= 1 <= parameters["tau"][1]:
        return
    try:
        wide = enclose(
            *([ball(*x) for x in part] for part in listed),
            **{name: ball(*x) for name, x in parameters.items()},
            digits=20,
        )
    except ta.ConvergenceError:
        return  # too wide for this point
    for _ in range(3):
        c, w = ([within(x) for x in part] for part in listed)
        inner = enclose(c, w, **{name: within(x) for name, x in parameters.items()}, digits=40)
        for name in NAMES:
            assert getattr(wide, name).contains(getattr(inner, name)), name
        for k, x in enumerate(listed[0]):
            assert wide.K(ball(*x)).contains(inner.K(c[k]))


def test_small_intervals_give_small_answers() -> None:
    """A change of 1e-9 in the input moves the answers by little more."""
    parts = {"alpha": 2, "tau": "1/2", "kappa": 1, "rho": "1/100"}
    wide: dict[str, Any] = {
        name: arb(fmpq(Fraction(v).numerator, Fraction(v).denominator), 1e-9) for name, v in parts.items()
    }
    found = enclose([arb(0, 1e-9), arb(1, 1e-9), arb(3, 1e-9)], **wide)
    for name in NAMES:
        assert relative_radius(getattr(found, name)) < 1e-6, name


def test_tau_on_both_sides_of_one_with_a_ridge() -> None:
    wide = enclose([1, 2], alpha=2, tau=arb(1, 1e-6), kappa=1, rho=1, ridge="1/10")
    for tau in ("0.9999995", 1, "1.0000005"):
        inner = enclose([1, 2], alpha=2, tau=tau, kappa=1, rho=1, ridge="1/10")
        for name in NAMES:
            assert getattr(wide, name).contains(getattr(inner, name)), name
    assert relative_radius(wide.q) < 1e-3


@pytest.mark.parametrize("exponent", [30, 40, 200])
def test_balls_next_to_the_pole_are_as_small_as_their_input(exponent: int) -> None:
    """tau is known exactly, the noise to ten digits: so is q, though 1 - tau loses all digits of the arithmetic."""
    given: dict[str, Any] = {"alpha": 2, "tau": 1 + Fraction(1, 10**exponent), "kappa": 2}
    wide = enclose([0, 1, 3], **given, rho=arb("0.1", 1e-10), digits=20)
    assert relative_radius(wide.q) < 1e-7
    assert wide.q.contains(enclose([0, 1, 3], **given, rho="1/10", digits=40).q)


def test_a_ball_may_reach_beyond_what_is_allowed() -> None:
    """It stands for its allowed part: an eigenvalue around zero is one from zero up."""
    wide = enclose([arb(0, 1e-3), 1], alpha=2, tau=2, kappa=1, rho=0)
    for c in (0, "0.0005", "0.001"):
        inner = enclose([c, 1], alpha=2, tau=2, kappa=1, rho=0)
        assert wide.K(arb(0, 1e-3)).contains(inner.K(c))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digits": 0}, "digits: 0"),
        ({"alpha": 0}, "alpha: 0"),
        ({"kappa": arb(-1, 0.5)}, "kappa: "),
        ({"alpha": arb("inf")}, "alpha: "),
        ({"rho": arb("nan")}, "rho: "),
        ({"tau": 1}, "tau: 1 is not allowed"),
        ({"tau": arb(1, 0.1)}, "must not hold 1"),
        ({"ridge": arb(0, 0.1)}, "ridge: "),
        ({"eigenvalues": [0, 0]}, "eigenvalues: all zero"),
        ({"eigenvalues": [arb(-2, 1), 1]}, "eigenvalues: .* index 0"),
        ({"eigenvalues": "12"}, "eigenvalues: "),
        ({"weights": [1]}, "weights: 1 of them"),
        ({"alpha": "x"}, "alpha: 'x'"),
    ],
    ids=str,
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"eigenvalues": [1, 2], "alpha": 2, "tau": 2, "kappa": 1, "rho": 0} | change
    with pytest.raises(ValueError, match=message):
        enclose(**given)


def test_balls_too_wide() -> None:
    with pytest.raises(ta.ConvergenceError, match="give smaller ones"):
        enclose([1, 2], alpha=arb(1, 2), tau=2, kappa=1, rho=0)


def test_bad_test_covariance() -> None:
    found = enclose([1, 2], alpha=2, tau=2, kappa=1, rho=0)
    with pytest.raises(ValueError, match="test: 1 entries"):
        found.icl_error([1])
    for (test, more), message in (
        (([-1, 1], {}), "test: -1"),
        (([1, 1], {"alpha_test": 0}), "alpha_test: 0"),
        (([1, 1], {"rho_test": "-1/2"}), "rho_test: -1/2"),
    ):
        with pytest.raises(ValueError, match=message):
            found.icl_error(test, **more)
    with pytest.raises(ValueError, match="c: -1"):
        found.K(-1)


def test_a_ball_is_no_number() -> None:
    """The middle of a ball is not its value."""
    with pytest.raises(ValueError, match="alpha: "):
        as_fraction(arb(2, 1), "alpha")
    assert as_fraction(arb(1) / 2, "alpha") == Fraction(1, 2)


def test_global_precision_is_left_alone() -> None:
    flint.ctx.prec = 77
    found = enclose([1, 2], alpha=2, tau=2, kappa=1, rho=0)
    found.icl_error([1, 1])
    with pytest.raises(ValueError, match="c: "):
        found.K(-1)
    assert flint.ctx.prec == 77


def test_no_float_in_the_interval_code() -> None:
    """A float would be taken for an exact number, and the enclosure would be of something else."""
    source = generate.module_source("arb")
    constants = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    assert constants
    assert not [value for value in constants if isinstance(value, (float, complex))]
    # nor a division of two integers, which would make one
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            assert not (isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant))


# --- signs that are a proof -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "regime",
    [
        {"tau": 4, "kappa": "1/4"},
        {"tau": "1/2", "kappa": "1/4"},
        {"tau": "1/4", "kappa": "1/2"},
        {"tau": "1/2", "kappa": 3},
        {"tau": "1/2", "kappa": "1/4", "ridge": "1/100"},
        {"tau": 4, "kappa": "1/4", "ridge": "1/100"},
        {"tau": 1, "kappa": 3, "ridge": 10},
    ],
    ids=str,
)
@pytest.mark.parametrize("alpha", [2, 10**6])
def test_a_sign_below_the_root_is_taken_on_the_branch_alone(regime: dict[str, Any], alpha: Any) -> None:
    """Beyond the branch g is negative too at some points, and some of its factors: nothing is proved there."""
    given: dict[str, Any] = {"eigenvalues": [0, "1/3", 1], "weights": [1, 3, 6], "alpha": alpha, "rho": 1} | regime
    low, high = enclose(**given).bracket
    point = exact_point(**{"ridge": 0} | given, number=as_ball)
    with flint.ctx.workprec(200):
        equations = _Equations(point)
        below = []
        for k in range(-60, 30):
            t = arb(rational(low)) * arb(fmpq(5, 4)) ** k
            if equations._is_below(t):
                below.append(k)
            D = equations._learned(t)
            on_branch = equations.kappa > D and (equations.regime != "below" or equations.tau > D)
            assert on_branch or not equations._is_below(t)
            if on_branch:  # where the signs are those of factors that increase
                assert equations._is_below(t) is (k < 0 or (k == 0 and bool(equations._g(t, D) < 0)))
                assert equations._is_above(t) is (k > 0)
        assert all(k <= 0 for k in below)
        # one interval, from the border of the branch to the root
        assert below == list(range(below[0], below[-1] + 1))
        assert below[-1] in (-1, 0)
    with flint.ctx.workprec(40):  # of the sign next to the root nothing is known with so few bits
        coarse = _Equations(point)
        assert not coarse._is_below(arb(rational(low)))
        assert not coarse._is_above(arb(rational(high)))
