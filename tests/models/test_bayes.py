"""Posterior means against their definition, and against what pretraining learns."""

import numpy as np
import pytest

import taskalign as ta
from taskalign.models import bayes_ridge, compare, discrete_posterior, draw_prompts, draw_tasks, pretrain
from taskalign.numerics import InputError

VALUES = np.array([2.0, 1.0, 0.5, 0.0])


@pytest.mark.parametrize("length", [3, 9])
def test_ridge_is_the_conditional_mean_of_a_gaussian(length: int) -> None:
    """From the joint covariance of (w, y), one context after the other."""
    rho = 0.3
    prompts = draw_prompts(draw_tasks(VALUES, 20), length=length, rho=rho)
    for X, y, found in zip(prompts.inputs, prompts.outputs, bayes_ridge(prompts, VALUES, rho=rho), strict=True):
        covariance_of_y = (X * VALUES) @ X.T + rho * np.eye(length)
        np.testing.assert_allclose(found, VALUES * (X.T @ np.linalg.inv(covariance_of_y) @ y), rtol=1e-9, atol=1e-12)


def test_discrete_posterior_by_bayes_rule() -> None:
    rho, tasks = 0.3, draw_tasks(VALUES, 5)
    prompts = draw_prompts(tasks, 20, length=2, rho=rho)
    found = discrete_posterior(prompts, tasks, rho=rho)
    for X, y, w in zip(prompts.inputs, prompts.outputs, found, strict=True):
        likelihood = [np.prod(np.exp(-((y - X @ t) ** 2) / (2 * rho))) for t in tasks]
        np.testing.assert_allclose(w, np.average(tasks, axis=0, weights=likelihood), rtol=1e-10)


def test_without_noise_both_are_limits() -> None:
    tasks = draw_tasks(VALUES, 5)
    prompts = draw_prompts(tasks, 20, length=2, rho=0.0)
    np.testing.assert_array_equal(discrete_posterior(prompts, tasks, rho=0), tasks[prompts.index])
    limit = bayes_ridge(prompts, VALUES, rho=1e-11)
    np.testing.assert_allclose(bayes_ridge(prompts, VALUES, rho=0), limit, atol=1e-5)
    longer = draw_prompts(tasks, 20, length=6, rho=0.0)
    np.testing.assert_allclose(bayes_ridge(longer, VALUES, rho=0), tasks[longer.index], atol=1e-8)


def test_nothing_beats_the_posterior_mean_of_the_true_prior() -> None:
    spectrum = ta.Spectrum.power_law(10, 0.9)
    given = {"d": 10, "alpha": 0.5, "tau": 4, "rho": 1.0}
    many = pretrain(spectrum, **given, kappa=20, seed=1)
    fresh = compare(many, many.eigenvalues, 3000)
    # paired over the contexts: on fresh tasks ridge is best ...
    for other in fresh.losses[[0, 2]]:
        gap = other - fresh.losses[1]
        assert gap.mean() > 4 * gap.std() / np.sqrt(gap.size)
    # ... and on few pretraining tasks the posterior over them
    few = pretrain(spectrum, **given, kappa=0.4, seed=1)
    known = compare(few, None, 3000)
    for other in known.losses[:2]:
        gap = other - known.losses[2]
        assert gap.mean() > 4 * gap.std() / np.sqrt(gap.size)
    # the layer's own mean loss is its exact error
    assert abs(fresh.attention - many.fresh_task_error()) < 4 * fresh.attention_sem
    assert abs(known.attention - few.train_task_error()) < 4 * known.attention_sem
    assert fresh.ridge_sem == pytest.approx(fresh.losses[1].std() / np.sqrt(3000), rel=1e-3, abs=0)


def test_bad_input() -> None:
    prompts = draw_prompts(draw_tasks(VALUES, 2), length=3, rho=0.1)
    with pytest.raises(InputError, match=r"^eigenvalues: shape \(3,\)"):
        bayes_ridge(prompts, VALUES[:3], rho=0.1)
    with pytest.raises(InputError, match=r"^eigenvalues: -1"):
        bayes_ridge(prompts, -np.ones(4), rho=0.1)
    with pytest.raises(InputError, match=r"^tasks: shape \(2, 3\)"):
        discrete_posterior(prompts, np.ones((2, 3)), rho=0.1)
    with pytest.raises(InputError, match=r"^rho: -1"):
        discrete_posterior(prompts, np.ones((2, 4)), rho=-1)


@pytest.mark.parametrize("covariance", [-VALUES, VALUES[:2], np.nan * VALUES], ids=str)
def test_a_test_covariance_that_is_none_was_drawn_from(covariance: np.ndarray) -> None:
    layer = pretrain(ta.Spectrum(VALUES), d=4, alpha=2, tau=2, kappa=1, rho=0.1)
    with pytest.raises(InputError, match=r"^covariance: "):
        compare(layer, covariance, 5)
    with pytest.raises(InputError, match=r"^covariance: "):
        layer.sample(covariance, 5)
