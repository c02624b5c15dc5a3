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
from difflib import get_close_matches
from pathlib import Path

from taskalign.derive import Section, catalogue, compose, sections
from taskalign.derive.equation import Equation
from taskalign.derive.latex import names, plain, symbols_of
from taskalign.derive.notation import ALIASES, TABLE
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


def listing(word: str = "") -> str:
    """The equations by section: name, title, and the file and line that make them.

    Args:
        word: lists those alone that hold it in their name, title, section or symbols.

    Raises:
        InputError: none holds it.
    """

    def found(equation: Equation, section: Section) -> bool:
        texts = (equation.name, equation.title, section.name, section.title)
        return any(_holds(text, word) for text in texts) or not chosen.isdisjoint(symbols_of(equation.statement))

    chosen = {name for name in TABLE if _holds(name, word)} | set(ALIASES.get(word, ()))
    rows = {
        section: [equation for equation in section.equations.values() if not word or found(equation, section)]
        for section in sections().values()
    }
    shown = [equation for row in rows.values() for equation in row]
    if not shown:
        raise InputError(
            f"--list: {word!r} is in no name, title, section or symbol of an equation"
            f"{_near(word, *TABLE, *ALIASES, *catalogue(), *sections())}"
        )
    name, title = (max(len(getattr(equation, part)) for equation in shown) for part in ("name", "title"))
    return "\n\n".join(
        "\n".join(
            [
                f"{section.name}: {section.title}",
                *(f"  {e.name:<{name}}  {e.title:<{title}}  {e.place}" for e in equations),
            ]
        )
        for section, equations in rows.items()
        if equations
    )


def symbols(word: str = "") -> str:
    """The symbols: code name, LaTeX and meaning; first those of that name or that are also called so.

    Args:
        word: lists those alone that hold it in their name, LaTeX or meaning.

    Raises:
        InputError: none holds it.
    """
    latex = names()
    known = {name: (latex[name], plain(entry.meaning)) for name, entry in TABLE.items()}
    first = [name for name in TABLE if name == word or name in ALIASES.get(word, ())]
    # a letter is in all of them
    rest = (
        []
        if first and len(word) == 1
        else [name for name in TABLE if any(_holds(x, word) for x in (name, *known[name]))]
    )
    shown = list(dict.fromkeys([*first, *rest]))
    if not shown:
        raise InputError(
            f"--symbols: {word!r} is in no name, LaTeX or meaning of a symbol{_near(word, *TABLE, *ALIASES)}"
        )
    width, wide = max(map(len, shown)), max(len(latex[name]) for name in shown)
    return "\n".join(f"{name:<{width}}  {known[name][0]:<{wide}}  {known[name][1]}" for name in shown)


def _holds(text: str, word: str) -> bool:
    return word.lower() in text.lower()


def _near(word: str, *known: str) -> str:
    near = get_close_matches(word, dict.fromkeys(known), n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


def equations_of(section: str) -> list[Equation]:
    """The equations of a section, in order."""
    return list(sections()[section].equations.values())


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
