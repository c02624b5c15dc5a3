r"""Near the thresholds of the phases: kinks, and how noise and ridge round them."""

from __future__ import annotations

from functools import cache

from sympy import Eq, Expr, Integer, Symbol, factor, limit, simplify, solve, sqrt

from . import alignment, closed_forms, ridge
from . import notation as n
from .equation import Equation

SECTION = "thresholds"
_RANK = n.rank_fraction


def _equation(
    name: str, title: str, statement: Eq, condition: str = "", remark: str = "", source: str = "THEORY 7"
) -> Equation:
    return Equation(name, title, statement, source, SECTION, condition, remark)


# --- kinks --------------------------------------------------------------------------------------------
def _kink(level: Symbol) -> Expr:
    """Leading term in the distance from the rank fraction, where the unlearned dimensions within are t <1/c>."""
    (t,) = solve(n.t * n.mean_inverse - (_RANK - level), n.t)
    return _RANK * t


kink_tasks = _equation(
    "kink_tasks",
    "Linear kink in the number of tasks",
    Eq(n.e_IDG, _kink(n.kappa) * n.variance_gain),
    r"$@kappa \uparrow @rank_fraction < @tau$, $@mean_inverse < \infty$",
)
kink_contexts = _equation(
    "kink_contexts",
    "Linear kink in the number of contexts",
    Eq(n.e_IDG, _kink(n.tau)),
    r"$@tau \uparrow @rank_fraction < @kappa$, $@mean_inverse < \infty$",
)
soft_transition = _equation(
    "soft_transition",
    "Transition of higher order",
    Eq(n.edge_scale * (n.e_IDG / (_RANK * n.variance_gain)) ** n.edge_exponent, _RANK - n.kappa),
    r"$@kappa \uparrow @rank_fraction < @tau$, non-zero eigenvalues of density $\propto @{c}^{@edge_exponent - 1}$ at"
    " zero, $0 < @edge_exponent < 1$",
    r"There $@V \simeq @edge_scale\,@{t}^{@edge_exponent}$ as $@t \to 0$, and $@mean_inverse$ is infinite: the error"
    r" vanishes with the exponent $1/@edge_exponent > 1$ in place of one.",
)

# --- rounding of the transition at finite noise ------------------------------------------------------------------
window = _equation(
    "threshold_window",
    "Window of the transition",
    Eq(n.kappa, _RANK + 2 * n.offset * _RANK * sqrt(_RANK * n.sigma)),
    "eigenvalues $1/@rank_fraction$, a share $@rank_fraction$ of them, and zero",
    r"Its width $\propto \sqrt{@sigma}$ shrinks like $@{alpha}^{-1/2}$.",
)


@cache
def _rounded() -> tuple[Expr, Expr]:
    r"""Leading terms within the window of a and of the bias, in units of $\sqrt{r\sigma}$."""
    unit, root, level = (Symbol(name, positive=True) for name in ("unit", "root", "level"))
    at = {n.sigma: unit**2 / _RANK, n.c_train: Integer(1)}
    a, b = (
        equation.rhs.subs(n.z, n.sigma).subs(at).subs(n.kappa, window.rhs.subs(n.sigma, at[n.sigma]))
        for equation in (closed_forms.two_atom_a, closed_forms.two_atom_b)
    )
    spread = sqrt(1 + n.offset**2)
    if factor(limit(a / unit, unit, 0, "+") - spread - n.offset) != 0:
        raise AssertionError("not the memorisation factor within the window")
    slope = limit((b * unit).subs(n.a, level * unit), unit, 0, "+")
    # -sigma^2 phi' = (b/r + 1) (sigma/(a/r + sigma))^2, in which a and 1/b are of the order of the unit
    bias = factor((slope / _RANK / level**2).subs(level, root + n.offset)).subs(root, spread)
    return spread + n.offset, bias


rounded_a = _equation(
    "threshold_a",
    "Memorisation factor within the window",
    Eq(n.a, sqrt(_RANK * n.sigma) * _rounded()[0]),
    r"$@sigma \to 0$, $@kappa$ in the window",
)
rounded_bias = _equation(
    "threshold_bias",
    "Bias within the window",
    Eq(-(n.sigma**2) * n.dphi, sqrt(_RANK * n.sigma) * _rounded()[1]),
    r"$@sigma \to 0$, $@kappa$ in the window",
    r"At the threshold itself half of $\sqrt{@rank_fraction@sigma}$.",
)

# --- rounding of the peak at tau = 1 by a ridge -----------------------------------------------------------------------
_spread = sqrt((n.tau - 1) ** 2 + 4 * n.ridge * n.M)
_NEAR_ONE = r"$@ridge \to 0$, $|@tau - 1| \sim \sqrt{@ridge}$, $@M$ at $@s$"
peak_ridge = _equation(
    "peak_effective_ridge",
    "Effective ridge within the window of the peak",
    Eq(n.effective_ridge, (1 - n.tau + _spread) / (2 * n.M)),
    _NEAR_ONE,
    r"At $@tau = 1$ it is $\sqrt{@ridge/@M}$.",
)
peak_q = _equation(
    "peak_q",
    "Variance within the window of the peak",
    Eq(n.q, alignment.q.rhs.as_numer_denom()[0].subs(n.effective_ridge, 0).subs(n.sigma, n.s) / _spread),
    _NEAR_ONE,
    r"The ridge rounds the peak, which without it diverges as $1/|@tau-1|$ on both sides alike; at $@tau = 1$ the"
    r" variance grows like $@{ridge}^{-1/2}$.",
)


def _check_peak() -> None:
    """In the window, with tau - 1 in units of the root of the ridge, the exact formula has this leading term."""
    unit = Symbol("unit", positive=True)
    within = {n.tau: 1 + n.offset * unit, n.ridge: unit**2}
    leading = limit(ridge.effective_ridge.rhs.subs(within) / unit, unit, 0, "+")
    if simplify(leading - (peak_ridge.rhs.subs(within) / unit).simplify()) != 0:
        raise AssertionError("not the effective ridge within the window")
    # the denominator of q is the sum of the two shares, up to terms of the order of the square of lt
    lt = peak_ridge.rhs
    if simplify(lt * n.M + n.ridge / lt - _spread) != 0:
        raise AssertionError("not the denominator of the variance within the window")


_check_peak()

EQUATIONS = (
    kink_tasks,
    kink_contexts,
    soft_transition,
    window,
    rounded_a,
    rounded_bias,
    peak_ridge,
    peak_q,
)
