r"""What the error is made of, over $\kappa$, $\tau$ and $\alpha$: label noise, bias and four variances, stacked.

THEORY (5.2): $e = \rho + V_{\mathrm{bias}} + V_{\mathrm{task}} + V_{\mathrm{train}} + V_{\mathrm{int}} +
V_{\mathrm{ctx}}$.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taskalign.figures.comparison import Row, Setup, point_rows
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences
from taskalign.numerics.prediction_law import prediction_law
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, plain_ticks

FULL = Settings(d=48, repeats=6)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (11.0, 4.2)

#: a little ridge, so that the error is finite at tau = 1
PARAMETERS = {"alpha": 2.0, "tau": 2.0, "kappa": 1.0, "rho": 0.1, "ridge": 0.05}
RANGES = {"kappa": (0.1, 10.0), "tau": (0.1, 10.0), "alpha": (0.2, 20.0)}
POINTS = {
    "kappa": (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    "tau": (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    "alpha": (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
}
QUICK_POINTS = {"kappa": (0.5, 2.0), "tau": (0.5, 2.0), "alpha": (0.5, 4.0)}
#: of the power law of both covariances, 1/j^p
EXPONENT = 0.9
#: part of the budget -> its name for the reader, its colour and its hatching, which tells it in grey
PARTS = {
    "noise": (r"label noise $\rho$", GREY, ""),
    "bias": (r"bias", BLUE, ""),
    "context": (r"finite context $V_{\mathrm{ctx}}$", GREEN, "////"),
    "task": (r"finitely many tasks $V_{\mathrm{task}}$", ORANGE, ""),
    "train": (r"finitely many contexts $V_{\mathrm{train}}$", SKY, ""),
    "interaction": (r"contexts and context $V_{\mathrm{int}}$", PURPLE, "...."),
}
LABELS = {
    "kappa": r"$\kappa = k/d$",
    "tau": r"$\tau = n/d^2$",
    "alpha": r"$\alpha = \ell/d$",
}


def spectrum(d: int) -> Spectrum:
    """Of the pretraining tasks and of the test tasks."""
    return Spectrum.power_law(d, EXPONENT)


def compute(settings: Settings, points: Points) -> Result:
    """The parts along each parameter, and the simulated whole."""
    rows = [row for panel in RANGES for row in _part_rows(panel, settings)]
    chosen = QUICK_POINTS if settings.quick else POINTS

    def setups(d: int) -> list[Setup]:
        train = spectrum(d)
        return [
            Setup(panel, train, {"total": train.eigenvalues}, {**PARAMETERS, panel: value})
            for panel, values in chosen.items()
            for value in values
        ]

    rows += point_rows(points, setups, settings)
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _part_rows(panel: str, settings: Settings) -> list[Row]:
    curve = np.geomspace(*RANGES[panel], 20 if settings.quick else 80)
    given: dict[str, Any] = {**PARAMETERS, panel: curve}
    budget = prediction_law(spectrum(settings.d), **given).budget
    return [
        {"kind": "line", "panel": panel, "series": name, **PARAMETERS, panel: value, "theory": float(part)}
        for name, parts in {**budget.parts(), "total": budget.total}.items()
        for value, part in zip(curve.tolist(), parts, strict=True)
    ]


def verdict(table: Table) -> str:
    """The largest part at both ends of each range."""
    said = []
    for panel in table.distinct("panel"):
        ends = []
        for place in (0, -1):
            parts = {name: table.where(panel=panel, series=name, kind="line") for name in (*PARTS, "total")}
            values = {name: part["theory"][place] for name, part in parts.items()}
            total = values.pop("total")
            largest = max(values, key=lambda name: values[name])
            x = parts["total"][panel][place]
            ends.append(f"{largest} {100 * values[largest] / total:.0f} % at {x:g}")
        said.append(f"largest part over {panel}: {ends[0]}, {ends[1]}")
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """A panel for each parameter, the parts stacked."""
    table = result.table
    panels = table.distinct("panel")
    for axes, panel in zip(figure.subplots(1, len(panels), sharey=True), panels, strict=True):
        lines = table.where(panel=panel, kind="line")
        x = lines.where(series="total")[panel]
        below = np.zeros_like(x)
        for name, (_, colour, hatch) in PARTS.items():
            above = below + lines.where(series=name)["theory"]
            axes.fill_between(x, below, above, facecolor=colour, edgecolor="white", hatch=hatch, lw=0.4, alpha=0.85)
            below = above
        axes.plot(x, below, color=BLACK, lw=1.5)
        points = table.where(panel=panel, kind="point")
        axes.errorbar(
            points[panel], points["simulation"], yerr=points["sem"], fmt="o", color=BLACK, ms=5, mfc="white", mew=1.4,
            elinewidth=1.1, capsize=2.2, zorder=3,
        )  # fmt: skip
        axes.set(xscale="log", xlim=(x[0], x[-1]), xlabel=LABELS[panel])
        plain_ticks(axes.xaxis)
    figure.axes[0].set_ylim(0, None)
    figure.axes[0].set_ylabel(r"$e_{\mathrm{ICL}}$")
    _legend(figure)


def _legend(figure: Any) -> None:
    from matplotlib.patches import Patch

    # in the order in which they are stacked, row by row
    keys = [
        Patch(facecolor=colour, edgecolor="white", hatch=hatch, alpha=0.85, label=label)
        for label, colour, hatch in PARTS.values()
    ]
    figure.legend(
        handles=[keys[place] for place in (0, 3, 1, 4, 2, 5)], loc="outside lower center", ncols=3,
        title="areas: theory     points: simulation of the whole, one standard error", title_fontsize=9.5,
    )  # fmt: skip
