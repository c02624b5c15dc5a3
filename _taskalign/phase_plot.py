"""Pictures of phase diagrams. Matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from typing import Any

from taskalign.plot_style import picture as rendered
from taskalign.plot_style import plain_ticks
from taskalign.proofs_check.box_sign import Interval
from taskalign.proofs_check.phase import PhaseDiagram

# apart in every common colour blindness, and in grey
_FILL = {"holds": "#cfe4f3", "fails": "#d55e00", "undecided": "#7d7d7d"}
_LABEL = {"holds": "holds (proved)", "fails": "fails (proved)", "undecided": "undecided"}
_CURVE = "#00507a"


def picture(diagram: PhaseDiagram, title: str, kind: str = "png") -> bytes:
    """The diagram as PNG or SVG.

    Raises:
        ImportError: matplotlib is missing.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        handles: list[Patch] = []
        for status, colour in _FILL.items():
            boxes = [part.box for part in diagram.verdict.parts if part.status == status]
            if boxes:
                corners = [_corners(box.alpha, box.tau) for box in boxes]
                # edges of the same colour, so that no seams show
                axes.add_collection(PolyCollection(corners, facecolors=colour, edgecolors=colour, linewidths=0.3))
                handles.append(Patch(facecolor=colour, edgecolor="#888888", lw=0.5, label=_LABEL[status]))
        lines: list[Any] = []
        for line in diagram.border:
            lines += axes.plot(line[:, 0], line[:, 1], color="#111111", lw=0.9, zorder=3, label="border")
        (curve,) = axes.plot(*diagram.tau_order.T, color=_CURVE, lw=1.8, ls=(0, (5, 2)), zorder=4)
        box = diagram.verdict.box
        axes.set(xlim=tuple(map(float, box.alpha)), ylim=tuple(map(float, box.tau)), xscale="log", title=title)
        plain_ticks(axes.xaxis)
        axes.set(xlabel=r"$\alpha$, context length per dimension", ylabel=r"$\tau$, contexts per squared dimension")
        labels = [*(str(handle.get_label()) for handle in handles), r"$\tau_{\mathrm{order}}$: above it holds"]
        keys, labels = [*handles, *lines[:1], curve], [*labels[:-1], *["border"] * bool(lines), labels[-1]]
        figure.legend(keys, labels, loc="outside lower center", ncols=3 if lines else 4)

    return rendered(draw, kind, size=(6.4, 4.6), dpi=150)


def _corners(alpha: Interval, tau: Interval) -> list[tuple[float, float]]:
    left, right, low, high = (float(end) for end in (*alpha, *tau))
    return [(left, low), (right, low), (right, high), (left, high)]
