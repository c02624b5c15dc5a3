"""The closed forms for low-rank tasks are the general theory at two atoms, exactly."""

from __future__ import annotations

import pytest
from sympy import Expr, cancel, simplify, together

from taskalign.derive import alignment, low_rank, resolvent, spectral, stable, training_tasks
from taskalign.derive import notation as n

from .test_identities import in_sums, is_zero, reduced

RANK = n.rank_fraction
UNLEARNED = RANK * n.t / (1 + RANK * n.t)
TWO_ATOMS = {n.c_train: 1, n.U: 1 - RANK + RANK * UNLEARNED, n.U2: 1 - RANK + RANK * UNLEARNED**2}
ERRORS = {
    n.misalign_TM: training_tasks.misalign_TM,
    n.misalign_IDG: training_tasks.misalign_IDG,
    n.misalign_ODG: training_tasks.misalign_ODG,
}
STABLE = {equation.lhs: equation for equation in low_rank.errors}


def general(expression: Expr) -> Expr:
    """In t, kappa and what is free, from the means over the two atoms."""
    means = {
        n.phi: spectral.mean(n.c * resolvent.resolvent.rhs),
        n.dphi: spectral.mean(n.c * resolvent.dF.rhs),
    }
    return reduced(expression.subs(means)).subs(TWO_ATOMS)


def closed(expression: Expr) -> Expr:
    """The same from the closed forms in the learned share."""
    shares = {n.learned: low_rank.learned.rhs, n.unlearned: low_rank.unlearned.rhs}
    return in_sums(expression.subs(shares)).subs(TWO_ATOMS)


def same(left: Expr, right: Expr) -> bool:
    return is_zero(left - right)


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_errors_without_cancellation(error: Expr) -> None:
    assert same(general(ERRORS[error].rhs), closed(STABLE[error].rhs))


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_errors_in_the_closed_forms_of_sigma(error: Expr) -> None:
    in_V = {n.V: RANK * UNLEARNED, n.dV: n.kappa * n.b}
    stated = low_rank.low_rank_misalign[error].rhs.subs(in_V)
    assert same(general(ERRORS[error].rhs), in_sums(stated).subs(TWO_ATOMS))


def test_variance_in_the_closed_forms_of_sigma() -> None:
    in_V = {n.V: RANK * UNLEARNED, n.dV: n.kappa * n.b}
    assert same(general(alignment.q.rhs), in_sums(low_rank.low_rank_q.rhs.subs(in_V)).subs(TWO_ATOMS))


def test_traces_in_the_closed_forms_of_sigma() -> None:
    in_V = {n.V: RANK * UNLEARNED, n.dV: n.kappa * n.b}
    for symbol, equation in low_rank.traces.items():
        assert same(general(symbol), in_sums(equation.rhs.subs(in_V)).subs(TWO_ATOMS)), symbol


def test_the_unlearned_dimensions_solve_their_equation() -> None:
    """V in sigma is V in t at sigma = a t, and its slope is kappa da/dsigma."""
    sigma = in_sums(n.sigma).subs(TWO_ATOMS)
    V = RANK * UNLEARNED
    quadratic = V**2 + (n.kappa - RANK + n.kappa * RANK * sigma) * V - n.kappa * RANK**2 * sigma
    assert is_zero(quadratic)
    radical = low_rank.left_within.rhs
    residual = radical**2 + (n.kappa - RANK + n.kappa * RANK * n.sigma) * radical - n.kappa * RANK**2 * n.sigma
    assert simplify(residual) == 0
    slope = low_rank.left_within.rhs.diff(n.sigma)
    assert simplify(slope - low_rank.left_within_slope.rhs.subs(n.V, radical)) == 0
    assert same(cancel(together(V.diff(n.t) / sigma.diff(n.t))), in_sums(n.kappa * n.b).subs(TWO_ATOMS))


@pytest.mark.parametrize(
    ("overlap", "size", "error"),
    [
        (low_rank.overlap_TM.rhs, low_rank.size_TM.rhs, n.misalign_TM),
        (low_rank.overlap_IDG.rhs, low_rank.size_IDG.rhs, n.misalign_IDG),
        (low_rank.overlap_ODG.rhs, stable.Qbar.rhs, n.misalign_ODG),
    ],
    ids=["TM", "IDG", "ODG"],
)
def test_errors_are_those_of_the_order_parameters(overlap: Expr, size: Expr, error: Expr) -> None:
    """1 - 2 m + Q is what adds to the scalar part."""
    expression = (1 - 2 * overlap + size).subs(n.order_m, low_rank.overlap_TM.rhs)
    assert same(closed(expression), general(ERRORS[error].rhs))


def test_penalties_are_the_same() -> None:
    """(n/d) lambda with n = tau d^2 contexts, and lambda_B k with k = kappa d tasks."""
    d = n.d
    ours = n.tau * d**2 / d * low_rank.converted_ridge.rhs
    assert simplify(ours - n.task_ridge * n.kappa * d) == 0
