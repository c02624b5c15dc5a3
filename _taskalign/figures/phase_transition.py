r"""The transition of long contexts for low-rank tasks: errors over $\kappa$, sharper with every longer context.

Without label noise and ridge, fresh tasks are solved exactly in the limit if and only if the rank fraction is less than
$\min(\kappa, \tau)$. TTK (arXiv 2510.04548), phase transition; THEORY 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign.figures.comparison import Row, Setup
from taskalign.figures.drawing import LOOKS, compare, legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.task_errors import TASKS, task_errors, task_rows
from taskalign.figures.verdicts import deviation, differences
from taskalign.numerics.long_context import phase
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import BLACK, plain_ticks

FULL = Settings(d=96, repeats=8, least=32, multiple=16)
QUICK = Settings(d=32, repeats=3, quick=True, least=32, multiple=16)
SIZE = (8.2, 6.3)

#: of the tasks' subspace in all directions
RANK_FRACTION = 0.5
PARAMETERS = {"tau": 2.0, "rho": 0.0}
#: lengths of the contexts; the first one is simulated
SERIES = {"alpha = 30": 30.0, "alpha = 300": 300.0, "alpha = 3000": 3e3, "alpha = 30000": 3e4}
SIMULATED, LONGEST = "alpha = 30", "alpha = 30000"
KAPPAS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0)
QUICK_KAPPAS = (0.25, 0.5, 1.0)
#: the error on fresh tasks of a layer that learned nothing; the map stops there
UNTRAINED = 1.0


def spectrum() -> Spectrum:
    """Of the pretraining tasks; the same in every dimension."""
    return Spectrum.low_rank(RANK_FRACTION)


def compute(settings: Settings, points: Points) -> Result:
    """Curves towards their limit, simulated points on the first of them, and a map of the limit."""
    rows = [*_line_rows(settings), *_map_rows(settings)]
    kappas = QUICK_KAPPAS if settings.quick else KAPPAS

    def setups(d: int) -> list[Setup]:
        given = {**PARAMETERS, "alpha": SERIES[SIMULATED]}
        return [
            Setup("", spectrum(), {}, {**given, "kappa": kappa}, {"series": SIMULATED}) for kappa in kappas
        ]  # fmt: skip

    # the low-rank paper's layer has no column of squares
    rows += [{**row, "panel": row["tasks"]} for row in task_rows(points, setups, settings, y2_column=False)]
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _line_rows(settings: Settings) -> Iterator[Row]:
    step = 0.05 if settings.quick else 0.02
    beside = RANK_FRACTION + np.outer((-1, 1), np.geomspace(1e-5, 1e-2, 7)).ravel()
    # the threshold is one of them
    kappa = np.round(np.sort(np.concatenate([np.arange(step, 1.2 + step / 2, step), beside])), 9)
    fixed = {**PARAMETERS, "ridge": 0.0}
    for series, alpha in SERIES.items():
        for tasks, errors in task_errors(spectrum(), **fixed, alpha=alpha, kappa=kappa).items():
            for x, error in zip(kappa.tolist(), errors, strict=True):
                place = {"panel": tasks, "series": series, **fixed, "alpha": alpha, "kappa": x}
                yield {"kind": "line", **place, "theory": float(error)}
    for x in kappa.tolist():
        limit = phase(spectrum(), x, PARAMETERS["tau"]).ridge_first
        for tasks in TASKS:
            place = {"panel": tasks, "series": "limit", **fixed, "alpha": np.inf, "kappa": x}
            yield {"kind": "line", **place, "theory": float(getattr(limit, tasks))}


def _map_rows(settings: Settings) -> Iterator[Row]:
    step = 0.1 if settings.quick else 0.05
    kappas = np.round(np.arange(step, 1 + step / 2, step), 9)
    taus = np.round(np.arange(step, 2.4 + step / 2, step), 9)
    for tau in taus.tolist():
        for kappa in kappas.tolist():
            found = phase(spectrum(), kappa, tau)
            place = {**PARAMETERS, "ridge": 0.0, "alpha": np.inf, "kappa": kappa, "tau": tau}
            # infinite on the pole at tau = 1
            yield {"kind": "map", "panel": "map", "series": found.name, **place, "theory": found.ridge_first.IDG}


def verdict(table: Table) -> str:
    """How far the longest contexts are from the limit, how sharp the threshold is, and how near simulation comes."""
    said = []
    for tasks in TASKS:
        line, limit = (table.where(kind="line", panel=tasks, series=name) for name in (LONGEST, "limit"))
        gap = np.abs(line["theory"] - limit["theory"])
        said.append(f"{tasks} {gap.max():.2g} at kappa = {line['kappa'][np.argmax(gap)]:g}")
    at = {
        alpha: float(
            table.where(kind="line", panel="IDG", series=name, kappa=RANK_FRACTION)["theory"][0]
        )
        for name, alpha in SERIES.items()
    }  # fmt: skip
    (first, *_, last), (top, *_, bottom) = at, at.values()
    power = np.log(bottom / top) / np.log(last / first)
    half = int(table.where(kind="half")["d"][0])
    return "; ".join(
        [
            f"alpha = {last:g} is from its limit at most {', '.join(said)}",
            f"IDG at kappa = {RANK_FRACTION:g} falls from {top:.3g} to {bottom:.2g}, like alpha^{power:.2f}",
            f"at d = {half} simulation and theory differ by {deviation(table, 'half')}",
            differences(table),
        ]
    )


def draw(result: Result, figure: Any) -> None:
    """A panel for each kind of tasks, and the map."""
    table = result.table
    series = [*SERIES, "limit"]
    panels = figure.subplots(2, 2)
    for axes, (tasks, name) in zip(panels.flat, TASKS.items(), strict=False):
        _threshold(axes)
        compare(axes, table.where(panel=tasks), "kappa", series)
        half = table.where(panel=tasks, kind="half")
        axes.plot(half["kappa"], half["simulation"], "x", color=LOOKS[0][0], ms=5, mew=1.3, zorder=3)
        axes.set(title=f"{name} ({tasks})", xlabel=r"$\kappa = k/d$", ylabel=rf"$e_{{\mathrm{{{tasks}}}}}$")
        axes.set_xlim(0, 1.2)
        if tasks == "ODG":  # it stays above what lies outside of the subspace
            axes.set_ylim(0.7, 1.1)
        else:  # it falls to zero, on fresh tasks beyond the threshold
            axes.set_yscale("log")
    _map(figure, panels.flat[-1], table.where(kind="map"))
    d, half = (int(table.where(kind=kind)["d"][0]) for kind in ("point", "half"))
    names = [*(rf"$\alpha = {alpha:g}$" for alpha in SERIES.values()), r"$\alpha \to \infty$"]
    caption = f"lines: theory     simulation: marks with one standard error, d = {d}; crosses, d = {half}"
    legend(figure, names, without_marker=len(names) - 1, caption=caption)


def _threshold(axes: Any) -> None:
    axes.axvline(RANK_FRACTION, color=BLACK, lw=0.8, ls=(0, (1, 2)), zorder=0)


def _map(figure: Any, axes: Any, table: Table) -> None:
    import matplotlib

    kappas, taus = (np.unique(table[name]) for name in ("kappa", "tau"))
    limit = np.minimum(table["theory"], 2 * UNTRAINED).reshape(len(taus), len(kappas))
    colours = matplotlib.colormaps["viridis"].with_extremes(over="#f4f4f4")
    levels = UNTRAINED * np.arange(21) / 20
    mesh = axes.contourf(kappas, taus, limit, levels=levels, cmap=colours, extend="max")
    mesh.set_edgecolor("face")  # so that no seams show
    figure.colorbar(mesh, ax=axes, label="limit of $e_{\\mathrm{IDG}}$", aspect=24, ticks=UNTRAINED * np.arange(6) / 5)
    axes.plot([RANK_FRACTION] * 2, [RANK_FRACTION, taus[-1]], color="white", lw=2)
    axes.plot([0, RANK_FRACTION, kappas[-1]], [0, RANK_FRACTION, RANK_FRACTION], color="white", lw=2, ls=(0, (4, 1.5)))
    axes.plot([kappas[0], kappas[-1]], [PARAMETERS["tau"]] * 2, color="white", lw=0.9, ls=(0, (1, 3)))
    for name, x, y, colour in (
        ("few tasks", 0.27, 1.72, "white"),
        ("few contexts", 0.74, 0.24, "white"),
        ("solved", 0.75, 1.3, "white"),
        ("worse than\nuntrained", 0.185, 1.02, BLACK),
        ("the curves", 0.86, 2.08, "white"),
    ):
        axes.text(x, y, name, color=colour, ha="center", va="center", fontsize=9.5)
    axes.set(xlim=(kappas[0], kappas[-1]), ylim=(taus[0], taus[-1]), xlabel=r"$\kappa = k/d$", ylabel=r"$\tau = n/d^2$")
    axes.set_title("phases in the limit of long contexts")
    plain_ticks(axes.xaxis)
