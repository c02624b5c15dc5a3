"""Writes `derived.py`, the statements that are slow to derive: `python -m taskalign.derive.generate`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import sympy
from sympy import Add, Basic, Expr, Mul, Pow, Rational, Symbol
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from . import equation, notation

_HEADER = '''"""Statements that are slow to derive, by the name of the equation.

Written by `make generate`; do not edit. A test derives them afresh and compares.
"""

from sympy import {names}

from . import notation as n
'''


_NAMESPACE = {**vars(sympy), "n": notation}


class _CodePrinter(StrPrinter):
    """Python that makes the very same expression."""

    def _print(self, expr: Basic, **kwargs: Any) -> str:
        text = super()._print(expr, **kwargs)
        if isinstance(expr, (Add, Mul, Pow, Relational)) and eval(text, _NAMESPACE) != expr:
            return f"{type(expr).__name__}({', '.join(map(self._print, expr.args))}, evaluate=False)"
        return text

    def _print_Symbol(self, expr: Symbol) -> str:
        return f"n.{expr.name}"

    def _print_Function(self, expr: Expr) -> str:
        name = f"n.{expr.func.__name__}_of" if isinstance(expr, AppliedUndef) else expr.func.__name__
        return f"{name}({', '.join(map(self._print, expr.args))})"

    def _print_Rational(self, expr: Rational) -> str:
        return f"Rational({expr.p}, {expr.q})"


def code(expression: Basic) -> str:
    """Python that makes an expression, with the notation as `n`."""
    return _CodePrinter().doprint(expression)


def source() -> str:
    """Source of `derived.py`: a function for every equation that is derived."""
    equation.derive_afresh()
    list(equation.catalogue())
    functions = [f"def {name}():\n    return {code(entry.statement)}\n" for name, entry in equation.derivations.items()]
    body = "\n\n".join(functions)
    used = sorted(set(re.findall(r"(?<![\w.])[A-Za-z]\w*(?!\w*=)", body)) & set(vars(sympy)))
    return "\n\n".join([_HEADER.format(names=", ".join(used)), body])


if __name__ == "__main__":
    Path(__file__).with_name("derived.py").write_text(source(), encoding="utf-8")
