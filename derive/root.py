r"""One scalar unknown, one convex equation: everything in terms of $t = z/a$.

With $s = (\rho + c_{\mathrm{train}})/\alpha$ and the spectral sums at t, the effective noise $\sigma = a t$ solves
$g(t) = 0$. Each g is convex and increasing at and beyond its root, for every spectrum, so Newton's iteration
from an upper bound descends to it monotonically, with no damping and no bracket.

Three regimes: `above` (no ridge, tau > 1), `below` (no ridge, tau < 1), `ridge` (an explicit ridge, any tau).
"""

from __future__ import annotations

from sympy import Abs, Eq, Expr, Piecewise, Symbol, collect, expand, factor, solve, sqrt

from . import notation as n
from .equation import Equation
from .ridge import effective_ridge, summary_noise
from .spectral import LEARNED, SECTION, slope

REGIMES = {
    "above": r"$@ridge \to 0$, $@tau > 1$",
    "below": r"$@ridge \to 0$, $@tau < 1$",
    "ridge": "$@ridge > 0$",
}


def _equation(name: str, title: str, statement: Eq, source: str = "THEORY A1", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


def _each_regime(name: str, title: str, symbol: Symbol, expressions: dict[str, Expr]) -> dict[str, Equation]:
    return {
        regime: _equation(f"{name}_{regime}", title, Eq(symbol, expression), condition=REGIMES[regime])
        for regime, expression in expressions.items()
    }


t = _equation("t", "The one unknown", Eq(n.t, n.sigma / n.a))
gap_kappa = _equation("gap_kappa", "Tasks left over", Eq(n.gap_kappa, n.kappa - n.D))
gap_tau = _equation("gap_tau", "Contexts left over", Eq(n.gap_tau, n.tau - n.D))
a_of_t = _equation("a_of_t", "Memorisation factor, from the one unknown", Eq(n.a, n.gap_kappa / n.kappa))
sigma_of_t = _equation("sigma_of_t", "Effective noise, from the one unknown", Eq(n.sigma, n.t * a_of_t.rhs))
M_of_t = _equation("M_of_t", "Trace of the resolvent, from the one unknown", Eq(n.M, n.U / n.sigma))

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
g = _each_regime("g", "Scalar equation, zero at the root", n.g, _g)
dg = _each_regime("dg", "Slope of the scalar equation", n.dg, {regime: slope(e) for regime, e in _g.items()})


# --- explicit parametrisation ---------------------------------------------------------------------
def _noise_at(regime: str) -> Expr:
    """The noise s for which a given t is the root."""
    if regime == "ridge":
        return sigma_of_t.rhs - effective_ridge.rhs.subs(n.M, M_of_t.rhs).subs(n.sigma, sigma_of_t.rhs)
    return solve(_g[regime], n.s)[0]


_alpha_of_s = solve(summary_noise.lhs - summary_noise.rhs, n.alpha)[0]
alpha_of_t = _each_regime(
    "alpha_of_t",
    "Explicit parametrisation by the one unknown",
    n.alpha,
    {regime: _alpha_of_s.subs(n.s, _noise_at(regime)) for regime in REGIMES},
)


# --- upper bound of the root ------------------------------------------------------------------------
# All (non-zero) eigenvalues put at their mean: by Jensen's inequality that raises D, hence the root. What is
# left is a quadratic in t, of which the larger root is wanted.
def _larger_root(two: Expr, one: Expr, none: Expr, discriminant: Expr) -> Expr:
    """Larger root of `two x^2 + one x + none`, in whichever form does not cancel."""
    if factor(discriminant - (one**2 - 4 * two * none)) != 0:
        raise AssertionError("not the discriminant of this quadratic")
    half_sum = (Abs(one) + sqrt(discriminant)) / 2
    return Piecewise((half_sum / two, one <= 0), (-none / half_sum, True))


def _start_above() -> Expr:
    atom = n.c_train / n.rank_fraction
    one = (n.kappa - n.rank_fraction) * atom - n.s * n.kappa
    none = -n.s * n.kappa * atom
    quadratic = (n.kappa - n.rank_fraction * LEARNED.subs(n.c, atom)) * n.t - n.s * n.kappa
    if factor(quadratic * (atom + n.t) - (n.kappa * n.t**2 + one * n.t + none)) != 0:
        raise AssertionError("not the one-atom equation")
    return _larger_root(n.kappa, one, none, one**2 + 4 * n.kappa * n.s * n.kappa * atom)


def _start_below() -> Expr:
    two = n.kappa * n.tau
    one = -(n.kappa * (1 - n.tau) + n.tau * (1 - n.kappa)) * n.c_train - n.s * n.kappa
    none = (1 - n.kappa) * (1 - n.tau) * n.c_train**2 - n.s * n.kappa * n.c_train
    learned = LEARNED.subs(n.c, n.c_train)
    quadratic = n.t * (n.kappa - learned) * (n.tau - learned) / (1 - learned) - n.s * n.kappa
    if factor(quadratic * (n.c_train + n.t) - (two * n.t**2 + one * n.t + none)) != 0:
        raise AssertionError("not the one-atom equation")
    return _larger_root(two, one, none, collect(expand(one**2 - 4 * two * none), n.c_train, factor))


def _sigma_upper() -> Expr:
    # M >= 1/(c_train + sigma) bounds the effective ridge
    level = n.c_train + n.s
    one = -((1 - n.tau) * level + n.tau * n.ridge)
    none = -n.tau * n.ridge * level
    return n.s + _larger_root(n.tau, one, none, one**2 + 4 * n.tau * n.tau * n.ridge * level)


t_upper = _each_regime(
    "t_upper", "Upper bound of the root", n.t_upper, {"above": _start_above(), "below": _start_below()}
)
sigma_upper = _equation(
    "sigma_upper",
    "Upper bound of the effective noise",
    Eq(n.sigma_upper, _sigma_upper()),
    condition=REGIMES["ridge"],
    remark=r"The root is at most the bound of the regime $@ridge \to 0$, $@tau > 1$ with this noise in place of"
    " $@s$.",
)

EQUATIONS = (
    t,
    gap_kappa,
    gap_tau,
    a_of_t,
    sigma_of_t,
    M_of_t,
    *g.values(),
    *dg.values(),
    *alpha_of_t.values(),
    *t_upper.values(),
    sigma_upper,
)
