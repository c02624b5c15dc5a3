"""The commands `prove`, `certify` and `verify`."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from taskalign.cli import main
from taskalign.proofs_check import Certificate, proving
from taskalign.proofs_check.phase_data import load

POINT = ["--alpha", "50", "--tau", "0.3", "--kappa", "1", "--rho", "1"]


def certify(path: Path, *more: str) -> int:
    return main(["certify", "--train", "lowrank:0.5", *POINT, "--out", str(path), *more])


def test_a_true_claim_is_certified_and_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(tmp_path / "c.json", "--fails") == 0
    assert main(["verify", str(tmp_path / "c.json")]) == 0
    assert "accepted: ordering-fails: K(0) <= 1.2652" in capsys.readouterr().out


def test_a_false_claim_is_a_failed_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(tmp_path / "c.json") == 1
    assert not (tmp_path / "c.json").exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_an_altered_certificate_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certify(tmp_path / "c.json", "--fails")
    (tmp_path / "d.json").write_text((tmp_path / "c.json").read_text().replace('"50"', '"5"'))
    assert main(["verify", str(tmp_path / "c.json"), str(tmp_path / "d.json")]) == 1
    captured = capsys.readouterr()
    assert "d.json: refused" in captured.out
    assert captured.err == f"taskalign: refused: {tmp_path / 'd.json'}\n"


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none.json")]) == 2
    for name, value in (("--alpha", "-1"), ("--tau", "1")):
        place = POINT.index(name) + 1
        point = [*POINT[:place], value, *POINT[place + 1 :]]
        assert main(["certify", "--train", "lowrank:0.5", *point, "--out", str(tmp_path / "c.json")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "--alpha: -1 is not allowed" in lines[1]


def test_prove_prints_every_claim_and_writes_the_appendix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--out", str(tmp_path / "proofs.tex")]) == 0
    printed = capsys.readouterr().out
    for claim in proving.CLAIMS.values():
        assert claim.title in printed
    assert "\\documentclass" in (tmp_path / "proofs.tex").read_text()


def test_phase_writes_a_map_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "maps"
    arguments = ["phase", "--train", "half-rank=lowrank:0.5", "--rho", "1", "--share", "0.9", "--out", str(out)]
    assert main(arguments) == 0
    assert "half-rank-kappa-1-rho-1:" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert names == {"half-rank-kappa-1-rho-1.png", "half-rank-kappa-1-rho-1.json", "index.html"}
    assert main([*arguments[:-4], "--alpha", "5", "--out", str(out)]) == 2
    assert "--alpha: '5' is no range" in capsys.readouterr().err


# --- covariances with repeated eigenvalues ---------------------------------------------------------------------------
EQUAL = ["--alpha", "500", "--tau", ".5", "--kappa", "1", "--rho", "1/2"]


@pytest.fixture
def equicorrelated(tmp_path: Path) -> str:
    """0.5 I + 11^T in five dimensions: eigenvalues 1/2, four times, and 11/2."""
    path = tmp_path / "eq5.csv"
    path.write_text("\n".join(",".join("1.5" if i == j else "1" for j in range(5)) for i in range(5)))
    return str(path)


def test_what_rounding_sets_apart_is_one_eigenvalue(
    equicorrelated: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ordering holds: K(1/2) = 2.102 > K(11/2) = 0.770; among the four copies of 1/2 rounding decided."""
    out = tmp_path / "c.json"
    assert main(["certify", "--train", equicorrelated, *EQUAL, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    found = Certificate.load(out)
    assert found.weights == (Fraction(4, 5), Fraction(1, 5))
    assert [float(c) for c in found.eigenvalues] == pytest.approx([0.5, 5.5], rel=1e-14, abs=0)
    assert 0 < found.tolerance < Fraction(1, 10**12)
    for c, w in zip(found.eigenvalues, found.weights, strict=True):
        assert f"{c} ({w})" in said
    assert f"closer than {found.tolerance} of the largest is one" in said
    assert float(found.K[0][0]) == pytest.approx(2.10217229619, rel=1e-10, abs=0)
    assert float(found.K[1][0]) == pytest.approx(0.770123253932, rel=1e-10, abs=0)
    assert main(["verify", str(out)]) == 0
    assert main(["certify", "--train", equicorrelated, *EQUAL, "--fails", "--out", str(tmp_path / "d.json")]) == 1
    assert not (tmp_path / "d.json").exists()
    captured = capsys.readouterr()
    assert captured.err == "taskalign: claim: ordering-fails is false for this spectrum and these parameters\n"


def test_maps_take_the_same_eigenvalues(equicorrelated: str, tmp_path: Path) -> None:
    ranges = ["--alpha", "400:600", "--tau", "2/5:3/5", "--rho", "1/2"]
    assert main(["phase", "--train", equicorrelated, *ranges, "--out", str(tmp_path / "maps")]) == 0
    (path,) = (tmp_path / "maps").glob("*.json")
    diagram = load(path)
    assert diagram.weights == (Fraction(4, 5), Fraction(1, 5))
    assert diagram.tolerance > 0
    assert diagram.verdict.status == "holds"


# --- outputs and long numbers -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("command", ["prove", "certify"])
def test_where_to_write_is_checked_before_the_work(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def worked(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr("taskalign.proofs_check.prove", worked)
    monkeypatch.setattr("taskalign.proofs_check.certify", worked)
    point = [] if command == "prove" else ["--train", "lowrank:0.5", *POINT]
    for path in ("/nonexistent/x", str(tmp_path), "", "."):
        assert main([command, *point, "--out", path]) == 2
        said = capsys.readouterr()
        assert said.err.startswith("taskalign: --out: ")
        assert said.err.count("\n") == 1
        assert not said.out


@pytest.mark.parametrize("value", ["1e5000000", "1e5000", "٣", "1_0", "1 0", "1/0", "nan", "True", "9" * 5000])
def test_numbers_that_are_refused(value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    point = [value if text == "50" else text for text in POINT]
    assert main(["certify", "--train", "lowrank:0.5", *point, "--out", str(tmp_path / "c.json")]) == 2
    assert main(["phase", "--train", "lowrank:0.5", "--kappa", value, "--out", str(tmp_path / "maps")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["--alpha", "--kappa"]
    assert all(len(line) < 250 for line in lines)


def test_files_that_are_no_certificates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero"), tmp_path / "missing"):
        assert main(["verify", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
