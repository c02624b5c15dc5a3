"""The optimal ridge against a fine scan, its stationarity, and the limits of no ridge and an infinite one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.numerics import InputError, optimal_ridge

SPECTRUM = ta.Spectrum.power_law(24, 0.9)
MATCHED = SPECTRUM.eigenvalues


@pytest.mark.parametrize("tau", [0.3, 0.95, 1.0, 1.05, 4.0])
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_no_other_ridge_does_better(tau: float, rho: float) -> None:
    given = {"alpha": 2.0, "tau": tau, "kappa": 1.0, "rho": rho}
    found = optimal_ridge(SPECTRUM, MATCHED, **given)
    others = ta.icl_error(SPECTRUM, MATCHED, **given, ridge=np.geomspace(1e-9, 1e6, 3001)).total
    assert found.error <= others.min() * (1 + 1e-13)
    assert others.min() == pytest.approx(found.error, rel=1e-4, abs=0)
    assert found.ridge > 0
    assert found.error < min(found.error_ridgeless, found.error_untrained)
    # where it is, the error does not change to first order
    ridge = torch.tensor(found.ridge, dtype=torch.float64, requires_grad=True)
    error = ta.icl_error(SPECTRUM, MATCHED, **given, ridge=ridge).total
    (slope,) = torch.autograd.grad(error, ridge)
    assert abs(float(slope) * found.ridge) < 1e-6 * found.error
    assert float(error.detach()) == pytest.approx(found.error, rel=1e-12, abs=0)


def test_peak_is_the_worst_place_to_go_without() -> None:
    """Close to tau = 1 a ridge saves what the variance costs; there alone the ridgeless error is infinite."""
    given = {"alpha": 2.0, "kappa": 1.0, "rho": 0.1}
    saved = {}
    for tau in (0.5, 0.99, 1.01, 4.0):
        found = optimal_ridge(SPECTRUM, MATCHED, tau=tau, **given)
        saved[tau] = found.error_ridgeless / found.error
    assert min(saved[0.99], saved[1.01]) > 10 * max(saved[0.5], saved[4.0])
    assert math.isinf(optimal_ridge(SPECTRUM, MATCHED, tau=1.0, **given).error_ridgeless)


def test_no_ridge_can_be_best() -> None:
    """Short contexts in pretraining regularise more than tests with long contexts want: any ridge is in the way."""
    flat = ta.Spectrum.isotropic()
    given = {"alpha": 0.5, "tau": 1e4, "kappa": 1e3, "rho": 0.0, "alpha_test": 1e6}
    found = optimal_ridge(flat, [1.0], **given)
    assert found.ridge == 0.0
    assert found.error == found.error_ridgeless
    errors = ta.icl_error(flat, [1.0], **given, ridge=np.geomspace(1e-12, 1e4, 400)).total
    assert (errors > found.error * (1 - 1e-13)).all()
    assert errors[-60] > 1.001 * found.error


def test_to_learn_nothing_can_be_best() -> None:
    """Tests outside of what pretraining has: every answer does harm."""
    spectrum = ta.Spectrum([2.0, 0.0])
    found = optimal_ridge(spectrum, [0.0, 2.0], alpha=2.0, tau=0.5, kappa=0.3, rho=0.1)
    assert found.ridge == math.inf
    assert found.error == found.error_untrained == pytest.approx(1.1, rel=1e-14, abs=0)
    assert found.fixed_point is None
    large = ta.icl_error(spectrum, [0.0, 2.0], alpha=2.0, tau=0.5, kappa=0.3, rho=0.1, ridge=1e9).total
    assert float(large) == pytest.approx(found.error, rel=1e-6, abs=0)


def test_conditions_at_test_count() -> None:
    given = {"alpha": 2.0, "tau": 2.0, "kappa": 1.0, "rho": 0.1}
    short, long = (optimal_ridge(SPECTRUM, MATCHED, **given, alpha_test=x, rho_test=0.0).ridge for x in (0.2, 200.0))
    assert short > 2 * long


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": np.array([1.0, 2.0])}, r"alpha: shape \(2,\)"),
        ({"kappa": 0.0}, "kappa: 0.0"),
        ({"rho": -1.0}, "rho: -1.0"),
        ({"rho_test": -1.0}, "rho_test: -1.0"),
        ({"test": [1.0]}, "test: shape"),
        ({"test": np.ones((2, 24))}, r"test: shape \(2, 24\)"),
        ({"spectrum": ta.Spectrum.batch(np.ones((2, 3)))}, r"spectrum: a batch \(2,\)"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    given = {"spectrum": SPECTRUM, "test": MATCHED, "alpha": 2.0, "tau": 1.0, "kappa": 1.0, "rho": 0.1} | change
    with pytest.raises(InputError, match=message):
        optimal_ridge(given.pop("spectrum"), given.pop("test"), **given)


@pytest.mark.parametrize("alpha", [1e6, 1e10, 1e14])
def test_the_best_ridge_of_long_contexts_lay_below_the_scan(alpha: float) -> None:
    """At alpha = 1e14 the answer was an infinite ridge, with an error 40,000 times the least."""
    given = {"alpha": alpha, "tau": 1.0, "kappa": 1.0, "rho": 0.0}
    found = optimal_ridge(SPECTRUM, np.ones(24), **given)
    others = ta.icl_error(SPECTRUM, np.ones(24), **given, ridge=np.geomspace(1e-3, 1e3, 601) / alpha).total
    assert found.error == pytest.approx(others.min(), rel=1e-3, abs=0)
    assert found.error <= others.min() * (1 + 1e-12)


@pytest.mark.parametrize(
    ("eigenvalues", "weights", "test", "given", "alpha_test", "lower"),
    [
        # short contexts at test: the ridge that keeps the small eigenvalues, and one that gives them up
        (
            *([1.62, 0.0123, 0.000225], [0.061, 0.0187, 0.0168], [0.136, 0.2585, 0.1295]),
            *({"alpha": 477, "tau": 4.94, "kappa": 3.26, "rho": 0.00787}, 1.918, "first"),
        ),
        (
            *([0.948, 0.0637, 0.00342], [0.0763, 0.01206, 0.0238], [0.00035, 0.01, 1.277]),
            *({"alpha": 350, "tau": 1.43, "kappa": 2.31, "rho": 0.000354}, 3.03, "last"),
        ),
    ],
)
def test_the_lower_of_two_minima(
    eigenvalues: list[float],
    weights: list[float],
    test: list[float],
    given: dict[str, float],
    alpha_test: float,
    lower: str,
) -> None:
    """Against a fine scan of the ridge."""
    spectrum = ta.Spectrum(eigenvalues, weights)
    ridges = np.geomspace(1e-9, 1e9, 20_001)
    errors = ta.icl_error(spectrum, test, **given, ridge=ridges, alpha_test=alpha_test, rho_test=0).total
    falls, rises = errors[1:-1] < errors[:-2] * (1 - 1e-14), errors[1:-1] < errors[2:] * (1 - 1e-14)
    places = 1 + np.flatnonzero(falls & rises)
    assert len(places) == 2
    best = places[errors[places].argmin()]
    assert best == (places[0] if lower == "first" else places[1])
    found = optimal_ridge(spectrum, test, **given, alpha_test=alpha_test, rho_test=0)
    assert found.ridge == pytest.approx(ridges[best], rel=3e-3, abs=0)
    assert found.error == pytest.approx(errors[best], rel=1e-6, abs=0)
    assert found.error <= errors.min() * (1 + 1e-13)
    by_error = places[errors[places].argsort()]
    assert found.minima.shape == (2, 2)
    np.testing.assert_allclose(found.minima[:, 0], ridges[by_error], rtol=3e-3)
    np.testing.assert_allclose(found.minima[:, 1], errors[by_error], rtol=1e-6)
    assert found.minima[0].tolist() == [found.ridge, found.error]
