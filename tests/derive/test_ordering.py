"""The corollaries against direct search: over rotations, over eigenvectors, and the published counterexample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mpmath import mp, mpf
from sympy import Indexed, N, Rational, simplify

from taskalign.derive import notation as n
from taskalign.derive import ordering, stable

from .fixed_point import FixedPoint

HALF = mpf(1) / 2
#: two eigenvalues, few contexts, noise: here the bottom spike is the best
COUNTEREXAMPLE = FixedPoint([(mpf(0), HALF), (mpf(2), HALF)], mpf(50), mpf("0.3"), mpf(1), mpf(1))
#: three eigenvalues in the same regime: the peak is inside
THREE = FixedPoint([(mpf(x), mpf(1) / 3) for x in ("0.027027", "0.27027", "2.7027")], mpf(100), HALF, mpf(10), mpf(5))
ORDERED = FixedPoint([(mpf(0), HALF), (mpf(2), HALF)], mpf(50), mpf(3), mpf(1), mpf(1))


@pytest.fixture(autouse=True)
def _precision() -> None:
    mp.dps = 40


def numbers(at: FixedPoint) -> dict:
    """A, B, a, sigma of a fixed point, from its definitions."""
    a, b = at.a(at.sigma), mp.diff(at.a, at.sigma)
    found = {n.a: a, n.b: b, n.sigma: at.sigma, n.q: at.q, n.s: at.s, n.effective_ridge: at.effective_ridge}
    found[n.A] = at.q * at.s + at.sigma**2
    found[n.B] = at.q * (a - at.effective_ridge * b) + at.sigma**2 * b
    found[n.beta] = at.sigma * b / a
    return {symbol: Rational(str(x)) for symbol, x in found.items()}


def test_counterexample_is_the_published_one() -> None:
    assert abs(COUNTEREXAMPLE.K(mpf(0)) - mpf("1.26520675713730")) < 1e-13
    assert abs(COUNTEREXAMPLE.K(mpf(2)) - mpf("1.95576531469906")) < 1e-13


def at_dimension(equation, alignment: np.ndarray, test: np.ndarray) -> float:
    """The bound for given eigenvalues."""
    d = len(alignment)
    bound = equation.statement.rhs.subs(n.d, d).doit()
    eigenvalues = {"K_sorted": np.sort(alignment), "test_sorted": np.sort(test)}
    values = {x: eigenvalues[str(x.base)][int(x.indices[0]) - 1] for x in bound.atoms(Indexed)}
    return float(bound.subs(values))


def test_error_over_rotations_lies_between_the_pairings() -> None:
    random = np.random.default_rng(0)
    alignment, test = random.random(4), random.random(4)
    lower = at_dimension(ordering.opposite_pairing, alignment, test)
    upper = at_dimension(ordering.equal_pairing, alignment, test)
    assert lower < upper
    assert str(ordering.opposite_pairing.statement.rel_op) == ">="
    assert str(ordering.equal_pairing.statement.rel_op) == "<="
    for _ in range(300):
        rotation, _ = np.linalg.qr(random.standard_normal((4, 4)))
        C_test = rotation @ np.diag(test) @ rotation.T
        error = np.mean(alignment * np.diag(C_test))
        assert lower <= error <= upper
    commuting = [np.mean(alignment * test[list(order)]) for order in itertools.permutations(range(4))]
    assert min(commuting) == pytest.approx(lower, rel=1e-13, abs=0)
    assert max(commuting) == pytest.approx(upper, rel=1e-13, abs=0)


def test_spike_costs_its_entry_of_the_alignment() -> None:
    assert ordering.spike.rhs == n.c_test * n.K_of(n.c)
    at = COUNTEREXAMPLE
    c_test = mpf("0.7")
    # all of the trace on one eigenvector
    error = at.error([c_test / HALF, mpf(0)], mpf(5), mpf(0)) - c_test / 5 * at.Qbar
    assert abs(error - c_test * at.K(mpf(0))) < 1e-25


@pytest.mark.parametrize(("at", "top_is_best"), [(COUNTEREXAMPLE, False), (THREE, True), (ORDERED, True)])
def test_best_spike_is_at_an_end(at: FixedPoint, top_is_best: bool) -> None:
    values = [at.K(c) for c, _ in at.spectrum]
    assert min(values) == min(values[0], values[-1])
    assert (values[-1] <= values[0]) == top_is_best
    ends = {n.c_min: Rational(str(at.spectrum[0][0])), n.c_max: Rational(str(at.spectrum[-1][0]))}
    assert bool(ordering.top_is_best.statement.subs({**numbers(at), **ends})) == top_is_best


def test_best_spike_is_the_lesser_end() -> None:
    bound = ordering.best_spike.statement.rhs
    assert bound.subs({n.K_of(n.c_min): 2, n.K_of(n.c_max): 3, n.c_test: 5}) == 10
    assert bound.subs({n.K_of(n.c_min): 4, n.K_of(n.c_max): 3, n.c_test: 5}) == 15


@pytest.mark.parametrize("at", [COUNTEREXAMPLE, THREE, ORDERED])
def test_worst_spike_is_at_the_peak(at: FixedPoint) -> None:
    known = numbers(at)
    slope = N(ordering.P_at_zero.rhs.subs(known), 30)
    bound = mpf(str(N(ordering.worst_spike.statement.rhs.subs({**known, n.P0: slope, n.c_test: 1}), 30)))
    tried = [at.K(mpf(k) / 10) for k in range(60)]
    assert max(tried) <= bound * (1 + mpf(10) ** -20)
    assert max(tried) > bound * mpf("0.99")
    peak = mpf(str(N(ordering.peak.rhs.subs(known), 30)))
    assert abs(at.K(peak) - bound) < 1e-18


def test_top_is_best_is_the_order_of_the_ends() -> None:
    difference = stable.K.rhs.subs(n.c, n.c_min) - stable.K.rhs.subs(n.c, n.c_max)
    positive = (n.a * n.c_min + n.sigma) ** 2 * (n.a * n.c_max + n.sigma) ** 2 / (n.c_max - n.c_min)
    condition = ordering.top_is_best.statement
    assert simplify(difference * positive - (condition.lhs - condition.rhs)) == 0


def test_isotropic_pretraining_is_indifferent() -> None:
    at = FixedPoint([(mpf("1.5"), mpf(w)) for w in ("0.5", "0.25", "0.25")], mpf(2), HALF, mpf(1), mpf("0.1"))
    errors = [
        at.error(test, mpf(5), mpf(0)) for test in ([mpf(1)] * 3, [mpf(2), mpf(0), mpf(0)], [mpf(0), mpf(1), mpf(3)])
    ]
    assert max(errors) - min(errors) < 1e-25
    assert ordering.isotropic.rhs == n.c_test * n.K_of(n.c_train)
