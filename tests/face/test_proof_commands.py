"""The commands `prove`, `certify` and `verify`."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskalign.cli import main
from taskalign.proofs_check import proving

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
