"""The figures by name. A figure is one module, which is imported when the figure is made."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast, runtime_checkable

from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.numerics.errors import InputError

#: name -> what it shows, in one line; the module is the name with underscores
FIGURES = {
    "kappa-sweep": "error over the number of tasks, for aligned and misaligned test tasks",
    "metric-vs-error": "the misalignment against the simulated error, for power-law and low-rank test tasks",
    "context-length": "error over the length of the test context, for several lengths in pretraining",
    "specialise": "error over the exponents of pretraining and test tasks, with few and with many tasks",
    "double-descent": "error over the number of contexts through tau = 1, without and with a ridge",
    "ordering-violation": "the alignment matrix K where the conjectured ordering fails",
    "error-budget": "parts of the error over the numbers of tasks and contexts and the context length",
    "implicit-ridge": "ridge of the trained layer, fitted against predicted, over the number of contexts",
    "prediction-law": "labels and predictions against their joint Gaussian law, in two dimensions d",
    "phase-transition": "error over the number of low-rank tasks, for longer and longer contexts, and its phases",
    "optimal-ridge": "error over the ridge, the best ridge over the number of contexts, and the peak without it",
}


@runtime_checkable
class FigureModule(Protocol):
    """What the module of a figure holds."""

    #: full and quick settings
    FULL: Settings
    QUICK: Settings
    #: width and height in inches
    SIZE: tuple[float, float]

    def compute(self, settings: Settings, points: Points) -> Result:
        """Theory and simulation."""
        ...

    def draw(self, result: Result, figure: Any) -> None:
        """Draw what was computed on an empty `matplotlib.figure.Figure`."""
        ...


def figure_module(name: str) -> FigureModule:
    """The module of a figure.

    Raises:
        InputError: there is no such figure; the message names all.
    """
    if name not in FIGURES:
        raise InputError(f"NAME: {name!r} is no figure, must be one of {', '.join(FIGURES)}")
    return cast(FigureModule, importlib.import_module(f"taskalign.figures.{name.replace('-', '_')}"))
