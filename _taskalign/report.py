"""What the report says, computed: a pure function from tasks and parameters to a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taskalign.inputs import Tasks
from taskalign.numerics import FixedPoint, IclError, Ordering, Spectrum, solve
from taskalign.numerics.alignment import coupled_in_order
from taskalign.numerics.arrays import nonnegative, positive
from taskalign.numerics.icl import error_at
from taskalign.numerics.metrics import metrics_at, spectral_metrics_at
from taskalign.numerics.ordering import ordering_at

#: points of a curve
_POINTS = 241
#: beyond this size, centred kernel alignment of the full matrices is left out where only spectra were given
_LARGEST_MATRIX = 2000
#: relative half width of the rounded peak that the ridge of the comparison curve is chosen for
_ROUNDING_WIDTH = 0.2


@dataclass(frozen=True)
class Parameters:
    """The parameters of a run, all single numbers."""

    alpha: float
    tau: float
    kappa: float
    rho: float
    ridge: float = 0.0
    alpha_test: float | None = None
    rho_test: float | None = None

    def filled_in(self) -> dict[str, float]:
        """All parameters by name; those at test are those of pretraining where they were not given."""
        at_test = {
            "alpha_test": self.alpha if self.alpha_test is None else self.alpha_test,
            "rho_test": self.rho if self.rho_test is None else self.rho_test,
        }
        return {**vars(self), **at_test}


@dataclass(frozen=True, eq=False)
class Branch:
    """A stretch of a curve on which the error is finite: arrays of one shape `(n,)`."""

    x: np.ndarray
    total: np.ndarray
    scalar: np.ndarray
    misalignment: np.ndarray


@dataclass(frozen=True, eq=False)
class Curve:
    """The error against one parameter.

    Attributes:
        parameter: "kappa" or "tau".
        branches: at the run's ridge; two where the error diverges in between.
        other_ridge: a ridge for comparison, None where there is no comparison.
        other: the error at that ridge.
    """

    parameter: str
    branches: tuple[Branch, ...]
    other_ridge: float | None = None
    other: tuple[Branch, ...] = ()


@dataclass(frozen=True, eq=False)
class Choice:
    """A test covariance of this run's trace, and its error.

    Attributes:
        name: a short name, the key in files.
        title: which covariance it is.
        total: its error e_ICL.
        misalignment: the part that differs between choices.
        rank: of the eigenvector of a spike, counted from the largest eigenvalue, the first is 1.
        eigenvalue: of C_train along it.
        directions: how many eigenvectors of C_train have this eigenvalue, all equally good.
    """

    name: str
    title: str
    total: float
    misalignment: float
    rank: int | None = None
    eigenvalue: float | None = None
    directions: int | None = None


@dataclass(frozen=True, eq=False)
class ReportData:
    """All that a report shows.

    Attributes:
        tasks: spectra and matrices, as read.
        parameters: of the run.
        error: the test error; its fixed point.
        ordering: of K.
        metrics: by name; None where it needs matrices that were not given.
        K: along each eigenvector of C_train.
        smallest: the two smallest atoms of C_train, see `Spectrum.atoms`; one where all eigenvalues are equal.
        choices: test covariances of this trace, by increasing error.
        curves: the error against kappa and against tau.
        alignment_curve: eigenvalues and K at them, for a smooth line.
    """

    tasks: Tasks
    parameters: Parameters
    error: IclError
    ordering: Ordering
    metrics: dict[str, float | None]
    K: np.ndarray
    smallest: tuple[float, ...]
    choices: tuple[Choice, ...]
    curves: tuple[Curve, ...]
    alignment_curve: tuple[np.ndarray, np.ndarray]

    @property
    def point(self) -> FixedPoint:
        """The fixed point of the run."""
        return self.error.fixed_point


def report_data(tasks: Tasks, parameters: Parameters) -> ReportData:
    """Compute a report.

    Raises:
        InputError: a parameter outside of its range.
        ConvergenceError: see `taskalign.solve`.
    """
    p, spectrum = parameters, tasks.spectrum
    point = solve(spectrum, alpha=p.alpha, tau=p.tau, kappa=p.kappa, rho=p.rho, ridge=p.ridge)
    filled = p.filled_in()
    at_test = {
        "alpha_test": positive("alpha_test", filled["alpha_test"]),
        "rho_test": nonnegative("rho_test", filled["rho_test"]),
    }
    found = ordering_at(point)
    K = np.asarray(point.K(spectrum.eigenvalues))
    present = spectrum.eigenvalues[spectrum.weights > 0]
    return ReportData(
        tasks=tasks,
        parameters=p,
        error=error_at(point, tasks.test, **at_test),
        ordering=found,
        metrics=_metrics(tasks, point),
        K=K,
        smallest=tuple(float(c) for c in spectrum.atoms()[0][:-3:-1]),
        choices=_choices(tasks, found, K, at_test),
        curves=(_kappa_curve(tasks, p, at_test), _tau_curve(tasks, p, at_test)),
        alignment_curve=_alignment_curve(found, present),
    )


def _metrics(tasks: Tasks, point: FixedPoint) -> dict[str, float | None]:
    """The four metrics; of spectra alone, those of diagonal matrices in the shared eigenbasis."""
    spectrum, test = tasks.spectrum, tasks.test
    if tasks.C_train is not None and tasks.C_test is not None:
        found = metrics_at(point, test, tasks.C_train, tasks.C_test)
    elif 2 <= spectrum.size <= _LARGEST_MATRIX and tasks.train_source.weights is None:
        found = metrics_at(point, test, np.diag(spectrum.eigenvalues), np.diag(test))
    else:  # shares of directions without a number of them: centred kernel alignment depends on that number
        found = spectral_metrics_at(point, test) | {"inverse_cka": None}
    return {name: None if value is None else float(value) for name, value in found.items()}


# --- test covariances of one trace ----------------------------------------------------------------------------
def _choices(tasks: Tasks, found: Ordering, K: np.ndarray, at_test: dict[str, np.ndarray]) -> tuple[Choice, ...]:
    spectrum = tasks.spectrum
    values, weights = spectrum.eigenvalues, spectrum.weights
    c_test = float((weights * tasks.test).sum())
    own = np.argsort(-tasks.test_spectrum, kind="stable")
    sorted_test = tasks.test_spectrum[own], tasks.test_weights[own]
    places = np.flatnonzero(weights > 0)
    at_end = np.argmin if str(found.optimal_spike) == "bottom" else np.argmax
    best, worst = int(places[at_end(values[places])]), int(places[np.argmax(K[places])])
    rising = np.argsort(K, kind="stable")
    gammas = {
        "best_spike": _spike(best, c_test, weights),
        "best_rotation": coupled_in_order(rising, weights, *sorted_test),
        "given": tasks.test,
        "as_train": values * (c_test / float(spectrum.trace)),
        "isotropic": np.full(spectrum.size, c_test),
        "worst_rotation": coupled_in_order(rising[::-1], weights, *sorted_test),
        "worst_spike": _spike(worst, c_test, weights),
    }
    titles = {
        "best_spike": "best of this trace: a spike",
        "best_rotation": "best rotation of this C_test",
        "given": "this C_test",
        "as_train": "C_train, scaled",
        "isotropic": "isotropic",
        "worst_rotation": "worst rotation of this C_test",
        "worst_spike": "worst of this trace: a spike",
    }
    if tasks.test_source is None:  # the test tasks are the pretraining tasks
        del gammas["as_train"]
    error = error_at(found.fixed_point, np.stack(list(gammas.values())), **at_test)
    choices = []
    for k, name in enumerate(gammas):
        place = {"best_spike": best, "worst_spike": worst}.get(name)
        along = {} if place is None else _direction(spectrum, place)
        total, misalignment = float(error.total[k]), float(error.misalignment[k])
        choices.append(Choice(name=name, title=titles[name], total=total, misalignment=misalignment, **along))
    return tuple(sorted(choices, key=lambda choice: choice.misalignment))


def _spike(place: int, c_test: float, weights: np.ndarray) -> np.ndarray:
    gamma = np.zeros_like(weights)
    gamma[place] = c_test / weights[place]
    return gamma


def _direction(spectrum: Spectrum, place: int) -> dict[str, Any]:
    values = spectrum.eigenvalues
    tolerance = spectrum.tolerance * float(values.max())
    same = np.abs(values - values[place]) <= tolerance
    return {
        "rank": int((values > values[place] + tolerance).sum()) + 1,
        "eigenvalue": float(values[place]),
        "directions": int(same.sum()),
    }


# --- curves ---------------------------------------------------------------------------------------------------
def _span(value: float, low: float, high: float) -> tuple[float, float]:
    """Ends of an axis that shows the usual range and the run's value well inside."""
    return min(low, value / 5), max(high, value * 5)


def _branch(
    tasks: Tasks, p: Parameters, at_test: dict[str, np.ndarray], x: np.ndarray, parameter: str, ridge: float
) -> Branch:
    values = {"alpha": p.alpha, "tau": p.tau, "kappa": p.kappa, "rho": p.rho, "ridge": ridge} | {parameter: x}
    error = error_at(solve(tasks.spectrum, **values), tasks.test, **at_test)
    return Branch(x, np.asarray(error.total), np.asarray(error.scalar), np.asarray(error.misalignment))


def _kappa_curve(tasks: Tasks, p: Parameters, at_test: dict[str, np.ndarray]) -> Curve:
    kappas = np.unique(np.append(np.geomspace(*_span(p.kappa, 0.05, 20.0), _POINTS), p.kappa))
    return Curve("kappa", (_branch(tasks, p, at_test, kappas, "kappa", p.ridge),))


def _tau_curve(tasks: Tasks, p: Parameters, at_test: dict[str, np.ndarray]) -> Curve:
    low, high = _span(p.tau, 0.1, 10.0)
    # towards tau = 1 the points lie ever closer, so that both branches are smooth as far as they are drawn
    beside = np.geomspace(1e-4, 1.0, _POINTS)
    below = np.unique(np.concatenate([1 - beside * (1 - low), [p.tau] if p.tau < 1 else []]))
    above = np.unique(np.concatenate([1 + beside * (high - 1), [p.tau] if p.tau > 1 else []]))
    both = np.concatenate([below, [1.0], above])
    if p.ridge > 0:
        other = tuple(_branch(tasks, p, at_test, x, "tau", 0.0) for x in (below, above))
        return Curve("tau", (_branch(tasks, p, at_test, both, "tau", p.ridge),), 0.0, other)
    branches = tuple(_branch(tasks, p, at_test, x, "tau", 0.0) for x in (below, above))
    ridge = _rounding_ridge(tasks.spectrum, p)
    return Curve("tau", branches, ridge, (_branch(tasks, p, at_test, both, "tau", ridge),))


def _rounding_ridge(spectrum: Spectrum, p: Parameters) -> float:
    r"""A ridge that rounds the peak visibly: its width is $2\sqrt{\lambda M}$; one significant digit."""
    M = float(solve(spectrum, alpha=p.alpha, tau=2.0, kappa=p.kappa, rho=p.rho).M)
    return float(f"{_ROUNDING_WIDTH**2 / (4 * M):.0e}")


def _alignment_curve(found: Ordering, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """K between zero and the largest eigenvalue, with the peak among the points."""
    positive_ones = present[present > 0]
    low, high = float(positive_ones.min()) / 2, float(positive_ones.max()) * 1.5
    peak = float(found.peak)
    c = np.concatenate([np.linspace(0.0, low, 20), np.geomspace(low, high, _POINTS), [peak] if peak <= high else []])
    c = np.unique(c)
    return c, np.asarray(found.fixed_point.K(c))
