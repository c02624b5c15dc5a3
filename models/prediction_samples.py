"""Labels and predictions of linear attention that was really pretrained, against the Gaussian law of the theory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from ..numerics import InputError, PredictionLaw, Spectrum, prediction_law
from ..numerics.arrays import Array
from ..numerics.display import Shown
from ..numerics.prediction_law import check_kind
from .contexts import draw_contexts, draw_tasks
from .learned import LearnedAttention
from .pretraining import pretrain
from .sizes import Seed, generator, in_dimension, nearest, number, one_along_dimension, streams, whole


@dataclass(frozen=True, eq=False, repr=False)
class PredictionSamples(Shown):
    r"""Test prompts, each with a task of its own, of several pretraining runs.

    Attributes:
        d: dimension.
        y, yhat, y0: labels, predictions and clean labels, shape `(runs, prompts)`.
        law: the law of the theory at the ratios that these runs had.
    """

    d: int
    y: Float[np.ndarray, "runs prompts"]
    yhat: Float[np.ndarray, "runs prompts"]
    y0: Float[np.ndarray, "runs prompts"]
    law: PredictionLaw = field(repr=False)

    def residuals(self, given: str = "label") -> np.ndarray:
        r"""$(\hat y - \mathrm{slope}\,y)/\sqrt{\mathrm{var}}$ with the theory's slope and variance: a standard normal.

        Args:
            given: "label", or "clean" for the same given the label without noise.

        Returns:
            shape `(runs, prompts)`.
        """
        if given not in ("label", "clean"):
            raise InputError(f"given: {given!r} is not allowed, must be label or clean")
        known = self.y if given == "label" else self.y0
        slope, variance = (float(getattr(self.law, f"{what}_given_{given}")) for what in ("slope", "var"))
        return (self.yhat - slope * known) / np.sqrt(variance)

    @property
    def moments(self) -> dict[str, float]:
        r"""Second moments of label and prediction, and the variance of the residual: measured over theoretical."""
        law = self.law
        return {
            "var_y": float(np.mean(self.y**2) / law.var_y),
            "cov": float(np.mean(self.y * self.yhat) / law.cov),
            "var_yhat": float(np.mean(self.yhat**2) / law.var_yhat),
            "residual": float(np.mean(self.residuals() ** 2)),
        }

    @property
    def excess_kurtosis(self) -> float:
        """Of the residuals given the label; zero for a Gaussian, of the order 1/d here."""
        return float(stats.kurtosis(self.residuals(), axis=None))

    @property
    def ks(self) -> float:
        """Kolmogorov-Smirnov distance of the residuals given the label from the standard normal law."""
        return float(stats.kstest(self.residuals().ravel(), "norm").statistic)


def prediction_samples(
    spectrum: Spectrum,
    test: Array | None = None,
    *,
    d: int,
    alpha: float,
    tau: float,
    kappa: float,
    rho: float,
    ridge: float = 1e-6,
    alpha_test: float | None = None,
    rho_test: float | None = None,
    kind: str = "fresh",
    runs: int = 4,
    prompts: int = 4000,
    seed: Seed = 0,
    y2_column: bool = False,
) -> PredictionSamples:
    r"""Pretrain `runs` times and sample labels and predictions, with task, context and query drawn anew each time.

    Args:
        spectrum: of C_train; each eigenvalue is repeated to its share of the d directions.
        test: eigenvalues of C_test along C_train's eigenvectors, of the spectrum's length or of length d; C_train
            itself if not given.
        d: dimension, at least 2.
        alpha, tau, kappa: ratios; l = alpha d, n = tau d^2 and k = kappa d are rounded to whole numbers.
        rho, ridge: as in `pretrain`.
        alpha_test: context length per dimension at test; alpha if not given.
        rho_test: variance of the label noise at test; rho if not given.
        kind: "fresh", "rotated" or "training" tasks, as in `prediction_law`.
        runs: pretraining runs, each with tasks and contexts of its own.
        prompts: test prompts for each run.
        seed: whole number, or a SeedSequence.
        y2_column: whether the layer sees $\frac1\ell \sum y_i^2$ too; it adds to the deviations of the order 1/d.

    Raises:
        InputError: naming the argument; see `pretrain`.
        ConvergenceError: the solver stalled.

    References:
        THEORY (5.1), 10.

    Example:
        >>> found = prediction_samples(Spectrum.isotropic(), d=16, alpha=2, tau=3, kappa=1, rho=0.1, runs=1, prompts=50)
        >>> found.yhat.shape, bool(0.3 < found.moments["var_yhat"] < 3)
        ((1, 50), True)
    """
    check_kind(kind, test)
    size, count = whole("d", d, 2), whole("prompts", prompts)
    values = in_dimension(spectrum, size) if test is None else one_along_dimension(spectrum, test, size, "test")
    ratios: dict[str, Any] = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
    length = nearest("alpha_test", alpha if alpha_test is None else alpha_test, size)
    noise = number("rho_test", rho if rho_test is None else rho_test, zero=True)
    drawn = []
    realised: dict[str, float] = {}
    for stream in streams(seed, whole("runs", runs)):
        for_pretraining, for_prompts = streams(stream, 2)
        learned = pretrain(spectrum, d=size, **ratios, y2_column=y2_column, seed=for_pretraining)
        realised = learned.parameters
        drawn.append(_prompts(learned, values, kind, count, length, noise, for_prompts))
    y, yhat, y0 = (np.array(rows) for rows in zip(*drawn, strict=True))
    law = prediction_law(
        Spectrum(in_dimension(spectrum, size)),
        None if test is None else values,
        **realised,
        alpha_test=length / size,
        rho_test=noise,
        kind=kind,
    )
    return PredictionSamples(size, y, yhat, y0, law)


def _prompts(
    learned: LearnedAttention, values: np.ndarray, kind: str, count: int, length: int, noise: float, seed: Seed
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, predictions and clean labels of one run."""
    for_tasks, for_contexts, for_choice = streams(seed, 3)
    if kind == "training":
        tasks = learned.tasks[generator(for_choice).integers(len(learned.tasks), size=count)]
    else:
        tasks = draw_tasks(values, count, seed=for_tasks)
    if kind == "rotated":  # a rotation of its own for each task leaves of it the length alone
        directions = draw_tasks(np.ones(len(values)), count, seed=for_choice)
        tasks = directions * np.linalg.norm(tasks, axis=1, keepdims=True)
        tasks /= np.linalg.norm(directions, axis=1, keepdims=True)
    contexts = draw_contexts(tasks, length=length, rho=noise, seed=for_contexts, y2_column=learned.g is not None)
    clean = (contexts.queries * tasks[contexts.index]).sum(1)
    return contexts.labels, learned.predict(contexts), clean
