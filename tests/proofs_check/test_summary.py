"""Summaries of scans."""

import subprocess
import sys

import numpy as np
import pytest

import taskalign as ta
from taskalign.numerics import InputError
from taskalign.proofs_check import scan, verify
from taskalign.proofs_check.families import Atoms, OneSpectrum, PowerLaw, TwoAtoms
from taskalign.proofs_check.points import Grid, RandomPoints
from taskalign.proofs_check.summary import summarise

NOISY = {"alpha": (10.0, 1e4), "tau": (0.05, 0.99), "rho": (0.1, 10.0)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("scan")
    result = scan(RandomPoints(5000, seed=7, ranges=NOISY), spectrum=TwoAtoms(), out=out, chunk=900)
    return result.table(), summarise(out, worst=4)


def test_counts_are_those_of_the_table(made):
    table, summary = made
    assert summary.rows == 5000
    assert summary.failing == 5000 - sum(table["holds"].to_pylist()) > 0
    assert sum(summary.decided_by.values()) == sum(summary.optimal_spike.values()) == 5000
    assert summary.chunks == summary.chunks_there == 6


def test_worst_are_the_worst(made):
    table, summary = made
    sizes = table["violation"].to_numpy()
    assert [v.place for v in summary.worst] == np.argsort(-sizes, kind="stable")[:4].tolist()
    for violation in summary.worst:
        assert violation.row == table.slice(violation.place, 1).to_pylist()[0]


def test_certificates_prove_the_worst(made):
    for violation in made[1].worst:
        assert violation.certificate.claim == "ordering-fails"
        assert verify(violation.certificate)
        assert float(violation.certificate.alpha) == violation.row["alpha"]


def test_maps_count_every_point_once(made):
    table, summary = made
    assert len(summary.maps) == 15
    for phases in summary.maps:
        assert phases.visited.sum() == 5000
        assert phases.failing.sum() == summary.failing
    first = summary.maps[0]
    x, y = (table[name].to_numpy() for name in (first.x, first.y))
    expected, _, _ = np.histogram2d(x, y, [first.x_edges, first.y_edges])
    assert np.abs(expected - first.visited).sum() <= 2  # rounding at the edges


@pytest.mark.parametrize("family", [TwoAtoms(), Atoms(3), OneSpectrum(ta.Spectrum([0.0, 1.0, 3.0]))])
def test_command_in_python_reproduces_the_point(tmp_path, family):
    scan(RandomPoints(300, ranges=NOISY), spectrum=family, out=tmp_path)
    (worst,) = summarise(tmp_path, worst=1, certificates=False).worst
    assert worst.command is not None
    command = worst.command.replace("python", sys.executable, 1)
    found = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert found.stdout.split()[:3] == ["Ordering", "holds", "False"]
    assert f"{worst.row['peak']:.12g}" in found.stdout


@pytest.mark.parametrize(
    ("family", "named"),
    [(PowerLaw(30), "power:"), (OneSpectrum(ta.Spectrum([0.0, 2.0]), "lowrank:0.5"), "lowrank:0.5")],
)
def test_command_in_the_shell_names_the_spectrum(tmp_path, family, named):
    scan(RandomPoints(300, ranges=NOISY), spectrum=family, out=tmp_path)
    (worst,) = summarise(tmp_path, worst=1).worst
    assert worst.command is not None
    assert worst.command.startswith(f"taskalign evaluate --train {named}")
    assert f"--alpha {worst.row['alpha']!r}" in worst.command


def test_each_value_of_a_grid_has_a_cell(tmp_path):
    axes = {"alpha": np.geomspace(1, 1e4, 7), "tau": [0.1, 0.5, 0.9], "kappa": [1], "rho": [0, 1]}
    scan(Grid(axes), spectrum=ta.Spectrum([0.0, 2.0]), out=tmp_path)
    maps = {(m.x, m.y): m for m in summarise(tmp_path).maps}
    assert set(maps) == {("alpha", "tau"), ("alpha", "rho"), ("tau", "rho")}
    assert (maps["alpha", "tau"].visited == 2).all()
    assert (maps["alpha", "rho"].visited == 3).all()


def test_spectrum_that_is_too_large_to_be_kept_is_said(tmp_path):
    spectrum = ta.Spectrum.power_law(1200, 1.0)
    scan(RandomPoints(200, ranges=NOISY), spectrum=spectrum, out=tmp_path)
    (worst,) = summarise(tmp_path, worst=1).worst
    assert worst.command is None
    assert "too large" in str(worst.problem)


def test_unfinished_scan_is_summed_up(tmp_path):
    def stop(done, size):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(RandomPoints(100), spectrum=TwoAtoms(), out=tmp_path, chunk=10, jobs=1, progress=stop)
    summary = summarise(tmp_path)
    assert (summary.rows, summary.chunks_there, summary.chunks) == (20, 2, 10)


def test_folder_without_a_scan_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match=f"summary: {folder}"):
            summarise(folder)


# --- eigenvalues that rounding has split ------------------------------------------------------------------------
#: an eigenvalue 5.5, and four of 0.5 that `eigh` finds 1e-15 apart
REPEATED = np.eye(5) / 2 + 1
#: at tau = 0.5 the ordering holds, though K rises at 0.5; at 0.3 it fails for 0.5 and 5.5 as well where rho = 10
AXES = {"alpha": [20.0, 500.0, 1e4], "tau": [0.3, 0.5], "kappa": [1.0], "rho": [0.5, 10.0]}


@pytest.mark.parametrize("noise", [0.0, 1e-9])
@pytest.mark.parametrize("margin", [1e-10, float("inf")])
def test_repeated_eigenvalues_are_one(tmp_path, noise, margin):
    """The exact spectrum is the oracle."""
    upper = np.triu(np.random.default_rng(1).normal(size=(5, 5)))
    found = ta.Spectrum.from_covariance(REPEATED + noise * (upper + upper.T), tolerance=20 * noise or None)
    assert len(np.unique(found.eigenvalues)) > 2
    exact = ta.Spectrum([5.5, 0.5], [0.2, 0.8])
    tables = []
    for name, spectrum in (("found", found), ("exact", exact)):
        tables.append(scan(AXES, spectrum=spectrum, out=tmp_path / name, margin=margin).table())
    holds = tables[1]["holds"].to_pylist()
    assert {True, False} == set(holds)
    for name in ("holds", "optimal_spike", "decided_by"):
        assert tables[0][name].to_pylist() == tables[1][name].to_pylist()
    for name in ("gap", "violation", "worst_spike", "peak", "tau_order"):
        expected = pytest.approx(tables[1][name].to_numpy(), rel=1e-12 + 100 * noise, abs=1e-12 + 100 * noise)
        assert tables[0][name].to_numpy() == expected
    summary = summarise(tmp_path / "found")
    assert summary.tolerance == found.tolerance > 0
    assert summary.failing == holds.count(False) == len(summary.worst)
    for violation in summary.worst:
        assert violation.certificate is not None
        assert verify(violation.certificate)
        assert len(violation.certificate.eigenvalues) == 2


def test_eigenvalues_that_differ_stay_apart(tmp_path):
    """Two of a list closer than the tolerance of a covariance of their size, said to be exact."""
    values = np.array([1.0, 1.0 - 4e-16, 0.25])
    for tolerance, count in ((0.0, 3), (None, 2)):
        spectrum = ta.Spectrum(values, tolerance=tolerance)
        scan(AXES, spectrum=spectrum, out=tmp_path / str(count))
        summary = summarise(tmp_path / str(count))
        assert len(summary.scan["spectrum"]["eigenvalues"]) == count
        assert summary.tolerance == spectrum.tolerance
