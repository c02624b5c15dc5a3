"""Linear attention: the reduced form is the layer, the minimum is the minimum, and its error is the theory's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.models import LinearAttention, draw_tasks, fit_linear_attention, measure_errors, simulate
from taskalign.models.linear_attention import attend, attention_matrices
from taskalign.models.training import draw_batch
from taskalign.numerics import InputError


def contexts(d: int, n: int, k: int, seed: int, rho: float = 0.1):
    spectrum = ta.Spectrum.power_law(d, 0.9)
    tasks = torch.as_tensor(draw_tasks(spectrum, k, seed=seed))
    generator = torch.Generator().manual_seed(seed)
    batch = draw_batch(generator, tasks, n, length=2 * d, rho=rho)
    return batch, batch.target + rho**0.5 * torch.randn(n, generator=generator, dtype=torch.float64)


def test_reduced_form_is_the_layer() -> None:
    d = 5
    batch, _ = contexts(d, 20, 3, seed=1)
    gamma = torch.randn(d, d + 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    layer = attend(*attention_matrices(gamma), batch.x, batch.y)
    torch.testing.assert_close(LinearAttention(d).predict({"gamma": gamma}, batch.x, batch.y), layer)
    # by its definition, one context: x^T Gamma [(d/l) sum y x, (1/l) sum y^2]
    x, y = batch.x[0].numpy(), batch.y[0].numpy()
    features = np.append(d / len(y) * y @ x[:-1], y @ y / len(y))
    assert float(layer[0]) == pytest.approx(x[-1] @ gamma.numpy() @ features, rel=1e-12, abs=0)


@pytest.mark.parametrize("n", [400, 40])
def test_fit_is_the_least_squares_solution_of_least_norm(n: int) -> None:
    """By singular values of the full design, with more contexts than parameters and with fewer."""
    d = 8
    network = LinearAttention(d)
    batch, labels = contexts(d, n, 6, seed=2)
    features = network.features(batch.x, batch.y)
    design = (batch.x[:, -1, :, None] * features[:, None, :]).reshape(n, -1)
    expected = np.linalg.lstsq(design.numpy(), labels.numpy(), rcond=None)[0].reshape(d, d + 1)
    found = fit_linear_attention(network, batch, labels)["gamma"].numpy()
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max())


def test_measured_error_is_the_exact_one() -> None:
    """For linear attention without the y^2 column the error is a trace, by the exact moments of h given the task."""
    d, length, rho = 6, 12, 0.2
    G = np.random.default_rng(0).normal(size=(d, d)) / d
    gamma = torch.as_tensor(np.column_stack([G, np.zeros(d)]))
    tests = np.stack([ta.Spectrum.power_law(d, 0.9).eigenvalues, ta.Spectrum.spiked(d, 4, 0.5).eigenvalues])

    def predict(x, y):
        return LinearAttention(d).predict({"gamma": gamma}, x, y)

    found = measure_errors(predict, tests, length=length, rho=rho, contexts=40_000, double=True)
    for value, test in zip(found, tests, strict=True):
        # E[h h^T] = (1 + 1/l) C + (d/l) (tr C / d + rho)
        second = (1 + 1 / length) * np.diag(test) + d / length * (test.mean() + rho) * np.eye(d)
        bias = test.sum() - 2 * np.trace(np.diag(test) @ G)
        assert value == pytest.approx(rho + (bias + np.trace(G.T @ G @ second)) / d, rel=0.02, abs=0)


def test_tests_share_their_contexts() -> None:
    """The same covariance twice has the same error to the last bit, beside whatever else is measured."""
    gamma = torch.full((4, 5), 0.1, dtype=torch.float64)

    def errors(tests):
        return measure_errors(
            lambda x, y: LinearAttention(4).predict({"gamma": gamma}, x, y),
            tests, length=6, rho=0.1, contexts=64, double=True,
        )  # fmt: skip

    a, b = [4.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 2.0]
    found = errors([a, b, a])
    assert found[0] == found[2] == errors([a])[0]
    assert found[0] != found[1]
    # second moments of the tasks are exact: with no prediction at all, the error is rho + tr C without noise but x's
    silent = measure_errors(lambda x, y: 0 * y[:, 0], [[4.0, 0, 0, 0]], length=6, rho=0.1, contexts=50_000)
    assert silent[0] == pytest.approx(1.1, rel=0.02, abs=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tests": [[1.0, -1.0]]}, "^tests: -1.0"),
        ({"tests": [1.0, 1.0]}, r"^tests: shape \(2,\)"),
        ({"rho": -1.0}, "^rho: -1"),
        ({"contexts": 2}, "^contexts: 2"),
    ],
)
def test_bad_input_of_measuring(given, message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_errors(lambda x, y: y[:, 0], **{"tests": [[1.0, 1.0]], "length": 3, "rho": 0.1} | given)


def test_trained_layer_approaches_the_theory() -> None:
    """tau = 4, kappa = 2: measured over theoretical error on three test covariances, nearer to 1 at larger d."""
    distances = []
    for d, repeats in ((8, 6), (32, 1)):
        tests = [ta.Spectrum.power_law(d, 0.9).eigenvalues, np.ones(d), ta.Spectrum.power_law(d, 0.9).eigenvalues[::-1]]
        errors = []
        for seed in range(repeats):
            batch, labels = contexts(d, 4 * d * d, 2 * d, seed=seed)
            network = LinearAttention(d)
            trained = fit_linear_attention(network, batch, labels)
            options = {"length": 2 * d, "rho": 0.1, "contexts": 2048, "double": True}
            errors.append(measure_errors(lambda x, y, t=trained, net=network: net.predict(t, x, y), tests, **options))
        spectrum = ta.Spectrum.power_law(d, 0.9)
        theory = ta.icl_error(spectrum, np.stack(tests), alpha=2, tau=4, kappa=2, rho=0.1).total
        distances.append(np.abs(np.mean(errors, axis=0) / theory - 1).max())
    assert distances[1] < 0.1
    assert distances[1] < distances[0]


def test_agrees_with_the_simulation_from_summaries() -> None:
    """Two ways to one number: prompts, L-BFGS and sampled tests here; the exact law of summaries, conjugate gradients
    and trace formulas there. Means over seven runs each, of tasks of their own, within four standard errors.
    """
    d, repeats = 10, 7
    spectrum = ta.Spectrum.power_law(d, 0.9)
    other = simulate(spectrum, np.ones((1, d)), d=d, alpha=2, tau=4, kappa=1, rho=0.1, repeats=repeats, seed=3)
    network, errors = LinearAttention(d), []
    for seed in range(repeats):
        batch, labels = contexts(d, 4 * d * d, d, seed=seed)
        fitted = fit_linear_attention(network, batch, labels)
        options = {"length": 2 * d, "rho": 0.1, "contexts": 2048, "double": True}
        errors.append(measure_errors(lambda x, y, f=fitted: network.predict(f, x, y), np.ones((1, d)), **options))
    there = other.errors[:, 0]
    spread = np.sqrt((np.var(errors, ddof=1) + there.var(ddof=1)) / repeats)
    assert spread < 0.1
    assert np.mean(errors) == pytest.approx(there.mean(), abs=4 * spread)
