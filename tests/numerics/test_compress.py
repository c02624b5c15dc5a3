"""Compressed spectra give the same theory."""

from __future__ import annotations

import numpy as np
import pytest

import taskalign as ta
from taskalign.numerics.compress import pays

RNG = np.random.default_rng(0)
D = 100_000
SPECTRA = {
    "constant": np.full(D, 0.3),
    "1/sqrt(j)": np.arange(1.0, D + 1) ** -0.5,
    "1/j": np.arange(1.0, D + 1) ** -1.0,
    "1/j^2": np.arange(1.0, D + 1) ** -2.0,
    "log-uniform": 10 ** RNG.uniform(-12, 0, D),
    "half zero": np.concatenate([np.zeros(D // 2), RNG.random(D // 2)]),
    "a gap": np.concatenate([np.full(D // 2, 1e-9), 1 + RNG.random(D // 2)]),
}
#: nodes found for d = 1e6 by a similar rule
EXPECTED = {"constant": 1, "1/sqrt(j)": 54, "1/j": 88, "1/j^2": 164, "log-uniform": 180}


@pytest.mark.parametrize("name", SPECTRA)
def test_means_are_kept(name: str) -> None:
    full = ta.Spectrum(SPECTRA[name])
    few = full.compress()
    assert few.weights.min() > 0
    assert few.eigenvalues.min() >= 0
    assert few.trace == pytest.approx(full.trace, rel=2e-14, abs=0)
    assert few.rank_fraction == pytest.approx(full.rank_fraction, rel=1e-15, abs=0)
    for t in np.geomspace(1e-14, 1e4, 37):
        for power in (1, 2):
            means = [(s.weights * (s.eigenvalues / (s.eigenvalues + t)) ** power).sum() for s in (full, few)]
            assert means[1] == pytest.approx(means[0], rel=2e-14, abs=0)


@pytest.mark.parametrize("name", EXPECTED)
def test_few_nodes(name: str) -> None:
    assert ta.Spectrum(SPECTRA[name]).compress().size <= 1.5 * EXPECTED[name]


@pytest.mark.parametrize("name", SPECTRA)
def test_the_theory_is_the_same(name: str) -> None:
    full = ta.Spectrum(SPECTRA[name])
    parameters = {"alpha": [2.0, 200.0], "tau": [0.6, 3.0], "kappa": 0.3, "rho": 0.1}
    exact, few = (ta.solve(spectrum, **parameters) for spectrum in (full, full.compress()))
    for field in ("sigma", "M", "dM", "q"):
        # a plain sum of 1e5 equal terms rounds by more than the nodes do
        np.testing.assert_allclose(getattr(few, field), getattr(exact, field), rtol=5e-13)


def test_small_spectra_only_lose_their_doubles() -> None:
    few = ta.Spectrum([1.0, 3.0, 1.0, 0.0]).compress()
    np.testing.assert_array_equal(few.eigenvalues, [0.0, 1.0, 3.0])
    np.testing.assert_array_equal(few.weights, [0.25, 0.5, 0.25])


def test_looser_is_smaller() -> None:
    full = ta.Spectrum(SPECTRA["1/j"])
    assert full.compress(1e-6).size < full.compress(1e-10).size < full.compress().size
    assert full.compress(1e-6).trace == pytest.approx(full.trace, rel=1e-6, abs=0)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="batch"):
        ta.Spectrum.batch(np.ones((2, 3))).compress()
    with pytest.raises(ValueError, match="rtol"):
        ta.Spectrum([1.0]).compress(0.0)


@pytest.mark.parametrize("name", ["1/j", "log-uniform", "half zero"])
def test_nodes_take_the_place_of_many_eigenvalues_unseen(name: str) -> None:
    """A scan of one long spectrum and one test covariance against twenty digits with all eigenvalues."""
    d, points = 5000, 1000
    values = SPECTRA[name][:: D // d]
    test = np.random.default_rng(2).random(d)
    rng = np.random.default_rng(3)
    given = {name: 10 ** rng.uniform(-1, 1, points) for name in ("tau", "kappa", "rho")}
    given["alpha"] = 10 ** rng.uniform(-1, 3, points)
    spectrum = ta.Spectrum(values)
    assert pays(points, d)
    assert spectrum.nodes[0].size < d / 20
    found = ta.icl_error(spectrum, test, **given)
    exact = ta.numerics.precise(spectrum, **{name: value[0] for name, value in given.items()}, digits=20)
    for field in ("sigma", "a", "M", "dM", "q", "Qbar"):
        assert getattr(found.fixed_point, field)[0] == pytest.approx(
            float(getattr(exact, field)), rel=1.5e-14, abs=0
        ), field
    error = exact.icl_error(test.tolist())
    assert found.misalignment[0] == pytest.approx(float(error.misalignment), rel=1.5e-14, abs=0)
    assert found.total[0] == pytest.approx(float(error.total), rel=1.5e-14, abs=0)


def test_a_test_of_zeros_has_no_misalignment() -> None:
    error = ta.icl_error(ta.Spectrum(SPECTRA["1/j"]), np.zeros(D), alpha=np.full(100, 2.0), tau=4, kappa=1, rho=0.1)
    assert (error.misalignment == 0).all()
