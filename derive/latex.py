r"""Statements and text as LaTeX, in the notation of the table or with symbols renamed by the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from sympy import Basic

from .layout import displayed
from .notation import TABLE
from .printer import HumanPrinter

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
            near = get_close_matches(name, TABLE, n=3, cutoff=0.4) or sorted(TABLE)
            raise ValueError(f"notation: {name!r} is no symbol; did you mean {', '.join(near)}?")
        if not _is_formula(latex):
            raise ValueError(
                f"notation[{name!r}]: {latex!r} is no LaTeX for a symbol (one line, balanced, without $ % # &)"
            )
    known: dict[str, str] = {}

    def resolve(name: str) -> str:
        if name not in known:
            known[name] = notation[name] if name in notation else _fill(TABLE[name].latex, resolve)
        return known[name]

    return {name: resolve(name) for name in TABLE}


def _is_formula(latex: str) -> bool:
    if not isinstance(latex, str) or not latex.strip() or re.search(r"[$%#&\n~]|\\\\", latex):
        return False
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


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


def marked(template: str) -> list[str]:
    """Names of the symbols that a text names."""
    return [match[1] or match[2] for match in _MARK.finditer(template)]


def inline(statement: Basic, notation: Mapping[str, str] | None = None) -> str:
    r"""One line of LaTeX, without delimiters.

    Args:
        statement: any SymPy expression or relation in the symbols of the notation table.
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: `notation` names an unknown symbol.

    Examples:
        >>> from taskalign.derive.ridge import sigma
        >>> inline(sigma.rhs, {"effective_ridge": r"\xi"})
        's + \\xi'
    """
    return HumanPrinter(names(notation)).doprint(statement)


def display(statement: Basic, *, label: str, notation: Mapping[str, str] | None = None) -> str:
    r"""A numbered, labelled display environment, broken where it is long; needs `amsmath` and `mathtools`.

    Args:
        statement: a SymPy relation in the symbols of the notation table.
        label: what `\label` gets.
        notation: LaTeX to use for some symbols, by name.

    Raises:
        ValueError: `notation` names an unknown symbol.
    """
    # as tall as the rows need, where one line of text would squeeze them
    body = displayed(statement, HumanPrinter(names(notation))).replace("{cases}", "{dcases}")
    return f"\\begin{{equation}}\\label{{{label}}}\n{body}\n\\end{{equation}}"
