"""The proof appendix: compiles alone and inside the document, and renames symbols everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from taskalign.derive import document
from taskalign.proofs_check import proof_appendix, prove

needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def complaints(source: str, folder: Path) -> list[str]:
    """Errors, undefined references and lines that stick out by more than ten points."""
    (folder / "proofs.tex").write_text(source)
    for _ in range(2):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "proofs.tex"]
        subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=120)
    log = (folder / "proofs.log").read_text(errors="replace")
    found = re.findall(r"^!.*|.*(?:undefined|multiply defined).*", log, re.MULTILINE)
    wide = re.findall(r"^Overfull \\hbox \((\d+\.\d+)pt.*", log, re.MULTILINE)
    return found + [f"overfull by {points}pt" for points in wide if float(points) > 10]


@needs_pdflatex
@pytest.mark.parametrize(
    "notation", [None, {"effective_ridge": r"\xi", "sigma": r"\sigma_{\star}", "M": r"m^{(1)}", "kappa": "K"}]
)
def test_compiles_alone(notation: dict[str, str] | None, tmp_path: Path) -> None:
    assert complaints(proof_appendix(notation, standalone=True), tmp_path) == []
    assert (tmp_path / "proofs.pdf").exists()


@needs_pdflatex
def test_compiles_inside_the_document(tmp_path: Path) -> None:
    whole = document(["ordering"])
    bibliography = r"\begin{thebibliography}"
    assert bibliography in whole
    source = whole.replace(bibliography, "\\appendix\n" + proof_appendix() + bibliography)
    assert complaints(source, tmp_path) == []


def test_every_step_appears_once_in_order() -> None:
    numbers = re.findall(r"\\textbf\{(\d+)\}~\\texttt\{([^}]*)\}", proof_appendix())
    assert numbers == [(str(k), step.name.replace("_", r"\_")) for k, step in enumerate(prove(), start=1)]


def test_renamed_symbols_are_renamed_everywhere() -> None:
    renamed = {"effective_ridge": r"\xi", "kappa": r"\chi", "sigma": r"\psi", "K": r"\mathbf{K}"}
    before, after = proof_appendix(), proof_appendix(renamed)
    for old, new in zip((r"\tilde\lambda", r"\kappa", r"\sigma", r"\mathcal{K}"), renamed.values(), strict=True):
        exactly = re.escape(old) + r"(?![A-Za-z])"
        assert len(re.findall(exactly, before)) > 5
        assert not re.findall(exactly, after)
        assert new in after


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="no symbol"):
        proof_appendix({"lambda": "x"})
