r"""The ridge that finite pretraining data put on the trained layer, over $\tau$: fitted against predicted.

Retrained on the same tasks, the mean layer is $R_k (R_k + x)^{-1}$; the fitted x is the theory's $\sigma$, with and
without an explicit ridge. THEORY (6.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign.figures.comparison import RIDGELESS, Row, measured, seed_of
from taskalign.figures.drawing import compare, legend
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Result, Settings, Size
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences
from taskalign.models.implicit_ridge import fitted_ridge
from taskalign.models.sizes import streams
from taskalign.numerics.implicit_ridge import implicit_ridge
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import plain_ticks

FULL = Settings(d=32, repeats=6)
QUICK = Settings(d=16, repeats=2, quick=True)
SIZE = (7.2, 4.8)

PARAMETERS = {"alpha": 2.0, "kappa": 1.0, "rho": 0.1}
#: of C_train, in equal shares
EIGENVALUES = (1.5, 0.5)
#: of the explicit ridges; the others are the same without the part of finitely many contexts
RIDGES = {"no ridge": 0.0, "ridge 0.2": 0.2}
WITHOUT = {"no ridge": "context alone", "ridge 0.2": "context and ridge"}
TAUS = (0.3, 0.5, 0.7, 1.3, 1.8, 2.5, 4.0)
QUICK_TAUS = (0.5, 2.0)
RETRAININGS, QUICK_RETRAININGS = 30, 4


def compute(settings: Settings, points: Points) -> Result:
    """Curves, and fits for several draws of the tasks."""
    tau = np.geomspace(0.25, 4.5, 30 if settings.quick else 120)
    spectrum = Spectrum(EIGENVALUES)
    rows: list[Row] = []
    for series, ridge in RIDGES.items():
        found = implicit_ridge(spectrum, **PARAMETERS, tau=tau, ridge=ridge)
        for name, values in {series: found.given_tasks, WITHOUT[series]: found.explicit + found.context}.items():
            rows += [
                {
                    "kind": "line",
                    "panel": "",
                    "series": name,
                    **PARAMETERS,
                    "ridge": ridge,
                    "tau": x,
                    "theory": float(y),
                }
                for x, y in zip(tau.tolist(), values, strict=True)
            ]
    rows += _fitted(points, settings)
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _fitted(points: Points, settings: Settings) -> Iterator[Row]:
    taus = QUICK_TAUS if settings.quick else TAUS
    asked = [(size, series, tau) for size in settings.sizes for series in RIDGES for tau in taus]
    jobs = [_job(*one, settings, place) for place, one in enumerate(asked)]
    for (size, series, _), outcome in zip(asked, points.run(jobs), strict=True):
        theory = implicit_ridge(Spectrum(EIGENVALUES), **outcome["realised"])
        yield (
            {"kind": size.kind, "panel": "", "series": series, **outcome["realised"], "d": size.d}
            | {"theory": float(theory.given_tasks)}
            | measured(outcome["fitted"])
        )


def _job(size: Size, series: str, tau: float, settings: Settings, place: int) -> Job:
    retrainings = QUICK_RETRAININGS if settings.quick else RETRAININGS
    parameters: dict[str, Any] = {**PARAMETERS, "tau": tau, "ridge": RIDGES[series] or RIDGELESS}
    seed = seed_of(settings, place)
    known = {"eigenvalues": EIGENVALUES, "parameters": parameters, "retrainings": retrainings}
    key = {"what": "fitted ridge", **known, "d": size.d, "repeats": size.repeats, "seed": seed}

    def run() -> Row:
        runs = [
            fitted_ridge(Spectrum(EIGENVALUES), d=size.d, **parameters, retrainings=retrainings, seed=stream)
            for stream in streams(seed, size.repeats)
        ]
        point = runs[0].theory.fixed_point
        realised = {name: float(getattr(point, name)) for name in ("alpha", "tau", "kappa", "rho", "ridge")}
        return {"fitted": [run.fitted for run in runs], "realised": realised}

    return Job(key, run)


def verdict(table: Table) -> str:
    """How much more than the context's ridge there is where contexts are few."""
    points = table.where(series="no ridge", kind="point")
    least = int(np.argmin(points["tau"]))
    context = table.where(series=WITHOUT["no ridge"], kind="line")["theory"][0]
    fitted, predicted = (float(points[name][least]) for name in ("simulation", "theory"))
    said = (
        f"without a ridge, at tau = {points['tau'][least]:.3g}: fitted {fitted:.3g}, predicted {predicted:.3g}, "
        f"finite contexts alone {context:.3g}"
    )
    return f"{said}; {differences(table)}"


def draw(result: Result, figure: Any) -> None:
    """Both ridges in one panel, and what they would be with many contexts."""
    axes = figure.add_subplot()
    series = [*RIDGES, *WITHOUT.values()]
    compare(axes, result.table, "tau", series)
    axes.set(xscale="log", xlabel=r"$\tau = n/d^2$, pretraining contexts per squared dimension")
    axes.set_ylabel("ridge of the mean layer, given the tasks")
    axes.set_ylim(bottom=0)
    axes.set_xticks((0.3, 0.5, 1.0, 2.0, 4.0))
    axes.set_xticks([], minor=True)
    plain_ticks(axes.xaxis)
    names = [r"$\sigma$, $\lambda = 0$", r"$\sigma$, $\lambda = 0.2$", "$s$", r"$s + \lambda$"]
    legend(figure, names, without_marker=2, caption="lines: theory     points: fitted to retrained layers")
