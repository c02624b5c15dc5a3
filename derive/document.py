r"""A paper-ready LaTeX document of the equations: self-contained, for `pdflatex` alone; its sources also as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .equation import Equation, Section, catalogue, sections
from .latex import distinct, marked, symbols_of, text
from .notation import TABLE

_REFERENCE = re.compile(r"\[\[(\w+)\]\]")

_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb,mathtools}
\usepackage{array,booktabs,longtable}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage{microtype}}{\usepackage[expansion=false]{microtype}}
\usepackage[hidelinks]{hyperref}
\numberwithin{equation}{section}
\allowdisplaybreaks
"""

_TITLE = "Task alignment in in-context learning: the equations"

_ABSTRACT = (
    r"We collect the asymptotic theory of in-context learning of linear regression by linear attention, for pretraining"
    r" and test tasks of different covariances \cite{letey2026,takanami2026,lu2024}. All equations are printed from"
    r" one symbolic source; derivatives, roots, closed forms and limits are computed from the fixed-point equations,"
    r" not transcribed. Results hold at leading order in $@d \to \infty$ with the ratios of"
    r" Section~\ref{sec:setting} fixed."
)

_SETTING = (
    r"A prompt holds $\ell$ examples $(\boldsymbol{x}_i, y_i)$ and a query $\boldsymbol{x}$; inputs are Gaussian"
    r" with covariance $I/@d$, and labels are $y = \langle \boldsymbol{x}, \boldsymbol{w}\rangle + \epsilon$ with a"
    r" task vector $\boldsymbol{w}$ common to the prompt and noise $\epsilon$ of variance $@rho$ in pretraining and"
    " $@rho_test$ at test. Pretraining uses $n$ such contexts, whose tasks are drawn uniformly from $k$ fixed ones,"
    r" themselves drawn from $\mathcal{N}(0, @C_train)$; test tasks are drawn from $\mathcal{N}(0, @C_test)$. One"
    r" layer of linear attention reduces to the prediction $\hat{y} = \boldsymbol{x}^\top \Gamma\, \frac{@d}{\ell}"
    r" \sum_i y_i \boldsymbol{x}_i$, and pretraining to ridge regression for $\Gamma$ with the penalty"
    r" $(n/@d)\,@ridge\,\|\Gamma\|^2$. Dimension and numbers of data grow together, with \begin{equation*} @alpha ="
    r" \frac{\ell}{@d}, \qquad @kappa = \frac{k}{@d}, \qquad @tau = \frac{n}{@d^2} \end{equation*} fixed. The"
    r" squared labels, which the layer also sees, change nothing at leading order. Traces $\mathrm{tr}$ are"
    " normalised by $@d$."
)

#: letters of the text that no symbol of the notation table stands for
_LETTERS = (r"\ell", "n", "k", "i", r"\Gamma", r"\epsilon", "R_k", "v_i", "x_i", "y_i", r"\mathrm{tr}")


def document(sections: Sequence[str] | None = None, notation: Mapping[str, str] | None = None) -> str:
    r"""A complete LaTeX document: setting, notation, and the chosen sections with numbered equations.

    Args:
        sections: names of the sections to include, see `equation.sections`; by default all. They appear in the
            order of the document.
        notation: LaTeX to use for some symbols, by name, for instance `{"effective_ridge": r"\xi"}`.

    Raises:
        ValueError: an unknown section or symbol, or symbols that would look alike, see `latex.distinct`.

    Examples:
        >>> document(["ridge"], {"effective_ridge": r"\xi"}).count(r"\begin{equation}")
        6
    """
    return compose(sections, notation)


def compose(
    chosen: Sequence[str] | None = None,
    notation: Mapping[str, str] | None = None,
    *,
    run_section: str | None = None,
) -> str:
    r"""The document, with room for results of one run.

    Args:
        chosen: as `sections` of `document`.
        notation: as for `document`.
        run_section: LaTeX placed before the notation table, with its own `\section`.

    Raises:
        ValueError: an unknown section or symbol, or symbols that would look alike, see `latex.distinct`.
    """
    parts = _chosen(chosen)
    equations = [equation for equation in catalogue().values() if equation.section in {part.name for part in parts}]
    known = {equation.name for equation in equations}
    sources = {"LZLP", "TTK", "LLZMP", *(name for equation in equations for name in cited(equation.source))}
    body = [
        rf"\begin{{abstract}}{text(_ABSTRACT, notation)}\end{{abstract}}",
        "\\section{Setting}\\label{sec:setting}\n" + text(_SETTING, notation),
        *([run_section] if run_section else []),
        "\\section{Notation}\\label{sec:notation}\n" + _notation_table(parts, equations, notation),
        *(_section(part, [e for e in equations if e.section == part.name], known, notation) for part in parts),
        bibliography(sources),
    ]
    return "\n".join(
        [
            # the entries for the user's own bibliography; an existing file is left alone
            "\\begin{filecontents*}{taskalign.bib}\n" + bibtex() + "\\end{filecontents*}",
            _PREAMBLE,
            rf"\title{{{_TITLE}}}",
            "\\author{taskalign}\n\\date{}\n\\begin{document}\n\\maketitle",
            "\n\n".join(body),
            "\\end{document}\n",
        ]
    )


def _chosen(wanted: Sequence[str] | None) -> list[Section]:
    available = sections()
    if isinstance(wanted, str):
        wanted = [wanted]
    for name in wanted or ():
        if name not in available:
            raise ValueError(f"sections: {name!r} is unknown; choose from {', '.join(available)}")
    return [part for part in available.values() if wanted is None or part.name in wanted]


# --- sections -----------------------------------------------------------------------------------------------
def _section(part: Section, equations: list[Equation], known: set[str], notation: Mapping[str, str] | None) -> str:
    def prose(template: str) -> str:
        return text(_REFERENCE.sub(lambda match: _reference(match[1], known), template), notation)

    lines = [rf"\section{{{part.title}}}\label{{sec:{part.name}}}", prose(part.introduction)]
    for before, equation in zip([None, *equations], equations, strict=False):
        if equation.name in part.before:
            lines.append("\n\\medskip\\noindent\n" + prose(part.before[equation.name]))
        lines.append(_entry(equation, before, notation))
    return "\n".join(lines)


def _reference(name: str, known: set[str]) -> str:
    """An equation by its number where it is in the document, else by its title."""
    equation = catalogue()[name]
    if name in known:
        return rf"\eqref{{{equation.label}}}"
    return "the " + equation.title[0].lower() + equation.title[1:]


def _entry(equation: Equation, before: Equation | None, notation: Mapping[str, str] | None) -> str:
    """Heading, equation and remark; what the equation before has said is not said again."""
    condition = text(equation.condition, notation)
    if before and equation.title == before.title:
        heading = f"Likewise, for {condition}," if condition else ""
    else:
        heading = rf"\textbf{{{equation.title}}}" + (f" ({condition})" if condition else "")
        if not before or equation.source != before.source:
            heading += f" {citation(equation.source)}"
        heading += "."
    lines = ["\n\\medskip\\noindent " + heading] if heading else []
    lines.append(equation.latex(notation, numbered=True))
    if equation.remark:
        lines.append(text(equation.remark, notation))
    return "\n".join(lines)


# --- notation -----------------------------------------------------------------------------------------------
def _notation_table(parts: list[Section], equations: list[Equation], notation: Mapping[str, str] | None) -> str:
    templates = [_SETTING, _ABSTRACT]
    templates += [x for part in parts for x in (part.introduction, *part.before.values())]
    templates += [x for equation in equations for x in (equation.condition, equation.remark)]
    used = {name for template in templates for name in marked(template)}
    used |= {name for equation in equations for name in symbols_of(equation.statement)}
    latex = distinct(notation, [equation.statement for equation in equations], used, _LETTERS)
    rows = [_row(name, latex, notation) for name in TABLE if name in used]
    return "\n".join(
        [
            r"Symbols of this document; the last column is their name in code.",
            r"\begin{longtable}{@{}>{$}l<{$}p{0.56\textwidth}l@{}}",
            r"\toprule \multicolumn{1}{@{}l}{Symbol} & Meaning & Name \\ \midrule \endhead",
            r"\bottomrule \endfoot",
            *rows,
            r"\end{longtable}",
        ]
    )


def _row(name: str, latex: Mapping[str, str], notation: Mapping[str, str] | None) -> str:
    code = name.replace("_", r"\_")
    return rf"{latex[name]} & {text(TABLE[name].meaning, notation)} & \texttt{{{code}}} \\"


# --- bibliography ----------------------------------------------------------------------------------------
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
