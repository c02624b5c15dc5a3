r"""The joint law of a label and its prediction, the error budget, and implicit regularisation. All of M, F at $\sigma$.

Over the context and the query the pair $(y, \hat y)$ is centred and jointly Gaussian as $d \to \infty$. The test
tasks enter through their trace and through their overlap with the resolvent, $G$ and $G'$, alone.

The error is label noise, bias and four variances: first in the papers' form for fresh tasks, then for all tasks in
terms of one sign. A pretraining task has taken part in its own resolvent, which multiplies $F$ by $1 - \eta$ with the
leverage $\eta = \mathcal D/\kappa$.

Given the tasks the trained layer is on average ridge regression with their empirical covariance $R_k$ and the ridge
$\sigma$; over the tasks as well, with the population covariance and the ridge $\sigma/a = t$.
"""

from __future__ import annotations

from sympy import Eq, Expr, Integer, Symbol, exp, pi, solve, sqrt

from . import notation as n
from . import scalar, stable
from .equation import Section, derived
from .resolvent import dF, effective_ridge_fixed_point, fixed_point_a, resolvent
from .spectral import LEARNED, UNLEARNED, mean

section = Section(
    "prediction",
    "The law of the predictions",
    r"Given a test task, the label $@y$ of the query and its prediction $@yhat$ are functions of Gaussian inputs;"
    r" for large $@d$, over the context and the query, the pair is itself centred and jointly Gaussian, and three"
    " numbers are its whole law. The test tasks enter through their trace and their overlap with the resolvent"
    " alone. Whether they are fresh, freshly rotated or those of pretraining changes the overlap, not the law."
    " At finite $@d$ the excess kurtosis of $@yhat$ is of the order $1/@d$. Throughout, $@F$, $@M$ and $@phi$ are"
    " taken at $@sigma$.",
    source="TTK; THEORY (5.1)",
)

TASKS = {
    "fresh": "fresh tasks of covariance $@C_test$",
    "rotated": "fresh tasks of a freshly rotated covariance",
    "training": "the pretraining tasks themselves, $@c_test = @c_train$",
}


_F, _dF = (equation.rhs.subs(n.z, n.sigma) for equation in (resolvent, dF))

# --- which tasks -------------------------------------------------------------------------------------
_TITLES = ("Overlap of the tasks with the resolvent", "Derivative of the overlap")
_overlaps = {
    "fresh": (mean(n.test[n.i] * _F), -mean(n.test[n.i] * -_dF)),
    "rotated": (n.c_test * n.M, n.c_test * n.dM),
    "training": (n.a * n.phi, -(n.a**2) * mean(n.c * -_dF)),
}
overlap, d_overlap = (
    {
        kind: section(f"{symbol.name}_{kind}", title, Eq(symbol, both[k]), condition=TASKS[kind])
        for kind, both in _overlaps.items()
    }
    for k, (symbol, title) in enumerate(zip((n.overlap, n.d_overlap), _TITLES, strict=True))
)

# --- the law ------------------------------------------------------------------------------------------
section.prose("With the overlap and its derivative the law is the same for all of them.")
var_y = section("var_y", "Variance of the label", Eq(n.var_y, n.rho_test + n.c_test))
cov = section("cov", "Covariance of label and prediction", Eq(n.cov, n.c_test - n.sigma * n.overlap))
Q = section(
    "Q",
    "Size of the trained layer on the tasks",
    Eq(
        n.Q,
        n.c_test
        - 2 * n.sigma * n.overlap
        - n.sigma**2 * n.d_overlap
        + n.q * (n.overlap + n.effective_ridge * n.d_overlap),
    ),
)
var_yhat = section(
    "var_yhat", "Variance of the prediction", Eq(n.var_yhat, n.Q + (n.rho_test + n.c_test) / n.alpha_test * n.Qbar)
)
error = section("e_icl_of_law", "Error from the law", Eq(n.e_icl, n.var_y - 2 * n.cov + n.var_yhat))

# --- given the label ------------------------------------------------------------------------------------
_GIVEN = "THEORY 5"
section.prose(
    r"The clean label is $\langle x, w\rangle$, without noise; at test the noise of the label is"
    " independent of the prediction."
)
slope_given_label = section(
    "slope_given_label",
    "Mean of the prediction given the label, per unit of label",
    Eq(n.slope_given_label, n.cov / n.var_y),
    _GIVEN,
)
var_given_label = section(
    "var_given_label",
    "Variance of the prediction given the label",
    Eq(n.var_given_label, n.var_yhat - n.cov**2 / n.var_y),
    _GIVEN,
)
slope_given_clean = section(
    "slope_given_clean",
    "Mean of the prediction given the clean label, per unit of label",
    Eq(n.slope_given_clean, n.cov / n.c_test),
    _GIVEN,
)
var_given_clean = section(
    "var_given_clean",
    "Variance of the prediction given the clean label",
    Eq(n.var_given_clean, n.var_yhat - n.cov**2 / n.c_test),
    _GIVEN,
)
mahalanobis = section(
    "mahalanobis",
    "Squared distance of a pair from the origin, in units of its spread",
    Eq(n.mahalanobis, n.y**2 / n.var_y + (n.yhat - n.slope_given_label * n.y) ** 2 / n.var_given_label),
    _GIVEN,
)
density = section(
    "density",
    "Density of a label and its prediction",
    Eq(n.density, exp(-n.mahalanobis / 2) / (2 * pi * sqrt(n.var_y * n.var_given_label))),
    _GIVEN,
)


section = Section(
    "budget",
    "The error budget",
    r"Given the query $x$ and a fresh task $w$, the prediction has the mean $x^\top (1 - @sigma @F)\, w$ and a"
    " variance with four sources: finitely many tasks, finitely many contexts, a finite context at test, and the"
    " last two together. With the bias of the mean and the noise of the label they are the whole"
    " error.",
    source="THEORY 5, A1",
)

_PAPER = "THEORY (5.2)"


_context_noise = (n.rho_test + n.c_test) / n.alpha_test

# --- fresh tasks, as the papers have it ---------------------------------------------------------------
mean_map_fresh = section(
    "mean_map_fresh",
    "Mean of the trained layer along an eigenvector",
    Eq(n.mean_map, 1 - n.sigma * n.F),
    _PAPER,
    condition=TASKS["fresh"],
)
bias_fresh = section(
    "bias_fresh", "Bias", Eq(n.bias, n.sigma**2 * mean(n.test[n.i] * _F**2)), _PAPER, condition=TASKS["fresh"]
)
V_task_fresh = section(
    "V_task_fresh",
    "Variance from finitely many tasks",
    Eq(n.V_task, n.sigma**2 * n.b * mean(n.test[n.i] * n.c * _F**2)),
    _PAPER,
    condition=TASKS["fresh"],
)
V_train_paper = section(
    "V_train_paper",
    "Variance from finitely many contexts",
    Eq(n.V_train, n.q * (n.overlap + n.effective_ridge * n.d_overlap)),
    _PAPER,
)
V_int_paper = section(
    "V_int_paper",
    "Variance from finitely many contexts and a finite context together",
    Eq(n.V_int, n.q * _context_noise * (n.M + n.effective_ridge * n.dM)),
    _PAPER,
)
V_ctx_paper = section(
    "V_ctx_paper",
    "Variance from a finite context",
    Eq(n.V_ctx, _context_noise * (1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM)),
    _PAPER,
)
_variances = n.V_task + n.V_train + n.V_int + n.V_ctx
var_given_query = section(
    "var_given_query", "Variance of the prediction given query and task", Eq(n.var_given_query, _variances), _PAPER
)
e_budget = section("e_budget", "Error budget", Eq(n.e_icl, n.rho_test + n.bias + _variances), _PAPER)

# --- leverage: fresh tasks and those of pretraining ---------------------------------------------------
section.prose(
    "A task of pretraining is part of the resolvent that it meets. Leaving it out shows that $@F$ acts on"
    " it as $@novelty @F$, with its leverage $@leverage = 1 - @novelty$. The forms below hold for fresh"
    " tasks and for those of pretraining, and none of them subtracts."
)
leverage = {
    "fresh": section("leverage_fresh", "Leverage", Eq(n.leverage, Integer(0)), condition=TASKS["fresh"]),
    "training": section("leverage_training", "Leverage", Eq(n.leverage, n.D / n.kappa), condition=TASKS["training"]),
}
novelty = {
    "fresh": section("novelty_fresh", "Novelty", Eq(n.novelty, Integer(1)), condition=TASKS["fresh"]),
    "training": section("novelty_training", "Novelty", Eq(n.novelty, n.a), condition=TASKS["training"]),
}
gap_of_a = section(
    "gap_of_a",
    "Tasks left over, from the memorisation factor",
    derived(n.gap_kappa, lambda: solve(scalar.a_of_t.statement, n.gap_kappa)[0]),
)

# --- terms of one sign ------------------------------------------------------------------------------------
_residual = n.novelty * n.unlearned
_departure = n.novelty * n.unlearned * (n.c - n.reference) / (n.reference + n.t)
_variance_factor = n.s + n.novelty * n.a_less * n.c + n.leverage * (n.a * n.c + n.effective_ridge)

#: quantity -> what it averages over the test tasks' covariance along the eigenvectors
SUMMANDS = {
    n.cov: n.mean_map,
    n.recovered: n.mean_map**2,
    n.bias: _residual**2,
    n.V_task: n.b * n.c * _residual**2,
    n.V_train: n.q * n.novelty * _variance_factor * _F**2,
}
_TITLES = {
    n.cov: ("cov_stable", "Covariance of label and prediction"),
    n.recovered: ("recovered", "Size of the mean prediction"),
    n.bias: ("bias", "Bias"),
    n.V_task: ("V_task", "Variance from finitely many tasks"),
    n.V_train: ("V_train", "Variance from finitely many contexts"),
}
mean_map = section(
    "mean_map",
    "Mean of the trained layer along an eigenvector, for all tasks",
    Eq(n.mean_map, n.learned + n.leverage * n.unlearned),
)


def over_tasks(summand: Expr) -> Expr:
    """Mean against the test covariance of a function of the eigenvalue."""
    shares = {n.learned: LEARNED, n.unlearned: UNLEARNED}
    return mean(n.test[n.i] * summand.subs(n.mean_map, mean_map.rhs).subs(shares))


along = {
    symbol: section(name, title, Eq(symbol, over_tasks(SUMMANDS[symbol]))) for symbol, (name, title) in _TITLES.items()
}
section.prose("Two of the variances are the same for all tasks.")
V_int = section(
    "V_int",
    "Variance from finitely many contexts and a finite context together",
    Eq(n.V_int, n.q * _context_noise * (n.kappa * n.b - n.s * n.dM)),
)
V_ctx = section("V_ctx", "Variance from a finite context", Eq(n.V_ctx, _context_noise * n.R2))

section.prose("Given the label instead of query and task, the spread of the mean over the tasks comes on top.")
departure = section(
    "departure",
    "Departure of the mean map from that at a reference eigenvalue",
    Eq(n.departure, _departure),
    remark="The same for every reference, up to a constant; near the middle of the spectrum nothing cancels.",
)
mean_departure = section("mean_departure", "Mean departure", Eq(n.mean_departure, over_tasks(_departure) / n.c_test))
spread_term = section(
    "spread_term",
    "Squared deviation of the mean map along an eigenvector",
    Eq(n.spread, (n.departure - n.mean_departure) ** 2),
)
V_spread = section(
    "V_spread",
    "Spread of the mean map over the tasks",
    Eq(n.V_spread, over_tasks(spread_term.rhs.subs(n.departure, _departure))),
)
var_yhat_stable = section(
    "var_yhat_stable", "Variance of the prediction", Eq(n.var_yhat, n.recovered + n.var_given_query)
)
var_given_clean_stable = section(
    "var_given_clean_stable",
    "Variance of the prediction given the clean label",
    Eq(n.var_given_clean, n.V_spread + n.var_given_query),
)
var_given_label_stable = section(
    "var_given_label_stable",
    "Variance of the prediction given the label",
    Eq(n.var_given_label, n.var_given_clean + n.cov**2 * n.rho_test / (n.c_test * n.var_y)),
)

#: what the sums of one pass over the spectrum give, beyond the fixed point
SCALARS = (gap_of_a, stable.den, stable.R2, stable.a_less, leverage["training"])


section = Section(
    "implicit_ridge",
    "Implicit regularisation",
    "On average the trained layer is itself a ridge regression: with the empirical covariance of the tasks and the"
    " ridge $@sigma$ where the tasks are given, with the population covariance and a larger ridge where they are"
    " not. Finite data make this ridge in three ways, also without an explicit one: finite contexts add $@s$,"
    " finitely many contexts add $@ridge_samples$, and finitely many tasks multiply the sum by $@tasks_factor$.",
    source="THEORY 6",
)

# --- the trained layer ----------------------------------------------------------------------------------
layer_given_tasks = section(
    "layer_given_tasks",
    "Mean of the trained layer given the tasks",
    Eq(n.layer, n.task_eigenvalue / (n.task_eigenvalue + n.sigma)),
    "TTK; THEORY (6.1)",
)
layer_mean = section(
    "layer_mean",
    "Mean of the trained layer over the tasks",
    Eq(n.layer, n.c / (n.c + n.implicit_ridge)),
    "THEORY (6.1)",
)
layer_variance = section(
    "layer_variance",
    "Variance of the trained layer given the tasks",
    Eq(n.layer_variance, n.q * (n.task_eigenvalue + n.s) / (n.task_eigenvalue + n.sigma) ** 2),
)


# --- the sources -----------------------------------------------------------------------------------------
def _inflated() -> Expr:
    share = Symbol("share")
    (ridge_share,) = solve(effective_ridge_fixed_point.statement.subs(n.ridge, share * n.effective_ridge), share)
    return n.ridge / ridge_share


section.prose("The sources, one by one.")
inflation = section(
    "ridge_inflation",
    "Effective ridge as a multiple of the explicit one",
    derived(n.effective_ridge, _inflated),
    condition="$@ridge > 0$, $@M$ at $@sigma$",
)
ridge_samples = section(
    "ridge_samples", "Ridge of finitely many contexts", Eq(n.ridge_samples, n.effective_ridge - n.ridge)
)
ridge_samples_stable = section(
    "ridge_samples_stable",
    "Ridge of finitely many contexts, without cancellation",
    Eq(n.ridge_samples, n.effective_ridge * (n.D + n.s * n.M) / n.tau),
    "THEORY 6, A1",
)
tasks_factor = section("tasks_factor", "Factor of finitely many tasks", Eq(n.tasks_factor, 1 / n.a))
tasks_factor_phi = section(
    "tasks_factor_phi",
    "Factor of finitely many tasks, from the resolvent",
    derived(n.tasks_factor, lambda: 1 / solve(fixed_point_a.statement, n.a)[0]),
)
implicit_ridge = section(
    "implicit_ridge",
    "Total ridge against the population covariance",
    Eq(n.implicit_ridge, (n.ridge + n.s + n.ridge_samples) * n.tasks_factor),
)
ridge_tasks = section(
    "ridge_tasks",
    "Ridge of finitely many tasks",
    Eq(n.ridge_tasks, n.implicit_ridge * n.D / n.kappa),
    remark=r"The same as $@sigma(@tasks_factor - 1)$.",
)
