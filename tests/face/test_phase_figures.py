"""The figures of the phase transition and of the best ridge, and the pages of the figures that the law is shown by."""

import contextlib
import io

import numpy as np
import pytest

import taskalign as ta
from taskalign.cli import main
from taskalign.figures.catalogue import figure_module

from .. import oracle
from ..source_tree import ROOT
from .test_figures import deviations, power_law, rows_of

NAMES = ("phase-transition", "optimal-ridge")
DOCUMENTED = (*NAMES, "error-budget", "implicit-ridge", "prediction-law")
PARAMETERS = ("alpha", "tau", "kappa", "rho", "ridge")
SIMULATED = ("point", "half")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Name -> folder, rows of the table and what was printed."""
    found = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert main(["figure", name, "--quick", "--out", str(folder)]) == 0
        found[name] = folder, rows_of(folder, name), said.getvalue()
    return found


def parameters(row):
    return {name: row[name] for name in PARAMETERS}


def chosen(rows, **equal):
    return [row for row in rows if all(row[key] == value for key, value in equal.items())]


def by_the_papers(eigenvalues, row):
    """Errors on fresh, rotated and pretraining tasks, tested as pretrained: nested root finding, no sums of ours."""
    values = np.asarray(eigenvalues, dtype=float).tolist()
    point = oracle.solve(values, [1] * len(values), **parameters(row), digits=12)
    K = np.array([float(point.K(c)) for c in values])
    scalar = row["rho"] + (row["rho"] + np.mean(values)) / row["alpha"] * float(point.Qbar)
    fresh, rotated = scalar + np.mean(values * K), scalar + np.mean(values) * K.mean()
    return {"IDG": fresh, "ODG": rotated, "TM": row["tau"] * float(point.q)}


@pytest.mark.parametrize("name", NAMES)
def test_files_and_verdict(made, name):
    folder, rows, said = made[name]
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / f"{name}.png").read_bytes()) < 120_000
    line = said.splitlines()[1]
    assert line.startswith(f"{name}: ")
    assert all(phrase in line for phrase in deviations(rows))


@pytest.mark.parametrize("name", NAMES)
def test_simulated_rows(made, name):
    _, rows, _ = made[name]
    for row in rows:
        if row["kind"] not in SIMULATED:
            continue
        d = row["d"]
        sizes = [row["alpha"] * d, row["tau"] * d * d, row["kappa"] * d]
        assert sizes == pytest.approx(np.rint(sizes), abs=1e-9)
        assert row["sem"] > 0
        assert abs(row["simulation"] / row["theory"] - 1) < (0.4 if row["kind"] == "point" else 1)


# --- the transition ---------------------------------------------------------------------------------------------
def test_errors_of_low_rank_tasks(made):
    """Every row in the conventions of the low-rank paper, a few by its plain equations."""
    _, rows, _ = made["phase-transition"]
    finite = [row for row in rows if row["alpha"] < np.inf]
    assert {row["kind"] for row in finite} == {"line", "point", "half"}
    for row in finite:
        given = {name: row[name] for name in ("alpha", "tau", "kappa")}
        penalty = row["tau"] * row["ridge"] / row["kappa"]
        found = ta.low_rank_errors(0.5, **given, ridge=penalty, noise_std=0.0)
        assert row["theory"] == pytest.approx(float(getattr(found, row["panel"])), rel=1e-9, abs=0)
    for row in [*chosen(finite, kind="half")[:3], *chosen(finite, kind="line", series="alpha = 3000")[-3:]]:
        assert row["theory"] == pytest.approx(by_the_papers([2.0, 0.0], row)[row["panel"]], rel=1e-9, abs=0)


def limits(kappa, tau):
    """Without noise, the ridge vanishing first: fresh and rotated tasks for the rank fraction one half."""
    rank = min(kappa, 0.5)
    if tau < rank:
        return 1 - tau / 0.5, 1 - tau
    if tau > 1:
        gain = 1 + rank / (tau - 1)
    else:
        gain = 1 + rank * (tau - rank) / ((1 - rank) * (1 - tau)) if tau < 1 else np.inf
    return (1 - rank / 0.5) * gain if rank < 0.5 else 0.0, (1 - rank) * gain


def test_limit(made):
    _, rows, _ = made["phase-transition"]
    shown = chosen(rows, alpha=np.inf)
    assert {row["kind"] for row in shown} == {"line", "map"}
    for row in shown:
        fresh, rotated = limits(row["kappa"], row["tau"])
        tasks = "IDG" if row["kind"] == "map" else row["panel"]
        expected = {"IDG": fresh, "ODG": rotated, "TM": 0.0}[tasks]
        assert row["theory"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        if row["kind"] == "map":
            below = {"few tasks": row["kappa"], "few contexts": row["tau"], "solved": 0.5}
            least = [name for name, value in below.items() if value == min(below.values())]
            assert row["series"] == (least[0] if len(least) == 1 else "threshold")


def test_limit_of_long_contexts(made):
    """The equations at finite alpha come down to the limit: like 1/alpha, at the threshold like its root."""
    _, rows, _ = made["phase-transition"]
    tasks = ta.Spectrum([2.0, 0.0])
    for row in chosen(rows, series="limit"):
        if row["panel"] == "TM" or 0 < abs(row["kappa"] - 0.5) < 0.04:
            continue
        gaps = []
        for alpha in (1e8, 1e10):
            given = {**parameters(row), "alpha": alpha}
            test = tasks.eigenvalues if row["panel"] == "IDG" else np.ones(2)
            gaps.append(float(ta.icl_error(tasks, test, **given).total) - row["theory"])
        assert abs(gaps[1]) < (1e-5 if row["kappa"] == 0.5 else 1e-8)
        assert abs(gaps[0] / gaps[1]) == pytest.approx(10 if row["kappa"] == 0.5 else 100, rel=0.05, abs=0)


def test_distance_from_the_limit_in_the_verdict(made):
    _, rows, said = made["phase-transition"]
    for panel in ("IDG", "ODG", "TM"):
        line, limit = (
            np.array([(row["kappa"], row["theory"]) for row in chosen(rows, kind="line", panel=panel, series=series)])
            for series in ("alpha = 30000", "limit")
        )
        gap = np.abs(line - limit)[:, 1]
        assert f"{panel} {gap.max():.2g} at kappa = {line[gap.argmax(), 0]:g}" in said
    first, last = (
        chosen(rows, kind="line", panel="IDG", series=series, kappa=0.5)[0]["theory"]
        for series in ("alpha = 30", "alpha = 30000")
    )
    assert f"falls from {first:.3g} to {last:.2g}, like alpha^{np.log10(last / first) / 3:.2f};" in said


def test_simulated_transition(made):
    """Fresh tasks are learned beyond the threshold, rotated ones never, those of pretraining always."""
    _, rows, _ = made["phase-transition"]
    few, many = (
        {row["panel"]: row["simulation"] for row in chosen(rows, kind="point", kappa=kappa)} for kappa in (0.25, 1)
    )
    assert few["IDG"] > 0.5
    assert many["IDG"] < 0.1
    assert min(few["ODG"], many["ODG"]) > 0.7
    assert max(few["TM"], many["TM"]) < 0.06


# --- the best ridge -----------------------------------------------------------------------------------------------
def error(row, **changes):
    values = power_law(int(row["d"]) if row["d"] else 16, 0.9)
    return float(ta.icl_error(ta.Spectrum(values), values, **{**parameters(row), **changes}).total)


def test_errors_over_ridge_and_contexts(made):
    _, rows, _ = made["optimal-ridge"]
    fresh = [row for row in rows if row["panel"] != "rounding"]
    assert {row["kind"] for row in fresh} == {"line", "minimum", "point", "half"}
    for row in fresh:
        assert row["theory"] == pytest.approx(error(row), rel=1e-12, abs=0)
    for row in chosen(fresh, kind="half")[::4]:
        expected = by_the_papers(power_law(int(row["d"]), 0.9), row)["IDG"]
        assert row["theory"] == pytest.approx(expected, rel=1e-9, abs=0)


def test_no_ridge_is_better_than_the_best(made):
    """Against a plain scan, and the slopes of the error: zero at the best ridge, upwards where that is zero."""
    _, rows, said = made["optimal-ridge"]
    best = [row for row in rows if row["kind"] == "minimum" or row["series"] == "best ridge" or row["panel"] == "best"]
    values = power_law(16, 0.9)
    ridges = np.geomspace(1e-4, 100, 300)
    for row in best:
        if row["kind"] in SIMULATED:
            continue
        scanned = ta.icl_error(ta.Spectrum(values), values, **{**parameters(row), "ridge": ridges}).total
        assert row["theory"] <= scanned.min() * (1 + 1e-12)
        if row["ridge"] == 0:
            assert error(row, ridge=1e-6) > row["theory"]
        else:
            assert ridges[max(scanned.argmin() - 1, 0)] < row["ridge"] < ridges[scanned.argmin() + 1]
    assert any(row["ridge"] == 0 for row in best)
    for tau in (0.5, 1, 2):
        (row,) = chosen(rows, kind="minimum", tau=tau)
        assert f"lowest error {row['theory']:.3g} at ridge {row['ridge']:.3g}" in said


def test_best_ridge_takes_the_peak_away(made):
    _, rows, said = made["optimal-ridge"]
    line = sorted((row["tau"], row["theory"]) for row in chosen(rows, kind="line", series="best ridge"))
    assert (np.diff(line, axis=0)[:, 1] < 0).all()
    bare = max(row["theory"] for row in chosen(rows, kind="line", panel="contexts", series="no ridge"))
    assert bare > 50
    assert f"without a ridge rises to {bare:.3g}, with the best ridge it falls" in said
    simulated = chosen(rows, kind="point", panel="contexts")
    for row in chosen(simulated, series="best ridge"):
        (other,) = chosen(simulated, series="no ridge", tau=row["tau"])
        assert row["simulation"] < other["simulation"]


def test_rounding_of_the_peak(made):
    """The error on the tasks of pretraining by the papers' equations, and the leading term in the window."""
    _, rows, _ = made["optimal-ridge"]
    values = power_law(16, 0.9)
    shown = chosen(rows, panel="rounding")
    for row in [*chosen(shown, kind="half"), *chosen(shown, series="ridge 0.0001")[::4]]:
        expected = by_the_papers(power_law(int(row["d"] or 16), 0.9), row)["TM"]
        assert row["theory"] == pytest.approx(expected, rel=1e-9, abs=0)
    # at tau > 1 without a ridge the effective noise is s alone
    M = float(oracle.solve(values.tolist(), [1] * 16, alpha=10, tau=2, kappa=4, rho=0.1, digits=12).M)
    s = 1.1 / 10
    for row in chosen(shown, series="limit"):
        x = (row["tau"] - 1) / row["ridge"] ** 0.5
        peak = (0.1 + s - s**2 * M) / np.sqrt(x**2 + 4 * M)
        assert row["theory"] * row["ridge"] ** 0.5 == pytest.approx(peak, rel=1e-5, abs=0)


# --- documentation ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", DOCUMENTED)
def test_figures_in_the_documentation(name):
    """The page quotes the verdict of the data beside it, made with the full settings."""
    folder = ROOT / "docs" / "figures"
    rows = rows_of(folder, name)
    section = (folder / "README.md").read_text().split(f"## {name}\n")[1].split("\n## ")[0]
    said = " ".join(section.replace("\n> ", " ").split())
    assert all(phrase in said for phrase in deviations(rows))
    assert f"taskalign figure {name} --out docs/figures" in section
    assert (folder / f"{name}.png").stat().st_size < 120_000
    assert all((folder / f"{name}.{kind}").exists() for kind in ("csv", "svg") if f"({name}.{kind})" in section)
    assert {row["d"] for row in rows if row["kind"] == "point"} == {figure_module(name).FULL.d}
