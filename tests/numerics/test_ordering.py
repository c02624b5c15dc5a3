"""The ordering of K, against K itself and against the known counterexamples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from mpmath import mp

import taskalign as ta

from .strategies import Point, points


def test_two_valued_counterexample() -> None:
    """Half the eigenvalues 0, half 2; 50 d tokens, 0.3 d^2 contexts: the larger eigenvalue has the larger K."""
    parameters: dict[str, Any] = {"alpha": 50, "tau": "0.3", "kappa": 1, "rho": 1}
    point = ta.numerics.precise([0, 2], **parameters)
    assert mp.nstr(point.K(0), 15).startswith("1.2652067571373")
    assert mp.nstr(point.K(2), 15).startswith("1.9557653146990")
    found = ta.ordering(ta.Spectrum([0.0, 2.0]), **parameters | {"tau": 0.3})
    assert not found.holds
    assert found.optimal_spike == "bottom"
    assert found.peak > 0
    assert found.tau_order > 0.3


def test_three_valued_counterexample() -> None:
    """Ratios 0.01 : 0.1 : 1 with mean one: the middle one is the worst."""
    values = np.array([0.01, 0.1, 1.0]) / np.mean([0.01, 0.1, 1.0])
    found = ta.ordering(ta.Spectrum(values), alpha=100, tau=0.5, kappa=10, rho=5)
    np.testing.assert_allclose(found.fixed_point.K(values), [12.27, 19.36, 8.60], rtol=1e-3)
    assert not found.holds
    assert found.optimal_spike == "top"
    assert values[0] < found.peak < values[2]


def test_noise_free_counterexample() -> None:
    spectrum = ta.Spectrum([0.0, 3.38e-4, 1.0002], [1.23e-4, 1.23e-4, 0.99975])
    found = ta.ordering(spectrum, alpha=1e5, tau=0.999459, kappa=1000, rho=0)
    assert not found.holds
    assert found.optimal_spike == "top"


@given(point=points())
def test_against_sorting(point: Point) -> None:
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    found = ta.ordering(spectrum, **point.parameters)
    exact = ta.numerics.precise(spectrum, **point.parameters, digits=40)
    values = sorted(set(point.eigenvalues))
    entries = [exact.K(c) for c in values]
    # neighbours that differ by less than rounding can see are left to the exact certificates
    if any(abs(x - y) < mp.mpf("1e-12") * x for x, y in pairwise(entries)):
        return
    assert bool(found.holds) == all(x >= y for x, y in pairwise(entries))
    if len(values) > 1:
        assert found.optimal_spike == ("top" if entries[-1] <= entries[0] else "bottom")
        assert min(entries) in (entries[0], entries[-1])
    else:
        assert found.optimal_spike == "any"


@given(point=points(with_ridge=False))
def test_many_contexts_are_always_ordered(point: Point) -> None:
    parameters = point.parameters | {"tau": 1 + abs(point.parameters["tau"] - 1)}
    found = ta.ordering(ta.Spectrum(point.eigenvalues, point.weights), **parameters)
    assert found.holds
    assert found.peak == 0


@settings(max_examples=30)
@given(point=points())
def test_peak_is_where_the_slope_of_K_changes_sign(point: Point) -> None:
    exact = ta.numerics.precise(ta.Spectrum(point.eigenvalues, point.weights), **point.parameters, digits=40)
    peak = float(ta.ordering(ta.Spectrum(point.eigenvalues, point.weights), **point.parameters).peak)
    below, at, above = (exact.K(max(peak, 1e-300) * x) for x in (0.5, 1.0, 2.0))
    if peak > 0:
        assert at > below
        assert at > above
    else:
        assert exact.K(0) >= exact.K(1e-6) >= exact.K(1.0)


@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_tau_order_is_where_the_effective_ridge_is_the_noise(ridge: float) -> None:
    spectrum = ta.Spectrum.power_law(20, 1.0)
    alpha = np.array([1.0, 5.0, 20.0])
    border = ta.ordering(spectrum, alpha=alpha, tau=0.5, kappa=0.8, rho=0.3, ridge=ridge).tau_order
    point = ta.solve(spectrum, alpha=alpha, tau=border, kappa=0.8, rho=0.3, ridge=ridge)
    np.testing.assert_allclose(point.effective_ridge, point.s, rtol=1e-12)


def test_a_ridge_beyond_the_noise_has_no_tau_order() -> None:
    found = ta.ordering(ta.Spectrum([1.0, 2.0]), alpha=10, tau=0.5, kappa=1, rho=0, ridge=[0.01, 10.0])
    assert np.isfinite(found.tau_order[0])
    assert np.isposinf(found.tau_order[1])


def test_batches() -> None:
    tau = np.array([0.3, 0.9, 4.0])
    values = np.array([[0.0, 2.0], [1.0, 1.0]])[:, None, :]
    found = ta.ordering(ta.Spectrum.batch(values), alpha=50, tau=tau, kappa=1, rho=1)
    assert found.holds.shape == found.optimal_spike.shape == (2, 3)
    assert found.holds.tolist() == [[False, True, True], [True, True, True]]
    assert found.optimal_spike.tolist()[1] == ["any"] * 3
