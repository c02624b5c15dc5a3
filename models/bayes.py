"""What a learner could do at best with the same contexts: posterior means under the true, and the drawn, prior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from ..numerics import InputError
from ..numerics.arrays import as_numpy, nonnegative
from ..numerics.display import Shown
from .contexts import Prompts, checked_tasks, draw_prompts, draw_tasks
from .learned import LearnedAttention
from .simulation import standard_error
from .sizes import Seed, number, one_along_dimension, streams

#: numbers held at once while a batch of contexts is solved
_ROOM = 4_000_000


def bayes_ridge(prompts: Prompts, eigenvalues: Float[np.ndarray, " d"], *, rho: float) -> np.ndarray:
    r"""Posterior mean of the task under w ~ N(0, C): ridge regression in the metric of C.

    $$\hat w = C X^\top (X C X^\top + \rho)^{-1} y$$

    Args:
        prompts: n contexts.
        eigenvalues: of C, shape `(d,)`.
        rho: variance of the label noise; 0 is the limit, the least-norm fit.

    Returns:
        shape `(n, d)`; the prediction for a query x is $x^\top \hat w$.

    Raises:
        InputError: naming the argument; eigenvalues of another length than the prompts.
    """
    rho, root = number("rho", rho, zero=True), np.sqrt(as_numpy(nonnegative("eigenvalues", eigenvalues)))
    n, length, d = prompts.inputs.shape
    if root.shape != (d,):
        raise InputError(f"eigenvalues: shape {root.shape} is not allowed, must be ({d},)")
    estimates = np.empty((n, d))
    for part in _parts(n, length * d):
        A, y = prompts.inputs[part] * root, prompts.outputs[part, :, None]
        T = A.transpose(0, 2, 1)
        if rho == 0:
            found = np.linalg.pinv(A) @ y
        elif length < d:
            found = T @ np.linalg.solve(A @ T + rho * np.eye(length), y)
        else:
            found = np.linalg.solve(T @ A + rho * np.eye(d), T @ y)
        estimates[part] = root * found[..., 0]
    return estimates


def discrete_posterior(prompts: Prompts, tasks: Float[np.ndarray, "k d"], *, rho: float) -> np.ndarray:
    r"""Posterior mean of the task under the uniform prior on k tasks (dMMSE).

    $$\hat w = \sum_j p_j t_j, \qquad p_j \propto e^{-|y - X t_j|^2 / 2\rho}$$

    Args:
        prompts: n contexts.
        tasks: $t_j$, shape `(k, d)`.
        rho: variance of the label noise; 0 is the limit, the task that fits best.

    Returns:
        shape `(n, d)`.

    Raises:
        InputError: naming the argument; tasks of another length than the prompts.
    """
    rho = number("rho", rho, zero=True)
    n, length, d = prompts.inputs.shape
    tasks = checked_tasks(tasks, d)
    estimates = np.empty((n, d))
    for part in _parts(n, length * len(tasks)):
        misfit = ((prompts.outputs[part, :, None] - prompts.inputs[part] @ tasks.T) ** 2).sum(1)
        if rho == 0:
            weights = (misfit == misfit.min(1, keepdims=True)).astype(np.float64)
            weights /= weights.sum(1, keepdims=True)
        else:
            weights = softmax(-misfit / (2 * rho), axis=1)
        estimates[part] = weights @ tasks
    return estimates


def _parts(n: int, each: int) -> Iterator[slice]:
    step = max(1, _ROOM // each)
    return (slice(start, start + step) for start in range(0, n, step))


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Squared errors of a pretrained layer and of the two posterior means on the same contexts.

    The query and the noise of its label are averaged exactly, so each entry is $rho + |w - what|^2/d$.

    Attributes:
        attention, ridge, discrete: mean squared error of each.
        attention_sem, ridge_sem, discrete_sem: their standard errors.
        losses: a row for each of the three, shape `(3, n)`, for paired comparisons.
    """

    attention: float
    ridge: float
    discrete: float
    attention_sem: float
    ridge_sem: float
    discrete_sem: float
    losses: np.ndarray = field(repr=False)


def compare(
    learned: LearnedAttention,
    covariance: Float[np.ndarray, " d"] | None,
    count: int,
    *,
    alpha_test: float | None = None,
    rho_test: float | None = None,
    seed: Seed = 0,
) -> Comparison:
    """Test a pretrained layer beside the posterior means under N(0, C_train) and under its own pretraining tasks.

    Args:
        learned: the pretrained layer.
        covariance: eigenvalues of C_test along C_train's eigenvectors, shape `(d,)`; None for the pretraining tasks
            themselves, on which the discrete posterior is the optimum.
        count: number of contexts, drawn whole.
        alpha_test, rho_test: as in `LearnedAttention.errors_on`.
        seed: whole number, or a SeedSequence.

    Raises:
        InputError: naming the argument.
    """
    length, rho = learned.at_test(alpha_test, rho_test)
    for_tasks, for_prompts = streams(seed, 2)
    if covariance is None:
        tasks, drawn = learned.tasks, count
    else:
        along = one_along_dimension(learned.spectrum, covariance, learned.d)
        tasks, drawn = draw_tasks(along, count, seed=for_tasks), None
    prompts = draw_prompts(tasks, drawn, length=length, rho=rho, seed=for_prompts)
    estimates = (
        learned.estimate(prompts.contexts()),
        bayes_ridge(prompts, learned.eigenvalues, rho=rho),
        discrete_posterior(prompts, learned.tasks, rho=rho),
    )
    truth = tasks[prompts.index]
    losses = np.array([rho + ((truth - estimate) ** 2).sum(1) / learned.d for estimate in estimates])
    return Comparison(*losses.mean(1).tolist(), *standard_error(losses.T).tolist(), losses=losses)
