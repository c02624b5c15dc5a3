"""Exact identities: the law of the predictions, the error budget and the sources of the implicit ridge."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sympy import Expr, Integer, Sum, Symbol, solve

from taskalign.derive import error, prediction, resolvent, scalar
from taskalign.derive import notation as n
from taskalign.derive.spectral import LEARNED, UNLEARNED

from .test_identities import in_sums, is_zero, reduced

#: the resolvent and its derivative along an eigenvector of eigenvalue c, at sigma
F, DF = (equation.rhs.subs(n.z, n.sigma) for equation in (resolvent.resolvent, resolvent.dF))
ROOT = {n.t: n.sigma / n.a}
#: the shares of a fresh task, and of one of pretraining
FRESH = {n.leverage: prediction.leverage["fresh"].rhs, n.novelty: prediction.novelty["fresh"].rhs}
SEEN = {n.leverage: prediction.leverage["training"].rhs, n.novelty: prediction.novelty["training"].rhs}


def along(expression: Expr, shares: Mapping[Symbol, Expr] = FRESH) -> Expr:
    """A stable summand along an eigenvector, in a, b, c and sigma."""
    expression = expression.subs(n.mean_map, prediction.mean_map.rhs)
    expression = expression.subs({n.learned: LEARNED, n.unlearned: UNLEARNED}).subs(
        n.a_less, n.a - n.effective_ridge * n.b
    )
    return expression.subs(shares).subs(ROOT).subs(n.s, n.sigma - n.effective_ridge)


def of_spike(expression: Expr) -> Expr:
    """The paper's expression for a test covariance of unit trace along one eigenvector."""
    return expression.subs({n.overlap: F, n.d_overlap: DF, n.c_test: 1})


STABLE = prediction.SUMMANDS


def test_covariance_with_the_label() -> None:
    """Both are linear in the test covariance, so that equality along each eigenvector is equality for all."""
    assert is_zero(of_spike(prediction.cov.rhs) - along(STABLE[n.cov]))


def test_size_of_the_layer_is_mean_and_variances() -> None:
    parts = STABLE[n.recovered] + STABLE[n.V_task] + STABLE[n.V_train]
    assert is_zero(of_spike(prediction.Q.rhs) - along(parts))


def test_mean_map_is_ridge_regression_on_the_population() -> None:
    paper = prediction.mean_map_fresh.rhs.subs(n.F, F)
    assert is_zero(paper - along(n.mean_map))
    assert is_zero(paper - prediction.layer_mean.rhs.subs(n.implicit_ridge, n.sigma / n.a))


@pytest.mark.parametrize("name", ["bias_fresh", "V_task_fresh"])
def test_parts_of_fresh_tasks(name: str) -> None:
    paper = getattr(prediction, name)
    (total,) = paper.rhs.atoms(Sum)
    entry = total.function / (n.weights[n.i] * n.test[n.i])
    spike = paper.rhs.subs(total, entry.subs(n.eigenvalues[n.i], n.c))
    assert is_zero(spike - along(STABLE[paper.lhs]))


def test_variance_from_contexts() -> None:
    assert is_zero(of_spike(prediction.V_train_paper.rhs) - along(STABLE[n.V_train]))


def test_scalar_variances() -> None:
    assert is_zero(in_sums(prediction.V_int_paper.rhs - prediction.V_int.rhs))
    assert is_zero(in_sums(prediction.V_ctx_paper.rhs - prediction.V_ctx.rhs))
    noise = (n.rho_test + n.c_test) / n.alpha_test
    together = prediction.V_int.rhs + prediction.V_ctx.rhs
    assert is_zero(in_sums(noise * error.Qbar.rhs - together))


def test_error_budget_is_the_error() -> None:
    """Every part of e_ICL is one of the budget, for every test covariance."""
    K = error.K.rhs.subs({n.F: F, n.dF: DF})
    assert is_zero(K - along(STABLE[n.bias] + STABLE[n.V_task] + STABLE[n.V_train]))
    assert set(prediction.e_budget.rhs.args) == {n.rho_test, n.bias, n.V_task, n.V_train, n.V_int, n.V_ctx}
    scalar = error.e_scalar.rhs.subs(n.Qbar, error.Qbar.rhs)
    assert is_zero(in_sums(scalar - n.rho_test - prediction.V_int.rhs - prediction.V_ctx.rhs))


def test_error_of_the_law_is_the_error() -> None:
    """Var y - 2 Cov + Var yhat, from the papers' order parameters."""
    law = prediction.error.rhs.subs({n.var_yhat: prediction.var_yhat.rhs, n.var_y: prediction.var_y.rhs})
    law = of_spike(law.subs({n.cov: prediction.cov.rhs, n.Q: prediction.Q.rhs}))
    K = error.K.rhs.subs({n.F: F, n.dF: DF})
    assert is_zero(law - (error.e_scalar.rhs.subs(n.c_test, 1) + K))


# --- the tasks of pretraining -----------------------------------------------------------------------------
def seen(symbol: Symbol) -> Expr:
    """A stable mean over the tasks of pretraining, in canonical symbols."""
    total = prediction.along[symbol].rhs.subs(SEEN).xreplace({n.test[n.i]: n.eigenvalues[n.i]})
    return reduced(total.subs({n.sigma: n.a * n.t}))


def papers_training(expression: Expr) -> Expr:
    overlap, d_overlap = prediction.overlap["training"].rhs, prediction.d_overlap["training"].rhs
    replaced = expression.subs({n.overlap: overlap, n.d_overlap: d_overlap, n.c_test: n.c_train})
    return reduced(replaced.subs(n.sigma, n.a * n.t))


def test_leverage_and_novelty_make_one() -> None:
    for shares in (FRESH, SEEN):
        assert is_zero(in_sums(shares[n.leverage] + shares[n.novelty] - 1))


def test_law_on_the_tasks_of_pretraining() -> None:
    assert is_zero(papers_training(prediction.cov.rhs) - seen(n.cov))
    assert is_zero(papers_training(prediction.Q.rhs) - seen(n.recovered) - seen(n.V_task) - seen(n.V_train))
    assert is_zero(papers_training(prediction.V_train_paper.rhs) - seen(n.V_train))


def test_rotated_tasks_are_isotropic_ones() -> None:
    for equation in (prediction.overlap, prediction.d_overlap):
        flat = equation["fresh"].rhs.xreplace({n.test[n.i]: n.c_test}).subs(n.sigma, n.a * n.t)
        assert is_zero(reduced(flat) - in_sums(equation["rotated"].rhs))


# --- conditional laws ----------------------------------------------------------------------------------------
def written_out(expression: Expr, terms: int = 2) -> Expr:
    """Sums over a spectrum of a few eigenvalues."""
    return expression.replace(
        lambda e: isinstance(e, Sum),
        lambda e: sum((e.function.subs(n.i, k) for k in range(1, terms + 1)), Integer(0)),
    )


def test_variance_given_the_clean_label() -> None:
    """The spread is what the mean prediction's size has beyond its part along the label, for every reference."""
    c_test = written_out(Sum(n.weights[n.i] * n.test[n.i], (n.i, 1, n.m)))
    shares = {n.novelty: 1 - n.leverage}
    spread = prediction.V_spread.rhs.subs(n.mean_departure, prediction.mean_departure.rhs)
    recovered, cov = (prediction.along[x].rhs for x in (n.recovered, n.cov))
    spread, recovered, cov = (written_out(x.subs(shares)).subs(n.c_test, c_test) for x in (spread, recovered, cov))
    assert is_zero(spread - (recovered - cov**2 / c_test))
    stable = prediction.var_given_clean_stable.rhs.subs(n.V_spread, n.recovered - n.cov**2 / n.c_test)
    paper = prediction.var_given_clean.rhs.subs(n.var_yhat, prediction.var_yhat_stable.rhs)
    assert is_zero(stable - paper)


def test_variance_given_the_label() -> None:
    stable = prediction.var_given_label_stable.rhs.subs(n.var_given_clean, prediction.var_given_clean.rhs)
    difference = stable - prediction.var_given_label.rhs
    assert is_zero(difference.subs(n.var_y, prediction.var_y.rhs))


# --- implicit ridge ----------------------------------------------------------------------------------------------
def test_ridge_of_contexts() -> None:
    equation = resolvent.effective_ridge_fixed_point
    (explicit,) = solve(equation.lhs - equation.rhs, n.ridge)
    difference = prediction.ridge_samples.rhs - prediction.ridge_samples_stable.rhs
    assert is_zero(in_sums(difference.subs(n.ridge, explicit)))
    assert is_zero(in_sums((prediction.inflation.rhs - n.effective_ridge).subs(n.ridge, explicit)))


def test_factor_of_tasks_and_total() -> None:
    difference = prediction.tasks_factor.rhs - prediction.tasks_factor_phi.rhs
    assert is_zero(in_sums(difference))
    total = prediction.implicit_ridge.rhs.subs(n.tasks_factor, prediction.tasks_factor.rhs)
    total = total.subs(n.ridge_samples, prediction.ridge_samples.rhs)
    assert is_zero(in_sums(total - n.t))
    added = prediction.ridge_tasks.rhs.subs(n.implicit_ridge, n.t)
    assert is_zero(in_sums(added - n.sigma * (prediction.tasks_factor.rhs - 1)))


def test_the_total_is_the_unknown() -> None:
    assert is_zero(in_sums(scalar.t.rhs - n.t))
