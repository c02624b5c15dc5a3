"""LaTeX: single equations, the document, the section with a run's numbers, and PDF through pdflatex."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskalign.derive import catalogue, compose, sections
from taskalign.derive.equation import Equation
from taskalign.derive.latex import names
from taskalign.numerics.errors import InputError
from taskalign.values import listed

#: seconds that one run of pdflatex may take
_TIMEOUT = 120
#: as often as references may need to settle
_RUNS = 4


# --- what the command line chooses ----------------------------------------------------------------------------
def notation(assignments: Sequence[str]) -> dict[str, str]:
    r"""`["effective_ridge=\xi"]` as a mapping.

    Raises:
        InputError: not NAME=LATEX, a symbol that is unknown or given twice, or LaTeX that no symbol can have.
    """
    renamed: dict[str, str] = {}
    for assignment in assignments:
        name, equals, latex = (part.strip() for part in assignment.partition("="))
        if not equals:
            raise InputError(f"notation: {assignment!r} is not NAME=LATEX")
        if name in renamed:
            raise InputError(f"notation: {name!r} is given twice, as {renamed[name]} and {latex}")
        renamed[name] = latex
    with _as_input():
        names(renamed)
    return renamed


@contextmanager
def _as_input() -> Iterator[None]:
    """Complaints of `derive` about the notation as bad input."""
    try:
        yield
    except ValueError as error:
        raise InputError(re.sub(r"^notation\['(\w+)'\]: ", r"notation: \1: ", str(error))) from None


def whole(chosen: str | None, renamed: Mapping[str, str]) -> str:
    """The document, of all sections or of those in a list separated by commas.

    Raises:
        InputError: an unknown section, or notation that is ambiguous.
    """
    wanted = None if chosen is None else [name.strip() for name in listed("--sections", chosen)]
    known = sections()
    for name in wanted or ():
        if name not in known:
            raise InputError(f"--sections: {name!r} is unknown, must be of {', '.join(known)}")
    with _as_input():
        return compose(wanted, renamed)


def selected(chosen: str, renamed: Mapping[str, str]) -> str:
    """Equations by name, separated by commas, as LaTeX without delimiters, one a line.

    Raises:
        InputError: an unknown equation, or notation that is ambiguous.
    """
    wanted = [name.strip() for name in listed("--equations", chosen)]
    known = catalogue()
    for name in wanted:
        if name not in known:
            raise InputError(f"--equations: {name!r} is unknown; `taskalign latex --list` lists them")
    with _as_input():
        return "\n".join(known[name].latex(renamed) for name in wanted)


def listing() -> str:
    """Every equation: name and title, by section."""
    lines = []
    width = max(map(len, catalogue()))
    for section in sections().values():
        lines += ["", f"{section.name}: {section.title}"]
        own = [equation for equation in catalogue().values() if equation.section == section.name]
        lines += [f"  {equation.name:<{width}}  {equation.title}" for equation in own]
    return "\n".join(lines[1:])


def equations_of(section: str) -> list[Equation]:
    """The equations of a section, in order."""
    return [equation for equation in catalogue().values() if equation.section == section]


# --- PDF --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Compiled:
    """What pdflatex made.

    Attributes:
        pdf: the file, or None.
        problem: why there is none, in one line.
        log: what pdflatex said.
    """

    pdf: bytes | None
    problem: str = ""
    log: bytes = b""


def compiled(source: str) -> Compiled:
    """Run pdflatex until references stand, in a folder of its own."""
    program = shutil.which("pdflatex")
    if program is None:
        return Compiled(
            None, "pdflatex is not installed: apt install texlive-latex-extra, or upload theory.tex to Overleaf"
        )
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "theory.tex"]
    # the same source gives the same file
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "theory.tex").write_text(source, encoding="utf-8")
        log = b""
        for _ in range(_RUNS):
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_TIMEOUT,
                )
            except subprocess.TimeoutExpired:
                return Compiled(None, f"pdflatex took more than {_TIMEOUT} s and was stopped")
            log = done.stdout
            if done.returncode:
                return Compiled(None, f"pdflatex failed: {_first_error(log)}", log)
            if b"Rerun to get" not in log and b"Rerun LaTeX" not in log:
                break
        return Compiled((folder / "theory.pdf").read_bytes(), log=log)


def _first_error(log: bytes) -> str:
    lines = log.decode(errors="replace").splitlines()
    return next((line.lstrip("! ") for line in lines if line.startswith("!")), "see the log")
