"""Verdicts on boxes are true at every point that is tried, and the parts of the proof are what they claim."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from mpmath import mp
from sympy import Symbol, diff, factor, simplify

import taskalign as ta
from taskalign.derive import notation as n
from taskalign.derive import ordering, scalar, stable
from taskalign.numerics import InputError, precise
from taskalign.numerics.exact import exact_point
from taskalign.numerics.generated import arb_algebra
from taskalign.proofs_check.box import BoxVerdict, certify_box
from taskalign.proofs_check.box_sign import AXES, Box, SignOverBox
from taskalign.proofs_check.taylor_model import TaylorModel

THREE = ([0, "1/10", 2], [1, 2, 3])
FOUR_WIDE: dict[str, Any] = {
    "alpha": (15, 18),
    "tau": ("1/5", "6/25"),
    "kappa": ("9/10", "11/10"),
    "rho": ("9/10", "11/10"),
}


def proof_of(eigenvalues: Any, weights: Any = None) -> SignOverBox:
    return SignOverBox(exact_point(eigenvalues, weights, alpha=1, tau=2, kappa=1, rho=0, ridge=0))


def inner(box: Box, rng: np.random.Generator) -> dict[str, Fraction]:
    """A random point of a box; often on its faces."""

    def within(low: Fraction, high: Fraction) -> Fraction:
        return low + (high - low) * Fraction(float(rng.choice([0.0, 1.0, rng.random()])))

    return {name: within(*ends) for name, ends in zip(AXES, box.intervals, strict=True)}


def holds(eigenvalues: Any, weights: Any, point: dict[str, Fraction]) -> bool:
    found = precise(eigenvalues, weights, **point, digits=25)
    values = sorted({Fraction(value) for value in eigenvalues})
    K = [found.K(c) for c in values]
    return all(first >= second for first, second in pairwise(K))


def check(verdict: BoxVerdict, eigenvalues: Any, weights: Any, count: int) -> None:
    rng = np.random.default_rng(1)
    decided = [part for part in verdict.parts if part.status != "undecided"]
    for k in rng.choice(len(decided), count):
        point = inner(decided[k].box, rng)
        if point["tau"] != 1:
            assert holds(eigenvalues, weights, point) is (decided[k].status == "holds"), (decided[k], point)


# --- what is decided ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("spectrum", "given", "depth"),
    [
        (([0, 2], None), {"alpha": (12, 30), "tau": ("2/5", "1/2"), "kappa": 1, "rho": 1}, 6),
        (THREE, {"alpha": (5, 20), "tau": ("3/5", "6/5"), "kappa": "1/2", "rho": "1/2"}, 6),
        ((["1/100", "1/10", 1], None), {"alpha": (50, 150), "tau": ("2/5", "3/5"), "kappa": 10, "rho": 5}, 6),
        # here the gap kappa - D is known better from its product with tau - D
        (([0, "1/2", 2], None), {"alpha": (10**4, 3 * 10**4), "tau": ("3/10", "2/5"), "kappa": "1/5", "rho": 1}, 6),
        (([0, 2], None), FOUR_WIDE, 8),
    ],
    ids=["half", "three", "spread", "few tasks", "four axes"],
)
def test_decided_parts_are_right(spectrum: Any, given: dict[str, Any], depth: int) -> None:
    verdict = certify_box(spectrum[0], spectrum[1], **given, depth=depth)
    assert verdict.decided > 0.1
    check(verdict, spectrum[0], spectrum[1], 30)


def test_both_verdicts_are_tried() -> None:
    """The test above sees boxes of both kinds, and would notice if they were swapped."""
    verdict = certify_box([0, 2], alpha=(12, 30), tau=("3/10", "2/5"), kappa=1, rho=1, depth=6)
    assert verdict.mixed
    assert verdict.share("fails") > 0.02
    swapped = tuple(
        type(part)(part.box, {"fails": "holds", "holds": "fails"}.get(part.status, part.status), part.by, part.share)
        for part in verdict.parts
    )
    with pytest.raises(AssertionError):
        check(BoxVerdict(verdict.box, swapped), [0, 2], None, 40)


@pytest.mark.parametrize("width", ["1/1000", "1/50"])
def test_counterexample_and_its_neighbourhood_fail(width: str) -> None:
    w = Fraction(width)
    around = {"alpha": Fraction(50), "tau": Fraction(3, 10), "kappa": Fraction(1), "rho": Fraction(1)}
    given: dict[str, Any] = {name: (x * (1 - w), x * (1 + w)) for name, x in around.items()}
    verdict = certify_box([0, 2], **given)
    assert verdict.status == "fails"
    assert verdict.decided == 1
    assert not verdict.mixed


def test_above_one_it_holds_outright() -> None:
    verdict = certify_box([0, 2], alpha=("1/1000", 10**6), tau=("1001/1000", 1000), kappa=("1/100", 100), rho=(0, 100))
    assert [(part.status, part.by) for part in verdict.parts] == [("holds", "tau > 1")]


def test_a_range_that_starts_at_one_is_not_above_it() -> None:
    verdict = certify_box([0, 2], alpha=(1, 2), tau=(1, 3), kappa=1, rho=1)
    assert [(part.status, part.by) for part in verdict.parts] == [("holds", "tau_order")]


def test_range_over_one_is_proved_by_tau_order() -> None:
    verdict = certify_box([0, 2], alpha=(1, 2), tau=("9/10", 3), kappa=1, rho=1)
    assert [(part.status, part.by) for part in verdict.parts] == [("holds", "tau_order")]


def test_single_eigenvalue_has_no_order_to_lose() -> None:
    verdict = certify_box([2, 2, 5], [1, 3, 0], alpha=(1, 100), tau=("1/10", "1/2"), kappa=1, rho=1)
    assert (verdict.status, verdict.parts[0].by) == ("holds", "one eigenvalue")


def test_box_across_the_border() -> None:
    given: dict[str, Any] = {"alpha": (12, 18), "tau": ("3/10", "2/5"), "kappa": 1, "rho": 1}
    whole = certify_box([0, 2], **given, depth=0)
    assert (whole.status, whole.decided, whole.mixed, len(whole.parts)) == ("undecided", 0.0, False, 1)
    parts = certify_box([0, 2], **given, depth=8)
    assert parts.status == "undecided"
    assert parts.mixed
    assert parts.decided > 0.85
    assert sum(part.share for part in parts.parts) == pytest.approx(1, abs=1e-12)
    enough = certify_box([0, 2], **given, depth=30, share=0.7)
    assert 0.7 <= enough.decided < 0.9
    assert certify_box([0, 2], **given, depth=8).parts == parts.parts


def test_more_halvings_decide_more() -> None:
    given: dict[str, Any] = {"alpha": (12, 18), "tau": ("3/10", "2/5"), "kappa": 1, "rho": 1}
    shares = [certify_box([0, 2], **given, depth=depth).decided for depth in (4, 6, 8)]
    assert shares == sorted(shares)
    assert len(set(shares)) == 3


def test_points() -> None:
    """A box that is a point is decided as the point is."""
    rng = np.random.default_rng(2)
    whole = Box(
        *((Fraction(low), Fraction(high)) for low, high in ((1, 100), ("1/20", "19/20"), ("1/4", 4), ("1/10", 3)))
    )
    seen = set()
    for _ in range(60):
        point: dict[str, Any] = {name: value.limit_denominator(1000) for name, value in inner(whole, rng).items()}
        verdict = certify_box(*THREE, **point)
        assert verdict.status == ("holds" if holds(*THREE, point) else "fails")
        seen.add(verdict.status)
    assert seen == {"holds", "fails"}


def test_at_the_border_itself_nothing_is_claimed() -> None:
    """The two K agree to 40 digits there, more than a point is solved to."""
    low, high = Fraction(10), Fraction(30)
    point: dict[str, Any] = {"tau": "3/10", "kappa": 1, "rho": 1}
    with mp.workdps(60):
        for _ in range(140):
            middle = (low + high) / 2
            found = precise([0, 2], alpha=middle, **point, digits=50)
            low, high = (middle, high) if found.K(0) >= found.K(2) else (low, middle)
    verdict = certify_box([0, 2], alpha=low, **point)
    assert (verdict.status, verdict.decided) == ("undecided", 0.0)


# --- what the proof rests on ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", ["1/100", "1/10"])
def test_enclosures_hold_the_solution(scale: str) -> None:
    """t, and f, over a box hold those of 30 digits at random points in it; t within its bracket by the corners."""
    rng = np.random.default_rng(3)
    proof, widths = proof_of(*THREE), Fraction(scale)
    for center in ((50, "3/10", 1, 1), (5, "7/10", "1/2", "1/100"), (100, "1/20", 3, 2), (2, "1/2", "3/5", 0)):
        ends = [(Fraction(x), Fraction(x) * (1 + widths)) for x in center]
        box = Box(ends[0], ends[1], ends[2], ends[3])
        with ctx.workprec(96):
            t = proof.t_over(box, proof.parameters(box))
        f, (low, high) = proof.balance_over(box), proof.t_range(box)
        if t is None or f is None:
            assert widths > Fraction(1, 100)
            continue
        for _ in range(6):
            point = inner(box, rng)
            found = precise(*THREE, **point, digits=30)
            with mp.workdps(30):
                K = [found.K(c) for c in THREE[0][:2]]
                assert as_arb(low) <= as_arb(found.t) <= as_arb(high)
                assert model_at(t, box, point).contains(as_arb(found.t))
                # K(c) = (A + B c)/(a c + sigma)^2, at the smallest eigenvalue zero
                c, a, sigma = mp.mpf(1) / 10, found.a, found.sigma
                assert THREE[0][:2] == [0, "1/10"]
                balance = (K[0] - K[1]) / c * sigma**2 * (a * c + sigma) ** 2 / (found.B * sigma**2)
                assert model_at(f, box, point).contains(as_arb(balance))


def as_arb(value: Any) -> arb:
    """An exact number, or an mpmath number with a ball of 25 digits around it."""
    if isinstance(value, arb):
        return value
    with ctx.workprec(120):
        return arb(mp.nstr(value, 28)) * arb(1, 1e-25)


def model_at(model: Any, box: Box, point: dict[str, Fraction]) -> Any:
    """The ball that a model gives at one point of the box."""
    with ctx.workprec(96):
        e = []
        for axis in box.wide:
            low, high = box.intervals[axis]
            x = (point[AXES[axis]] - (low + high) / 2) / ((high - low) / 2)
            e.append(arb(fmpq(x.numerator, x.denominator)))
        size = len(e)
        monomials = [arb(1), *e, *(e[i] * e[j] for i in range(size) for j in range(i, size))]
        total = sum((c * m for c, m in zip(model.coefficients, monomials, strict=True)), arb(0))
        return total + model.error * arb(0, 1)


def test_error_is_of_third_order() -> None:
    proof = proof_of([0, 2])
    errors = []
    for width in (Fraction(1, 50), Fraction(1, 100), Fraction(1, 200)):
        one = Fraction(1), Fraction(1)
        f = proof.balance_over(Box((Fraction(50), 50 * (1 + width)), (Fraction(3, 10), (1 + width) * 3 / 10), one, one))
        assert f is not None
        errors.append(float(f.error))
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.3, abs=0)
    assert errors[1] / errors[2] == pytest.approx(8, rel=0.3, abs=0)


def test_g_moves_with_its_parameters_as_the_brackets_need() -> None:
    """By derive's own g: its derivatives are products of positive quantities, up to the sign that is claimed."""
    gaps = {n.gap_kappa: n.kappa - n.D, n.gap_tau: n.tau - n.D}
    g = scalar.g["below"].rhs.subs(gaps) / n.kappa
    positive = {name: Symbol(name.replace(" ", "_"), positive=True) for name in ("gap kappa", "gap tau", "D", "U", "t")}
    plain = {
        n.D: positive["D"],
        n.U: positive["U"],
        n.t: positive["t"],
        n.kappa: positive["D"] + positive["gap kappa"],
        n.tau: positive["D"] + positive["gap tau"],
    }
    assert factor(diff(g, n.tau).subs(plain)).is_positive
    assert factor(diff(g, n.kappa).subs(plain)).is_positive
    assert diff(g, n.s) == -1


def test_units_of_t_leave_the_balance_as_it_is() -> None:
    """Eigenvalues, noise and t in another unit: the pair over its negative term does not change."""
    unit = Symbol("unit", positive=True)
    values = {equation.lhs: equation.rhs for equation in (*stable.OUTPUTS, scalar.a_of_t)}
    order = (n.a, n.den, n.b, n.M, n.dM, n.A2, n.R2, n.N, n.slack, n.q, n.a_less, n.A, n.B)
    pair = ordering.pair.rhs
    balance = pair / pair.subs({n.A: 0, n.c1: 0, n.c2: 0})
    for name in reversed(order):
        balance = balance.subs(name, values[name])
    scaled = {x: unit * x for x in (n.t, n.sigma, n.s, n.rho, n.effective_ridge, n.c1, n.c2)}
    assert simplify(balance.subs(scaled, simultaneous=True) - balance) == 0


def test_tau_order_grows_with_alpha_and_kappa_and_falls_with_rho() -> None:
    def at(**given: Any) -> float:
        spectrum = ta.Spectrum([0.0, 0.1, 2.0])
        return float(ta.ordering(spectrum, tau=0.5, **{"alpha": 5, "kappa": 1, "rho": 1} | given).tau_order)

    assert at(alpha=6) > at() > at(rho=1.1)
    assert at(kappa=1.1) > at()


# --- corners ---------------------------------------------------------------------------------------------------------
def test_tau_order_is_taken_at_the_worst_corner() -> None:
    """tau = 7/10 is above tau_order at alpha = 1/100, and the ordering fails at 20000: nothing may be claimed."""
    weights, one = [1, 9], (Fraction(1), Fraction(1))
    proof, tau, kappa = proof_of([0, 2], weights), (Fraction(7, 10), Fraction(7, 10)), (Fraction(5), Fraction(5))
    assert proof.decide(Box((Fraction(20000), Fraction(20000)), tau, kappa, one)).status == "fails"
    assert proof.decide(Box((Fraction(1, 100), Fraction(1, 100)), tau, kappa, one)).by == "tau_order"
    assert proof.decide(Box((Fraction(1, 100), Fraction(20000)), tau, kappa, one)).status == "undecided"


def test_the_rest_of_the_series_is_taken_over_the_whole_range() -> None:
    """At the lower end all terms of the series have one sign: the third alone is no bound of the rest."""
    proof = proof_of([0, "1/10", 2], [1, 2, 3])
    with ctx.workprec(96):
        for middle, half in ((arb(1), arb(1) / 2), (arb(1) / 10, arb(1) / 20), (arb(3), arb(1) / 8)):
            t = TaylorModel(1, [middle, half])
            (D,) = proof._sums(lambda c, at: (arb_algebra.learned_share(c, at),), t)
            at_middle, linear, square = D.coefficients
            for e in (-1, 1):
                at = middle + e * half
                exact = sum((w * c / (c + at) for w, c in zip(proof.w, proof.c, strict=True)), arb(0))
                assert abs(exact - (at_middle + e * linear + square)).upper() <= D.error


def test_a_box_whose_ball_of_tau_reaches_over_one_is_undecided() -> None:
    """Radii are rounded up, so the ball of a range of tau that ends at 1 - 10^-15 holds 1."""
    verdict = certify_box(
        [0, 0.000338, 1.0002],
        [0.000123, 0.000123, 0.99975],
        alpha=(Fraction(5660960578572423, 67108864), Fraction(5660960578572423, 16777216)),
        tau=(Fraction(249969, 250000), Fraction(10**15 - 1, 10**15)),
        kappa=(Fraction(9006091340207317, 9007199254740992), Fraction(2251522841831347, 2251799813685248)),
        rho=0,
        depth=3,
    )
    assert verdict.status == "undecided"
    assert any(part.status == "undecided" and part.box.tau[1] > 1 - Fraction(1, 10**14) for part in verdict.parts)
    assert verdict.decided > 0.3


@pytest.mark.parametrize("gap", [9, 12, 15, 18])
def test_boxes_that_end_next_to_one(gap: int) -> None:
    """No distinction of cases over a box may fail, whichever number is uncertain."""
    for low in ("1/2", "99/100", "999999/1000000"):
        for kappa in ((1, "3/2"), ("1/2", 1), (low, 1)):
            given: dict[str, Any] = {"alpha": (50, 60), "tau": (low, 1 - Fraction(1, 10**gap)), "kappa": kappa}
            verdict = certify_box([0, "1/3", 2], [1, 1, 2], **given, rho=(0, 1), depth=2)
            assert len(verdict.parts) <= 4


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"alpha": ("1e-300", "1e300")}, "undecided"),
        ({"alpha": (Fraction(1, 10**350), 10**350)}, "undecided"),
        ({"tau": (2, 10**400)}, "holds"),
        ({"tau": (Fraction(1, 10**400), "1/2")}, "undecided"),
        ({"kappa": (1, 10**400), "tau": ("9/10", "99/100")}, "holds"),
        ({"rho": (1, 10**4000), "tau": ("9/10", "99/100")}, "holds"),
        ({"alpha": (10**400, 10**401), "rho": (10**400, 10**401), "tau": ("9/10", "99/100")}, "holds"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_ranges_beyond_floats(change: dict[str, Any], status: str) -> None:
    given: dict[str, Any] = {"alpha": (1, 2), "tau": ("1/4", "1/2"), "kappa": 1, "rho": 1, "depth": 3} | change
    verdict = certify_box([0, 2], **given)
    assert verdict.status == status
    assert sum(part.share for part in verdict.parts) == pytest.approx(1, rel=1e-9, abs=0)


def test_shares_are_volumes_in_the_logarithm_of_alpha() -> None:
    whole = Box(*((Fraction(low), Fraction(high)) for low, high in ((1, 10**6), ("1/2", 1), (1, 1), (0, 4))))
    part = Box(*((Fraction(low), Fraction(high)) for low, high in ((10, 100), ("1/2", "3/4"), (1, 1), (1, 2))))
    assert part.share(whole) == pytest.approx(1 / 6 / 2 / 4, rel=1e-14, abs=0)
    narrow = Box((Fraction(1), 1 + Fraction(1, 10**12)), *whole.intervals[1:])
    below, above = narrow.halves(0)
    assert below.share(narrow) + above.share(narrow) == pytest.approx(1, rel=1e-12, abs=0)
    assert below.share(narrow) == pytest.approx(0.5, rel=1e-6, abs=0)


# --- input ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": (2, 1)}, "alpha: the range from 2 to 1"),
        ({"alpha": (0, 1)}, "alpha: 0"),
        ({"alpha": (1, 2, 3)}, "alpha: "),
        ({"alpha": (1, float("inf"))}, "alpha: "),
        ({"tau": 1}, "tau: 1 is not allowed"),
        ({"tau": ("x", 1)}, "tau: 'x'"),
        ({"kappa": (-1, 1)}, "kappa: -1"),
        ({"rho": (-1, 1)}, "rho: -1"),
        ({"depth": -1}, "depth: -1"),
        ({"alpha": (1, "1e1000000")}, "alpha: '1e1000000'"),
        ({"kappa": "1e5000000"}, "kappa: '1e5000000'"),
        ({"tau": (True, 2)}, "tau: True"),
        ({"share": float("nan")}, "share: nan"),
        ({"share": 0}, "share: 0"),
        ({"share": 1.5}, "share: 1.5"),
        ({"eigenvalues": [0, 0]}, "eigenvalues: all zero"),
        ({"weights": [1]}, "weights: 1 of them"),
    ],
    ids=str,
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"eigenvalues": [0, 2], "alpha": (1, 2), "tau": "1/2", "kappa": 1, "rho": 1} | change
    with pytest.raises(ValueError, match=message):
        certify_box(**given)


def test_long_numbers_are_refused_in_a_short_line() -> None:
    for value in (-(10**5000), (10**5000, 1)):
        with pytest.raises(InputError, match=r"^rho: .*a number of more than 4300 digits.* is not allowed"):
            certify_box([0, 2], alpha=1, tau="1/2", kappa=1, rho=value)


def test_global_precision_is_left_alone() -> None:
    ctx.prec = 77
    certify_box([0, 2], alpha=(1, 2), tau=("1/4", "1/2"), kappa=1, rho=1, depth=2)
    assert ctx.prec == 77
