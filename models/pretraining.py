"""Pretraining of linear attention: tasks, contexts, ridge regression."""

from __future__ import annotations

import numpy as np

from ..numerics import InputError, Spectrum
from .contexts import checked_tasks, draw_contexts, draw_tasks
from .learned import LearnedAttention
from .least_squares import MAX_ITERATIONS, TOLERANCE, fit, fit_densely
from .sizes import Seed, in_dimension, nearest, sizes_of, streams, whole


def pretrain(
    spectrum: Spectrum,
    *,
    d: int,
    alpha: float,
    tau: float,
    kappa: float | None = None,
    rho: float,
    ridge: float = 1e-6,
    tasks: np.ndarray | None = None,
    y2_column: bool = True,
    seed: Seed = 0,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    dense: bool = False,
) -> LearnedAttention:
    r"""Pretrain linear attention on contexts of k tasks.

    Minimises $\sum (y - x^\top \Gamma f)^2 + \frac nd \lambda \|\Gamma\|^2$ over the n contexts.

    Args:
        spectrum: of C_train; each eigenvalue is repeated to its share of the d directions.
        d: dimension, at least 2.
        alpha, tau, kappa: ratios; l = alpha d, n = tau d^2 and k = kappa d are rounded to whole numbers.
        rho: variance of the label noise, >= 0.
        ridge: $\lambda$, >= 0; 0 is the solution of least norm.
        tasks: pretraining tasks in C_train's eigenbasis, shape `(k, d)`, in place of tasks drawn from N(0, C_train);
            kappa may then be left out.
        y2_column: whether the layer sees $\frac1\ell \sum y_i^2$ too, as in the paper.
        seed: whole number, or a SeedSequence; tasks and contexts have streams of their own.
        tolerance, max_iterations: of the solver, see `models.least_squares.fit`.
        dense: solve by the whole matrix of features; the reference, for d up to about 30.

    Raises:
        InputError: naming the argument; tau = 1 without a ridge; d that does not fit the spectrum.
        ConvergenceError: the solver stalled.

    References:
        LZLP (arXiv 2509.26551), the pretraining problem; THEORY A0, 0 and A5.

    Example:
        >>> learned = pretrain(Spectrum.isotropic(), d=12, alpha=2, tau=4, kappa=1, rho=0.01, seed=3)
        >>> learned.parameters
        {'alpha': 2.0, 'tau': 4.0, 'kappa': 1.0, 'rho': 0.01, 'ridge': 1e-06}
    """
    if tasks is not None:
        tasks = checked_tasks(tasks, whole("d", d, 2))
        if kappa is not None and nearest("kappa", kappa, d) != len(tasks):
            raise InputError(f"kappa: {kappa!r} is not allowed, the {len(tasks)} tasks given make {len(tasks) / d:.6g}")
        kappa = len(tasks) / d
    elif kappa is None:
        raise InputError("kappa: None is not allowed, must be > 0 where no tasks are given")
    sizes = sizes_of(spectrum, d=d, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    eigenvalues = in_dimension(spectrum, sizes.d)
    for_tasks, for_contexts = streams(seed, 2)
    if tasks is None:
        tasks = draw_tasks(eigenvalues, sizes.tasks, seed=for_tasks)
    contexts = draw_contexts(
        tasks, sizes.contexts, length=sizes.length, rho=rho, seed=for_contexts, y2_column=y2_column
    )
    penalty = sizes.contexts / sizes.d * float(ridge)
    if dense:
        found = fit_densely(contexts, penalty)
    else:
        found = fit(contexts, penalty, tolerance=tolerance, max_iterations=max_iterations)
    return LearnedAttention(
        **sizes.ratios,
        rho=float(rho),
        ridge=float(ridge),
        eigenvalues=eigenvalues,
        tasks=tasks,
        G=np.ascontiguousarray(found.gamma[:, : sizes.d]),
        g=found.gamma[:, sizes.d].copy() if y2_column else None,
        train_error=found.train_error,
        iterations=found.iterations,
        residual=found.residual,
    )
