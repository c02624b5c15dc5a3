"""SymPy to source code: one table of nodes for every backend, loud on a node that is not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Basic, Expr, Indexed, Integer, Not, Sum, Symbol, cse, log, numbered_symbols, true
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.precedence import PRECEDENCE, precedence

from .errors import UnsupportedNodeError

_FLOAT = {
    "Rational": "{p} / {q}",
    "Float": "{value!r}",
    "Pi": "{ns}.pi",
    "Exp1": "{ns}.e",
    "Infinity": "{ns}.inf",
    "sqrt": "{ns}.sqrt({0})",
    "exp": "{ns}.exp({0})",
    "log": "{ns}.log({0})",
    "Max": "{ns}.maximum({0}, {1})",
    "Min": "{ns}.minimum({0}, {1})",
    "Piecewise": "{ns}.where({condition}, {then}, {otherwise})",
    "Sum": "{ns}.sum({0}, axis=-1)",
    "Trace": "{ns}.trace({0})",
    "OneMatrix": "{ns}.ones(({0}, {1}))",
    "Identity": "{ns}.eye({0})",
}
_SCALAR = {
    "Abs": "abs({0})",
    "Max": "max({0}, {1})",
    "Min": "min({0}, {1})",
    "Piecewise": "({then} if {condition} else {otherwise})",
}
#: |x| by cases: torch and jax take 0 for its slope at 0, which is right from neither side
_ABS_BY_CASES = {"Abs": "{ns}.where({0} >= 0, {0}, -({0}))"}

#: target -> node -> how it is written; values are floats or arrays of floats, but for mpmath and arb
TABLE: dict[str, dict[str, str]] = {
    "numpy": _FLOAT | {"Abs": "{ns}.abs({0})"},
    # torch.maximum and torch.minimum take no plain numbers
    "torch": _FLOAT
    | _ABS_BY_CASES
    | {name: f"{{ns}}.{name.lower()}imum(*map({{ns}}.as_tensor, ({{0}}, {{1}})))" for name in ("Max", "Min")}
    | {"Sum": "{ns}.sum({0}, dim=-1)"},
    "jax": _FLOAT | _ABS_BY_CASES,
    # one point at a time
    "numba": {"Rational": "{p} / {q}", "Float": "{value!r}", "Pi": "{ns}.pi", "Exp1": "{ns}.e", "Infinity": "{ns}.inf"}
    | _SCALAR
    | {name: f"{{ns}}.{name}({{0}})" for name in ("sqrt", "exp", "log")}
    | {"Sum": "({0}).sum()"},
    "mpmath": {
        "Rational": "{ns}.mpf({p}) / {q}",
        "Float": "{ns}.mpf('{value}')",
        "Pi": "(+{ns}.pi)",
        "Exp1": "(+{ns}.e)",
        "Infinity": "{ns}.inf",
        "Sum": "{ns}.fsum({0} for {loop})",
    }
    | _SCALAR
    | {name: f"{{ns}}.{name}({{0}})" for name in ("sqrt", "exp", "log")},
    # Exact rationals only: a float would make an enclosure wrong, so there is no way to write one. A comparison of
    # balls is true only where it holds for all their points. Where neither a condition nor its opposite does, each
    # point of the balls is in one of the two cases, so the smallest ball around both holds the value.
    "arb": {
        "Rational": "fmpq({p}, {q})",
        "Pi": "arb.pi()",
        "Exp1": "arb(1).exp()",
        "Infinity": "arb.pos_inf()",
        "Max": "arb({0}).max(arb({1}))",
        "Min": "arb({0}).min(arb({1}))",
        "Piecewise": "({then} if {condition} else {otherwise} if {opposite} else arb({then}).union(arb({otherwise})))",
        "sqrt": "({0}).sqrt()",
        "exp": "({0}).exp()",
        "log": "({0}).log()",
        "Abs": "abs({0})",
        "Sum": "sum(({0} for {loop}), arb(0))",
    },
}
#: target -> what it calls its namespace, and the import that provides it
NAMESPACE = {
    "numpy": ("np", "import numpy as np"),
    "torch": ("torch", "import torch"),
    "jax": ("jnp", "import jax.numpy as jnp"),
    "numba": ("math", "import math"),
    "mpmath": ("mp", "from mpmath import mp"),
    "arb": ("arb", "from flint import arb, fmpq"),
}
#: targets that work on whole arrays: inside a mean, what does not depend on the eigenvalue gets a last axis
ARRAY_TARGETS = frozenset({"numpy", "torch", "jax"})
#: targets that go through the spectrum in a Python loop
LOOP_TARGETS = frozenset({"mpmath", "arb"})
#: targets whose comparisons can be undecided
BALL_TARGETS = frozenset({"arb"})


class SourcePrinter(CodePrinter):
    """Prints an expression as the Python source of one target of `TABLE`.

    Raises:
        UnsupportedNodeError: the target is unknown, or the expression holds a node that it cannot write.
    """

    printmethod = "_taskalign_code"
    language = "Python"
    reserved_words = frozenset({"lambda"})

    def __init__(self, target: str) -> None:
        if target not in TABLE:
            raise UnsupportedNodeError(f"target: {target!r} is not one of {', '.join(sorted(TABLE))}")
        super().__init__({"strict": True})
        self.target = target
        self._inside_mean = False

    def source(self, expression: Basic) -> str:
        """One expression as source; one that runs along the spectrum gives it as a last axis."""
        self._inside_mean = runs_along_spectrum(expression)
        try:
            return self._print(expression)
        finally:
            self._inside_mean = False

    def _fill(self, node: str, *values: str, **named: object) -> str:
        template = TABLE[self.target].get(node)
        if template is None:
            raise UnsupportedNodeError(f"expression: target {self.target!r} has no way to write {node}")
        return template.format(*values, ns=NAMESPACE[self.target][0], **named)

    def emptyPrinter(self, expr: Any) -> str:
        kind = type(expr).__name__
        raise UnsupportedNodeError(f"expression: target {self.target!r} has no way to write {kind}: {expr}")

    _print_Function = _print_not_supported = emptyPrinter
    _print_And = _print_Or = _print_Not = emptyPrinter

    # --- leaves -----------------------------------------------------------------------------------
    def _print_Symbol(self, expr: Symbol) -> str:
        return f"{expr.name}[..., None]" if self._inside_mean and self.target in ARRAY_TARGETS else expr.name

    _print_Dummy = _print_Symbol

    def _print_Integer(self, expr: Any) -> str:
        return str(expr.p)

    def _print_Rational(self, expr: Any) -> str:
        return self._fill("Rational", p=expr.p, q=expr.q)

    def _print_Float(self, expr: Any) -> str:
        return self._fill("Float", value=str(expr) if self.target == "mpmath" else float(expr))

    def _print_Pi(self, expr: Any) -> str:
        return self._fill("Pi")

    def _print_Infinity(self, expr: Any) -> str:
        return self._fill("Infinity")

    def _print_Exp1(self, expr: Any) -> str:
        return self._fill("Exp1")

    # --- algebra ----------------------------------------------------------------------------------
    def _print_Add(self, expr: Any, order: Any = None) -> str:
        # left to right, plain inputs first: tau - 1 + x keeps a small x that (tau + x) - 1 would lose
        plain, numbers, others = [], [], []
        for term in self._as_ordered_terms(expr, order=order):
            kind = numbers if term.is_number else plain if (term.is_Symbol or (-term).is_Symbol) else others
            kind.append(term)
        # a name stands first, so that the sum does not open with a minus sign where it need not
        plain.sort(key=lambda term: term.could_extract_minus_sign())
        first, *rest = (self._print(term) for term in (*plain, *numbers, *others))
        return first + "".join(f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in rest)

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, exponent = expr.args
        if exponent.is_number and exponent.is_negative:
            positive = self._print(base**-exponent)
            return f"1 / {self.parenthesize(base**-exponent, PRECEDENCE['Mul'] + 1) if exponent == -1 else positive}"
        if isinstance(exponent, Integer):
            if self.target in BALL_TARGETS and base.is_Symbol and exponent <= 4:
                # the power of a ball around zero would be nan
                return f"({'*'.join([self._print(base)] * int(exponent))})"
            return f"{self.parenthesize(base, PRECEDENCE['Pow'] + 1)}**{exponent}"
        if exponent.is_Rational and exponent.q == 2:
            root = self._fill("sqrt", self._print(base))
            return root if exponent.p == 1 else f"{root}**{exponent.p}"
        return self._fill("exp", self._print(exponent * log(base)))

    def _print_exp(self, expr: Any) -> str:
        return self._fill("exp", self._print(expr.args[0]))

    def _print_log(self, expr: Any) -> str:
        return self._fill("log", self._print(expr.args[0]))

    def _print_Abs(self, expr: Any) -> str:
        return self._fill("Abs", self._print(expr.args[0]))

    def _fold(self, node: str, expr: Any) -> str:
        text, *others = sorted(map(self._print, expr.args))
        for other in others:
            text = self._fill(node, text, other)
        return text

    def _print_Max(self, expr: Any) -> str:
        return self._fold("Max", expr)

    def _print_Min(self, expr: Any) -> str:
        return self._fold("Min", expr)

    def _print_Relational(self, expr: Relational) -> str:
        left, right = (self.parenthesize(side, precedence(expr)) for side in expr.args)
        return f"{left} {expr.rel_op} {right}"

    def _print_Piecewise(self, expr: Any) -> str:
        *cases, last = expr.args
        if last.cond != true:
            raise UnsupportedNodeError(f"expression: the last case of a Piecewise must hold always: {expr}")
        text = self._print(last.expr)
        for case in reversed(cases):
            condition, then = self._print(case.cond), self._print(case.expr)
            opposite = self._print(Not(case.cond)) if self.target in BALL_TARGETS else ""
            text = self._fill("Piecewise", condition=condition, opposite=opposite, then=then, otherwise=text)
        return text

    # --- means over the spectrum --------------------------------------------------------------------
    def _print_Indexed(self, expr: Any) -> str:
        name = str(expr.base.label)
        return f"{name}_i" if self.target in LOOP_TARGETS else name

    def _print_Sum(self, expr: Sum) -> str:
        arrays = sorted({str(entry.base.label) for entry in expr.function.atoms(Indexed)})
        outside, self._inside_mean = self._inside_mean, True
        try:
            summand = self._print(expr.function)
        finally:
            self._inside_mean = outside
        entries = ", ".join(f"{name}_i" for name in arrays)
        loop = f"{entries} in zip({', '.join(arrays)}, strict=True)" if len(arrays) > 1 else f"{entries} in {arrays[0]}"
        return self._fill("Sum", summand, loop=loop)

    # --- matrices -----------------------------------------------------------------------------------
    def _print_MatrixSymbol(self, expr: Any) -> str:
        return expr.name

    def _print_MatMul(self, expr: Any) -> str:
        scalars, matrices = expr.as_coeff_matrices()
        product = " @ ".join(self.parenthesize(matrix, PRECEDENCE["Mul"] + 1) for matrix in matrices)
        return product if scalars == 1 else f"{self.parenthesize(scalars, PRECEDENCE['Mul'])} * ({product})"

    def _print_MatAdd(self, expr: Any) -> str:
        return " + ".join(self.parenthesize(matrix, PRECEDENCE["Add"]) for matrix in expr.args)

    def _print_Trace(self, expr: Any) -> str:
        return self._fill("Trace", self._print(expr.args[0]))

    def _print_OneMatrix(self, expr: Any) -> str:
        return self._fill("OneMatrix", *map(self._print, expr.shape))

    def _print_Identity(self, expr: Any) -> str:
        return self._fill("Identity", self._print(expr.shape[0]))


def assignments(values: Mapping[str, Expr], target: str) -> list[str]:
    """Lines `name = source`, in order, with what they share taken out first.

    Args:
        values: name -> expression; an expression may use names that stand before it.
        target: a key of `TABLE`.
    """
    printer = SourcePrinter(target)
    # what has an index keeps it to itself: no part of it may be taken out
    totals = sorted({total for e in values.values() for total in e.atoms(Sum)}, key=str)
    means: dict[Basic, Symbol] = {total: Symbol(f"mean{k}") for k, total in enumerate(totals)}
    along = [e.xreplace(means) for e in values.values() if runs_along_spectrum(e)]
    means |= {expression: Symbol(f"along{k}") for k, expression in enumerate(along)}
    taken = {symbol.name for expression in values.values() for symbol in expression.free_symbols} | set(values)
    fresh = (symbol for symbol in numbered_symbols("x") if symbol.name not in taken)
    whole = [e.xreplace(means).xreplace(means) for e in values.values()]
    shared, expressions = cse(whole, symbols=fresh, list=True)
    if target in BALL_TARGETS:
        # that a condition does not hold for balls does not make its opposite hold, so it cannot be kept in a name
        conditions = {symbol: value for symbol, value in shared if isinstance(value, Boolean)}
        shared = [(symbol, value.xreplace(conditions)) for symbol, value in shared if symbol not in conditions]
        expressions = [expression.xreplace(conditions) for expression in expressions]
    pending: dict[Basic, Expr] = {symbol: total for total, symbol in means.items()} | dict(shared)

    lines: list[str] = []

    def emit(expression: Basic) -> None:
        for symbol in sorted(expression.free_symbols & pending.keys(), key=str):
            if symbol in pending:  # not written meanwhile, as a part of another
                value = pending.pop(symbol)
                emit(value)
                lines.append(f"{symbol} = {printer.source(value)}")

    for name, expression in zip(values, expressions, strict=True):
        emit(expression)
        lines.append(f"{name} = {printer.source(expression)}")
    return lines


def runs_along_spectrum(expression: Basic) -> bool:
    """Whether an expression has an entry for each eigenvalue: an index that no sum takes up."""
    bare = expression.replace(lambda e: isinstance(e, Sum), lambda e: Integer(0))
    return bool(bare.atoms(Indexed))


def function_source(
    name: str, arguments: Sequence[str], values: Mapping[str, Expr], returns: Sequence[str], target: str, doc: str = ""
) -> str:
    """Source of a function of `arguments` that computes `values` in order and returns some of them.

    Raises:
        UnsupportedNodeError: an expression needs a name that is neither an argument nor computed before it.
    """
    known = set(arguments)
    for key, expression in values.items():
        missing = {str(symbol) for symbol in inputs(expression)} - known
        if missing:
            raise UnsupportedNodeError(f"{name}: {key} needs {', '.join(sorted(missing))}")
        known.add(key)
    body = [f'"""{doc}"""'] if doc else []
    body += [*assignments(values, target), f"return {', '.join(returns)}"]
    return "\n    ".join([f"def {name}({', '.join(arguments)}):", *body]) + "\n"


def inputs(expression: Expr) -> set[str]:
    """Names that an expression is a function of: free symbols, with an array counted once and indices left out."""
    entries = expression.atoms(Indexed)
    arrays = {entry.base.label for entry in entries}
    # indices and lengths
    hidden = {s for entry in entries for part in (*entry.indices, *(entry.shape or ())) for s in part.free_symbols}
    hidden |= {
        s for total in expression.atoms(Sum) for limit in total.limits for part in limit for s in part.free_symbols
    }
    plain = {s for s in expression.free_symbols if not isinstance(s, Indexed)} - hidden
    return {str(s) for s in plain | arrays}
