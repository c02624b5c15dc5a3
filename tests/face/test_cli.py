"""The command line: what it prints, what it refuses and how, and what it loads."""

import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main
from taskalign.derive.notation import ALIASES, TABLE

from .terminal import rest_of

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


def test_precise_takes_fractions_as_they_are(run):
    changed = point(alpha="7/3", tau="1/3", rho="1e-3")
    code, out, _ = run("evaluate", "--train", "iso", *changed, "--precise", "30", "--json")
    assert code == 0
    with mpmath.workdps(35):
        exact = ta.numerics.precise([1], alpha="7/3", tau="1/3", kappa=1, rho="1/1000", digits=30)
        assert abs(mpmath.mpf(json.loads(out)["quantities"]["sigma"]) - exact.sigma) < 1e-29


def test_precise_with_a_list_says_which(run):
    refused(run("evaluate", "--train", "iso", *point(kappa="1,2"), "--precise", "20"), "--precise", "--kappa is '1,2'")


def test_infinitely_many_tasks_and_an_infinite_test_context(run):
    """Against values so large that the rest is rounding."""
    limits = json.loads(run("evaluate", "--train", "iso", *point(kappa="inf"), "--alpha-test", "inf", "--json")[1])
    large = json.loads(run("evaluate", "--train", "iso", *point(kappa="1e14"), "--alpha-test", "1e14", "--json")[1])
    for name in ("t", "a", "M", "q", "e_icl"):
        assert limits["quantities"][name] == pytest.approx(large["quantities"][name], rel=1e-12, abs=0)
    assert limits["inputs"]["kappa"] == limits["inputs"]["alpha_test"] == "inf"


@pytest.mark.parametrize(
    ("command", "finite", "infinite"),
    [
        (["lowrank", "--rank-fraction", "1/2", "--noise-std", "0.3"], "m m0 m_bar", "TM IDG ODG q q0 q_bar"),
        *(
            (
                ["predict", "--train", "power:1:8", "--rho", "0.1", "--kind", kind],
                "var_y cov slope_given_label slope_given_clean error_noise error_bias error_task error_context"
                " ridge_explicit ridge_context ridge_given_tasks ridge_tasks_factor ridge_tasks ridge_total",
                "var_yhat var_given_label var_given_clean var_given_query error_train error_interaction error_total",
            )
            for kind in ("fresh", "rotated", "training")
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_sweeps_of_other_commands_over_the_divergence(run, command, finite, infinite):
    code, out, err = run(*command, "--alpha", "2", "--kappa", "0.7", "--tau", "0.99999999,1,1.00000001")
    assert (code, err.count("\n")) == (0, 1)
    below, at, above = csv.DictReader(io.StringIO(out))
    assert all(f"{name}," in err or f"{name} " in err for name in infinite.split())
    for row in (below, above):
        for name in finite.split():
            assert float(at[name]) == pytest.approx(float(row[name]), rel=1e-6, abs=1e-12)
        assert all(float(row[name]) > 1e5 for name in infinite.split())
    assert all(at[name] == "inf" for name in infinite.split())


def test_predict_over_a_list_is_its_points(run):
    arguments = ["predict", "--train", "power:1:8", "--test", "iso", "--alpha", "2", "--kappa", "1", "--rho", "0.1"]
    rows = json.loads(run(*arguments, "--tau", "0.5,3", "--json")[1])
    for row, tau in zip(rows, ("0.5", "3"), strict=True):
        one = json.loads(run(*arguments, "--tau", tau, "--json")[1])
        for kind, mark in (("law", ""), ("budget", "error_"), ("ridge", "ridge_")):
            for name, value in one[kind].items():
                assert row[mark + name] == pytest.approx(value, rel=1e-12, abs=1e-15)
    refused(run(*arguments, "--tau", "0.5,3", "--sample", "3", "--out", "x.csv"), "--sample", "not allowed with a list")


# --- latex and export ---------------------------------------------------------------------------------------
def test_single_equation(run):
    code, out, _ = run("latex", "--equations", "sigma,summary_noise", "--notation", r"effective_ridge=\xi")
    assert (code, out) == (0, "\\sigma = s + \\xi\ns = \\frac{\\rho + c_{\\mathrm{train}}}{\\alpha}\n")


def test_list_names_every_equation(run):
    code, out, _ = run("latex", "--list")
    assert code == 0
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("  ")}
    assert listed == set(ta.derive.catalogue())


def rows(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines() if line.startswith("  ")]


def test_list_says_where_an_equation_is_made(run):
    (line,) = [line for line in run("latex", "--list")[1].splitlines() if line.split()[:1] == ["fixed_point_M"]]
    file, _, number = line.split()[-1].partition(":")
    assert file == "derive/resolvent.py"
    statement = Path(ta.derive.__path__[0], "resolvent.py").read_text().splitlines()[int(number) - 1 :]
    assert statement[0].startswith("fixed_point_M = section(")
    assert "Fixed-point equation of the trace" in line


@pytest.mark.parametrize(
    ("word", "some", "others"),
    [
        ("SPIKE", {"spike", "worst_spike"}, {"K"}),
        ("along an eigenvector", {"K", "resolvent"}, {"spike"}),
        ("thresholds", {"kink_tasks"}, {"K"}),
        ("consequences for the choice", {"corollary_4_2"}, {"K"}),
        ("rank_fraction", {"kink_tasks", "two_atom_b"}, {"K"}),
        ("task_eigenvalue", {"layer_given_tasks"}, {"K"}),
        ("lambda", {"effective_ridge_fixed_point", "g_ridge"}, {"K"}),
    ],
)
def test_list_of_what_holds_a_word(run, word, some, others):
    code, out, _ = run("latex", "--list", word)
    assert code == 0
    assert some <= set(rows(out))
    assert not others & set(rows(out))
    assert all(line in run("latex", "--list")[1] for line in out.splitlines() if not line.startswith("  "))


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("lambda", ["ridge"]),
        ("C", ["C_train", "C_test"]),
        ("df1", ["D"]),
        ("e_icl", ["e_icl"]),
        ("LEVERAGE", ["leverage"]),
    ],
)
def test_symbols_by_name_or_alias(run, word, first):
    code, out, _ = run("latex", "--symbols", word)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()][: len(first)] == first


def test_symbols_have_latex_and_meaning(run):
    _, out, _ = run("latex", "--symbols")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert list(lines) == list(TABLE)
    assert lines["gap_kappa"].split() == ["gap_kappa", r"\delta_{\kappa}", "kappa", "-", "D", "=", "kappa", "a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--list", "orderin_polynomial"), "did you mean ordering_polynomial"),
        (("--symbols", "leverige"), "did you mean leverage"),
        (("--list", "xyzzy"), "--list: 'xyzzy' is in no name, title, section or symbol of an equation"),
        (("spike",), "WORD: 'spike' needs --list or --symbols beside it"),
        (("--equations", "K", "--notation", "lambda=x"), "'lambda' is no symbol; did you mean ridge?"),
        (("--equations", "K", "--notation", "C=x"), "'C' is no symbol; did you mean C_train, C_test?"),
    ],
)
def test_words_that_are_not_found(run, arguments, message):
    code, _, err = run("latex", *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_aliases_are_of_symbols_and_hide_none():
    assert not set(ALIASES) & set(TABLE)
    assert {name for names in ALIASES.values() for name in names} <= set(TABLE)


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


# --- outputs ----------------------------------------------------------------------------------------------------
EVALUATE = [sys.executable, "-m", "taskalign", "evaluate", "--train", "iso", *POINT]


def shell(line, **more):
    return subprocess.run(["sh", "-c", line, *EVALUATE], capture_output=True, text=True, timeout=120, **more)


@pytest.mark.parametrize(
    ("line", "err"),
    [
        ('"$0" "$@" >&-', "taskalign: standard output is closed\n"),
        ('"$0" "$@" >/dev/full', "taskalign: standard output: No space left on device\n"),
        ('"$0" "$@" --rho-test 0:1:20000 >/dev/full', "taskalign: standard output: No space left on device\n"),
        ('"$0" "$@" --alpha x >&- 2>&-', ""),
        ('"$0" "$@" --alpha x 2>&-', ""),
        ('"$0" "$@" --help >/dev/full', "taskalign: standard output: No space left on device\n"),
    ],
)
def test_closed_and_full_outputs_made_tracebacks(line, err):
    done = shell(line)
    assert (done.returncode, done.stderr, done.stdout) == (2, err, "")


@pytest.mark.parametrize("columns", ["0", "1", "-5", "abc", "99999999", "20", ""])
def test_no_width_of_a_terminal_made_a_traceback(columns):
    environment = os.environ | {"COLUMNS": columns}
    done = taskalign("evaluate", "--help", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--alpha" in done.stdout


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_a_terminal_of_one_column():
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 1, 1, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(EVALUATE, stdout=theirs, stderr=theirs, stdin=theirs, env=environment)
    os.close(theirs)
    shown = rest_of(ours)
    assert process.wait(timeout=60) == 0
    assert b"0.505" in shown


@pytest.mark.parametrize(
    "command",
    [
        ["latex", "--sections", "ridge"],
        ["export", "--train", "iso"],
        ["predict", "--train", "iso", *POINT, "--sample", "3"],
        ["report", "--train", "iso", *POINT],
        ["figure", "kappa-sweep"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("out", ["", " ", "good.csv/x"])
def test_outputs_are_checked_before_the_work(run, files, command, out, monkeypatch):
    def worked(*arguments, **more):
        raise AssertionError("it worked first")

    places = {"tex": "whole", "report": "report_data", "numerics.export": "export_module", "files": "write"}
    for module, name in (places | {"numerics.prediction_law": "prediction_law"}).items():
        monkeypatch.setattr(importlib.import_module(f"taskalign.{module}"), name, worked)
    before = sorted(files.iterdir())
    code, shown, err = run(*command, "--out", out)
    assert (code, shown) == (2, "")
    assert err.startswith("taskalign: --out: ")
    assert err.count("\n") == 1
    assert sorted(files.iterdir()) == before


def test_a_file_that_would_be_a_folder(run, files):
    for out in (".", "folder.csv", ".."):
        refused(run("latex", "--equations", "sigma", "--out", out), "--out", f"{out} is a folder, must be a file")


def test_devices_and_links_are_written_to_and_not_replaced(run, files):
    (files / "link.tex").symlink_to("target.tex")
    os.mkfifo(files / "pipe.tex")
    reader = os.open(files / "pipe.tex", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("link.tex", "pipe.tex", "/dev/null"):
        assert run("latex", "--equations", "sigma", "--out", name) == (0, f"wrote {name}\n", "")
    assert (files / "link.tex").is_symlink()
    assert (files / "target.tex").read_text() == os.read(reader, 1000).decode() == "\\sigma = s + \\tilde\\lambda\n"
    os.close(reader)
    assert not os.path.isfile("/dev/null")
    refused(run("latex", "--equations", "sigma", "--out", "/dev/full"), "--out", "No space left on device")


def test_standard_output_as_a_file_keeps_what_it_holds(files):
    line = f"echo before; {sys.executable} -m taskalign latex --equations sigma --out /dev/stdout"
    with (files / "all.txt").open("w") as file:
        assert subprocess.run(["sh", "-c", line], stdout=file, timeout=60).returncode == 0
    lines = (files / "all.txt").read_text().splitlines()
    assert lines == ["before", r"\sigma = s + \tilde\lambda", "wrote /dev/stdout"]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_names_of_files_that_are_no_text(files, locale):
    name = os.fsdecode(b"c\xff.csv")
    (files / name).write_text("2\n1\n")
    environment = os.environ | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = taskalign("evaluate", "--train", name, *POINT, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    done = taskalign("evaluate", "--train", os.fsdecode(b"d\xff.csv"), *POINT, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "taskalign: --train: d\\udcff.csv: No such file or directory\n"
    done = taskalign("latex", "--equations", "sigma", "--out", os.fsdecode(b"x\xff.tex"), env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert (files / os.fsdecode(b"x\xff.tex")).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--notation", r"sigma=\tilde\lambda"], "'effective_ridge' and 'sigma' would look alike"),
        (["--notation", r"tau=-\tau"], r"tau: '-\\tau' is no LaTeX for a symbol"),
        (["--notation", "q=q_1_2"], "q: 'q_1_2' is no LaTeX for a symbol: it has two subscripts"),
        (["--notation", "q=x", "--notation", "q=y"], "'q' is given twice, as x and y"),
    ],
)
def test_notation_that_would_mislead(run, arguments, message):
    refused(run("latex", "--equations", "q", *arguments), "--notation", message)
    refused(run("latex", "--sections", "ridge", *arguments), "--notation", message)


def test_an_empty_entry_of_a_list_was_left_out(run):
    refused(run("latex", "--equations", "K,"), "--equations", "an empty entry in 'K,' is not allowed")
    refused(run("latex", "--sections", "ridge,,limits"), "--sections", "an empty entry")
    refused(run("export", "--train", "iso", "--equations", "e_icl,"), "--equations", "an empty entry")
    assert run("latex", "--equations", "sigma, tau_order")[0] == 0


@pytest.mark.parametrize(
    ("library", "call", "extra"),
    [
        ("torch", "ta.numerics.compile('resolvent', target='torch')", "torch"),
        ("jax", "ta.numerics.compile('resolvent', target='jax')", "jax"),
        ("torch", "ta.models.spearman_table()", "torch"),
        (
            "matplotlib",
            "__import__('taskalign.plot_style').plot_style.picture(len, 'png', size=(1, 1), dpi=9)",
            "report",
        ),
        ("latex2mathml", "__import__('taskalign.mathml').mathml.formula('x')", "report"),
    ],
)
def test_a_library_that_is_missing_is_named_in_python_too(library, call, extra, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == library else real(name))
    with pytest.raises(ImportError) as caught:
        eval(call, {"ta": ta})
    assert isinstance(caught.value, ta.numerics.InputError)
    assert str(caught.value) == (
        f'{library} is missing: pip install "taskalign[{extra}]",'
        f' or in a checkout .venv/bin/python -m pip install -e ".[{extra}]"'
    )
