r"""The best ridge: error over $\lambda$, the best one over $\tau$, and the peak at $\tau = 1$ that it takes away.

A ridge rounds the peak within a window of the width $\sqrt\lambda$ around tau = 1. THEORY (1.1)-(1.3) and 1, "Limits".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign.figures.comparison import Row, Setup, line_rows
from taskalign.figures.double_descent import GAP
from taskalign.figures.drawing import CAPTION, LOOKS, compare, panel_legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.task_errors import task_errors, task_rows
from taskalign.figures.verdicts import differences, trend
from taskalign.numerics.optimal_ridge import OptimalRidge, optimal_ridge
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import GREY, plain_ticks

FULL = Settings(d=64, repeats=6)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (8.6, 6.6)

PARAMETERS = {"alpha": 10.0, "kappa": 4.0, "rho": 0.1}
#: of the power law of both covariances, 1/j^p
EXPONENT = 0.9
#: panel "ridge": error over lambda
TAUS = {"tau = 0.5": 0.5, "tau = 1": 1.0, "tau = 2": 2.0}
RIDGES, QUICK_RIDGES = (0.01, 0.05, 0.2, 1.0, 5.0), (0.05, 1.0)
#: panel "contexts": error over tau
FIXED = {"no ridge": 0.0, "ridge 0.01": 0.01, "ridge 0.1": 0.1}
BEST = "best ridge"
PLACES, QUICK_PLACES = (0.2, 0.5, 0.8, 1.25, 2.0, 5.0), (0.5, 2.0)
#: panel "best": the best ridge over tau
NOISES = {"rho = 0.01": 0.01, "rho = 0.1": 0.1, "rho = 1": 1.0}
#: panel "rounding": the peak in units of its window, the error on the tasks of pretraining, which is tau q
WINDOWS = {"ridge 0.01": 0.01, "ridge 0.001": 0.001, "ridge 0.0001": 1e-4, "limit": 1e-12}
SIMULATED, NARROW, LIMIT = ("ridge 0.01", "ridge 0.001"), "ridge 0.0001", "limit"
#: of the window that is shown, on both sides
WIDTH = 3.0
OFFSETS, QUICK_OFFSETS = (-2.0, 0.0, 2.0), (0.0,)


def spectrum(d: int) -> Spectrum:
    """Of the pretraining tasks and of the test tasks."""
    return Spectrum.power_law(d, EXPONENT)


def best(d: int, tau: float, rho: float = PARAMETERS["rho"]) -> OptimalRidge:
    """The best ridge for tasks like those of pretraining."""
    tasks = spectrum(d)
    return optimal_ridge(tasks, tasks.eigenvalues, **{**PARAMETERS, "rho": rho, "tau": tau})


def compute(settings: Settings, points: Points) -> Result:
    """Theory of the four panels, and simulated points in three of them."""
    rows = [*_ridge_rows(settings), *_context_rows(settings), *_best_rows(settings), *_rounding_rows(settings)]
    found = task_rows(points, lambda d: _setups(d, settings), settings)
    rows += [row for row in found if row["tasks"] == ("TM" if row["panel"] == "rounding" else "IDG")]
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _setups(d: int, settings: Settings) -> list[Setup]:
    ridges, places = (QUICK_RIDGES, QUICK_PLACES) if settings.quick else (RIDGES, PLACES)
    asked = [("ridge", series, tau, ridge) for series, tau in TAUS.items() for ridge in ridges]
    asked += [("contexts", "no ridge", tau, None) for tau in places]
    asked += [("contexts", BEST, tau, best(d, tau).ridge) for tau in places]
    offsets = QUICK_OFFSETS if settings.quick else OFFSETS
    for series in SIMULATED:
        ridge = WINDOWS[series]
        asked += [("rounding", series, 1 + x * np.sqrt(ridge), ridge) for x in offsets]
    setups = []
    for panel, series, tau, ridge in asked:
        given = {**PARAMETERS, "tau": tau, **({"ridge": ridge} if ridge else {})}
        setups.append(Setup(panel, spectrum(d), {}, given, {"series": series}))
    return setups


def _taus(settings: Settings) -> np.ndarray:
    """Even on the logarithmic axis, and close together on both sides of the pole."""
    count = 8 if settings.quick else 24
    below = np.sort(np.append(1 - np.geomspace(0.5, GAP, count), np.geomspace(0.1, 0.49, count // 2)))
    return np.concatenate([below, 1 / below[::-1]])


def _ridge_rows(settings: Settings) -> Iterator[Row]:
    ridges = np.geomspace(1e-3, 30, 15 if settings.quick else 60)
    tasks = spectrum(settings.d)
    for series, tau in TAUS.items():
        given = {**PARAMETERS, "tau": tau}
        yield from line_rows(Setup("ridge", tasks, {series: tasks.eigenvalues}, {**given, "ridge": ridges}))
        for ridge, error in best(settings.d, tau).minima.tolist():
            yield {"kind": "minimum", "panel": "ridge", "series": series, **given, "ridge": ridge, "theory": error}


def _context_rows(settings: Settings) -> Iterator[Row]:
    taus, tasks = _taus(settings), spectrum(settings.d)
    for series, ridge in FIXED.items():
        setup = Setup(
            "contexts", tasks, {series: tasks.eigenvalues}, {**PARAMETERS, "tau": taus, "ridge": ridge}
        )  # fmt: skip
        yield from line_rows(setup)
    # smooth at the pole
    for tau in taus[:: 1 if settings.quick else 2].tolist():
        yield _best_row("contexts", BEST, tau, PARAMETERS["rho"], settings)


def _best_rows(settings: Settings) -> Iterator[Row]:
    for series, rho in NOISES.items():
        for tau in np.geomspace(0.1, 20, 8 if settings.quick else 40).tolist():
            yield _best_row("best", series, tau, rho, settings)


def _best_row(panel: str, series: str, tau: float, rho: float, settings: Settings) -> Row:
    found = best(settings.d, tau, rho)
    place = {**PARAMETERS, "tau": tau, "rho": rho, "ridge": found.ridge}
    return {"kind": "line", "panel": panel, "series": series, **place, "theory": found.error}


def _rounding_rows(settings: Settings) -> Iterator[Row]:
    tasks = spectrum(settings.d)
    x = np.linspace(-WIDTH, WIDTH, 13 if settings.quick else 61)
    for series, ridge in WINDOWS.items():
        tau = 1 + x * np.sqrt(ridge)
        errors = task_errors(tasks, **PARAMETERS, tau=tau, ridge=ridge)["TM"]
        for place, error in zip(tau.tolist(), errors, strict=True):
            given = {**PARAMETERS, "tau": place, "ridge": ridge}
            yield {"kind": "line", "panel": "rounding", "series": series, **given, "theory": float(error)}


def verdict(table: Table) -> str:
    """The best ridges, what they do to the peak, and how near simulation comes."""
    said = []
    for series in TAUS:
        lowest, points = (table.where(panel="ridge", series=series, kind=kind) for kind in ("minimum", "point"))
        seen = points["ridge"][np.argmin(points["simulation"])]
        said.append(
            f"{series}: lowest error {lowest['theory'][0]:.3g} at ridge {lowest['ridge'][0]:.3g} (simulation: at "
            f"{seen:g} of {', '.join(f'{ridge:g}' for ridge in points['ridge'])})"
        )
    contexts = table.where(panel="contexts", kind="line")
    bare, with_best = (contexts.where(series=name) for name in ("no ridge", BEST))
    said.append(
        f"over tau the error without a ridge rises to {bare['theory'].max():.3g}, with the best ridge it "
        f"{trend(with_best['tau'], with_best['theory'])}"
    )
    for series in NOISES:
        line = table.where(panel="best", series=series)
        some, none = (line["tau"][chosen] for chosen in (line["ridge"] > 0, line["ridge"] == 0))
        ends = f"reaches 0 between tau = {some.max():.3g} and {none.min():.3g}" if len(none) else "is never 0"
        said.append(f"{series}: best ridge {ends}")
    narrow, limit = (_scaled(table.where(panel="rounding", series=name), "theory") for name in (NARROW, LIMIT))
    said.append(
        f"in its window the peak of {NARROW} is within {100 * np.abs(narrow / limit - 1).max():.2g} % of the limit"
    )
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """Four panels, each with its own key."""
    table = result.table
    (ridge, contexts), (over, rounding) = figure.subplots(2, 2)
    compare(ridge, table.where(panel="ridge"), "ridge", tuple(TAUS))
    for series, (colour, _, _) in zip(TAUS, LOOKS, strict=False):
        lowest = table.where(panel="ridge", series=series, kind="minimum")
        ridge.plot(lowest["ridge"], lowest["theory"], "*", ms=12, color=colour, mec="white", zorder=2.5)
    ridge.set(xscale="log", xlabel=r"$\lambda$", ylabel=r"$e_{\mathrm{ICL}}$", ylim=(0.25, 1.4))
    panel_legend(ridge, [rf"$\tau = {tau:g}$" for tau in TAUS.values()], marked=len(TAUS), loc="upper right")

    names = ("no ridge", BEST, *(name for name, ridge in FIXED.items() if ridge))
    compare(contexts, table.where(panel="contexts"), "tau", names)
    contexts.set(xscale="log", yscale="log", xlabel=r"$\tau = n/d^2$", ylabel=r"$e_{\mathrm{ICL}}$", ylim=(0.18, 12))
    contexts.set_yticks((0.2, 0.5, 1, 2, 5, 10))
    contexts.set_yticks([], minor=True)
    labels = ["no ridge", BEST, *(rf"$\lambda = {ridge:g}$" for ridge in FIXED.values() if ridge)]
    panel_legend(contexts, labels, marked=2, loc="upper right")

    for series, (colour, _, dashes) in zip(NOISES, LOOKS, strict=False):
        line = table.where(panel="best", series=series)
        seen = line["ridge"] > 0  # no ridge has no place on a logarithmic axis
        over.plot(line["tau"][seen], line["ridge"][seen], color=colour, ls=dashes, lw=1.7)
    over.set(xscale="log", yscale="log", xlabel=r"$\tau = n/d^2$", ylabel=r"best $\lambda$", ylim=(1e-3, 20))
    panel_legend(over, [rf"$\rho = {rho:g}$" for rho in NOISES.values()], marked=0, loc="lower left")
    over.text(0.97, 0.95, "ends where no ridge is best", transform=over.transAxes, ha="right", va="top", fontsize=9.5)

    _rounding(rounding, table.where(panel="rounding"))
    for axes in (contexts, over):
        axes.axvline(1.0, color=GREY, lw=0.9, ls=(0, (2, 2)), zorder=0)
    for axes in (ridge, contexts, over):
        plain_ticks(axes.xaxis)
    for axes in (contexts, over):
        plain_ticks(axes.yaxis)
    figure.supxlabel(CAPTION, fontsize=9.5)


def _rounding(axes: Any, table: Table) -> None:
    for series, (colour, marker, dashes) in zip(WINDOWS, LOOKS, strict=False):
        line, points = (table.where(series=series, kind=kind) for kind in ("line", "point"))
        axes.plot(_offset(line), _scaled(line, "theory"), color=colour, ls=dashes, lw=1.7, zorder=2)
        axes.errorbar(
            _offset(points), _scaled(points, "simulation"), yerr=_scaled(points, "sem"), fmt=marker, color=colour,
            ms=5, mfc="white", mew=1.4, elinewidth=1.1, capsize=2.2, zorder=3,
        )  # fmt: skip
    axes.set_ylim(0.04, 0.105)  # with room for the key
    axes.set(xlabel=r"$(\tau - 1)/\sqrt{\lambda}$", ylabel=r"$\sqrt{\lambda}\; e_{\mathrm{TM}}$")
    labels = [*(rf"$\lambda = {ridge:g}$" for name, ridge in WINDOWS.items() if name != LIMIT), r"$\lambda \to 0$"]
    panel_legend(axes, labels, marked=len(SIMULATED), loc="upper right")


def _offset(rows: Table) -> np.ndarray:
    return (rows["tau"] - 1) / np.sqrt(rows["ridge"])


def _scaled(rows: Table, column: str) -> np.ndarray:
    """A column about the error in units of the peak, which grows as one over the root of the ridge."""
    return np.sqrt(rows["ridge"]) * rows[column]
