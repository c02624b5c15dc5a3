"""Limits against root finding from the definitions, far out."""

from __future__ import annotations

import pytest
from mpmath import mp, mpf
from sympy import N, Rational

from taskalign.derive import limits
from taskalign.derive import notation as n

from .fixed_point import FixedPoint

SPECTRUM = [("0", "0.4"), ("0.5", "0.35"), ("2", "0.25")]  # rank fraction 0.6
FULL = [("0.25", "0.5"), ("1", "0.25"), ("3", "0.25")]
BY_NAME = limits.section.equations


@pytest.fixture(autouse=True)
def _precision() -> None:
    mp.dps = 40


def point(*, spectrum=SPECTRUM, alpha="2", tau="3", kappa="1", rho="0.1", ridge="0") -> FixedPoint:
    pairs = [(mpf(c), mpf(w)) for c, w in spectrum]
    return FixedPoint(pairs, *(mpf(x) for x in (alpha, tau, kappa, rho, ridge)))


def limit_value(name: str, at: FixedPoint, **more: mpf) -> mpf:
    """Right-hand side of a limit, with what does not move taken from the point."""
    numbers = {n.tau: at.tau, n.kappa: at.kappa, n.rho: at.rho, n.ridge: at.ridge, n.s: at.s, n.c_train: at.c_train}
    numbers |= {n.t: at.t, n.sigma: at.sigma, n.q: at.q, n.rank_fraction: mpf("0.6")}
    numbers[n.D2] = at.mean(lambda c: (c / (c + at.t)) ** 2)
    numbers[n.U2] = at.mean(lambda c: (at.t / (c + at.t)) ** 2)
    numbers[n.E] = at.mean(lambda c: c * at.t / (c + at.t) ** 2)
    numbers |= {getattr(n, symbol): x for symbol, x in more.items()}
    expression = BY_NAME[name].rhs.subs({symbol: Rational(str(x)) for symbol, x in numbers.items()})
    return mpf(str(N(expression, 30)))


def close(far: mpf, limit: mpf, tolerance: float = 1e-6) -> bool:
    return abs(far - limit) < tolerance * (1 + abs(limit))


@pytest.mark.parametrize(("tau", "ridge"), [("3", "0"), ("0.5", "0"), ("0.5", "0.2")])
def test_many_tasks(tau, ridge) -> None:
    at = point(kappa="1e9", tau=tau, ridge=ridge)
    assert close(at.a(at.sigma), limit_value("many_tasks_a", at))
    assert close(at.dM(at.sigma), limit_value("many_tasks_dM", at))
    A2 = at.M(at.sigma) + at.sigma * at.dM(at.sigma)
    assert close(A2, limit_value("many_tasks_A2", at))
    R2 = 1 - 2 * at.sigma * at.M(at.sigma) - at.sigma**2 * at.dM(at.sigma)
    assert close(R2, limit_value("many_tasks_R2", at))
    for c in (mpf(0), mpf("0.5"), mpf(2)):
        assert close(at.K(c), limit_value("many_tasks_K", at, c=c))


@pytest.mark.parametrize("ridge", ["0", "0.2"])
def test_many_contexts(ridge) -> None:
    at = point(tau="1e9", ridge=ridge)
    assert close(at.effective_ridge, limit_value("many_contexts_effective_ridge", at))
    assert close(at.q, limit_value("many_contexts_q", at))
    a, b = at.a(at.sigma), mp.diff(at.a, at.sigma)
    for c in (mpf(0), mpf("0.5"), mpf(2)):
        assert close(at.K(c), limit_value("many_contexts_K", at, a=a, b=b, c=c))


REGIMES = {
    "few_tasks_above": {"tau": "1.5", "kappa": "0.3"},
    "few_tasks_below": {"tau": "0.5", "kappa": "0.3"},
    "few_contexts_below": {"tau": "0.3", "kappa": "0.5"},
    "full_rank_above": {"tau": "1.5", "kappa": "0.9"},
    "full_rank_below": {"tau": "0.75", "kappa": "0.9"},
}


@pytest.mark.parametrize("regime", REGIMES)
def test_long_contexts_without_noise(regime) -> None:
    at = point(alpha="1e10", rho="0", **REGIMES[regime])
    on_zero = regime.startswith("full_rank")
    for c in [mpf(0)] if on_zero else [mpf(0), mpf("0.5"), mpf(2)]:
        assert close(at.K(c), limit_value(f"long_contexts_{regime}", at, c=c))
    if on_zero:
        assert at.K(mpf("0.5")) < 1e-6


@pytest.mark.parametrize("regime", sorted(set(REGIMES) - {"few_contexts_below"}))
def test_long_contexts_with_noise(regime) -> None:
    at = point(alpha="1e10", rho="0.5", **REGIMES[regime])
    scale = 1 if regime.startswith("full_rank") else at.s
    for c in (mpf("0.5"), mpf(2)):
        assert close(scale * at.K(c), limit_value(f"long_contexts_{regime}_noise", at, c=c))


def test_long_contexts_leave_a_regularisation_when_they_are_few() -> None:
    at = point(alpha="1e10", rho="0.5", **REGIMES["few_contexts_below"])
    assert at.sigma > mpf("0.1")
    assert close(at.sigma, at.t * (at.kappa - at.tau) / at.kappa)
    assert close(at.q, limit_value("long_contexts_few_contexts_q", at))


def test_regimes_hold_for_a_spectrum_without_zero() -> None:
    at = point(spectrum=FULL, alpha="1e10", rho="0", tau="1.5", kappa="0.3")
    assert close(at.K(mpf("0.25")), limit_value("long_contexts_few_tasks_above", at, c=mpf("0.25")))
    at = point(spectrum=FULL, alpha="1e10", rho="0.5", tau="1.5", kappa="2")
    assert close(at.K(mpf(3)), limit_value("long_contexts_full_rank_above_noise", at, rank_fraction=mpf(1), c=mpf(3)))


def test_vanishing_contexts() -> None:
    at = point(tau="1e-8")
    assert close(at.tau * at.effective_ridge, limit_value("no_contexts_effective_ridge", at))
    assert close(at.tau * at.q, limit_value("no_contexts_q", at))
    assert close(at.Qbar, limit_value("no_contexts_Qbar", at))
    for c in (mpf(0), mpf("0.5"), mpf(2)):
        assert close(at.K(c), limit_value("no_contexts_K", at))
    test = [mpf(1), mpf(2), mpf(3)]
    c_test = sum(w * x for (_, w), x in zip(at.spectrum, test, strict=True))
    assert close(at.error(test, mpf(4), mpf("0.2")), mpf("0.2") + c_test)


def test_every_limit_is_tested() -> None:
    tested = {f"long_contexts_{regime}{noise}" for regime in REGIMES for noise in ("", "_noise")}
    tested -= {"long_contexts_few_contexts_below_noise"}
    tested |= {"long_contexts_few_contexts_q"}
    tested |= {f"many_tasks_{x}" for x in ("a", "dM", "A2", "R2", "K")}
    tested |= {f"many_contexts_{x}" for x in ("effective_ridge", "q", "K")}
    tested |= {f"no_contexts_{x}" for x in ("effective_ridge", "q", "K", "Qbar")}
    assert tested == set(BY_NAME)
