"""The theory's experiment, run for real: pretrain, test, repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..numerics import IclError, Spectrum, icl_error, solve
from ..numerics.display import Shown
from .learned import LearnedAttention
from .least_squares import MAX_ITERATIONS, TOLERANCE
from .pretraining import pretrain
from .sizes import Seed, along_dimension, in_dimension, nearest, number, sizes_of, streams, whole


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Shown):
    """Errors and alignment of linear attention that was pretrained `repeats` times.

    Attributes:
        alpha, tau, kappa, alpha_test: ratios of the whole numbers of these runs; what the theory is to be given.
        rho, ridge, rho_test: as given.
        names: of the tests; their numbers as text where they had none.
        eigenvalues: of C_train, shape `(d,)`.
        tests: eigenvalues of the test covariances along C_train's eigenvectors, shape `(tests, d)`.
        errors: error of each run on each test, shape `(repeats, tests)`.
        train_task_errors: error on the pretraining tasks themselves (TM), shape `(repeats,)`.
        fresh_task_errors: on fresh tasks of the same distribution (IDG), shape `(repeats,)`.
        rotated_task_errors: on fresh tasks of a rotated copy of C_train (ODG), shape `(repeats,)`.
        train_errors: mean squared error over the pretraining contexts, shape `(repeats,)`.
        profiles: measured K along each eigenvector of C_train, shape `(repeats, d)`.
        iterations, residuals: of the solver, shape `(repeats,)`.
    """

    alpha: float
    tau: float
    kappa: float
    rho: float
    ridge: float
    alpha_test: float
    rho_test: float
    names: tuple[str, ...]
    eigenvalues: np.ndarray
    tests: np.ndarray
    errors: np.ndarray
    train_task_errors: np.ndarray
    fresh_task_errors: np.ndarray
    rotated_task_errors: np.ndarray
    train_errors: np.ndarray
    profiles: np.ndarray
    iterations: np.ndarray = field(repr=False)
    residuals: np.ndarray = field(repr=False)

    @property
    def parameters(self) -> dict[str, float]:
        """alpha, tau, kappa, rho and ridge as they were realised, as keywords for `taskalign.solve` and its like."""
        return {name: getattr(self, name) for name in ("alpha", "tau", "kappa", "rho", "ridge")}

    @property
    def at_test(self) -> dict[str, float]:
        """alpha_test and rho_test as they were realised, as keywords for `taskalign.icl_error` and its like."""
        return {"alpha_test": self.alpha_test, "rho_test": self.rho_test}

    @property
    def repeats(self) -> int:
        """Number of runs."""
        return len(self.errors)

    @property
    def mean(self) -> np.ndarray:
        """Mean error on each test, shape `(tests,)`."""
        return self.errors.mean(0)

    @property
    def sem(self) -> np.ndarray:
        """Standard error of `mean`, shape `(tests,)`; infinite for a single run, which tells nothing about it."""
        return standard_error(self.errors)

    @property
    def profile(self) -> np.ndarray:
        """Mean of the measured K, shape `(d,)`."""
        return self.profiles.mean(0)

    @cached_property
    def theory(self) -> IclError:
        """The theory at the realised ratios; `.total` has the shape `(tests,)`."""
        return icl_error(Spectrum(self.eigenvalues), self.tests, **self.parameters, **self.at_test)

    @cached_property
    def theory_profile(self) -> np.ndarray:
        """The theory's K along each eigenvector of C_train, shape `(d,)`."""
        return solve(Spectrum(self.eigenvalues), **self.parameters).K(self.eigenvalues)


def standard_error(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over the first axis; infinite where there is one value only."""
    count = len(values)
    if count == 1:
        return np.full(values.shape[1:], np.inf)
    return values.std(0, ddof=1) / np.sqrt(count)


def simulate(
    spectrum: Spectrum,
    tests: Any,
    *,
    d: int,
    alpha: float,
    tau: float,
    kappa: float,
    rho: float,
    ridge: float = 1e-6,
    repeats: int = 1,
    seed: Seed = 0,
    alpha_test: float | None = None,
    rho_test: float | None = None,
    y2_column: bool = True,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    progress: Callable[[Simulation], object] | None = None,
) -> Simulation:
    r"""Pretrain linear attention on drawn contexts and measure its errors, which need no sampling.

    Args:
        spectrum: of C_train; each eigenvalue is repeated to its share of the d directions.
        tests: eigenvalues of test covariances along C_train's eigenvectors: a mapping from names, or an array
            `(tests, d)` or `(d,)`; the last axis may also have the spectrum's own length.
        d: dimension, at least 2.
        alpha, tau, kappa: ratios; l = alpha d, n = tau d^2 and k = kappa d are rounded to whole numbers.
        rho: variance of the label noise, >= 0.
        ridge: $\lambda$ of the penalty $(n/d)\,\lambda\,\|\Gamma\|^2$, >= 0; 0 is the solution of least norm.
        repeats: number of runs, each with tasks and contexts of its own.
        seed: whole number, or a SeedSequence; run r is the same for any number of repeats.
        alpha_test: context length per dimension at test, > 0; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; rho if not given.
        y2_column: whether the layer sees $\frac1\ell \sum y_i^2$ too, as in the paper.
        tolerance, max_iterations: of the solver, see `models.least_squares.fit`.
        progress: called after each run with the Simulation so far.

    Raises:
        InputError: naming the argument; tau = 1 without a ridge; d that does not fit the spectrum.
        ConvergenceError: the solver stalled.

    References:
        LZLP (arXiv 2509.26551), the numerical experiments; THEORY A0, 0 and A5.

    Example:
        >>> flat = Spectrum.isotropic()
        >>> found = simulate(flat, {"same": [1.0]}, d=24, alpha=2, tau=4, kappa=1, rho=0.01, repeats=2)
        >>> found.errors.shape, found.names
        ((2, 1), ('same',))
    """
    sizes = sizes_of(spectrum, d=d, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    eigenvalues = in_dimension(spectrum, sizes.d)
    names, rows = _tests(spectrum, tests, sizes.d)
    at_test = {
        "alpha_test": sizes.ratios["alpha"] if alpha_test is None else nearest("alpha_test", alpha_test, d) / d,
        "rho_test": float(rho) if rho_test is None else number("rho_test", rho_test, zero=True),
    }
    runs: list[LearnedAttention] = []
    for stream in streams(seed, whole("repeats", repeats)):
        runs.append(
            pretrain(
                spectrum,
                **{"d": d, "alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge},
                **{"y2_column": y2_column, "tolerance": tolerance, "max_iterations": max_iterations},
                seed=stream,
            )
        )
        if progress is not None:
            progress(_collected(runs, names, rows, eigenvalues, at_test))
    return _collected(runs, names, rows, eigenvalues, at_test)


def _tests(spectrum: Spectrum, tests: Any, d: int) -> tuple[tuple[str, ...], np.ndarray]:
    if isinstance(tests, Mapping):
        rows = [along_dimension(spectrum, test, d, f"tests[{name!r}]") for name, test in tests.items()]
        return tuple(map(str, tests)), np.array(rows).reshape(-1, d)
    rows = along_dimension(spectrum, tests, d).reshape(-1, d)
    return tuple(map(str, range(len(rows)))), rows


def _collected(
    runs: list[LearnedAttention], names: tuple[str, ...], tests: np.ndarray, eigenvalues: np.ndarray, at_test: dict
) -> Simulation:
    return Simulation(
        **runs[0].parameters,
        **at_test,
        names=names,
        eigenvalues=eigenvalues,
        tests=tests,
        errors=np.array([run.errors_on(tests, **at_test) for run in runs]),
        train_task_errors=np.array([run.train_task_error(**at_test) for run in runs]),
        fresh_task_errors=np.array([run.fresh_task_error(**at_test) for run in runs]),
        rotated_task_errors=np.array([run.rotated_task_error(**at_test) for run in runs]),
        train_errors=np.array([run.train_error for run in runs]),
        profiles=np.array([run.profile() for run in runs]),
        iterations=np.array([run.iterations for run in runs]),
        residuals=np.array([run.residual for run in runs]),
    )
