"""Certificates are made for true claims alone, and say what balls and many digits say."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import taskalign as ta
from taskalign.numerics import InputError, enclose, precise
from taskalign.proofs_check import Certificate, certify, examine, verify
from taskalign.proofs_check.box import certify_box

from .. import oracle

FAILS: dict[str, Any] = {"alpha": 50, "tau": "3/10", "kappa": 1, "rho": 1}


def but(change: dict[str, Any]) -> dict[str, Any]:
    return FAILS | change


def test_the_counterexample() -> None:
    certificate = certify([0, 2], **FAILS, claim="ordering-fails")
    assert verify(certificate)
    found = examine(certificate)
    assert found.accepted
    assert found.reason == "ordering-fails: K(0) <= 1.265206757137304351682 < 1.955765314699058063058 <= K(2)"
    with pytest.raises(ValueError, match="claim: ordering-holds is false"):
        certify([0, 2], **FAILS, claim="ordering-holds")
    with pytest.raises(ValueError, match="claim: ordering-fails is false"):
        certify([0, 2], **but({"tau": 4}), claim="ordering-fails")


@pytest.mark.parametrize("tau", ["1/2", 4])
def test_the_bounds_hold_what_others_find(tau: Any) -> None:
    """Balls, many digits and the papers' own equations, on both sides of tau = 1."""
    c, w = ["1/7", "2/3", "5"], [3, 1, 2]
    given: dict[str, Any] = {"alpha": 3, "tau": tau, "kappa": "4/5", "rho": "1/3"}
    certificate = certify(c, w, **given, claim="ordering-holds")
    balls, digits = enclose(c, w, **given), precise(c, w, **given)
    low, high = certificate.t
    assert high - low == Fraction(1, 10**certificate.places)
    with mp.workdps(60):
        numbers = {name: mpf(Fraction(value).numerator) / Fraction(value).denominator for name, value in given.items()}
        theirs = oracle.solve([mpf(1) / 7, mpf(2) / 3, 5], w, **numbers)
        for x, (least, most) in zip(c, certificate.K, strict=True):
            exact = mpf(Fraction(x).numerator) / Fraction(x).denominator
            for value in (digits.K(x), theirs.K(exact)):
                assert least.numerator / mpf(least.denominator) < value < most.numerator / mpf(most.denominator)
            with ctx.workprec(200):
                assert arb(rational(least)) < balls.K(x) < arb(rational(most))


def rational(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


@st.composite
def rationals(draw: st.DrawFn, low: int, high: int) -> Fraction:
    """Two digits, anywhere between two powers of ten."""
    return Fraction(draw(st.integers(1, 99))) * Fraction(10) ** draw(st.integers(low, high))


@settings(max_examples=60)
@given(data=st.data())
def test_certificates_agree_with_double_precision(data: st.DataObject) -> None:
    """Whatever the point, the claim that double precision clearly sees can be proved, and the other cannot."""
    size = data.draw(st.integers(1, 6))
    c = [data.draw(st.one_of(st.just(Fraction(0)), rationals(-6, 1))) for _ in range(size)]
    assume(max(c) > 0)
    w = [data.draw(st.integers(0 if k else 1, 9)) for k in range(size)]
    assume(any(x * y for x, y in zip(c, w, strict=True)))
    point: dict[str, Any] = {
        "alpha": data.draw(rationals(-2, 4)),
        "tau": data.draw(st.one_of(rationals(-2, 1), st.sampled_from([Fraction(99, 100), Fraction(101, 100)]))),
        "kappa": data.draw(rationals(-2, 2)),
        "rho": data.draw(st.one_of(st.just(Fraction(0)), rationals(-3, 1))),
    }
    assume(point["tau"] != 1)
    found = enclose(c, w, **point)
    present = sorted({x for x, y in zip(c, w, strict=True) if y})
    K = [found.K(x) for x in present]
    steps = [arb(x / y) for x, y in pairwise(K)]
    assume(all(abs(x - 1) > arb("1e-9") for x in steps))
    holds = all(x > 1 for x in steps)
    true, false = ("ordering-holds", "ordering-fails") if holds else ("ordering-fails", "ordering-holds")
    certificate = certify(c, w, **point, claim=true)
    assert verify(certificate)
    assert list(certificate.eigenvalues) == present
    with pytest.raises(InputError, match="is false"):
        certify(c, w, **point, claim=false)
    double = ta.ordering(
        ta.Spectrum([float(x) for x in c], [float(x) for x in w]), **{k: float(v) for k, v in point.items()}
    )
    assert bool(double.holds) == holds


def test_equal_eigenvalues_become_one_and_those_without_weight_are_left_out() -> None:
    certificate = certify([2, 0, 2, 7], [1, 2, 1, 0], **FAILS, claim="ordering-fails")
    assert certificate == certify([0, 2], **FAILS, claim="ordering-fails")


@pytest.mark.parametrize("seed", range(6))
def test_repeated_eigenvalues_of_a_covariance_are_one(seed: int, tmp_path: Path) -> None:
    """A rotated diagonal with repeated entries: the certificate is that of the entries themselves."""
    rng = np.random.default_rng(seed)
    c, counts = [0.25, 1.0, 4.0], rng.integers(1, 6, 3)
    diagonal = np.repeat(c, counts)
    rotation = np.linalg.qr(rng.normal(size=(diagonal.size, diagonal.size)))[0]
    spectrum = ta.Spectrum.from_covariance(rotation * diagonal @ rotation.T)
    given: dict[str, Any] = {"alpha": 400, "tau": "1/2", "kappa": 1, "rho": "1/2"}
    exact = enclose(["1/4", 1, 4], counts, **given)
    claim = "ordering-holds" if exact.K("1/4") > exact.K(1) > exact.K(4) else "ordering-fails"
    certificate = certify(spectrum, **given, claim=claim)
    assert certificate.weights == tuple(Fraction(int(k), int(counts.sum())) for k in counts)
    assert [float(x) for x in certificate.eigenvalues] == pytest.approx(c, rel=1e-12, abs=0)
    assert certificate.tolerance == Fraction(spectrum.tolerance) > 0
    assert str(certificate.tolerance) in certificate.summary()
    certificate.save(tmp_path / "c.json")
    assert Certificate.load(tmp_path / "c.json") == certificate
    for x, (low, high) in zip(("1/4", 1, 4), certificate.K, strict=True):
        assert float(exact.K(x)) == pytest.approx(float(low), rel=1e-9, abs=0)
        assert low < high
    box = certify_box(spectrum, **given)
    assert box.status == claim.partition("-")[2]
    with pytest.raises(InputError, match="is false"):
        certify(spectrum, **given, claim="ordering-fails" if claim == "ordering-holds" else "ordering-holds")


def test_a_list_of_numbers_is_taken_as_it_is() -> None:
    """Numbers closer than any tolerance are two where they are given as numbers, and no tolerance is stated."""
    near = ["1", "1.0000000000000000000001"]
    certificate = certify(near, **but({"tau": 4}), claim="ordering-holds")
    assert len(certificate.eigenvalues) == 2
    assert certificate.tolerance == 0
    assert "tolerance" not in certificate.as_dict()
    assert "closer" not in certificate.summary()


def test_a_summary_of_many_eigenvalues_is_short() -> None:
    certificate = certify(list(range(1, 31)), **but({"tau": 4}), claim="ordering-holds")
    assert certificate.summary() == (
        "ordering-holds; eigenvalues (weights) 1 (1/30), 2 (1/30), 3 (1/30), 4 (1/30), ... 22 more ..., "
        "27 (1/30), 28 (1/30), 29 (1/30), 30 (1/30)"
    )


def test_a_single_eigenvalue_is_ordered() -> None:
    certificate = certify([3], **FAILS, claim="ordering-holds")
    assert verify(certificate)
    with pytest.raises(ValueError, match="is false"):
        certify([3], **FAILS, claim="ordering-fails")


def test_a_spectrum_is_taken_exactly() -> None:
    certificate = certify(ta.Spectrum.power_law(24, 0.9), alpha=2, tau=0.5, kappa=1, rho=0.01, claim="ordering-holds")
    assert verify(certificate)
    assert certificate.rho == Fraction(0.01)


def test_a_hundred_eigenvalues() -> None:
    c = [Fraction(1, j) for j in range(1, 101)]
    assert verify(certify(c, alpha=2, tau="1/2", kappa=1, rho="1/100", claim="ordering-holds"))


def test_a_near_tie_is_decided() -> None:
    """K(0) and K(2) cross as tau grows; next to the crossing more digits are needed, and taken."""
    low, high = Fraction(3, 10), Fraction(9, 10)
    for _ in range(90):
        middle = (low + high) / 2
        found = enclose([0, 2], **but({"tau": middle}), digits=40)
        low, high = (middle, high) if found.K(0) < found.K(2) else (low, middle)
    certificate = certify([0, 2], **but({"tau": low}), claim="ordering-fails")
    assert verify(certificate)
    assert certificate.K[1][0] - certificate.K[0][1] < Fraction(1, 10**20)
    assert verify(certify([0, 2], **but({"tau": high}), claim="ordering-holds"))


def test_equal_values_cannot_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskalign.proofs_check.certificate._truth", lambda *_: None)
    with pytest.raises(ta.ConvergenceError, match="agree to"):
        certify([0, 2], **FAILS, claim="ordering-fails")


def test_more_places_than_the_verifier_allows() -> None:
    with pytest.raises(ta.ConvergenceError, match="decimal places"):
        certify(["1e-120", "2e-120"], **but({"rho": 0}), claim="ordering-holds")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claim": "ordering"}, "claim: 'ordering' is not allowed"),
        ({"tau": 1}, "tau: 1 is not allowed"),
        ({"alpha": -1}, "alpha: -1"),
        ({"eigenvalues": [0, 0]}, "all zero"),
        ({"weights": [1]}, "weights: 1 of them"),
        ({"eigenvalues": [0, "x"]}, "eigenvalues: 'x'"),
        ({"alpha": "1e5000"}, "alpha: a number of more than 4000 digits is not allowed in a certificate"),
        ({"eigenvalues": [0, "1e-4500"]}, "eigenvalues: a number of more than 4000 digits"),
    ],
    ids=str,
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"eigenvalues": [0, 2], **FAILS, "claim": "ordering-fails"} | change
    with pytest.raises(ValueError, match=message):
        certify(**given)


def test_a_spectrum_too_large_for_a_certificate() -> None:
    with pytest.raises(InputError, match=r"^eigenvalues: \d+ digits are too many for a certificate"):
        certify([10**3990 + k for k in range(80)], **FAILS, claim="ordering-holds")


# --- files ------------------------------------------------------------------------------------------
def test_save_and_load(tmp_path: Any) -> None:
    certificate = certify([0, 2], **FAILS, claim="ordering-fails")
    path = tmp_path / "certificate.json"
    certificate.save(path)
    assert Certificate.load(path) == certificate
    assert verify(path)
    assert verify(str(path))


def test_a_file_that_is_none(tmp_path: Any) -> None:
    missing = tmp_path / "missing.json"
    for call in (verify, Certificate.load):
        with pytest.raises(InputError, match="cannot read"):
            call(missing)
    broken = tmp_path / "broken.json"
    for text in ("{", "\xff", "", "[" * 100_000):
        broken.write_bytes(text.encode("latin-1"))
        with pytest.raises(InputError, match="cannot read"):
            verify(broken)
    for text in ("[]", "{}", "null", json.dumps({"t": [1, 2]})):
        broken.write_text(text)
        with pytest.raises(InputError, match="is no certificate"):
            Certificate.load(broken)
        assert not verify(broken)
