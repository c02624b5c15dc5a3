"""Errors on the tasks of pretraining, on fresh tasks and on tasks of a rotated covariance, by theory and simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from taskalign import icl_error, models, rotated_task_error, train_task_error
from taskalign.figures.comparison import TOLERANCE, Row, Setup, described, measured, rows_of_points, simulated
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Settings, Size
from taskalign.numerics.spectrum import Spectrum

#: kind of tasks -> what it is for the reader
TASKS = {"IDG": "fresh tasks", "ODG": "rotated tasks", "TM": "pretraining tasks"}


def task_errors(spectrum: Spectrum, **parameters: Any) -> dict[str, np.ndarray]:
    """Theory for each kind of tasks; parameters broadcast.

    Raises:
        InputError: see `icl_error`.
    """
    return {
        "IDG": np.asarray(icl_error(spectrum, spectrum.eigenvalues, **parameters).total),
        "ODG": np.asarray(rotated_task_error(spectrum, **parameters).total),
        "TM": np.asarray(train_task_error(spectrum, **parameters).total),
    }


def task_rows(
    points: Points, setups: Callable[[int], Sequence[Setup]], settings: Settings, *, y2_column: bool = True
) -> list[Row]:
    """Simulation of each setup in both dimensions: a row for each kind of tasks, with the column `tasks`.

    Args:
        setups: the setups in a given dimension, always as many; the tests of a setup do not matter.
        y2_column: whether the layer sees the mean squared label of the context too.

    Raises:
        InputError: a setup that cannot be simulated.
        ConvergenceError: a pretraining run did not arrive.
        KeyboardInterrupt: what was finished is saved.
    """
    return rows_of_points(points, setups, settings, partial(_job, y2_column=y2_column), _rows)


def _job(size: Size, setup: Setup, seed: int, y2_column: bool) -> Job:
    def run() -> Row:
        made = models.simulate(
            setup.spectrum, setup.tests, d=size.d, repeats=size.repeats, seed=seed, tolerance=TOLERANCE,
            y2_column=y2_column, **simulated(setup),
        )  # fmt: skip
        errors = {"IDG": made.fresh_task_errors, "ODG": made.rotated_task_errors, "TM": made.train_task_errors}
        return {"errors": {name: runs.tolist() for name, runs in errors.items()}, "realised": made.parameters}

    return Job({"what": "task errors", **described(setup, size, seed), "y2_column": y2_column}, run)


def _rows(size: Size, setup: Setup, outcome: Row) -> Iterator[Row]:
    realised = outcome["realised"]
    for tasks, theory in task_errors(setup.spectrum, **realised).items():
        yield (
            {"kind": size.kind, "panel": setup.panel, "tasks": tasks, **setup.more, **realised, "d": size.d}
            | {"theory": float(theory)}
            | measured(outcome["errors"][tasks])
        )
