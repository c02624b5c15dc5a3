"""The section "This run" of `theory.tex`: the equations with the numbers of one run put in for the symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskalign.derive import catalogue
from taskalign.derive.latex import names, text, with_values
from taskalign.derive.notation import TABLE
from taskalign.quantities import QUANTITIES, evaluated
from taskalign.report import ReportData
from taskalign.verdict import verdict

#: attribute of a fixed point -> its name in the notation table, where that is another
IN_NOTATION = {"da": "b"}
#: the equations that are shown with numbers, in the order in which one follows from the other
_STEPS = (
    *("summary_noise", "sigma", "memorisation", "resolvent_trace", "{ridge}"),
    *("q", "K", "Qbar", "e_scalar", "e_misalign", "e_icl"),
)
#: these hold for any argument of the resolvent, which here is sigma
_AT_SIGMA = ("memorisation", "resolvent_trace")
_METRICS = ("misalignment", "resolvent", "population")


def number(value: Any, digits: int = 6) -> str:
    """A number in mathematics: powers of ten, infinity."""
    size = float(value)
    if size in (float("inf"), float("-inf")):
        return r"\infty" if size > 0 else r"-\infty"
    mantissa, _, exponent = f"{size:.{digits}g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def run_section(data: ReportData) -> str:
    """LaTeX of the section, with its own heading."""
    values = {IN_NOTATION.get(name, name): float(value) for name, value in evaluated(data.error).items()}
    c_test = float((data.tasks.spectrum.weights * data.tasks.test).sum())
    known = data.parameters.filled_in() | {"c_train": float(data.tasks.spectrum.trace), "c_test": c_test} | values
    return "\n".join(
        [
            "\\section{This run}\\label{sec:run}",
            _inputs(data),
            text(
                "The equations of the following sections, with the numbers of this run in place of the symbols"
                " (rounded to four digits where they are put in; all digits are in \\texttt{values.json})."
                " $@a$ and $@M$ solve the fixed-point equations; $@F$, $@M$ and their derivatives are taken at"
                " $@sigma$."
            ),
            *(_step(name, known) for name in _steps(data)),
            _table(values),
            "\\subsection*{The order of the alignment matrix}",
            *(f"{text(sentence)}" for sentence in verdict(data)),
            "\\subsection*{Test covariances of this trace, and the measures of alignment}",
            _choices(data),
            _metrics(data),
        ]
    )


def _inputs(data: ReportData) -> str:
    tasks = data.tasks
    parameters = ", ".join(
        f"${names()[name]} = {number(value)}$" for name, value in data.parameters.filled_in().items()
    )
    test = "the pretraining tasks themselves" if tasks.test_source is None else _file(tasks.test_source.text)
    return (
        f"Pretraining tasks: {_file(tasks.train_source.text)}, {tasks.spectrum.size} eigenvalues; test tasks: {test}."
        f" Parameters: {parameters}.\n"
    )


def _file(name: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}

    def escaped(letter: str) -> str:
        # pdflatex knows Latin letters alone; others, and bytes that are no letter, are written by their number
        if not ((letter.isascii() and letter.isprintable()) or (letter.isalpha() and ord(letter) < 256)):
            return rf"\textless U+{ord(letter):04X}\textgreater{{}}"
        return special.get(letter) or re.sub(r"([_%$#&{}])", r"\\\1", letter)

    # long paths may break after a slash
    return "\\texttt{" + "".join(map(escaped, name)).replace("/", "/\\allowbreak{}") + "}"


def _steps(data: ReportData) -> list[str]:
    p = data.parameters
    ridge = "effective_ridge_fixed_point" if p.ridge > 0 else "effective_ridge_above"
    if p.ridge == 0 and p.tau < 1:
        ridge = "effective_ridge_below"
    return [name.format(ridge=ridge) for name in _STEPS]


def _step(name: str, known: Mapping[str, float]) -> str:
    """An equation, the same with numbers, and the value of its left-hand side where that is a number of the run."""
    equation = catalogue()[name]
    numbers = {symbol: _in_brackets(value) for symbol, value in known.items()}
    if name in _AT_SIGMA:
        numbers["z"] = numbers["sigma"]
    left = equation.lhs
    solved = left.is_Symbol and left.name in known
    symbols, with_numbers = equation.latex(), _tidy(with_values(equation.statement, numbers))
    lines = [symbols.replace("=", "&=", 1)]
    right = with_numbers.partition("=")[2].strip()
    if not solved:
        kept = symbols.partition("=")[0].strip() if left.is_Symbol else with_numbers.partition("=")[0].strip()
        lines.append(rf"{kept} &\approx {right}")
    elif right != symbols.partition("=")[2].strip() and right != number(known[left.name], 10):
        lines.append(rf"&\approx {right}")
    if solved and right != "0":
        lines.append(f"&= {number(known[left.name], 10)}")
    heading = f"\n\\medskip\\noindent\n\\textbf{{{equation.title}}}, \\eqref{{{equation.label}}}:"
    body = " \\\\[2pt]\n".join(lines)
    return f"{heading}\n\\begin{{equation*}}\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n\\end{{equation*}}"


def _in_brackets(value: float) -> str:
    return f"({number(value, 4)})"


def _tidy(latex: str) -> str:
    """Numbers that stand alone between signs lose their brackets."""
    plain = r"\(([\d.]+)\)"
    before, after = r"[\w)}\]^_]", r" ?[\^_(\[\w\\]"
    alone = rf"(?<!{before} )(?<!{before}){plain}(?!{after})"
    return re.sub(alone, r"\1", latex)


def _table(values: Mapping[str, float]) -> str:
    latex = names()
    rows = []
    for quantity in QUANTITIES:
        name = IN_NOTATION.get(quantity.name, quantity.name)
        rows.append(rf"{latex[name]} & {text(TABLE[name].meaning)} & {number(values[name], 12)} \\")
    return "\n".join(
        [
            "\\begin{center}",
            r"\begin{tabular}{@{}>{$}l<{$}p{0.56\textwidth}>{$}r<{$}@{}}",
            r"\toprule \multicolumn{1}{@{}l}{Symbol} & Meaning & \multicolumn{1}{r@{}}{Value} \\ \midrule",
            *rows,
            r"\bottomrule",
            "\\end{tabular}\n\\end{center}",
        ]
    )


def _choices(data: ReportData) -> str:
    latex = names()
    rows = []
    for choice in data.choices:
        title = choice.title.replace("C_train", f"${latex['C_train']}$").replace("C_test", f"${latex['C_test']}$")
        if choice.rank is not None:
            title += f", eigenvector {choice.rank} from the top"
            if choice.directions != 1:
                title += f" (any of {choice.directions})"
        rows.append(rf"{title} & {number(choice.total, 8)} & {number(choice.misalignment, 8)} \\")
    return "\n".join(
        [
            "\\begin{center}",
            r"\begin{tabular}{@{}l>{$}r<{$}>{$}r<{$}@{}}",
            rf"\toprule Test covariance & {latex['e_icl']} & {latex['e_misalign']} \\ \midrule",
            *rows,
            r"\bottomrule",
            "\\end{tabular}\n\\end{center}",
        ]
    )


def _metrics(data: ReportData) -> str:
    latex = names()
    parts = [f"${latex[f'metric_{name}']} = {number(data.metrics[name], 10)}$" for name in _METRICS]
    cka = data.metrics["inverse_cka"]
    if cka is not None:
        parts.append(f"${latex['inverse_cka']} = {number(cka, 10)}$")
    return "Measures of alignment, smaller is better: " + ", ".join(parts) + "."
