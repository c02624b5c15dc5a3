"""What the figures draw alike: theory as lines, simulation as points with error bars. Matplotlib loads when used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taskalign.figures.table import Table
from taskalign.plot_style import BLACK, BLUE, GREEN, ORANGE, PURPLE

#: colour, marker and dashes of each series: apart in colour blindness and in grey
LOOKS: tuple[tuple[str, str, Any], ...] = (
    (BLUE, "o", "-"),
    (ORANGE, "s", (0, (5, 1.6))),
    (GREEN, "^", (0, (1.2, 1.2))),
    (PURPLE, "D", (0, (5, 1.4, 1.2, 1.4))),
    (BLACK, "v", (0, (3, 1.2))),
)

#: below every figure that compares
CAPTION = "lines: theory     points: simulation, one standard error"


def compare(axes: Any, table: Table, x: str, series: Sequence[str]) -> None:
    """The lines and points of a panel's table over the column `x`, each series in its look."""
    for name, (colour, marker, dashes) in zip(series, LOOKS, strict=False):
        line = table.where(series=name, kind="line")
        axes.plot(line[x], line["theory"], color=colour, ls=dashes, lw=1.7, zorder=2)
        points = table.where(series=name, kind="point")
        axes.errorbar(
            points[x], points["simulation"], yerr=points["sem"], fmt=marker, color=colour, ms=5, mfc="white", mew=1.4,
            elinewidth=1.1, capsize=2.2, zorder=3,
        )  # fmt: skip


def legend(
    figure: Any, names: Sequence[str], *, lines: bool = True, without_marker: int = 0, caption: str = CAPTION
) -> None:
    """One key for each series, line and marker together, below the figure.

    Args:
        names: as the reader sees them, in the order of the series.
        lines: whether the series have lines.
        without_marker: so many of the last series are lines only.
        caption: what lines and points are.
    """
    keys = keys_of(names, marked=len(names) - without_marker, lines=lines)
    figure.legend(
        handles=keys, loc="outside lower center", ncols=len(keys), title=caption, title_fontsize=9.5,
        handlelength=2.6 if lines else 1.2,
    )  # fmt: skip


def panel_legend(axes: Any, names: Sequence[str], *, marked: int, loc: str) -> None:
    """The key of one panel; `marked`: so many of its series have points."""
    axes.legend(handles=keys_of(names, marked=marked), loc=loc, handlelength=2.6)


def keys_of(names: Sequence[str], *, marked: int, lines: bool = True) -> list[Any]:
    """A key for each series in its look: its line, where there are `lines`, with its marker, for the first `marked`."""
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [], [], color=colour, ls=dashes if lines else "none", lw=1.7, marker=marker if place < marked else "none",
            ms=5, mfc="white", mew=1.4, label=name,
        )
        for place, (name, (colour, marker, dashes)) in enumerate(zip(names, LOOKS, strict=False))
    ]  # fmt: skip
