r"""The deterministic equivalent of the task resolvent, and its derivative in z.

$(R_k + z)^{-1} \simeq F_\kappa(z) = (a(z)\,C_{\mathrm{train}} + z)^{-1}$ with $R_k$ the empirical covariance of
the $k$ pretraining tasks. Derivatives come from implicit differentiation of the fixed-point equation.
"""

from __future__ import annotations

from sympy import Eq, Expr, Function, diff

from . import notation as n
from .equation import Equation
from .spectral import mean

SECTION = "resolvent"
M_z, a_z = (Function(name, positive=True, real=True)(n.z) for name in ("M", "a"))


def _equation(name: str, title: str, statement: Eq, source: str, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


memorisation = _equation(
    "memorisation",
    "Memorisation factor",
    Eq(n.a, 1 - 1 / n.kappa + n.z * n.M / n.kappa),
    "THEORY 0",
)
resolvent = _equation(
    "resolvent", "Task resolvent along an eigenvector", Eq(n.F, 1 / (n.a * n.c + n.z)), "LZLP; THEORY (0.1)"
)
trace = _equation("resolvent_trace", "Trace of the task resolvent", Eq(n.M, mean(resolvent.rhs)), "LZLP; THEORY 0")
fixed_point_M = _equation(
    "fixed_point_M",
    "Fixed-point equation of the trace",
    Eq(n.M, mean(resolvent.rhs.subs(n.a, memorisation.rhs))),
    "LZLP; THEORY 0",
)
phi = _equation("phi", "Trace against the task covariance", Eq(n.phi, mean(n.c * resolvent.rhs)), "THEORY (0.1)")
fixed_point_a = _equation(
    "fixed_point_a",
    "Fixed-point equation of the memorisation factor",
    Eq(n.a * (1 + n.phi / n.kappa), 1),
    "THEORY (0.1)",
    remark=r"The well-conditioned way to solve: nothing cancels as $@z \to 0$.",
)


def _implicit_dM() -> Expr:
    """Slope of the curve on which the fixed-point equation of M holds: minus the ratio of its partial slopes."""
    residual = fixed_point_M.lhs - fixed_point_M.rhs
    return (-diff(residual, n.z) / diff(residual, n.M)).subs(memorisation.rhs, n.a)


da = _equation(
    "da",
    "Derivative of the memorisation factor",
    Eq(n.b, diff(memorisation.rhs.subs(n.M, M_z), n.z).subs(diff(M_z, n.z), n.dM).subs(M_z, n.M)),
    "THEORY 0",
)
dF = _equation(
    "dF",
    "Derivative of the task resolvent",
    Eq(n.dF, diff(resolvent.rhs.subs(n.a, a_z), n.z).subs(diff(a_z, n.z), n.b).subs(a_z, n.a)),
    "THEORY 0",
)
dM = _equation("dM", "Derivative of the trace", Eq(n.dM, _implicit_dM()), "THEORY 0, by implicit differentiation")

EQUATIONS = (memorisation, resolvent, trace, fixed_point_M, phi, fixed_point_a, dM, da, dF)
