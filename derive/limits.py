r"""Limits of many tasks, long contexts, many and few pretraining contexts, taken by SymPy.

The equations hold the parameters openly and, through the root t, in the spectral sums. Each limit below is
taken along the root, where t tends to a known place:

- to a positive number: the sums are continuous in t there, so they are held fixed, at their limits;
- to zero: $\mathcal D \to r$ and $\mathcal D_2 \to r$, with first corrections in $t \langle 1/c\rangle$;
- to infinity: $t\mathcal D \to c_{\mathrm{train}}$ and $t\mathcal E \to c_{\mathrm{train}}$.

All three are limits of finite sums of rational functions, so nothing but this substitution and SymPy's `limit`
is needed. `s` and the noise rho are kept apart: $s \to 0$ stands for $\alpha = (\rho + c_{\mathrm{train}})/s \to \infty$.
"""

from __future__ import annotations

from sympy import Eq, Expr, Integer, Symbol, cancel, factor, limit, oo, simplify, solve

from . import alignment, ridge, root, stable
from . import notation as n
from .equation import Equation
from .spectral import UNLEARNED

SECTION = "limits"


def _equation(name: str, title: str, statement: Eq, source: str = "THEORY 7", **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


def _in_sums(expression: Expr, regime: str) -> Expr:
    r"""An output in terms of t, the gaps and the sums, without ridge, at the root.

    There $s = \sigma - \tilde\lambda$ is known from t (`root.g`), so t is free and s is not.
    """
    steps = [(e.lhs, e.rhs) for e in reversed(stable.OUTPUTS) if e.lhs is not n.K]
    noise = solve(root.g[regime].rhs, n.s)[0]
    steps += [
        (n.ridge_share, n.tau - 1 if regime == "above" else Integer(0)),
        (n.effective_ridge, Integer(0) if regime == "above" else n.sigma - n.s),
        (n.sigma, root.sigma_of_t.rhs),
        (n.a, root.a_of_t.rhs),
        (n.s, noise),
        (n.D2, n.D - n.E),
        (n.U2, n.U - n.E),
        (n.U, 1 - n.D),
    ]
    for symbol, value in steps:
        expression = expression.subs(symbol, value)
    return expression


# --- kappa to infinity -----------------------------------------------------------------------------------------
def _many_tasks(expression: Expr) -> Expr:
    """Limit in kappa at fixed z: t tends to z, and the sums to their values there."""
    for equation in (stable.b, stable.den, root.gap_kappa):
        expression = expression.subs(equation.lhs, equation.rhs)
    return limit(expression, n.kappa, oo)
