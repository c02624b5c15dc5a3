"""The metrics, against matrices multiplied out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import taskalign as ta

PARAMETERS = {"alpha": 2.0, "tau": 0.7, "kappa": 0.8, "rho": 0.1}


def covariance(seed: int, d: int = 7, rank: int = 7) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(d, rank))
    return root @ root.T / d


def resolvent(C: np.ndarray, point: ta.FixedPoint) -> np.ndarray:
    return np.linalg.inv(point.a * C + point.sigma * np.eye(len(C)))


def test_against_matrices() -> None:
    train, test = covariance(1), covariance(2)
    d = len(train)
    found = ta.metrics(train, test, **PARAMETERS)
    point = ta.solve(ta.Spectrum.from_covariance(train), **PARAMETERS)
    F = resolvent(train, point)
    dF = -F @ (point.da * train + np.eye(d)) @ F
    K = point.q * F + (point.q * point.effective_ridge - point.sigma**2) * dF
    assert found["misalignment"] == pytest.approx(np.trace(test @ K) / d, rel=1e-12, abs=0)
    assert found["resolvent"] == pytest.approx(np.trace(test @ F) / d, rel=1e-12, abs=0)
    assert found["population"] == pytest.approx(np.trace(test @ np.linalg.inv(train)) / d, rel=1e-10, abs=0)


def test_inverse_cka_against_centred_entries() -> None:
    train, test = covariance(1), covariance(2)

    def centred(A: np.ndarray) -> np.ndarray:
        return A - A.mean(0) - A.mean(1)[:, None] + A.mean()

    a, b = centred(train), centred(test)
    cka = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    assert ta.metrics(train, test, **PARAMETERS)["inverse_cka"] == pytest.approx(1 / cka, rel=1e-12, abs=0)
    assert ta.metrics(train, train, **PARAMETERS)["inverse_cka"] == pytest.approx(1, rel=1e-12, abs=0)


def test_population_outside_the_range_is_infinite() -> None:
    train = covariance(1, rank=4)
    inside = train @ covariance(2) @ train
    assert np.isfinite(ta.metrics(train, inside, **PARAMETERS)["population"])
    assert ta.metrics(train, inside, **PARAMETERS)["population"] == pytest.approx(
        np.trace(inside @ np.linalg.pinv(train, rcond=1e-10)) / 7, rel=1e-8, abs=0
    )
    assert ta.metrics(train, covariance(2), **PARAMETERS)["population"] == np.inf


def test_orthogonal_after_centring_is_infinite() -> None:
    constant = np.ones((4, 4))
    assert ta.metrics(np.diag([2.0, 2.0, 0.0, 0.0]), constant, **PARAMETERS)["inverse_cka"] == np.inf
    first, second = (np.outer(v, v) for v in ([1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]))
    assert ta.metrics(first, second, **PARAMETERS)["inverse_cka"] == np.inf


def test_arrays_of_parameters_and_tensors() -> None:
    train, test = covariance(1), covariance(2)
    tau = np.array([[0.5], [3.0]])
    found = ta.metrics(train, test, **PARAMETERS | {"tau": tau})
    assert found["misalignment"].shape == found["resolvent"].shape == (2, 1)
    tensors = ta.metrics(torch.tensor(train), torch.tensor(test), **PARAMETERS | {"tau": torch.tensor(tau)})
    for name in found:
        np.testing.assert_allclose(tensors[name], found[name], rtol=1e-11)


def test_rotation_of_both_changes_only_what_depends_on_the_basis() -> None:
    train, test = covariance(1), covariance(2)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(7, 7)))[0]
    one = ta.metrics(train, test, **PARAMETERS)
    other = ta.metrics(rotation @ train @ rotation.T, rotation @ test @ rotation.T, **PARAMETERS)
    for name in ("misalignment", "resolvent", "population"):
        assert other[name] == pytest.approx(one[name], rel=1e-9, abs=0)
    assert abs(other["inverse_cka"] - one["inverse_cka"]) > 1e-6
