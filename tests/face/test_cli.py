"""The command line: what it prints, what it refuses and how, and what it loads."""

import csv
import io
import json
import os
import subprocess
import sys

import mpmath
import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main

POINT = ["--alpha", "2", "--tau", "4", "--kappa", "1", "--rho", "0.01"]
KEYWORDS = {"alpha": 2, "tau": 4, "kappa": 1, "rho": 0.01}


def taskalign(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "taskalign", *arguments], capture_output=True, text=True, timeout=120, **more
    )


@pytest.fixture
def run(capsys):
    """Run in this process: exit code, output, errors."""

    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = {
        "good.csv": "2,0\n0,1\n",
        "oblong.csv": "1,2,3\n4,5,6\n",
        "lopsided.csv": "1,0.5\n0,1\n",
        "negative.csv": "1,2\n2,1\n",
        "nan.csv": "1,nan\nnan,1\n",
        "words.csv": "1,2\n2,abc\n",
        "ragged.csv": "1,2\n3\n",
        "empty.csv": "",
        "header.csv": "a,b\n",
        "zero.csv": "0\n0\n",
        "below.csv": "1\n-1\n",
        "three.csv": "1\n2\n3\n",
        "image.png": "1",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY nonsense")
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "complex.npy", np.array([1j, 2]))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2)))
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


def point(**changes):
    values = dict(zip(POINT[::2], POINT[1::2], strict=True)) | {
        f"--{k.replace('_', '-')}": v for k, v in changes.items()
    }
    return [text for pair in values.items() for text in pair]


BAD_PARAMETERS = [
    ({"alpha": "abc"}, "--alpha: 'abc' is not a number"),
    ({"alpha": "-1"}, "--alpha: -1.0 is not allowed"),
    ({"alpha": "0"}, "--alpha: 0.0 is not allowed"),
    ({"alpha": "nan"}, "--alpha: nan is not allowed"),
    ({"alpha": "inf"}, "--alpha: inf is not allowed"),
    ({"tau": "0"}, "--tau: 0.0 is not allowed"),
    ({"tau": "1"}, "--tau: 1.0 "),
    ({"kappa": "-2"}, "--kappa: -2.0 is not allowed"),
    ({"rho": "-0.1"}, "--rho: -0.1 is not allowed"),
    ({"ridge": "-0.1"}, "--ridge: -0.1 is not allowed"),
    ({"ridge": "inf"}, "--ridge: inf is not allowed"),
    ({"alpha_test": "0"}, "--alpha-test: 0.0 is not allowed"),
    ({"rho_test": "-1"}, "--rho-test: -1.0 is not allowed"),
]
BAD_SPECTRA = [
    ("missing.csv", "missing.csv: No such file or directory"),
    ("folder.csv", "folder.csv: Is a directory"),
    ("image.png", "'image.png' is not allowed, must be a file that ends in .npy, .csv or .txt"),
    ("powr:0.9", "'powr:0.9' is not allowed"),
    ("oblong.csv", "2 x 3 is neither a square covariance nor a column"),
    ("lopsided.csv", "not symmetric"),
    ("negative.csv", "not positive semi-definite"),
    ("nan.csv", "line 1, field 2: 'nan' is not a number"),
    ("words.csv", "line 2, field 2: 'abc' is not a number"),
    ("ragged.csv", "line 2 holds 1 numbers, the first 2"),
    ("empty.csv", "the file is empty"),
    ("header.csv", "holds no numbers"),
    ("zero.csv", "not all zero"),
    ("below.csv", "-1.0 at index 1"),
    ("bytes.csv", "not a text file"),
    ("broken.npy", "broken.npy: "),
    ("pickle.npy", "holds Python objects (a pickle), which are not read"),
    ("complex.npy", "must be real"),
    ("cube.npy", "2 x 2 x 2 is neither"),
    ("power:x", "'x' is not a number"),
    ("power:1:0", "0 is not allowed"),
    ("power", "must be one of power:EXPONENT"),
    ("lowrank:1.5", "1.5 is not allowed"),
    ("lowrank:0", "0.0 is not allowed"),
    ("iso:-1", "-1.0 is not allowed"),
    ("spike:9:0:4", "9 is not allowed"),
    ("spike:0:2", "2.0 is not allowed"),
]
BAD_TESTS = [
    (("good.csv", "three.csv"), "3 eigenvalues do not fit the 2"),
    (("three.csv", "good.csv"), "a matrix needs a --train that is a matrix"),
    (("good.csv", "lopsided.csv"), "not symmetric"),
    (("good.csv", "nan.csv"), "line 1, field 2: 'nan' is not a number"),
    (("good.csv", "below.csv"), "-1.0 at index 1"),
    (("good.csv", "power:1:7"), "7 eigenvalues do not fit the 2"),
]


def refused(found, option, message):
    code, out, err = found
    assert (code, out) == (2, "")
    assert err.startswith(f"taskalign: {option}: ")
    assert message in err
    assert err.count("\n") == 1
    assert err.endswith("\n")


@pytest.mark.parametrize("command", ["evaluate", "report"])
@pytest.mark.parametrize(("changes", "message"), BAD_PARAMETERS, ids=str)
def test_bad_parameter(run, files, command, changes, message):
    out = ["--out", "r"] if command == "report" else []
    option = "--" + next(iter(changes)).replace("_", "-")
    refused(run(command, "--train", "iso", *point(**changes), *out), option, message)


@pytest.mark.parametrize(("train", "message"), BAD_SPECTRA)
def test_bad_spectrum(run, files, train, message):
    refused(run("evaluate", "--train", train, *POINT), "--train", message)


@pytest.mark.parametrize(("both", "message"), BAD_TESTS)
def test_bad_test(run, files, both, message):
    refused(run("evaluate", "--train", both[0], "--test", both[1], *POINT), "--test", message)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["latex", "--equations", "nonsense"], "--equations"),
        (["latex", "--equations", ","], "--equations"),
        (["latex", "--sections", "nonsense"], "--sections"),
        (["latex", "--notation", "sigma"], "--notation"),
        (["latex", "--notation", "nonsense=x", "--equations", "sigma"], "--notation"),
        (["latex", "--pdf"], "--pdf"),
        (["latex", "--equations", "sigma", "--out", "no/such/folder/x"], "--out"),
        (["export", "--train", "iso", "--target", "fortran"], "--target"),
        (["export", "--train", "iso", "--equations", "nonsense"], "--equations"),
        (["report", "--train", "iso", *POINT, "--out", "good.csv"], "--out"),
        (["report", "--train", "iso", *POINT, "--out", "good.csv/below"], "--out"),
        (["evaluate", "--train", "iso", *POINT, "--precise", "0"], "--precise"),
        (["evaluate", "--train", "iso", *point(tau="2:3:4"), "--precise", "20"], "--precise"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_bad_argument(run, files, arguments, option):
    refused(run(*arguments), option, "")


@pytest.mark.parametrize(
    "arguments",
    [["evaluate"], ["evaluate", "--train", "iso", *POINT, "--nonsense"], ["nonsense"], ["evaluate", "--precise", "x"]],
    ids=" ".join,
)
def test_unknown_or_missing_argument(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("taskalign: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_that_may_not_be_written(run, files):
    (files / "closed").mkdir(mode=0o500)
    refused(run("report", "--train", "iso", *POINT, "--out", "closed"), "--out", "Permission denied")


def test_errors_of_a_whole_process():
    """No traceback, and the exit code reaches the shell."""
    done = taskalign("evaluate", "--train", "iso", *point(alpha="abc"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "taskalign: --alpha: 'abc' is not a number\n"


# --- evaluate -----------------------------------------------------------------------------------------------
def test_json_holds_the_numbers_of_the_library(run):
    code, out, _ = run("evaluate", "--train", "power:0.9", "--test", "power:0.4", *POINT, "--json")
    assert code == 0
    values = json.loads(out)["quantities"]
    spectrum = ta.Spectrum.power_law(128, 0.9)
    error = ta.icl_error(spectrum, ta.Spectrum.power_law(128, 0.4).eigenvalues, **KEYWORDS)
    expected = {"e_icl": error.total, "e_scalar": error.scalar, "e_misalign": error.misalignment}
    expected |= {name: getattr(error.fixed_point, name) for name in ("sigma", "M", "dM", "q")}
    assert {name: values[name] for name in expected} == pytest.approx(expected, rel=1e-14, abs=0)


def test_known_counterexample(run, tmp_path):
    """THEORY A3, item 6: certified values."""
    (tmp_path / "c.csv").write_text("0\n2\n")
    arguments = point(alpha="50", tau="0.3", kappa="1", rho="1")
    code, out, _ = run("evaluate", "--train", str(tmp_path / "c.csv"), *arguments, "--json")
    values = json.loads(out)
    assert code == 0
    assert (values["ordering"]["holds"], values["ordering"]["optimal_spike"]) == (False, "bottom")
    assert values["quantities"]["e_misalign"] == pytest.approx(1.95576531469906, rel=1e-13, abs=0)


def test_precise_takes_decimals_as_they_are(run, tmp_path):
    (tmp_path / "c.csv").write_text("0\n2\n")
    arguments = point(alpha="50", tau="0.3", kappa="1", rho="1")
    code, out, _ = run("evaluate", "--train", str(tmp_path / "c.csv"), *arguments, "--precise", "40", "--json")
    assert code == 0
    with mpmath.workdps(45):
        exact = ta.numerics.precise([0, 2], alpha=50, tau="3/10", kappa=1, rho=1, digits=40)
        assert abs(mpmath.mpf(json.loads(out)["quantities"]["sigma"]) - exact.sigma) < 1e-39


def test_grid_is_the_product_of_the_ranges(run):
    changed = point(tau="0.5:2:3:log", kappa="1:3:2", ridge="0.1")
    code, out, _ = run("evaluate", "--train", "power:1:16", *changed)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [(float(row["tau"]), float(row["kappa"])) for row in rows] == [
        (tau, kappa) for tau in (0.5, 1.0, 2.0) for kappa in (1.0, 3.0)
    ]
    spectrum = ta.Spectrum.power_law(16, 1)
    for row in rows:
        arguments = {name: float(row[name]) for name in ("alpha", "tau", "kappa", "rho", "ridge")}
        assert float(row["e_icl"]) == float(ta.icl_error(spectrum, spectrum.eigenvalues, **arguments).total)
    code, out, _ = run("evaluate", "--train", "power:1:16", *changed, "--json")
    assert [row["e_icl"] for row in json.loads(out)] == [float(row["e_icl"]) for row in rows]


@pytest.mark.parametrize("train", ["power:1:6", "lowrank:0.5", "iso"])
def test_a_sweep_over_the_divergence_gave_no_row(run, train):
    """At tau = 1 what diverges is inf, and the rest are the limits, seen from 1e-9 away on both sides."""
    code, out, err = run("evaluate", "--train", train, *point(tau="0.5:1.5:3"))
    assert code == 0
    assert err.startswith("taskalign: --tau: 1 without a ridge has no finite error")
    assert err.count("\n") == 1
    below, at, above = csv.DictReader(io.StringIO(out))
    assert all("inf" not in row.values() for row in (below, above))
    near = run("evaluate", "--train", train, *point(tau="0.999999999,1.000000001"))[1]
    for row in csv.DictReader(io.StringIO(near)):
        for name in ("s", "sigma", "t", "a", "da", "M", "dM"):
            assert float(at[name]) == pytest.approx(float(row[name]), rel=1e-7, abs=0)
        for name in ("q", "Qbar", "e_scalar", "e_misalign", "e_icl"):
            assert float(row[name]) > 1e6
            assert at[name] == "inf"
        for name in ("holds", "optimal_spike"):
            assert at[name] == row[name]
    assert float(at["effective_ridge"]) == 0
    with_ridge = run("evaluate", "--train", train, *point(tau="0.5:1.5:3", ridge="0,0.1"))[1]
    rows = list(csv.DictReader(io.StringIO(with_ridge)))
    assert [row["e_icl"] == "inf" for row in rows] == [False, False, True, False, False, False]
    assert all(float(row["tau"]) in (0.5, 1.0, 1.5) for row in rows)
    single = run("evaluate", "--train", train, *point(tau="1", ridge="0.1"), "--json")[1]
    assert float(rows[3]["e_icl"]) == pytest.approx(json.loads(single)["quantities"]["e_icl"], rel=1e-12, abs=0)


def test_output_that_is_no_terminal_is_plain(run):
    code, out, err = run("evaluate", "--train", "power:0.9", *POINT)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "e_ICL       e_icl            0.446878430197" in out
    assert max(map(len, out.splitlines())) < 110


def test_long_path_is_not_cut(run, tmp_path):
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    (folder / "c.csv").write_text("1\n2\n")
    assert str(folder / "c.csv") in run("evaluate", "--train", str(folder / "c.csv"), *POINT)[1]


# --- latex and export ---------------------------------------------------------------------------------------
def test_single_equation(run):
    code, out, _ = run("latex", "--equations", "sigma,summary_noise", "--notation", r"effective_ridge=\xi")
    assert (code, out) == (0, "\\sigma = s + \\xi\ns = \\frac{\\rho + c_{\\mathrm{train}}}{\\alpha}\n")


def test_list_names_every_equation(run):
    code, out, _ = run("latex", "--list")
    assert code == 0
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("  ")}
    assert listed == set(ta.derive.catalogue())


def test_document_of_one_section(run, tmp_path):
    code, out, _ = run("latex", "--sections", "ridge", "--out", str(tmp_path / "x.tex"))
    assert (code, out) == (0, f"wrote {tmp_path / 'x.tex'}\n")
    assert (tmp_path / "x.tex").read_text().count(r"\begin{equation}") == 6


def test_exported_module_gives_the_same_number(run, tmp_path):
    code, _, _ = run("export", "--train", "power:0.9:20", "--out", str(tmp_path / "alone.py"))
    assert code == 0
    source = "import alone; print(repr(float(alone.evaluate(alpha=2, tau=4, kappa=1, rho=0.01)['e_icl'])))"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, check=True)
    spectrum = ta.Spectrum.power_law(20, 0.9)
    error = ta.icl_error(spectrum, spectrum.eigenvalues, **KEYWORDS).total
    assert float(done.stdout) == pytest.approx(float(error), rel=1e-13, abs=0)


# --- the program --------------------------------------------------------------------------------------------
def test_help_lists_the_commands():
    done = taskalign("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("evaluate", "export", "latex", "report"))
    assert "\x1b" not in done.stdout


def test_version():
    assert taskalign("--version").stdout.strip() == ta.__version__


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], "sympy torch jax matplotlib numpy scipy numba mpmath"),
        (["evaluate", "--help"], "sympy torch jax matplotlib numpy scipy numba mpmath"),
        (["evaluate", "--train", "power:0.9", *POINT], "sympy torch jax matplotlib numba"),
        (["evaluate", "--train", "iso", *POINT, "--precise", "20"], "sympy torch jax matplotlib"),
    ],
    ids=" ".join,
)
def test_loads_no_more_than_it_needs(arguments, absent):
    code = f"import sys; from taskalign.cli import main; main({arguments!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(absent.split()) & set(done.stdout.split())


def test_reader_that_leaves_early():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "taskalign", "evaluate", "--train", "iso", *point(tau="2:3:50000")]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_terminal_without_unicode():
    done = taskalign("evaluate", "--train", "iso", *POINT, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


def test_interruption(run, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("taskalign.inputs.tasks", interrupted)
    assert run("evaluate", "--train", "iso", *POINT) == (130, "", "taskalign: interrupted\n")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_terminal_never_cuts_a_number(width, monkeypatch):
    """On a terminal: a table, with colours, in which every value stands whole on its line."""
    screen = type("Terminal", (io.StringIO,), {"isatty": lambda self: True, "encoding": "utf-8"})()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["evaluate", "--train", "iso", *POINT, "--precise", "60"]) == 0
    text = screen.getvalue()
    assert "\x1b[" in text
    assert "0.505" + "0" * 57 in text
    assert ("noise of the context summary" in text) is (width == 200)
