"""Exact errors of a given layer against exact sums by its definition, and against errors that are sampled."""

from itertools import product

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


# --- exact sums -------------------------------------------------------------------------------------------------
def gaussian_grid(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes `(3^count, count)` and weights that integrate a standard normal exactly up to degree 5 in each variable."""
    nodes = np.array(list(product((-np.sqrt(3), 0.0, np.sqrt(3)), repeat=count)))
    return nodes, np.where(nodes == 0, 2 / 3, 1 / 6).prod(1)


def mean_loss(layer: LearnedAttention, w: np.ndarray, length: int, rho: float) -> np.ndarray:
    """Mean of (y - yhat)^2 over contexts, query and noise for each task of `w` `(tasks, d)`; no degree is above 4.

    The query and its noise are independent of all else, so that the mean over them is rho + |w - what|^2/d.
    """
    d = w.shape[1]
    nodes, weights = gaussian_grid(length * (d + 1))
    x = nodes[:, : length * d].reshape(-1, length, d) / np.sqrt(d)
    noise = np.sqrt(rho) * nodes[:, length * d :]
    losses = []
    for task in w:
        y = x @ task + noise
        estimate = d / length * np.einsum("nl,nld->nd", y, x) @ layer.G.T
        if layer.g is not None:
            estimate += np.outer((y**2).sum(1) / length, layer.g)
        losses.append(rho + weights @ ((task - estimate) ** 2).sum(1) / d)
    return np.array(losses)


def small_layer(d: int, length: int, *, y2_column: bool) -> LearnedAttention:
    rng = np.random.default_rng(d + 10 * length)
    eigenvalues = np.array([1.7, 0.6, 0.3])[:d]
    return LearnedAttention(
        **{"alpha": length / d, "tau": 2.0, "kappa": 2 / d, "rho": 0.3, "ridge": 0.0},
        eigenvalues=eigenvalues,
        tasks=rng.normal(size=(2, d)) + 0.4,
        G=rng.normal(size=(d, d)),
        g=rng.normal(size=d) if y2_column else None,
        **{"train_error": 0.0, "iterations": 0, "residual": 0.0},
    )


#: dimension, context length of pretraining, context length and noise at test
SMALL = [(2, 1, 1, 0.3), (2, 2, 3, 0.7), (3, 1, 2, 0.0), (1, 3, 2, 0.4)]


@pytest.mark.parametrize("y2_column", [True, False])
@pytest.mark.parametrize(("d", "length", "at_test", "rho"), SMALL)
def test_errors_are_exact(d: int, length: int, at_test: int, rho: float, y2_column: bool) -> None:
    """All terms, to rounding: Gauss-Hermite sums over tasks, inputs and noise in place of the moments."""
    layer = small_layer(d, length, y2_column=y2_column)
    test = {"alpha_test": at_test / d, "rho_test": rho}
    z, weights = gaussian_grid(d)

    def close(found: float | np.ndarray, w: np.ndarray, share: np.ndarray, given: dict = test) -> None:
        examples, noise = (at_test, rho) if given else (length, layer.rho)
        assert found == pytest.approx(share @ mean_loss(layer, w, examples, noise), rel=1e-12, abs=0)

    values = np.array([0.5, 2.0, 0.9])[:d]
    close(layer.error_on(values, **test), z * np.sqrt(values), weights)
    close(layer.error_on(values), z * np.sqrt(values), weights, {})
    close(layer.errors_on(np.stack([0 * values, values]), **test)[1], z * np.sqrt(values), weights)
    close(layer.fresh_task_error(**test), z * np.sqrt(layer.eigenvalues), weights)
    root = np.random.default_rng(4).normal(size=(d, d))
    close(layer.error_on(root @ root.T, **test), z @ root.T, weights)
    close(layer.error_on(root @ root.T), z @ root.T, weights, {})
    both = np.full(2, 0.5)
    close(layer.train_task_error(**test), layer.tasks, both)
    close(layer.train_task_error(), layer.tasks, both, {})
    if d == 2:  # polynomials of degree 4 in a direction are averaged over the circle by 8 of them
        angles = np.arange(8) * np.pi / 4
        turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
        turned = np.einsum("ijt,nj->tni", turns, z * np.sqrt(layer.eigenvalues)).reshape(-1, d)
        close(layer.rotated_task_error(**test), turned, np.tile(weights, 8) / 8)
        close(layer.rotated_task_error(), turned, np.tile(weights, 8) / 8, {})


# --- sampling ---------------------------------------------------------------------------------------------------
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
