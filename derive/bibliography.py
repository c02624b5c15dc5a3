"""The sources, as BibTeX and as a LaTeX bibliography made from the same entries."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One source.

    Attributes:
        kind: BibTeX entry type.
        key: what `cite` gets.
        authors: as BibTeX writes them, family name first.
        fields: the other BibTeX fields, in order.
    """

    kind: str
    key: str
    authors: tuple[str, ...]
    fields: dict[str, str]


#: abbreviation in `Equation.source` -> entry
SOURCES: dict[str, Entry] = {
    "LZLP": Entry(
        "inproceedings",
        "letey2026",
        ("Letey, Mary I.", "Zavatone-Veth, Jacob A.", "Lu, Yue M.", "Pehlevan, Cengiz"),
        {
            "title": "Pretrain-Test Task Alignment Governs Generalization in In-Context Learning",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2026",
            "eprint": "2509.26551",
        },
    ),
    "TTK": Entry(
        "inproceedings",
        "takanami2026",
        ("Takanami, Kaito", "Takahashi, Takashi", "Kabashima, Yoshiyuki"),
        {
            "title": "Learning Linear Regression with Low-Rank Tasks in-Context",
            "booktitle": "International Conference on Artificial Intelligence and Statistics (AISTATS)",
            "year": "2026",
            "eprint": "2510.04548",
        },
    ),
    "LLZMP": Entry(
        "misc",
        "lu2024",
        ("Lu, Yue M.", "Letey, Mary I.", "Zavatone-Veth, Jacob A.", "Maiti, Anindita", "Pehlevan, Cengiz"),
        {
            "title": "Asymptotic theory of in-context learning by linear attention",
            "year": "2024",
            "eprint": "2405.11751",
        },
    ),
    "THEORY": Entry(
        "misc",
        "taskalign",
        ("{The taskalign developers}",),
        {
            "title": "taskalign: symbolic and numeric toolkit for the theory of in-context learning",
            "year": "2026",
            "note": "Derivation note, docs/theory.md in the source",
        },
    ),
}


def bibtex() -> str:
    """The sources as the text of a `.bib` file."""
    return "\n".join(_bibtex_entry(entry) for entry in SOURCES.values())


def _bibtex_entry(entry: Entry) -> str:
    fields = {"author": " and ".join(entry.authors), **entry.fields}
    if "eprint" in fields:
        fields |= {"archiveprefix": "arXiv", "url": f"https://arxiv.org/abs/{fields['eprint']}"}
    # double braces keep the capitals of titles
    lines = [f"  {name} = {{{f'{{{value}}}' if name == 'title' else value}}}," for name, value in fields.items()]
    return "\n".join([f"@{entry.kind}{{{entry.key},", *lines, "}", ""])


def citation(source: str) -> str:
    r"""The sources of an equation as LaTeX citations.

    Args:
        source: abbreviations with places, such as `LZLP, Corollary 4.1; THEORY (1.3)`.

    Raises:
        ValueError: an abbreviation is unknown.

    Examples:
        >>> print(citation("LZLP, Corollary 4.1; THEORY A4"))
        \cite[Corollary 4.1]{letey2026}; \cite[Section~A4]{taskalign}
    """
    return "; ".join(_one_citation(part.strip()) for part in source.split(";"))


def cited(source: str) -> list[str]:
    """Abbreviations that an equation's source names."""
    return [part.strip().replace(",", " ").split()[0] for part in source.split(";")]


def _one_citation(part: str) -> str:
    match = re.fullmatch(r"(\w+)[, ]*(.*)", part)
    if not match or match[1] not in SOURCES:
        raise ValueError(f"source: {part!r} does not begin with one of {', '.join(SOURCES)}")
    key, place = SOURCES[match[1]].key, match[2]
    if place.startswith("("):
        place = "Equation~" + place
    elif re.match(r"A?\d", place):
        place = "Section~" + place
    return rf"\cite[{place}]{{{key}}}" if place else rf"\cite{{{key}}}"


def bibliography(abbreviations: Collection[str]) -> str:
    """A `thebibliography` environment with the sources of the given abbreviations."""
    items = [_item(entry) for name, entry in SOURCES.items() if name in abbreviations]
    return "\n".join([rf"\begin{{thebibliography}}{{{len(items)}}}", *items, r"\end{thebibliography}"])


def _item(entry: Entry) -> str:
    people = [_readable(author) for author in entry.authors]
    authors = ", ".join(people[:-1]) + " and " + people[-1] if len(people) > 1 else people[0]
    fields = entry.fields
    parts = [authors, rf"\emph{{{fields['title']}}}"]
    parts += [fields[name] for name in ("booktitle", "note") if name in fields]
    parts.append(fields["year"])
    if "eprint" in fields:
        parts.append(rf"\href{{https://arxiv.org/abs/{fields['eprint']}}}{{arXiv:{fields['eprint']}}}")
    return rf"\bibitem{{{entry.key}}} " + ". ".join(part.rstrip(".") for part in parts) + "."


def _readable(author: str) -> str:
    family, _, given = author.strip("{}").partition(", ")
    return f"{given}~{family}" if given else family
