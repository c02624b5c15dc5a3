r"""Labels and predictions of attention that was really pretrained, against the joint Gaussian law of the theory.

The residual $(\hat y - \beta y)/\sqrt{\Sigma}$ is standard normal up to an excess kurtosis of the order 1/d. THEORY
(5.1), 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from taskalign.figures.comparison import RIDGELESS, Row, measured, seed_of
from taskalign.figures.drawing import LOOKS
from taskalign.figures.points import Job, Points
from taskalign.figures.result import Result, Settings, Size
from taskalign.figures.table import Table
from taskalign.figures.verdicts import differences
from taskalign.models.prediction_samples import PredictionSamples, prediction_samples
from taskalign.numerics.prediction_law import prediction_law
from taskalign.numerics.spectrum import Spectrum
from taskalign.plot_style import BLACK, BLUE, GREY

FULL = Settings(d=64, repeats=6)
QUICK = Settings(d=16, repeats=2, quick=True)
SIZE = (9.6, 4.6)

PARAMETERS = {"alpha": 2.0, "tau": 2.0, "kappa": 1.0, "rho": 0.1}
#: of C_train and of C_test, in equal shares
EIGENVALUES, TEST = (1.5, 0.5), (0.5, 1.5)
#: edges of the histogram of residuals, and pairs that are shown as dots
EDGES = np.linspace(-6, 6, 49)
SHOWN = 500


def compute(settings: Settings, points: Points) -> Result:
    """Moments and histograms in both dimensions, and pairs in the larger one."""
    prompts = 1000 if settings.quick else 20_000
    sizes = settings.sizes
    jobs = [_job(size, prompts, settings, place) for place, size in enumerate(sizes)]
    rows = [row for size, out in zip(sizes, points.run(jobs), strict=True) for row in _rows(size, out)]
    table = Table.of(rows)
    return Result(table, verdict(table), settings)


def _job(size: Size, prompts: int, settings: Settings, place: int) -> Job:
    seed = seed_of(settings, place)
    given = {**PARAMETERS, "ridge": RIDGELESS, "d": size.d, "runs": size.repeats, "prompts": prompts, "seed": seed}
    asked: dict[str, Any] = dict(given)

    def run() -> Row:
        found = prediction_samples(Spectrum(EIGENVALUES), TEST, **asked)
        counts, _ = np.histogram(found.residuals(), EDGES)
        point = found.law.fixed_point
        return {
            "realised": {name: float(getattr(point, name)) for name in (*PARAMETERS, "ridge")},
            "moments": _moments(found),
            "excess_kurtosis": found.excess_kurtosis,
            "ks": found.ks,
            "counts": counts.tolist(),
            "total": found.y.size,
            "y": found.y.ravel()[:: found.y.size // SHOWN].tolist(),
            "yhat": found.yhat.ravel()[:: found.y.size // SHOWN].tolist(),
        }

    return Job({"what": "prediction samples", "eigenvalues": EIGENVALUES, "test": TEST, **given}, run)


def _moments(found: PredictionSamples) -> dict[str, list[float]]:
    """Second moments of each run."""
    y, yhat = found.y, found.yhat
    rest = found.residuals() ** 2 * float(found.law.var_given_label)
    values = {"var_y": y**2, "cov": y * yhat, "var_yhat": yhat**2, "var_given_label": rest}
    return {name: value.mean(1).tolist() for name, value in values.items()}


def _rows(size: Size, outcome: Row) -> Iterator[Row]:
    realised = outcome["realised"]
    law = prediction_law(Spectrum(EIGENVALUES), TEST, **realised)
    common = {"panel": "moments", **realised, "d": size.d}
    for name, runs in outcome["moments"].items():
        yield {"kind": size.kind, "series": name, **common, "theory": float(getattr(law, name)), **measured(runs)}
    for name in ("excess_kurtosis", "ks"):
        yield {"kind": f"{size.kind} shape", "series": name, **common, "theory": 0.0, "simulation": outcome[name]}
    widths = np.diff(EDGES)
    for x, width, count in zip(EDGES[:-1] + widths / 2, widths, outcome["counts"], strict=True):
        density = count / (outcome["total"] * width)
        normal = float(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
        yield {"kind": f"{size.kind} histogram", "series": f"d = {size.d}", **common, "panel": "residual"} | {
            "x": float(x),
            "theory": normal,
            "simulation": density,
        }
    if size.kind == "point":
        for y, yhat in zip(outcome["y"], outcome["yhat"], strict=True):
            yield {"kind": "pair", "panel": "pairs", **realised, "d": size.d, "x": y, "simulation": yhat}


def verdict(table: Table) -> str:
    """Kurtosis and distance from the Gaussian in both dimensions."""
    said = []
    for kind in ("half", "point"):
        shape = table.where(kind=f"{kind} shape")
        kurtosis, ks = (float(shape.where(series=name)["simulation"][0]) for name in ("excess_kurtosis", "ks"))
        d = int(shape["d"][0])
        said.append(f"d = {d}: excess kurtosis {kurtosis:.3f} = {d * kurtosis:.1f}/d, KS distance {ks:.4f}")
    return "; ".join([*said, differences(table)])


def draw(result: Result, figure: Any) -> None:
    """Left the density of the residual in both dimensions, right pairs with the ellipses of the law."""
    table = result.table
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    x = np.linspace(EDGES[0], EDGES[-1], 200)
    left.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color=BLACK, lw=1.7, label="Gaussian law")
    for kind, (colour, marker, _) in zip(("half", "point"), LOOKS[1::-1], strict=True):
        bins = table.where(kind=f"{kind} histogram")
        seen = bins["simulation"] > 0
        left.plot(
            bins["x"][seen], bins["simulation"][seen], marker, color=colour, ms=4.5, mfc="white", mew=1.3,
            label=f"pretrained, {bins['series'][0]}",
        )  # fmt: skip
    left.set(yscale="log", ylim=(1e-6, 1), ylabel="density")
    left.set_xlabel(r"residual $(\hat y - \beta_y\, y)/\sqrt{\Sigma_{\hat y|y}}$")
    left.legend(loc="lower center")
    _pairs(right, table)


def _pairs(axes: Any, table: Table) -> None:
    pairs = table.where(kind="pair")
    axes.plot(pairs["x"], pairs["simulation"], ".", color=BLUE, ms=4, alpha=0.5)
    law = {name: table.where(kind="point", series=name)["theory"][0] for name in ("var_y", "cov", "var_yhat")}
    root = np.linalg.cholesky([[law["var_y"], law["cov"]], [law["cov"], law["var_yhat"]]])
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.array([np.cos(angle), np.sin(angle)])
    for level in (1, 2, 3):
        axes.plot(*(level * root @ circle), color=BLACK, lw=1.4)
    ends = np.array([-1.0, 1.0]) * 3 * np.sqrt(law["var_y"])
    axes.plot(ends, ends * law["cov"] / law["var_y"], color=GREY, lw=1.2, ls=(0, (4, 2)))
    axes.set(
        xlabel="label $y$",
        ylabel=r"prediction $\hat y$",
        title=f"d = {int(pairs['d'][0])}; 1, 2, 3 standard deviations",
    )
