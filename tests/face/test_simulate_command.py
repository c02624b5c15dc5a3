"""The command `simulate`."""

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main

from .terminal import rest_of

POINT = ["--alpha", "2", "--tau", "3", "--kappa", "1", "--rho", "0.1"]


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["simulate", *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_table(capsys):
    code, output, errors = run(
        capsys, "--train", "lowrank:0.5", "--test", "iso", "null=spike:9", *POINT, "--d", "10", "--repeats", "3"
    )
    assert code == 0
    assert errors == ""
    title, head, *rows = output.splitlines()
    assert title.startswith("train lowrank:0.5  d 10  alpha 2  tau 3  kappa 1  rho 0.1  ridge 1e-6")
    assert head.split() == ["test", "theory", "simulation", "s.e.", "deviation/s.e.", "deviation", "%"]
    spectrum = ta.Spectrum.low_rank(0.5)
    for row, name, test in zip(rows, ("iso", "null"), ([1.0, 1.0], [0.0, 2.0]), strict=True):
        cells = row.split()
        theory, measured, sem, apart, percent = map(float, cells[1:])
        assert cells[0] == name
        expected = ta.icl_error(spectrum, test, alpha=2, tau=3, kappa=1, rho=0.1, ridge=1e-6).total
        assert theory == pytest.approx(expected, rel=1e-5, abs=0)
        assert apart == pytest.approx((measured - theory) / sem, abs=0.01)
        assert percent == pytest.approx(100 * (measured / theory - 1), abs=0.01)


def test_json_is_what_the_library_gives(capsys):
    code, output, _ = run(capsys, "--train", "power:0.9", *POINT, "--d", "9", "--seed", "5", "--repeats", "2", "--json")
    assert code == 0
    values = json.loads(output)
    spectrum = ta.Spectrum.power_law(9, 0.9)
    found = ta.models.simulate(spectrum, spectrum.eigenvalues, d=9, alpha=2, tau=3, kappa=1, rho=0.1, seed=5, repeats=2)
    assert values["runs"]["errors"] == found.errors.tolist()
    assert values["runs"]["profiles"] == found.profiles.tolist()
    assert values["tests"][0]["standard_error"] == found.sem[0]
    assert values["realised"] == {"d": 9, **found.parameters, **found.at_test, "repeats": 2}


def test_options_reach_the_library(capsys):
    more = ["--alpha-test", "4", "--rho-test", "0", "--ridge", "0.5", "--no-y2-column", "--d", "8", "--json"]
    values = json.loads(run(capsys, "--train", "iso:2", *POINT, *more)[1])
    given = {"d": 8, "alpha": 2, "tau": 3, "kappa": 1, "rho": 0.1, "ridge": 0.5}
    found = ta.models.simulate(ta.Spectrum.isotropic(2), [2.0], **given, alpha_test=4, rho_test=0, y2_column=False)
    assert values["runs"]["errors"] == found.errors.tolist()
    assert values["tests"][0]["standard_error"] is None


def test_matrices_and_columns(capsys, tmp_path):
    rng = np.random.default_rng(0)
    train, test = (np.cov(rng.normal(size=(6, 40))) for _ in range(2))
    for name, matrix in (("train", train), ("test", test), ("column", np.array([3.0, 1, 2, 1, 0, 5]))):
        np.savetxt(tmp_path / f"{name}.csv", matrix, delimiter=",")
    file = str(tmp_path / "{}.csv")
    arguments = ["--train", file.format("train"), "--test", file.format("test"), "spike:0", *POINT, "--json"]
    values = json.loads(run(capsys, *arguments)[1])
    spectrum, along = ta.align(train, test)
    spike = np.where(spectrum.eigenvalues == spectrum.eigenvalues.max(), 6.0, 0.0)
    given: dict[str, Any] = {"d": 6, "alpha": 2, "tau": 3, "kappa": 1, "rho": 0.1}
    found = ta.models.simulate(spectrum, np.vstack([along, spike]), **given)
    np.testing.assert_allclose(values["runs"]["errors"], found.errors, rtol=1e-12)
    # two columns go entry by entry; with --d each entry stands for as many directions
    arguments = ["--train", file.format("column"), "--test", file.format("column"), "--d", "12", *POINT, "--json"]
    values = json.loads(run(capsys, *arguments)[1])
    entries = np.repeat([3.0, 1, 2, 1, 0, 5], 2)
    given["d"] = 12
    found = ta.models.simulate(ta.Spectrum(entries), entries, **given)
    assert values["runs"]["errors"] == found.errors.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "iso"], r"--d: a number is needed"),
        (["--train", "lowrank:0.3", "--d", "8"], r"--d: 8 is not allowed.*2\.4 directions"),
        (["--train", "iso", "--d", "1"], r"--d: 1 "),
        (["--train", "iso", "--d", "8", "--repeats", "0"], r"--repeats: 0 "),
        (["--train", "iso", "--d", "8", "--seed", "-3"], r"--seed: -3 "),
        (["--train", "iso", "--d", "8", "--test", "iso", "iso"], r"--test: 'iso' is given twice"),
        (["--train", "iso", "--d", "8", "--test", "absent.csv"], r"--test: absent\.csv: No such file"),
        (["--train", "iso", "--d", "8", "--test", "power:1:5"], r"--test: power:1:5: 5 eigenvalues do not fit --d 8"),
        (["--train", "iso", "--d", "8", "--ridge", "0", "--tau", "1"], r"--tau: 1\.0 .*give a ridge"),
        (["--train", "iso", "--d", "8", "--kappa", "0.01"], r"--kappa: 0\.01 "),
        (["--train", "iso", "--d", "8", "--rho", "x"], r"--rho: 'x' is not a number"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, message):
    point = [text for k, text in enumerate(POINT) if {POINT[k - k % 2]}.isdisjoint(arguments)]
    code, output, errors = run(capsys, *point, *arguments)
    assert code == 2
    assert output == ""
    assert re.fullmatch(rf"taskalign: {message}.*\n", errors)


SLOW = """
import sys
from taskalign.cli import main
sys.exit(main(["simulate", "--train", "iso", "--d", "24", "--repeats", "100000", *sys.argv[1:]]))
"""


def test_interrupt_keeps_what_was_finished():
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *POINT, "--json"], stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    shown = b""
    while not re.search(rb"[1-9]\d* of 100,000", shown):
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    shown += rest_of(ours)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    values = json.loads(output)
    done = values["realised"]["repeats"]
    assert 1 <= done == len(values["runs"]["errors"]) < 100_000
    assert f"taskalign: {done} of 100000 runs were finished".encode() in shown
