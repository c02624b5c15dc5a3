"""The moments give every sum, and steps are what they are said to be: exact identities."""

from __future__ import annotations

import pytest
from sympy import Expr, Rational, cancel, diff, exp, sin

from taskalign.derive import notation as n
from taskalign.derive import scalar, spectral

from . import test_identities as identities

MOMENTS = {symbol: spectral.mean(summand) for symbol, summand in scalar.MOMENTS.items()}


def is_zero(expression: Expr) -> bool:
    return identities.is_zero(spectral.reduce_means(expression))


@pytest.mark.parametrize("symbol", scalar.sums_in_moments, ids=str)
def test_sum_from_the_moments(symbol: Expr) -> None:
    shares = {n.learned: spectral.LEARNED, n.unlearned: spectral.UNLEARNED}
    direct = spectral.mean((spectral.SUMMANDS | spectral.MIXED)[symbol].subs(shares))
    assert is_zero(scalar.sums_in_moments[symbol].rhs.subs(MOMENTS) - direct)


@pytest.mark.parametrize("regime", scalar.REGIMES)
def test_curvature_is_the_second_derivative(regime: str) -> None:
    """Against differentiation of the sums themselves, not of symbols standing for them."""
    sums = {symbol: e.rhs for symbol, e in spectral.sums.items()}
    gaps = {n.gap_kappa: n.kappa - sums[n.D], n.gap_tau: n.tau - sums[n.D]}
    for g, d2g in zip(
        *(identities.branches(equations[regime].rhs) for equations in (scalar.g, scalar.d2g)), strict=True
    ):
        direct = diff(g.subs(gaps).subs(n.U, sums[n.U]), n.t, 2)
        symbolic = d2g.subs({n.gap_kappa: n.kappa - n.D, n.gap_tau: n.tau - n.D})
        assert is_zero(direct - symbolic)


def test_sums_of_third_order_are_not_differentiated() -> None:
    with pytest.raises(ValueError, match="third order"):
        spectral.slope(n.E_learned)


@pytest.mark.parametrize("symbol", scalar.next_sums, ids=str)
def test_next_sums_are_first_order(symbol: Expr) -> None:
    exact = spectral.sums[symbol].rhs
    after = scalar.next_sums[symbol].rhs
    assert is_zero(after.subs(n.step, 0) - exact)
    assert is_zero(-diff(after, n.step) - diff(exact, n.t))


def test_halley_is_of_third_order() -> None:
    """From a point at a distance x of the root, on functions with all derivatives; where the bend is small."""
    x = n.t
    for function in (sin(x), exp(x) - 1, x + x**2 - 3 * x**3):
        derivatives = {n.g: function, n.dg: diff(function, x), n.d2g: diff(function, x, 2)}
        bend = scalar.bend.rhs.subs(derivatives)
        step = (n.g / n.dg / (1 - n.bend)).subs(derivatives).subs(n.bend, bend)
        small = scalar.halley.rhs.subs(n.bend, Rational(1, 10))
        assert cancel(small - (n.g / n.dg / (1 - n.bend)).subs(n.bend, Rational(1, 10))) == 0
        error = (x - step).series(x, 0, 4).removeO()
        assert [error.coeff(x, k) for k in range(3)] == [0, 0, 0]
        assert error.coeff(x, 3) != 0
