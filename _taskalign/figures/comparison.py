"""Theory and simulation of the error, as rows of a figure's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taskalign import icl_error, models
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Settings, Size
from taskalign.models.simulation import standard_error
from taskalign.numerics.spectrum import Spectrum

Row = dict[str, Any]

#: penalty of a simulation that stands for the limit of a vanishing one
RIDGELESS = 1e-6
#: of the solver's gradient: errors are then good to six digits, far below their spread
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Setup:
    """One way of pretraining, and the test tasks that it is tried on.

    Attributes:
        panel: of the figure.
        spectrum: of C_train.
        tests: eigenvalues of C_test along C_train's eigenvectors, by the name of the series.
        parameters: alpha, tau, kappa, rho and, where it is not 0, ridge; arrays of one shape for a theory curve.
        more: further columns of the table.
    """

    panel: str
    spectrum: Spectrum
    tests: Mapping[str, np.ndarray]
    parameters: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)


def line_rows(setup: Setup, *, kind: str = "line") -> list[Row]:
    """Theory for all tests along a curve, in one call.

    Raises:
        InputError: see `icl_error`.
    """
    names = list(setup.parameters)
    values = dict(zip(names, np.broadcast_arrays(*map(np.atleast_1d, setup.parameters.values())), strict=True))
    tests = np.stack([np.asarray(test) for test in setup.tests.values()])
    totals = icl_error(setup.spectrum, tests[:, None, :], **values).total
    return [
        {"kind": kind, "panel": setup.panel, "series": series, **setup.more}
        | {name: float(values[name][place]) for name in names}
        | {"theory": float(totals[row, place])}
        for row, series in enumerate(setup.tests)
        for place in range(totals.shape[1])
    ]


def point_rows(points: Points, setups: Callable[[int], Sequence[Setup]], settings: Settings) -> list[Row]:
    """Simulation of each setup, and the theory at the ratios of the whole numbers that were simulated.

    Args:
        setups: the setups in a given dimension, always as many.
        settings: rows are of kind "point" at `settings.d`, and of kind "half" at half of it.

    Every simulation has a seed of its own, so that their errors are independent.

    Raises:
        InputError: a setup that cannot be simulated.
        ConvergenceError: a pretraining run did not arrive.
        KeyboardInterrupt: what was finished is saved.
    """
    return rows_of_points(points, setups, settings, _job, _rows)


def rows_of_points(
    points: Points,
    setups: Callable[[int], Sequence[Setup]],
    settings: Settings,
    job: Callable[[Size, Setup, int], Job],
    rows: Callable[[Size, Setup, Row], Iterator[Row]],
) -> list[Row]:
    """The rows of every setup in every dimension: `job` says how it is simulated, `rows` reads the outcome.

    Raises: as in `point_rows`.
    """
    placed = enumerate((size, setup) for size in settings.sizes for setup in setups(size.d))
    asked = [(size, setup, seed_of(settings, place)) for place, (size, setup) in placed]
    outcomes = points.run([job(*one) for one in asked])
    return [
        row for (size, setup, _), outcome in zip(asked, outcomes, strict=True) for row in rows(size, setup, outcome)
    ]


def measured(values: Any) -> Row:
    """Mean, standard error and number of runs, as columns; `values`: one for each run."""
    runs = np.asarray(values, dtype=np.float64)
    (sem,) = standard_error(runs[:, None])
    return {"simulation": float(runs.mean()), "sem": float(sem), "repeats": len(runs)}


def seed_of(settings: Settings, place: int) -> int:
    """Seed of the simulated point at this place of a figure."""
    return int(np.random.SeedSequence([settings.seed, place]).generate_state(1)[0])


def described(setup: Setup, size: Size, seed: int) -> Row:
    """All that a simulation of a setup depends on, for the key of a job."""
    return {
        "eigenvalues": setup.spectrum.eigenvalues.tolist(),
        "weights": setup.spectrum.weights.tolist(),
        "tests": {name: np.asarray(test).tolist() for name, test in setup.tests.items()},
        **{"parameters": simulated(setup), "d": size.d, "repeats": size.repeats, "seed": seed, "tolerance": TOLERANCE},
    }


def simulated(setup: Setup) -> dict[str, Any]:
    """The parameters of a setup that is simulated, as numbers."""
    return {"ridge": RIDGELESS, **{name: float(value) for name, value in setup.parameters.items()}}


def _job(size: Size, setup: Setup, seed: int) -> Job:
    def run() -> Row:
        made = models.simulate(
            setup.spectrum, setup.tests, d=size.d, repeats=size.repeats, seed=seed, tolerance=TOLERANCE,
            **simulated(setup),
        )  # fmt: skip
        return {"errors": dict(zip(made.names, made.errors.T.tolist(), strict=True)), "realised": made.parameters}

    return Job({"what": "errors", **described(setup, size, seed)}, run)


def _rows(size: Size, setup: Setup, outcome: Row) -> Iterator[Row]:
    realised = outcome["realised"]
    totals = icl_error(setup.spectrum, np.stack(list(setup.tests.values())), **realised).total
    for series, theory in zip(setup.tests, totals, strict=True):
        yield (
            {"kind": size.kind, "panel": setup.panel, "series": series, **setup.more, **realised, "d": size.d}
            | {"theory": float(theory)}
            | measured(outcome["errors"][series])
        )
