"""SymPy to source code: one table of nodes for every backend, loud on a node that is not in it."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NoReturn

import sympy
from sympy import Basic, Expr, Idx, Indexed, Integer, Mul, Not, Piecewise, Pow, Sum, Symbol, Tuple, cse, true
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean
from sympy.matrices.expressions import MatrixExpr, MatrixSymbol
from sympy.matrices.expressions.trace import Trace
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.precedence import PRECEDENCE, precedence

from .errors import UnsupportedNodeError

#: functions of one argument that are regular at 1
_FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh")
_FLOAT_NUMBERS = {
    "Rational": "{p} / {q}",
    "Float": "{value}",
    "Pi": "{ns}.pi",
    "Exp1": "{ns}.e",
    "EulerGamma": "{value}",
    "Catalan": "{value}",
    "GoldenRatio": "{value}",
    "Infinity": "{ns}.inf",
    "NegativeInfinity": "(-{ns}.inf)",
}
_FLOAT = (
    _FLOAT_NUMBERS
    | {name: f"{{ns}}.{name}({{0}})" for name in _FUNCTIONS}
    | {
        "Pow": "{0}**{1}",
        "atan": "{ns}.arctan({0})",
        "sign": "{ns}.sign({0})",
        "Max": "{ns}.maximum({0}, {1})",
        "Min": "{ns}.minimum({0}, {1})",
        "Piecewise": "{ns}.where({condition}, {then}, {otherwise})",
        "Sum": "{ns}.sum({0}, axis=-1)",
        "length": "{array}.shape[-1]",
        "position": "{ns}.arange({first}.0, {array}.shape[-1] + {first})",
        "MatrixSymbol": "{name}",
        "Trace": "{ns}.trace({0})",
        "OneMatrix": "{ns}.ones((int({0}), int({1})))",
        "Identity": "{ns}.eye(int({0}))",
    }
)
_SCALAR = {
    "Pow": "{0}**{1}",
    "Abs": "abs({0})",
    "Piecewise": "({then} if {condition} else {otherwise})",
}
#: |x| by cases: torch and jax take 0 for its slope at 0, which is right from neither side
_ABS_BY_CASES = {"Abs": "{ns}.where({0} >= 0, {0}, -({0}))"}
_LIKE = "dtype={array}.dtype, device={array}.device)"

#: target -> node -> how it is written; values are floats or arrays of floats, but for mpmath and arb
TABLE: dict[str, dict[str, str]] = {
    "numpy": _FLOAT | {"Abs": "{ns}.abs({0})"},
    # torch makes single precision of plain numbers where no tensor stands beside them, and takes none in some places
    "torch": _FLOAT
    | _ABS_BY_CASES
    | {
        "Sum": "{ns}.sum({0}, dim=-1)",
        "Max number": "{ns}.clamp({0}, min={1})",
        "Min number": "{ns}.clamp({0}, max={1})",
        "number": "{ns}.tensor({0}, dtype={ns}.float64)",
        "length": "{ns}.tensor({array}.shape[-1], " + _LIKE,
        "position": "{ns}.arange({first}, {array}.shape[-1] + {first}, " + _LIKE,
        "OneMatrix": "{ns}.ones((int({0}), int({1})), dtype={ns}.float64)",
        "Identity": "{ns}.eye(int({0}), dtype={ns}.float64)",
    },
    "jax": _FLOAT | _ABS_BY_CASES,
    # one point at a time
    "numba": _FLOAT_NUMBERS
    | _SCALAR
    | {name: f"{{ns}}.{name}({{0}})" for name in _FUNCTIONS}
    | {
        "sign": "np.sign({0})",
        "Max": "np.maximum({0}, {1})",
        "Min": "np.minimum({0}, {1})",
        "Sum": "sum([{0} for {at} in range(len({array}))])",
        "length": "float(len({array}))",
        "position": "({at} + {first}.0)",
    },
    "mpmath": {
        name: f"(+{{ns}}.{attribute})"
        for name, attribute in {
            "Pi": "pi",
            "Exp1": "e",
            "EulerGamma": "euler",
            "Catalan": "catalan",
            "GoldenRatio": "phi",
        }.items()
    }
    | _SCALAR
    | {name: f"{{ns}}.{name}({{0}})" for name in (*_FUNCTIONS, "sign")}
    | {
        "number": "{ns}.mpf({0})",
        "Rational": "{ns}.mpf({p}) / {q}",
        "Float": "{ns}.ldexp({mantissa}, {exponent})",
        "Infinity": "{ns}.inf",
        "NegativeInfinity": "{ns}.ninf",
        "Max": "max({0}, {1})",
        "Min": "min({0}, {1})",
        "Sum": "{ns}.fsum({0} for {at} in range(len({array})))",
        "length": "{ns}.mpf(len({array}))",
        "position": "{ns}.mpf({at} + {first})",
    },
    # Exact rationals only: a float would make an enclosure wrong, so there is no way to write one. A comparison of
    # balls is true only where it holds for all their points. Where neither a condition nor its opposite does, each
    # point of the balls is in one of the two cases, so the smallest ball around both holds the value.
    "arb": {name: f"({{0}}).{name}()" for name in _FUNCTIONS}
    | {
        "number": "arb({0})",
        "Rational": "fmpq({p}, {q})",
        "Pi": "arb.pi()",
        "Exp1": "arb(1).exp()",
        "EulerGamma": "arb.const_euler()",
        "Catalan": "arb.const_catalan()",
        "GoldenRatio": "((1 + arb(5).sqrt()) / 2)",
        "Infinity": "arb.pos_inf()",
        "NegativeInfinity": "arb.neg_inf()",
        "Pow": "{0}**{1}",
        # the power of a ball around zero would be nan
        "product": "prod([{0}]*{1})",
        "Max": "arb({0}).max(arb({1}))",
        "Min": "arb({0}).min(arb({1}))",
        "Piecewise": "({then} if {condition} else {otherwise} if {opposite} else arb({then}).union(arb({otherwise})))",
        "Abs": "abs({0})",
        "sign": "({0}).sgn()",
        "Sum": "sum(({0} for {at} in range(len({array}))), arb(0))",
        "length": "arb(len({array}))",
        "position": "arb({at} + {first})",
    },
}
#: target -> what it calls its namespace, and the import that provides it
NAMESPACE = {
    "numpy": ("np", "import numpy as np"),
    "torch": ("torch", "import torch"),
    "jax": ("jnp", "import jax.numpy as jnp"),
    "numba": ("math", "import math\n\nimport numpy as np"),
    "mpmath": ("mp", "from mpmath import mp"),
    "arb": ("arb", "from math import prod\n\nfrom flint import arb, fmpq"),
}
#: targets that work on whole arrays: inside a mean, each index has an axis of its own behind those of the points
ARRAY_TARGETS = frozenset({"numpy", "torch", "jax"})
#: targets whose numbers are doubles, or what the caller's arrays hold
FLOAT_TARGETS = ARRAY_TARGETS | {"numba"}
#: targets whose comparisons can be undecided
BALL_TARGETS = frozenset({"arb"})
#: names that the sources use themselves
_RESERVED = frozenset({*dir(builtins), *keyword.kwlist, "np", "torch", "jnp", "math", "mp", "arb", "fmpq", "prod"})
#: from here on not every integer fits into the integers of each target; as doubles they are exact a while longer
_EXACT_INTEGERS = 1 << 31


def _refuse(why: str) -> NoReturn:
    raise UnsupportedNodeError(f"expression: {why}")


def name_of(expression: Any) -> str:
    """Name of a symbol, a matrix, or the array of an entry."""
    return str((expression.base.label if isinstance(expression, Indexed) else expression).name)


def _is_number(expression: Basic) -> bool:
    return isinstance(expression, Expr) and not isinstance(expression, (MatrixExpr, Sum)) and bool(expression.is_number)


def free_index(expression: Basic) -> Basic | None:
    """The index that no sum takes up: such an expression has an entry for each eigenvalue."""
    bare = expression.replace(lambda e: isinstance(e, Sum), lambda e: Integer(0))
    return next((entry.indices[0] for entry in bare.atoms(Indexed) if not entry.indices[0].is_Integer), None)


class Reading:
    r"""What expressions take: arrays, matrices and plain symbols.

    A sum runs over whole arrays: its limits are $0 \dots d - 1$ or $1 \dots d$, where d is the length of an array.
    An entry of an array has one index: that of a sum, an integer, or one free index for the whole expression.

    Attributes:
        lengths: array -> its length; where none is stated, an index or a name that arrays of the same length share.
        plain: symbols that stand for themselves.
        matrices: names of matrices.
        indices: all indices, of sums and free.
        first: where the count of integer indices begins; None if nothing says so.
        fewest: array -> how many entries it must have.
        summed: length of a sum -> where it begins to count.

    Raises:
        UnsupportedNodeError: other limits or indices; two things that have the same name.
    """

    def __init__(self, expressions: Iterable[Basic]) -> None:
        self.lengths: dict[str, Basic] = {}
        self.plain: set[Basic] = set()
        self.matrices: set[str] = set()
        self.fewest: dict[str, int] = {}
        self._named: dict[str, set[Basic | str]] = {}
        self._unstated: dict[str, Basic] = {}
        self.summed: dict[Basic, int] = {}
        self._fixed: set[Indexed] = set()
        expressions = list(expressions)
        self.indices: set[Basic] = {limit[0] for e in expressions for total in e.atoms(Sum) for limit in total.limits}
        for expression in expressions:
            free: set[Basic] = set()
            self._read(expression, {}, free)
            if len(free) > 1:
                _refuse(f"more than one index that no sum takes up: {expression}")
            if free & self.plain:
                _refuse(f"an index that no sum takes up is not a number: {expression}")
            self.indices |= free
        firsts = set(self.summed.values()) | {0 for entry in self._fixed if entry.indices[0] == 0}
        self.first = firsts.pop() if len(firsts) == 1 else None
        for entry in self._fixed:
            if self.first is None or entry.indices[0] < self.first:
                _refuse(f"{entry}: nothing says whether its index counts from 0 or from 1; a sum's limits can")
            self.fewest[name_of(entry)] = max(self.position(entry) + 1, self.fewest.get(name_of(entry), 0))
        for length in self.summed.keys() - set(self.lengths.values()):
            _refuse(f"a sum over {length} entries, but no array has that length")
        for length in self.lengths.values():
            self.plain.discard(length)
            if length.is_Symbol:
                self._name(length, length)
        self.lengths = self._unstated | self.lengths
        for name, things in self._named.items():
            if len(things) > 1:
                _refuse(f"{len(things)} different symbols have the name {name!r}, rename all but one")

    def _name(self, expression: Basic, thing: Basic | str) -> str:
        name = name_of(expression)
        self._named.setdefault(name, set()).add(thing)
        return name

    def _read(self, expression: Basic, ranges: Mapping[Basic, Basic], free: set[Basic]) -> None:
        """`ranges`: index of a sum -> number of its values; `free` collects the indices that no sum takes up."""
        if isinstance(expression, Sum):
            inside = dict(ranges)
            for limit in expression.limits:
                inside[limit[0]] = self._range(limit)
            self._read(expression.function, inside, free)
        elif isinstance(expression, Indexed):
            self._entry(expression, ranges, free)
        elif isinstance(expression, MatrixSymbol):
            self.matrices.add(self._name(expression, expression))
        elif isinstance(expression, (Symbol, Idx)):
            if expression not in ranges:
                self._name(expression, expression)
                self.plain.add(expression)
        else:
            if isinstance(expression, (MatrixExpr, Trace)) and expression.has(Indexed):
                _refuse(f"entries of an array among matrices: {expression}")
            for part in expression.args:
                self._read(part, ranges, free)

    def _range(self, limit: Any) -> Basic:
        first = next((k for k in (0, 1) if len(limit) == 3 and limit[1] == k), None)
        length = limit[-1] - (first or 0) + 1
        if first is None or not (length.is_Symbol or length.is_Integer) or length in self.indices:
            _refuse(f"a sum over {limit} is not over a whole array, as (i, 0, d - 1) and (i, 1, d) are")
        if self.summed.setdefault(length, first) != first:
            _refuse(f"one sum counts the {length} entries of an array from 0, another from 1")
        return length

    def _entry(self, entry: Indexed, ranges: Mapping[Basic, Basic], free: set[Basic]) -> None:
        base, index = entry.base, entry.indices[0]
        if len(entry.indices) > 1 or len(base.shape or ()) > 1 or base.offset != 0:
            _refuse(f"{entry}: an array has one axis, and one index")
        name = self._name(entry, "array")
        if index.is_Integer:
            self._fixed.add(entry)
        elif index not in ranges:
            if not isinstance(index, (Symbol, Idx)):
                _refuse(f"{entry}: its index is neither that of a sum nor an integer")
            free.add(index)
        for length in {*(base.shape or ()), ranges.get(index)} - {None}:
            if self.lengths.setdefault(name, length) != length:
                _refuse(f"{name}: has two lengths, {self.lengths[name]} and {length}")
        # without a stated length, arrays with the same free index have the same
        self._unstated.setdefault(name, base.label if index.is_Integer else index)

    def position(self, entry: Indexed) -> int:
        """Place of an entry with an integer index, counted from 0."""
        return int(entry.indices[0]) - (self.first or 0)

    @property
    def inputs(self) -> set[str]:
        """Names of all that must be given."""
        return self.lengths.keys() | self.matrices | set(map(name_of, self.plain))


class Guarded(Expr):
    """A value where all of `holds` and none of `fails` do, else 1: the argument of a function in a case not taken.

    Without it, an infinite slope there would make the gradient of the case that is taken nan, as zero times infinity.
    """

    is_commutative = True

    def __new__(cls, value: Basic, holds: Tuple, fails: Tuple) -> Guarded:
        return Expr.__new__(cls, value, holds, fails)


def guarded(expression: Any, holds: tuple[Basic, ...] = (), fails: tuple[Basic, ...] = ()) -> Any:
    """The expression with a guard on each argument of a function, denominator and root inside the cases of a Piecewise.

    What is known not to be singular from its symbols' assumptions is left alone. `holds` and `fails`: the conditions
    of the case that the expression stands in.
    """
    if isinstance(expression, Piecewise):
        cases, failed = [], fails
        for value, condition in expression.args:
            inside = holds if condition == true else (*holds, condition)
            cases.append((guarded(value, inside, failed), condition))
            failed = (*failed, condition)
        return Piecewise(*cases, evaluate=False)
    if not expression.args or isinstance(expression, (Indexed, MatrixExpr)):
        return expression
    if isinstance(expression, Sum):
        return Sum(guarded(expression.function, holds, fails), *expression.limits)
    parts = [guarded(part, holds, fails) for part in expression.args]
    if holds or fails:
        risky = [_is_risky(expression, k) for k in range(len(parts))]
        parts = [
            Guarded(part, Tuple(*holds), Tuple(*fails)) if guard else part
            for part, guard in zip(parts, risky, strict=True)
        ]
    return expression if tuple(parts) == expression.args else expression.func(*parts, evaluate=False)


def _is_risky(expression: Expr, place: int) -> bool:
    """Whether a function or a power can be infinite, or have an infinite slope, through one of its arguments."""
    part = expression.args[place]
    if not part.free_symbols:
        return False
    if isinstance(expression, Pow):
        base, exponent = expression.args
        # the square of a double that is not huge is a double
        if exponent.is_Integer and (0 < exponent <= 2 or base.is_nonzero):
            return False
        return not (place == 0 and base.is_positive)
    if isinstance(expression, sympy.log):
        return not part.is_positive
    return type(expression).__name__ in _FUNCTIONS


class SourcePrinter(CodePrinter):
    """Prints an expression as the Python source of one target of `TABLE`.

    Args:
        target: a key of `TABLE`.
        reading: what the expressions take.
        names: how a symbol is written, where not by its name.

    Raises:
        UnsupportedNodeError: the target is unknown, or the expression holds a node that it cannot write.
    """

    language = "Python"

    def __init__(self, target: str, reading: Reading, names: Mapping[str, str] | None = None) -> None:
        if target not in TABLE:
            _refuse(f"target {target!r} is not one of {', '.join(sorted(TABLE))}")
        super().__init__({"strict": True})
        self.target = target
        self._reading = reading
        self._names = names or {}
        self._indices: list[Basic] = []  # of the sums around, from the outermost
        self._lengths: list[Basic] = []  # how many values each has
        self._within_number = False

    def source(self, expression: Basic) -> str:
        """One expression as source; one that runs along the spectrum gives it as a last axis."""
        along = free_index(expression)
        if along is not None and self.target not in ARRAY_TARGETS:
            _refuse(f"target {self.target!r} has no way to write an index that no sum takes up: {expression}")
        self._indices, self._lengths = ([], []) if along is None else ([along], [along])
        return self._print(expression)

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if _is_number(expr) and expr.args and not self._within_number:
            return self._print_constant(expr)
        # only what is written here: what CodePrinter has beyond it is not Python
        for kind in type(expr).__mro__:
            method = vars(SourcePrinter).get(f"_print_{kind.__name__}")
            if method is not None:
                return method(self, expr, **kwargs)
        return self.emptyPrinter(expr)

    def _fill(self, node: str, *values: str, **named: object) -> str:
        template = TABLE[self.target].get(node)
        if template is None:
            _refuse(f"target {self.target!r} has no way to write {node}")
        return template.format(*values, ns=NAMESPACE[self.target][0], **named)

    def emptyPrinter(self, expr: Any) -> str:
        _refuse(f"target {self.target!r} has no way to write {type(expr).__name__}: {expr}")

    def parenthesize(self, item: Any, level: int, strict: bool = False) -> str:
        # 1 / x, where SymPy thinks of a power
        quotient = isinstance(item, Pow) and item.exp.is_Rational and item.exp.is_negative
        text = self._print(item)
        return f"({text})" if (PRECEDENCE["Mul"] if quotient else precedence(item)) + strict <= level else text

    # --- numbers ----------------------------------------------------------------------------------
    def _print_constant(self, expr: Any) -> str:
        """A number that is not a leaf: as one float, or written out so that it has the precision of the call."""
        text = self._number(expr)
        value = expr.evalf(30)
        if not value.is_comparable:
            _refuse(f"{expr} is not a real number")
        if self.target not in FLOAT_TARGETS:
            return text
        return self._double(value) if value.is_finite else text

    def _number(self, expr: Any) -> str:
        """A number that may have to stand alone, with no value of the target beside it."""
        self._within_number = True
        try:
            return self._print(expr)
        finally:
            self._within_number = False

    def _double(self, number: Any) -> str:
        """The double that is nearest; parentheses around a negative one."""
        try:
            value = float(number)
        except OverflowError:
            value = math.inf
        if abs(value) == math.inf or (number != 0 and abs(value) < sys.float_info.min):
            _refuse(f"target {self.target!r} has no way to write a number that is not in the range of doubles")
        return repr(value) if value >= 0 else f"({value!r})"

    def _print_Integer(self, expr: Any) -> str:
        if self.target in FLOAT_TARGETS:
            return str(expr.p) if abs(expr.p) < _EXACT_INTEGERS else self._double(expr)
        # a quotient of plain integers would be a float
        return self._fill("number", str(expr.p)) if self._within_number else str(expr.p)

    def _print_Rational(self, expr: Any) -> str:
        if self.target in FLOAT_TARGETS and max(abs(expr.p), expr.q) >= _EXACT_INTEGERS:
            return self._double(expr)
        text = self._fill("Rational", p=expr.p, q=expr.q)
        return self._fill("number", text) if self._within_number and self.target in BALL_TARGETS else text

    def _print_Float(self, expr: Any) -> str:
        negative, mantissa, exponent, _ = expr._mpf_
        value = self._double(expr) if self.target in FLOAT_TARGETS else ""
        return self._fill("Float", value=value, mantissa=-mantissa if negative else mantissa, exponent=exponent)

    def _print_NumberSymbol(self, expr: Any) -> str:
        node = type(expr).__name__
        return self._fill(node, value=self._double(expr.evalf(30)))

    def _print_Infinity(self, expr: Any) -> str:
        return self._fill("Infinity")

    def _print_NegativeInfinity(self, expr: Any) -> str:
        return self._fill("NegativeInfinity")

    # --- symbols ----------------------------------------------------------------------------------
    def _written(self, expr: Any) -> str:
        name = name_of(expr)
        return self._names.get(name, name)

    def _array_of(self, length: Basic) -> str:
        array = min(name for name, known in self._reading.lengths.items() if known == length)
        return self._names.get(array, array)

    def _axes(self, text: str, place: int | None = None) -> str:
        """A value with an axis for each index: its own last one at `place`, none of its own without a place."""
        if self.target not in ARRAY_TARGETS or not self._indices or (place == 0 and len(self._indices) == 1):
            return text
        axes = ["None"] * len(self._indices)
        if place is not None:
            axes[place] = ":"
        return f"{text}[..., {', '.join(axes)}]"

    def _place(self, index: Basic) -> int:
        """Which of the indices it is: the innermost of that name."""
        return len(self._indices) - 1 - self._indices[::-1].index(index)

    def _at(self, place: int) -> str:
        """What counts the entries, in targets that go through them in a loop."""
        return f"at{place}"

    def _print_Symbol(self, expr: Any) -> str:
        if expr in self._indices:
            place = self._place(expr)
            length = self._lengths[place]
            named = {"first": self._reading.summed[length], "at": self._at(place)}
            return self._axes(self._fill("position", array=self._array_of(length), **named), place)
        if expr in self._reading.lengths.values():
            return self._fill("length", array=self._array_of(expr))
        return self._axes(self._written(expr))

    _print_Idx = _print_Symbol

    def _print_Indexed(self, expr: Any) -> str:
        name, index = self._written(expr), expr.indices[0]
        if index.is_Integer:
            position = self._reading.position(expr)
            return self._axes(f"{name}[..., {position}]") if self.target in ARRAY_TARGETS else f"{name}[{position}]"
        place = self._place(index)
        return self._axes(name, place) if self.target in ARRAY_TARGETS else f"{name}[{self._at(place)}]"

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

    _print_Mul = CodePrinter._print_Mul

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, exponent = expr.args
        if not exponent.is_Rational or exponent.q > 2:
            below, above = PRECEDENCE["Pow"] + 1, PRECEDENCE["Pow"]
            return self._fill("Pow", self.parenthesize(base, below), self.parenthesize(exponent, above))
        if exponent.is_negative:
            return f"1 / {self.parenthesize(Pow(base, -exponent), PRECEDENCE['Mul'])}"
        if exponent.p >= _EXACT_INTEGERS and self.target in FLOAT_TARGETS:
            _refuse(f"target {self.target!r} has no way to write the exponent {exponent}")
        if exponent.q == 2:
            root = self._fill("sqrt", self._print(base))
            return root if exponent.p == 1 else f"{root}**{exponent.p}"
        if self.target in BALL_TARGETS and (base.is_Symbol or not base.is_positive):
            if base.is_Symbol and exponent <= 4:
                return f"({'*'.join([self._print(base)] * int(exponent))})"
            if exponent <= 64:
                return self._fill("product", self._print(base), str(exponent))
        return f"{self.parenthesize(base, PRECEDENCE['Pow'] + 1)}**{exponent}"

    def _print_Function(self, expr: Any) -> str:
        node = type(expr).__name__
        if getattr(sympy, node, None) is not type(expr):
            return self.emptyPrinter(expr)
        return self._fill(node, *map(self._print, expr.args))

    def _fold(self, node: str, expr: Any) -> str:
        numbers = [self._print(argument) for argument in expr.args if argument.is_number]
        text, *others = sorted(self._print(argument) for argument in expr.args if not argument.is_number) or numbers
        for other in others:
            text = self._fill(node, text, other)
        for number in numbers if text not in numbers else ():
            text = self._fill(f"{node} number" if f"{node} number" in TABLE[self.target] else node, text, number)
        return text

    def _print_Max(self, expr: Any) -> str:
        return self._fold("Max", expr)

    def _print_Min(self, expr: Any) -> str:
        return self._fold("Min", expr)

    def _print_Relational(self, expr: Relational) -> str:
        left, right = (self.parenthesize(side, precedence(expr)) for side in expr.args)
        return f"{left} {expr.rel_op} {right}"

    def _case(self, expr: Expr) -> str:
        """A case of a Piecewise; an integer as one of the target's own numbers, so that no power of it overflows."""
        if not expr.is_Rational:
            return self._print(expr)
        return self._double(expr) if self.target in FLOAT_TARGETS else self._number(expr)

    def _print_Piecewise(self, expr: Any) -> str:
        *cases, last = expr.args
        if last.cond != true:
            _refuse(f"the last case of a Piecewise must hold always: {expr}")
        text = self._case(last.expr)
        if all(case.expr.is_number for case in expr.args) and "number" in TABLE[self.target]:
            text = self._fill("number", text)
        for case in reversed(cases):
            condition, then = self._print(case.cond), self._case(case.expr)
            opposite = self._print(Not(case.cond)) if self.target in BALL_TARGETS else ""
            text = self._fill("Piecewise", condition=condition, opposite=opposite, then=then, otherwise=text)
        return text

    def _print_Guarded(self, expr: Any) -> str:
        value, holds, fails = expr.args
        conditions = [self._print(condition) for condition in holds] + [f"~({self._print(c)})" for c in fails]
        condition = (
            conditions[0]
            if len(conditions) == 1
            else " & ".join(text if text.startswith("~") else f"({text})" for text in conditions)
        )
        return self._fill("Piecewise", condition=condition, then=self._print(value), otherwise="1")

    # --- means over the spectrum --------------------------------------------------------------------
    def _print_Sum(self, expr: Any) -> str:
        *inner, (index, lower, upper) = expr.limits
        summand, length = Sum(expr.function, *inner) if inner else expr.function, upper - lower + 1
        if index not in summand.free_symbols:
            return self._print(Mul(length, summand, evaluate=False))
        self._indices.append(index)
        self._lengths.append(length)
        try:
            named = {"array": self._array_of(length), "at": self._at(len(self._indices) - 1)}
            return self._fill("Sum", self._print(summand), **named)
        finally:
            self._indices.pop()
            self._lengths.pop()

    # --- matrices -----------------------------------------------------------------------------------
    def _print_MatrixSymbol(self, expr: Any) -> str:
        return self._fill("MatrixSymbol", name=self._written(expr))

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


def assignments(values: Mapping[str, Any], target: str, reading: Reading, names: Mapping[str, str]) -> list[str]:
    """Lines `name = source`, in order, with what they share taken out first.

    Args:
        values: name -> expression; an expression may use names that stand before it.
        target: a key of `TABLE`.
        reading: of the expressions.
        names: symbols that are written by another name.
    """
    printer = SourcePrinter(target, reading, names)
    taken = reading.inputs | set(values) | set(names.values())
    if target in ARRAY_TARGETS:
        values = {name: guarded(expression) for name, expression in values.items()}
    # what has an index keeps it to itself: no part of it may be taken out, but for a sum that has no index left
    closed = {
        total
        for expression in values.values()
        for total in expression.atoms(Sum)
        if not total.free_symbols & reading.indices
    }
    fresh = numbered("mean", taken)
    means: dict[Basic, Symbol] = {total: next(fresh) for total in sorted(closed, key=str)}
    pending: dict[Basic, Any] = {
        symbol: total.func(total.function.xreplace(means), *total.limits) for total, symbol in means.items()
    }
    along = [e.xreplace(means) for e in values.values() if free_index(e) is not None]
    means |= dict(zip(along, numbered("along", taken), strict=False))
    whole = [e.xreplace(means).xreplace(means) for e in values.values()]
    pending |= {symbol: expression for expression, symbol in means.items() if symbol not in pending}
    shared, expressions = cse(whole, symbols=numbered("x", taken), list=True)
    # a number is none of the target's arrays, and stays where it is; that a condition does not hold for balls does not
    # make its opposite hold, so it cannot be kept in a name
    inline: dict[Basic, Basic] = {}
    for symbol, value in shared:
        value = value.xreplace(inline)
        if _is_number(value) or (target in BALL_TARGETS and isinstance(value, Boolean)):
            inline[symbol] = value
        else:
            pending[symbol] = value

    lines: list[str] = []

    def emit(expression: Basic) -> None:
        for symbol in sorted(expression.free_symbols & pending.keys(), key=str):
            if symbol in pending:  # not written meanwhile, as a part of another
                value = pending.pop(symbol)
                emit(value)
                lines.append(f"{symbol} = {printer.source(value)}")

    for name, expression in zip(values, (e.xreplace(inline) for e in expressions), strict=True):
        emit(expression)
        lines.append(f"{name} = {printer.source(expression)}")
    return lines


def numbered(prefix: str, taken: Container[str]) -> Iterator[Symbol]:
    """Symbols of that prefix, without those that are taken."""
    return (Symbol(name) for name in (f"{prefix}{k}" for k in count()) if name not in taken)


def function_source(
    name: str, arguments: Sequence[str], values: Mapping[str, Any], returns: Sequence[str], target: str, doc: str = ""
) -> str:
    """Source of a function of `arguments` that computes `values` in order and returns some of them.

    Raises:
        UnsupportedNodeError: an expression holds what the target cannot write, or needs a name that is neither an
            argument nor computed before it.
    """
    known = set(arguments)
    for key, expression in values.items():
        missing = inputs(expression) - known
        if missing:
            raise UnsupportedNodeError(f"{name}: {key} needs {', '.join(sorted(missing))}")
        known.add(key)
    # an argument may have a name that the source itself uses
    spare = numbered("given", known)
    names = {
        argument: next(spare).name
        for argument in arguments
        if argument in _RESERVED or re.fullmatch(r"at\d+", argument)
    }
    body = [f'"""{doc}"""'] if doc else []
    body += [*assignments(values, target, Reading(values.values()), names), f"return {', '.join(returns)}"]
    listed = ", ".join(names.get(argument, argument) for argument in arguments)
    return "\n    ".join([f"def {name}({listed}):", *body]) + "\n"


def inputs(expression: Basic) -> set[str]:
    """Names that an expression is a function of: free symbols, with an array counted once and indices left out."""
    return Reading([expression]).inputs
