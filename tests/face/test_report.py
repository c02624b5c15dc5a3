"""The report on the example covariances: its numbers, and how its files are written."""

import hashlib
import io
import json
import math
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import taskalign as ta
from taskalign import artifacts, files, tex
from taskalign.cli import main
from taskalign.inputs import tasks
from taskalign.numerics.errors import InputError
from taskalign.page import page
from taskalign.plots import figures
from taskalign.report import Parameters, report_data
from taskalign.run_section import run_section
from taskalign.verdict import in_plain, verdict

from ..source_tree import ROOT
from .example import ARGUMENTS, PICTURES, POINT, TEST, TRAIN


def matrices():
    return np.loadtxt(TRAIN, delimiter=","), np.loadtxt(TEST, delimiter=",")


# --- numbers ------------------------------------------------------------------------------------------------
def test_files(written):
    expected = {"values.json", "report.html", "theory.tex", *(f"{name}.png" for name in PICTURES)}
    if shutil.which("pdflatex"):
        expected.add("theory.pdf")
    assert {file.name for file in written.iterdir()} == expected


def test_quantities_are_those_of_many_digits(values):
    spectrum, test = ta.align(*matrices())
    exact = ta.numerics.precise(spectrum, alpha=2, tau=4, kappa=1, rho=POINT["rho"], digits=25)
    error = exact.icl_error(test.tolist())
    expected = {"e_icl": error.total, "e_scalar": error.scalar, "e_misalign": error.misalignment}
    expected |= {
        name: getattr(exact, name) for name in ("s", "sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar")
    }
    for name, value in expected.items():
        assert values["quantities"][name] == pytest.approx(float(value), rel=1e-13, abs=0)


def test_metrics_and_ordering_are_the_library_s(values):
    C_train, C_test = matrices()
    assert values["metrics"] == pytest.approx(
        {k: float(v) for k, v in ta.metrics(C_train, C_test, **POINT).items()}, rel=1e-12, abs=0
    )
    found = ta.ordering(ta.Spectrum.from_covariance(C_train), **POINT)
    assert values["ordering"]["holds"] is bool(found.holds)
    assert values["ordering"]["optimal_spike"] == str(found.optimal_spike)
    assert values["ordering"]["tau_order"] == pytest.approx(float(found.tau_order), rel=1e-12, abs=0)


def test_inputs_can_be_traced(values):
    assert values["inputs"]["train"]["sha256"] == hashlib.sha256((ROOT / TRAIN).read_bytes()).hexdigest()
    assert {name: values["inputs"][name] for name in POINT} == POINT
    assert (values["inputs"]["ridge"], values["inputs"]["alpha_test"], values["inputs"]["rho_test"]) == (0.0, 2.0, 0.01)
    assert values["versions"]["taskalign"] == ta.__version__
    assert values["versions"]["numpy"] == np.__version__
    assert values["seed"] is None


def test_curves_pass_through_the_run(values):
    for parameter in ("kappa", "tau"):
        points = [
            (x, e)
            for branch in values["curves"][parameter]["branches"]
            for x, e in zip(branch[parameter], branch["e_icl"], strict=True)
        ]
        assert dict(points)[POINT[parameter]] == pytest.approx(values["quantities"]["e_icl"], rel=1e-14, abs=0)


def test_error_diverges_at_tau_1_like_one_over_the_distance(digits):
    below, above = digits.curves[1].branches
    assert below.x.max() < 1 < above.x.min()
    for branch, near in ((below, -1), (above, 0)):
        order = np.argsort(np.abs(branch.x - 1))
        first, second = order[0], order[20]
        assert order[0] == near % len(branch.x)
        weighted = branch.total * np.abs(branch.x - 1)
        assert weighted[first] == pytest.approx(weighted[second], rel=0.01, abs=0)
        assert branch.total[first] > 100 * digits.error.total


def test_rounded_peak_is_finite_and_below_the_divergence(digits):
    curve = digits.curves[1]
    (rounded,) = curve.other
    assert curve.other_ridge > 0
    assert (rounded.x == 1.0).any()
    peak = rounded.total.max()
    assert rounded.total[rounded.x < 0.9].max() < peak < curve.branches[0].total.max()


def test_no_other_test_covariance_of_the_trace_does_better_or_worse(digits):
    C_train, C_test = matrices()
    choices = {choice.name: choice for choice in digits.choices}
    assert [c.total for c in digits.choices] == sorted(c.total for c in digits.choices)
    random = np.random.default_rng(0)
    trace = np.trace(C_test)
    for _ in range(20):
        factor = random.normal(size=(64, random.integers(1, 65)))
        other = factor @ factor.T
        other *= trace / np.trace(other)
        error = float(ta.icl_error(*ta.align(C_train, other), **POINT).total)
        assert choices["best_spike"].total <= error <= choices["worst_spike"].total
        rotation = np.linalg.qr(random.normal(size=(64, 64)))[0]
        error = float(ta.icl_error(*ta.align(C_train, rotation @ C_test @ rotation.T), **POINT).total)
        assert choices["best_rotation"].total <= error <= choices["worst_rotation"].total


def test_choices_are_attained(digits):
    C_train, C_test = matrices()
    choices = {choice.name: choice for choice in digits.choices}
    _, vectors = np.linalg.eigh(C_train)
    c_test = np.trace(C_test)

    def error(other):
        return float(ta.icl_error(*ta.align(C_train, other), **POINT).total)

    top = np.outer(vectors[:, -1], vectors[:, -1]) * c_test
    assert choices["best_spike"].total == pytest.approx(error(top), rel=1e-9, abs=0)
    assert (choices["best_spike"].rank, choices["worst_spike"].rank) == (1, 62)
    assert choices["worst_spike"].directions == 3  # three constant pixels
    commuting = vectors @ np.diag(np.linalg.eigvalsh(C_test)) @ vectors.T
    assert choices["best_rotation"].total == pytest.approx(error(commuting), rel=1e-9, abs=0)
    assert choices["as_train"].total == pytest.approx(error(C_train * c_test / np.trace(C_train)), rel=1e-9, abs=0)
    assert choices["isotropic"].total == pytest.approx(error(np.eye(64) * c_test / 64), rel=1e-9, abs=0)
    assert choices["given"].total == pytest.approx(error(C_test), rel=1e-12, abs=0)


# --- other spectra and regimes --------------------------------------------------------------------------------
def test_failing_order_is_said(tmp_path, capsys):
    """THEORY A3, item 6."""
    (tmp_path / "c.csv").write_text("0\n2\n")
    data = report_data(tasks(str(tmp_path / "c.csv"), None), Parameters(alpha=50, tau=0.3, kappa=1, rho=1))
    sentences = [in_plain(sentence) for sentence in verdict(data)]
    assert sentences[0].startswith("K is not ordered")
    assert "K(0) = 1.26521, K(2) = 1.95577" in sentences[1]
    assert "bottom eigenvector" in sentences[2]
    best = data.choices[0]
    assert (best.name, best.eigenvalue, best.rank) == ("best_spike", 0.0, 2)
    assert "verdict fails" in page(data, dict.fromkeys(PICTURES, b""))


def test_shares_of_directions_have_no_kernel_alignment():
    data = report_data(tasks("lowrank:0.5", "iso"), Parameters(alpha=2, tau=0.5, kappa=1, rho=0.1))
    assert data.metrics["inverse_cka"] is None
    assert data.metrics["population"] == math.inf
    assert data.metrics["misalignment"] == pytest.approx(float(data.error.misalignment), rel=1e-12, abs=0)
    listed = ta.metrics(np.diag([2.0, 0.0]), np.eye(2), alpha=2, tau=0.5, kappa=1, rho=0.1)
    assert data.metrics["resolvent"] == pytest.approx(float(listed["resolvent"]), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("train", "test", "changes"),
    [
        ("iso", None, {}),
        ("lowrank:0.5", "power:1", {"tau": 1.0, "ridge": 0.01}),
        ("power:1:30", "spike:29", {"tau": 0.5}),
        ("spike:0:0:8", "iso:0.5", {"rho": 0.0}),
        ("power:3:400", "power:-1", {"alpha_test": 7.0, "rho_test": 0.0, "kappa": 300.0}),
    ],
)
def test_every_kind_of_report_is_made(train, test, changes):
    data = report_data(tasks(train, test), Parameters(**(POINT | changes)))
    pictures = figures(data, "svg")
    assert set(pictures) == set(PICTURES)
    made = page(data, pictures)
    assert "nan" not in re.sub(r'src="[^"]*"', "", made)
    assert "nan" not in run_section(data)


def test_infinity_in_json_is_a_string(tmp_path):
    assert main(["report", "--train", "lowrank:0.5", "--test", "iso", *ARGUMENTS, "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "values.json").read_text())["metrics"]
    assert (metrics["population"], metrics["inverse_cka"]) == ("inf", None)


# --- writing --------------------------------------------------------------------------------------------------
def test_without_pdflatex_one_line_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tex.shutil, "which", lambda name: None)
    (tmp_path / "theory.pdf").write_bytes(b"of an earlier run")
    assert main(["report", "--train", "iso", *ARGUMENTS, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("no ")] == [
        "no theory.pdf: pdflatex is not installed: apt install texlive-latex-extra, or upload theory.tex to Overleaf"
    ]
    assert not (tmp_path / "theory.pdf").exists()


def test_interruption_keeps_what_is_finished(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(artifacts, "page", interrupted)
    assert main(["report", "--train", "iso", *ARGUMENTS, "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert err == "taskalign: interrupted\n"
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"values.json", *(f"{name}.png" for name in PICTURES)}
    assert names == {line.rpartition("/")[2] for line in out.splitlines()}
    json.loads((tmp_path / "values.json").read_text())
    Image.open(io.BytesIO((tmp_path / "spectra.png").read_bytes())).load()


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write("--out", tmp_path / "a", "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a", "old")]


def test_second_run_overwrites_its_own_files_only(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for tau in ("4", "5"):
        arguments = ["--alpha", "2", "--tau", tau, "--kappa", "1", "--rho", "0.01", "--out", str(tmp_path)]
        assert main(["report", "--train", "iso", *arguments]) == 0
        assert json.loads((tmp_path / "values.json").read_text())["inputs"]["tau"] == float(tau)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_bad_input_makes_no_folder(tmp_path):
    assert main(["report", "--train", "iso", *ARGUMENTS[:-1], "-1", "--out", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()


def test_missing_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["report", "--train", "iso", *ARGUMENTS, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        'taskalign: matplotlib is missing: pip install "taskalign[report]",'
        ' or in a checkout .venv/bin/python -m pip install -e ".[report]"\n'
    )


def test_unwritable_file_is_named(tmp_path):
    (tmp_path / "values.json").mkdir()
    with pytest.raises(InputError, match=r"^--out: .*values\.json is a folder, must be a file$"):
        files.write("--out", tmp_path / "values.json", "x")


def test_a_report_compares_atoms(tmp_path):
    """0.5 I + 11^T has the eigenvalues 0.5, four times, and 5.5: K(0.5) = 2.102 > K(5.5) = 0.770, by many digits."""
    np.savetxt(tmp_path / "c.csv", 0.5 * np.eye(5) + 1, delimiter=",")
    data = report_data(tasks(str(tmp_path / "c.csv"), None), Parameters(alpha=500, tau=0.5, kappa=1, rho=0.5))
    assert data.smallest == pytest.approx((0.5, 5.5), rel=1e-14, abs=0)
    assert bool(data.ordering.holds)
    text = " ".join(map(in_plain, verdict(data)))
    assert "K(0.5) = 2.1021" in text
    assert "K(5.5) = 0.77012" in text
    choices = {choice.name: choice for choice in data.choices}
    assert "as_train" not in choices
    assert (choices["worst_spike"].rank, choices["worst_spike"].directions) == (2, 4)
    assert (choices["best_spike"].rank, choices["best_spike"].directions) == (1, 1)
