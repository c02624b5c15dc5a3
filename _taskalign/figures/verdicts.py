"""Verdicts from the numbers of a table: how far simulation is from theory, and which way a curve goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskalign.figures.table import Table


@dataclass(frozen=True)
class Deviation:
    """Distance of simulation from theory.

    Attributes:
        percent: largest distance in percent of the theory.
        median: median distance in percent.
        errors: largest distance in standard errors of the simulation.
        count: simulated points.
    """

    percent: float
    median: float
    errors: float
    count: int

    @classmethod
    def of(cls, relative: np.ndarray, sem: np.ndarray) -> Deviation:
        """From distances and their standard errors, both relative to the theory."""
        percent = 100 * np.abs(relative)
        return cls(
            float(percent.max()), float(np.median(percent)), float((np.abs(relative) / sem).max()), len(relative)
        )

    def __str__(self) -> str:
        return (
            f"at most {_short(self.percent)} % (median {_short(self.median)} %) and {self.errors:.1f} standard errors"
        )


def deviation(table: Table, kind: str = "point") -> Deviation:
    """Over all simulated points of a table."""
    return Deviation.of(*_relative(table.where(kind=kind)))


def extrapolated(table: Table) -> Deviation:
    """The same in the limit of infinite d, from both dimensions: a deviation in proportion to 1/d vanishes there."""
    (full, full_sem), (half, half_sem) = (_relative(table.where(kind=kind)) for kind in ("point", "half"))
    return Deviation.of(2 * full - half, np.hypot(2 * full_sem, half_sem))


def differences(table: Table) -> str:
    """How far simulation is from theory, and in the limit of infinite d."""
    found = deviation(table)
    d, half = (int(table.where(kind=kind)["d"][0]) for kind in ("point", "half"))
    return (
        f"simulation and theory differ by {found} over {found.count} points at d = {d}; "
        f"extrapolated from d = {half} and {d} as 1/d: by {extrapolated(table)}"
    )


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 99.5 else f"{value:.0f}"


def _relative(points: Table) -> tuple[np.ndarray, np.ndarray]:
    theory = points["theory"]
    return points["simulation"] / theory - 1, points["sem"] / theory


def trend(x: np.ndarray, y: np.ndarray) -> str:
    """Whether a curve falls, rises or turns: "falls", "rises", or "not monotone" with its turning points."""
    order = np.argsort(x)
    x, y = np.asarray(x)[order], np.asarray(y)[order]
    steps = np.sign(np.diff(y))
    if (steps < 0).all():
        return "falls"
    if (steps > 0).all():
        return "rises"
    turns = [place for place in range(1, len(steps)) if steps[place] * steps[place - 1] < 0]
    said = [f"{'highest' if steps[place] < 0 else 'lowest'} at {x[place]:.2g}" for place in turns]
    return f"is not monotone ({', '.join(said)})" if said else "is not monotone"


def steps_that_fall(x: np.ndarray, y: np.ndarray) -> str:
    """Steps of simulated points that go down, such as "7 of 8"."""
    steps = np.diff(np.asarray(y)[np.argsort(x)])
    return f"{int((steps < 0).sum())} of {len(steps)}"
