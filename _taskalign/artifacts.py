"""The files of a report, written one after the other, the quick and the most useful ones first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taskalign.derive import compose
from taskalign.files import write
from taskalign.page import page
from taskalign.plots import figures
from taskalign.report import ReportData
from taskalign.report_values import values_json
from taskalign.run_section import run_section
from taskalign.tex import compiled


def write_report(data: ReportData, folder: Path) -> Iterator[str]:
    """Write the report's files; yields a line for the reader as each is done.

    Raises:
        InputError: a file cannot be written.
    """

    def written(name: str, content: str | bytes) -> str:
        write("--out", folder / name, content)
        return f"wrote {folder / name}"

    yield written("values.json", values_json(data))
    for name, picture in figures(data, "png").items():
        yield written(f"{name}.png", picture)
    yield written("report.html", page(data, figures(data, "svg")))
    # the PDF and the log of an earlier run must not stand beside numbers that they do not show
    for name in ("theory.pdf", "theory.log"):
        (folder / name).unlink(missing_ok=True)
    source = compose(run_section=run_section(data))
    yield written("theory.tex", source)
    result = compiled(source)
    if result.pdf is not None:
        yield written("theory.pdf", result.pdf)
        return
    if result.log:
        written("theory.log", result.log)
        yield f"no theory.pdf: {result.problem} (log in {folder / 'theory.log'})"
    else:
        yield f"no theory.pdf: {result.problem}"
