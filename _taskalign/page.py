"""The report as one HTML file that needs nothing else: formulas as MathML, figures inside."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Mapping
from typing import Any

from taskalign.derive import catalogue, sections
from taskalign.derive.document import SOURCES
from taskalign.derive.equation import Equation
from taskalign.derive.latex import names, text
from taskalign.derive.notation import TABLE
from taskalign.mathml import formula
from taskalign.mathml import text as html_text
from taskalign.page_style import STYLE
from taskalign.quantities import QUANTITIES, evaluated, shown
from taskalign.report import Choice, ReportData
from taskalign.report_values import versions
from taskalign.run_section import IN_NOTATION, number
from taskalign.tex import equations_of
from taskalign.verdict import verdict

#: sections of the catalogue that the page shows: the theory as the papers write it
_SECTIONS = ("resolvent", "ridge", "alignment", "ordering", "corollaries", "metrics")
_METRICS = {
    "misalignment": "metric_misalignment",
    "resolvent": "metric_resolvent",
    "population": "metric_population",
    "inverse_cka": "inverse_cka",
}


def page(data: ReportData, figures: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        data: what to show.
        figures: SVG by name, as `taskalign.plots.figures` makes them.

    Raises:
        ImportError: latex2mathml is missing.
    """
    body = "\n".join(
        (
            _head(data),
            _section("numbers", "Numbers", _numbers(data)),
            _section("curves", "Error against tasks and contexts", _curves(data, figures)),
            _section("ordering", "Ordering of K", _ordering(data, figures)),
            _section("choices", "Test covariances of this trace", _choices(data)),
            _section("metrics", "Measures of alignment", _metrics(data, figures)),
            _section("formulas", "Formulas", _formulas()),
            _section("origin", "Origin of the numbers", _origin(data)),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Pretrain–test alignment: error {shown(data.error.total, 6)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(name: str, title: str, content: str) -> str:
    return f'<section id="{name}">\n<h2>{title}</h2>\n{content}\n</section>'


def _symbol(name: str) -> str:
    return formula(names()[IN_NOTATION.get(name, name)])


def _table(header: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "") -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{kind}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _value(value: Any, digits: int = 12) -> str:
    return f'<span class="value">{html.escape(shown(value, digits))}</span>'


# --- sections ---------------------------------------------------------------------------------------------------
def _head(data: ReportData) -> str:
    p = data.parameters
    shown_ones = [(name, value) for name, value in vars(p).items() if value is not None]
    parameters = "".join(f"<li>{formula(f'{names()[name]} = {number(value)}')}</li>" for name, value in shown_ones)
    train, test = data.tasks.train_source, data.tasks.test_source
    spectra = f"<code>{html.escape(train.text)}</code>"
    tested = "are distributed alike" if test is None else f"from <code>{html.escape(test.text)}</code>"
    e = data.error
    return (
        "<header>\n<h1>In-context learning: does pretraining fit the test tasks?</h1>\n"
        f"<p>Pretraining tasks from {spectra}, test tasks {tested}.</p>\n"
        f'<ul class="parameters">{parameters}</ul>\n'
        '<div class="result">\n'
        f'<p class="big">{_symbol("e_icl")}<span class="equals">=</span>{_value(e.total, 6)}</p>\n'
        f"<p>{_symbol('e_scalar')} = {_value(e.scalar, 6)}, which sees only the traces, and "
        f"{_symbol('e_misalign')} = {_value(e.misalignment, 6)}, which sees how the two covariances lie to each"
        " other.</p>\n"
        f"<p>{_words(verdict(data)[0])}</p>\n</div>\n</header>"
    )


def _numbers(data: ReportData) -> str:
    values = evaluated(data.error)
    rows = [(_symbol(quantity.name), _meaning(quantity.name), _value(values[quantity.name])) for quantity in QUANTITIES]
    at_sigma = formula(f"{names()['z']} = {names()['sigma']}")
    note = f"<p>All functions of {_symbol('z')} are taken at {at_sigma}.</p>"
    return _table(("Symbol", "Meaning", "Value"), rows, "numbers") + note


def _meaning(name: str) -> str:
    return _words(TABLE[IN_NOTATION.get(name, name)].meaning)


def _words(template: str) -> str:
    """HTML of LaTeX text that names symbols as `@name`."""
    return html_text(text(template))


def _figure(figures: Mapping[str, bytes], name: str, alt: str, caption: str) -> str:
    source = base64.b64encode(figures[name]).decode()
    return (
        f'<figure><img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{source}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _curves(data: ReportData, figures: Mapping[str, bytes]) -> str:
    kappa, tau = data.curves
    tau_1 = formula(rf"{names()['tau']} = 1")
    rate = formula(rf"1/\lvert {names()['tau']} - 1 \rvert")
    other = formula(f"{names()['ridge']} = {tau.other_ridge:g}")
    if len(tau.branches) > 1:
        peak = (
            f"Without a ridge the error truly diverges at {tau_1}, like {rate} from both sides: as many contexts as"
            f" parameters. Both branches leave the axis there. The thin green line, at the ridge {other}, shows how"
            " a ridge rounds the peak."
        )
    else:
        peak = (
            f"The ridge rounds the peak at {tau_1}. The thin green line is the limit without a ridge ({other}), which"
            f" truly diverges there, like {rate} from both sides."
        )
    first = f"Against the number of pretraining tasks, {formula(names()['kappa'] + ' = k/d')}. The ring is this run."
    second = f"Against the number of pretraining contexts, {formula(names()['tau'] + ' = n/d^2')}. {peak}"
    return (
        '<div class="pair">'
        + _figure(figures, "error-kappa", f"error against kappa, {len(kappa.branches[0].x)} points", first)
        + _figure(figures, "error-tau", "error against tau, with a divergence at tau = 1", second)
        + "</div>"
    )


def _ordering(data: ReportData, figures: Mapping[str, bytes]) -> str:
    found = data.ordering
    sentences = "".join(f"<p>{_words(sentence)}</p>" for sentence in verdict(data))
    state = "holds" if found.holds else "fails"
    rows = [
        (_symbol("peak"), _meaning("peak"), _value(found.peak)),
        (_symbol("tau_order"), _meaning("tau_order"), _value(found.tau_order)),
    ]
    caption = (
        f"{formula(names()['K'] + '(c)')}, the error per unit of test variance along an eigenvector of"
        f" {_symbol('C_train')} with eigenvalue {formula('c')}."
    )
    return (
        f'<div class="verdict {state}">{sentences}</div>\n'
        + _table(("Symbol", "Meaning", "Value"), rows, "numbers")
        + _figure(figures, "alignment", "K against the eigenvalues of C_train", caption)
    )


def _choices(data: ReportData) -> str:
    c_test = (data.tasks.spectrum.weights * data.tasks.test).sum()
    note = (
        f"<p>All of trace {_symbol('c_test')} = {_value(c_test, 6)},"
        " by increasing error. A rotation keeps the eigenvalues of the test covariance and turns its eigenvectors"
        " (Corollary 4.1); a spike has rank one (Corollary 4.2).</p>\n"
    )
    errors = [_aligned([getattr(choice, part) for choice in data.choices]) for part in ("total", "misalignment")]
    titles = map(_choice_title, data.choices)
    rows = list(zip(titles, *errors, strict=True))
    return note + _table(("Test covariance", _symbol("e_icl"), _symbol("e_misalign")), rows, "choices")


def _aligned(values: list[float], digits: int = 8) -> list[str]:
    """Numbers with equally many decimals, `digits` digits for the largest."""
    largest = max(map(abs, values))
    decimals = digits - 1 - math.floor(math.log10(largest)) if largest > 0 else digits
    return [f'<span class="value">{value:.{max(0, min(decimals, 15))}f}</span>' for value in values]


def _choice_title(choice: Choice) -> str:
    title = html.escape(choice.title).replace("C_train", _symbol("C_train")).replace("C_test", _symbol("C_test"))
    if choice.name == "given":
        title = f"<strong>{title}</strong>"
    if choice.rank is None:
        return title
    where = f"eigenvector {choice.rank} from the top, {formula('c')} = {shown(choice.eigenvalue, 6)}"
    if choice.directions != 1:
        where += f"; any of the {choice.directions} directions of this eigenvalue"
    return f'{title} <span class="where">({where})</span>'


def _metrics(data: ReportData, figures: Mapping[str, bytes]) -> str:
    equations = catalogue()
    rows = []
    for key, name in _METRICS.items():
        value = data.metrics[key]
        shown_value = _value(value) if value is not None else "needs matrices"
        rows.append((_symbol(name), equations[name].title, shown_value))
    note = "<p>Smaller is better. Infinite: the test tasks leave the range of the pretraining tasks.</p>"
    caption = (
        f"The spectra, and {_symbol('C_test')} along the eigenvectors of {_symbol('C_train')}, whose eigenvalues fall"
        f" from left to right. {_zeros(data)}".rstrip()
    )
    spectra = _figure(figures, "spectra", "eigenvalues of both covariances", caption)
    return _table(("Symbol", "Measure", "Value"), rows, "numbers") + note + spectra


def _zeros(data: ReportData) -> str:
    tasks = data.tasks
    shares = (
        (_symbol("C_train"), float(tasks.spectrum.weights[tasks.spectrum.eigenvalues == 0].sum())),
        (_symbol("C_test"), float(tasks.test_weights[tasks.test_spectrum == 0].sum())),
    )
    texts = [f"{100 * share:.3g} % of the eigenvalues of {name}" for name, share in shares if share > 0]
    return f"Zero are {' and '.join(texts)}." if texts else ""


def _formulas() -> str:
    parts = ["<p>In the notation of the papers. <code>theory.tex</code> has the whole derivation.</p>"]
    for name in _SECTIONS:
        parts += [f"<h3>{html.escape(sections()[name].title)}</h3>", *map(_equation, equations_of(name))]
    return "\n".join([*parts, "<h3>Sources</h3>", _sources()])


def _sources() -> str:
    entries = []
    for name, entry in SOURCES.items():
        people = ", ".join(author.strip("{}").partition(",")[0] for author in entry.authors)
        places = [entry.fields[field] for field in ("booktitle", "note", "year") if field in entry.fields]
        places += [f"arXiv:{entry.fields['eprint']}"] if "eprint" in entry.fields else []
        where = html.escape(", ".join(places))
        title = f"<cite>{html.escape(entry.fields['title'])}</cite>"
        entries.append(f"<dt>{name}</dt><dd>{html.escape(people)}: {title}. {where}.</dd>")
    return f'<dl class="sources">{"".join(entries)}</dl>'


def _equation(equation: Equation) -> str:
    condition = f'<p class="condition">{_words(equation.condition)}</p>' if equation.condition else ""
    return (
        f'<div class="equation" id="{equation.label}"><p class="title">{html.escape(equation.title)}</p>\n'
        f'<div class="scroll">{formula(equation.latex(), block=True)}</div>{condition}'
        f'<p class="source">{html.escape(equation.source)}</p></div>'
    )


def _origin(data: ReportData) -> str:
    rows = []
    for option, source in (("--train", data.tasks.train_source), ("--test", data.tasks.test_source)):
        if source is not None:
            digest = f"sha256 {source.sha256}" if source.sha256 else "short form"
            rows.append(
                (f"<code>{option}</code>", f"<code>{html.escape(source.text)}</code>", f"<code>{digest}</code>")
            )
    rows += [(html.escape(name), html.escape(version), "") for name, version in versions().items()]
    note = "<p>Nothing here is random. <code>values.json</code> holds every number with all its digits.</p>"
    return note + _table(("What", "Which", ""), rows, "origin")
