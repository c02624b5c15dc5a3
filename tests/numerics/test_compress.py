"""Compressed spectra give the same theory."""

from __future__ import annotations

import numpy as np
import pytest

import taskalign as ta
from taskalign.numerics.compress import compress, pays

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


# --- the promise, and the range of floats ---------------------------------------------------------------------------
def wide(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts)


HARD = {
    "600 decades": np.exp(RNG.uniform(-690, 690, 6000)),
    "every decade": np.exp(-np.arange(5000) / 10),
    "one bin": 10 ** RNG.uniform(0, 1.2, 3000),
    "one bin, pooled": 10 ** RNG.uniform(0, 1.2, 6000),
    "clusters": wide(*(c * (1 + 1e-3 * RNG.normal(size=400)) for c in (1.0, 1e-3, 5e-7))),
    "tight clusters": wide(*(c * (1 + 1e-9 * RNG.normal(size=2000)) for c in (1.0, 1e-3, 5e-7))),
    "a gap of 12 decades": wide(RNG.random(500), 1e-12 * (1 + RNG.random(500))),
    "next to the largest float": np.linspace(0.5, 1, 5000) * np.finfo(float).max / 5000,
    "next to the smallest normal float": np.geomspace(1, 1e4, 5000) * np.finfo(float).tiny,
    "subnormal": np.geomspace(1, 1e20, 5000) * 5e-324,
    "all of them": wide(np.geomspace(5e-324, 1e303, 5000), np.zeros(1000)),
}


def exact_means(spectrum: ta.Spectrum, t: np.longdouble) -> np.ndarray:
    """Shares learned and unlearned, to the third power, in extended precision."""
    c, w = (np.asarray(x, np.longdouble) for x in (spectrum.eigenvalues, spectrum.weights))
    w = w / w.sum()
    with np.errstate(under="ignore"):
        powers = [(w * (x / (c + t)) ** k).sum() for x in (c, t) for k in (1, 2, 3)]
    return np.array([*powers, (w * c * t / (c + t) ** 2).sum(), (w * c).sum()], np.longdouble)


@pytest.mark.parametrize("name", HARD)
def test_means_are_kept_to_what_was_promised(name: str) -> None:
    full = ta.Spectrum(HARD[name])
    positive = np.asarray(HARD[name][HARD[name] > 0], np.longdouble)
    places = np.exp(np.linspace(np.log(positive.min()) - 3, np.log(positive.max()) + 3, 41))
    right = [exact_means(full, t) for t in places]
    sizes = []
    for rtol in (1e-3, 1e-5, 1e-8, 1e-11, 1e-14, 1e-15):
        few = full.compress(rtol)
        sizes.append(few.size)
        assert few.rank_fraction == pytest.approx(full.rank_fraction, rel=1e-14, abs=0)
        assert few.eigenvalues.min() >= full.eigenvalues.min()
        assert few.eigenvalues.max() <= full.eigenvalues.max() * (1 + 1e-14)
        for t, means in zip(places, right, strict=True):
            worst = np.max(np.abs(exact_means(few, t) / means - 1))
            assert worst <= rtol + 4e-15, (rtol, t)
    assert sizes == sorted(sizes)


def test_the_last_octave() -> None:
    values, weights = np.linspace(0.3, 1, 5000) * np.finfo(float).max, np.full(5000, 2e-4)
    nodes, shares = compress(values, weights, 1e-14)
    assert len(nodes) < 40
    for power in (0.5, 1, -1):
        right = (weights * values.astype(np.longdouble) ** power).sum()
        found = (shares * nodes.astype(np.longdouble) ** power).sum()
        assert float(found / right) == pytest.approx(1, rel=1e-14, abs=0)


def test_a_unit_is_no_matter() -> None:
    one = ta.Spectrum(np.linspace(1, 2, 300)).compress()
    for power in (-1000, -500, 515, 1000):
        other = ta.Spectrum(np.ldexp(np.linspace(1, 2, 300), power)).compress()
        np.testing.assert_array_equal(other.eigenvalues, np.ldexp(one.eigenvalues, power))
        np.testing.assert_array_equal(other.weights, one.weights)
    assert ta.Spectrum(np.linspace(1, 2, 300) * 1e155).compress().trace == pytest.approx(1.5e155, rel=1e-14, abs=0)


@pytest.mark.parametrize("name", ["600 decades", "every decade", "all of them", "next to the smallest normal float"])
def test_the_answer_does_not_depend_on_the_number_of_points(name: str) -> None:
    """A grid takes the nodes, a point all eigenvalues."""
    values = HARD[name] / HARD[name].max()
    spectrum, test = ta.Spectrum(values), np.ones(values.size)
    taus = np.linspace(0.1, 0.9, 1000)
    assert pays(taus.size, values.size)
    grid = ta.icl_error(spectrum, test, alpha=2.0, tau=taus, kappa=1.0, rho=0.01)
    for k in (0, 500, 999):
        one = ta.icl_error(spectrum, test, alpha=2.0, tau=taus[k], kappa=1.0, rho=0.01)
        for field in ("total", "misalignment"):
            assert getattr(grid, field)[k] == pytest.approx(float(getattr(one, field)), rel=1e-13, abs=0)
        assert grid.fixed_point.sigma[k] == pytest.approx(float(one.fixed_point.sigma), rel=1e-13, abs=0)


def test_five_hundred_decades_against_many_digits() -> None:
    spectrum = ta.Spectrum(np.exp(-np.arange(5000) / 10))
    found = ta.icl_error(spectrum, np.ones(5000), alpha=2.0, tau=np.linspace(0.1, 0.9, 1000), kappa=1.0, rho=0.01)
    np.testing.assert_allclose(found.total[[0, -1]], [1.26865339365, 23.2744672437], rtol=1e-11)
    assert spectrum.compress().rank_fraction == 1
