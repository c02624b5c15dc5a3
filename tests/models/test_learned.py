"""Exact errors of a given layer against errors that are sampled."""

import numpy as np
import pytest

import taskalign as ta
from taskalign.models import LearnedAttention, draw_contexts, draw_prompts, draw_tasks, pretrain
from taskalign.numerics import InputError

D, LENGTH, RHO, N = 6, 9, 0.2, 150_000
VALUES = np.array([3.0, 1.5, 0.8, 0.5, 0.2, 0.0])


@pytest.fixture(scope="module")
def layer() -> LearnedAttention:
    """No trained layer, so that every term of the error is large."""
    rng = np.random.default_rng(1)
    return LearnedAttention(
        **{"alpha": LENGTH / D, "tau": 2.0, "kappa": 4 / D, "rho": RHO, "ridge": 0.0},
        eigenvalues=VALUES,
        tasks=rng.normal(size=(4, D)) * np.sqrt(VALUES) + 0.5,
        G=0.5 * np.eye(D) + 0.2 * rng.normal(size=(D, D)),
        g=0.4 * rng.normal(size=D),
        **{"train_error": 0.0, "iterations": 0, "residual": 0.0},
    )


def sampled(layer: LearnedAttention, tasks: np.ndarray, count: int | None, length: int, rho: float) -> np.ndarray:
    """Squared errors on prompts drawn from the definition, each with query and noise of its own."""
    prompts = draw_prompts(tasks, count, length=length, rho=rho, seed=8)
    h = D / length * np.einsum("nl,nld->nd", prompts.outputs, prompts.inputs)
    b = (prompts.outputs**2).mean(1)
    yhat = np.einsum("ni,ij,nj->n", prompts.queries, layer.G, h)
    if layer.g is not None:
        yhat += prompts.queries @ layer.g * b
    return (prompts.labels - yhat) ** 2


def check(losses: np.ndarray, exact: float) -> None:
    sem = losses.std() / np.sqrt(len(losses))
    assert abs(losses.mean() - exact) < 4 * sem
    assert sem < 0.01 * exact  # sharp enough to see the terms of order 1/l and 1/d, which are 5 % and more here


@pytest.mark.parametrize("at_test", [{}, {"alpha_test": 3.0, "rho_test": 0.7}])
def test_error_on_gaussian_tasks(layer: LearnedAttention, at_test: dict) -> None:
    length, rho = (18, 0.7) if at_test else (LENGTH, RHO)
    test = np.array([0.2, 0.0, 1.0, 2.0, 0.5, 1.1])
    losses = sampled(layer, draw_tasks(test, N, seed=2), None, length, rho)
    check(losses, layer.error_on(test, **at_test))
    leading = rho + ((1 - 0) * test @ layer.profile() + (rho + test.mean()) * D / length * (layer.G**2).sum()) / D
    assert layer.g is not None
    leading += (rho + test.mean()) ** 2 * (layer.g @ layer.g) / D
    assert leading < 0.97 * layer.error_on(test, **at_test)


def test_error_on_tasks_along_no_axis(layer: LearnedAttention) -> None:
    root = np.random.default_rng(4).normal(size=(D, D)) * 0.6
    tasks = draw_tasks(np.ones(D), N, seed=2) @ root.T
    check(sampled(layer, tasks, None, LENGTH, RHO), layer.error_on(root @ root.T))
    assert layer.error_on(np.diag(VALUES)) == pytest.approx(layer.error_on(VALUES), rel=1e-13, abs=0)


def test_error_on_pretraining_tasks(layer: LearnedAttention) -> None:
    check(sampled(layer, layer.tasks, N, LENGTH, RHO), layer.train_task_error())
    check(sampled(layer, layer.tasks, N, 12, 0.0), layer.train_task_error(alpha_test=2, rho_test=0))
    # tasks whose mean is not zero see the cross terms with the column of squares
    flipped = np.vstack([layer.tasks, -layer.tasks])
    assert abs(layer.task_error(flipped) - layer.train_task_error()) > 0.05 * layer.train_task_error()


def test_error_on_rotated_tasks(layer: LearnedAttention) -> None:
    rng = np.random.default_rng(5)
    tasks = draw_tasks(VALUES, N, seed=2)
    directions = rng.normal(size=(N, D))
    tasks = directions * (np.linalg.norm(tasks, axis=1) / np.linalg.norm(directions, axis=1))[:, None]
    check(sampled(layer, tasks, None, LENGTH, RHO), layer.rotated_task_error())


def test_predictions_and_samples(layer: LearnedAttention) -> None:
    tasks = draw_tasks(VALUES, 50, seed=1)
    contexts = draw_contexts(tasks, length=LENGTH, rho=RHO, seed=3)
    expected = [x @ layer.gamma @ f for x, f in zip(contexts.queries, contexts.features, strict=True)]
    np.testing.assert_allclose(layer.predict(contexts), expected, rtol=1e-12)
    for covariance, error in ((VALUES, layer.fresh_task_error()), (None, layer.train_task_error())):
        drawn = layer.sample(covariance, N, seed=4)
        check((drawn.y - drawn.yhat) ** 2, error)
    with pytest.raises(InputError, match=r"^contexts: "):
        layer.predict(draw_contexts(tasks, length=LENGTH, rho=RHO, y2_column=False))
    with pytest.raises(InputError, match=r"^covariance: "):
        layer.error_on(np.ones(D + 1))
    with pytest.raises(InputError, match=r"^tests: shape"):
        layer.errors_on(np.ones((2, D + 1)))
    with pytest.raises(InputError, match=r"^tests: -1"):
        layer.errors_on(-np.ones(D))


def test_alignment_is_what_the_test_covariance_multiplies(layer: LearnedAttention) -> None:
    np.testing.assert_allclose(np.diag(layer.alignment()), layer.profile(), rtol=1e-13)
    probe = np.eye(D)[2]
    difference = layer.error_on(probe, alpha_test=1e7) - layer.error_on(0 * probe, alpha_test=1e7)
    assert layer.g is not None
    squares = (2 * RHO / D + 3 / D**2) * (layer.g @ layer.g) / D
    assert difference - squares == pytest.approx(layer.profile()[2] / D, rel=1e-5, abs=0)


def test_retraining_on_given_tasks() -> None:
    given = {"d": 12, "alpha": 2, "tau": 3, "rho": 0.1}
    spectrum = ta.Spectrum.isotropic()
    first = pretrain(spectrum, **given, kappa=0.5, seed=1)
    again = pretrain(spectrum, **given, tasks=first.tasks, seed=2)
    np.testing.assert_array_equal(first.tasks, again.tasks)
    assert again.kappa == first.kappa == 0.5
    assert np.abs(first.G - again.G).max() > 0.01
    np.testing.assert_array_equal(pretrain(spectrum, **given, kappa=0.5, seed=1).G, first.G)
    with pytest.raises(InputError, match=r"^tasks: shape"):
        pretrain(spectrum, **given, tasks=np.ones((3, 11)))
    with pytest.raises(InputError, match=r"^kappa: 1"):
        pretrain(spectrum, **given, kappa=1, tasks=first.tasks)
    with pytest.raises(InputError, match=r"^kappa: None"):
        pretrain(spectrum, **given)


def test_a_matrix_that_is_no_covariance_had_an_error(layer: LearnedAttention) -> None:
    for wrong in (np.full((D, D), np.nan), np.triu(np.ones((D, D))), -np.eye(D)):
        with pytest.raises(InputError, match=r"^covariance: "):
            layer.error_on(wrong)
    with pytest.raises(InputError, match=r"^tasks: shape \(2, 3\)"):
        layer.task_error(np.ones((2, 3)))


def test_pretraining_on_tasks_of_zero_without_noise_divided_by_zero() -> None:
    found = pretrain(ta.Spectrum.isotropic(), d=4, alpha=2, tau=3, rho=0.0, tasks=np.zeros((2, 4)))
    assert not found.gamma.any()
    assert found.train_error == 0
