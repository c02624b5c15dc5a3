r"""Error over the number of pretraining contexts, $\tau = n/d^2$, through the interpolation threshold tau = 1.

Without a ridge the error diverges where there are as many contexts as weights; a ridge removes the peak. LLZMP (arXiv
2405.11751), double descent in tau; THEORY 1, "Limits".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taskalign.figures.comparison import Setup, line_rows, point_rows
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences, trend
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import GREY, plain_ticks

FULL = Settings(d=64, repeats=6)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (7.2, 4.8)

PARAMETERS = {"alpha": 10.0, "kappa": 4.0, "rho": 0.1}
TAUS = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0, 1.15, 1.3, 1.6, 2.0, 3.0, 5.0, 10.0)
QUICK_TAUS = (0.4, 1.0, 2.0)
#: where the theory's curve without a ridge is cut on either side of its pole
GAP = 1e-3
RIDGES = {"no ridge": 0.0, "ridge 0.01": 0.01, "ridge 0.1": 0.1, "ridge 1": 1.0}


def compute(settings: Settings, points: Points) -> Result:
    """Curves on both sides of tau = 1 for each ridge, and simulated points."""
    count = 20 if settings.quick else 60
    # close together near the pole, and even on the logarithmic axis away from it
    below = np.sort(np.append(1 - np.geomspace(0.5, GAP, count), np.geomspace(0.08, 0.49, count // 2)))
    branches = {"below": below, "above": 1 / below[::-1]}
    taus = QUICK_TAUS if settings.quick else TAUS

    def setup(d: int, series: str, tau: Any, **more: Any) -> Setup:
        spectrum = Spectrum(np.ones(d))
        return Setup("", spectrum, {series: np.ones(d)}, {**PARAMETERS, "tau": tau, **more})

    def setups(d: int) -> list[Setup]:
        # no ridge, no answer at tau = 1
        wanted = [(series, ridge, tau) for series, ridge in RIDGES.items() for tau in taus if ridge or tau != 1]
        return [setup(d, series, tau, **({"ridge": ridge} if ridge else {})) for series, ridge, tau in wanted]

    rows = []
    for series, ridge in RIDGES.items():
        for branch, tau in branches.items():
            rows += [{"branch": branch, **row} for row in line_rows(setup(settings.d, series, tau, ridge=ridge))]
    rows += point_rows(points, setups, settings)
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def verdict(table: Table) -> str:
    """Which curves have a peak."""
    said = []
    for series in RIDGES:
        line, points = (table.where(series=series, kind=kind) for kind in ("line", "point"))
        highest = points["tau"][np.argmax(points["simulation"])]
        if series == "no ridge":
            below, above = (line.where(branch=branch)["theory"] for branch in ("below", "above"))
            said.append(
                f"{series}: theory rises to {below[-1]:.3g} at tau = {1 - GAP:g} and falls from {above[0]:.3g} at "
                f"{1 / (1 - GAP):.4g}, simulation is highest at tau = {highest:.3g}"
            )
        else:
            said.append(
                f"{series}: theory {trend(line['tau'], line['theory'])}, simulation is highest at {highest:.3g}"
            )
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """All ridges in one panel, both axes logarithmic."""
    table = result.table
    axes = figure.add_subplot()
    axes.axvline(1.0, color=GREY, lw=0.9, ls=(0, (2, 2)), zorder=0)
    compare(axes, table, "tau", tuple(RIDGES))
    axes.set(xscale="log", yscale="log", xlabel=r"$\tau = n/d^2$, pretraining contexts per squared dimension")
    axes.set_ylabel(r"$e_{\mathrm{ICL}}$")
    axes.set_ylim(0.8 * np.nanmin(table["theory"]), 8.0)
    axes.set_yticks([0.2, 0.5, 1, 2, 5])
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)
    axes.yaxis.set_minor_locator(_no_ticks())
    legend(figure, ["no ridge", *(rf"$\lambda = {ridge:g}$" for ridge in RIDGES.values() if ridge)])


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()
