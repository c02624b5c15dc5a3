"""How the pictures look: one style, colours that stay apart, and the way from a drawing function to a file's bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from taskalign.numerics.errors import need_library

# colours that remain apart in every common colour blindness (Okabe and Ito); each line has its own dashes as well
BLACK, BLUE, ORANGE, GREEN, GREY = "#222222", "#0072b2", "#d55e00", "#00785a", "#8a8a8a"
PURPLE, SKY = "#aa5f8f", "#56b4e9"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "cm",
    "font.size": 11,
    "axes.labelsize": 12.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "legend.handlelength": 1.7,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.3,
    "svg.fonttype": "path",
    "svg.hashsalt": "taskalign",
}


def picture(draw: Callable[[Any], None], kind: str, *, size: tuple[float, float], dpi: int) -> bytes:
    """What `draw` puts on an empty figure, as PNG or SVG; the same numbers give the same bytes.

    Args:
        draw: takes a `matplotlib.figure.Figure`.
        kind: "png" or "svg".
        size: width and height in inches.
        dpi: of a PNG.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    need_library("matplotlib")
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        stream = io.BytesIO()
        # no date and no version
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(stream, format=kind, dpi=dpi, metadata=metadata)
    return stream.getvalue()


def plain_ticks(axis: Any) -> None:
    """0.1, 1, 10 in place of powers of ten."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
