r"""The alignment matrix $\mathcal K(c)$ where the conjectured ordering fails: it rises with the eigenvalue of C_train.

With fewer contexts than squared dimensions (tau < 1), long contexts and noise, tasks along a strong direction of
C_train can cost more than along a weak one. THEORY A3.6, against LZLP's conjecture for tau < 1 (arXiv 2509.26551).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taskalign import models, solve
from taskalign.figures.comparison import TOLERANCE, Row, Setup, described, measured, seed_of, simulated
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Result, Settings, Size
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences, trend
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import plain_ticks

FULL = Settings(d=96, repeats=16, least=24, multiple=12)
QUICK = Settings(d=24, repeats=3, quick=True, least=24, multiple=12)
SIZE = (9.0, 4.3)


@dataclass(frozen=True)
class Case:
    """A pretraining for which K rises somewhere: equal shares of these eigenvalues, scaled to mean one."""

    title: str
    ratios: tuple[float, ...]
    parameters: dict[str, float]

    @property
    def spectrum(self) -> Spectrum:
        """Of C_train."""
        values = np.array(self.ratios)
        return Spectrum(values / values.mean())


CASES = {
    "two eigenvalues": Case(
        r"$\alpha = 50$, $\tau = 0.3$, $\kappa = 1$, $\rho = 1$",
        (0.0, 2.0),
        {"alpha": 50.0, "tau": 0.3, "kappa": 1.0, "rho": 1.0},
    ),
    "three eigenvalues": Case(
        r"$\alpha = 100$, $\tau = 0.5$, $\kappa = 10$, $\rho = 5$",
        (0.01, 0.1, 1.0),
        {"alpha": 100.0, "tau": 0.5, "kappa": 10.0, "rho": 5.0},
    ),
}


def setups() -> list[Setup]:
    """One for each case; K needs no tests."""
    return [Setup(panel, case.spectrum, {}, case.parameters) for panel, case in CASES.items()]


def compute(settings: Settings, points: Points) -> Result:
    """K along C_train's eigenvalues, measured as the diagonal of (1 - G)^T (1 - G) of pretrained layers."""
    rows: list[Row] = []
    for setup in setups():
        top = float(setup.spectrum.eigenvalues.max())
        c = np.linspace(0, 1.1 * top, 201) if setup.spectrum.null_weight else np.geomspace(1e-3 * top, 1.5 * top, 201)
        rows += _rows("line", setup, {**setup.parameters, "ridge": 0.0}, c)
    placed = enumerate((size, setup) for size in settings.sizes for setup in setups())
    asked = [(size, setup, seed_of(settings, place)) for place, (size, setup) in placed]
    for (size, setup, _), outcome in zip(asked, points.run([_job(*one) for one in asked]), strict=True):
        c = setup.spectrum.eigenvalues
        for place, row in enumerate(_rows(size.kind, setup, outcome["realised"], c)):
            rows.append({**row, "d": size.d} | measured(np.array(outcome["profiles"])[:, place]))
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _rows(kind: str, setup: Setup, parameters: dict[str, float], c: np.ndarray) -> list[Row]:
    K = solve(setup.spectrum, **parameters).K(c)
    row = {"kind": kind, "panel": setup.panel, "series": "K", **parameters}
    return [{**row, "eigenvalue": float(x), "theory": float(y)} for x, y in zip(c, K, strict=True)]


def _job(size: Size, setup: Setup, seed: int) -> Job:
    def run() -> Row:
        made = models.simulate(
            setup.spectrum, {}, d=size.d, repeats=size.repeats, seed=seed, tolerance=TOLERANCE, **simulated(setup)
        )
        # directions of one eigenvalue are alike: their mean is K there
        listed = setup.spectrum.eigenvalues
        profiles = [made.profiles[:, made.eigenvalues == value].mean(1) for value in listed]
        return {"profiles": np.stack(profiles, axis=1).tolist(), "realised": made.parameters}

    return Job({"what": "profile", **described(setup, size, seed)}, run)


def verdict(table: Table) -> str:
    """The values of K, and by how many standard errors the simulation shows it to rise."""
    said = []
    for panel in CASES:
        points = table.where(panel=panel, kind="point")
        theory = ", ".join(f"K({c:.3g}) = {K:.4g}" for c, K in zip(points["eigenvalue"], points["theory"], strict=True))
        seen = ", ".join(f"{K:.4g} +- {s:.2g}" for K, s in zip(points["simulation"], points["sem"], strict=True))
        rise = points["simulation"][1] - points["simulation"][0]
        errors = rise / np.hypot(*points["sem"][:2])
        going = trend(points["eigenvalue"], points["theory"])
        said.append(f"{panel}: {theory}, which {going}; simulation {seen}, a rise of {errors:.1f} standard errors")
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """A panel for each case."""
    for axes, (panel, case) in zip(figure.subplots(1, len(CASES)), CASES.items(), strict=True):
        shown = result.table.where(panel=panel)
        compare(axes, shown, "eigenvalue", ("K",))
        axes.set(title=f"{panel}: {case.title}", xlabel=r"eigenvalue $c$ of $C_{\mathrm{train}}$")
        axes.title.set_fontsize(10.5)
        if min(case.ratios) > 0:
            axes.set_xscale("log")
            plain_ticks(axes.xaxis)
        axes.set_ylim(bottom=0)
    figure.axes[0].set_ylabel(r"$\mathcal{K}(c)$")
    legend(figure, [r"$\mathcal{K}(c)$; an ordered one would fall everywhere"])
