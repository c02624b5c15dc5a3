"""The ordering of K, against K itself and against the known counterexamples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from mpmath import mp

import taskalign as ta
from taskalign.numerics.ordering import lowest_and_highest

from .. import oracle
from .strategies import Point, points, repeated


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


# --- which eigenvalues are compared ---------------------------------------------------------------------------------
def test_repeats_that_rounding_set_apart_are_no_pair() -> None:
    """0.5 I + 1 1^T: K(.5) = 2.10 > K(5.5) = 0.77, by 30 digits of the papers' equations."""
    C = 0.5 * np.eye(5) + 1
    given: dict[str, Any] = {"alpha": 500, "tau": 0.5, "kappa": 1, "rho": 0.5}
    exact = oracle.solve([5.5, 0.5], [1, 4], **given)
    assert float(exact.K(0.5)) == pytest.approx(2.10217229619, rel=1e-11, abs=0)
    assert float(exact.K(5.5)) == pytest.approx(0.770123253932, rel=1e-11, abs=0)
    values = np.linalg.eigvalsh(C)
    for spectrum in (
        C,
        torch.tensor(C),
        ta.Spectrum.from_covariance(C),
        ta.Spectrum(values),
        ta.Spectrum(values[::-1]),
    ):
        found = ta.ordering(spectrum, **given)
        assert found.holds
        assert found.optimal_spike == "top"
        assert found.tolerance == 16 * 2.0**-52
    assert ta.ordering(ta.Spectrum([1.0, 1.0 + 1e-9], tolerance=1e-8), **given).optimal_spike == "any"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("d", "draws"), [(2, 300), (3, 300), (6, 300), (20, 150), (100, 15)])
def test_rotated_repeats_have_the_verdict_of_the_exact_spectrum(d: int, draws: int, dtype: type) -> None:
    rng = np.random.default_rng(d)
    verdicts = []
    for _ in range(draws):
        values, copies = repeated(rng, d)
        Q = np.linalg.qr(rng.normal(size=(d, d)))[0].astype(dtype)
        C = (Q * np.repeat(values, copies).astype(dtype)) @ Q.T
        given = {"alpha": 10 ** rng.uniform(0, 4), "tau": rng.uniform(0.05, 0.9), "kappa": 10 ** rng.uniform(-0.5, 1)}
        given["rho"] = 10 ** rng.uniform(-1, 1)
        exact = ta.Spectrum(values, copies, tolerance=0)
        K = np.asarray(ta.solve(exact, **given).K(values))
        pairs = [K[i] / K[j] for i in range(len(K)) for j in range(i + 1, len(K))]
        if any(abs(pair - 1) < 0.01 for pair in pairs):
            continue  # too close for single precision
        holds = all(pair > 1 for pair in pairs)
        spike = "any" if len(K) == 1 else "top" if K[0] > K[-1] else "bottom"
        verdicts.append(holds)
        for spectrum in (exact, ta.Spectrum.from_covariance(C), ta.Spectrum(np.linalg.eigvalsh((C + C.T) / 2))):
            found = ta.ordering(spectrum, **given)
            assert (bool(found.holds), str(found.optimal_spike)) == (holds, spike)
    assert 0.05 * len(verdicts) < sum(verdicts) < 0.95 * len(verdicts) or d == 100


def test_what_has_no_weight_is_not_compared() -> None:
    given: dict[str, Any] = {"alpha": 50, "tau": 0.3, "kappa": 1, "rho": 1}
    for more, place in (([1e-3], 0), ([1.9], 1), ([100.0], 2), ([0.0, 0.0], 0)):
        for present, holds in (([0.0, 2.0], False), ([1.9, 2.1], True)):
            values, weights = np.insert(present, place, more), np.insert([1.0, 1.0], place, np.zeros(len(more)))
            plain = ta.ordering(ta.Spectrum(present), **given)
            for spectrum in (ta.Spectrum(values, weights), ta.Spectrum.batch(values[None], weights)):
                found = ta.ordering(spectrum, **given)
                assert np.all(found.holds == holds)
                assert np.all(found.holds == plain.holds)
                assert np.all(found.optimal_spike == plain.optimal_spike)
    alone = ta.ordering(ta.Spectrum([0.0, 2.0, 5.0], [0, 1, 0]), **given)
    assert (bool(alone.holds), str(alone.optimal_spike)) == (True, "any")


def test_a_batch_merges_each_spectrum_by_its_own_largest() -> None:
    given: dict[str, Any] = {"alpha": 50, "tau": 0.3, "kappa": 1, "rho": 1}
    batch = ta.Spectrum.batch([[0.0, 1e-9, 2.0], [0.0, 2.0, 1e9]], tolerance=1e-8)
    assert ta.ordering(batch, **given).holds.tolist() == [
        bool(ta.ordering(ta.Spectrum(values, tolerance=1e-8), **given).holds) for values in batch.eigenvalues
    ]
    np.testing.assert_allclose([x[0] for x in lowest_and_highest(batch)], [0.5e-9, 2.0, 2.0, True])
    np.testing.assert_allclose([x[1] for x in lowest_and_highest(batch)], [1.0, 1e9, 1e9, True])
