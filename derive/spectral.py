r"""Means over the spectrum, and their exact reduction to a canonical form.

Every equation sees the spectrum through means $\sum_i w_i f(c_i)$ of rational functions with poles at
$c = -t$ only, $t = z/a$. `reduce_means` writes any of them in terms of $\mathcal U$ and $\mathcal U_2$
(and $c_{\mathrm{train}}$), in which different forms of one formula become identical rational functions.
"""

from __future__ import annotations

from sympy import Eq, Expr, Function, Indexed, Integer, Poly, PolynomialError, Sum, Symbol, cancel, diff, together

from . import notation as n
from .equation import Section

section = Section(
    "scalar",
    "One scalar unknown",
    "Put $@t = @z/@a$, so that $@a @c + @z = @a(@c + @t)$. Every mean over the spectrum is then a combination"
    " of a few sums at $@t$: along an eigenvector of eigenvalue $@c$ a share $@c/(@c+@t)$ is learned, and the"
    " sums are moments of that share.",
    source="THEORY A1",
)


def mean(f: Expr) -> Sum:
    r"""Mean of a function of the eigenvalue: $f(c) \mapsto \sum_{i=1}^m w_i f(c_i)$.

    Args:
        f: expression in the symbol `c` (and `test[i]` where the test covariance enters).
    """
    return Sum(n.weights[n.i] * f.subs(n.c, n.eigenvalues[n.i]), (n.i, 1, n.m))


learned = section("learned", "Learned share along an eigenvector", Eq(n.learned, n.c / (n.c + n.t)))
unlearned = section("unlearned", "Unlearned share along an eigenvector", Eq(n.unlearned, n.t / (n.c + n.t)))
LEARNED, UNLEARNED = learned.rhs, unlearned.rhs

#: spectral sum -> what it averages, in the shrinkage factor and its complement
SUMMANDS = {
    n.D: n.learned,
    n.U: n.unlearned,
    n.E: n.learned * n.unlearned,
    n.D2: n.learned**2,
    n.U2: n.unlearned**2,
}
#: the two parts of E, of third order
MIXED = {n.E_learned: n.learned**2 * n.unlearned, n.E_unlearned: n.learned * n.unlearned**2}
_TITLES = {
    n.D: "Effective dimensions",
    n.U: "Dimensions left unlearned",
    n.E: "Slope of the effective dimensions",
    n.D2: "Second moment of the learned share",
    n.U2: "Second moment of the unlearned share",
}
sums = {
    symbol: section(
        symbol.name, _TITLES[symbol], Eq(symbol, mean(summand.subs({n.learned: LEARNED, n.unlearned: UNLEARNED})))
    )
    for symbol, summand in SUMMANDS.items()
}

#: the spectral sums as functions of t, for differentiation
D_t, U_t, E_t = (Function(name, positive=True, real=True)(n.t) for name in ("D", "U", "E"))
D2_t, U2_t = (Function(name, positive=True, real=True)(n.t) for name in ("D2", "U2"))
gap_kappa_t, gap_tau_t = (Function(name, positive=True, real=True)(n.t) for name in ("gap_kappa", "gap_tau"))
_AS_SYMBOL = {
    **{D_t: n.D, U_t: n.U, E_t: n.E, D2_t: n.D2, U2_t: n.U2},
    **{gap_kappa_t: n.gap_kappa, gap_tau_t: n.gap_tau},
}

#: t times the derivative of what stands for a function of t
_GROWTH = {
    D_t: -n.E,
    U_t: n.E,
    gap_kappa_t: n.E,
    gap_tau_t: n.E,
    E_t: 2 * n.E_learned - n.E,
    D2_t: -2 * n.E_learned,
    U2_t: 2 * n.E_unlearned,
}


def _moment(order: int) -> Expr:
    r"""$\sum_i w_i (c_i + t)^{-k}$ in canonical symbols, for k from -1."""
    known = {-1: n.c_train + n.t, 0: Integer(1), 1: n.U / n.t, 2: n.U2 / n.t**2}
    # higher moments occur in second derivatives only; the equations have no symbol for them
    return _unlearned_moment(order) / n.t**order if order > 2 else known[order]


def _unlearned_moment(order: int) -> Symbol:
    return Symbol(f"U{order}", positive=True)


def _reduce_one(total: Sum) -> Expr:
    (index, *limits), *others = total.limits
    if others or limits != [1, n.m]:
        raise ValueError(f"not a mean over the whole spectrum, (i, 1, {n.m}): {total}")
    y = Symbol("y", positive=True)
    f = cancel(together((total.function / n.weights[index]).subs(n.eigenvalues[index], y - n.t)))
    if f.has(index) or f.has(Indexed):
        raise ValueError(f"not a mean of a function of the eigenvalue alone: {total}")
    try:
        numerator, denominator = (Poly(part, y) for part in f.as_numer_denom())
    except PolynomialError:
        raise ValueError(f"not a mean of a rational function: {total}") from None
    if len(denominator.terms()) != 1:
        raise ValueError(f"mean with a pole elsewhere than at c = -t: {total}")
    (power,), scale = denominator.terms()[0]
    if numerator.degree() > power + 1:
        raise ValueError(f"a second or higher moment of the eigenvalues has no name: {total}")
    return sum((k * _moment(power - j) for (j,), k in numerator.terms()), Integer(0)) / scale


def reduce_means(expression: Expr, *, at: Expr = n.a * n.t) -> Expr:
    r"""Canonical form of an expression in means over the spectrum.

    Every mean becomes a combination of $1$, $c_{\mathrm{train}}$, $\mathcal U$ and $\mathcal U_2$ by partial
    fractions in $c + t$; the other spectral sums are eliminated by
    $\mathcal D = 1 - \mathcal U$, $\mathcal E = \mathcal U - \mathcal U_2$,
    $\mathcal D_2 = 1 - 2\,\mathcal U + \mathcal U_2$. Exact: no numbers are put in.

    Args:
        expression: any SymPy expression.
        at: what the resolvent's argument z stands for, by default $a t$.

    Raises:
        ValueError: a mean has a pole elsewhere than at $c = -t$; a sum is not over the whole spectrum, or not of the
            weight times a rational function of the eigenvalue, or a second or higher moment of the eigenvalues.
    """
    expression = expression.subs(n.z, at)
    expression = expression.replace(lambda e: isinstance(e, Sum), _reduce_one)
    mixed = {n.E_learned: n.U - 2 * n.U2 + _unlearned_moment(3), n.E_unlearned: n.U2 - _unlearned_moment(3)}
    return expression.subs({n.D: 1 - n.U, n.E: n.U - n.U2, n.D2: 1 - 2 * n.U + n.U2} | mixed)


def slope(expression: Expr) -> Expr:
    r"""Derivative in t of an expression in the spectral sums and the gaps, in the same symbols.

    SymPy differentiates; the derivatives of the sums themselves are read off their definitions:
    $\mathcal D' = -\mathcal E/t$, hence $+\mathcal E/t$ for $\mathcal U$ and for both gaps; those of the second
    moments bring in the mixed sums of third order, which are not differentiated again.

    Raises:
        ValueError: the expression holds a sum of third order.
    """
    if expression.has(n.E_learned, n.E_unlearned):
        raise ValueError(f"sums of third order are not differentiated: {expression}")
    as_function = {symbol: function for function, symbol in _AS_SYMBOL.items()}
    rules = {diff(function, n.t): growth / n.t for function, growth in _GROWTH.items()}
    return diff(expression.subs(as_function), n.t).subs(rules).subs(_AS_SYMBOL)
