"""Figures of a report: results in, pictures out. Matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from taskalign.plot_style import BLACK, BLUE, GREEN, GREY, ORANGE, picture, plain_ticks
from taskalign.report import Branch, Curve, ReportData

_PARTS = (
    ("total", r"$e_{\mathrm{ICL}}$", BLACK, "-", 2.2),
    ("scalar", r"$e_{\mathrm{scalar}}$", BLUE, (0, (5, 1.6)), 1.7),
    ("misalignment", r"$e_{\mathrm{misalign}}$", ORANGE, (0, (1.2, 1.2)), 1.9),
)
_SYMBOL = {"kappa": r"$\kappa = k/d$", "tau": r"$\tau = n/d^2$"}
_SIZE = (6.4, 4.2)
#: a curve that spans more than this factor is drawn on a logarithmic axis
_WIDE = 60.0
#: up to so many eigenvalues are shown as steps, and up to such a ratio of them on a linear axis
_FEW = 20
#: around tau = 1, a ratio of this size counts as the neighbourhood of the peak
_NEAR = 1.35

#: relative to the largest eigenvalue, what is smaller is a zero with rounding errors
_ROUNDING = 1e-13


def figures(data: ReportData, kind: str) -> dict[str, bytes]:
    """All figures of a report by name: "error-kappa", "error-tau", "alignment", "spectra".

    Args:
        data: what to show.
        kind: "png" or "svg".

    Raises:
        ImportError: matplotlib is missing.
    """
    drawn: dict[str, Callable[[Any], None]] = {
        "error-kappa": lambda axes: _draw_curve(axes, data, data.curves[0]),
        "error-tau": lambda axes: _draw_curve(axes, data, data.curves[1]),
        "alignment": lambda axes: _draw_alignment(axes, data),
        "spectra": lambda axes: _draw_spectra(axes, data),
    }
    return {name: _render(draw, kind) for name, draw in drawn.items()}


def _render(draw: Callable[[Any], None], kind: str) -> bytes:
    def with_legend(figure: Any) -> None:
        axes = figure.add_subplot()
        draw(axes)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))

    return picture(with_legend, kind, size=_SIZE, dpi=200)


# --- error against a parameter ----------------------------------------------------------------------------------
def _draw_curve(axes: Any, data: ReportData, curve: Curve) -> None:
    low, high = _error_range(data, curve)
    for branch in curve.branches:
        for part, label, colour, dashes, width in _PARTS:
            name = label if branch is curve.branches[0] else None
            axes.plot(branch.x, getattr(branch, part), color=colour, ls=dashes, lw=width, label=name)
    for branch in curve.other:
        at = f"{curve.other_ridge:g}" if curve.other_ridge else "0"
        name = rf"$e_{{\mathrm{{ICL}}}}$ at $\lambda = {at}$" if branch is curve.other[0] else None
        axes.plot(branch.x, branch.total, color=GREEN, ls=(0, (4, 2)), lw=1.1, label=name)
    here = float(getattr(data.parameters, curve.parameter))
    axes.plot(
        [here], [float(data.error.total)], "o", ms=7, color=BLACK, mfc="white", mew=1.8, zorder=5, label="this run"
    )
    axes.set_xscale("log")
    if high > _WIDE * low:
        axes.set_yscale("log")
        axes.set_ylim(low / 10, high)
    else:
        axes.set_ylim(0.0, high)
    ends = [branch.x for branch in curve.branches]
    axes.set_xlim(min(x[0] for x in ends), max(x[-1] for x in ends))
    if curve.parameter == "tau" and (len(curve.branches) > 1 or len(curve.other) > 1):
        axes.axvline(1.0, color=GREY, lw=0.9, ls=(0, (2, 2)), zorder=0)
        note = r"diverges at $\tau = 1$" if len(curve.branches) > 1 else r"$\lambda = 0$ diverges at $\tau = 1$"
        axes.annotate(
            note, (1.0, 1.0), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
            va="bottom", ha="center", color="#5a5a5a", fontsize=9.5,
        )  # fmt: skip
    axes.set_xlabel(_SYMBOL[curve.parameter])
    axes.set_ylabel("error")
    plain_ticks(axes.xaxis)


def _error_range(data: ReportData, curve: Curve) -> tuple[float, float]:
    """Smallest error, and the largest to show: a divergence leaves the axis, everything else stays readable."""
    totals = np.concatenate([_away_from_peak(branch, curve) for branch in (*curve.branches, *curve.other)])
    finite_peak = [branch.total.max() for branch in (*curve.branches, *curve.other) if not _diverges(branch, curve)]
    high = 1.12 * max([float(totals.max()), float(data.error.total), *map(float, finite_peak)])
    return float(totals[totals > 0].min(initial=high)), high


def _diverges(branch: Branch, curve: Curve) -> bool:
    return curve.parameter == "tau" and not (branch.x == 1.0).any()


def _away_from_peak(branch: Branch, curve: Curve) -> np.ndarray:
    if not _diverges(branch, curve):
        return branch.total
    return branch.total[np.abs(np.log(branch.x)) > np.log(_NEAR)]


# --- K and the spectra ------------------------------------------------------------------------------------------
def _draw_alignment(axes: Any, data: ReportData) -> None:
    values, (c, K) = data.tasks.spectrum.eigenvalues, data.alignment_curve
    axes.plot(c, K, color=BLUE, lw=1.4, label=r"$\mathcal{K}(c)$", zorder=1)
    axes.plot(
        values, data.K, "o", ms=5, color=ORANGE, mec="white", mew=0.5, label=r"eigenvalues of $C_{\mathrm{train}}$"
    )
    peak = float(data.ordering.peak)
    if 0 < peak <= c[-1]:
        axes.axvline(peak, color=GREY, lw=0.9, ls=(0, (2, 2)), zorder=0)
        axes.annotate(
            r"peak $c^\ast$", (peak, 0.02), (4, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
            color="#5a5a5a", fontsize=10,
        )  # fmt: skip
    smallest = float(values[values > 0].min())
    if float(values.max()) > _FEW * smallest:
        axes.set_xscale("symlog", linthresh=smallest, linscale=1.0)
        axes.set_xlim(-0.08 * smallest, c[-1])
        axes.set_xticks(_ticks_with_zero(smallest, float(c[-1])))
    positive = K[K > 0]
    if positive.max() > _WIDE * positive.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_xlabel(r"eigenvalue $c$ of $C_{\mathrm{train}}$")
    axes.set_ylabel(r"$\mathcal{K}(c)$")


def _draw_spectra(axes: Any, data: ReportData) -> None:
    tasks = data.tasks
    order = np.argsort(-tasks.spectrum.eigenvalues, kind="stable")
    own = np.argsort(-tasks.test_spectrum, kind="stable")
    shares = tasks.spectrum.weights[order]
    lines = (
        (shares, tasks.spectrum.eigenvalues[order], r"$C_{\mathrm{train}}$", {"color": BLUE, "lw": 2.0}),
        (
            tasks.test_weights[own],
            tasks.test_spectrum[own],
            r"$C_{\mathrm{test}}$",
            {"color": ORANGE, "lw": 1.6, "ls": (0, (5, 1.6))},
        ),
        (
            shares,
            tasks.test[order],
            r"$C_{\mathrm{test}}$ along $C_{\mathrm{train}}$'s eigenvectors",
            {"color": GREEN, "marker": "o", "ms": 3.6, "ls": "none"},
        ),
    )
    if min(len(values) for _, values, _, _ in lines) < _FEW:
        _draw_steps(axes, lines)
    else:
        _draw_decay(axes, lines)
    axes.set_xlabel("rank of the eigenvalue, from the largest, as a share of all")
    axes.set_ylabel("eigenvalue")


def _draw_steps(axes: Any, lines: Iterable[tuple[np.ndarray, np.ndarray, str, dict[str, Any]]]) -> None:
    """A few eigenvalues: each as wide as its share of the directions, zeros shown."""
    for shares, values, label, style in lines:
        edges = np.concatenate([[0.0], np.cumsum(shares)])
        if style.get("ls") == "none":
            axes.plot((edges[1:] + edges[:-1]) / 2, values, label=label, **style | {"ms": 6})
        else:
            axes.step(edges, np.append(values, values[-1]), where="post", label=label, **style)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(bottom=0.0)
    axes.margins(y=0.08)


def _draw_decay(axes: Any, lines: Iterable[tuple[np.ndarray, np.ndarray, str, dict[str, Any]]]) -> None:
    """Many eigenvalues: both axes logarithmic, on which power laws are straight; zeros are left out."""
    lines = list(lines)
    floor = _ROUNDING * max(float(values.max()) for _, values, _, _ in lines)
    lowest = min(float(values[values > floor].min(initial=np.inf)) for _, values, _, _ in lines)
    for shares, values, label, style in lines:
        shown = values > floor
        if shown.sum() == 1:
            style = style | {"marker": "s", "ms": 6}
        axes.plot(np.cumsum(shares)[shown], values[shown], label=label, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=lowest / 1.6)
    plain_ticks(axes.xaxis)


def _ticks_with_zero(smallest: float, largest: float) -> list[float]:
    """Zero, and at most seven powers of ten above the linear stretch."""
    first, last = int(np.ceil(np.log10(2 * smallest))), int(np.floor(np.log10(largest)))
    step = max(1, -(-(last - first + 1) // 7))
    return [0.0, *(10.0**k for k in range(last, first - 1, -step))]
