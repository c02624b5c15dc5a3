r"""Displays that fit on a page: long right-hand sides are broken at their terms, long repeated parts get a letter.

Widths are estimates from the LaTeX itself, in points at 11 pt type; `LINE` leaves room for the equation number.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sympy import Add, Basic, Expr, Mul, Piecewise, Pow, Rational, Symbol, preorder_traversal
from sympy.core.relational import Relational

from .printer import HumanPrinter, fraction, signed

#: widest line of a display
LINE = 370.0
#: a repeated part that is wider than this gets a letter of its own where the display would be too wide
_REPEATED = 30.0
_LETTERS = ("X", "Y", "Z", "W")

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\s]")
_SMALL = 0.72
_SILENT = {r"\left", r"\right", r"\displaystyle", r"\mathrm", r"\mathcal", r"\mathbb", r"\tilde", r"\bar", r"\label"}
_SILENT |= {r"\lvert", r"\rvert", r"\Bigl", r"\Bigr", r"\bigl", r"\bigr", "&", r"\!"}
_WIDE = {r"\sum": 16.0, r"\qquad": 22.0, r"\quad": 11.0, r"\max": 22.0, r"\min": 20.0, r"\langle": 5.0}
_BINARY = {"+": 13.5, "-": 13.5, "=": 15.0, "<": 15.0, ">": 15.0, r"\le": 15.0, r"\ge": 15.0, r"\ne": 15.0}


def width(latex: str) -> float:
    """Estimated width of one line of mathematics, in points."""
    total, rest = _width(_TOKEN.findall(latex))
    assert not rest, latex
    return total


def _group(tokens: list[str]) -> tuple[float, list[str]]:
    """Width of the next token or group, and what follows it."""
    if tokens and tokens[0] == "{":
        inside, rest = _width(tokens[1:])
        return inside, rest[1:]
    return _letter(tokens[0]), tokens[1:]


def _letter(token: str) -> float:
    if token in _SILENT:
        return 0.0
    if token in _WIDE:
        return _WIDE[token]
    if token in _BINARY:
        return _BINARY[token]
    if token in "()[]|,.'" or token in (r"\,", r"\;"):
        return 4.3
    return 7.2 if token.isupper() else 5.9


def _width(tokens: list[str]) -> tuple[float, list[str]]:
    total = 0.0
    while tokens and tokens[0] != "}":
        token, tokens = tokens[0], tokens[1:]
        if token == r"\frac":
            over, tokens = _group(tokens)
            under, tokens = _group(tokens)
            total += max(over, under) + 3.0
        elif token == r"\sqrt":
            inside, tokens = _group(tokens)
            total += inside + 10.0
        elif token in ("_", "^"):
            script, tokens = _group(tokens)
            total += _SMALL * script
        elif token == r"\text":
            inside, tokens = _group(tokens)
            total += inside + 4.0
        elif token in (r"\begin", r"\end"):
            name, tokens = _environment(tokens)
            if token == r"\begin" and name == "cases":
                inside, tokens = _cases(tokens)
                total += inside
        elif token == "{":
            inside, tokens = _group([token, *tokens])
            total += inside
        else:
            total += _letter(token)
    return total, tokens


def _environment(tokens: list[str]) -> tuple[str, list[str]]:
    closing = tokens.index("}")
    return "".join(tokens[1:closing]), tokens[closing + 1 :]


def _cases(tokens: list[str]) -> tuple[float, list[str]]:
    """Width of cases: the widest value, the widest condition, the brace and the column gap."""
    depth, end = 1, 0
    while depth:
        depth += {r"\begin": 1, r"\end": -1}.get(tokens[end], 0)
        end += 1
    body, rest = tokens[: end - 1], _environment(tokens[end:])[1]
    rows: list[list[list[str]]] = [[[]]]
    for token in body:
        if token == r"\\":
            rows.append([[]])
        elif token == "&":
            rows[-1].append([])
        else:
            rows[-1][-1].append(token)
    columns = [max(_width(row[k])[0] for row in rows if k < len(row)) for k in range(2)]
    return sum(columns) + 22.0, rest


def displayed(statement: Basic, printer: HumanPrinter) -> str:
    """Body of a display: one line where it fits, else several, aligned at the relation sign.

    Args:
        statement: a relation, or any expression.
        printer: prints the parts.
    """
    whole = printer.doprint(statement)
    if not isinstance(statement, Relational) or (width(whole) <= LINE and not _nested_cases(statement)):
        return whole
    lines = _relation(statement, printer)
    if max(map(width, lines)) > LINE or any(part.has(Piecewise) for part in statement.args):
        short, definitions = _abbreviated(statement, printer)
        lines = _relation(short, printer)
        for definition in definitions:
            lines += _relation(definition, printer)
        lines = _joined(lines)
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _nested_cases(statement: Basic) -> list[Expr]:
    """Distinctions of cases inside a product."""
    products = [part for part in preorder_traversal(statement) if isinstance(part, Mul)]
    return [factor for product in products for factor in product.args if isinstance(factor, Piecewise)]


def _joined(lines: list[str]) -> list[str]:
    """Short definitions share a line."""
    out = [lines[0]]
    for before, line in pairwise(lines):
        together = out[-1] + r", \qquad " + line.replace("&", "", 1)
        short = before is not lines[0] and not line.startswith("&") and r"\end{cases}" not in out[-1]
        if short and width(together) <= LINE:
            out[-1] = together
        else:
            out.append(line)
    return out


def _relation(statement: Relational, printer: HumanPrinter) -> list[str]:
    """Lines of a relation, with an alignment mark at its sign."""
    left, sign, right = printer.relation(statement)
    head = f"{printer.doprint(left)} &{sign} "
    first, *others = _lines(right, printer, LINE - width(head))
    return [head + first, *(rf"&\qquad {{}} {line}" for line in others)]


def _lines(expression: Expr, printer: HumanPrinter, room: float) -> list[str]:
    """An expression in lines of at most `room` points, as far as it has terms to break at."""
    whole = printer.doprint(expression)
    if width(whole) <= room:
        return [whole]
    if isinstance(expression, Add):
        return _packed(printer.terms(expression), room)
    sign, size = signed(expression)
    number, above, below = fraction(size)
    sums = [factor for factor in above if isinstance(factor, Add)]
    if not sums:
        return [whole]
    long = max(sums, key=lambda factor: width(printer.doprint(factor)))
    above.remove(long)
    front = Mul(number, *above, *(1 / factor for factor in below))
    before = printer.doprint(front)
    if isinstance(front, Add):
        before = f"({before})"
    head = ("" if sign > 0 else "- ") + ("" if front == 1 else before) + r" \Bigl("
    lines = _packed(printer.terms(long), room - width(head))
    return [head + lines[0], *lines[1:-1], lines[-1] + r"\Bigr)"] if len(lines) > 1 else [whole]


def _packed(terms: list[str], room: float) -> list[str]:
    lines = [""]
    for term in terms:
        if lines[-1] and width(lines[-1] + term) > room:
            lines.append("")
        lines[-1] += term
    lines[0] = lines[0].removeprefix("+ ")
    return [line.rstrip() for line in lines]


def _abbreviated(statement: Relational, printer: HumanPrinter) -> tuple[Relational, list[Relational]]:
    """The statement with a letter for each long part that occurs repeatedly, and what the letters stand for."""
    definitions: list[Relational] = []
    taken = {re.sub(r"[{}\s]", "", latex) for latex in printer.names.values()}
    for letter in (x for x in _LETTERS if x not in taken):
        cases = _nested_cases(statement)
        part = cases[0] if cases else _repeated([statement, *definitions], printer)
        if part is None:
            break
        symbol = Symbol(letter, real=True)
        swap = {part: symbol, -part: -symbol}
        statement, *definitions = (x.xreplace(swap) for x in (statement, *definitions))
        definitions.append(Relational(symbol, part, "=="))
    return statement, definitions


def _repeated(statements: list[Relational], printer: HumanPrinter) -> Expr | None:
    """The widest sum or root that occurs more than once, up to its sign."""
    seen: dict[Expr, int] = {}
    for statement in statements:
        for part in preorder_traversal(statement):
            if isinstance(part, Add) or (isinstance(part, Pow) and part.exp == Rational(1, 2)):
                known = -part if -part in seen else part
                seen[known] = seen.get(known, 0) + 1
    wide = [(width(printer.doprint(part)), str(part), part) for part, count in seen.items() if count > 1]
    wide = [entry for entry in wide if entry[0] > _REPEATED]
    if not wide:
        return None
    part = max(wide)[2]
    return part if signed(part)[0] > 0 else -part
