"""The points of scans: complete, in order, and the same however they are cut."""

import numpy as np
import pytest

from taskalign.numerics import InputError
from taskalign.proofs_check.families import Atoms, PowerLaw, TwoAtoms
from taskalign.proofs_check.points import DEFAULT_RANGES, Grid, RandomPoints

AXES = {"alpha": [1.0, 2.0], "tau": [0.5, 0.7, 2.0], "kappa": [1.0], "rho": [0.0, 0.1]}


def test_grid_is_the_product_in_order():
    grid = Grid(AXES)
    columns = grid.columns(0, grid.size)
    rows = list(zip(*(columns[name] for name in AXES), strict=True))
    assert rows == [
        (a, t, k, r) for a in AXES["alpha"] for t in AXES["tau"] for k in AXES["kappa"] for r in AXES["rho"]
    ]


@pytest.mark.parametrize("points", [Grid(AXES), RandomPoints(12, seed=5), RandomPoints(12, ranges={"x": (1.0, 2.0)})])
def test_any_part_can_be_drawn_alone(points):
    whole = points.columns(0, 12)
    parts = [points.columns(first, last) for first, last in ((0, 1), (1, 5), (5, 12))]
    for name, values in whole.items():
        np.testing.assert_array_equal(values, np.concatenate([part[name] for part in parts]))


def test_random_points_fill_their_ranges():
    columns = RandomPoints(20_000, seed=3).columns(0, 20_000)
    for name, ends in DEFAULT_RANGES.items():
        low, high = ends[:2]
        assert low <= columns[name].min() < 1.01 * low
        assert high / 1.01 < columns[name].max() <= high
        # log-uniform: the median is the geometric mean of the ends
        assert abs(np.log(np.median(columns[name]) / np.sqrt(low * high))) < 0.02 * np.log(high / low)
    assert (columns["tau"] < 1).any()
    assert (columns["tau"] > 1).any()


def test_seeds_differ():
    first, second = (RandomPoints(100, seed=seed).columns(0, 100)["alpha"] for seed in (1, 2))
    assert not np.isin(first, second).any()


def test_columns_are_not_correlated():
    columns = RandomPoints(20_000, ranges={"x": (0.0, 1.0, "linear")}).columns(0, 20_000)
    correlation = np.corrcoef([np.log(values) for values in columns.values()])
    assert np.abs(correlation - np.eye(5)).max() < 0.03


def test_tau_is_never_one():
    assert RandomPoints(1, ranges={"tau": (0.5, 2.0)}).columns(0, 1)["tau"] != 1
    near = RandomPoints(1000, ranges={"tau": (1.0, np.nextafter(1.0, 2.0))}).columns(0, 1000)["tau"]
    assert (near != 1).all()


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Grid({**AXES, "tau": [0.5, 1.0]}), "tau: 1.0 at index 1"),
        (lambda: Grid({**AXES, "alpha": [0.0]}), "alpha: 0.0"),
        (lambda: Grid({**AXES, "rho": []}), "rho"),
        (lambda: Grid({"alpha": [1.0]}), "tau, kappa, rho"),
        (lambda: RandomPoints(0), "size: 0"),
        (lambda: RandomPoints(5, seed=-1), "seed: -1"),
        (lambda: RandomPoints(5, ranges={"alpha": (2.0, 1.0)}), "alpha"),
        (lambda: RandomPoints(5, ranges={"rho": (0.0, 1.0)}), "rho"),
        (lambda: RandomPoints(5, ranges={"kappa": (float("nan"), 1.0)}), "kappa: nan"),
        (lambda: RandomPoints(5, ranges={"tau": (1.0, 1.0)}), "tau: 1.0"),
        (lambda: TwoAtoms().spectra({"ratio": np.array([2.0]), "share": np.array([0.5])}), "ratio: 2.0"),
        (lambda: TwoAtoms().spectra({"ratio": np.array([0.5]), "share": np.array([1.0])}), "share: 1.0"),
    ],
)
def test_bad_input_is_named(make, named):
    with pytest.raises(InputError, match=named):
        make()


def test_constant_range():
    assert (RandomPoints(10, ranges={"rho": (0.0, 0.0)}).columns(0, 10)["rho"] == 0).all()


@pytest.mark.parametrize("family", [TwoAtoms(), PowerLaw(7), Atoms(3)])
def test_families_make_a_spectrum_a_row(family):
    columns = RandomPoints(50, ranges=family.ranges).columns(0, 50)
    spectra = family.spectra(columns)
    assert spectra.eigenvalues.shape == (50, family.width)
    if not isinstance(family, Atoms):
        np.testing.assert_allclose(spectra.trace, 1, rtol=1e-14)
