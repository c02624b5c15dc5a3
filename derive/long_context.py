r"""Phases of long contexts, $s \to 0$: which of tasks, contexts and dimensions of the tasks is fewest.

The ridge vanishes with the noise at a fixed ratio $\nu = \lambda/s$; $\nu \to 0$ is the order "ridge first" and
$\nu \to \infty$ the order "noise first". Leading terms are those of `limits`, with $\tilde\lambda = \eta \sigma$.
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
    cancel,
    collect,
    factor,
    limit,
    oo,
    solve,
    sqrt,
    together,
)

from . import limits, ridge, root, stable
from . import notation as n
from .equation import Equation
from .limits import leading
from .spectral import LEARNED, UNLEARNED, mean, reduce_means

SECTION = "long_context"
_RANK = n.rank_fraction


def _equation(name: str, title: str, statement: Eq, condition: str = "", remark: str = "") -> Equation:
    return Equation(name, title, statement, "THEORY 7", SECTION, condition, remark)


_LONG = r"$@s \to 0$, $@ridge \to 0$"
_FIXED = r"$@s \to 0$, $@ridge = @ridge_ratio @s$"
_FEW_TASKS = r"$@kappa < \min(@tau, @rank_fraction)$, $@t$ with $@D = @kappa$"
_FEW_CONTEXTS = r"$@tau < \min(@kappa, @rank_fraction)$, $@t$ with $@D = @tau$"
_SOLVED = r"$@rank_fraction < \min(@kappa, @tau)$"

# --- the effective ridge in units of the effective noise -------------------------------------------------------
tasks_rank = _equation(
    "tasks_rank", "Rank of the empirical covariance", Eq(n.tasks_rank, Min(n.kappa, _RANK), evaluate=False)
)
_sigma = n.s / (1 - n.eta)
if factor(ridge.sigma.rhs.subs(n.effective_ridge, n.eta * _sigma) - _sigma) != 0:
    raise AssertionError("not the effective noise with this share of effective ridge")


def _eta_balance() -> Eq:
    equation = ridge.effective_ridge_fixed_point
    at = {
        n.M: (1 - n.tasks_rank) / _sigma,  # M sigma = U, which tends to 1 - r
        n.effective_ridge: n.eta * _sigma,
        n.ridge: n.ridge_ratio * n.s,
    }
    return Eq(factor(equation.lhs.subs(at)).expand().collect(n.tau), equation.rhs)


def _balance_left() -> Expr:
    product, share = (1 - n.tasks_rank) * n.eta, n.tau * n.ridge_ratio * (1 - n.eta) / n.eta
    if cancel(_eta_balance().lhs - (product - share)) != 0:
        raise AssertionError("not the balance of the two shares")
    return product - share


eta_balance = _equation(
    "eta_balance",
    "Share of the effective ridge in the effective noise",
    Eq(_balance_left(), ridge.effective_ridge_fixed_point.rhs),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
)


def _eta() -> Expr:
    above = together(eta_balance.lhs - eta_balance.rhs).as_numer_denom()[0]
    two, one, none = Poly(above, n.eta).all_coeffs()
    two, one = factor(two), collect(one, n.tau)
    half_sum = (Abs(one) + sqrt(one**2 - 4 * two * none)) / 2
    return Piecewise((-none / half_sum, one >= 0), (half_sum / two, True))


eta = _equation(
    "eta",
    "Share of the effective ridge, explicitly",
    Eq(n.eta, _eta()),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
    r"For $@ridge_ratio \to 0$ it is zero where $@tau > 1$, and $(1-@tau)/(1-@tasks_rank)$ where $@tau < 1$; for"
    r" $@ridge_ratio \to \infty$ it is one.",
)
#: tau lambda / lt, from the balance: regular where eta vanishes
_ridge_share = n.tau - 1 + (1 - n.tasks_rank) * n.eta


# --- leading terms ---------------------------------------------------------------------------------------------
@cache
def _terms(fewest: Symbol, noise: Expr) -> dict[Symbol, Expr]:
    """Leading terms for s to zero at a fixed ratio of ridge and noise; `fewest` is kappa or the rank fraction."""
    if fewest is n.kappa:
        known = {n.D: n.kappa, n.U: 1 - n.kappa, n.D2: n.kappa - n.E, n.U2: 1 - n.kappa - n.E}
        known[n.gap_kappa] = n.kappa * _sigma / n.t
    else:
        t = solve(root.sigma_of_t.rhs.subs(n.gap_kappa, n.kappa - _RANK) - _sigma, n.t)[0]
        known = {n.D: _RANK, n.U: 1 - _RANK, n.D2: _RANK, n.U2: 1 - _RANK, n.t: t, n.E: t * n.mean_inverse}
        known[n.gap_kappa] = n.kappa - _RANK
    terms = {**known, n.rho: noise, n.sigma: _sigma, n.effective_ridge: n.eta * _sigma}
    terms[n.ridge_share] = _ridge_share.subs(n.tasks_rank, fewest)
    terms[n.a] = leading(root.a_of_t.rhs, terms, n.s)
    chain = (stable.den, stable.b, stable.dM, stable.A2, stable.R2, stable.N, stable.slack, stable.q, stable.a_less)
    for equation in (*chain, stable.A, stable.B):
        terms[equation.lhs] = leading(equation.rhs, terms, n.s)
    return terms


def _limit(expression: Expr, fewest: Symbol, noise: Expr) -> Expr:
    return factor(limit(expression.subs(_terms(fewest, noise)), n.s, 0, "+"))


slack = _equation(
    "long_context_slack",
    "Contexts left after the fit",
    Eq(n.slack, n.tau - 1 + (1 - n.tasks_rank) * n.eta * (2 - n.eta)),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$",
    r"For $@ridge_ratio \to 0$ it is $@tau - 1$ where $@tau > 1$ and $(1-@tau)(@tau-@tasks_rank)/(1-@tasks_rank)$"
    r" where $@tau < 1$; for $@ridge_ratio \to \infty$ it is $@tau - @tasks_rank$.",
)
gain = _equation(
    "variance_gain",
    "Amplification by the variance",
    Eq(n.variance_gain, 1 + n.tasks_rank * (1 - n.eta) ** 2 / n.slack),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$, $@rho = 0$",
    r"One for $@ridge_ratio \to \infty$. For $@ridge_ratio \to 0$ it has a pole at $@tau = 1$.",
)


def _check_gain(fewest: Symbol) -> None:
    at = {n.tasks_rank: fewest}
    whole = gain.rhs.subs(n.slack, slack.rhs).subs(at)
    if fewest is n.kappa:
        relative = _limit(stable.K.rhs, fewest, Integer(0)) / UNLEARNED
    else:
        relative = _limit(stable.K.rhs.subs(n.c, 0), fewest, Integer(0))
    if cancel(together(relative - whole)) != 0:
        raise AssertionError(f"the variance does not amplify the bias alike, {fewest} being fewest")
    if cancel(_terms(fewest, n.rho)[n.slack] - slack.rhs.subs(at)) != 0:
        raise AssertionError("not the denominator of the variance")


for _fewest in (n.kappa, _RANK):
    _check_gain(_fewest)


# --- the scale of what stays unlearned ------------------------------------------------------------------------------
fewest = _equation("fewest", "The fewer of tasks and contexts", Eq(n.fewest, Min(n.kappa, n.tau), evaluate=False))
_WHERE = "$@t$ with $@D = @fewest < @rank_fraction$"
level_lower = _equation(
    "t_level_lower",
    "Lower bound of the scale",
    Eq(n.t_lower, (_RANK - n.fewest) / n.mean_inverse),
    _WHERE,
    "Since $@V$ is at most $@t @mean_inverse$.",
)
_one_atom = _RANK * LEARNED.subs(n.c, n.c_train / _RANK)
level_upper = _equation(
    "t_level_upper",
    "Upper bound of the scale",
    Eq(n.t_upper, n.c_train * (_RANK - n.fewest) / (_RANK * n.fewest)),
    _WHERE,
    "All non-zero eigenvalues at their mean, by Jensen's inequality.",
)

if factor(_one_atom.subs(n.t, level_upper.rhs) - n.fewest) != 0:
    raise AssertionError("not the scale of a single eigenvalue")


# --- errors without noise -----------------------------------------------------------------------------------------
def _fresh(level: Symbol) -> Expr:
    """Mean of c times the unlearned share, where the effective dimensions are `level`."""
    return factor(reduce_means(mean(n.c * UNLEARNED)).subs(n.U, 1 - level))


def _rotated(level: Expr) -> Expr:
    return n.c_train * reduce_means(mean(UNLEARNED)).subs(n.U, 1 - level)


_QUIET = r", $@rho = 0$, $@alpha_test \to \infty$"
few_tasks_IDG = _equation(
    "few_tasks_IDG",
    "Fresh tasks, where tasks are fewest",
    Eq(n.e_IDG, _fresh(n.kappa) * n.variance_gain),
    _FIXED + ", " + _FEW_TASKS + _QUIET,
)
few_tasks_ODG = _equation(
    "few_tasks_ODG",
    "Rotated tasks, where contexts are not fewest",
    Eq(n.e_ODG, _rotated(n.tasks_rank) * n.variance_gain),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _QUIET,
    r"$@e_TM$ vanishes in this phase, and with $@kappa > @rank_fraction$ so does $@e_IDG$.",
)
_few_contexts_K = next(e for e in limits.EQUATIONS if e.name == "long_contexts_few_contexts_below")
if _few_contexts_K.rhs != UNLEARNED:
    raise AssertionError("a variance is left where contexts are fewest")
few_contexts_IDG = _equation(
    "few_contexts_IDG",
    "Fresh tasks, where contexts are fewest",
    Eq(n.e_IDG, _fresh(n.tau)),
    _LONG + ", " + _FEW_CONTEXTS + _QUIET,
    "In either order of the limits.",
)
few_contexts_ODG = _equation(
    "few_contexts_ODG",
    "Rotated tasks, where contexts are fewest",
    Eq(n.e_ODG, _rotated(n.tau)),
    _LONG + ", " + _FEW_CONTEXTS + _QUIET,
)
few_contexts_TM = _equation(
    "few_contexts_TM",
    "Tasks of pretraining, where contexts are fewest",
    Eq(n.e_TM, n.tau * root.sigma_of_t.rhs.subs(n.gap_kappa, n.kappa - n.tau)),
    _LONG + ", " + _FEW_CONTEXTS + _QUIET,
    r"$@tau@q$ with $@q = @sigma$: without noise no variance is left apart from the bias.",
)

# --- label noise ---------------------------------------------------------------------------------------------------
_NOISY = r", $@rho > 0$, $@alpha_test \to \infty$"


def _noise_few_contexts() -> Expr:
    """What noise adds to the alignment where contexts are fewest, over c/(c + t)^2."""
    terms = limits.with_noise(limits.long_context_terms("below", n.tau), n.s, n.rho)
    added = factor(limit(stable.K.rhs.subs(terms), n.s, 0, "+") - UNLEARNED)
    weight = factor(added * (n.c + n.t) ** 2 / n.c)
    if weight.has(n.c):
        raise AssertionError("noise does not add a multiple of c/(c + t)^2")
    return weight


_added = _noise_few_contexts()


noise_few_tasks = _equation(
    "noise_few_tasks",
    "Growth with the context, where tasks are fewest",
    Eq(n.s * n.e_IDG, n.rho * _fresh(n.kappa) * (1 - n.eta) ** 2 / n.slack),
    _FIXED + ", " + _FEW_TASKS + _NOISY,
    r"The error on fresh tasks grows linearly in $@alpha$.",
)
noise_solved = _equation(
    "noise_solved",
    "Noise, where the rank is exhausted",
    Eq(n.e_IDG, n.rho * _RANK * n.kappa / ((n.kappa - _RANK) * n.slack)),
    _FIXED + ", " + _SOLVED + _NOISY,
    r"Bounded, with a pole at $@kappa = @rank_fraction$.",
)
noise_few_contexts = _equation(
    "noise_few_contexts",
    "Noise, where contexts are fewest",
    Eq(n.e_IDG, _fresh(n.tau) + _added * n.D2),
    _LONG + ", " + _FEW_CONTEXTS + _NOISY,
)
noise_few_contexts_ODG = _equation(
    "noise_few_contexts_ODG",
    "Noise and rotated tasks, where contexts are fewest",
    Eq(n.e_ODG, _rotated(n.tau) + n.c_train * _added * n.E / n.t),
    _LONG + ", " + _FEW_CONTEXTS + _NOISY,
)
noise_few_contexts_TM = _equation(
    "noise_few_contexts_TM",
    "Noise and the tasks of pretraining, where contexts are fewest",
    Eq(
        n.e_TM,
        few_contexts_TM.rhs + factor(n.tau * (limits.long_contexts_q.rhs - n.sigma) - n.rho),
    ),
    _LONG + ", " + _FEW_CONTEXTS + _NOISY,
    r"$@tau @q - @rho$, since the tests here are free of noise.",
)
noise_ODG = _equation(
    "noise_ODG",
    "Growth with the context for rotated tasks",
    Eq(n.s * n.e_ODG, n.rho * _rotated(n.tasks_rank) * (1 - n.eta) ** 2 / n.slack),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _NOISY,
)
noise_TM = _equation(
    "noise_TM",
    "Noise and the tasks of pretraining",
    Eq(n.e_TM, n.rho * n.tasks_rank / n.slack),
    _FIXED + r", $@tau > \min(@kappa, @rank_fraction)$" + _NOISY,
)


def _check_noise() -> None:
    """The equations above against the leading terms."""
    at_kappa, at_rank = ({n.tasks_rank: fewest} for fewest in (n.kappa, _RANK))
    over_noise = _limit(n.s * stable.K.rhs, n.kappa, n.rho)
    expected = n.rho * UNLEARNED * (1 - n.eta) ** 2 / slack.rhs.subs(at_kappa)
    # within the range of C_train the alignment falls like 1/c, on its kernel it diverges
    within = _limit(stable.K.rhs, _RANK, n.rho) * n.c
    on_kernel = _limit(n.s * stable.K.rhs.subs(n.c, 0), _RANK, n.rho)
    pairs = [
        (over_noise, expected),
        (within * _RANK, noise_solved.rhs.subs(n.slack, slack.rhs.subs(at_rank))),
        (on_kernel, n.rho * (1 - n.eta) ** 2 / slack.rhs.subs(at_rank)),
        *(
            (_limit(n.q * n.R2, fewest, n.rho), noise_TM.rhs.subs(n.slack, slack.rhs).subs(n.tasks_rank, fewest))
            for fewest in (n.kappa, _RANK)
        ),
    ]
    for found, stated in pairs:
        if cancel(together(found - stated)) != 0:
            raise AssertionError(f"not the limit with noise: {found} and {stated}")


_check_noise()


# --- duality of tasks and contexts ------------------------------------------------------------------------------------
_no_variance = limit(gain.rhs.subs(n.slack, n.tau - 1).subs(n.eta, 0), n.tau, oo)
duality_tasks = _equation(
    "duality_tasks",
    "Fresh tasks with many contexts",
    Eq(n.e_IDG, few_tasks_IDG.rhs.subs(n.variance_gain, _no_variance)),
    _LONG + r", $@tau \to \infty$, $@kappa < @rank_fraction$, $@t$ with $@D = @kappa$" + _QUIET,
)
duality_contexts = _equation(
    "duality_contexts",
    "Fresh tasks with many tasks",
    Eq(n.e_IDG, few_contexts_IDG.rhs),
    _LONG + r", $@kappa \to \infty$, $@tau < @rank_fraction$, $@t$ with $@D = @tau$" + _QUIET,
    "The same function as with many contexts, of the contexts in place of the tasks.",
)

EQUATIONS = (
    tasks_rank,
    eta_balance,
    eta,
    slack,
    gain,
    fewest,
    level_lower,
    level_upper,
    few_tasks_IDG,
    few_tasks_ODG,
    few_contexts_IDG,
    few_contexts_ODG,
    few_contexts_TM,
    noise_few_tasks,
    noise_solved,
    noise_few_contexts,
    noise_few_contexts_ODG,
    noise_few_contexts_TM,
    noise_ODG,
    noise_TM,
    duality_tasks,
    duality_contexts,
)
