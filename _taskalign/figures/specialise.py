r"""When does it pay to specialise: error over the exponents of power-law pretraining and test tasks.

With few pretraining tasks a spectrum steeper than that of the test tasks, p_train > p_test, gives the lower error. LZLP
(arXiv 2509.26551), Figure 4; THEORY A0.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign import icl_error
from taskalign.figures.comparison import Row, Setup, point_rows
from taskalign.figures.drawing import LOOKS, compare, legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import BLACK

FULL = Settings(d=96, repeats=6)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (8.4, 6.8)

PARAMETERS = {"alpha": 2.0, "tau": 4.0, "rho": 0.01}
PANELS = {"few tasks": 0.25, "many tasks": 10.0}
#: exponents of the simulated pretraining spectra, and of the test spectra along whose rows they stand
P_TRAIN = (0.0, 0.4, 0.8, 1.2, 1.6, 2.0)
QUICK_P_TRAIN = (0.5, 1.5)
CUTS = {"p_test = 0.4": 0.4, "p_test = 0.8": 0.8, "p_test = 1.2": 1.2}
#: ends of the map
HIGHEST_TRAIN, HIGHEST_TEST = 2.4, 1.6
#: exponents among which the best one is sought
CANDIDATES = np.arange(0, 1001) / 200


def compute(settings: Settings, points: Points) -> Result:
    """A map for each number of tasks, and simulated points along three rows of it."""
    table = Table.of([*_maps(settings), *_simulated(settings, points)])
    return Result(table, verdict(table), settings)


def _power_laws(d: int, exponents: Any) -> np.ndarray:
    return np.stack([Spectrum.power_law(d, float(p)).eigenvalues for p in exponents])


def _maps(settings: Settings) -> Iterator[Row]:
    step = 0.4 if settings.quick else 0.1
    p_train, p_test = (np.round(np.arange(0, end + step / 2, step), 9) for end in (HIGHEST_TRAIN, HIGHEST_TEST))
    cuts = np.array(list(CUTS.values()))
    candidates = Spectrum.batch(_power_laws(settings.d, CANDIDATES))
    for panel, kappa in PANELS.items():
        given = {**PARAMETERS, "kappa": kappa, "ridge": 0.0}
        errors = icl_error(candidates, _power_laws(settings.d, p_test)[:, None, :], **given).total
        for p, error in zip(p_test, errors, strict=True):
            place = {"p_train": float(CANDIDATES[np.argmin(error)]), "p_test": float(p)}
            yield {"kind": "best", "panel": panel, "series": "best", **place, **given, "theory": float(error.min())}
        for kind, across, exponents in (("map", p_train, p_test), ("line", CANDIDATES[:481:10], cuts)):
            spectra = Spectrum.batch(_power_laws(settings.d, across))
            tests = _power_laws(settings.d, exponents)[:, None, :]
            totals = icl_error(spectra, tests, **given).total
            for (row, column), theory in np.ndenumerate(totals):
                series = list(CUTS)[row] if kind == "line" else "map"
                place = {"p_train": float(across[column]), "p_test": float(exponents[row])}
                yield {"kind": kind, "panel": panel, "series": series, **place, **given, "theory": float(theory)}


def _simulated(settings: Settings, points: Points) -> Iterator[Row]:
    def setups(d: int) -> list[Setup]:
        tests = {name: Spectrum.power_law(d, p).eigenvalues for name, p in CUTS.items()}
        exponents = QUICK_P_TRAIN if settings.quick else P_TRAIN
        return [
            Setup(panel, Spectrum.power_law(d, p), tests, {**PARAMETERS, "kappa": kappa}, {"p_train": p})
            for panel, kappa in PANELS.items()
            for p in exponents
        ]

    for row in point_rows(points, setups, settings):
        yield {**row, "p_test": CUTS[row["series"]]}


def verdict(table: Table) -> str:
    """For how many test exponents a steeper pretraining spectrum is best, and what simulation says along the cuts."""
    said = []
    for panel, kappa in PANELS.items():
        row = table.where(panel=panel, kind="best")
        p_test, best = row["p_test"], row["p_train"]
        found = []
        for series, p in CUTS.items():
            points = table.where(panel=panel, series=series, kind="point")
            chosen = points["p_train"][np.argmin(points["simulation"])]
            theory = points["p_train"][np.argmin(points["theory"])]
            found.append(f"{chosen:g} (theory {theory:g}) for p_test = {p:g}")
        said.append(
            f"{panel}, kappa = {kappa:g}: steeper pretraining is best for {int((best > p_test).sum())} of {len(best)} "
            f"test exponents, by {np.mean(best - p_test):+.2f} on average; best simulated p_train {', '.join(found)}"
        )
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """Maps above, cuts through them below."""
    table = result.table
    grid = figure.subplots(2, len(PANELS))
    shown = table.where(kind="map")["theory"]
    levels = np.arange(np.floor(20 * shown.min()), np.ceil(20 * shown.max()) + 1) / 20
    for column, (panel, kappa) in enumerate(PANELS.items()):
        shown = table.where(panel=panel, kind="map")
        p_train, p_test = (np.array(shown.distinct(name)) for name in ("p_train", "p_test"))
        axes = grid[0, column]
        theory = shown["theory"].reshape(len(p_test), len(p_train))
        mesh = axes.contourf(p_train, p_test, theory, levels=levels, cmap="viridis")
        mesh.set_edgecolor("face")  # so that no seams show
        if column == len(PANELS) - 1:
            figure.colorbar(mesh, ax=list(grid[0]), label=r"$e_{\mathrm{ICL}}$, theory", aspect=24)
        best = table.where(panel=panel, kind="best")
        axes.plot(best["p_train"], best["p_test"], color="white", lw=3.2, solid_capstyle="round")
        axes.plot(best["p_train"], best["p_test"], color=BLACK, lw=1.6, label=r"best $p_{\mathrm{train}}$")
        axes.plot([0, p_test[-1]], [0, p_test[-1]], color="white", lw=1.4, ls=(0, (4, 2)), label="equal exponents")
        for cut in CUTS.values():
            axes.plot([p_train[0], p_train[-1]], [cut, cut], color="white", lw=0.6, ls=(0, (1, 3)))
        axes.set(xlim=(0, HIGHEST_TRAIN), ylim=(0, HIGHEST_TEST), title=rf"{panel}, $\kappa = {kappa:g}$")
        axes.set(xlabel=r"$p_{\mathrm{train}}$", ylabel=r"$p_{\mathrm{test}}$")
        below = grid[1, column]
        compare(below, table.where(panel=panel), "p_train", tuple(CUTS))
        for series, (colour, _, _) in zip(CUTS, LOOKS, strict=False):
            line = table.where(panel=panel, series=series, kind="line")
            lowest = np.argmin(line["theory"])
            below.plot(
                line["p_train"][lowest], line["theory"][lowest], "*", ms=11, color=colour, mec="white", zorder=2.5
            )
        below.set(xlabel=r"$p_{\mathrm{train}}$", ylabel=r"$e_{\mathrm{ICL}}$", xlim=(-0.05, HIGHEST_TRAIN))
        below.set_ylim(bottom=0)
    keys = grid[0, 1].legend(loc="lower right", facecolor="#5b6f8f", framealpha=0.85, frameon=True, labelcolor="white")
    keys.get_frame().set_linewidth(0)
    names = [rf"$p_{{\mathrm{{test}}}} = {p:g}$" for p in CUTS.values()]
    legend(figure, names, caption="lines: theory, star at its minimum     points: simulation, one standard error")
