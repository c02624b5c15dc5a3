r"""One scalar unknown, one convex equation, and how its root is found: everything in terms of $t = z/a$.

With $s = (\rho + c_{\mathrm{train}})/\alpha$ and the spectral sums at t, the effective noise $\sigma = a t$ solves
$g(t) = 0$. Each g is convex and increasing at and beyond its root, for every spectrum, so Newton's iteration
from an upper bound descends to it monotonically, with no damping and no bracket.

Three regimes: `above` (no ridge, tau > 1), `below` (no ridge, tau < 1), `ridge` (an explicit ridge, any tau).

A pass over the spectrum takes $\mathcal T_k = \sum_i w_i c_i^k/(c_i + t)^3$ for $k = 0..3$. The two shrinkage factors
$c/(c + t)$ and $t/(c + t)$ add up to one, so by the binomial theorem these give every spectral sum, and the slope of
each; all terms are positive. With the curvature of g, a step is of third order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb

from sympy import (
    Abs,
    Basic,
    Eq,
    Expr,
    Integer,
    Min,
    Piecewise,
    Poly,
    Rational,
    collect,
    expand,
    factor,
    solve,
    sqrt,
)

from . import notation as n
from .equation import Equation, Section, derived
from .resolvent import effective_ridge, summary_noise
from .spectral import MIXED, SUMMANDS, mean, section, slope

REGIMES = {
    "above": r"$@ridge \to 0$, $@tau > 1$",
    "below": r"$@ridge \to 0$, $@tau < 1$",
    "ridge": "$@ridge > 0$",
}


def _each_regime(name: str, title: str, statements: Mapping[str, Basic | Callable[[], Basic]]) -> dict[str, Equation]:
    return {
        regime: section(f"{name}_{regime}", title, statement, condition=REGIMES[regime])
        for regime, statement in statements.items()
    }


section.prose(
    "At the effective noise $@z = @sigma$ the fixed point becomes one equation for the number $@t$. In"
    " terms of the gaps, all quantities of the previous sections are explicit in it."
)
t = section("t", "The one unknown", Eq(n.t, n.sigma / n.a))
gap_kappa = section("gap_kappa", "Tasks left over", Eq(n.gap_kappa, n.kappa - n.D))
gap_tau = section("gap_tau", "Contexts left over", Eq(n.gap_tau, n.tau - n.D))
a_of_t = section("a_of_t", "Memorisation factor, from the one unknown", Eq(n.a, n.gap_kappa / n.kappa))
sigma_of_t = section("sigma_of_t", "Effective noise, from the one unknown", Eq(n.sigma, n.t * a_of_t.rhs))
M_of_t = section("M_of_t", "Trace of the resolvent, from the one unknown", Eq(n.M, n.U / n.sigma))

_lt = sigma_of_t.rhs - n.s
# tau lambda / lt, from the equation of the effective ridge: in the form that does not cancel
_left_over = Piecewise(
    (n.tau - 1 + _lt * n.U / sigma_of_t.rhs, _lt <= n.s), (n.gap_tau - n.s * n.U / sigma_of_t.rhs, True)
)
_g = {
    "above": n.t * n.gap_kappa - n.s * n.kappa,
    "below": n.t * n.gap_kappa * n.gap_tau / n.U - n.s * n.kappa,
    "ridge": _lt * _left_over - n.tau * n.ridge,
}
section.prose(
    "What is left is to satisfy the equation of the effective ridge. Each $@g$ below is convex and"
    " increasing at and beyond its root, for every spectrum, so that Newton's iteration from above"
    r" descends to it monotonically. At the root $@D < \min(@kappa, @tau, 1)$ without ridge."
)
g = _each_regime("g", "Scalar equation, zero at the root", {regime: Eq(n.g, e) for regime, e in _g.items()})
dg = _each_regime("dg", "Slope of the scalar equation", {regime: derived(n.dg, slope, e) for regime, e in _g.items()})


# --- explicit parametrisation ---------------------------------------------------------------------
def _alpha_at(regime: str) -> Expr:
    """The context length for which a given t is the root, from the noise s for which it is."""
    if regime == "ridge":
        s = sigma_of_t.rhs - effective_ridge.rhs.subs(n.M, M_of_t.rhs).subs(n.sigma, sigma_of_t.rhs)
    else:
        (s,) = solve(_g[regime], n.s)
    (alpha,) = solve(summary_noise.lhs - summary_noise.rhs, n.alpha)
    return alpha.subs(n.s, s)


section.prose(
    "Read the other way round, $@t$ is a parameter: for given $@t$ the context length follows in"
    " closed form, and whole curves of the theory are drawn without root finding."
)
alpha_of_t = _each_regime(
    "alpha_of_t",
    "Explicit parametrisation by the one unknown",
    {regime: derived(n.alpha, _alpha_at, regime) for regime in REGIMES},
)


# --- upper bound of the root ------------------------------------------------------------------------
# All (non-zero) eigenvalues put at their mean: by Jensen's inequality that raises D, hence the root. What is
# left is a quadratic in t, of which the larger root is wanted.
def _larger_root(a2: Expr, a1: Expr, a0: Expr, discriminant: Expr) -> Expr:
    """Larger root of `a2 x^2 + a1 x + a0`, in whichever form does not cancel."""
    half_sum = (Abs(a1) + sqrt(discriminant)) / 2
    return Piecewise((half_sum / a2, a1 <= 0), (-a0 / half_sum, True))


def _start_below() -> Expr:
    a2 = n.kappa * n.tau
    a1 = -(n.kappa * (1 - n.tau) + n.tau * (1 - n.kappa)) * n.c_train - n.s * n.kappa
    a0 = (1 - n.kappa) * (1 - n.tau) * n.c_train**2 - n.s * n.kappa * n.c_train
    return _larger_root(a2, a1, a0, collect(expand(a1**2 - 4 * a2 * a0), n.c_train, factor))


def _start_above() -> Expr:
    atom = n.c_train / n.rank_fraction
    a1 = (n.kappa - n.rank_fraction) * atom - n.s * n.kappa
    a0 = -n.s * n.kappa * atom
    return _larger_root(n.kappa, a1, a0, a1**2 + 4 * n.kappa * n.s * n.kappa * atom)


def _sigma_upper() -> Expr:
    # M >= 1/(c_train + sigma) bounds the effective ridge
    level = n.c_train + n.s
    a1 = -((1 - n.tau) * level + n.tau * n.ridge)
    a0 = -n.tau * n.ridge * level
    return n.s + _larger_root(n.tau, a1, a0, a1**2 + 4 * n.tau * n.tau * n.ridge * level)


section.prose(
    "Putting all eigenvalues at their mean raises $@D$, by Jensen's inequality, and with it the root."
    " The resulting quadratics give the starting point of the iteration."
)
t_upper = _each_regime(
    "t_upper",
    "Upper bound of the root",
    {"above": Eq(n.t_upper, _start_above()), "below": Eq(n.t_upper, _start_below())},
)
sigma_upper = section(
    "sigma_upper",
    "Upper bound of the effective noise",
    Eq(n.sigma_upper, _sigma_upper()),
    condition=REGIMES["ridge"],
    remark=r"The root is at most the bound of the regime $@ridge \to 0$, $@tau > 1$ with this noise in place of"
    " $@s$.",
)


section = Section(
    "iteration",
    "The iteration",
    "A pass over the spectrum takes four cubic moments. Since the learned and the unlearned share add up to one,"
    " every spectral sum, and its slope in $@t$, is a combination of them with positive terms only. With the"
    " curvature $@{d2g}$, which follows from $@dg$ by differentiating once more, the step is Halley's.",
    source="THEORY A1",
)

_MOMENTS = (n.T0, n.T1, n.T2, n.T3)
#: degree in the shrinkage factors of all moments
_DEGREE = 3


def _in_moments(summand: Expr) -> Expr:
    r"""A product of shrinkage factors in cubic moments: times a power of $\theta + \bar\theta = 1$ that makes it cubic.

    Args:
        summand: monomial in `learned` and `unlearned`, of degree three at most.
    """
    ((j, k),) = Poly(summand, n.learned, n.unlearned).monoms()
    rest = _DEGREE - j - k
    # theta^p bar-theta^(3-p) = t^(3-p) c^p / (c + t)^3
    powers = ((j + m, comb(rest, m)) for m in range(rest + 1))
    return sum((count * n.t ** (_DEGREE - p) * _MOMENTS[p] for p, count in powers), Integer(0))


#: cubic moment -> what it averages
MOMENTS = {symbol: n.c**k / (n.c + n.t) ** _DEGREE for k, symbol in enumerate(_MOMENTS)}
cubic_moments = tuple(
    section(symbol.name, "Cubic moment", Eq(symbol, mean(summand))) for symbol, summand in MOMENTS.items()
)
#: spectral sum -> the sum from the cubic moments
sums_in_moments = {
    symbol: section(f"{symbol.name}_in_moments", "Spectral sum from the moments", Eq(symbol, _in_moments(summand)))
    for symbol, summand in (SUMMANDS | MIXED).items()
}

#: for the solvers; too long to be read, so not in the catalogue
d2g = {
    regime: Equation(
        f"d2g_{regime}",
        "Curvature of the scalar equation",
        derived(n.d2g, lambda regime: slope(dg[regime].rhs), regime),
        "THEORY A1",
        "iteration",
        REGIMES[regime],
    )
    for regime in REGIMES
}
bend = section(
    "bend",
    "Bend of the scalar equation over a step",
    Eq(n.bend, n.g * n.d2g / (2 * n.dg**2)),
    remark=r"At most $\tfrac14$ for a quadratic with real roots; Newton's step times it is what Newton's step leaves.",
)
halley = section(
    "halley_step",
    "Halley's step",
    Eq(n.step, n.g / n.dg / (1 - Min(n.bend, Rational(1, 2)))),
    remark="The next $@t$ is $@t - @step$; the error of a step is of third order.",
)

_NEXT = {n.D: n.D_next, n.U: n.U_next, n.E: n.E_next, n.D2: n.D2_next, n.U2: n.U2_next}
section.prose(
    "Once the step is a small part of $@t$, the sums after it follow to first order from those before,"
    " and no further pass is needed."
)
#: spectral sum -> the sum after a step, to first order in the step
next_sums = {
    symbol: section(after.name, "Spectral sum after a step", Eq(after, symbol - n.step * slope(symbol)))
    for symbol, after in _NEXT.items()
}
