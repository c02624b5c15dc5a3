r"""Error over the length of the test context, $\alpha_{\mathrm{test}}$, after pretraining at a fixed length.

Longer test contexts help, down to a floor that pretraining has set. LZLP (arXiv 2509.26551); THEORY A0.8, (1.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign import icl_error, models
from taskalign.figures.comparison import TOLERANCE, Row, Setup, described, line_rows, measured, seed_of, simulated
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Result, Settings, Size
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences, trend
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import plain_ticks

FULL = Settings(d=80, repeats=10)
QUICK = Settings(d=16, repeats=3, quick=True)
SIZE = (9.0, 4.5)

PARAMETERS = {"tau": 4.0, "kappa": 1.0, "rho": 0.1}
EXPONENT = 0.9
#: pretraining lengths
ALPHAS = {"alpha = 0.5": 0.5, "alpha = 2": 2.0, "alpha = 10": 10.0}
ALPHA_TESTS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
PANELS = ("aligned", "anti-aligned")
#: a line of theory only
MATCHED = "pretrained at the test length"


def tests(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """The test covariance of each panel."""
    return dict(zip(PANELS, (spectrum.eigenvalues, spectrum.eigenvalues[::-1].copy()), strict=True))


def setups(d: int) -> list[Setup]:
    """One for each pretraining length; its tests are the panels."""
    spectrum = Spectrum.power_law(d, EXPONENT)
    return [Setup(name, spectrum, tests(spectrum), {**PARAMETERS, "alpha": alpha}) for name, alpha in ALPHAS.items()]


def compute(settings: Settings, points: Points) -> Result:
    """Curves from alpha_test = 0.1 to 1000; each simulated pretraining run is tried at every test length."""
    table = Table.of([*_lines(settings), *_simulated(settings, points)])
    return Result(table, verdict(table), settings)


def _lines(settings: Settings) -> Iterator[Row]:
    lengths = np.geomspace(0.1, 1000, 30 if settings.quick else 90)
    spectrum = Spectrum.power_law(settings.d, EXPONENT)
    for name, alpha in {**ALPHAS, MATCHED: lengths}.items():
        given = {**PARAMETERS, "alpha": alpha, "ridge": 0.0, "alpha_test": lengths}
        for row in line_rows(Setup("", spectrum, tests(spectrum), given)):
            yield {**row, "panel": row["series"], "series": name}


def _simulated(settings: Settings, points: Points) -> Iterator[Row]:
    placed = enumerate((size, setup) for size in settings.sizes for setup in setups(size.d))
    asked = [(size, setup, seed_of(settings, place)) for place, (size, setup) in placed]
    for (size, setup, _), outcome in zip(asked, points.run([_job(*one) for one in asked]), strict=True):
        for panel, test in setup.tests.items():
            for place, length in enumerate(outcome["alpha_test"]):
                given = {**outcome["realised"], "alpha_test": length}
                theory = float(icl_error(setup.spectrum, test, **given).total)
                errors = np.array(outcome["errors"])[:, place, PANELS.index(panel)]
                row = {"kind": size.kind, "panel": panel, "series": setup.panel, **given, "d": size.d}
                yield row | {"theory": theory} | measured(errors)


def _job(size: Size, setup: Setup, seed: int) -> Job:
    # whole contexts
    lengths = [round(length * size.d) / size.d for length in ALPHA_TESTS if round(length * size.d) > 0]

    def run() -> Row:
        made = [
            models.pretrain(setup.spectrum, d=size.d, seed=stream, tolerance=TOLERANCE, **simulated(setup))
            for stream in np.random.SeedSequence(seed).spawn(size.repeats)
        ]
        along = np.stack(list(setup.tests.values()))
        errors = [[one.errors_on(along, alpha_test=length).tolist() for length in lengths] for one in made]
        return {"errors": errors, "alpha_test": lengths, "realised": made[0].parameters}

    return Job({"what": "errors at test lengths", "alpha_test": lengths, **described(setup, size, seed)}, run)


def verdict(table: Table) -> str:
    """Whether longer test contexts help, and how much of the error they leave."""
    said = []
    for panel in PANELS:
        for series in ALPHAS:
            line, points = (table.where(panel=panel, series=series, kind=kind) for kind in ("line", "point"))
            going = trend(line["alpha_test"], line["theory"])
            seen = trend(points["alpha_test"], points["simulation"])
            said.append(f"{series} {going} to {line['theory'][-1]:.3g} (simulation {seen})")
        said[-len(ALPHAS)] = f"{panel}: {said[-len(ALPHAS)]}"
    matched = [table.where(panel=panel, series=MATCHED) for panel in PANELS]
    going = [
        f"{panel} {trend(line['alpha_test'], line['theory'])}" for panel, line in zip(PANELS, matched, strict=True)
    ]
    return "; ".join([*said, f"{MATCHED}: {', '.join(going)}", differences(table)])


def draw(result: Result, figure: Any) -> None:
    """A panel for each alignment."""
    series = (*ALPHAS, MATCHED)
    for axes, panel in zip(figure.subplots(1, len(PANELS), sharey=True), PANELS, strict=True):
        compare(axes, result.table.where(panel=panel), "alpha_test", series)
        axes.set(xscale="log", yscale="log", title=f"{panel} test tasks")
        axes.set_xlabel(r"$\alpha_{\mathrm{test}} = \ell_{\mathrm{test}}/d$, test context per dimension")
        axes.set_yticks([0.3, 0.5, 1, 2, 5, 10], minor=False)
        axes.set_yticks([], minor=True)
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
    figure.axes[0].set_ylabel(r"$e_{\mathrm{ICL}}$")
    names = [rf"pretrained at $\alpha = {alpha:g}$" for alpha in ALPHAS.values()]
    legend(figure, [*names, "at the test length (theory)"], without_marker=1)
