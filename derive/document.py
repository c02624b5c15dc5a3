r"""A paper-ready LaTeX document of the equations: self-contained, for `pdflatex` alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .bibliography import bibliography, bibtex, citation, cited
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
        sections: names of the sections to include, see `catalogue.sections`; by default all. They appear in the
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
