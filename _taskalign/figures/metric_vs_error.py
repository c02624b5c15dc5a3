r"""The misalignment $\langle C_{\mathrm{test}}, \mathcal K\rangle$ against the simulated error, for many test tasks.

At a fixed trace of C_test the theory's error is the misalignment plus a constant, so the metric orders the errors.
LZLP (arXiv 2509.26551), Figure 2; THEORY A0.6, (1.3).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taskalign import icl_error
from taskalign.figures.comparison import Row, Setup, line_rows, point_rows
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Points
from taskalign.figures.result import Result, Settings
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences
from taskalign.numerics.spectrum import Spectrum

FULL = Settings(d=80, repeats=10, least=16)
QUICK = Settings(d=16, repeats=3, quick=True, least=16)
SIZE = (9.6, 4.1)

PARAMETERS = {"alpha": 2.0, "tau": 4.0, "rho": 0.01}
#: of C_train, 1/j^p
EXPONENT = 0.9
PANELS = {"few tasks": 0.2, "as many tasks as dimensions": 1.0, "many tasks": 5.0}
SERIES = ("power law", "low rank, leading", "low rank, trailing")
#: of the power laws; the negative ones put the most variance where C_train has the least
EXPONENTS = tuple(np.linspace(-1.5, 2.0, 8))
RANKS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)


def tests(d: int) -> dict[str, tuple[str, np.ndarray]]:
    """Test covariances of mean one along C_train's eigenvectors: name -> series and eigenvalues."""
    found = {f"power law {p:.3g}": (SERIES[0], Spectrum.power_law(d, float(p)).eigenvalues) for p in EXPONENTS}
    for share in RANKS:
        ones = np.where(np.arange(d) < round(share * d), 1.0, 0.0)
        flat = ones / ones.mean()
        found[f"leading {share:g}"] = (SERIES[1], flat)
        found[f"trailing {share:g}"] = (SERIES[2], flat[::-1].copy())
    return found


def setups(d: int) -> list[Setup]:
    """One for each number of tasks, with all tests."""
    along = {name: test for name, (_, test) in tests(d).items()}
    spectrum = Spectrum.power_law(d, EXPONENT)
    return [Setup(panel, spectrum, along, {**PARAMETERS, "kappa": kappa}) for panel, kappa in PANELS.items()]


def compute(settings: Settings, points: Points) -> Result:
    """Points for each test covariance, and the theory's line through all of them."""
    rows = point_rows(points, setups, settings)
    for setup in setups(settings.d):
        rows += line_rows(Setup(setup.panel, setup.spectrum, setup.tests, {**setup.parameters, "ridge": 0.0}))
    table = Table.of(_with_metric(row, row.get("d", settings.d)) for row in rows)
    return Result(table, verdict(table), settings)


def _with_metric(row: Row, d: int) -> Row:
    """The row with its test's name and misalignment, at the parameters of the row."""
    series, test = tests(d)[row["series"]]
    parameters = {name: row[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")}
    found = icl_error(Spectrum.power_law(d, EXPONENT), test, **parameters)
    named = {"kind": row["kind"], "panel": row["panel"], "series": series, "test": row["series"]}
    return {**named, "misalignment": float(found.misalignment), **{k: v for k, v in row.items() if k not in named}}


def verdict(table: Table) -> str:
    """Rank correlation between the metric and the simulated error, for each number of tasks and over all."""
    from scipy.stats import spearmanr

    said = []
    for panel in table.distinct("panel"):
        points = table.where(panel=panel, kind="point")
        rank = float(spearmanr(points["misalignment"], points["simulation"]).statistic)
        said.append(f"{rank:.4f} at kappa = {points['kappa'][0]:g}")
    points = table.where(kind="point")
    pooled = float(spearmanr(points["misalignment"], points["simulation"]).statistic)
    count = len(points) // len(said)
    return (
        f"Spearman correlation of e_misalign with the simulated error over {count} C_test: {', '.join(said)}; "
        f"{pooled:.4f} over all; {differences(table)}"
    )


def draw(result: Result, figure: Any) -> None:
    """A panel for each number of tasks."""
    table = result.table
    for axes, panel in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        shown = table.where(panel=panel)
        line = shown.where(kind="line")
        order = np.argsort(line["misalignment"])
        axes.plot(line["misalignment"][order], line["theory"][order], color="#b0b0b0", lw=1.6, zorder=1)
        compare(axes, shown.where(kind="point"), "misalignment", SERIES)
        axes.set(title=rf"$\kappa = {PANELS[panel]:g}$: {panel}", box_aspect=1)
        axes.title.set_fontsize(10.5)
        axes.set_xlabel(r"$e_{\mathrm{misalign}}$, theory")
    figure.axes[0].set_ylabel(r"$e_{\mathrm{ICL}}$")
    legend(figure, [f"{name} $C_{{\\mathrm{{test}}}}$" for name in SERIES], lines=False, caption=CAPTION)


CAPTION = r"points: simulation, one standard error     grey line: theory, $e_{\mathrm{scalar}} + e_{\mathrm{misalign}}$"
