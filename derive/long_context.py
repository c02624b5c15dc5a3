r"""Phases of long contexts, $s \to 0$: which of tasks, contexts and dimensions of the tasks is fewest; the thresholds.

The ridge vanishes with the noise at a fixed ratio $\nu = \lambda/s$; $\nu \to 0$ is the order "ridge first" and
$\nu \to \infty$ the order "noise first". Leading terms are those of `limits`, with $\tilde\lambda = \eta \sigma$.
Near the thresholds of the phases there are kinks, which noise and ridge round.
"""

from __future__ import annotations

from functools import cache

from sympy import (
    Abs,
    Eq,
    Expr,
    Integer,
    Min,
    Piecewise,
    Poly,
    Symbol,
    collect,
    factor,
    limit,
    oo,
    solve,
    sqrt,
    together,
)

from . import closed_forms, error, limits, resolvent, scalar, stable
from . import notation as n
from .equation import Section, derived
from .spectral import UNLEARNED, mean, reduce_means

section = Section(
    "long_context",
    "Phases of long contexts",
    "With long contexts, whichever is fewest decides: tasks, contexts, or dimensions of the tasks. The limit"
    r" depends on the order in which ridge and noise vanish, so both go together here, at a fixed ratio"
    r" $@ridge_ratio$: $@ridge_ratio \to 0$ is the ridge first, $@ridge_ratio \to \infty$ the noise first. Fresh"
    r" tasks are solved exactly if and only if $@rank_fraction < \min(@kappa, @tau)$: the error is not analytic at"
    r" $@kappa = @rank_fraction$, nor at $@tau = \min(@kappa, @rank_fraction)$. The order parameter is $@a$, which"
    r" tends to $1 - @rank_fraction/@kappa$ above the former threshold and to zero below it. All three errors are"
    r" for tests without noise and with $@alpha_test \to \infty$.",
    source="THEORY 7",
)

_RANK = n.rank_fraction


_LONG = r"$@s \to 0$, $@ridge \to 0$"
_FIXED = r"$@s \to 0$, $@ridge = @ridge_ratio @s$"
_FEW_TASKS = r"$@kappa < \min(@tau, @rank_fraction)$, $@t$ with $@D = @kappa$"
_FEW_CONTEXTS = r"$@tau < \min(@kappa, @rank_fraction)$, $@t$ with $@D = @tau$"
_SOLVED = r"$@rank_fraction < \min(@kappa, @tau)$"

# --- the effective ridge in units of the effective noise -------------------------------------------------------
tasks_rank = section(
    "tasks_rank", "Rank of the empirical covariance", Eq(n.tasks_rank, Min(n.kappa, _RANK), evaluate=False)
)
eta_balance = section(
    "eta_balance",
    "Share of the effective ridge in the effective noise",
    Eq(
        (1 - n.tasks_rank) * n.eta - n.tau * n.ridge_ratio * (1 - n.eta) / n.eta,
        resolvent.effective_ridge_fixed_point.rhs,
    ),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
)


def _eta() -> Expr:
    above = together(eta_balance.lhs - eta_balance.rhs).as_numer_denom()[0]
    a2, a1, a0 = Poly(above, n.eta).all_coeffs()
    a2, a1 = factor(a2), collect(a1, n.tau)
    half_sum = (Abs(a1) + sqrt(a1**2 - 4 * a2 * a0)) / 2
    return Piecewise((-a0 / half_sum, a1 >= 0), (half_sum / a2, True))


eta = section(
    "eta",
    "Share of the effective ridge, explicitly",
    derived(n.eta, _eta),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
    remark=r"For $@ridge_ratio \to 0$ it is zero where $@tau > 1$, and $(1-@tau)/(1-@tasks_rank)$ where $@tau < 1$; for"
    r" $@ridge_ratio \to \infty$ it is one.",
)

slack = section(
    "long_context_slack",
    "Contexts left after the fit",
    Eq(n.slack, n.tau - 1 + (1 - n.tasks_rank) * n.eta * (2 - n.eta)),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
    remark=r"For $@ridge_ratio \to 0$ it is $@tau - 1$ where $@tau > 1$ and"
    r" $(1-@tau)(@tau-@tasks_rank)/(1-@tasks_rank)$ where $@tau < 1$; for $@ridge_ratio \to \infty$ it is"
    r" $@tau - @tasks_rank$.",
)
gain = section(
    "variance_gain",
    "Amplification by the variance",
    Eq(n.variance_gain, 1 + n.tasks_rank * (1 - n.eta) ** 2 / n.slack),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$, $@rho = 0$",
    remark=r"One for $@ridge_ratio \to \infty$. For $@ridge_ratio \to 0$ it has a pole at $@tau = 1$.",
)


# --- the scale of what stays unlearned ------------------------------------------------------------------------------
section.prose("Below the thresholds a share $@t/(@c+@t)$ stays unlearned; the scale $@t$ is the same for all.")
fewest = section("fewest", "The fewer of tasks and contexts", Eq(n.fewest, Min(n.kappa, n.tau), evaluate=False))
_WHERE = "$@t$ with $@D = @fewest < @rank_fraction$"
level_lower = section(
    "t_level_lower",
    "Lower bound of the scale",
    Eq(n.t_lower, (_RANK - n.fewest) / n.mean_inverse),
    condition=_WHERE,
    remark="Since $@V$ is at most $@t @mean_inverse$.",
)
level_upper = section(
    "t_level_upper",
    "Upper bound of the scale",
    Eq(n.t_upper, n.c_train * (_RANK - n.fewest) / (_RANK * n.fewest)),
    condition=_WHERE,
    remark="All non-zero eigenvalues at their mean, by Jensen's inequality.",
)


# --- errors without noise -----------------------------------------------------------------------------------------
def _fresh(level: Symbol) -> Expr:
    r"""Mean of $c\,t/(c + t)$ where the degrees of freedom D are `level`."""
    return factor(reduce_means(mean(n.c * UNLEARNED)).subs(n.U, 1 - level))


def _rotated(level: Expr) -> Expr:
    return n.c_train * reduce_means(mean(UNLEARNED)).subs(n.U, 1 - level)


_QUIET = r", $@rho = 0$, $@alpha_test \to \infty$"
few_tasks_IDG = section(
    "few_tasks_IDG",
    "Fresh tasks, where tasks are fewest",
    Eq(n.e_IDG, _fresh(n.kappa) * n.variance_gain),
    condition=_FIXED + ", " + _FEW_TASKS + _QUIET,
)
few_tasks_ODG = section(
    "few_tasks_ODG",
    "Rotated tasks, where contexts are not fewest",
    Eq(n.e_ODG, _rotated(n.tasks_rank) * n.variance_gain),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _QUIET,
    remark=r"$@e_TM$ vanishes in this phase, and with $@kappa > @rank_fraction$ so does $@e_IDG$.",
)
few_contexts_IDG = section(
    "few_contexts_IDG",
    "Fresh tasks, where contexts are fewest",
    Eq(n.e_IDG, _fresh(n.tau)),
    condition=_LONG + ", " + _FEW_CONTEXTS + _QUIET,
    remark="In either order of the limits.",
)
few_contexts_ODG = section(
    "few_contexts_ODG",
    "Rotated tasks, where contexts are fewest",
    Eq(n.e_ODG, _rotated(n.tau)),
    condition=_LONG + ", " + _FEW_CONTEXTS + _QUIET,
)
few_contexts_TM = section(
    "few_contexts_TM",
    "Tasks of pretraining, where contexts are fewest",
    Eq(n.e_TM, n.tau * scalar.sigma_of_t.rhs.subs(n.gap_kappa, n.kappa - n.tau)),
    condition=_LONG + ", " + _FEW_CONTEXTS + _QUIET,
    remark=r"$@tau@q$ with $@q = @sigma$: without noise no variance is left apart from the bias.",
)

# --- label noise ---------------------------------------------------------------------------------------------------
_NOISY = r", $@rho > 0$, $@alpha_test \to \infty$"


@cache
def _noise_few_contexts() -> Expr:
    """What noise adds to the alignment where contexts are fewest, over c/(c + t)^2."""
    terms = limits.with_noise(limits.long_context_terms("below", n.tau), n.s, n.rho)
    added = factor(limit(stable.K.rhs.subs(terms), n.s, 0, "+") - UNLEARNED)
    return factor(added * (n.c + n.t) ** 2 / n.c)


section.prose("Label noise tells the phases apart by growth: bounded, or linear in $@alpha$.")
noise_few_tasks = section(
    "noise_few_tasks",
    "Growth with the context, where tasks are fewest",
    Eq(n.s * n.e_IDG, n.rho * _fresh(n.kappa) * (1 - n.eta) ** 2 / n.slack),
    condition=_FIXED + ", " + _FEW_TASKS + _NOISY,
    remark=r"The error on fresh tasks grows linearly in $@alpha$.",
)
noise_solved = section(
    "noise_solved",
    "Noise, where the rank is exhausted",
    Eq(n.e_IDG, n.rho * _RANK * n.kappa / ((n.kappa - _RANK) * n.slack)),
    condition=_FIXED + ", " + _SOLVED + _NOISY,
    remark=r"Bounded, with a pole at $@kappa = @rank_fraction$.",
)
noise_few_contexts = section(
    "noise_few_contexts",
    "Noise, where contexts are fewest",
    derived(n.e_IDG, lambda: _fresh(n.tau) + _noise_few_contexts() * n.D2),
    condition=_LONG + ", " + _FEW_CONTEXTS + _NOISY,
)
noise_few_contexts_ODG = section(
    "noise_few_contexts_ODG",
    "Noise and rotated tasks, where contexts are fewest",
    derived(n.e_ODG, lambda: _rotated(n.tau) + n.c_train * _noise_few_contexts() * n.E / n.t),
    condition=_LONG + ", " + _FEW_CONTEXTS + _NOISY,
)
noise_few_contexts_TM = section(
    "noise_few_contexts_TM",
    "Noise and the tasks of pretraining, where contexts are fewest",
    derived(n.e_TM, lambda: few_contexts_TM.rhs + factor(n.tau * (limits.long_contexts_q.rhs - n.sigma) - n.rho)),
    condition=_LONG + ", " + _FEW_CONTEXTS + _NOISY,
    remark=r"$@tau @q - @rho$, since the tests here are free of noise.",
)
noise_ODG = section(
    "noise_ODG",
    "Growth with the context for rotated tasks",
    Eq(n.s * n.e_ODG, n.rho * _rotated(n.tasks_rank) * (1 - n.eta) ** 2 / n.slack),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _NOISY,
)
noise_TM = section(
    "noise_TM",
    "Noise and the tasks of pretraining",
    Eq(n.e_TM, n.rho * n.tasks_rank / n.slack),
    condition=_FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _NOISY,
)


# --- duality of tasks and contexts ------------------------------------------------------------------------------------
def _many_contexts() -> Expr:
    no_variance = limit(gain.rhs.subs(n.slack, n.tau - 1).subs(n.eta, 0), n.tau, oo)
    return few_tasks_IDG.rhs.subs(n.variance_gain, no_variance)


section.prose("Tasks and contexts play the same part: each alone gives the same function.")
duality_tasks = section(
    "duality_tasks",
    "Fresh tasks with many contexts",
    derived(n.e_IDG, _many_contexts),
    condition=_LONG + r", $@tau \to \infty$, $@kappa < @rank_fraction$, $@t$ with $@D = @kappa$" + _QUIET,
)
duality_contexts = section(
    "duality_contexts",
    "Fresh tasks with many tasks",
    Eq(n.e_IDG, few_contexts_IDG.rhs),
    condition=_LONG + r", $@kappa \to \infty$, $@tau < @rank_fraction$, $@t$ with $@D = @tau$" + _QUIET,
    remark="The same function as with many contexts, of the contexts in place of the tasks.",
)


section = Section(
    "thresholds",
    "At the thresholds",
    "In the limit of long contexts without label noise, how the error on fresh tasks vanishes at a threshold"
    " depends on the small eigenvalues. A finite effective noise rounds the transition, and a ridge rounds the peak"
    " at $@tau = 1$.",
    source="THEORY 7",
)


# --- kinks --------------------------------------------------------------------------------------------
def _kink(level: Symbol) -> Expr:
    """Leading term in the distance from the rank fraction, where V is t <1/c>."""
    (t,) = solve(n.t * n.mean_inverse - (_RANK - level), n.t)
    return _RANK * t


kink_tasks = section(
    "kink_tasks",
    "Linear kink in the number of tasks",
    derived(n.e_IDG, lambda: _kink(n.kappa) * n.variance_gain),
    condition=r"$@kappa \uparrow @rank_fraction < @tau$, $@mean_inverse < \infty$",
)
kink_contexts = section(
    "kink_contexts",
    "Linear kink in the number of contexts",
    derived(n.e_IDG, _kink, n.tau),
    condition=r"$@tau \uparrow @rank_fraction < @kappa$, $@mean_inverse < \infty$",
)
soft_transition = section(
    "soft_transition",
    "Transition of higher order",
    Eq(n.edge_scale * (n.e_IDG / (_RANK * n.variance_gain)) ** n.edge_exponent, _RANK - n.kappa),
    condition=r"$@kappa \uparrow @rank_fraction < @tau$, non-zero eigenvalues of density"
    r" $\propto @{c}^{@edge_exponent - 1}$ at zero, $0 < @edge_exponent < 1$",
    remark=r"There $@V \simeq @edge_scale\,@{t}^{@edge_exponent}$ as $@t \to 0$, and $@mean_inverse$ is infinite:"
    r" the error vanishes with the exponent $1/@edge_exponent > 1$ in place of one.",
)

# --- rounding of the transition at finite noise ------------------------------------------------------------------
section.prose("At finite effective noise the transition of two atoms is rounded within a window.")
window = section(
    "threshold_window",
    "Window of the transition",
    Eq(n.kappa, _RANK + 2 * n.offset * _RANK * sqrt(_RANK * n.sigma)),
    condition="eigenvalues $1/@rank_fraction$, a share $@rank_fraction$ of them, and zero",
    remark=r"Its width $\propto \sqrt{@sigma}$ shrinks like $@{alpha}^{-1/2}$.",
)


_spread = sqrt(1 + n.offset**2)


def _bias_within() -> Expr:
    r"""Leading term of the bias within the window, in units of $\sqrt{r\sigma}$."""
    unit, root, level = (Symbol(name, positive=True) for name in ("unit", "root", "level"))
    at = {n.sigma: unit**2 / _RANK, n.c_train: Integer(1)}
    b = closed_forms.two_atom_b.rhs.subs(n.z, n.sigma).subs(at).subs(n.kappa, window.rhs.subs(n.sigma, at[n.sigma]))
    slope = limit((b * unit).subs(n.a, level * unit), unit, 0, "+")
    # -sigma^2 phi' = (b/r + 1) (sigma/(a/r + sigma))^2, in which a and 1/b are of the order of the unit
    return factor((slope / _RANK / level**2).subs(level, root + n.offset)).subs(root, _spread)


rounded_a = section(
    "threshold_a",
    "Memorisation factor within the window",
    Eq(n.a, sqrt(_RANK * n.sigma) * (_spread + n.offset)),
    condition=r"$@sigma \to 0$, $@kappa$ in the window",
)
rounded_bias = section(
    "threshold_bias",
    "Bias within the window",
    derived(-(n.sigma**2) * n.dphi, lambda: sqrt(_RANK * n.sigma) * _bias_within()),
    condition=r"$@sigma \to 0$, $@kappa$ in the window",
    remark=r"At the threshold itself half of $\sqrt{@rank_fraction@sigma}$.",
)

# --- rounding of the peak at tau = 1 by a ridge -----------------------------------------------------------------------
_width = sqrt((n.tau - 1) ** 2 + 4 * n.ridge * n.M)
_NEAR_ONE = r"$@ridge \to 0$, $|@tau - 1| \sim \sqrt{@ridge}$, $@M$ at $@s$"
section.prose(r"The peak at $@tau = 1$ is rounded within a window of the width $\sqrt{@ridge}$.")
peak_ridge = section(
    "peak_effective_ridge",
    "Effective ridge within the window of the peak",
    Eq(n.effective_ridge, (1 - n.tau + _width) / (2 * n.M)),
    condition=_NEAR_ONE,
    remark=r"At $@tau = 1$ it is $\sqrt{@ridge/@M}$.",
)
peak_q = section(
    "peak_q",
    "Variance within the window of the peak",
    Eq(n.q, error.q.rhs.as_numer_denom()[0].subs(n.effective_ridge, 0).subs(n.sigma, n.s) / _width),
    condition=_NEAR_ONE,
    remark=r"The ridge rounds the peak, which without it diverges as $1/|@tau-1|$ on both sides alike; at $@tau = 1$"
    r" the variance grows like $@{ridge}^{-1/2}$.",
)
