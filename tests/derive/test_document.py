"""The document: compiles cleanly whole and in parts, renames symbols everywhere, refers to nothing that is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from taskalign.derive import catalogue, compose, document, sections
from taskalign.derive.latex import names
from taskalign.derive.notation import TABLE

needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")

#: hboxes may stick out this far, in points
OVERFULL = 10.0


def complaints(source: str, folder: Path) -> list[str]:
    """Errors, undefined references and overfull lines of the last of two runs."""
    (folder / "document.tex").write_text(source)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    for _ in range(2):
        subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=120)
    # lines of the log are broken at 79 characters
    log = (folder / "document.log").read_text(errors="replace")
    found = re.findall(r"^!.*|.*(?:undefined|multiply defined|Rerun to get).*", log, re.MULTILINE)
    wide = re.findall(r"^Overfull \\hbox \((\d+\.\d+)pt.*", log, re.MULTILINE)
    found += [f"overfull by {points}pt" for points in wide if float(points) > OVERFULL]
    if not (folder / "document.pdf").exists():
        found.append("no PDF")
    return found


@needs_pdflatex
def test_complaints_are_found(tmp_path: Path) -> None:
    bad = r"\documentclass{article}\begin{document}\ref{nothing} \rule{2\textwidth}{1pt}\end{document}"
    assert len(complaints(bad, tmp_path)) >= 2


@needs_pdflatex
def test_whole_document_compiles(tmp_path: Path) -> None:
    assert complaints(document(), tmp_path) == []
    assert "inproceedings" in (tmp_path / "taskalign.bib").read_text()


@needs_pdflatex
@pytest.mark.parametrize("section", sections())
def test_each_section_alone_compiles(section: str, tmp_path: Path) -> None:
    assert complaints(document([section]), tmp_path) == []


@needs_pdflatex
def test_renamed_document_compiles(tmp_path: Path) -> None:
    awkward = {"effective_ridge": r"\xi", "sigma": r"\sigma_{\star}", "M": r"m^{(1)}", "kappa": "K", "c": "X"}
    assert complaints(document(notation=awkward), tmp_path) == []


def formulas(source: str) -> str:
    """The body without names in code and without keys."""
    body = source.split(r"\begin{document}")[1]
    return re.sub(
        r"\\texttt\{[^}]*\}|\\(?:eq)?ref\{[^}]*\}|\\(?:label|cite(?:\[[^]]*\])?|bibitem|href)\{[^}]*\}", "", body
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("effective_ridge", r"\tilde\lambda", r"\xi"),
        ("kappa", r"\kappa", r"\vartheta"),
        ("tau", r"\tau", r"\varrho"),
        ("sigma", r"\sigma", r"\varsigma"),
        ("M", r"\mathcal{M}", r"\mathbf{m}"),
        ("K", r"\mathcal{K}", r"\mathbf{K}"),
        ("C_train", r"C_{\mathrm{train}}", r"\mathbf{S}"),
    ],
)
def test_a_renamed_symbol_is_renamed_everywhere(name: str, old: str, new: str) -> None:
    # of the trace's own LaTeX only the letter is looked for
    override = new + (r"_{\kappa}" if name == "M" else "")
    before, after = formulas(document()), formulas(document(notation={name: override}))
    exactly = re.escape(old) + r"(?![A-Za-z])"
    assert len(re.findall(exactly, before)) > 5
    assert not re.findall(exactly, after)
    assert after.count(new) == len(re.findall(exactly, before)) + before.count(new)


def test_no_symbol_is_written_out_by_hand() -> None:
    """With every symbol renamed no Greek letter of the table is left."""
    everything = {name: rf"\mathsf{{N{k}}}" for k, name in enumerate(TABLE)}
    greek = set(re.findall(r"\\[a-z]+", " ".join(x.latex for x in TABLE.values())))
    greek -= {
        r"\mathrm",
        r"\mathcal",
        r"\tilde",
        r"\bar",
        r"\hat",
        r"\langle",
        r"\rangle",
        r"\min",
        r"\max",
        r"\ast",
        r"\uparrow",
    }
    body = formulas(document(notation=everything))
    assert len(greek) > 10
    assert not {letter for letter in greek if re.search(re.escape(letter) + "(?![A-Za-z])", body)}
    assert not re.search(r"\\mathcal\{[KMDUES]\}", body)


def test_no_two_symbols_are_written_alike() -> None:
    """But for the eigenvalues, one by one and as a list, and for Q, one quantity in two settings."""
    latex = names()
    written = [latex[name] for name in TABLE if name not in ("eigenvalues", "order_Q")]
    assert sorted(set(written)) == sorted(written)


def test_headings_say_what_they_begin() -> None:
    """Equations that share title and condition share one heading."""
    assert not re.search(r"Likewise, for\s*,|\(\s*\)\.", document())
    assert document(["iteration"]).count(r"\textbf{Cubic moment}") == 1


def test_sections_are_chosen_and_in_order() -> None:
    source = document(["metrics", "ridge"])
    labels = re.findall(r"\\label\{(eq:[^}]*)\}", source)
    chosen = [e.label for e in catalogue().values() if e.section in ("ridge", "metrics")]
    assert labels == chosen


@pytest.mark.parametrize("section", [None, *sections()])
def test_references_are_to_equations_of_the_document(section: str | None) -> None:
    source = document(None if section is None else [section])
    labels = set(re.findall(r"\\label\{([^}]*)\}", source))
    assert set(re.findall(r"\\(?:eq)?ref\{([^}]*)\}", source)) <= labels
    keys = set(re.findall(r"\\bibitem\{([^}]*)\}", source))
    cited = {key for group in re.findall(r"\\cite(?:\[[^]]*\])?\{([^}]*)\}", source) for key in group.split(",")}
    assert cited == keys


def test_notation_table_holds_what_is_used() -> None:
    few, many = (re.findall(r"\\texttt\{([^}]*)\} \\\\", document(chosen)) for chosen in (["ridge"], None))
    assert r"effective\_ridge" in few
    assert "P0" not in few
    assert set(few) < set(many)


def test_run_section_stands_before_the_notation() -> None:
    source = compose(["ridge"], run_section=r"\section{This run} 42")
    assert source.index("This run} 42") < source.index(r"\section{Notation}")
    assert r"\section{This run}" not in document(["ridge"])


def test_unknown_section_is_refused() -> None:
    with pytest.raises(ValueError, match="sections: 'rigde' is unknown; choose from resolvent, ridge"):
        document(["rigde"])


def test_unknown_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="notation: 'lambda' is no symbol"):
        document(["ridge"], {"lambda": "x"})
