r"""Where the error comes from: label noise, bias and four variances, and the law of the predictions from them.

First the papers' form for fresh tasks. Then forms for all tasks whose terms are of one sign: a pretraining task has
taken part in its own resolvent, which multiplies $F$ by $1 - \eta$ with the leverage $\eta = \mathcal D/\kappa$.
"""

from __future__ import annotations

from sympy import Eq, Expr, Integer, solve

from . import notation as n
from . import root, stable
from .equation import Equation
from .prediction import TASKS
from .resolvent import resolvent
from .spectral import LEARNED, UNLEARNED, mean

SECTION = "budget"
_PAPER, _STABLE = "THEORY (5.2)", "THEORY 5, A1"


def _equation(name: str, title: str, statement: Eq, source: str = _STABLE, **more: str) -> Equation:
    return Equation(name=name, title=title, statement=statement, source=source, section=SECTION, **more)


_F = resolvent.rhs.subs(n.z, n.sigma)
_context_noise = (n.rho_test + n.c_test) / n.alpha_test

# --- fresh tasks, as the papers have it ---------------------------------------------------------------
mean_map_fresh = _equation(
    "mean_map_fresh",
    "Mean of the trained layer along an eigenvector",
    Eq(n.mean_map, 1 - n.sigma * n.F),
    _PAPER,
    condition=TASKS["fresh"],
)
bias_fresh = _equation(
    "bias_fresh", "Bias", Eq(n.bias, n.sigma**2 * mean(n.test[n.i] * _F**2)), _PAPER, condition=TASKS["fresh"]
)
V_task_fresh = _equation(
    "V_task_fresh",
    "Variance from finitely many tasks",
    Eq(n.V_task, n.sigma**2 * n.b * mean(n.test[n.i] * n.c * _F**2)),
    _PAPER,
    condition=TASKS["fresh"],
)
V_train_paper = _equation(
    "V_train_paper",
    "Variance from finitely many contexts",
    Eq(n.V_train, n.q * (n.overlap + n.effective_ridge * n.d_overlap)),
    _PAPER,
)
V_int_paper = _equation(
    "V_int_paper",
    "Variance from finitely many contexts and a finite context together",
    Eq(n.V_int, n.q * _context_noise * (n.M + n.effective_ridge * n.dM)),
    _PAPER,
)
V_ctx_paper = _equation(
    "V_ctx_paper",
    "Variance from a finite context",
    Eq(n.V_ctx, _context_noise * (1 - 2 * n.sigma * n.M - n.sigma**2 * n.dM)),
    _PAPER,
)
_variances = n.V_task + n.V_train + n.V_int + n.V_ctx
var_given_query = _equation(
    "var_given_query",
    "Variance of the prediction given query and task",
    Eq(n.var_given_query, _variances),
    _PAPER,
)
e_budget = _equation("e_budget", "Error budget", Eq(n.e_icl, n.rho_test + n.bias + _variances), _PAPER)

# --- leverage: fresh tasks and those of pretraining ---------------------------------------------------
gap_of_a = _equation(
    "gap_of_a",
    "Tasks left over, from the memorisation factor",
    Eq(n.gap_kappa, solve(root.a_of_t.lhs - root.a_of_t.rhs, n.gap_kappa)[0]),
)
leverage = {
    "fresh": _equation("leverage_fresh", "Leverage", Eq(n.leverage, Integer(0)), condition=TASKS["fresh"]),
    "training": _equation("leverage_training", "Leverage", Eq(n.leverage, n.D / n.kappa), condition=TASKS["training"]),
}
novelty = {
    "fresh": _equation("novelty_fresh", "Novelty", Eq(n.novelty, Integer(1)), condition=TASKS["fresh"]),
    "training": _equation("novelty_training", "Novelty", Eq(n.novelty, n.a), condition=TASKS["training"]),
}

# --- terms of one sign ------------------------------------------------------------------------------------
_missed = n.novelty * n.unlearned
_departure = n.novelty * n.unlearned * (n.c - n.reference) / (n.reference + n.t)
_trained = n.s + n.novelty * n.a_less * n.c + n.leverage * (n.a * n.c + n.effective_ridge)

#: quantity -> what it averages over the test tasks' covariance along the eigenvectors
SUMMANDS = {
    n.cov: n.mean_map,
    n.recovered: n.mean_map**2,
    n.bias: _missed**2,
    n.V_task: n.b * n.c * _missed**2,
    n.V_train: n.q * n.novelty * _trained * _F**2,
}
_TITLES = {
    n.cov: ("cov_stable", "Covariance of label and prediction"),
    n.recovered: ("recovered", "Size of the mean prediction"),
    n.bias: ("bias", "Bias"),
    n.V_task: ("V_task", "Variance from finitely many tasks"),
    n.V_train: ("V_train", "Variance from finitely many contexts"),
}
mean_map = _equation(
    "mean_map",
    "Mean of the trained layer along an eigenvector, for all tasks",
    Eq(n.mean_map, n.learned + n.leverage * n.unlearned),
)


def over_tasks(summand: Expr) -> Expr:
    """Mean against the test covariance of a function of the eigenvalue."""
    shares = {n.learned: LEARNED, n.unlearned: UNLEARNED}
    return mean(n.test[n.i] * summand.subs(n.mean_map, mean_map.rhs).subs(shares))


along = {
    symbol: _equation(name, title, Eq(symbol, over_tasks(SUMMANDS[symbol])))
    for symbol, (name, title) in _TITLES.items()
}
V_int = _equation(
    "V_int",
    "Variance from finitely many contexts and a finite context together",
    Eq(n.V_int, n.q * _context_noise * (n.kappa * n.b - n.s * n.dM)),
)
V_ctx = _equation("V_ctx", "Variance from a finite context", Eq(n.V_ctx, _context_noise * n.R2))

departure = _equation(
    "departure",
    "Departure of the mean map from that at a reference eigenvalue",
    Eq(n.departure, _departure),
    remark="The same for every reference, up to a constant; near the middle of the spectrum nothing cancels.",
)
mean_departure = _equation("mean_departure", "Mean departure", Eq(n.mean_departure, over_tasks(_departure) / n.c_test))
spread_term = _equation(
    "spread_term",
    "Squared deviation of the mean map along an eigenvector",
    Eq(n.spread, (n.departure - n.mean_departure) ** 2),
)
V_spread = _equation(
    "V_spread",
    "Spread of the mean map over the tasks",
    Eq(n.V_spread, over_tasks(spread_term.rhs.subs(n.departure, _departure))),
)
var_yhat = _equation("var_yhat_stable", "Variance of the prediction", Eq(n.var_yhat, n.recovered + n.var_given_query))
var_given_clean = _equation(
    "var_given_clean_stable",
    "Variance of the prediction given the clean label",
    Eq(n.var_given_clean, n.V_spread + n.var_given_query),
)
var_given_label = _equation(
    "var_given_label_stable",
    "Variance of the prediction given the label",
    Eq(n.var_given_label, n.var_given_clean + n.cov**2 * n.rho_test / (n.c_test * n.var_y)),
)

#: what the sums of one pass over the spectrum give, beyond the fixed point
SCALARS = (gap_of_a, stable.den, stable.R2, stable.a_less, leverage["training"])

EQUATIONS = (
    *(mean_map_fresh, bias_fresh, V_task_fresh, V_train_paper, V_int_paper, V_ctx_paper, var_given_query, e_budget),
    *leverage.values(),
    *novelty.values(),
    gap_of_a,
    mean_map,
    *along.values(),
    *(V_int, V_ctx, departure, mean_departure, spread_term, V_spread, var_yhat, var_given_clean, var_given_label),
)
