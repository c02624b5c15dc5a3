r"""LaTeX of the catalogue as MathML, which browsers render themselves: no script, no font, no network.

What `latex2mathml` does not know is put in other words before (`\\[1ex]` and `\displaystyle` in cases are left to the
page's style sheet, a single upright letter becomes text); what browsers would show badly is set right after.
"""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

from taskalign.numerics.errors import need_library

_ROW_GAP = re.compile(r"\\\\\[[^\]]*\]")
_UPRIGHT_LETTER = re.compile(r"\\mathrm\{(\w)\}")
_TEXT_MARKS = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), (r"\ ", " "), ("~", "\N{NO-BREAK SPACE}"))
_PRIME = "\N{PRIME}"


def formula(latex: str, *, block: bool = False) -> str:
    """MathML of a formula given without delimiters.

    Raises:
        ImportError: latex2mathml is missing.
    """
    need_library("latex2mathml")
    from latex2mathml.converter import convert

    words = _ROW_GAP.sub(r"\\\\", latex).replace(r"\displaystyle ", "")
    words = _UPRIGHT_LETTER.sub(r"\\text{\1}", words)
    root = ElementTree.fromstring(convert(words, display="block" if block else "inline"))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for parent in list(root.iter()):
        for child in parent:
            _mend(child)
    return ElementTree.tostring(root, encoding="unicode")


def _mend(element: ElementTree.Element) -> None:
    if element.tag == "mo" and element.text in ("/", "|"):
        element.attrib.update(lspace="0", rspace="0", stretchy="false")
    # a prime stands raised in every font, so it goes beside its letter, not above it
    if element.tag in ("msup", "msubsup") and element[-1].text == _PRIME:
        letter = ElementTree.Element("msub" if element.tag == "msubsup" else "mrow")
        letter.extend(element[:-1])
        prime = ElementTree.Element("mo", lspace="0", rspace="0")
        prime.text = _PRIME
        element.tag = "mrow"
        element[:] = [letter, prime]


def text(latex: str) -> str:
    r"""HTML of LaTeX text with formulas between dollar signs.

    Raises:
        ImportError: latex2mathml is missing.
    """
    parts = latex.split("$")
    return "".join(formula(part) if k % 2 else html.escape(_plain(part)) for k, part in enumerate(parts))


def _plain(part: str) -> str:
    for mark, meant in _TEXT_MARKS:
        part = part.replace(mark, meant)
    return re.sub(r"\\(?:emph|textit|text)\{([^}]*)\}", r"\1", part)
