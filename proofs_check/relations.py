"""Equations and inequalities as statements: SymPy must not decide them from what it assumes of symbols."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Eq, Expr, GreaterThan, LessThan, StrictGreaterThan, StrictLessThan, sympify
from sympy.core.relational import Relational


def eq(left: Expr | int, right: Expr | int) -> Eq:
    """left = right."""
    return Eq(sympify(left), sympify(right), evaluate=False)


def gt(left: Expr | int, right: Expr | int) -> Relational:
    """left > right."""
    return StrictGreaterThan(sympify(left), sympify(right), evaluate=False)


def ge(left: Expr | int, right: Expr | int) -> Relational:
    """left >= right."""
    return GreaterThan(sympify(left), sympify(right), evaluate=False)


def lt(left: Expr | int, right: Expr | int) -> Relational:
    """left < right."""
    return StrictLessThan(sympify(left), sympify(right), evaluate=False)


def le(left: Expr | int, right: Expr | int) -> Relational:
    """left <= right."""
    return LessThan(sympify(left), sympify(right), evaluate=False)


def is_equation(relation: Relational) -> bool:
    """Whether it is an equation."""
    return relation.rel_op == "=="


def excess(relation: Relational) -> tuple[Expr, bool]:
    """What an inequality states to be positive, and whether strictly.

    Raises:
        TypeError: it is no inequality.
    """
    if relation.rel_op not in (">", ">=", "<", "<="):
        raise TypeError(f"no inequality: {relation}")
    difference = relation.lhs - relation.rhs if relation.rel_op[0] == ">" else relation.rhs - relation.lhs
    return difference, "=" not in relation.rel_op


def put_in(relation: Relational, values: Mapping[Expr, Expr]) -> Relational:
    """The relation for other values of its symbols, all at once."""
    sides = [side.subs(dict(values), simultaneous=True) for side in relation.args]
    return relation.func(*sides, evaluate=False)


def plain(relation: Relational) -> str:
    """A relation in one line of plain text."""
    sign = {"==": "="}.get(relation.rel_op, relation.rel_op)
    return f"{relation.lhs} {sign} {relation.rhs}"
