"""Numbers are taken exactly or refused, whatever library they come from."""

from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
import torch
from flint import arb, ctx, fmpq, fmpz
from mpmath import mp

import taskalign as ta
from taskalign.numerics import InputError, enclose, precise
from taskalign.numerics.exact import as_ball, as_count, as_fraction, is_infinite, shown
from taskalign.proofs_check import certify, examine
from taskalign.proofs_check.box import certify_box

POINT: dict[str, Any] = {"alpha": 50, "tau": "3/10", "kappa": 1, "rho": 1}
with mp.workdps(30):
    THIRD_OF_30_DIGITS = mp.mpf(1) / 3
#: mantissa and exponent of the mpf, by mpmath's own text of all its digits
THIRD_EXACTLY = Fraction(int(mpmath.libmp.to_man_exp(THIRD_OF_30_DIGITS._mpf_)[0])) * Fraction(2) ** int(
    mpmath.libmp.to_man_exp(THIRD_OF_30_DIGITS._mpf_)[1]
)


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (3, Fraction(3)),
        (np.int8(-3), Fraction(-3)),
        (np.uint64(2**63), Fraction(2**63)),
        (Fraction(2, 6), Fraction(1, 3)),
        (Decimal("0.1"), Fraction(1, 10)),
        (Decimal("-1.5e-20"), Fraction(-3, 2 * 10**20)),
        ("3/10", Fraction(3, 10)),
        ("0.3", Fraction(3, 10)),
        (".5", Fraction(1, 2)),
        ("-2.", Fraction(-2)),
        ("1e-5", Fraction(1, 10**5)),
        ("+1.25E2", Fraction(125)),
        ("1e-300", Fraction(1, 10**300)),
        (0.1, Fraction(3602879701896397, 2**55)),
        (np.float64(0.1), Fraction(3602879701896397, 2**55)),
        (np.float32(0.1), Fraction(13421773, 2**27)),
        (np.float16(0.1), Fraction(819, 2**13)),
        (np.longdouble(1) / 2**60 + 1, Fraction(2**60 + 1, 2**60)),
        (np.array(0.5), Fraction(1, 2)),
        (torch.tensor(0.1), Fraction(13421773, 2**27)),
        (torch.tensor(7), Fraction(7)),
        (THIRD_OF_30_DIGITS, THIRD_EXACTLY),
        (-mp.mpf(3) / 4, Fraction(-3, 4)),
        (mp.mpf(0), Fraction(0)),
        (mp.mpf(2) ** 70, Fraction(2**70)),
        (sympy.Rational(1, 3), Fraction(1, 3)),
        (sympy.Integer(-4), Fraction(-4)),
        (sympy.Float("0.1"), Fraction(3602879701896397, 2**55)),
        (fmpq(-2, 3), Fraction(-2, 3)),
        (fmpz(5), Fraction(5)),
        (arb(-3) / 8, Fraction(-3, 8)),
    ],
    ids=lambda value: f"{type(value).__name__} {shown(value)}",
)
def test_taken_exactly(value: Any, exact: Fraction) -> None:
    found = as_fraction(value, "alpha")
    assert type(found) is Fraction
    assert type(found.numerator) is type(found.denominator) is int
    assert found == exact
    assert as_ball(value, "alpha") == fmpq(exact.numerator, exact.denominator)


def test_long_doubles_differ_from_doubles() -> None:
    """The test above would not see a long double that went through a float if they were the same here."""
    assert np.finfo(np.longdouble).nmant > 60


@pytest.mark.parametrize(
    "value",
    [
        *(True, np.True_, torch.tensor(True), None, 1j, np.complex64(1), b"1", [1], np.array([1]), ...),
        *(float("nan"), float("inf"), -np.inf, np.longdouble("inf"), Decimal("NaN"), Decimal("-Infinity")),
        *(mp.mpf("inf"), mp.mpf("nan"), mp.mpc(1), mpmath.iv.mpf(1), sympy.oo, sympy.nan, sympy.zoo, sympy.true),
        *(mp.pi, sympy.pi, sympy.sqrt(2), sympy.Symbol("x"), sympy.Float(1) * sympy.I),
        *(arb(1, 0.1), arb("inf"), arb("nan"), np.ma.masked, np.datetime64("2020-01-01")),
        *("", " 1", "1 ", "1 /2", "1_0", "٣", "１", "1/0", "/", ".", "e5", "1e", "1e5.", "1/2e3", "1/-2", "0x1", "nan"),
    ],
    ids=lambda value: f"{type(value).__name__} {shown(value)}",
)
def test_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"^alpha: ") as refusal:
        as_fraction(value, "alpha")
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 250
    with pytest.raises(InputError, match=r"^rho: "):
        precise([1, 2], **POINT | {"rho": value})


def test_an_irrational_number_is_refused_with_the_way_on() -> None:
    for value in (sympy.sqrt(2), sympy.pi, mp.pi, mp.eps):
        with pytest.raises(InputError, match=r"is irrational: .* ball"):
            enclose([1, 2], **POINT | {"alpha": value})
    with ctx.workprec(200):
        assert enclose([1, 2], **POINT | {"alpha": arb(2).sqrt()}, digits=20).s.overlaps(arb(5) / 2 / arb(2).sqrt())


@pytest.mark.parametrize(
    "value",
    [
        *("1e5000000", "1e-5000000", "1e999999999999", "9" * 5000, "0." + "0" * 5000 + "1", "1/" + "9" * 5000),
        *(10**40_000, Fraction(1, 10**40_000), Decimal("1e9999999"), Decimal("1e-9999999"), Decimal("1e99999999")),
        *(mp.mpf("1e1000000000"), mp.mpf("1e-1000000000"), arb(2) ** 200_000, arb(2) ** -200_000),
    ],
    ids=lambda value: f"{type(value).__name__} {shown(value)[:20]}",
)
def test_numbers_too_long_are_refused_at_once(value: Any) -> None:
    began = time.process_time()
    with pytest.raises(InputError, match=r"^tau: ") as refusal:
        as_fraction(value, "tau")
    assert time.process_time() - began < 0.5
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("name", ["alpha", "tau", "kappa", "rho", "ridge"])
@pytest.mark.parametrize("value", [10**400, "1e-300", "1e4000", Fraction(1, 10**5000)], ids=shown)
def test_long_numbers_get_an_answer(name: str, value: Any) -> None:
    given = {**POINT, name: value}
    found, digits = (function([0, 1, 3], **given, digits=10) for function in (enclose, precise))
    with mp.workdps(20):
        for output in ("t", "q", "B"):
            assert abs(digits.__dict__[output] / mp.mpf(getattr(found, output).str(15, radius=False)) - 1) < 1e-9


@pytest.mark.parametrize("name", ["alpha", "tau", "kappa", "rho", "ridge"])
def test_long_negative_numbers_are_refused(name: str) -> None:
    for function in (precise, enclose):
        with pytest.raises(InputError, match=f"^{name}: "):
            function([1, 2], **{**POINT, name: -(10**5000)})


def test_a_number_of_mpmath_keeps_its_digits() -> None:
    """alpha is one third to 30 digits, whatever precision is set when it is used."""
    found = precise([1, 1], alpha=THIRD_OF_30_DIGITS, tau="1/2", kappa=1, rho=0, digits=60)
    with mp.workdps(60):
        assert abs(found.s * THIRD_EXACTLY.numerator / THIRD_EXACTLY.denominator - 1) < mp.mpf(10) ** -59
        assert abs(found.s - 3) > mp.mpf(10) ** -32


@pytest.mark.parametrize(
    "listed",
    [
        np.array([0, 2]),
        np.array([0, 2], dtype=np.uint8),
        np.array([0, 2], dtype=np.longdouble),
        np.array([0, 2], dtype=np.float16),
        torch.tensor([0.0, 2.0], requires_grad=True),
        [mp.mpf(0), mp.mpf(2)],
        (sympy.Integer(0), sympy.Float(2)),
        [Decimal(0), "2"],
        ta.Spectrum([0.0, 2.0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lists_of_any_kind_are_the_same(listed: Any) -> None:
    exact = enclose([0, 2], **POINT)
    assert enclose(listed, **POINT).bracket == exact.bracket
    assert precise(listed, **POINT).K(np.int64(2)) == precise([0, 2], **POINT).K(2)
    certificate = certify(listed, **POINT, claim="ordering-fails")
    assert examine(certificate).accepted
    assert set(certificate.eigenvalues) == {0, 2}
    assert certify_box(listed, alpha=(np.int64(49), mp.mpf(51)), tau=Decimal("0.3"), kappa=1, rho=1).status == "fails"


def test_small_negative_numbers_are_refused() -> None:
    for eigenvalues, weights, name in (([1, "-1e-9"], None, "eigenvalues"), ([1, 2], [1, -0.5], "weights")):
        with pytest.raises(InputError, match=f"^{name}: .* at index 1 is not allowed, must be finite and >= 0"):
            precise(eigenvalues, weights, **POINT)


def test_weights_of_a_spectrum() -> None:
    spectrum = ta.Spectrum([0.0, 2.0], [0.25, 0.75])
    assert enclose(spectrum, **POINT).bracket == enclose([0, 2], [1, 3], **POINT).bracket


def test_infinitely_many_tasks_are_refused_with_the_way_on() -> None:
    infinite: dict[str, Any] = POINT | {"kappa": float("inf")}
    for function in (precise, enclose):
        with pytest.raises(InputError, match=r"^kappa: inf is not allowed in exact arithmetic, .* 10\*\*30"):
            function([1, 2], **infinite)
    many = [enclose([1, 2], **POINT | {"kappa": kappa}, digits=40).q for kappa in (10**30, 10**31)]
    with ctx.workprec(200):
        assert abs(many[0] / many[1] - 1) < arb("1e-28")


def test_weights_of_any_kind() -> None:
    exact = enclose([0, 2], ["1/4", "3/4"], **POINT)
    for weights in (np.array([1, 3]), [mp.mpf(1), sympy.Integer(3)], [arb(1), arb(3)], torch.tensor([1, 3])):
        assert enclose([0, 2], weights, **POINT).bracket == exact.bracket


@pytest.mark.parametrize("listed", ["12", b"12", {1: 2}, {1, 2}, 3, None, [], np.ones((2, 2)), [[1, 2]], np.array(1.0)])
def test_what_is_no_list_is_refused(listed: Any) -> None:
    with pytest.raises(InputError, match=r"^eigenvalues: "):
        precise(listed, **POINT)
    if listed is not None:
        with pytest.raises(InputError, match=r"^weights: "):
            precise([1, 2], listed, **POINT)


def test_masked_entries_are_refused() -> None:
    with pytest.raises(InputError, match=r"^eigenvalues: -- "):
        precise(np.ma.array([3.0, 2.0, 1e20], mask=[False, False, True]), **POINT)


@pytest.mark.parametrize("value", [0, -1, 1.5, float("nan"), float("inf"), "3", True, None, 10**7, 10**5000], ids=shown)
def test_digits_are_a_whole_number(value: Any) -> None:
    """So are the halvings of boxes; what is no int at all, run-time checks of types would refuse first."""
    with pytest.raises(InputError, match=r"^digits: .* must be a whole number >= 1"):
        as_count(value, "digits", 1)
    if type(value) is int:
        for function in (precise, enclose):
            with pytest.raises(InputError, match=r"^digits: .* must be a whole number >= 1"):
                function([1, 2], **POINT, digits=value)


def test_whole_numbers_of_any_kind() -> None:
    assert [as_count(x, "n", 1) for x in (1, np.int64(7), 3.0, sympy.Integer(2))] == [1, 7, 3, 2]


# --- limits ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("infinite", ["inf", float("inf"), np.float32("inf"), mp.inf, sympy.oo, Decimal("Infinity")])
def test_an_infinite_test_context(infinite: Any) -> None:
    """The scalar part is then the noise alone, and what is left of it at a context of length L falls as 1/L."""
    assert is_infinite(infinite)
    for function in (precise, enclose):
        found = function([1, 3], **POINT, digits=30)
        limit = found.icl_error([1, 2], alpha_test=infinite, rho_test="1/3")
        long = found.icl_error([1, 2], alpha_test=10**25, rho_test="1/3")
        assert limit.misalignment - long.misalignment == 0 or limit.misalignment.overlaps(long.misalignment)
        assert float(limit.scalar) == pytest.approx(1 / 3, rel=1e-15, abs=0)
        assert float((long.scalar - limit.scalar) * 10**25) == pytest.approx(
            float(found.Qbar) * (1.5 + 1 / 3), rel=1e-3, abs=0
        )


@pytest.mark.parametrize("value", [float("nan"), 0, -1, float("-inf"), "-inf"])
def test_other_test_contexts_are_refused(value: Any) -> None:
    for function in (precise, enclose):
        with pytest.raises(InputError, match=r"^alpha_test: "):
            function([1, 3], **POINT).icl_error([1, 2], alpha_test=value)
