r"""Error over the number of pretraining tasks, $\kappa = k/d$, for test tasks of different alignment.

Aligned test tasks gain from every further task; misaligned ones need not. LZLP (arXiv 2509.26551), Figure 1; THEORY
A0.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taskalign.figures.comparison import Setup, line_rows, point_rows
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences, steps_that_fall, trend
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import plain_ticks

FULL = Settings(d=120, repeats=6, least=24)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (9.0, 4.4)

PARAMETERS = {"alpha": 2.0, "tau": 4.0, "rho": 0.01}
KAPPAS = (0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 2.0, 5.0, 10.0)
QUICK_KAPPAS = (0.25, 1.0, 4.0)
#: of the power law, 1/j^p
EXPONENT = 0.9
TITLES = {"half-rank": "half-rank", "power law": rf"power law, $1/j^{{{EXPONENT}}}$"}
SERIES = ("aligned", "isotropic", "anti-aligned", "spiked")


def spectra(d: int) -> dict[str, Spectrum]:
    """The pretraining spectra by panel, d eigenvalues of mean one, from the largest down."""
    half = np.where(np.arange(d) < d // 2, 1.0, 0.0)
    return {"half-rank": Spectrum(half / half.mean()), "power law": Spectrum.power_law(d, EXPONENT)}


def tests(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """The test covariances along the pretraining eigenvectors, of mean one."""
    values, d = spectrum.eigenvalues, spectrum.size
    # half of the spike's variance is spread over all directions, half lies along the weakest one
    spike = Spectrum.spiked(d, d - 1, mix=0.5).eigenvalues
    return dict(zip(SERIES, (values, np.ones(d), values[::-1], spike), strict=True))


def compute(settings: Settings, points: Points) -> Result:
    """Curves from kappa = 0.04 to 12 and simulated points between."""
    curve = np.geomspace(0.04, 12, 24 if settings.quick else 80)
    kappas = QUICK_KAPPAS if settings.quick else KAPPAS

    def setups(d: int, *kappas: Any, **more: float) -> list[Setup]:
        return [
            Setup(panel, spectrum, tests(spectrum), {**PARAMETERS, "kappa": kappa, **more})
            for panel, spectrum in spectra(d).items()
            for kappa in kappas
        ]

    rows = [row for setup in setups(settings.d, curve, ridge=0.0) for row in line_rows(setup)]
    rows += point_rows(points, lambda d: setups(d, *kappas), settings)
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def verdict(table: Table) -> str:
    """Which curves fall, in theory and in simulation, and how far the two are apart."""
    said = []
    for panel in table.distinct("panel"):
        for series in SERIES:
            line = table.where(panel=panel, series=series, kind="line")
            point = table.where(panel=panel, series=series, kind="point")
            steps = steps_that_fall(point["kappa"], point["simulation"])
            said.append(f"{series} {trend(line['kappa'], line['theory'])} ({steps} simulated steps fall)")
        said[-len(SERIES)] = f"{panel}: {said[-len(SERIES)]}"
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """A panel for each pretraining spectrum."""
    table = result.table
    panels = table.distinct("panel")
    for axes, panel in zip(figure.subplots(1, len(panels), sharey=True), panels, strict=True):
        compare(axes, table.where(panel=panel), "kappa", SERIES)
        axes.set(xscale="log", title=rf"$C_{{\mathrm{{train}}}}$: {TITLES[panel]}")
        axes.set_xlabel(r"$\kappa = k/d$, pretraining tasks per dimension")
        axes.set_ylim(bottom=0)
        plain_ticks(axes.xaxis)
    figure.axes[0].set_ylabel(r"$e_{\mathrm{ICL}}$")
    legend(figure, [rf"{name} $C_{{\mathrm{{test}}}}$" for name in SERIES])
