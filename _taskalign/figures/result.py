"""What a figure is asked for, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from taskalign.figures.table import Table
from taskalign.numerics.errors import InputError


class Size(NamedTuple):
    """A dimension that is simulated: `kind` is what the table calls its rows."""

    kind: str
    d: int
    repeats: int


@dataclass(frozen=True)
class Settings:
    """Of one run of a figure.

    Attributes:
        d: dimension that is simulated.
        repeats: independent pretraining runs for each simulated point.
        seed: of the simulation.
        quick: few points, for a first look and for tests.
        least, multiple: smallest d that will do, and what it must be a multiple of.
    """

    d: int
    repeats: int
    seed: int = 0
    quick: bool = False
    least: int = 8
    multiple: int = 2

    @property
    def sizes(self) -> tuple[Size, Size]:
        """The dimension of the figure, and half of it, which shows how fast the finite-size deviation goes down.

        Half the dimension takes a sixteenth of the time for each run, and its runs spread twice as far.
        """
        return Size("point", self.d, self.repeats), Size("half", self.d // 2, 4 * self.repeats)

    def changed(self, *, d: int | None, repeats: int | None, seed: int) -> Settings:
        """With what the user gave in place of what the figure would take.

        Raises:
            InputError: naming the option.
        """
        if d is not None and (d < self.least or d % self.multiple):
            raise InputError(f"--d: {d} is not allowed, must be a multiple of {self.multiple}, at least {self.least}")
        for name, value, least in (("repeats", repeats, 2), ("seed", seed, 0)):
            if value is not None and value < least:
                raise InputError(f"--{name}: {value} is not allowed, must be a whole number >= {least}")
        return replace(
            self, d=self.d if d is None else d, repeats=self.repeats if repeats is None else repeats, seed=seed
        )


@dataclass(frozen=True)
class Result:
    """A computed figure, ready to be drawn.

    Attributes:
        table: theory and simulation, a row each; see `Table`.
        verdict: what it shows, in one line with numbers.
        settings: of the run.
    """

    table: Table
    verdict: str
    settings: Settings
