"""The figures of the law of the predictions, the error budget and the implicit ridge."""

import contextlib
import io

import numpy as np
import pytest
from scipy import stats

import taskalign as ta
from taskalign.cli import main
from taskalign.figures.table import Table

NAMES = ("error-budget", "implicit-ridge", "prediction-law")
PARAMETERS = ("alpha", "tau", "kappa", "rho", "ridge")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Name -> folder, table and what was printed."""
    found = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert main(["figure", name, "--quick", "--out", str(folder)]) == 0
        found[name] = folder, Table.read((folder / f"{name}.csv").read_text()), said.getvalue()
    return found


def rows(table):
    columns = {name: column.tolist() for name, column in table.columns.items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def parameters(row):
    return {name: row[name] for name in PARAMETERS}


@pytest.mark.parametrize("name", NAMES)
def test_files_and_verdict(made, name):
    folder, _, said = made[name]
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / f"{name}.png").read_bytes()) < 120_000
    assert said.splitlines()[1].startswith(f"{name}: ")


def test_parts_of_the_budget_add_up_to_the_error(made):
    _, table, _ = made["error-budget"]
    for row in rows(table):
        if row["series"] != "total":
            continue
        spectrum = ta.Spectrum.power_law(16 if row["kind"] == "line" else int(row["d"]), 0.9)
        error = float(ta.icl_error(spectrum, spectrum.eigenvalues, **parameters(row)).total)
        assert row["theory"] == pytest.approx(error, rel=1e-12, abs=0)
        if row["kind"] == "line":
            same = table.where(kind="line", panel=row["panel"], **{row["panel"]: row[row["panel"]]})
            assert same["theory"].sum() == pytest.approx(2 * error, rel=1e-12, abs=0)  # the parts and the total
            assert len(same) == 7
        else:
            assert row["sem"] > 0
            assert row["simulation"] == pytest.approx(error, rel=0.4 if row["kind"] == "point" else 0.8, abs=0)


def test_predicted_ridges(made):
    _, table, said = made["implicit-ridge"]
    spectrum = ta.Spectrum([1.5, 0.5])
    for row in rows(table):
        point = ta.solve(spectrum, **parameters(row))
        alone = row["series"].startswith("context")
        assert row["theory"] == pytest.approx(float(point.s + point.ridge if alone else point.sigma), rel=1e-12, abs=0)
    fitted = table.where(kind="point", series="no ridge", tau=0.5)
    assert f"fitted {fitted['simulation'][0]:.3g}, predicted {fitted['theory'][0]:.3g}" in said
    # nearer to the prediction than to the ridge of finite contexts alone
    assert abs(fitted["simulation"][0] - fitted["theory"][0]) < 0.4 * abs(fitted["theory"][0] - 0.55)


def test_law_and_histogram(made):
    _, table, said = made["prediction-law"]
    law_names = {"var_y", "cov", "var_yhat", "var_given_label"}
    for kind, d in (("point", 16), ("half", 8)):
        moments = table.where(kind=kind)
        assert set(moments["series"]) == law_names
        for row in rows(moments):
            law = ta.prediction_law(ta.Spectrum([1.5, 0.5]), [0.5, 1.5], **parameters(row))
            assert row["theory"] == pytest.approx(float(getattr(law, row["series"])), rel=1e-12, abs=0)
        bins = table.where(kind=f"{kind} histogram")
        np.testing.assert_allclose(bins["theory"], stats.norm.pdf(bins["x"]), rtol=1e-12)
        assert 0.99 < bins["simulation"].sum() * 0.25 <= 1 + 1e-12
        kurtosis = table.where(kind=f"{kind} shape", series="excess_kurtosis")["simulation"][0]
        assert f"d = {d}: excess kurtosis {kurtosis:.3f}" in said
        # the histogram has the fourth moment too, but for what lies beyond its last bin
        spread = np.average(bins["x"] ** 2, weights=bins["simulation"])
        fourth = np.average(bins["x"] ** 4, weights=bins["simulation"])
        assert 0.3 * kurtosis < fourth / spread**2 - 3 < 1.3 * kurtosis
    pairs = table.where(kind="pair")
    assert 400 < len(pairs) < 700
