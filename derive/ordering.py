r"""Ordering of the alignment matrix K: when do its eigenvalues run against those of C_train?

$\mathcal K(c) = (A + B c)/(a c + \sigma)^2$ with $A, B > 0$ either falls in c, or rises to one peak and falls after it.
"""

from __future__ import annotations

from sympy import Eq, Expr, Max, Piecewise, diff, expand, factor, oo, solve

from . import notation as n
from .equation import Equation
from .ridge import effective_ridge_fixed_point
from .stable import K

SECTION = "ordering"


def _equation(name: str, title: str, statement: Eq, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


def _slope_numerator() -> Expr:
    return expand(factor(diff(K.rhs, n.c) * (n.a * n.c + n.sigma) ** 3))


P = _equation(
    "ordering_polynomial",
    "Sign of the slope of the alignment",
    Eq(n.P, _slope_numerator()),
    "THEORY A3",
    remark=r"$\mathrm{d}@K/\mathrm{d}@c = @P(@c)/(@a @c + @sigma)^3$ and $@P$ is linear and falling:"
    r" at most one peak.",
)
peak = _equation(
    "peak",
    "Eigenvalue with the largest alignment entry",
    Eq(n.peak, Max(0, solve(P.rhs, n.c)[0])),
    "THEORY A3",
    remark="Zero exactly when $@K$ is ordered for every spectrum with this fixed point.",
)
beta = _equation("beta", "Relative drift of the memorisation factor", Eq(n.beta, n.sigma * n.b / n.a), "THEORY A3")
P_at_zero = _equation(
    "ordering_polynomial_at_zero",
    "Ordering polynomial at zero",
    Eq(
        n.P0,
        n.a * (n.q * (n.effective_ridge * (1 - n.beta) - n.s) - n.sigma**2 * (2 - n.beta)),
    ),
    "THEORY A3",
    remark=r"Negative for $@effective_ridge \le @s$, in particular for $@ridge \to 0$, $@tau > 1$: then $@K$ is"
    " ordered for every spectrum.",
)


def _tau_at_equal_noise() -> Expr:
    """The tau at which the effective ridge is s; infinite where the explicit ridge alone is that large."""
    equation = effective_ridge_fixed_point
    (tau,) = solve((equation.lhs - equation.rhs).subs(n.effective_ridge, n.s), n.tau)
    return Piecewise((factor(tau), n.ridge < n.s), (oo, True))


tau_order = _equation(
    "tau_order",
    "Sufficient number of contexts",
    Eq(n.tau_order, _tau_at_equal_noise()),
    "THEORY A3",
    condition=r"$@M$ at $2@s$",
    remark=r"$@tau \ge @tau_order$ is the same as $@effective_ridge \le @s$ and suffices for the ordering.",
)


def _pair() -> Expr:
    r"""$(\mathcal K(c_1) - \mathcal K(c_2))/(c_2 - c_1)$ times both (positive) denominators."""
    first, second = K.rhs.subs(n.c, n.c1), K.rhs.subs(n.c, n.c2)
    denominators = ((n.a * n.c1 + n.sigma) * (n.a * n.c2 + n.sigma)) ** 2
    return factor((first - second) * denominators / (n.c2 - n.c1))


pair = _equation(
    "ordering_of_a_pair",
    "Order of a pair",
    Eq(n.pair, expand(_pair())),
    "THEORY A3",
    remark="Of the sign of $@K(@c1) - @K(@c2)$ for $@c1 < @c2$; only one term is negative."
    r" The ordering holds for a spectrum exactly when $@pair \ge 0$ for its two smallest distinct eigenvalues;"
    r" the top eigenvector is the best spike exactly when $@pair \ge 0$ for the smallest and the largest.",
)

EQUATIONS = (P, peak, beta, P_at_zero, tau_order, pair)
