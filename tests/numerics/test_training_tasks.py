"""Errors on training tasks and on rotated tasks, against the papers' form in many digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from mpmath import mp, mpf

import taskalign as ta

from .. import oracle
from .strategies import Point, points

FUNCTIONS = {"TM": ta.train_task_error, "ODG": ta.rotated_task_error}


def exact_misalignment(which: str, point: oracle.Oracle, spectrum: ta.Spectrum) -> mpf:
    """The papers' forms (THEORY (2.1), section 2), with enough digits for their cancellations."""
    with mp.workdps(100):
        z, q, lt = point.sigma, point.q, point.effective_ridge
        if which == "TM":
            return q * (1 - z * point.M) - (q * lt - z**2) * (point.M + z * point.dM)
        weights = [mpf(x) for x in spectrum.weights]
        trace = sum(w * mpf(c) for w, c in zip(weights, spectrum.eigenvalues, strict=True)) / sum(weights)
        return trace * (q * point.M + (q * lt - z**2) * point.dM)


def named(alpha: float, tau: float, kappa: float, rho: float, ridge: float = 0.0) -> dict[str, float]:
    return {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}


FAR = [
    # hardly any noise: contexts of 1e14, in all phases and on their borders
    Point([2.0, 1.0, 0.0], [1.0, 1.0, 2.0], named(1e14, tau, kappa, rho, ridge))
    for tau, kappa in ((2.0, 0.25), (2.0, 0.5), (2.0, 3.0), (0.75, 0.25), (0.3, 0.8), (0.25, 0.25), (0.5, 0.5))
    for rho, ridge in ((0.0, 0.0), (0.5, 0.0), (0.0, 1e-14))
]


def check(point: Point) -> None:
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    exact = oracle.solve(spectrum.eigenvalues, spectrum.weights, **point.parameters, digits=60)
    for which, function in FUNCTIONS.items():
        found = function(spectrum, **point.parameters)
        expected = exact_misalignment(which, exact, spectrum)
        with mp.workdps(40):
            assert abs(mpf(float(found.misalignment)) - expected) <= mpf("1e-12") * abs(expected), which
            if which == "TM":
                matched = mpf(point.parameters["tau"]) * exact.q
                assert abs(mpf(float(found.total)) - matched) <= mpf("1e-12") * matched


@pytest.mark.parametrize("point", FAR)
def test_long_contexts_against_many_digits(point: Point) -> None:
    check(point)


@settings(max_examples=30)
@given(point=points())
@example(point=Point([1.0], [1.0], named(1.0, 1 - 1e-9, 1.0, 0.0)))
def test_against_many_digits(point: Point) -> None:
    check(point)


def test_broadcasting_and_test_parameters() -> None:
    spectrum = ta.Spectrum.batch(np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 1.0]]))
    tau = np.array([0.5, 2.0, 3.0])[:, None]
    given = {"alpha": 2.0, "tau": tau, "kappa": 0.7, "rho": 0.1}
    for function in FUNCTIONS.values():
        found = function(spectrum, **given, alpha_test=5.0, rho_test=np.array([0.0, 0.2]))
        assert found.total.shape == (3, 2)
        for i in range(3):
            for j in range(2):
                one = function(
                    ta.Spectrum(spectrum.eigenvalues[j]),
                    **given | {"tau": float(tau[i, 0])},
                    alpha_test=5.0,
                    rho_test=[0.0, 0.2][j],
                )
                assert found.total[i, j] == pytest.approx(float(one.total), rel=1e-13, abs=0)
                assert one.total == one.scalar + one.misalignment


def test_fresh_tasks_lie_between() -> None:
    """Training tasks are known best; rotated ones of an anisotropic covariance least."""
    spectrum = ta.Spectrum.power_law(30, 1.5)
    given = {"alpha": 3.0, "tau": 2.0, "kappa": np.array([0.2, 1.0, 5.0]), "rho": 0.01}
    seen = ta.train_task_error(spectrum, **given).total
    fresh = ta.icl_error(spectrum, spectrum.eigenvalues, **given).total
    rotated = ta.rotated_task_error(spectrum, **given).total
    assert (seen < fresh).all()
    assert (fresh < rotated).all()
    # for one eigenvalue a rotation changes nothing
    flat = ta.Spectrum.isotropic()
    np.testing.assert_allclose(
        ta.rotated_task_error(flat, **given).total, ta.icl_error(flat, [1.0], **given).total, rtol=1e-14
    )


@pytest.mark.parametrize("which", FUNCTIONS)
@pytest.mark.parametrize(("tau", "ridge"), [(3.0, 0.0), (0.6, 0.0), (1.0, 0.05)])
def test_gradients(which: str, tau: float, ridge: float) -> None:
    leaves = [
        torch.tensor(x, dtype=torch.float64, requires_grad=True)
        for x in ([2.0, 1.0, 0.3], [1.0, 2.0, 3.0], 2.0, tau, 0.7, 0.1, 3.0, 0.2)
    ]

    def total(eigenvalues, weights, alpha, tau, kappa, rho, alpha_test, rho_test):
        return FUNCTIONS[which](
            ta.Spectrum(eigenvalues, weights),
            **{"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge},
            alpha_test=alpha_test,
            rho_test=rho_test,
        ).total

    assert torch.autograd.gradcheck(total, leaves, rtol=1e-6)


@pytest.mark.parametrize("which", FUNCTIONS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha_test": 0.0}, "alpha_test: 0.0"),
        ({"rho_test": -0.1}, "rho_test: -0.1"),
        ({"tau": 1.0}, "tau: 1.0"),
        ({"kappa": -1.0}, "kappa: -1.0"),
    ],
)
def test_bad_input_is_named(which: str, change: dict, message: str) -> None:
    with pytest.raises(ta.numerics.InputError, match=message):
        FUNCTIONS[which](ta.Spectrum([1.0]), **named(2.0, 3.0, 1.0, 0.1) | change)
