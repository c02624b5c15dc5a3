"""The theory against pretraining itself: contexts drawn from their definition, ridge regression solved densely."""

from __future__ import annotations

import numpy as np
import pytest

import taskalign as ta


def pretrain(
    rng: np.random.Generator, d: int, values: np.ndarray, length: int, n: int, k: int, rho: float, ridge: float
) -> np.ndarray:
    """Gamma of one pretraining run without the y^2 column: minimises the squared error plus (n/d) ridge |Gamma|^2."""
    tasks = rng.normal(size=(k, d)) * np.sqrt(values)
    features = np.empty((n, d * d))
    labels = np.empty(n)
    for j in range(n):
        w = tasks[rng.integers(k)]
        x = rng.normal(size=(length + 1, d)) / np.sqrt(d)
        y = x @ w + np.sqrt(rho) * rng.normal(size=length + 1)
        h = d / length * x[:length].T @ y[:length]
        features[j], labels[j] = np.outer(x[length], h).ravel(), y[length]
    gram = features.T @ features + n / d * ridge * np.eye(d * d)
    return np.linalg.solve(gram, features.T @ labels).reshape(d, d)


def exact_error(G: np.ndarray, test: np.ndarray, alpha: float, rho: float) -> float:
    """Mean squared error of a trained Gamma on tasks of diagonal covariance, as traces: no sampling."""
    d = len(G)
    left = np.eye(d) - G
    bias = np.trace(np.diag(test) @ left.T @ left) / d
    return rho + bias + (rho + test.mean()) / alpha * np.trace(G @ G.T) / d


@pytest.mark.parametrize(("tau", "ridge"), [(3.0, 1e-9), (0.6, 0.05), (1.0, 0.2)])
def test_error_and_alignment_matrix(tau: float, ridge: float) -> None:
    """At d = 24, four runs: within the finite-size bias of the order 1/d, for K's profile as for the errors."""
    d, alpha, kappa, rho, runs = 24, 2.0, 1.0, 0.1, 4
    values = np.repeat([1.75, 0.25], d // 2)
    n, length, k = round(tau * d * d), round(alpha * d), round(kappa * d)
    rng = np.random.default_rng(7)
    trained = [pretrain(rng, d, values, length, n, k, rho, ridge) for _ in range(runs)]
    spectrum = ta.Spectrum(values)
    parameters = {"alpha": length / d, "tau": n / d**2, "kappa": k / d, "rho": rho, "ridge": ridge}
    for test in (values, values[::-1], np.ones(d)):
        theory = float(ta.icl_error(spectrum, test, **parameters).total)
        simulated = np.mean([exact_error(G, test, alpha, rho) for G in trained])
        assert simulated == pytest.approx(theory, rel=0.12, abs=0)
    profile = np.mean([np.diag((np.eye(d) - G).T @ (np.eye(d) - G)) for G in trained], axis=0)
    measured = profile.reshape(2, -1).mean(1)
    np.testing.assert_allclose(measured, ta.solve(spectrum, **parameters).K([1.75, 0.25]), rtol=0.15)
