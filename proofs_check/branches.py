"""The larger root of a quadratic, given by two branches: their conditions, and the modulus resolved in each."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Abs, Eq, Expr, Piecewise, expand

from .relations import eq


@dataclass(frozen=True)
class Branch:
    """One branch of a distinction of two cases.

    Attributes:
        value: what the symbol is.
        moduli: what the moduli in it are, given the condition of the branch.
    """

    value: Expr
    moduli: tuple[Eq, ...]


def branches_of(cases: Expr) -> tuple[Branch, Branch] | None:
    """Both branches; None unless the condition is the sign of what the moduli in them are of."""
    if not isinstance(cases, Piecewise) or len(cases.args) != 2:
        return None
    (first, condition), (second, rest) = cases.args
    if condition.rel_op not in ("<=", ">=") or rest != True:  # noqa: E712
        return None
    way = -1 if condition.rel_op == "<=" else 1
    inside = condition.lhs - condition.rhs
    pairs = []
    for value, sign in ((first, way), (second, -way)):
        moduli = [_resolved(modulus, inside, sign) for modulus in sorted(cases.atoms(Abs), key=str)]
        if None in moduli:
            return None
        pairs.append(Branch(value, tuple(x for x in moduli if x is not None)))
    return pairs[0], pairs[1]


def _resolved(modulus: Abs, inside: Expr, way: int) -> Eq | None:
    """|x| = x or -x where `inside`, which is x or -x, has the sign `way`."""
    (x,) = modulus.args
    if expand(x - inside) == 0:
        return eq(modulus, way * x)
    if expand(x + inside) == 0:
        return eq(modulus, -way * x)
    return None
