"""The command `lowrank`: its numbers are the library's, ranges, and what it refuses."""

import csv
import json

import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main

POINT = ["--rank-fraction", "0.5", "--alpha", "20", "--tau", "2", "--kappa", "0.3"]
KEYWORDS = {"alpha": 20, "tau": 2, "kappa": 0.3}


@pytest.fixture
def run(capsys):
    """Run in this process: exit code, output, errors."""

    def run(*arguments):
        code = main(["lowrank", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_json_holds_the_numbers_of_the_library(run):
    extra = ["--ridge", "0.02", "--noise-std", "0.3", "--alpha-test", "40", "--rho-test", "0.1"]
    code, out, err = run(*POINT, *extra, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    direct = ta.low_rank_errors(0.5, **KEYWORDS, ridge=0.02, noise_std=0.3, alpha_test=40, rho_test=0.1)
    for name, value in found["errors"].items():
        assert value == pytest.approx(float(getattr(direct, name)), rel=1e-13, abs=0)
    assert set(found["errors"]) == {"TM", "IDG", "ODG", "q", "m", "q0", "m0", "q_bar", "m_bar"}
    # THEORY 7: 1 - kappa/r on fresh tasks where the noise vanishes first, amplified where the ridge does
    assert found["phase"]["name"] == "few tasks"
    assert found["phase"]["noise_first.IDG"] == pytest.approx(0.4, rel=1e-13, abs=0)
    assert found["phase"]["ridge_first.IDG"] == pytest.approx(0.4 * 1.3, rel=1e-13, abs=0)


def test_table(run):
    code, out, _ = run(*POINT)
    assert code == 0
    direct = ta.low_rank_errors(0.5, **KEYWORDS)
    lines = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    assert f"{float(direct.IDG):.12g}" in lines["IDG"]
    assert f"{float(direct.m_bar):.12g}" in lines["m̄"]
    assert "few tasks" in lines["phase"]


def test_ranges_make_a_table_of_points(run):
    code, out, _ = run(*POINT[:-1], "0.1:1:3", "--ridge", "0.01:1:2:log")
    assert code == 0
    rows = list(csv.DictReader(out.splitlines()))
    assert len(rows) == 6
    kappa, ridge = np.linspace(0.1, 1, 3)[:, None], np.array([0.01, 1])
    direct = ta.low_rank_errors(0.5, alpha=20, tau=2, kappa=kappa, ridge=ridge)
    assert [float(row["ODG"]) for row in rows] == pytest.approx(direct.ODG.ravel().tolist(), rel=1e-12, abs=0)
    assert [float(row["kappa"]) for row in rows] == pytest.approx(np.repeat(kappa[:, 0], 2).tolist(), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--rank-fraction", "1.5"], "--rank-fraction: 1.5 is not allowed, must be in (0, 1]"),
        (["--noise-std", "-1"], "--noise-std: -1.0 is not allowed"),
        (["--tau", "1"], "--tau: 1.0 is not allowed, must be other than 1 without a ridge"),
        (["--ridge", "x"], "--ridge: 'x' is not a number"),
    ],
)
def test_bad_input_is_one_line(run, change, message):
    arguments = list(POINT)
    if change[0] in arguments:
        arguments[arguments.index(change[0]) + 1] = change[1]
    else:
        arguments += change
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
