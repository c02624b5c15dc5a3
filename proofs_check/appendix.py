r"""The proofs as a LaTeX appendix, in the notation of the document of `derive`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Eq
from sympy.core.relational import Relational

from ..derive import notation as n
from ..derive import stable
from ..derive.document import symbols_of
from ..derive.latex import LINE, displayed, marked, names, text, width
from ..derive.notation import TABLE
from .proving import CLAIMS, Claim, prove
from .relations import eq, is_equation
from .step import ProofStep
from .symbols import LOCAL, ProofPrinter

#: a statement up to this width stands in the line
_INLINE = 150.0

_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb,mathtools}
\usepackage{booktabs,longtable,array}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage{microtype}}{\usepackage[expansion=false]{microtype}}
\usepackage[hidelinks]{hyperref}
\allowdisplaybreaks
\begin{document}
"""

_INTRODUCTION = (
    "Every step below is checked by computer algebra, without numerical evaluation. An identity reduces to zero as a"
    " rational function of moments of the spectrum. A sign is that of a sum, each term of which is a product of"
    " factors whose signs are assumed or were shown in the steps named in brackets. An implication is what a rule of"
    " inference makes of the statements of these steps; the rules are theorems of elementary calculus and logic. What"
    " is assumed of $@t$ in steps about slopes holds on an interval, because the gaps grow with $@t$."
)


def proof_appendix(notation: Mapping[str, str] | None = None, *, standalone: bool = False) -> str:
    r"""The proofs in LaTeX.

    Args:
        notation: LaTeX to use for some symbols, by name, for instance `{"effective_ridge": r"\xi"}`.
        standalone: a complete document with a table of notation, instead of a `\section` for use in another one
            that loads `amsmath` and `mathtools`.

    Raises:
        ValueError: `notation` names an unknown symbol.

    Examples:
        >>> proof_appendix().splitlines()[0]
        '\\section{Proofs}\\label{sec:proofs}'
    """
    steps = prove()
    numbers = {step.name: number for number, step in enumerate(steps, start=1)}
    writer = _Writer(notation, numbers)
    parts = [writer.part(claim, [s for s in steps if s.claim == name]) for name, claim in CLAIMS.items()]
    section = "\n".join([r"\section{Proofs}\label{sec:proofs}", text(_INTRODUCTION, notation), _summary(steps), *parts])
    if not standalone:
        return section + "\n"
    table = _notation_table(steps, notation)
    return _PREAMBLE + section + "\n" + table + "\n\\end{document}\n"


def _summary(steps: Sequence[ProofStep]) -> str:
    counts = {status: sum(step.status == status for step in steps) for status in ("proved", "cited", "open", "failed")}
    said = [f"{count} {status}" for status, count in counts.items() if count]
    return f"Of the {len(steps)} steps, " + " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said) + "."


class _Writer:
    def __init__(self, notation: Mapping[str, str] | None, numbers: Mapping[str, int]) -> None:
        self.notation = notation
        self.numbers = numbers
        self.printer = ProofPrinter(notation)
        self.said: dict[str, Eq] = {}

    def part(self, claim: Claim, steps: Sequence[ProofStep]) -> str:
        """The steps of one claim."""
        self.said = {key: said for key, said in self.said.items() if key == "K"}
        heading = rf"\subsection{{{self.text(claim.title)}}}"
        return "\n".join([heading, self.text(claim.introduction), *map(self.step, steps)])

    def text(self, template: str) -> str:
        return text(template, self.notation)

    def step(self, step: ProofStep) -> str:
        """Number, conditions, statement, reason and evidence."""
        status = "" if step.status == "proved" else rf" (\emph{{{step.status}}})"
        name = step.name.replace("_", r"\_")
        lines = [rf"\par\medskip\noindent\textbf{{{self.numbers[step.name]}}}~\texttt{{{name}}}{status}."]
        definitions, conditions = self.definitions(step), self.conditions(step)
        lines += [definitions, conditions or ("we have" if definitions else "")]
        lines += [self.formula(step.statement), self.text(step.reason)]
        evidence = self.evidence(step)
        used = sorted(self.numbers[premise] for premise in step.premises)
        used = "[" + ", ".join(map(str, used)) + "]" if used else ""
        lines += [used, evidence] if evidence.startswith("\\begin") else [evidence, used]
        return "\n".join(line for line in lines if line)

    def evidence(self, step: ProofStep) -> str:
        """The sum that shows a sign, unless it was said before or is printed like what it is equal to."""
        decomposition = step.decomposition
        if decomposition is None or decomposition in step.assuming:
            return ""
        if self.printer.doprint(decomposition.lhs) == self.printer.doprint(decomposition.rhs):
            return ""
        return self.formula(decomposition)

    def conditions(self, step: ProofStep) -> str:
        """The inequalities that are assumed."""
        assumed = [f"${self.printer.doprint(x)}$" for x in step.assuming if not is_equation(x)]
        return "If " + ", ".join(assumed) + ":" if assumed else ""

    def definitions(self, step: ProofStep) -> str:
        """The equations that are assumed, where they are not as said before."""
        assumed: dict[str, Eq] = {}
        for equation in (x for x in step.assuming if is_equation(x)):
            if equation.lhs.func == n.K_of:  # one function throughout
                assumed["K"] = eq(n.K_of(n.c), stable.K.rhs)
            else:
                assumed[str(equation.lhs)] = equation
        new = {key: equation for key, equation in assumed.items() if self.said.get(key) != equation}
        if any(key in self.said for key in new):  # another situation: all of it is said
            new = {key: equation for key, equation in assumed.items() if key != "K"}
        self.said |= new
        return "For" + self.rows(list(new.values())) if new else ""

    def rows(self, equations: Sequence[Eq]) -> str:
        """Displayed, several in a row where they fit."""
        rows: list[str] = []
        for equation in equations:
            latex = displayed(equation, self.printer).replace("{cases}", "{dcases}")
            joined = rf"{rows[-1]}, \qquad {latex}" if rows else latex
            if rows and "begin" not in joined and width(joined) <= LINE:
                rows[-1] = joined
            else:
                rows.append(latex)
        return "\n\\begin{gather*}\n" + " \\\\\n".join(rows) + "\n\\end{gather*}"

    def formula(self, relation: Relational) -> str:
        """In the line if it is short, else displayed and broken."""
        inline = self.printer.doprint(relation)
        if width(inline) <= _INLINE and not any(x in inline for x in (r"\frac", r"\sum", r"\begin")):
            return f"${inline}$."
        body = displayed(relation, self.printer).replace("{cases}", "{dcases}")
        return "\\begin{equation*}\n" + body + "\n\\end{equation*}"


# --- notation -----------------------------------------------------------------------------------------------
def _notation_table(steps: Sequence[ProofStep], notation: Mapping[str, str] | None) -> str:
    templates = [x for claim in CLAIMS.values() for x in (claim.title, claim.introduction)]
    templates += [step.reason for step in steps] + list(LOCAL.values())
    used = {name for template in templates for name in marked(template)}
    for relation in (
        x for step in steps for x in (step.statement, *step.assuming, step.decomposition) if x is not None
    ):
        used |= set(symbols_of(relation))
    latex = names(notation)
    rows = [rf"{latex[name]} & {text(TABLE[name].meaning, notation)} \\" for name in TABLE if name in used]
    return "\n".join(
        [
            # a new page where few lines are left, since longtable would leave the heading behind
            r"\par\ifdim\dimexpr\pagegoal-\pagetotal<8\baselineskip\clearpage\fi",
            r"\section*{Notation}",
            r"\begin{longtable}{@{}>{$}l<{$}p{0.7\textwidth}@{}}",
            r"\toprule \multicolumn{1}{@{}l}{Symbol} & Meaning \\ \midrule \endhead",
            r"\bottomrule \endfoot",
            *rows,
            r"\end{longtable}",
        ]
    )
