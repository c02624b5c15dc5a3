"""The example covariances are what their README says."""

from pathlib import Path

import numpy as np
import pytest

DIGITS = Path(__file__).parents[1] / "examples" / "digits"

CONSTANT_PIXELS = {"train.csv": [0, 32, 39], "test.csv": [0, 24, 31, 32, 39, 40, 48, 56]}


@pytest.fixture(params=CONSTANT_PIXELS)
def name(request):
    return request.param


@pytest.fixture
def covariance(name):
    return np.loadtxt(DIGITS / name, delimiter=",")


def test_exactly_symmetric(covariance):
    assert covariance.shape == (64, 64)
    assert np.isfinite(covariance).all()
    np.testing.assert_array_equal(covariance, covariance.T)


def test_positive_semidefinite_with_the_stated_rank(name, covariance):
    eigenvalues = np.linalg.eigvalsh(covariance)
    rounding = 64 * np.finfo(float).eps * eigenvalues[-1]
    assert eigenvalues[0] >= -rounding
    assert np.count_nonzero(eigenvalues > rounding) == 64 - len(CONSTANT_PIXELS[name])


def test_constant_pixels_have_zero_rows(name, covariance):
    assert np.flatnonzero(~covariance.any(axis=1)).tolist() == CONSTANT_PIXELS[name]
    # never "-0.0", and no dust beside the exact zeros
    assert not np.signbit(covariance[covariance == 0]).any()
    assert (np.diag(covariance) == 0).sum() == len(CONSTANT_PIXELS[name])


@pytest.mark.parametrize(("name", "mean_eigenvalue"), [("train.csv", 1.0), ("test.csv", 0.9280238416387846)])
def test_both_are_in_units_of_the_training_mean_eigenvalue(name, mean_eigenvalue):
    covariance = np.loadtxt(DIGITS / name, delimiter=",")
    assert np.trace(covariance) / 64 == pytest.approx(mean_eigenvalue, rel=1e-14, abs=0)


def test_written_with_full_precision(name, covariance):
    fields = (DIGITS / name).read_text().replace("\n", ",").rstrip(",").split(",")
    assert fields == [repr(x) for x in covariance.ravel().tolist()]
