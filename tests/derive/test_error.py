"""The errors on the kinds of test tasks, exactly; metrics against explicit matrices."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Expr, Matrix, Sum, Symbol, Trace, solve

from taskalign.derive import error, resolvent, spectral, stable
from taskalign.derive import notation as n

from .test_identities import is_zero, reduced

#: the slope of phi is the mean of c F'
SLOPE = spectral.mean(n.c * resolvent.dF.rhs)
PHI = spectral.mean(n.c * resolvent.resolvent.rhs)


def in_papers_form(expression: Expr) -> Expr:
    """phi, its slope and the size of the layer as the papers define them."""
    return expression.subs(n.Qbar, error.Qbar.rhs).subs({n.phi: PHI, n.dphi: SLOPE})


def test_slopes_of_the_traces_are_tied() -> None:
    """THEORY (0.2): M + z M' = -a^2 phi', by which training tasks see the trace of the resolvent."""
    assert is_zero(reduced(n.M + n.sigma * n.dM + n.a**2 * SLOPE))
    assert is_zero(reduced(1 - n.sigma * n.M - n.a * PHI))
    assert not is_zero(reduced(n.M + n.sigma * n.dM + n.a * SLOPE))


def test_error_on_training_tasks_is_tau_q() -> None:
    """For every spectrum, ridge, tau and kappa, with the context and the noise of pretraining."""
    matched = {n.rho_test: n.rho, n.alpha_test: (n.rho + n.c_train) / n.s}
    whole = error.e_TM.rhs.subs(n.misalign_TM, error.misalign_TM.rhs).subs(matched)
    residual = in_papers_form(whole) - error.e_TM_matched.rhs
    assert is_zero(reduced(residual.subs(n.q, error.q.rhs)))
    # it takes the variance for that: with another q it does not hold
    assert not is_zero(reduced(residual))


def test_training_tasks_without_cancellation() -> None:
    paper = in_papers_form(error.misalign_TM.rhs)
    coefficients = {n.A_TM: error.A_TM.rhs, n.B_TM: error.B_TM.rhs}
    stable_form = error.misalign_TM_stable.rhs.subs(coefficients).subs(n.A, stable.A.rhs)
    # the mean is over 1/(a c + sigma)^2, at z = sigma
    assert is_zero(reduced(paper - stable_form.subs(n.sigma, n.a * n.t)))
    assert is_zero(reduced(paper - error.misalign_TM_sums.rhs))


def test_fresh_tasks_are_the_mean_of_the_alignment() -> None:
    K = stable.K.rhs.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}).subs(n.sigma, n.a * n.t)
    paper = in_papers_form(error.misalign_IDG.rhs)
    assert is_zero(reduced(paper - spectral.mean(n.c * K)))


def test_rotated_tasks_see_the_mean_of_the_alignment() -> None:
    K = stable.K.rhs.subs({n.A: stable.A.rhs, n.B: stable.B.rhs}).subs(n.sigma, n.a * n.t)
    assert is_zero(reduced(error.misalign_ODG.rhs - n.c_train * spectral.mean(K)))


def test_gap_between_fresh_and_training_tasks() -> None:
    gap = error.memorisation_gap
    left = gap.lhs.subs({n.misalign_IDG: error.misalign_IDG.rhs, n.misalign_TM: error.misalign_TM.rhs})
    assert is_zero(left - gap.rhs)
    assert gap.rhs.subs(n.a, 1) == 0


def test_leaving_one_task_out_multiplies_by_the_memorisation_factor() -> None:
    (a,) = solve(resolvent.fixed_point_a.statement, n.a)
    assert is_zero(error.leave_one_out.rhs - error.memorised.rhs.subs(n.a, a))


def test_leaving_one_task_out() -> None:
    """Sherman and Morrison with numbers: a matrix with and without one of its rank-one terms."""
    from mpmath import matrix, mp, mpf

    with mp.workdps(30):
        rest = matrix([[2, 1, 0], [1, 3, 1], [0, 1, 1]])
        task = matrix([1, -2, 3])
        k = mpf(7)
        outside = (task.T * mp.inverse(rest) * task)[0] / 3
        inside = (task.T * mp.inverse(rest + task * task.T / k) * task)[0] / 3
        stated = error.leave_one_out.rhs.subs({n.phi: outside, n.kappa: k / 3})
        assert abs(inside - mpf(str(stated))) < mpf(10) ** -14


EIGENVALUES = np.array([0.25, 1.0, 1.75])
C_TEST = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])


def over_spectrum(expression: Expr, test: np.ndarray) -> Expr:
    """A mean over equally weighted eigenvalues."""

    def written_out(total: Sum) -> Expr:
        at = [
            {n.eigenvalues[n.i]: c, n.weights[n.i]: 1 / len(test), n.test[n.i]: x}
            for c, x in zip(EIGENVALUES, test, strict=True)
        ]
        return sum(total.function.subs(values) for values in at)

    return expression.replace(lambda e: isinstance(e, Sum), written_out)


def normalised_trace(matrix: np.ndarray) -> float:
    return np.trace(matrix) / len(matrix)


def test_resolvent_and_population() -> None:
    a, sigma = 0.7, 0.3
    train = np.diag(EIGENVALUES)
    ours = over_spectrum(error.at_sigma.rhs, np.diag(C_TEST)).subs({n.a: a, n.sigma: sigma})
    assert float(ours) == pytest.approx(
        normalised_trace(C_TEST @ np.linalg.inv(a * train + sigma * np.eye(3))), rel=1e-12, abs=0
    )
    ours = over_spectrum(error.population.rhs, np.diag(C_TEST))
    assert float(ours) == pytest.approx(normalised_trace(C_TEST @ np.linalg.inv(train)), rel=1e-12, abs=0)


def test_misalignment() -> None:
    ours = over_spectrum(error.misalignment.rhs, np.diag(C_TEST))
    alignment = {n.K_of(c): 1 / (1 + c) for c in EIGENVALUES}
    expected = normalised_trace(C_TEST @ np.diag(1 / (1 + EIGENVALUES)))
    assert float(ours.subs(alignment)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_inverse_cka() -> None:
    train = np.array([[1.0, 0.2, 0.0], [0.2, 0.7, 0.4], [0.0, 0.4, 1.5]])

    def hsic(first: np.ndarray, second: np.ndarray) -> float:
        """Over pairs of entries, with means taken off by hand."""

        def centred(x: np.ndarray) -> np.ndarray:
            return x - x.mean(axis=0) - x.mean(axis=1)[:, None] + x.mean()

        return float(np.sum(centred(first) * centred(second))) / (len(first) - 1) ** 2

    expected = np.sqrt(hsic(train, train) * hsic(C_TEST, C_TEST)) / hsic(train, C_TEST)
    ours = error.inverse_cka.rhs.subs(n.centering, error.centering.rhs).subs(n.d, 3)
    ours = ours.subs({n.C_train.subs(n.d, 3): Matrix(train), n.C_test.subs(n.d, 3): Matrix(C_TEST)})
    ours = ours.replace(lambda e: isinstance(e, Trace), lambda e: e.arg.as_explicit().trace())
    assert float(ours) == pytest.approx(expected, rel=1e-12, abs=0)


def test_cka_of_a_matrix_with_itself_is_one() -> None:
    positive = Symbol("positive", positive=True)
    ours = error.inverse_cka.rhs.subs(n.C_train, n.C_test).replace(lambda e: isinstance(e, Trace), lambda e: positive)
    assert ours == 1
