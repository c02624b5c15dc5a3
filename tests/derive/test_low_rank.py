"""Low-rank and isotropic closed forms are the general theory, exactly, and the papers' equations in numbers."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from mpmath import mp, mpf
from sympy import Expr, Integer, cancel, factor, lambdify, simplify, together

import taskalign as ta
from taskalign.derive import catalogue, error, low_rank, resolvent, scalar, spectral, stable
from taskalign.derive import notation as n

from .. import oracle
from .test_identities import in_sums, is_zero, reduced

RANK = n.rank_fraction
UNLEARNED = RANK * n.t / (1 + RANK * n.t)
TWO_ATOMS = {n.c_train: 1, n.U: 1 - RANK + RANK * UNLEARNED, n.U2: 1 - RANK + RANK * UNLEARNED**2}
ERRORS = {
    n.misalign_TM: error.misalign_TM,
    n.misalign_IDG: error.misalign_IDG,
    n.misalign_ODG: error.misalign_ODG,
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
    assert same(general(error.q.rhs), in_sums(low_rank.low_rank_q.rhs.subs(in_V)).subs(TWO_ATOMS))


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


def test_shares_are_those_at_the_eigenvalue_of_the_subspace() -> None:
    for share in ("learned", "unlearned"):
        general_share = getattr(spectral, share).rhs.subs(n.c, 1 / RANK)
        assert is_zero(getattr(low_rank, share).rhs - general_share)


def test_slope_of_the_trace_from_that_of_V() -> None:
    M, dM = (low_rank.traces[symbol].rhs for symbol in (n.M, n.dM))
    assert is_zero(-(M - n.dV) / n.sigma - dM)


def test_penalties_are_the_same() -> None:
    """(n/d) lambda with n = tau d^2 contexts, and lambda_B k with k = kappa d tasks."""
    d = n.d
    ours = n.tau * d**2 / d * low_rank.converted_ridge.rhs
    assert simplify(ours - n.task_ridge * n.kappa * d) == 0


EQUATIONS = catalogue()
ARGUMENTS = (n.alpha, n.tau, n.kappa, n.rho)


def closed_form(regime: str, name: str):
    """An error in alpha, tau, kappa and rho alone, from the catalogue's closed forms at c_train = 1."""
    trace = EQUATIONS["isotropic_M"].rhs.subs({n.z: n.s, n.c_train: 1})
    expression = EQUATIONS[f"lu_{name}_{regime}"].rhs
    for symbol, value in (
        (n.Qbar, EQUATIONS[f"lu_Qbar_{regime}"].rhs),
        (n.D, EQUATIONS[f"lu_D_{regime}"].rhs),
        (n.noise_share, EQUATIONS[f"lu_share_{regime}"].rhs),
        (n.mu, EQUATIONS["isotropic_mu"].rhs.subs(n.c_train, 1)),
        (n.M, trace),
        (n.s, EQUATIONS["summary_noise"].rhs.subs(n.c_train, 1)),
    ):
        expression = expression.subs(symbol, value)
    assert expression.free_symbols <= set(ARGUMENTS)
    return lambdify(ARGUMENTS, expression, "mpmath")


def draws(regime: str, count: int = 40) -> list[dict[str, Any]]:
    draw = random.Random(regime)
    tau = (0.02, 0.98) if regime == "below" else (1.02, 20)
    ranges = {"alpha": (0.1, 100), "tau": tau, "kappa": (0.1, 20), "rho": (1e-3, 5)}
    return [{name: low * (high / low) ** draw.random() for name, (low, high) in ranges.items()} for _ in range(count)]


@pytest.mark.parametrize("regime", ["above", "below"])
def test_against_the_general_solver(regime: str) -> None:
    functions = {name: closed_form(regime, name) for name in ("e_icl", "e_TM")}
    spectrum = ta.Spectrum.isotropic()
    for point in draws(regime):
        with mp.workdps(40):
            exact = {name: function(*(mpf(x) for x in point.values())) for name, function in functions.items()}
        ours = {
            "e_icl": ta.icl_error(spectrum, [1.0], **point).total,
            "e_TM": ta.train_task_error(spectrum, **point).total,
        }
        for name, value in ours.items():
            assert float(value) == pytest.approx(float(exact[name]), rel=1e-13, abs=0), (name, point)


@pytest.mark.parametrize("regime", ["above", "below"])
def test_against_the_papers_equations(regime: str) -> None:
    functions = {name: closed_form(regime, name) for name in ("e_icl", "e_TM")}
    for point in draws(regime, 8):
        found = oracle.solve([1.0], [1.0], **point, digits=30)
        with mp.workdps(40):
            alpha, tau, kappa, rho = (mpf(x) for x in point.values())
            fresh = rho + (rho + 1) / alpha * found.Qbar + found.K(1)
            assert abs(functions["e_icl"](alpha, tau, kappa, rho) / fresh - 1) < mpf(10) ** -28
            assert abs(functions["e_TM"](alpha, tau, kappa, rho) / (tau * found.q) - 1) < mpf(10) ** -28
            # what the share stands for: sigma M = 1 - D at the effective noise
            D = 1 - found.sigma * found.M
            assert 0 < D < min(tau, 1)


# --- isotropic and ridgeless, exactly -----------------------------------------------------------------------------
@cache
def isotropic_outputs(regime: str) -> dict[Expr, Expr]:
    """All outputs of `stable` as rational functions of the share, tau, kappa and rho, from D and s at this share."""
    D = EQUATIONS[f"lu_D_{regime}"].rhs
    values = {n.D: D, n.U: 1 - D, n.E: D * (1 - D), n.D2: D**2, n.U2: (1 - D) ** 2, n.t: (1 - D) / D}
    values |= {n.gap_kappa: n.kappa - D, n.s: EQUATIONS[f"lu_noise_{regime}"].rhs, n.c: Integer(1)}
    values[n.sigma] = factor(scalar.sigma_of_t.rhs.subs(values))
    values[n.effective_ridge] = factor(values[n.sigma] - values[n.s])
    values[n.ridge_share] = n.tau - 1 if regime == "above" else Integer(0)
    for equation in (scalar.a_of_t, *stable.OUTPUTS):
        values[equation.lhs] = factor(cancel(equation.rhs.subs(values)))
    return values


@pytest.mark.parametrize("regime", ["above", "below"])
def test_isotropic_statements_are_the_general_theory(regime: str) -> None:
    values = isotropic_outputs(regime)
    known = {n.s: values[n.s], n.D: values[n.D], n.Qbar: values[n.Qbar]}
    # the share is s times the trace at s with kappa/min(tau, 1) tasks, and the scalar equation holds
    g = scalar.g[regime].rhs.subs({n.gap_tau: n.tau - n.D}).subs(values)
    assert is_zero(g)
    # s stands for (rho + 1)/alpha
    matched = {n.rho_test: n.rho, n.c_test: 1, n.alpha_test: (1 + n.rho) / n.s}
    for name, general_form in (
        ("Qbar", n.Qbar),
        ("e_icl", error.e_scalar.rhs.subs(matched) + n.K),
        ("e_TM", error.e_TM_matched.rhs),
    ):
        stated = EQUATIONS[f"lu_{name}_{regime}"].rhs.subs(known)
        assert is_zero(general_form.subs(values) - stated), name
