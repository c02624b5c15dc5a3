"""`taskalign figure`: files, their numbers against the theory evaluated anew, verdicts recomputed, interruption."""

import contextlib
import csv
import io
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import taskalign as ta
from taskalign.cli import main
from taskalign.figures.catalogue import FIGURES, figure_module
from taskalign.figures.kappa_sweep import SERIES
from taskalign.figures.points import Points

from .. import oracle
from ..source_tree import ROOT

#: the figures that compare errors or K; others have tests of their own
HERE = ("kappa-sweep", "metric-vs-error", "context-length", "specialise", "double-descent", "ordering-violation")
PARAMETERS = ("alpha", "tau", "kappa", "rho", "ridge")


def make(name, folder):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert main(["figure", name, "--quick", "--out", str(folder)]) == 0
    return said.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Name -> folder and what was printed, each figure made once."""
    known = {}

    def get(name):
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            known[name] = folder, make(name, folder)
        return known[name]

    return get


def rows_of(folder, name) -> list[dict[str, Any]]:
    """The CSV, read plainly: numbers where they are numbers."""

    def value(cell):
        try:
            return float(cell)
        except ValueError:
            return cell

    with (folder / f"{name}.csv").open(newline="") as stream:
        return [{key: value(cell) for key, cell in row.items()} for row in csv.DictReader(stream)]


# --- files ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", HERE)
def test_files_and_verdict(made, name):
    folder, said = made(name)
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / f"{name}.png").read_bytes()) < 120_000
    assert ET.parse(folder / f"{name}.svg").getroot().tag.endswith("svg")
    first, second = said.splitlines()
    assert first == "wrote " + ", ".join(str(folder / f"{name}.{kind}") for kind in ("png", "svg", "csv"))
    assert second.startswith(f"{name}: ")


# --- theory -----------------------------------------------------------------------------------------------------
def power_law(d, p):
    values = np.array([j**-p for j in range(1, d + 1)])
    return d * values / values.sum()


def spectra(name, row):
    """Eigenvalues of C_train and of C_test for a row, from the definitions; None where the row is about K."""
    d = int(row["d"]) if row["d"] else 16
    if name == "double-descent":
        return np.ones(d), np.ones(d)
    if name == "specialise":
        return power_law(d, row["p_train"]), power_law(d, row["p_test"])
    if name == "ordering-violation":
        values = {"two eigenvalues": [0.0, 2.0], "three eigenvalues": [0.01, 0.1, 1.0]}[row["panel"]]
        return np.array(values) / np.mean(values), None
    half = np.array([2.0] * (d // 2) + [0.0] * (d // 2))
    train = half if row["panel"] == "half-rank" else power_law(d, 0.9)
    alignment = row["panel"] if name == "context-length" else row["series"]
    if alignment == "aligned":
        return train, train
    if alignment == "anti-aligned":
        return train, train[::-1]
    if alignment == "isotropic":
        return train, np.ones(d)
    if alignment == "spiked":
        return train, np.array([0.5] * (d - 1) + [0.5 + d / 2])
    kind, number = row["test"].rsplit(" ", 1)
    if kind == "power law":
        return train, power_law(
            d, float(np.linspace(-1.5, 2, 8)[np.abs(np.linspace(-1.5, 2, 8) - float(number)).argmin()])
        )
    rank = round(float(number) * d)
    flat = np.array([d / rank] * rank + [0.0] * (d - rank))
    return train, flat if kind == "leading" else flat[::-1]


def expected(name, row):
    """The theory of one row: the error, or K."""
    train, test = spectra(name, row)
    parameters = {key: row[key] for key in PARAMETERS}
    if test is None:
        return float(ta.solve(ta.Spectrum(train), **parameters).K(row["eigenvalue"]))
    more = {"alpha_test": row["alpha_test"]} if row.get("alpha_test") else {}
    return float(ta.icl_error(ta.Spectrum(train), test, **parameters, **more).total)


@pytest.mark.parametrize("name", HERE)
def test_theory_of_the_rows(made, name):
    """One row at a time, from spectra written down here; the realised ratios are those of whole numbers."""
    rows = rows_of(made(name)[0], name)
    assert {row["kind"] for row in rows} >= {"line", "point", "half"}
    simulated = [row for row in rows if row["kind"] in ("point", "half")]
    for row in simulated + rows[::7]:
        assert row["theory"] == pytest.approx(expected(name, row), rel=1e-12, abs=0)
        if "misalignment" in row:
            train, test = spectra(name, row)
            error = ta.icl_error(ta.Spectrum(train), test, **{key: row[key] for key in PARAMETERS})
            assert row["misalignment"] == pytest.approx(float(error.misalignment), rel=1e-12, abs=0)
        if row["kind"] in ("point", "half"):
            d = int(row["d"])
            sizes = [row["alpha"] * d, row["tau"] * d * d, row["kappa"] * d]
            assert sizes == pytest.approx(np.rint(sizes), abs=1e-9)
            assert row["sem"] > 0


@pytest.mark.parametrize("name", HERE)
def test_theory_against_the_papers_equations(made, name):
    """A few rows by nested root finding in many digits."""
    rows = [row for row in rows_of(made(name)[0], name) if row["kind"] == "half"]
    for row in rows[:: max(1, len(rows) // 2)][:2]:
        train, test = spectra(name, row)
        share = [1] * len(train)
        point = oracle.solve(train.tolist(), share, **{key: row[key] for key in PARAMETERS}, digits=12)
        if test is None:
            theory = float(point.K(row["eigenvalue"]))
        else:
            alpha_test = row.get("alpha_test") or row["alpha"]
            theory = row["rho"] + (row["rho"] + test.mean()) / alpha_test * float(point.Qbar)
            theory += np.mean([y * float(point.K(c)) for c, y in zip(train.tolist(), test, strict=True)])
        assert row["theory"] == pytest.approx(theory, rel=1e-9, abs=0)


# --- verdicts ---------------------------------------------------------------------------------------------------
def deviations(rows):
    """What a verdict must say of the distance of simulation from theory."""
    gaps = {}
    for kind in ("point", "half"):
        table = np.array([[row["simulation"], row["sem"], row["theory"]] for row in rows if row["kind"] == kind])
        gaps[kind] = (table[:, 0] - table[:, 2]) / table[:, 2], table[:, 1] / table[:, 2]
    (full, sem), (half, half_sem) = gaps["point"], gaps["half"]
    limit, limit_sem = 2 * full - half, np.sqrt(4 * sem**2 + half_sem**2)
    for gap, error in ((full, sem), (limit, limit_sem)):
        percent = 100 * np.abs(gap)
        worst, middle = (f"{x:.2g}" if x < 99.5 else f"{x:.0f}" for x in (percent.max(), np.median(percent)))
        z = (np.abs(gap) / error).max()
        yield f"at most {worst} % (median {middle} %) and {z:.1f} standard errors"


@pytest.mark.parametrize("name", HERE)
def test_deviations_in_the_verdict(made, name):
    folder, said = made(name)
    rows = rows_of(folder, name)
    assert all(phrase in said for phrase in deviations(rows))
    count = sum(row["kind"] == "point" for row in rows)
    assert f"over {count} points at d = {figure_module(name).QUICK.d};" in said


@pytest.mark.parametrize("name", HERE)
def test_figures_in_the_documentation(name):
    """The page quotes the verdict of the data beside it, made with the full settings by today's theory."""
    folder = ROOT / "docs" / "figures"
    rows = rows_of(folder, name)
    section = (folder / "README.md").read_text().split(f"## {name}\n")[1].split("\n## ")[0]
    said = " ".join(section.replace("\n> ", " ").split())
    assert all(phrase in said for phrase in deviations(rows))
    assert f"taskalign figure {name} --out docs/figures" in section
    assert (folder / f"{name}.png").stat().st_size < 120_000
    assert {row["d"] for row in rows if row["kind"] == "point"} == {figure_module(name).FULL.d}
    points = [row for row in rows if row["kind"] == "point"]
    for row in points[:: len(points) // 4]:
        assert row["theory"] == pytest.approx(expected(name, row), rel=1e-11, abs=0)


def column(rows, x, y, **equal):
    chosen = sorted((row[x], row[y]) for row in rows if all(row[key] == value for key, value in equal.items()))
    return np.array(chosen).T


def test_kappa_sweep_says_which_curves_fall(made):
    folder, said = made("kappa-sweep")
    rows = rows_of(folder, "kappa-sweep")
    parts = said.splitlines()[1].removeprefix("kappa-sweep: ").split("; ")[:8]
    pairs = [(panel, series) for panel in ("half-rank", "power law") for series in SERIES]
    for (panel, series), part in zip(pairs, parts, strict=True):
        _, theory = column(rows, "kappa", "theory", panel=panel, series=series, kind="line")
        falls, rises = bool((np.diff(theory) < 0).all()), bool((np.diff(theory) > 0).all())
        word = "falls" if falls else "rises" if rises else "is not monotone"
        assert f"{series} {word} (" in part
        _, simulated = column(rows, "kappa", "simulation", panel=panel, series=series, kind="point")
        assert f"({(np.diff(simulated) < 0).sum()} of {len(simulated) - 1} simulated steps fall)" in part
        # what the paper found of the two extremes
        assert falls or series != "aligned"
        assert not falls or series != "anti-aligned"


def test_rank_correlations(made):
    folder, said = made("metric-vs-error")
    rows = [row for row in rows_of(folder, "metric-vs-error") if row["kind"] == "point"]
    for kappa in {row["kappa"] for row in rows}:
        chosen = np.array([[row["misalignment"], row["simulation"]] for row in rows if row["kappa"] == kappa])
        assert f"{spearmanr(*chosen.T).statistic:.4f} at kappa = {kappa:g}" in said


def test_ordering_violation_is_seen(made):
    folder, said = made("ordering-violation")
    rows = [row for row in rows_of(folder, "ordering-violation") if row["kind"] == "point"]
    for panel in ("two eigenvalues", "three eigenvalues"):
        low, high, *_ = sorted((row for row in rows if row["panel"] == panel), key=lambda row: row["eigenvalue"])
        assert low["theory"] < high["theory"]
        errors = (high["simulation"] - low["simulation"]) / np.hypot(low["sem"], high["sem"])
        assert f"a rise of {errors:.1f} standard errors" in said
        assert errors > 3


def test_steeper_pretraining_with_few_tasks(made):
    folder, said = made("specialise")
    rows = [row for row in rows_of(folder, "specialise") if row["kind"] == "best"]
    for panel, kappa in (("few tasks", 0.25), ("many tasks", 10)):
        p_test, p_train = column(rows, "p_test", "p_train", panel=panel)
        assert f"{panel}, kappa = {kappa:g}: steeper pretraining is best for {(p_train > p_test).sum()} of" in said
        for p, q in zip(p_test, p_train, strict=True):
            parameters = {"alpha": 2, "tau": 4, "kappa": kappa, "rho": 0.01}
            spectra = [ta.Spectrum(power_law(16, x)) for x in (max(q - 0.005, 0), q, q + 0.005)]
            errors = [float(ta.icl_error(each, power_law(16, p), **parameters).total) for each in spectra]
            assert errors[1] == min(errors)


def test_double_descent_peaks_at_one(made):
    folder, said = made("double-descent")
    rows = rows_of(folder, "double-descent")
    tau, theory = column(rows, "tau", "theory", series="no ridge", kind="line")
    assert abs(tau[theory.argmax()] - 1) < 2e-3
    assert f"rises to {theory[tau < 1][-1]:.3g} at tau = 0.999" in said
    assert not [row for row in rows if row["series"] == "no ridge" and row["tau"] == 1]


# --- bad input --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], f"NAME: 'nonsense' is no figure, must be one of {', '.join(FIGURES)}"),
        ([], f"NAME: a figure is needed, one of {', '.join(FIGURES)}"),
        (["kappa-sweep", "--d", "25"], "--d: 25 is not allowed, must be a multiple of 2, at least 24"),
        (["ordering-violation", "--d", "20"], "--d: 20 is not allowed, must be a multiple of 12, at least 24"),
        (["kappa-sweep", "--repeats", "1"], "--repeats: 1 is not allowed, must be a whole number >= 2"),
        (["kappa-sweep", "--seed", "-1"], "--seed: -1 is not allowed, must be a whole number >= 0"),
        (["kappa-sweep", "--quick", "--out", "FILE"], "--out: FILE is a file, must be a folder"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("")
    assert main(["figure", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"taskalign: {complaint}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["FILE"]


def test_list(capsys):
    assert main(["figure", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES)
    assert all(len(line) <= 110 for line in lines)


def test_every_figure_has_what_the_command_needs():
    for name in FIGURES:
        module = figure_module(name)
        assert module.QUICK.quick
        assert not module.FULL.quick
        assert callable(module.compute)
        assert callable(module.draw)


# --- interruption -----------------------------------------------------------------------------------------------
def test_interrupted_figure_goes_on(tmp_path, monkeypatch, capsys, made):
    """Two points, an interruption; the rest with the same command, and the same numbers as without one."""
    simulate, calls = ta.models.simulate, []

    def counted(*arguments, **more):
        calls.append(more)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return simulate(*arguments, **more)

    monkeypatch.setattr(ta.models, "simulate", counted)
    arguments = ["figure", "ordering-violation", "--quick", "--out", str(tmp_path)]
    assert main(arguments) == 130
    points = tmp_path / "ordering-violation.points.jsonl"
    said = f"taskalign: 2 of 4 points are saved in {points}, the same command goes on from there\n"
    assert capsys.readouterr().err == said + "taskalign: interrupted\n"
    assert not (tmp_path / "ordering-violation.csv").exists()
    assert main(arguments) == 0
    assert len(calls) == 3 + 2
    whole = made("ordering-violation")[0] / "ordering-violation.csv"
    assert (tmp_path / "ordering-violation.csv").read_bytes() == whole.read_bytes()


def test_other_settings_are_other_points(tmp_path, monkeypatch):
    """A point is taken up again for the same settings, and for no others."""
    calls = []

    def instead(spectrum, tests, *, d, repeats, alpha, tau, kappa, rho, ridge, **more):
        calls.append(d)
        parameters = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
        profiles = 1 + np.random.default_rng(len(calls)).random((repeats, d))
        eigenvalues = np.repeat(spectrum.eigenvalues, d // spectrum.size)
        return SimpleNamespace(profiles=profiles, eigenvalues=eigenvalues, parameters=parameters)

    monkeypatch.setattr(ta.models, "simulate", instead)
    module, points = figure_module("ordering-violation"), Points(tmp_path / "points.jsonl")
    tables = []
    for changes in ({}, {"seed": 1}, {"repeats": 4}, {"d": 36}, {}):
        settings = module.QUICK.changed(**{"d": None, "repeats": None, "seed": 0} | changes)
        tables.append(module.compute(settings, points).table.csv())
    assert calls == 3 * [24, 24, 12, 12] + [36, 36, 18, 18]
    assert len(set(tables)) == 4
    assert tables[-1] == tables[0]
