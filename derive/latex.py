r"""Statements and text as LaTeX, in the notation of the table or with symbols renamed; displays that fit on a page.

Long right-hand sides are broken at their terms, long repeated parts get a letter. Widths are estimates from the LaTeX
itself, in points at 11 pt type; `LINE` leaves room for the equation number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from sympy import (
    Add,
    Basic,
    Expr,
    Indexed,
    IndexedBase,
    MatrixSymbol,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Symbol,
    preorder_traversal,
)
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .notation import ALIASES, TABLE
from .printer import HumanPrinter, fraction, signed

_MARK = re.compile(r"@(?:\{(\w+)\}|([A-Za-z]\w*))")
_CONTROL_WORD = re.compile(r"\\[A-Za-z]+$")


def names(notation: Mapping[str, str] | None = None) -> dict[str, str]:
    r"""LaTeX of every symbol of the notation table.

    A renamed symbol is renamed inside others too: with `{"kappa": "K"}` the resolvent is `F_{K}`.

    Args:
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: a name that is no symbol, or LaTeX that could not stand in a formula.

    Examples:
        >>> names({"effective_ridge": r"\xi"})["effective_ridge"]
        '\\xi'
    """
    notation = dict(notation or {})
    for name, latex in notation.items():
        if name not in TABLE:
            near = ALIASES.get(name) or get_close_matches(name, TABLE, n=3, cutoff=0.4) or sorted(TABLE)
            raise ValueError(f"notation: {name!r} is no symbol; did you mean {', '.join(near)}?")
        why = _no_symbol(latex, function="(" in TABLE[name].latex)
        if why:
            raise ValueError(f"notation[{name!r}]: {latex!r} is no LaTeX for a symbol: {why}")
    return _resolved(notation)


def _resolved(notation: Mapping[str, str]) -> dict[str, str]:
    known: dict[str, str] = {}

    def resolve(name: str) -> str:
        if name not in known:
            known[name] = notation[name] if name in notation else _fill(TABLE[name].latex, resolve)
        return known[name]

    return {name: resolve(name) for name in TABLE}


def _fill(template: str, resolve) -> str:
    def replacement(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in TABLE:
            raise ValueError(f"text: @{name} is no symbol: {template!r}")
        latex, following = resolve(name), template[match.end() : match.end() + 1]
        if (following == "_" and "_" in latex) or (following in ("^", "'") and re.search("[\\^']", latex)):
            return f"{{{latex}}}"
        # \tau followed by another symbol must not become \taux
        return latex + " " if _CONTROL_WORD.search(latex) and (following == "@" or following.isalpha()) else latex

    return _MARK.sub(replacement, template)


# --- what a symbol may look like ------------------------------------------------------------------------------------
#: commands that take what follows as their argument, and those that look the same
_ACCENT = re.compile("hat|tilde|bar|vec|dot|ddot|check|breve|acute|grave|mathring|underline")
_FONT = re.compile("mathrm|mathbf|mathit|mathsf|mathtt|mathcal|mathbb|mathfrak|mathscr|boldsymbol")
_SAME = {"widehat": "hat", "widetilde": "tilde", "overline": "bar", "bm": "boldsymbol"}
_SAME |= dict.fromkeys(("text", "textrm", "textnormal", "operatorname"), "mathrm")
#: commands that stand nowhere in the LaTeX of a symbol
_NEVER = re.compile(r"\\(left|right|begin|end|label|tag|def|let|input|include|par|over|atop|(no)?limits|newline)\b")
#: commands that make more of a formula than a symbol, or nothing that is seen
_NO_SYMBOL = re.compile(
    r"[dtc]?frac|binom|sqrt|sum|prod|int|lim|max|min|sup|inf|log|exp|sin|cos|tan|pm|mp|cdot|times|div|ast|star|circ"
    r"|bullet|oplus|otimes|leq?|geq?|neq?|approx|sim|equiv|in|to|rightarrow|leftarrow|mid|q?quad|[hv]?phantom|[hv]space"
    r"|null"
)
_BRACKETS = {r"\langle": r"\rangle", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\lfloor": r"\rfloor"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\s]")


class _Wrong(Exception):
    """Why a text is not the LaTeX of a symbol."""


class _Atom(NamedTuple):
    """A letter or a group, with what is written at it."""

    core: tuple[Any, ...]
    below: tuple[Any, ...] = ()
    above: tuple[Any, ...] = ()


def _parse(latex: str) -> tuple[_Atom, ...]:
    """The atoms of a formula; formulas that print alike have the same.

    Raises:
        _Wrong: braces, subscripts or superscripts that TeX would not take.
    """
    tokens = _TOKEN.findall(latex)
    atoms = _atoms(tokens)
    if tokens:
        raise _Wrong("its braces must be balanced")
    return atoms


def _atoms(tokens: list[str]) -> tuple[_Atom, ...]:
    """The atoms up to a closing brace; takes their tokens away."""
    atoms: list[_Atom] = []
    while tokens and tokens[0] != "}":
        token = tokens.pop(0)
        if token not in ("_", "^", "'"):
            atoms.append(_atom(token, tokens))
            continue
        if not atoms:
            raise _Wrong(f"{token} must follow what it belongs to")
        last = atoms.pop()
        script = (_Atom((r"\prime",)),) if token == "'" else _argument(tokens)
        if token == "_":
            if last.below:
                raise _Wrong("it has two subscripts, write one in braces")
            atoms.append(last._replace(below=script))
        elif last.above and any(part.core != (r"\prime",) for part in last.above):
            raise _Wrong("it has two superscripts, write one in braces")
        else:  # more may follow a prime
            atoms.append(last._replace(above=last.above + script))
    return tuple(map(_bare, atoms))


def _bare(atom: _Atom) -> _Atom:
    """Without braces that do nothing."""
    alone = atom.core[0] == "group" and len(atom.core) == 2 and not (atom.below or atom.above)
    return atom.core[1] if alone else atom


def _atom(token: str, tokens: list[str]) -> _Atom:
    if token == "{":
        inside = _atoms(tokens)
        if not tokens:
            raise _Wrong("its braces must be balanced")
        tokens.pop(0)
        return _Atom(("group", *inside))
    name = token[1:]
    name = _SAME.get(name, name)
    if token[0] == "\\" and (_ACCENT.fullmatch(name) or _FONT.fullmatch(name)):
        return _Atom((name, _argument(tokens)))
    if token[0] == "\\" and name.isalpha() and tokens[:1] == ["{"]:  # a command of the user's own, with its arguments
        arguments = []
        while tokens[:1] == ["{"]:
            arguments.append(_argument(tokens))
        return _Atom((token, *arguments))
    return _Atom((r"\ast" if token == "*" else token,))


def _argument(tokens: list[str]) -> tuple[_Atom, ...]:
    if not tokens or tokens[0] in ("}", "_", "^", "'"):
        raise _Wrong("something is missing in it")
    atom = _bare(_atom(tokens.pop(0), tokens))
    inside = atom.core[1:] if atom.core[0] == "group" and not (atom.below or atom.above) else (atom,)
    if not inside:
        raise _Wrong("it has empty braces")
    return inside


def _no_symbol(latex: str, *, function: bool) -> str:
    """Why a text cannot stand for a symbol wherever the symbol stands; empty where it can.

    A product, a sum or a fraction would change meaning there: with `-x` for y, `y**2` would print `-x^2`.
    """
    if not isinstance(latex, str) or not latex.strip():
        return "it is empty"
    if not latex.isascii() or re.search(r"[$%#&~@\"`\x00-\x1f\x7f]|\\\\", latex):
        return "one line in ASCII, without $ % # & ~ @, is needed"
    never = _NEVER.search(latex)
    if never:
        return f"{never[0]} makes no symbol"
    try:
        atoms = _parse(latex)
    except _Wrong as error:
        return str(error)
    tokens = _TOKEN.findall(latex)
    if _BRACKETS.get(tokens[0]) in tokens[1:] and (atoms[-1].core[0] == _BRACKETS[tokens[0]]):
        return ""
    if function and len(atoms) > 3 and atoms[1].core == ("(",) and atoms[-1].core == (")",):
        return ""
    if len(atoms) != 1 or not _single(atoms[0]):
        return r"a single letter with accents, subscript and superscript is needed, or a word as \mathrm{word}"
    return "" if _has_letter(atoms[0]) else "a letter is needed"


def _single(atom: _Atom) -> bool:
    """Whether it shows as one letter, with accents, or as one word."""
    if atom.core[0] == "group":
        return len(atom.core) == 2 and _single(atom.core[1])
    if _FONT.fullmatch(atom.core[0]):
        return not any(part.core[0] in tuple("+-=<>/|") for part in atom.core[1])
    return True


def _has_letter(atom: _Atom) -> bool:
    first = atom.core[0]
    if first == "group":
        return any(map(_has_letter, atom.core[1:]))
    if len(first) > 1 and first[0] != "\\":
        return any(map(_has_letter, atom.core[1]))
    return first.isalpha() or (first[1:].isalpha() and not _NO_SYMBOL.fullmatch(first[1:]))


def symbols_of(statement: Basic) -> Iterable[str]:
    """Names in the notation table of what a statement is made of."""
    for part in preorder_traversal(statement):
        if isinstance(part, (Symbol, MatrixSymbol)) and part.name in TABLE:
            yield part.name
        elif isinstance(part, IndexedBase):
            yield str(part)
        elif isinstance(part, AppliedUndef):
            yield part.func.__name__


def _shown(name: str, notation: Mapping[str, str]) -> set[str]:
    r"""A symbol, and those that stand beside or at its letter, such as $\kappa$ in $F_\kappa$."""
    found, pending = {name}, [name]
    while pending:
        template = "" if pending[-1] in notation else TABLE[pending[-1]].latex
        pending.pop()
        for match in _MARK.finditer(template):
            pending.append(match[1] or match[2])
            # c is the letter of c_train, and does not stand there itself
            if not re.fullmatch(r"(\\[a-z]+{)?", template[: match.start()]):
                found.add(pending[-1])
    return found


def distinct(
    notation: Mapping[str, str] | None,
    statements: Iterable[Basic],
    used: Iterable[str] = (),
    letters: Iterable[str] = (),
) -> dict[str, str]:
    r"""LaTeX of every symbol, where no two that are printed look alike.

    Args:
        notation: as for `names`.
        statements: what is printed.
        used: names of further symbols that are printed.
        letters: LaTeX of what the text beside them uses.

    Raises:
        ValueError: as in `names`; or a renamed symbol looks like another one, or like its power.
    """
    found = names(notation)
    if not notation:
        return found
    default, statements = names(), list(statements)
    symbols = set(used).union(*(symbols_of(statement) for statement in statements))
    symbols = symbols.union(*(_shown(name, notation) for name in symbols))
    entries = {part for statement in statements for part in statement.atoms(Indexed)}
    others = {x for statement in statements for x in statement.atoms(Symbol) if x.name not in TABLE}

    def seen(latex: Mapping[str, str]) -> dict[str, Any]:
        printer = HumanPrinter(latex)
        forms = {repr(name): latex[name] for name in symbols}
        forms |= {f"{entry}": printer.doprint(entry) for entry in entries}
        forms |= {f"the letter {x}": printer.doprint(x) for x in others} | {f"the letter {x}": x for x in letters}
        return {name: _parse(form) for name, form in forms.items()}

    now, before = seen(found), seen(default)
    for one, other in combinations(sorted(now), 2):
        if now[one] == now[other] and before[one] != before[other]:
            raise ValueError(f"notation: {one} and {other} would look alike, give one of them another LaTeX")
        for base, power in ((one, other), (other, one)):
            if _is_power(now[power], now[base]) and not _is_power(before[power], before[base]):
                raise ValueError(f"notation: {power} would look like a power of {base}, give one of them another LaTeX")
    return found


def _is_power(atoms: tuple[_Atom, ...], base: tuple[_Atom, ...]) -> bool:
    if len(atoms) != 1 or not atoms[0].above:
        return False
    exponent = "".join(part.core[0] for part in atoms[0].above if isinstance(part.core[0], str))
    return bool(re.fullmatch("[+-]?[0-9]+", exponent)) and (atoms[0]._replace(above=()),) == base


def text(template: str, notation: Mapping[str, str] | None = None) -> str:
    r"""LaTeX text with the symbols that it names filled in.

    Args:
        template: LaTeX with `@name` or `@{name}` for symbols.
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: the template or the notation names an unknown symbol.

    Examples:
        >>> print(text(r"$@tau < 1$, $@M$ at $2@s$", {"s": r"\varsigma"}))
        $\tau < 1$, $\mathcal{M}_{\kappa}$ at $2\varsigma$
    """
    return _fill(template, names(notation).__getitem__)


def plain(template: str) -> str:
    """Text with the names of the symbols, and without the marks of mathematics."""
    return _MARK.sub(lambda match: match[1] or match[2], template).replace("$", "")


def marked(template: str) -> list[str]:
    """Names of the symbols that a text names."""
    return [match[1] or match[2] for match in _MARK.finditer(template)]


def inline(statement: Basic, notation: Mapping[str, str] | None = None) -> str:
    r"""One line of LaTeX, without delimiters.

    Args:
        statement: any SymPy expression or relation in the symbols of the notation table.
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: as in `distinct`.

    Examples:
        >>> from taskalign.derive.resolvent import sigma
        >>> inline(sigma.rhs, {"effective_ridge": r"\xi"})
        's + \\xi'
    """
    return HumanPrinter(distinct(notation, [statement])).doprint(statement)


def with_values(statement: Basic, values: Mapping[str, str]) -> str:
    """One line of LaTeX, with values in place of symbols; they bring their own brackets.

    Args:
        statement: as in `inline`.
        values: LaTeX by the name of the symbol.
    """
    return HumanPrinter(_resolved(values)).doprint(statement)


def display(statement: Basic, *, label: str, notation: Mapping[str, str] | None = None) -> str:
    r"""A numbered, labelled display environment, broken where it is long; needs `amsmath` and `mathtools`.

    Args:
        statement: a SymPy relation in the symbols of the notation table.
        label: what `\label` gets.
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: as in `distinct`.
    """
    # as tall as the rows need, where one line of text would squeeze them
    body = displayed(statement, HumanPrinter(distinct(notation, [statement]))).replace("{cases}", "{dcases}")
    return f"\\begin{{equation}}\\label{{{label}}}\n{body}\n\\end{{equation}}"


# --- displays that fit on a page ----------------------------------------------------------------------------
#: widest line of a display
LINE = 370.0
#: a repeated part that is wider than this gets a letter of its own where the display would be too wide
_REPEATED = 30.0
_LETTERS = ("X", "Y", "Z", "W")

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
