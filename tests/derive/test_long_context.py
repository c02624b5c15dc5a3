"""Phases of long contexts against the leading terms; scaling near the thresholds against root finding."""

from __future__ import annotations

from functools import cache

import pytest
from mpmath import diff, mp, mpf, sqrt
from sympy import Expr, Integer, N, Rational, Symbol, cancel, limit, simplify, solve, together, true

from taskalign.derive import closed_forms, error, limits, long_context, resolvent, scalar, spectral, stable
from taskalign.derive import notation as n
from taskalign.derive.limits import leading

from .fixed_point import FixedPoint
from .test_identities import is_zero

RANK = n.rank_fraction
#: the effective noise where the effective ridge is a share eta of it
SIGMA = n.s / (1 - n.eta)


def value(equation, **numbers: mpf) -> mpf:
    at = {getattr(n, name): Rational(mp.nstr(x, 35)) for name, x in numbers.items()}
    return mpf(str(N(equation.rhs.subs(at), 30)))


def two_atoms(rank: mpf, kappa: mpf, **more: mpf) -> FixedPoint:
    spectrum = [(1 / rank, rank), (mpf(0), 1 - rank)]
    parameters = {"alpha": mpf(2), "tau": mpf(3), "rho": mpf(0)} | more
    return FixedPoint(spectrum, kappa=kappa, **parameters)


@pytest.mark.parametrize("offset", ["-1.5", "0", "0.7"])
def test_rounding_of_the_transition(offset: str) -> None:
    mp.dps = 40
    rank, x = mpf("0.4"), mpf(offset)
    errors = []
    for sigma in (mpf(10) ** -10, mpf(10) ** -14):
        kappa = value(long_context.window, rank_fraction=rank, offset=x, sigma=sigma)
        point = two_atoms(rank, kappa)
        a = point.a(sigma)
        bias = -(sigma**2) * diff(lambda z, point=point: 1 / (point.a(z) / rank + z), sigma, h=sigma / 10**8)
        stated = [
            value(equation, rank_fraction=rank, offset=x, sigma=sigma)
            for equation in (long_context.rounded_a, long_context.rounded_bias)
        ]
        errors.append(max(abs(stated[0] / a - 1), abs(stated[1] / bias - 1)))
    # the correction is of the order of the square root of sigma
    assert errors[1] < mpf("3e-6")
    assert errors[1] < errors[0] / 50


def test_bias_within_the_window_in_another_form() -> None:
    """THEORY 7: sqrt(1 + x^2) - x - 1/(2 sqrt(1 + x^2)); half at the threshold itself."""
    root = (1 + n.offset**2) ** Rational(1, 2)
    theirs = (n.rank_fraction * n.sigma) ** Rational(1, 2) * (root - n.offset - 1 / (2 * root))
    assert simplify(theirs - long_context.rounded_bias.rhs) == 0


@pytest.mark.parametrize("distance", ["-0.5", "0", "2"])
def test_rounding_of_the_peak(distance: str) -> None:
    mp.dps = 40
    errors = []
    for ridge in (mpf(10) ** -8, mpf(10) ** -12):
        tau = 1 + mpf(distance) * sqrt(ridge)
        point = two_atoms(mpf("0.4"), mpf("0.8"), tau=tau, rho=mpf("0.1"), ridge=ridge)
        at = {"M": point.M(point.s), "s": point.s, "tau": tau, "ridge": ridge, "rho": point.rho}
        lt, q = value(long_context.peak_ridge, **at), value(long_context.peak_q, **at)
        errors.append(max(abs(lt / point.effective_ridge - 1), abs(q / point.q - 1)))
    # the correction is of the order of the square root of the ridge
    assert errors[1] < mpf("1e-5")
    assert errors[1] < errors[0] / 50


def test_share_of_the_effective_ridge() -> None:
    """The explicit share solves its balance, and the two orders of the limits are its ends."""
    for branch, holds in long_context.eta.rhs.args:
        sign = -1 if holds == true else 1
        inside = n.tau * (1 + n.ridge_ratio) - 1
        eta = branch.replace(lambda e: e.func.__name__ == "Abs", lambda _, s=sign, x=inside: s * x)
        balance = long_context.eta_balance
        numbers = {n.tasks_rank: Rational(3, 10), n.tau: Rational(7, 5), n.ridge_ratio: Rational(1, 3)}
        if sign < 0:
            numbers |= {n.tau: Rational(2, 5), n.ridge_ratio: Rational(1, 7)}
        at = eta.subs(numbers)
        assert simplify((balance.lhs - balance.rhs).subs(numbers).subs(n.eta, at)) == 0
        assert 0 < at < 1


# --- the phases, from the leading terms ---------------------------------------------------------------------------
@cache
def terms(fewest: Expr, noise: Expr) -> dict[Expr, Expr]:
    """Leading terms for s to zero at a fixed ratio of ridge and noise; `fewest` is kappa or the rank fraction."""
    if fewest is n.kappa:
        known = {n.D: n.kappa, n.U: 1 - n.kappa, n.D2: n.kappa - n.E, n.U2: 1 - n.kappa - n.E}
        known[n.gap_kappa] = n.kappa * SIGMA / n.t
    else:
        t = solve(scalar.sigma_of_t.rhs.subs(n.gap_kappa, n.kappa - RANK) - SIGMA, n.t)[0]
        known = {n.D: RANK, n.U: 1 - RANK, n.D2: RANK, n.U2: 1 - RANK, n.t: t, n.E: t * n.mean_inverse}
        known[n.gap_kappa] = n.kappa - RANK
    found = {**known, n.rho: noise, n.sigma: SIGMA, n.effective_ridge: n.eta * SIGMA}
    # tau lambda / lt, from the balance: regular where eta vanishes
    found[n.ridge_share] = n.tau - 1 + (1 - fewest) * n.eta
    found[n.a] = leading(scalar.a_of_t.rhs, found, n.s)
    chain = (stable.den, stable.b, stable.dM, stable.A2, stable.R2, stable.N, stable.slack, stable.q, stable.a_less)
    for equation in (*chain, stable.A, stable.B):
        found[equation.lhs] = leading(equation.rhs, found, n.s)
    return found


def limit_of(expression: Expr, fewest: Expr, noise: Expr) -> Expr:
    return limit(expression.subs(terms(fewest, noise)), n.s, 0, "+")


def slack(fewest: Expr) -> Expr:
    return long_context.slack.rhs.subs(n.tasks_rank, fewest)


def test_effective_noise_with_a_share_of_effective_ridge() -> None:
    assert is_zero(resolvent.sigma.rhs.subs(n.effective_ridge, n.eta * SIGMA) - SIGMA)


def test_balance_is_the_equation_of_the_effective_ridge() -> None:
    equation = resolvent.effective_ridge_fixed_point
    # M sigma = U, which tends to 1 - r
    at = {n.M: (1 - n.tasks_rank) / SIGMA, n.effective_ridge: n.eta * SIGMA, n.ridge: n.ridge_ratio * n.s}
    assert is_zero(equation.lhs.subs(at) - long_context.eta_balance.lhs)
    assert is_zero(equation.rhs - long_context.eta_balance.rhs)


@pytest.mark.parametrize("fewest", [n.kappa, RANK], ids=str)
def test_variance_amplifies_the_bias(fewest: Expr) -> None:
    gain = long_context.gain.rhs.subs(n.slack, long_context.slack.rhs).subs(n.tasks_rank, fewest)
    if fewest is n.kappa:
        relative = limit_of(stable.K.rhs, fewest, Integer(0)) / spectral.UNLEARNED
    else:
        relative = limit_of(stable.K.rhs.subs(n.c, 0), fewest, Integer(0))
    assert is_zero(relative - gain)
    assert is_zero(terms(fewest, n.rho)[n.slack] - slack(fewest))


def test_upper_level_is_that_of_a_single_eigenvalue() -> None:
    D = RANK * spectral.LEARNED.subs(n.c, n.c_train / RANK)
    assert is_zero(D.subs(n.t, long_context.level_upper.rhs) - n.fewest)


def test_nothing_but_the_bias_where_contexts_are_fewest() -> None:
    K = limits.section.equations["long_contexts_few_contexts_below"].rhs
    assert K == spectral.UNLEARNED


def test_noise_where_contexts_are_fewest() -> None:
    """What noise adds to K is a multiple of c/(c + t)^2, of which D2 and E/t are the means that it is weighed with."""
    at = limits.with_noise(limits.long_context_terms("below", n.tau), n.s, n.rho)
    added = limit(stable.K.rhs.subs(at), n.s, 0, "+") - spectral.UNLEARNED
    weight = cancel(together(added * (n.c + n.t) ** 2 / n.c))
    assert not weight.has(n.c)
    bias = long_context.few_contexts_IDG.rhs
    assert is_zero(long_context.noise_few_contexts.rhs - bias - weight * n.D2)
    bias = long_context.few_contexts_ODG.rhs
    assert is_zero(long_context.noise_few_contexts_ODG.rhs - bias - n.c_train * weight * n.E / n.t)


def test_growth_with_noise_where_tasks_are_fewest() -> None:
    found = limit_of(n.s * stable.K.rhs, n.kappa, n.rho)
    stated = n.rho * (1 - n.eta) ** 2 / slack(n.kappa)
    assert is_zero(found - stated * spectral.UNLEARNED)
    # the mean of c times the share left unlearned is t D, and D is kappa
    assert is_zero(long_context.noise_few_tasks.rhs.subs(n.slack, slack(n.kappa)) - stated * n.kappa * n.t)


def test_noise_where_the_rank_is_exhausted() -> None:
    """Within the range of C_train K falls like 1/c, on its kernel it diverges."""
    within = limit_of(stable.K.rhs, RANK, n.rho) * n.c
    assert is_zero(within * RANK - long_context.noise_solved.rhs.subs(n.slack, slack(RANK)))
    on_kernel = limit_of(n.s * stable.K.rhs.subs(n.c, 0), RANK, n.rho)
    weight = n.rho * (1 - n.eta) ** 2 / slack(RANK)
    assert is_zero(on_kernel - weight)
    at_rank = long_context.noise_ODG.rhs.subs(n.slack, slack(RANK)).subs(n.tasks_rank, RANK)
    assert is_zero(at_rank - n.c_train * (1 - RANK) * weight)


@pytest.mark.parametrize("fewest", [n.kappa, RANK], ids=str)
def test_noise_and_the_tasks_of_pretraining(fewest: Expr) -> None:
    found = limit_of(n.q * n.R2, fewest, n.rho)
    assert is_zero(found - long_context.noise_TM.rhs.subs(n.slack, slack(fewest)).subs(n.tasks_rank, fewest))


def test_peak_within_its_window() -> None:
    """With tau - 1 in units of the root of the ridge, the exact formula has this leading term."""
    unit = Symbol("unit", positive=True)
    within = {n.tau: 1 + n.offset * unit, n.ridge: unit**2}
    exact = limit(resolvent.effective_ridge.rhs.subs(within) / unit, unit, 0, "+")
    assert simplify(exact - (long_context.peak_ridge.rhs.subs(within) / unit).simplify()) == 0
    # the denominator of q is the sum of the two shares, up to terms of the order of the square of lt
    lt, numerator = long_context.peak_ridge.rhs, error.q.rhs.as_numer_denom()[0]
    at = {n.effective_ridge: 0, n.sigma: n.s}
    assert simplify(long_context.peak_q.rhs * (lt * n.M + n.ridge / lt) - numerator.subs(at)) == 0


def test_memorisation_factor_within_the_window() -> None:
    unit = Symbol("unit", positive=True)
    at = {n.sigma: unit**2 / RANK, n.c_train: 1}
    a = closed_forms.two_atom_a.rhs.subs(n.z, n.sigma).subs(at).subs(n.kappa, long_context.window.rhs.subs(at))
    stated = long_context.rounded_a.rhs.subs(at)
    assert is_zero(limit(a / unit, unit, 0, "+") - cancel(stated / unit))
