"""What stands behind `taskalign scan`."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pytest

from taskalign import files, scan_command
from taskalign.__main__ import main as start
from taskalign.cli import main
from taskalign.numerics import InputError
from taskalign.options import CheckFailed
from taskalign.proofs_check import verify
from taskalign.proofs_check.adversary import Adversary
from taskalign.proofs_check.families import Atoms, OneSpectrum, PowerLaw, TwoAtoms
from taskalign.proofs_check.on_dask import WorkersLost
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
    for jobs in (0, -5):
        with pytest.raises(InputError, match=rf"^--jobs: {jobs}"):
            scan_command.run(scan_command.points(random=5), TwoAtoms(), tmp_path / "out", jobs=jobs)
    with pytest.raises(InputError, match=r"^--wait: -1"):
        scan_command.run(scan_command.points(random=5), TwoAtoms(), tmp_path / "out", wait=-1)
    with pytest.raises(InputError, match=r"^--scheduler: nonsense"):
        scan_command.run(scan_command.points(random=5), TwoAtoms(), tmp_path / "out", scheduler="nonsense", wait=0.1)
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


def test_scan_without_workers_ends_as_a_failed_check(tmp_path, monkeypatch):
    def lost(*arguments, **more):
        raise WorkersLost("scheduler: no dask worker for 3 s; 1 of 2 chunks are saved")

    monkeypatch.setattr(scan_command, "scan", lost)
    with pytest.raises(CheckFailed, match=r"^--scheduler: no dask worker for 3 s; 1 of 2 chunks are saved$"):
        scan_command.run(scan_command.points(random=5), TwoAtoms(), tmp_path / "out", wait=3)


# --- the command ------------------------------------------------------------------------------------------------
SCAN = ["scan", "--random", "50", "--family", "two-atoms"]


def test_command_hands_the_wait_on(tmp_path, monkeypatch):
    found = {}
    monkeypatch.setattr(scan_command, "run", lambda *_, **more: found.update(more))
    monkeypatch.setattr(scan_command, "told", lambda result, scheduler: f"{result} {scheduler}")
    arguments = ["--out", str(tmp_path), "--wait", "2.5", "--scheduler", "tcp://a:1", "--jobs", "3"]
    assert main([*SCAN, *arguments]) == 0
    assert found == {"jobs": 3, "scheduler": "tcp://a:1", "wait": 2.5}


def test_finished_scan_says_that_the_scheduler_was_not_needed(tmp_path, capsys):
    assert main([*SCAN, "--out", str(tmp_path)]) == 0
    assert "50 points, ordering" in capsys.readouterr().out
    assert main([*SCAN, "--out", str(tmp_path)]) == 0
    assert "50 points (50 were there), ordering" in capsys.readouterr().out
    assert main([*SCAN, "--out", str(tmp_path), "--scheduler", "nonsense"]) == 0
    assert "50 points (all were there, --scheduler was not needed), ordering" in capsys.readouterr().out
    assert main([*SCAN, "--random", "20", "--out", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", ""], "--out: '' is not allowed, must be a path"),
        (["--out", "new", "--summary", ""], "--summary: '' is not allowed, must be a path"),
        (["--out", "file"], "--out: file: File exists"),
        (["--out", "file/below"], "--out: file/below: Not a directory"),
        (["--out", "new", "--summary", "file"], "--summary: file holds no rows of a scan"),
        (["--out", "new", "--summary", "absent"], "--summary: absent holds no rows of a scan"),
        (["--out", "new", "--summary", "empty"], "--summary: empty holds no rows of a scan"),
    ],
)
def test_output_is_checked_before_the_work(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    assert main([*SCAN, *arguments]) == 2
    assert capsys.readouterr() == ("", f"taskalign: {said}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


@pytest.mark.parametrize("name", ["file", "absent", "empty", "damaged"])
def test_summary_of_what_is_no_scan_is_one_line(tmp_path, capsys, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    assert main([*SCAN, "--out", str(tmp_path / "damaged")]) == 0
    for chunk in (tmp_path / "damaged").glob("*.parquet"):
        chunk.write_bytes(chunk.read_bytes()[:-9])
    capsys.readouterr()
    assert main(["scan", "--summary", str(tmp_path / name)]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert re.fullmatch(rf"taskalign: --summary: {tmp_path / name}.*\n", errors)


def test_summary_of_the_scan_itself_and_of_another(tmp_path, capsys):
    for summary in ("one", "one", "../" + tmp_path.name + "/two"):
        assert main([*SCAN, "--out", str(tmp_path / summary[-3:]), "--summary", str(tmp_path / summary)]) == 0
    assert main([*SCAN, "--out", str(tmp_path / "three"), "--summary", str(tmp_path / "one")]) == 0
    assert (tmp_path / "two" / "_summary.html").exists()
    assert not (tmp_path / "three" / "_summary.html").exists()


FULL = """
import sys
from pathlib import Path
from taskalign import scan_command
from taskalign.cli import main

def scan(*points, out, progress, **more):
    def fill(done, size):
        if done == 30:
            (out / ".chunk.part").symlink_to("/dev/full")
    return found(*points, out=out, progress=fill, chunk=10, **more)

found, scan_command.scan = scan_command.scan, scan
sys.exit(main(["scan", "--random", "10000", "--family", "two-atoms", "--jobs", "3", "--out", sys.argv[1]]))
"""


def test_full_disk_is_one_line(tmp_path):
    """The kernel itself says that the disk is full: the file is written to /dev/full."""
    found = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "scan")], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 2
    assert re.fullmatch(
        r"taskalign: --out: .*: No space left on device; 3 of 1000 chunks are saved, .*\n", found.stderr
    )


def test_files_are_not_written_over_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for path in ("", ".", "..", "folder"):
        for act in (lambda path: files.check_file("--out", path), lambda path: files.write("--out", path, "x")):
            with pytest.raises(InputError, match=r"^--out: \S+ is a folder, must be a file$"):
                act(Path(path))
    with pytest.raises(InputError, match=r"^--out: absent/file: absent is no folder$"):
        files.check_file("--out", Path("absent/file"))
    files.check_file("--out", Path("file"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# --- interrupts while the program is imported ---------------------------------------------------------------------
MAIN = "import sys; from taskalign.__main__ import main; sys.exit(main())"


@pytest.mark.parametrize("command", [["-c", MAIN], ["-m", "taskalign"]])
def test_interrupt_during_imports_is_one_line(tmp_path, command):
    """A library that interrupts as it is imported stands for the user, even one that holds back exceptions."""
    (tmp_path / "cyclopts.py").write_text(
        "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(10)\n"
        "except BaseException:\n    pass\nraise SystemExit('went on')"
    )
    found = subprocess.run(
        [sys.executable, *command, "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "taskalign: interrupted\n")


def test_interrupts_that_are_ignored_stay_so(tmp_path):
    """As in the background of a shell."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + MAIN
    (tmp_path / "cyclopts.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit(signal.getsignal(signal.SIGINT).name)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert (found.returncode, found.stderr) == (1, "SIG_IGN\n")


def test_interrupts_reach_the_command_as_exceptions(monkeypatch):
    monkeypatch.setattr(
        "taskalign.cli.main", lambda: int(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    )
    assert start() == 1


def test_installed_command_is_this_one():
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"taskalign": "taskalign.__main__:main"}


def test_covariance_is_scanned_at_its_atoms_and_the_tolerance_is_said(tmp_path, capsys):
    file = tmp_path / "eq5.csv"
    np.savetxt(file, np.eye(5) / 2 + 1, delimiter=",")
    point = ["--grid", "alpha=500,tau=0.5,kappa=1,rho=0.5", "--out", str(tmp_path / "scan")]
    assert main(["scan", "--train", str(file), *point, "--summary", str(tmp_path / "scan")]) == 0
    said = capsys.readouterr().out
    assert "1 points, ordering fails at 0 (0 %)" in said
    assert re.search(r"^eigenvalues closer than \d\.\d+e-15 of the largest were taken as one$", said, re.MULTILINE)
    assert "Eigenvalues closer than" in (tmp_path / "scan" / "_summary.html").read_text()
    assert main([*SCAN, "--out", str(tmp_path / "two"), "--summary", str(tmp_path / "two")]) == 0
    assert "closer" not in capsys.readouterr().out + (tmp_path / "two" / "_summary.html").read_text()
