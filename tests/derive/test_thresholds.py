"""Scaling near the thresholds against root finding from the definitions, ever closer."""

from __future__ import annotations

import pytest
from mpmath import diff, mp, mpf, sqrt
from sympy import N, Rational, simplify, true

from taskalign.derive import long_context, thresholds
from taskalign.derive import notation as n

from .fixed_point import FixedPoint


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
        kappa = value(thresholds.window, rank_fraction=rank, offset=x, sigma=sigma)
        point = two_atoms(rank, kappa)
        a = point.a(sigma)
        bias = -(sigma**2) * diff(lambda z, point=point: 1 / (point.a(z) / rank + z), sigma, h=sigma / 10**8)
        stated = [
            value(equation, rank_fraction=rank, offset=x, sigma=sigma)
            for equation in (thresholds.rounded_a, thresholds.rounded_bias)
        ]
        errors.append(max(abs(stated[0] / a - 1), abs(stated[1] / bias - 1)))
    # the correction is of the order of the square root of sigma
    assert errors[1] < mpf("3e-6")
    assert errors[1] < errors[0] / 50


def test_bias_within_the_window_in_another_form() -> None:
    """THEORY 7: sqrt(1 + x^2) - x - 1/(2 sqrt(1 + x^2)); half at the threshold itself."""
    root = (1 + n.offset**2) ** Rational(1, 2)
    theirs = (n.rank_fraction * n.sigma) ** Rational(1, 2) * (root - n.offset - 1 / (2 * root))
    assert simplify(theirs - thresholds.rounded_bias.rhs) == 0


@pytest.mark.parametrize("distance", ["-0.5", "0", "2"])
def test_rounding_of_the_peak(distance: str) -> None:
    mp.dps = 40
    errors = []
    for ridge in (mpf(10) ** -8, mpf(10) ** -12):
        tau = 1 + mpf(distance) * sqrt(ridge)
        point = two_atoms(mpf("0.4"), mpf("0.8"), tau=tau, rho=mpf("0.1"), ridge=ridge)
        at = {"M": point.M(point.s), "s": point.s, "tau": tau, "ridge": ridge, "rho": point.rho}
        lt, q = value(thresholds.peak_ridge, **at), value(thresholds.peak_q, **at)
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
