"""Exact proofs about the errors on training tasks: e_TM = tau q, and the forms without cancellation."""

from __future__ import annotations

from sympy import Expr

from taskalign.derive import alignment, resolvent, spectral, stable, training_tasks
from taskalign.derive import notation as n

from .test_identities import is_zero, reduced

#: the slope of phi is the mean of c F'
SLOPE = spectral.mean(n.c * resolvent.dF.rhs)
PHI = spectral.mean(n.c * resolvent.resolvent.rhs)


def in_papers_form(expression: Expr) -> Expr:
    """phi, its slope and the size of the layer as the papers define them."""
    return expression.subs(n.Qbar, alignment.Qbar.rhs).subs({n.phi: PHI, n.dphi: SLOPE})


def test_slopes_of_the_traces_are_tied() -> None:
    """THEORY (0.2): M + z M' = -a^2 phi', by which training tasks see the trace of the resolvent."""
    assert is_zero(reduced(n.M + n.sigma * n.dM + n.a**2 * SLOPE))
    assert is_zero(reduced(1 - n.sigma * n.M - n.a * PHI))
    assert not is_zero(reduced(n.M + n.sigma * n.dM + n.a * SLOPE))


def test_error_on_training_tasks_is_tau_q() -> None:
    """For every spectrum, ridge, tau and kappa, with the context and the noise of pretraining."""
    matched = {n.rho_test: n.rho, n.alpha_test: (n.rho + n.c_train) / n.s}
    error = training_tasks.e_TM.rhs.subs(n.misalign_TM, training_tasks.misalign_TM.rhs).subs(matched)
    residual = in_papers_form(error) - training_tasks.e_TM_matched.rhs
    assert is_zero(reduced(residual.subs(n.q, alignment.q.rhs)))
    # it takes the variance for that: with another q it does not hold
    assert not is_zero(reduced(residual))


def test_training_tasks_without_cancellation() -> None:
    paper = in_papers_form(training_tasks.misalign_TM.rhs)
    coefficients = {n.A_TM: training_tasks.A_TM.rhs, n.B_TM: training_tasks.B_TM.rhs}
    stable_form = training_tasks.misalign_TM_stable.rhs.subs(coefficients).subs(n.A, stable.A.rhs)
    # the mean is over 1/(a c + sigma)^2, at z = sigma
    assert is_zero(reduced(paper - stable_form.subs(n.sigma, n.a * n.t)))
    assert is_zero(reduced(paper - training_tasks.misalign_TM_sums.rhs))


def test_fresh_tasks_are_the_mean_of_the_alignment() -> None:
    K = stable.K.rhs.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}).subs(n.sigma, n.a * n.t)
    paper = in_papers_form(training_tasks.misalign_IDG.rhs)
    assert is_zero(reduced(paper - spectral.mean(n.c * K)))


def test_rotated_tasks_see_the_mean_of_the_alignment() -> None:
    K = stable.K.rhs.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}).subs(n.sigma, n.a * n.t)
    assert is_zero(reduced(training_tasks.misalign_ODG.rhs - n.c_train * spectral.mean(K)))


def test_gap_between_fresh_and_training_tasks() -> None:
    gap = training_tasks.memorisation_gap
    left = gap.lhs.subs(
        {n.misalign_IDG: training_tasks.misalign_IDG.rhs, n.misalign_TM: training_tasks.misalign_TM.rhs}
    )
    assert is_zero(left - gap.rhs)
    assert gap.rhs.subs(n.a, 1) == 0


def test_leaving_one_task_out() -> None:
    """Sherman and Morrison with numbers: a matrix with and without one of its rank-one terms."""
    from mpmath import matrix, mp, mpf

    with mp.workdps(30):
        rest = matrix([[2, 1, 0], [1, 3, 1], [0, 1, 1]])
        task = matrix([1, -2, 3])
        k = mpf(7)
        outside = (task.T * mp.inverse(rest) * task)[0] / 3
        inside = (task.T * mp.inverse(rest + task * task.T / k) * task)[0] / 3
        stated = training_tasks.leave_one_out.rhs.subs({n.phi: outside, n.kappa: k / 3})
        assert abs(inside - mpf(str(stated))) < mpf(10) ** -14
