"""The command that makes the figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from taskalign.numerics.errors import InputError, need_library
from taskalign.options import PathGiven, Whole, WholeIfGiven, app

#: dots per inch of a PNG
_DPI = 100


@app.command
def figure(
    name: str | None = None,
    /,
    *,
    out: PathGiven = Path("figures"),
    repeats: WholeIfGiven = None,
    d: WholeIfGiven = None,
    seed: Whole = 0,
    quick: bool = False,
    list_: Annotated[bool, Parameter(name="--list")] = False,
) -> None:
    """Make a figure of the theory against simulation: NAME.png, NAME.svg, NAME.csv, and a verdict in one line.

    A figure that was interrupted goes on with the same command: NAME.points.jsonl holds the finished simulations.

    Args:
        name: Which figure; --list names them.
        out: Folder, made if it is not there.
        repeats: Pretraining runs for each simulated point.
        d: Dimension that is simulated.
        seed: Of the simulation.
        quick: Small and with few points, in seconds.
        list_: List the figures, a line each.
    """
    from taskalign.figures.catalogue import FIGURES, figure_module

    if list_:
        width = max(map(len, FIGURES))
        for each, line in FIGURES.items():
            print(f"{each:<{width}}  {line}")
        return
    if name is None:
        raise InputError(f"NAME: a figure is needed, one of {', '.join(FIGURES)}")
    module = figure_module(name)
    settings = (module.QUICK if quick else module.FULL).changed(d=d, repeats=repeats, seed=seed)
    need_library("matplotlib")
    from taskalign import files
    from taskalign.figures.points import Points
    from taskalign.plot_style import picture

    folder = files.folder("--out", out)
    points = Points(folder / f"{name}.points.jsonl")
    try:
        result = module.compute(settings, points)
    except KeyboardInterrupt:
        said = f"{points.finished} of {points.asked} points are saved in {points.path}"
        print(f"taskalign: {said}, the same command goes on from there", file=sys.stderr)
        raise
    files.write("--out", folder / f"{name}.csv", result.table.csv())
    for kind in ("png", "svg"):
        content = picture(lambda canvas: module.draw(result, canvas), kind, size=module.SIZE, dpi=_DPI)
        files.write("--out", folder / f"{name}.{kind}", content)
    print(f"wrote {', '.join(str(folder / f'{name}.{kind}') for kind in ('png', 'svg', 'csv'))}")
    print(f"{name}: {result.verdict}")
