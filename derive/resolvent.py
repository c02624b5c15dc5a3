r"""The deterministic equivalent of the task resolvent, its derivative in z, and the effective ridge.

$(R_k + z)^{-1} \simeq F_\kappa(z) = (a(z)\,C_{\mathrm{train}} + z)^{-1}$ with $R_k$ the empirical covariance of
the $k$ pretraining tasks. Derivatives come from implicit differentiation of the fixed-point equation. Finitely many
contexts renormalise the explicit ridge $\lambda$ to $\tilde\lambda$.
"""

from __future__ import annotations

from sympy import Eq, Expr, Function, Integer, diff, solve

from . import notation as n
from .equation import Section, derived
from .spectral import mean

section = Section(
    "resolvent",
    "The task resolvent",
    "Pretraining sees the tasks only through their empirical covariance $R_k$, and all averages over the tasks"
    r" reduce to its resolvent. For large $@d$ it has the deterministic equivalent $(R_k + @z)^{-1} \simeq"
    " @F(@z) = (@a @C_train + @z)^{-1}$: finitely many tasks shrink the population covariance by the"
    " memorisation factor $@a$, which solves a scalar fixed-point equation. It tends to one for many tasks;"
    " where it is small, the model knows little beyond the span of its training tasks.",
    source="THEORY 0",
)

M_z, a_z = (Function(name, positive=True, real=True)(n.z) for name in ("M", "a"))


memorisation = section("memorisation", "Memorisation factor", Eq(n.a, 1 - 1 / n.kappa + n.z * n.M / n.kappa))
resolvent = section(
    "resolvent", "Task resolvent along an eigenvector", Eq(n.F, 1 / (n.a * n.c + n.z)), "LZLP; THEORY (0.1)"
)
trace = section("resolvent_trace", "Trace of the task resolvent", Eq(n.M, mean(resolvent.rhs)), "LZLP; THEORY 0")
fixed_point_M = section(
    "fixed_point_M",
    "Fixed-point equation of the trace",
    Eq(n.M, mean(resolvent.rhs.subs(n.a, memorisation.rhs))),
    "LZLP; THEORY 0",
)
section.prose(
    "Instead of the trace, the trace against $@C_train$ can serve as the unknown. The two are tied by"
    " $1 - @z @M = @a @phi$."
)
phi = section("phi", "Trace against the task covariance", Eq(n.phi, mean(n.c * resolvent.rhs)), "THEORY (0.1)")
fixed_point_a = section(
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


section.prose(
    "Derivatives in $@z$ follow from the fixed-point equation [[fixed_point_M]] by implicit"
    " differentiation; nothing is differenced numerically."
)
dM = section("dM", "Derivative of the trace", Eq(n.dM, _implicit_dM()), "THEORY 0, by implicit differentiation")
da = section(
    "da",
    "Derivative of the memorisation factor",
    Eq(n.b, diff(memorisation.rhs.subs(n.M, M_z), n.z).subs(diff(M_z, n.z), n.dM).subs(M_z, n.M)),
)
dF = section(
    "dF",
    "Derivative of the task resolvent",
    Eq(n.dF, diff(resolvent.rhs.subs(n.a, a_z), n.z).subs(diff(a_z, n.z), n.b).subs(a_z, n.a)),
)


section = Section(
    "ridge",
    "The effective ridge",
    "Three kinds of finite data act as a ridge. A finite context leaves the noise $@s$ in its summary;"
    r" finitely many contexts renormalise the explicit ridge $@ridge$ to $@effective_ridge \ge @ridge$, which"
    " stays positive without any explicit ridge once there are fewer contexts than $@d^2$; and finitely many"
    " tasks enter through $@M$. The left-hand side of [[effective_ridge_fixed_point]] increases strictly in"
    " $@effective_ridge$, so the solution is unique.",
    source="LZLP; THEORY 0",
)

summary_noise = section("summary_noise", "Noise of the context summary", Eq(n.s, (n.rho + n.c_train) / n.alpha))
sigma = section("sigma", "Total effective noise", Eq(n.sigma, n.s + n.effective_ridge))
effective_ridge_fixed_point = section(
    "effective_ridge_fixed_point",
    "Effective ridge, with an explicit ridge",
    Eq(n.effective_ridge * n.M - n.tau * n.ridge / n.effective_ridge, 1 - n.tau),
    "THEORY (1.1)",
    condition="$@ridge > 0$, $@M$ at $@sigma$",
)
effective_ridge_below = section(
    "effective_ridge_below",
    "Effective ridge, ridgeless with few contexts",
    Eq(n.effective_ridge * n.M, 1 - n.tau),
    "LZLP; THEORY 1",
    condition=r"$@ridge \to 0$, $@tau < 1$, $@M$ at $@sigma$",
)
effective_ridge_above = section(
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
    (positive,) = roots
    return positive


effective_ridge = section(
    "effective_ridge",
    "Effective ridge, explicitly",
    derived(n.effective_ridge, _positive_root),
    "THEORY (1.1)",
    condition="$@M$ at $@sigma$",
)
