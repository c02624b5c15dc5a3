"""Spectra: normalisation, exact zeros, makers, and seeing a test covariance in the eigenbasis."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import taskalign as ta


def rotation(d: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def test_weights_are_normalised() -> None:
    spectrum = ta.Spectrum([4.0, 0.0], [1, 3])
    np.testing.assert_array_equal(spectrum.weights, [0.25, 0.75])
    assert spectrum.trace == 1.0
    assert spectrum.rank_fraction == 0.25
    assert spectrum.size == 2


def test_rank_fraction_is_rounded_once() -> None:
    """54 of 60 is 0.9 to the last bit, however the weights round."""
    assert ta.Spectrum([1.0] * 54 + [0.0] * 6).rank_fraction == 0.9


def test_zeros_of_a_covariance_are_exact() -> None:
    values = np.array([3.0, 1.0, 0.0, 0.0, 0.0])
    Q = rotation(5)
    spectrum = ta.Spectrum.from_covariance(Q @ np.diag(values) @ Q.T)
    assert (spectrum.eigenvalues == 0).sum() == 3
    np.testing.assert_allclose(np.sort(spectrum.eigenvalues)[::-1], values, atol=1e-14)
    assert spectrum.rank_fraction == 0.4


def test_small_eigenvalues_are_kept() -> None:
    spectrum = ta.Spectrum.from_covariance(np.diag([1.0, 1e-12]))
    assert spectrum.eigenvalues.min() == 1e-12


def test_makers() -> None:
    power = ta.Spectrum.power_law(100, 0.9, trace=2.0)
    assert power.trace == pytest.approx(2.0, rel=1e-12, abs=0)
    assert power.eigenvalues[9] / power.eigenvalues[0] == pytest.approx(10**-0.9, rel=1e-12, abs=0)
    low = ta.Spectrum.low_rank(0.25, trace=3.0)
    assert (low.trace, low.rank_fraction) == (3.0, 0.25)
    assert ta.Spectrum.low_rank(1.0).rank_fraction == 1.0
    iso = ta.Spectrum.isotropic(2.0)
    assert (iso.size, iso.trace) == (1, 2.0)
    spike = ta.Spectrum.spiked(10, 3, mix=0.5, trace=2.0)
    assert spike.trace == pytest.approx(2.0, rel=1e-12, abs=0)
    np.testing.assert_allclose(spike.eigenvalues, [1, 1, 1, 11, 1, 1, 1, 1, 1, 1])
    assert (ta.Spectrum.spiked(10, 3).eigenvalues > 0).sum() == 1


def test_align() -> None:
    d = 6
    rng = np.random.default_rng(1)
    Q = rotation(d)
    train = Q @ np.diag([5.0, 3.0, 2.0, 1.0, 0.5, 0.0]) @ Q.T
    root = rng.normal(size=(d, d))
    test = root @ root.T
    spectrum, gamma = ta.align(train, test)
    assert gamma.shape == (d,)
    for value, along in zip(spectrum.eigenvalues, gamma, strict=True):
        k = int(np.argmin(abs(np.array([5.0, 3.0, 2.0, 1.0, 0.5, 0.0]) - value)))
        assert along == pytest.approx(Q[:, k] @ test @ Q[:, k], rel=1e-10, abs=0)
    assert gamma.mean() == pytest.approx(np.trace(test) / d, rel=1e-12, abs=0)
    # of the training covariance itself: its own eigenvalues
    np.testing.assert_allclose(ta.align(train, train).test, spectrum.eigenvalues, atol=1e-13)


def test_align_tensors() -> None:
    train = torch.diag(torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64))
    spectrum, gamma = ta.align(train, torch.eye(3, dtype=torch.float64))
    assert isinstance(spectrum.eigenvalues, torch.Tensor)
    np.testing.assert_allclose(gamma, [1.0, 1.0, 1.0])
    assert ta.solve(spectrum, alpha=2, tau=0.5, kappa=1, rho=0).q.dtype == torch.float64


def test_covariances_rounded_to_a_file_still_work() -> None:
    """Eigenvalues that rounding made slightly negative are zeros, to the tolerance that is given."""
    Q = rotation(8)
    matrix = np.round(Q @ np.diag([4.0, 2.0, 1.0] + [0.0] * 5) @ Q.T, 9)
    spectrum = ta.Spectrum.from_covariance(matrix, tolerance=1e-8)
    assert (spectrum.eigenvalues[3:] == 0).all()
    with pytest.raises(
        ta.numerics.InputError, match=r"^covariance: not positive semi-definite.*give a larger tolerance"
    ):
        ta.Spectrum.from_covariance(matrix)


def test_it_prints() -> None:
    assert repr(ta.Spectrum([2.0, 0.0])) == "Spectrum(2 eigenvalues from 0 to 2, trace 1, rank fraction 0.5)"
    assert repr(ta.Spectrum.batch(np.ones((3, 2)))) == "Spectrum(batch (3,), 2 eigenvalues)"
