"""The command `predict`: what it prints, that its numbers are the library's, and what it refuses."""

import csv
import json

import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main
from taskalign.numerics import implicit_ridge

POINT = ["--alpha", "2", "--tau", "0.5", "--kappa", "1", "--rho", "0.01"]
KEYWORDS = {"alpha": 2, "tau": 0.5, "kappa": 1, "rho": 0.01}
TRAIN = ["--train", "power:0.9:20"]


@pytest.fixture
def run(capsys):
    """Run in this process: exit code, output, errors."""

    def run(*arguments):
        code = main(["predict", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_json_holds_the_numbers_of_the_library(run):
    code, out, err = run(*TRAIN, "--test", "iso", *POINT, "--alpha-test", "4", "--rho-test", "0.2", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    spectrum = ta.Spectrum.power_law(20, 0.9)
    law = ta.prediction_law(spectrum, np.ones(20), **KEYWORDS, alpha_test=4, rho_test=0.2)
    for name, value in found["law"].items():
        assert value == pytest.approx(float(getattr(law, name)), rel=1e-13, abs=0)
    for name, value in found["budget"].items():
        assert value == pytest.approx(float(getattr(law.budget, name)), rel=1e-13, abs=0)
    sources = implicit_ridge(spectrum, **KEYWORDS)
    for name, value in found["ridge"].items():
        assert value == pytest.approx(float(getattr(sources, name)), rel=1e-13, abs=0)
    assert sum(found["shares"].values()) == pytest.approx(1, rel=1e-13, abs=0)
    assert found["inputs"]["kind"] == "fresh"


def test_tables_show_law_budget_with_shares_and_ridge(run):
    code, out, _ = run(*TRAIN, *POINT)
    assert code == 0
    law = ta.prediction_law(ta.Spectrum.power_law(20, 0.9), **KEYWORDS)
    cells = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    assert f"{float(law.cov):.12g}" in cells["Σ_yŷ"]
    share = 100 * float(law.budget.train / law.error)
    assert f"{share:5.1f} %" in cells["V_train"]
    assert "100.0 %" in cells["e_ICL"]
    assert f"{float(law.fixed_point.t):.11g}" in cells["σ/a"]


@pytest.mark.parametrize(("kind", "error"), [("rotated", ta.rotated_task_error), ("training", ta.train_task_error)])
def test_kinds_of_tasks(run, kind, error):
    _, out, _ = run(*TRAIN, *POINT, "--kind", kind, "--json")
    exact = error(ta.Spectrum.power_law(20, 0.9), **KEYWORDS).total
    assert json.loads(out)["budget"]["total"] == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_samples_are_those_of_the_law(run, tmp_path):
    file = tmp_path / "samples.csv"
    code, out, _ = run(*TRAIN, *POINT, "--sample", "500", "--seed", "7", "--out", str(file))
    assert code == 0
    assert out.rstrip().endswith(f"wrote {file}: 500 samples")
    with file.open() as stream:
        header, *rows = csv.reader(stream)
    drawn = ta.prediction_law(ta.Spectrum.power_law(20, 0.9), **KEYWORDS).sample(500, seed=7)
    assert header == ["y", "yhat", "y0"]
    np.testing.assert_allclose(np.array(rows, dtype=float).T, [drawn.y, drawn.yhat, drawn.y0], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "old"], "taskalign: --kind: 'old' is not allowed, must be one of fresh, rotated, training"),
        (["--kind", "training", "--test", "iso"], "taskalign: --test: not allowed with kind 'training'"),
        (["--sample", "5"], "taskalign: --sample: needs --out FILE.csv"),
        (["--out", "x.csv"], "taskalign: --out: needs --sample N"),
        (["--sample", "0", "--out", "x.csv"], "taskalign: --sample: 0 is not allowed"),
        (["--sample", "5", "--seed", "-1", "--out", "x.csv"], "taskalign: --seed: -1 is not allowed"),
        (["--rho-test", "-1"], "taskalign: --rho-test: -1.0 is not allowed"),
        (["--tau", "1"], "taskalign: --tau: 1.0 is not allowed"),
        (["--sample", "5", "--out", "/no/such/folder/x.csv"], "taskalign: --out: /no/such/folder/x.csv"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    given = dict(zip(POINT[::2], POINT[1::2], strict=True)) | dict(zip(arguments[::2], arguments[1::2], strict=True))
    code, out, err = run(*TRAIN, *[text for pair in given.items() for text in pair])
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
