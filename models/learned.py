"""A pretrained linear attention, its exact errors on any tasks, and the alignment matrix it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..numerics import InputError, Spectrum
from ..numerics.arrays import Array
from ..numerics.display import Shown
from .contexts import Contexts, checked_tasks, draw_contexts, draw_tasks
from .sizes import Seed, along_dimension, nearest, number, one_along_dimension, streams


@dataclass(frozen=True)
class _Moments:
    """What the mean squared error needs of a distribution of tasks w; v = |w|^2/d + rho.

    second: mean of w w^T, a matrix or its diagonal. skew: mean of v w. power: mean of v^2.
    """

    second: np.ndarray
    skew: np.ndarray
    power: np.ndarray | float


@dataclass(frozen=True, eq=False, repr=False)
class LearnedAttention(Shown):
    r"""Linear attention after pretraining: $\hat y = x^\top (G h + g\, b)$.

    h and b are the summaries $\frac{d}{\ell} \sum y_i x_i$ and $\frac1\ell \sum y_i^2$ of a context; directions are the
    eigenvectors of $C_{\mathrm{train}}$, in the order of `eigenvalues`.

    Attributes:
        alpha, tau, kappa: ratios of the whole numbers of this run; what the theory is to be given.
        rho, ridge: as given.
        eigenvalues: of $C_{\mathrm{train}}$, shape `(d,)`.
        tasks: pretraining tasks, shape `(k, d)`.
        G: shape `(d, d)`.
        g: shape `(d,)`; None where the layer had no $y^2$ column.
        train_error: mean squared error over the pretraining contexts.
        iterations, residual: of the solver; the gradient at the end over that at the start.
    """

    alpha: float
    tau: float
    kappa: float
    rho: float
    ridge: float
    eigenvalues: np.ndarray
    tasks: np.ndarray
    G: np.ndarray
    g: np.ndarray | None
    train_error: float
    iterations: int
    residual: float

    @property
    def d(self) -> int:
        """Dimension."""
        return len(self.eigenvalues)

    @property
    def parameters(self) -> dict[str, float]:
        """alpha, tau, kappa, rho and ridge, as keywords for `taskalign.solve` and its like."""
        return {name: getattr(self, name) for name in ("alpha", "tau", "kappa", "rho", "ridge")}

    @property
    def spectrum(self) -> Spectrum:
        r"""Of $C_{\mathrm{train}}$, all d eigenvalues."""
        return Spectrum(self.eigenvalues)

    @property
    def gamma(self) -> np.ndarray:
        """[G, g], shape `(d, d)` or `(d, d + 1)`."""
        return self.G if self.g is None else np.column_stack([self.G, self.g])

    # --- alignment --------------------------------------------------------------------------------
    def alignment(self) -> np.ndarray:
        r"""$(1 - G)^\top (1 - G)$, shape `(d, d)`, of which the theory's $\mathcal K$ is the limit."""
        unlearned = np.eye(self.d) - self.G
        return unlearned.T @ unlearned

    def profile(self) -> np.ndarray:
        """Diagonal of `alignment`, the measured K along each eigenvector of C_train, shape `(d,)`."""
        return ((np.eye(self.d) - self.G) ** 2).sum(0)

    # --- errors -----------------------------------------------------------------------------------
    def errors_on(self, tests: Array, *, alpha_test: float | None = None, rho_test: float | None = None) -> np.ndarray:
        r"""Errors on tasks w ~ N(0, C_test) for many diagonal C_test at once, exact for this G: no sampling.

        $$e = \rho + \mathrm{tr}[C (1-G)^\top(1-G)] + \tfrac1\ell \mathrm{tr}[C\,G^\top G]
        + \tfrac{\rho + c}{\alpha} \mathrm{tr}[G G^\top]
        + (1 + \tfrac2\ell) \big((\rho + c)^2 + \tfrac2d \mathrm{tr}[C^2]\big) \tfrac{|g|^2}{d}$$

        Args:
            tests: eigenvalues of C_test along C_train's eigenvectors, shape `(..., d)`.
            alpha_test: context length per dimension at test, rounded to whole contexts; that of pretraining if not
                given.
            rho_test: variance of the label noise at test; that of pretraining if not given.

        Returns:
            shape `(...)`, in the units of a squared label.

        Raises:
            InputError: negative, not finite, or of another length.

        References:
            THEORY A5, with the terms of relative order 1/l and 1/d that make it exact.
        """
        tests = along_dimension(self.spectrum, tests, self.d)
        length, rho = self.at_test(alpha_test, rho_test)
        level = rho + tests.mean(-1)
        moments = _Moments(tests, np.zeros(self.d), level**2 + 2 * (tests**2).sum(-1) / self.d**2)
        return np.asarray(self._error(moments, level, length, rho))

    def error_on(self, covariance: Array, *, alpha_test: float | None = None, rho_test: float | None = None) -> float:
        """Error on tasks w ~ N(0, C_test), for one C_test.

        Args:
            covariance: C_test in C_train's eigenbasis: eigenvalues `(d,)`, or a matrix `(d, d)`.
            alpha_test, rho_test: as in `errors_on`.

        Raises:
            InputError: of another shape, or no covariance.
        """
        C = np.asarray(covariance, dtype=np.float64)
        if C.shape == (self.d,):
            return float(self.errors_on(C, alpha_test=alpha_test, rho_test=rho_test))
        if C.shape != (self.d, self.d):
            raise InputError(f"covariance: shape {C.shape} is not allowed, must be ({self.d},) or ({self.d}, {self.d})")
        if C.any():
            Spectrum.from_covariance(C)  # raises unless it is one
        length, rho = self.at_test(alpha_test, rho_test)
        level = rho + np.trace(C) / self.d
        moments = _Moments(C, np.zeros(self.d), level**2 + 2 * (C * C.T).sum() / self.d**2)
        return float(self._error(moments, level, length, rho))

    def task_error(
        self, tasks: Float[np.ndarray, "k d"], *, alpha_test: float | None = None, rho_test: float | None = None
    ) -> float:
        """Mean error over given tasks, fresh contexts: exact for this G.

        Args:
            tasks: in C_train's eigenbasis, shape `(k, d)`.
            alpha_test, rho_test: as in `errors_on`.

        Raises:
            InputError: of another shape, or not finite.
        """
        tasks = checked_tasks(tasks, self.d)
        length, rho = self.at_test(alpha_test, rho_test)
        v = rho + (tasks**2).sum(1) / self.d
        moments = _Moments(tasks.T @ tasks / len(tasks), v @ tasks / len(tasks), np.mean(v**2))
        return float(self._error(moments, v.mean(), length, rho))

    def train_task_error(self, *, alpha_test: float | None = None, rho_test: float | None = None) -> float:
        """Error on the pretraining tasks themselves, fresh contexts (TM)."""
        return self.task_error(self.tasks, alpha_test=alpha_test, rho_test=rho_test)

    def fresh_task_error(self, *, alpha_test: float | None = None, rho_test: float | None = None) -> float:
        """Error on fresh tasks of the pretraining distribution (IDG)."""
        return self.error_on(self.eigenvalues, alpha_test=alpha_test, rho_test=rho_test)

    def rotated_task_error(self, *, alpha_test: float | None = None, rho_test: float | None = None) -> float:
        """Error on fresh tasks of a freshly rotated copy of C_train, in the mean over rotations (ODG)."""
        length, rho = self.at_test(alpha_test, rho_test)
        c = self.eigenvalues.mean()
        power = (rho + c) ** 2 + 2 * (self.eigenvalues**2).sum() / self.d**2
        return float(self._error(_Moments(np.full(self.d, c), np.zeros(self.d), power), rho + c, length, rho))

    def at_test(self, alpha_test: float | None, rho_test: float | None) -> tuple[int, float]:
        length = nearest("alpha_test", self.alpha if alpha_test is None else alpha_test, self.d)
        return length, self.rho if rho_test is None else number("rho_test", rho_test, zero=True)

    def _error(self, moments: _Moments, level: np.ndarray | float, length: int, rho: float) -> np.ndarray | float:
        """Mean squared error from the moments of the tasks; `level` is the mean of v."""
        if moments.second.ndim == np.ndim(level) + 2:  # a matrix; else the diagonals of many
            bias, own = (moments.second * self.alignment()).sum(), (moments.second * (self.G.T @ self.G)).sum()
        else:
            bias, own = moments.second @ self.profile(), moments.second @ (self.G**2).sum(0)
        total = rho + (bias + own / length + level * self.d / length * (self.G**2).sum()) / self.d
        if self.g is None:
            return total
        third = 1 + 2 / length
        cross = self.g @ moments.skew - third * self.g @ (self.G @ moments.skew)
        return total + (third * moments.power * (self.g @ self.g) - 2 * cross) / self.d

    # --- predictions ------------------------------------------------------------------------------
    def estimate(self, contexts: Contexts) -> np.ndarray:
        r"""The task that the layer reads from each context, $G h + g\, b$, shape `(n, d)`.

        Raises:
            InputError: the contexts lack the column of squares that this layer reads.
        """
        gamma = self.gamma
        if contexts.features.shape[1] < gamma.shape[1]:
            raise InputError("contexts: the column of squares is missing, draw them with y2_column=True")
        return contexts.features[:, : gamma.shape[1]] @ gamma.T

    def predict(self, contexts: Contexts) -> np.ndarray:
        """Predictions for contexts given by their summaries, shape `(n,)`.

        Raises:
            InputError: see `estimate`.
        """
        return (contexts.queries * self.estimate(contexts)).sum(1)

    def sample(
        self,
        covariance: Float[np.ndarray, " d"] | None,
        count: int,
        *,
        alpha_test: float | None = None,
        rho_test: float | None = None,
        seed: Seed = 0,
    ) -> Predictions:
        """Labels and predictions of test prompts, each with a task of its own.

        Args:
            covariance: eigenvalues of C_test along C_train's eigenvectors, shape `(d,)`; None for prompts on the
                pretraining tasks, each drawn uniformly.
            count: number of prompts.
            alpha_test, rho_test: as in `errors_on`.
            seed: whole number, or a SeedSequence.

        Raises:
            InputError: naming the argument.
        """
        length, rho = self.at_test(alpha_test, rho_test)
        for_tasks, for_contexts = streams(seed, 2)
        if covariance is None:
            contexts = draw_contexts(self.tasks, count, length=length, rho=rho, seed=for_contexts)
        else:
            along = one_along_dimension(self.spectrum, covariance, self.d)
            tasks = draw_tasks(along, count, seed=for_tasks)
            contexts = draw_contexts(tasks, length=length, rho=rho, seed=for_contexts)
        return Predictions(contexts.labels, self.predict(contexts))


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Shown):
    """Labels of test prompts and what was predicted for them, shape `(n,)` each."""

    y: np.ndarray
    yhat: np.ndarray
