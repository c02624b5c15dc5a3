r"""SymPy to LaTeX in the order in which people write: $\kappa - \mathcal D$, $1 - \tau$, $a c + z$, $q F_\kappa$.

SymPy's own printer sorts sums and products alphabetically and puts minus signs where they fall.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sympy import (
    Add,
    Basic,
    Expr,
    Indexed,
    Integer,
    MatAdd,
    MatMul,
    Mul,
    Number,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    igcd,
    preorder_traversal,
    sqrt,
)
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from .notation import TABLE

_EIGENVALUES = ("c", "eigenvalues", "c1", "c2", "c_min", "c_max", "peak")
_FIRST = ("weights", "test", "alpha", "kappa", "tau", "rho", "ridge", "q", "z", "s", "effective_ridge", "sigma", "t")
#: written after a bracket: $(q - 2\sigma) M$
_LAST = ("phi", "Qbar", "F", "dF", "M", "dM", *_EIGENVALUES)
_MIDDLE = tuple(name for name in TABLE if name not in (*_FIRST, *_LAST))
_RANK = {name: rank for rank, name in enumerate((*_FIRST, *_MIDDLE, "", *_LAST))}
_RELATIONS = {"==": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "!=": r"\ne"}
#: what stands taller than a line
_TALL = re.compile(r"\\(frac|sum|sqrt|begin)")

#: a fraction with a root above, too small to read below another line
_ROOT_OVER = re.compile(r"\\frac\{[^{}]*\\sqrt")


def _base_name(factor: Basic) -> str:
    base = factor.as_base_exp()[0] if isinstance(factor, Pow) else factor
    if isinstance(base, Indexed):
        return str(base.base)
    return base.name if isinstance(base, Symbol) else ""


def factor_key(factor: Expr) -> tuple[int, int, str]:
    """Sorts the factors of a product: numbers, what is chosen, brackets and roots, functions of the spectrum."""
    if isinstance(factor, Number):
        return (-1, 0, str(factor))
    if isinstance(factor, AppliedUndef):
        return (len(_RANK), _RANK.get(_base_name(factor.args[0]), 0), str(factor))
    if factor.has(Sum):
        return (len(_RANK) + 1, 0, str(factor))
    return (_RANK.get(_base_name(factor), _RANK[""]), factor.count_ops(), str(factor))


def _complexity(term: Expr) -> int:
    """Number of symbols in a term, each power counted as often as it multiplies."""
    weight = 0
    for part in preorder_traversal(term):
        if isinstance(part, Pow) and isinstance(part.exp, Integer):
            weight += (abs(int(part.exp)) - 1) * max(1, len(part.base.free_symbols))
        elif isinstance(part, (Symbol, Indexed)):
            weight += 1
    return weight


def _term_key(term: Expr) -> tuple[int, list[tuple[int, int, str]], str]:
    size = signed(term)[1]
    return (_complexity(size), sorted(factor_key(f) for f in Mul.make_args(size)), str(size))


def signed(term: Expr) -> tuple[int, Expr]:
    """The sign in front of a term, and the term without it."""
    if isinstance(term, Sum):
        sign, summand = signed(term.function)
        return sign, term if sign > 0 else Sum(summand, *term.limits)
    sign, factors = 1, []
    for factor in Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, Number) and factor.is_negative:
            own, factor = -1, -factor
        elif isinstance(base, Add) and isinstance(exponent, Integer) and all(signed(x)[0] < 0 for x in base.args):
            own, factor = (-1) ** abs(int(exponent)), (-base) ** exponent
        elif isinstance(factor, Sum):
            own, factor = signed(factor)
        else:
            own = 1
        sign *= own
        factors.append(factor)
    if sign < 0 and len(factors) > 1:  # -(a - 1) is 1 - a
        for k, factor in enumerate(factors):
            base, exponent = factor.as_base_exp()
            if isinstance(base, Add) and len(base.args) == 2 and _leads_with_minus(base) and exponent.is_odd:
                factors[k], sign = (-base) ** exponent, 1
                break
    return sign, Mul(*factors)


def _leads_with_minus(total: Add) -> bool:
    return signed(min(total.args, key=_term_key))[0] < 0


def ordered_terms(total: Expr) -> list[Expr]:
    """Terms of a sum: simple ones first, but a positive one in front if there is any."""
    terms = sorted(Add.make_args(total), key=_term_key)
    if len(terms) == 2:  # a c + z, c + t
        terms.sort(key=lambda term: not any(_base_name(f) in _EIGENVALUES for f in Mul.make_args(term)))
    positive = next((k for k, term in enumerate(terms) if signed(term)[0] > 0), 0)
    return [terms[positive], *terms[:positive], *terms[positive + 1 :]]


def _common(total: Expr) -> Expr:
    """What all terms of a sum share: a number, and symbols above or below the line."""
    terms = [Mul.make_args(signed(term)[1]) for term in Add.make_args(total)]
    numbers = [Mul(*(f for f in term if isinstance(f, Rational))) for term in terms]
    number = Rational(igcd(*(x.p for x in numbers)), numbers[0].q if len({x.q for x in numbers}) == 1 else 1)
    powers = [dict(f.as_base_exp() for f in term if isinstance(f.as_base_exp()[1], Integer)) for term in terms]
    shared = [number]
    for base in sorted(powers[0], key=str):
        exponents = [p.get(base, Integer(0)) for p in powers]
        if isinstance(base, (Symbol, Indexed)) and (min(exponents) > 0 or max(exponents) < 0):
            shared.append(base ** min(exponents, key=abs))
    return Mul(*shared)


def _pulled_out(common: Expr) -> bool:
    """A number or a denominator that a whole sum shares is written once."""
    factors = [factor.as_base_exp() for factor in Mul.make_args(common)]
    return any(exponent.is_negative or (base.is_Number and base != 1) for base, exponent in factors)


def _without(total: Expr, common: Expr) -> Expr:
    return Add(*(term / common for term in Add.make_args(total)))


def fraction(term: Expr) -> tuple[Rational, list[Expr], list[Expr]]:
    """Number in front, factors above and factors below of a product; brackets without a common number."""
    number, factors, above, below = Rational(1), [], [], []
    for factor in Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, Rational):
            number *= factor
            continue
        if isinstance(base, Add) and isinstance(exponent, Integer):
            common = _common(base)
            base = _without(base, common)
            for part in Mul.make_args(common**exponent):
                if isinstance(part, Rational):
                    number *= part
                else:
                    factors.append(part)
        factors.append(base**exponent)
    for base, exponent in Mul(*factors, evaluate=False).as_powers_dict().items():
        if isinstance(exponent, Number) and exponent.is_negative:
            below.append(base ** (-exponent))
        elif exponent != 0 and base != 1:
            above.append(base**exponent)
    return number, sorted(above, key=factor_key), sorted(below, key=factor_key)


def _turn_round(above: list[Expr], below: list[Expr]) -> None:
    """(a - 1)/(x - y) as (1 - a)/(y - x), where there is one such bracket above and one below."""
    brackets = [[f for f in factors if isinstance(f, Add) and len(f.args) == 2] for factors in (above, below)]
    if all(len(found) == 1 for found in brackets) and _leads_with_minus(brackets[0][0]):
        for factors, (found,) in zip((above, below), brackets, strict=True):
            factors[factors.index(found)] = -found


def _with_squares(radicand: Expr) -> Expr:
    r"""$x^2 - 2 x y + y^2 + \dots$ as $(x - y)^2 + \dots$, in a sum that may hold such a square."""
    terms = list(Add.make_args(radicand))
    for x in terms:
        for y in terms:
            cross = 2 * sqrt(x) * sqrt(y)
            for sign in (1, -1):
                if x != y and {x, y, sign * cross} <= set(terms):
                    rest = [term for term in terms if term not in (x, y, sign * cross)]
                    return Add(*rest, (sqrt(x) + sign * sqrt(y)) ** 2)
    return radicand


class HumanPrinter(LatexPrinter):
    """Prints with the given LaTeX for each symbol of the notation table."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self.names = names

    # --- names --------------------------------------------------------------------------------------
    def _print_Symbol(self, expr: Symbol, style: str = "plain") -> str:
        return self.names.get(expr.name) or super()._print_Symbol(expr, style)

    def _print_MatrixSymbol(self, expr: Basic, style: str = "plain") -> str:
        return self.names[expr.name]

    def _print_IndexedBase(self, expr: Basic) -> str:
        return self.names[str(expr)]

    def _print_Indexed(self, expr: Indexed) -> str:
        base = self._print(expr.base)
        if "_" in base:
            base = f"{{{base}}}"
        (index,) = expr.indices
        # d - j + 1 is the usual order in an index
        position = super()._print_Add(index) if isinstance(index, Add) else self._print(index)
        return f"{base}_{{{position}}}"

    def _print_Function(self, expr: AppliedUndef, exp: str | None = None) -> str:
        name = self.names[expr.func.__name__]
        power = "" if exp is None else f"^{{{exp}}}"
        return f"{name}{power}" + self._bracket(", ".join(self._print(x) for x in expr.args))

    # --- sums and products --------------------------------------------------------------------------
    def _bracket(self, latex: str) -> str:
        opening, closing = "()" if latex.count("(") == 0 or "[" in latex else "[]"
        if _TALL.search(latex):
            return rf"\left{opening}{latex}\right{closing}"
        return opening + latex + closing

    def _print_Add(self, expr: Add, order: str | None = None) -> str:
        if _pulled_out(_common(expr)):
            return self._print_Mul(expr)
        return "".join(self.terms(expr)).removeprefix("+ ")

    def terms(self, total: Expr) -> list[str]:
        """Each term with its sign in front, such as `- x`."""
        out = []
        for term in ordered_terms(total):
            sign, size = signed(term)
            out.append(("+ " if sign > 0 else "- ") + self._print(size) + " ")
        out[-1] = out[-1].rstrip()
        return out

    def _print_Mul(self, expr: Expr) -> str:
        sign, size = signed(expr)
        number, above, below = fraction(size)
        _turn_round(above, below)
        minus = "" if sign > 0 else "- "
        if number.q == 1 and not below:
            return minus + self.product(Integer(number.p), above)
        long = [f for f in above if isinstance(f, Sum) or (isinstance(f, Add) and self._unwieldy(f))]
        beside = ""
        if (
            len(long) == 1
            and (len(above) > 1 or number.p != 1 or isinstance(long[0], Sum))
            and not any(f.has(Sum) for f in below)
        ):
            above.remove(long[0])
            beside = " " + self._factor(long[0], alone=False, last=True)
        for factor in [f for f in below if isinstance(f, Add) and _ROOT_OVER.search(self._print(f))]:
            below.remove(factor)
            beside += f" {self._bracket(self._print(factor))}^{{-1}}"
        over, under = self.product(Integer(number.p), above), self.product(Integer(number.q), below)
        if r"\sum" in over + under:
            over, under = r"\displaystyle " + over, r"\displaystyle " + under
        return minus + rf"\frac{{{over}}}{{{under}}}" + beside

    def _unwieldy(self, total: Add) -> bool:
        return _complexity(total) > 4 or bool(_TALL.search(self._print(total)))

    def product(self, number: Integer, factors: list[Expr]) -> str:
        """Factors side by side, brackets round sums."""
        if not factors:
            return str(number)
        alone = number == 1 and len(factors) == 1
        parts = [self._factor(factor, alone=alone, last=factor is factors[-1]) for factor in factors]
        return " ".join(([] if number == 1 else [str(number)]) + parts)

    def _factor(self, factor: Expr, *, alone: bool, last: bool) -> str:
        latex = self._print(factor)
        loose = isinstance(factor, (Add, Piecewise)) or (isinstance(factor, Sum) and not last)
        return self._bracket(latex) if loose and not alone else latex

    def _print_Pow(self, expr: Pow) -> str:
        base, exponent = expr.args
        if exponent == Rational(1, 2):
            return rf"\sqrt{{{self._print(_with_squares(base))}}}"
        if isinstance(exponent, Number) and exponent.is_negative:
            return self._print_Mul(expr)
        latex = self._print(base)
        if isinstance(base, Add) or "^" in latex or "'" in latex or not isinstance(base, (Symbol, Indexed)):
            latex = self._bracket(latex)
        return f"{latex}^{{{self._print(exponent)}}}"

    def _print_Sum(self, expr: Sum) -> str:
        index, first, last = expr.limits[0]
        over = f"_{{{self._print(index)}}}"
        if last != Symbol("m", integer=True, positive=True):  # not the sum over the spectrum
            over = f"_{{{self._print(index)}={self._print(first)}}}^{{{self._print(last)}}}"
        weights = [f for f in Mul.make_args(expr.function) if _base_name(f) == "weights"]
        rest = expr.function / Mul(*weights)
        if not weights or not fraction(rest)[1]:
            return rf"\sum{over} {self._print(expr.function)}"
        latex = self._print(rest)
        if isinstance(rest, Add):
            latex = self._bracket(latex)
        return rf"\sum{over} {self._print(Mul(*weights))} {latex}"

    # --- relations, cases, extrema ------------------------------------------------------------------------
    def relation(self, expr: Relational) -> tuple[Expr, str, Expr]:
        """Left-hand side, sign and right-hand side as they are written."""
        left, right = expr.args
        relation = expr.rel_op
        if right == 0 and relation != "==" and isinstance(left, Add):  # x - y >= 0 is x >= y
            terms = [signed(term) for term in left.args]
            left, right = (Add(*(size for sign, size in terms if sign == side)) for side in (1, -1))
            if left == 0:
                left, right, relation = right, left, expr.reversedsign.rel_op
        return left, _RELATIONS[relation], right

    def _print_Relational(self, expr: Relational) -> str:
        left, sign, right = self.relation(expr)
        return f"{self._print(left)} {sign} {self._print(right)}"

    _print_Equality = _print_Relational

    def _print_Piecewise(self, expr: Piecewise) -> str:
        rows = []
        for value, condition in expr.args:
            when = r"\text{otherwise}" if condition == True else rf"\text{{if }} {self._print(condition)}"  # noqa: E712
            rows.append(rf"\displaystyle {self._print(value)} & {when}")
        return r"\begin{cases} " + r" \\[2ex] ".join(rows) + r" \end{cases}"

    def _print_Min(self, expr: Expr, exp: str | None = None) -> str:
        latex = rf"\{type(expr).__name__.lower()}" + self._bracket(
            ", ".join(self._print(x) for x in sorted(expr.args, key=_term_key))
        )
        return latex if exp is None else f"{latex}^{{{exp}}}"

    _print_Max = _print_Min

    # --- matrices -----------------------------------------------------------------------------------
    def _print_Identity(self, expr: Basic) -> str:
        return "I"

    def _print_OneMatrix(self, expr: Basic) -> str:
        return r"\mathbf{1} \mathbf{1}^\top"

    def _print_Trace(self, expr: Basic, exp: str | None = None) -> str:
        return rf"\operatorname{{Tr}}[{self._print(expr.arg)}]" + ("" if exp is None else f"^{{{exp}}}")

    def _print_MatMul(self, expr: MatMul) -> str:
        number, matrices = expr.as_coeff_matrices()
        parts = [self._print(matrix) for matrix in matrices]
        return " ".join(parts if number == 1 else [self._print(number), *parts])

    def _print_MatAdd(self, expr: MatAdd) -> str:
        terms = [self._print(term) for term in expr.args]
        terms.sort(key=lambda latex: latex.startswith("- "))
        return "".join(f" - {x[2:]}" if x.startswith("- ") else f" + {x}" for x in terms).removeprefix(" + ")

    def _print_Abs(self, expr: Expr, exp: str | None = None) -> str:
        # |x| = |-x|: the one that does not start with a minus
        inside = expr.args[0]
        if isinstance(inside, Add) and _leads_with_minus(inside):
            inside = -inside
        latex = self._print(inside)
        latex = rf"\left|{latex}\right|" if _TALL.search(latex) else rf"\lvert {latex}\rvert"
        return latex if exp is None else f"{latex}^{{{exp}}}"
