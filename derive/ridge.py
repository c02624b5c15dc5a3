r"""The effective ridge: how finitely many contexts renormalise the explicit one."""

from __future__ import annotations

from sympy import Eq, Expr, Integer, solve

from . import notation as n
from .equation import Equation

SECTION = "ridge"


def _equation(name: str, title: str, statement: Eq, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


summary_noise = _equation(
    "summary_noise", "Noise of the context summary", Eq(n.s, (n.rho + n.c_train) / n.alpha), "LZLP; THEORY 0"
)
sigma = _equation("sigma", "Total effective noise", Eq(n.sigma, n.s + n.effective_ridge), "LZLP; THEORY 0")
effective_ridge_fixed_point = _equation(
    "effective_ridge_fixed_point",
    "Effective ridge, with an explicit ridge",
    Eq(n.effective_ridge * n.M - n.tau * n.ridge / n.effective_ridge, 1 - n.tau),
    "THEORY (1.1)",
    condition="$@ridge > 0$, $@M$ at $@sigma$",
)
effective_ridge_below = _equation(
    "effective_ridge_below",
    "Effective ridge, ridgeless with few contexts",
    Eq(n.effective_ridge * n.M, 1 - n.tau),
    "LZLP; THEORY 1",
    condition=r"$@ridge \to 0$, $@tau < 1$, $@M$ at $@sigma$",
)
effective_ridge_above = _equation(
    "effective_ridge_above",
    "Effective ridge, ridgeless with many contexts",
    Eq(n.effective_ridge, Integer(0)),
    "LZLP; THEORY 1",
    condition=r"$@ridge \to 0$, $@tau > 1$",
)


def _positive_root() -> Expr:
    """Root of the quadratic in the effective ridge that is positive for every tau."""
    at_two = {n.tau: 2, n.ridge: 1, n.M: 1}
    quadratic = (effective_ridge_fixed_point.lhs - effective_ridge_fixed_point.rhs) * n.effective_ridge
    roots = [root for root in solve(quadratic.expand(), n.effective_ridge) if root.subs(at_two) > 0]
    if len(roots) != 1:
        raise AssertionError(f"expected one positive root, found {roots}")
    return roots[0]


effective_ridge = _equation(
    "effective_ridge",
    "Effective ridge, explicitly",
    Eq(n.effective_ridge, _positive_root()),
    "THEORY (1.1)",
    condition="$@M$ at $@sigma$",
)

EQUATIONS = (
    summary_noise,
    sigma,
    effective_ridge_fixed_point,
    effective_ridge_below,
    effective_ridge_above,
    effective_ridge,
)
