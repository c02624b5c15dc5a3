"""Measured errors against the four measures of alignment, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taskalign.models.spearman import ALL, WITHIN, SpearmanTable
from taskalign.plot_style import picture, plain_ticks

#: kappa is an order, so its colours are one: from a map that reads alike with every colour vision, its ends left out
_MAP, _ENDS = "viridis", (0.0, 0.88)
#: each kappa has a mark of its own as well
_MARKS = "osD^vPX<>*"
_LABELS = {
    "misalignment": r"$\langle C_{\mathrm{test}}, \mathcal{K}\rangle$",
    "resolvent": r"$\langle C_{\mathrm{test}}, F_\kappa(\sigma)\rangle$",
    "population": r"$\langle C_{\mathrm{test}}, C_{\mathrm{train}}^{-1}\rangle$",
    "inverse_cka": r"$1/\mathrm{CKA}(C_{\mathrm{test}}, C_{\mathrm{train}})$",
}
#: measures that spread over more than this factor are drawn on a logarithmic axis
_WIDE = 12.0


def scatter(table: SpearmanTable, model: str, metrics: Sequence[str], kind: str) -> bytes:
    """A panel for each measure, a colour for each kappa; errors are averages over the seeds.

    Args:
        table: what to show.
        model: whose errors.
        metrics: the measures.
        kind: "png" or "svg".

    Raises:
        ImportError: matplotlib is missing.
    """
    return picture(lambda figure: _draw(figure, table, model, metrics), kind, size=(8.4, 6.4), dpi=110)


def _draw(figure: Any, table: SpearmanTable, model: str, metrics: Sequence[str]) -> None:
    from matplotlib import colormaps

    kappas, errors = table.setting.kappas, table.errors[model].mean(-1)
    order = np.argsort(kappas)
    colours = colormaps[_MAP](np.linspace(*_ENDS, len(kappas)))
    panels = figure.subplots(2, 2, sharey=True)
    for axes, name in zip(panels.flat, metrics, strict=True):
        values = table.metrics[name]
        for colour, k in zip(colours, order, strict=True):
            finite = np.isfinite(values[k])
            mark = {"marker": _MARKS[k % len(_MARKS)], "ms": 4.6, "mec": "white", "mew": 0.35, "ls": "none"}
            axes.plot(values[k][finite], errors[k][finite], color=colour, label=rf"$\kappa = {kappas[k]:g}$", **mark)
        shown = values[np.isfinite(values)]
        if shown.min() > 0 and shown.max() > _WIDE * shown.min():
            axes.set_xscale("log")
            plain_ticks(axes.xaxis)
        scopes = dict.fromkeys(row.scope for row in table.rows)
        said = [(scope, table.row(model, name, scope).spearman) for scope in (ALL, WITHIN) if scope in scopes]
        text = "\n".join(f"{scope}: {value:.3f}" for scope, value in said)
        axes.set_title(text, fontsize=10, color="#444444", linespacing=1.3)
        axes.set_xlabel(_LABELS[name])
    for axes in panels[:, 0]:
        axes.set_ylabel("measured error")
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.suptitle(f"{model}, d = {table.setting.d}: Spearman correlation by measure", fontsize=12)
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5))
