r"""When two expressions are equal: a canonical form, and the exact test for zero.

Means over the spectrum are reduced by `derive.spectral.reduce_means`; other sums by linearity alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Add, Derivative, Eq, Expr, Function, Indexed, KroneckerDelta, Mul, Sum, Symbol, expand, together
from sympy.core.function import AppliedUndef

from ..derive import notation as n
from ..derive.spectral import mean, reduce_means

#: variable -> what does not depend on it
_CONSTANT = {
    n.t: {n.t, n.kappa, n.tau, n.s, n.ridge},
    n.z: {n.z, n.tau, n.s, n.ridge},
    n.c: {n.c, n.a, n.sigma, n.A, n.B},
    n.effective_ridge: {n.effective_ridge, n.t, n.kappa, n.tau, n.s, n.ridge, n.U},
}
_SPECTRUM = {n.i, n.m, n.eigenvalues.label, n.weights.label}
_OPAQUE = Function("sum_over")
_TOTALS = {_OPAQUE(mean(n.test[n.i]).function): n.c_test, _OPAQUE(n.weights[n.i]): 1}


def unfolded(expression: Expr, using: Iterable[Eq] = ()) -> Expr:
    """Equations put in, left for right, one after the other; derivatives taken where a function is explicit."""
    for equation in using:
        # literally: `subs` would put the dependence on the variable of a derivative outside of it
        expression = expression.xreplace({equation.lhs: equation.rhs})
        expression = expression.replace(_explicit_derivative, lambda e: e.doit(deep=False))
    return expression


def _explicit_derivative(expression: Expr) -> bool:
    """A derivative of what is written out; a symbol that hides a dependence must be put in first."""
    if not isinstance(expression, Derivative) or isinstance(expression.expr, AppliedUndef):
        return False
    (variable,) = expression.variables[:1]
    return {x for x in expression.expr.free_symbols if isinstance(x, Symbol)} <= _CONSTANT[variable] | _SPECTRUM


def is_zero(expression: Expr, using: Iterable[Eq] = ()) -> bool:
    """Exactly zero, for all values of what is left after the equations are put in."""
    expression = unfolded(expression, using).replace(_knows_more_than_eigenvalues, _by_linearity)
    numerator, _ = together(reduce_means(expression.subs(_TOTALS))).as_numer_denom()
    # twice, since the squares of roots multiply out
    return expand(expand(numerator)) == 0


def _knows_more_than_eigenvalues(expression: Expr) -> bool:
    return isinstance(expression, Sum) and expression.has(n.test, n.K_of)


def _by_linearity(total: Sum) -> Expr:
    """Term by term, with what does not depend on the index in front."""
    index = total.limits[0][0]
    deltas = total.function.atoms(KroneckerDelta)
    if deltas:
        (delta,) = deltas
        (place,) = set(delta.args) - {index}
        return (total.function / delta).subs(index, place)
    terms = []
    for term in Add.make_args(expand(total.function)):
        inside = [f for f in Mul.make_args(term) if f.has(index) or f.has(Indexed)]
        outside = [f for f in Mul.make_args(term) if f not in inside]
        terms.append(Mul(*outside) * _OPAQUE(Mul(*inside)))
    return Add(*terms)
