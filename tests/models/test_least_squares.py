"""The matrix-free solver against dense ones."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import taskalign as ta
from taskalign.models import blas_threads, draw_contexts, draw_tasks, pretrain
from taskalign.models.blas_threads import single_threaded_products
from taskalign.models.least_squares import _Problem, fit, fit_densely
from taskalign.numerics import ConvergenceError, InputError

D = 10


def contexts(tau: float, y2_column: bool, d: int = D):
    tasks = draw_tasks(ta.Spectrum.power_law(d, 0.9), d, seed=1)
    return draw_contexts(tasks, round(tau * d * d), length=2 * d, rho=0.05, seed=2, y2_column=y2_column)


@pytest.mark.parametrize("y2_column", [True, False])
@pytest.mark.parametrize(("tau", "penalty"), [(4, 0), (4, 3), (1.6, 0), (1.3, 1e-3), (1, 1), (0.6, 0), (0.6, 1e-4)])
def test_agrees_with_stacked_least_squares(tau: float, penalty: float, y2_column: bool) -> None:
    """The penalty as rows of their own below the features, by singular values: no normal equations."""
    data = contexts(tau, y2_column)
    features = np.array([np.outer(x, f).ravel() for x, f in zip(data.queries, data.features, strict=True)])
    stacked = np.vstack([features, np.sqrt(penalty) * np.eye(features.shape[1])])
    labels = np.concatenate([data.labels, np.zeros(features.shape[1])])
    expected = np.linalg.lstsq(stacked, labels, rcond=1e-12)[0].reshape(D, -1)
    found = fit(data, penalty)
    size = np.abs(expected).max()
    np.testing.assert_allclose(found.gamma, expected, atol=1e-7 * size)
    np.testing.assert_allclose(fit_densely(data, penalty).gamma, expected, atol=1e-8 * size)
    residuals = data.labels - features @ expected.ravel()
    assert found.train_error == pytest.approx(np.mean(residuals**2), rel=1e-8, abs=1e-12)
    assert 0 < found.residual <= 2e-10


@pytest.mark.parametrize("y2_column", [True, False])
@pytest.mark.parametrize(("tau", "ridge"), [(4, 1e-6), (2, 0), (1.1, 0.01), (1, 0.1), (0.8, 1e-6), (0.3, 0)])
def test_errors_agree_with_the_dense_solver(tau: float, ridge: float, y2_column: bool) -> None:
    given = {"d": 16, "alpha": 2, "tau": tau, "kappa": 0.75, "rho": 0.01, "ridge": ridge, "y2_column": y2_column}
    spectrum = ta.Spectrum.power_law(16, 0.9)
    quick, dense = pretrain(spectrum, **given), pretrain(spectrum, **given, dense=True)
    tests = np.vstack([spectrum.eigenvalues, spectrum.eigenvalues[::-1], np.eye(16)[3]])
    np.testing.assert_allclose(quick.errors_on(tests), dense.errors_on(tests), rtol=1e-8)
    np.testing.assert_allclose(quick.profile(), dense.profile(), rtol=1e-7)
    assert quick.train_task_error() == pytest.approx(dense.train_task_error(), rel=1e-8, abs=0)


def test_threads_do_not_change_a_bit() -> None:
    data = contexts(4, True, d=48)
    gamma = np.random.default_rng(0).normal(size=(48, 49))
    shared_out = []

    def share(function, parts):
        shared_out.append(len(parts))
        return pool.map(function, parts)

    with single_threaded_products() as threads, ThreadPoolExecutor(3) as pool:
        alone, shared = _Problem(data, 1e-3), _Problem(data, 1e-3, share)
        np.testing.assert_array_equal(alone.normal(gamma), shared.normal(gamma))
        np.testing.assert_array_equal(alone.gradient(gamma), shared.gradient(gamma))
    assert min(shared_out) > 1
    with single_threaded_products() as again:
        assert again == threads


def test_blocks_cover_every_context_once() -> None:
    """More contexts than a block holds, and not a multiple of it."""
    data = contexts(30, True)
    gamma = np.random.default_rng(0).normal(size=(D, D + 1))
    predictions = np.einsum("nd,dp,np->n", data.queries, gamma, data.features)
    problem = _Problem(data, 0.5)
    np.testing.assert_allclose(problem.residuals(gamma), data.labels - predictions, atol=1e-12)
    expected = np.einsum("nd,n,np->dp", data.queries, predictions, data.features) + 0.5 * gamma
    np.testing.assert_allclose(problem.normal(gamma), expected, rtol=1e-11)
    expected = np.einsum("nd,n,np->dp", data.queries, data.labels, data.features) - expected
    np.testing.assert_allclose(problem.gradient(gamma), expected, rtol=1e-9)


def test_a_stalled_solver_says_so() -> None:
    with pytest.raises(ConvergenceError, match=r"^pretraining: the gradient is .* after 3 steps, .* 160 contexts"):
        fit(contexts(1.6, False), 0.0, max_iterations=3)
    with pytest.raises(ConvergenceError, match="must be 1e-30"):
        fit(contexts(4, False), 1.0, tolerance=1e-30)


def test_products_take_one_thread_until_the_last_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    state = [5]
    monkeypatch.setattr(blas_threads, "_control", lambda: (lambda: state[0], lambda n: state.__setitem__(0, n)))
    first, second = single_threaded_products(), single_threaded_products()
    assert first.__enter__() == second.__enter__() == 5
    first.__exit__(None, None, None)
    assert state == [1]
    second.__exit__(None, None, None)
    assert state == [5]
    monkeypatch.setattr(blas_threads, "_control", lambda: None)
    with single_threaded_products() as threads:
        assert threads == 1
    assert state == [5]


def test_bad_input() -> None:
    with pytest.raises(InputError, match=r"^tolerance: 0"):
        fit(contexts(4, False), 0.0, tolerance=0)
    with pytest.raises(InputError, match=r"^max_iterations: 0"):
        fit(contexts(4, False), 0.0, max_iterations=0)
