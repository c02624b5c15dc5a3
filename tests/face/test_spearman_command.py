"""The command `spearman`: what it writes, what it goes on from, and what it refuses."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import pytest

from taskalign.cli import main
from taskalign.models.spearman import METRICS, PUBLISHED

from .terminal import rest_of

TINY = ["--d", "5", "--kappa", "0.4,2", "--seeds", "1", "--steps", "50", "--batch", "4", "--contexts", "32"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder that the command wrote without interruption; what it printed is beside it."""
    folder = tmp_path_factory.mktemp("spearman") / "out"
    with redirect_stdout(io.StringIO()) as printed:
        assert main(["spearman", *TINY, "--out", str(folder)]) == 0
    (folder.parent / "printed.txt").write_text(printed.getvalue())
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_point_is_there(made: Path) -> None:
    points = rows(made / "points.csv")
    # 11 power laws and 5 spikes, at two kappa, for two models
    assert len(points) == 2 * 2 * (11 + 5)
    assert {row["tasks"] for row in points} == {"2", "10"}
    run = json.loads((made / "runs" / "tasks-2-seed-0.json").read_text())
    found = [float(row["error"]) for row in points if (row["model"], row["tasks"]) == ("transformer", "2")]
    assert found == run["transformer"]


def test_table_as_csv_and_json_agree(made: Path) -> None:
    content = json.loads((made / "table.json").read_text())
    assert content["setting"]["d"] == 5
    assert content["setting"]["schedule"]["steps"] == 50
    assert {name: content["published"][name] for name in METRICS} == PUBLISHED
    assert "torch" in content["versions"]
    for row, entry in zip(rows(made / "table.csv"), content["spearman"], strict=True):
        assert {name: type(entry[name])(text) for name, text in row.items()} == entry
    assert {entry["scope"] for entry in content["spearman"]} == {"all kappa", "within kappa", "kappa 0.4", "kappa 2"}


def test_pictures(made: Path) -> None:
    for model in ("transformer", "linear-attention"):
        assert (made / f"{model}.png").read_bytes().startswith(b"\x89PNG\r\n")
        assert ElementTree.parse(made / f"{model}.svg").getroot().tag.endswith("svg")


def test_prints_the_table_and_the_published_values(made: Path) -> None:
    printed = (made.parent / "printed.txt").read_text()
    for entry in json.loads((made / "table.json").read_text())["spearman"]:
        assert f"{entry['spearman']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]" in printed
    assert re.search(r"as published +0\.99 +0\.98 +0\.96 +0\.39", printed)
    assert "linear attention at kappa 0.4: measured error / theory" in printed
    for name in ("table.csv", "table.json", "points.csv", "transformer.png", "linear-attention.svg"):
        assert f"wrote {made / name}\n" in printed


def test_interrupted_command_goes_on_where_it_stopped(made: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "taskalign", "spearman", *TINY, "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(12_000):
        if list(tmp_path.glob("runs/*.pt")):  # the first training has begun
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert output == ""
    said = rf"taskalign: [012] of 2 runs are saved in {tmp_path}, the same command goes on from there\n"
    assert re.fullmatch(said + "taskalign: interrupted\n", errors)
    assert not (tmp_path / "table.json").exists()
    assert main(command[3:]) == 0
    assert (tmp_path / "points.csv").read_bytes() == (made / "points.csv").read_bytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--d", "1"], "--d: 1 "),
        (["--kappa", "0.5,x"], "--kappa: 'x'"),
        (["--kappa", "1,1.01"], "--kappa: "),
        (["--kappa", "-1"], "--kappa: -1"),
        (["--tau", "1"], "--tau: 1"),
        (["--rho", "-1"], "--rho: -1"),
        (["--steps", "0"], "--steps: 0"),
        (["--learning-rate", "nan"], "--learning-rate: nan"),
        (["--seeds", "0"], "--seeds: 0"),
        (["--seed", "-1"], "--seed: -1"),
        (["--width", "0"], "--width: 0"),
        (["--contexts", "5"], "--contexts: 5"),
        (["--device", "moon"], "--device: 'moon'"),
        (["--out", __file__], "--out: "),
        (["--moon", "1"], ""),
    ],
)
def test_bad_input(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spearman", *given]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith(f"taskalign: {message}")


def test_a_folder_of_another_setting_is_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spearman", *TINY, "--rho", "0.5", "--out", str(made)]) == 2
    assert re.fullmatch(r"taskalign: --out: \S+ is of a run with another setting; .*\n", capsys.readouterr().err)


def test_without_torch_it_names_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else real(name))
    assert main(["spearman"]) == 2
    assert capsys.readouterr().err == (
        'taskalign: torch is missing: pip install "taskalign[torch]",'
        ' or in a checkout .venv/bin/python -m pip install -e ".[torch]"\n'
    )


def test_progress_on_a_terminal() -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "taskalign", "spearman", *TINY]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = rest_of(ours)
    assert process.wait(timeout=60) == 0
    assert b"2.0 of 2 runs" in shown
