"""Phase diagrams: areas, border and curve agree with each other and with the theory, and files bring them back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

import taskalign as ta
from taskalign.numerics import precise
from taskalign.proofs_check.phase import PhaseDiagram, part_at, phase_diagram
from taskalign.proofs_check.phase_data import as_json, exact_text, load, save

HALF = ta.Spectrum([0.0, 2.0])


@pytest.fixture(scope="module")
def diagram() -> PhaseDiagram:
    return phase_diagram(HALF, kappa=1, rho=1, alpha=(12, 30), tau=("3/10", "1/2"), share=0.93)


def test_areas_fill_the_diagram(diagram: PhaseDiagram) -> None:
    assert diagram.decided >= 0.93
    assert diagram.fails > 0.2
    assert diagram.holds > 0.2
    assert diagram.holds + diagram.fails == pytest.approx(diagram.decided, abs=1e-12)
    assert sum(part.share for part in diagram.verdict.parts) == pytest.approx(1, abs=1e-12)


def test_random_points_agree_with_their_areas(diagram: PhaseDiagram) -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(60):
        alpha, tau = (
            Fraction(float(np.exp(rng.uniform(np.log(12), np.log(30))))),
            Fraction(float(rng.uniform(0.3, 0.5))),
        )
        parts = part_at(diagram.verdict, alpha, tau)
        assert len(parts) == 1
        if parts[0].status != "undecided":
            point = precise([0, 2], alpha=alpha, tau=tau, kappa=1, rho=1, digits=20)
            assert (point.K(0) >= point.K(2)) is (parts[0].status == "holds")
        seen.add(parts[0].status)
    assert seen >= {"holds", "fails"}


def test_border_lies_in_what_is_undecided(diagram: PhaseDiagram) -> None:
    assert len(diagram.border) == 1
    (line,) = diagram.border
    assert len(line) > 300
    for alpha, tau in line[::3].tolist():
        if 12 < alpha < 30 and 0.3001 < tau < 0.4999:
            assert "undecided" in {part.status for part in part_at(diagram.verdict, alpha, tau)}
    # and is where both K agree
    alpha, tau = line[len(line) // 2].tolist()
    found = precise([0, 2], alpha=alpha, tau=tau, kappa=1, rho=1, digits=30)
    with mp.workdps(30):
        assert abs(found.K(0) / found.K(2) - 1) < 1e-12


def test_border_reaches_the_edges(diagram: PhaseDiagram) -> None:
    (line,) = diagram.border
    ends = line[0], line[-1]
    assert all(np.isclose(x, (12, 30)).any() or np.isclose(y, (0.3, 0.5)).any() for x, y in ends)


def test_tau_order_curve_is_on_the_side_that_holds(diagram: PhaseDiagram) -> None:
    """Where it lies above the diagram, nothing of the area is above it; where it crosses, all above holds."""
    assert diagram.tau_order[:, 1].min() > 0.5
    assert diagram.above_tau_order == 0
    higher = phase_diagram(HALF, kappa=1, rho=1, alpha=(12, 18), tau=("11/20", "4/5"))
    assert 0 < higher.above_tau_order < higher.holds
    assert higher.decided == 1
    assert higher.verdict.share("holds", "tau_order") <= higher.above_tau_order
    for alpha, tau in higher.tau_order.tolist():
        found = precise([0, 2], alpha=alpha, tau=tau, kappa=1, rho=1, digits=20)
        assert found.effective_ridge == pytest.approx(float(found.s), rel=1e-9, abs=0)


def test_no_border_where_the_ordering_holds_throughout() -> None:
    diagram = phase_diagram(HALF, kappa=1, rho="1/100", alpha=(12, 18), tau=("2/5", "4/5"))
    assert diagram.verdict.status == "holds"
    assert diagram.decided == 1
    assert diagram.border == ()


def test_file_brings_back_the_same(diagram: PhaseDiagram, tmp_path: Path) -> None:
    save(diagram, tmp_path / "a.json")
    back = load(tmp_path / "a.json")
    assert [part.box for part in back.verdict.parts] == [part.box for part in diagram.verdict.parts]
    assert [part.status for part in back.verdict.parts] == [part.status for part in diagram.verdict.parts]
    assert back.eigenvalues == (Fraction(0), Fraction(2))
    assert back.decided == pytest.approx(diagram.decided, abs=1e-12)
    np.testing.assert_allclose(back.border[0], diagram.border[0], rtol=1e-8)
    assert as_json(back) == as_json(diagram)


@pytest.mark.parametrize("text", ["1/3", "0.5", "12", "0.0009375", "1024", "10", "0", "200", "0.1"])
def test_exact_text(text: str) -> None:
    assert exact_text(Fraction(text)) == text
    assert Fraction(exact_text(Fraction(text) / 7)) == Fraction(text) / 7


def test_floats_as_text_are_exact() -> None:
    for x in (0.1, 1 / 3, 3.87627336e-05, 1e-300, 5e-324):
        assert Fraction(exact_text(Fraction(x))) == Fraction(x)


def test_bad_file(tmp_path: Path) -> None:
    for content in ("", "{}", '{"format": "other"}'):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(ValueError, match="path: "):
            load(tmp_path / "a.json")
    with pytest.raises(ValueError, match="path: "):
        load(tmp_path / "absent.json")


@pytest.mark.parametrize("name", ["kappa", "rho"])
def test_bad_input(name: str) -> None:
    given = {"kappa": 1, "rho": 1} | {name: -1}
    with pytest.raises(ValueError, match=f"{name}: -1"):
        phase_diagram(HALF, **given)


def test_a_picture_needs_numbers_in_the_range_of_floats() -> None:
    for change in ({"kappa": 10**400}, {"rho": "1e-400"}, {"alpha": (1, "1e400")}, {"tau": ("1e-400", "1/2")}):
        with pytest.raises(ValueError, match=f"^{next(iter(change))}: .* in the range of floats"):
            phase_diagram(HALF, **{"kappa": 1, "rho": 1, "depth": 1} | change)
