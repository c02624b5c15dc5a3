"""What stands behind `taskalign scan`."""

import os
import re
import signal
import subprocess
import sys
import time

import pyarrow.dataset
import pytest

from taskalign import scan_command
from taskalign.numerics import InputError
from taskalign.proofs_check import verify
from taskalign.proofs_check.adversary import Adversary
from taskalign.proofs_check.families import Atoms, OneSpectrum, PowerLaw, TwoAtoms
from taskalign.proofs_check.points import RandomPoints

from .terminal import rest_of

SLOW = """
import sys
from pathlib import Path
from taskalign import scan_command
points = scan_command.points(adversarial=4096, steps=20)
try:
    scan_command.run(points, None, Path(sys.argv[1]), jobs=1)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_grid_takes_commas_and_repetition():
    grid = scan_command.points(grid=("alpha=0.5:200:4:log,tau=0.02:0.98:3", "kappa=1", "rho=0:1:2"))
    assert grid.size == 24
    assert grid.names == ("alpha", "tau", "kappa", "rho")
    assert grid.columns(23, 24)["alpha"] == pytest.approx(200, rel=1e-12, abs=0)


def test_ranges_of_random_points():
    points = scan_command.points(random=10, seed=3, ranges=("alpha=1:2,rho=0", "kappa=1:9:linear"))
    assert isinstance(points, RandomPoints)
    assert points.ranges["alpha"] == (1, 2)
    assert points.ranges["rho"] == (0, 0)
    assert points.ranges["kappa"] == (1, 9, "linear")
    assert points.seed == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("two-atoms", TwoAtoms()), ("power-law", PowerLaw(100)), ("power-law:7", PowerLaw(7)), ("atoms:3", Atoms(3))],
)
def test_families(text, expected):
    assert scan_command.family(None, text, RandomPoints(1)) == expected


def test_train_is_one_spectrum():
    found = scan_command.family("lowrank:0.5", None, RandomPoints(1))
    assert isinstance(found, OneSpectrum)
    assert found.source == "lowrank:0.5"
    assert scan_command.family(None, None, Adversary(1)) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"^--grid: give one of"),
        ({"random": 5, "grid": ("alpha=1",)}, r"^--random: give one of"),
        ({"random": 0}, r"^--random: 0"),
        ({"adversarial": 0}, r"^--adversarial: 0"),
        ({"random": 5, "seed": -1}, r"^--seed: -1"),
        ({"adversarial": 5, "goal": "up"}, r"^--goal: 'up'"),
        ({"grid": ("alpha=1",)}, r"^--grid: an axis for tau, kappa, rho is missing"),
        ({"grid": ("alpha",)}, r"^--grid: 'alpha' is not allowed"),
        ({"grid": ("alpha=1", "alpha=2")}, r"^--grid: alpha is given twice"),
        ({"grid": ("alpha=1:2:x",)}, r"^--grid alpha: 'x'"),
        ({"grid": ("alpha=1,tau=1,kappa=1,rho=0",)}, r"^--grid: tau: 1\.0"),
        ({"grid": ("alpha=1",), "ranges": ("rho=0",)}, r"^--range: not allowed with --grid"),
        ({"random": 5, "ranges": ("rho=1:2:3:4",)}, r"^--range: rho=1:2:3:4"),
        ({"random": 5, "ranges": ("rho=a:2",)}, r"^--range rho: 'a'"),
        ({"random": 5, "ranges": ("tau=3:2",)}, r"^--range: tau"),
    ],
)
def test_bad_points_name_the_option(given, message):
    with pytest.raises(InputError, match=message):
        scan_command.points(**given)


@pytest.mark.parametrize(
    ("train", "family", "message"),
    [
        (None, None, "^--train: give one of"),
        ("iso", "two-atoms", "^--family: give one of"),
        (None, "three-atoms", "^--family: 'three-atoms'"),
        (None, "atoms", "^--family: 'atoms'"),
        (None, "power-law:0.5", "^--family: 'power-law:0.5'"),
        ("absent.csv", None, r"^--train: absent\.csv"),
    ],
)
def test_bad_spectra_name_the_option(train, family, message):
    with pytest.raises(InputError, match=message):
        scan_command.family(train, family, RandomPoints(1))


def test_errors_of_a_scan_name_the_option(tmp_path):
    points = scan_command.points(random=5, ranges=("ratio=0.5",))
    with pytest.raises(InputError, match=r"^--range: ratio"):
        scan_command.run(points, scan_command.family("iso", None, points), tmp_path / "out")
    with pytest.raises(InputError, match=r"^--jobs: 0"):
        scan_command.run(points, TwoAtoms(), tmp_path / "out", jobs=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^--out: "):
        scan_command.run(points, TwoAtoms(), tmp_path / "file")


def test_summary_writes_page_and_certificates_beside_the_rows(tmp_path):
    points = scan_command.points(random=2000, ranges=("alpha=10:1e4", "tau=0.05:0.99"))
    result = scan_command.run(points, scan_command.family("lowrank:0.5", None, points), tmp_path)
    assert re.fullmatch(
        rf"2000 points, ordering fails at {result.failing} \(.* %\); rows in {tmp_path}", scan_command.told(result)
    )
    lines = scan_command.write_summary(tmp_path, worst=3)
    assert lines[0].startswith(f"2000 points, ordering fails at {result.failing} ")
    certificates = sorted((tmp_path / "_certificates").iterdir())
    assert len(certificates) == 3
    assert all(map(verify, certificates))
    page = (tmp_path / "_summary.html").read_text()
    for file in certificates:
        assert f'href="_certificates/{file.name}"' in page
    assert "taskalign evaluate --train lowrank:0.5" in page
    assert page.count("<svg") == 6
    assert not re.search(r"(src|href)=.(https?:)?//", page)
    # what was written does not disturb readers of the rows, nor the scan
    assert pyarrow.dataset.dataset(tmp_path).count_rows() == 2000
    assert scan_command.run(points, scan_command.family("lowrank:0.5", None, points), tmp_path).computed == 0
    assert scan_command.write_summary(tmp_path, worst=1)[-1] == f"wrote {tmp_path / '_summary.html'}"
    assert len(list((tmp_path / "_certificates").iterdir())) == 1


def interrupt(folder, **streams):
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(folder)], **streams)
    for _ in range(6000):
        if list(folder.glob("chunk-*.parquet")):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    return process


def test_interrupt_says_what_is_saved_and_is_quiet_otherwise(tmp_path):
    process = interrupt(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == ""
    assert re.fullmatch(
        rf"taskalign: \d+ of 4096 points are saved in {tmp_path}, the same command goes on from there\n", errors
    )
    saved = int(errors.split()[1])
    assert saved == 128 * len(list(tmp_path.glob("chunk-*.parquet"))) > 0


def test_progress_on_a_terminal(tmp_path):
    ours, theirs = os.openpty()
    process = interrupt(tmp_path, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = rest_of(ours)
    assert process.wait(timeout=60) == 130
    assert b"of 4,096 points" in shown
    assert re.search(rb"\d+/s", shown)
