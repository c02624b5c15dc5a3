"""The law of the predictions: right to the last digits, consistent with the errors, in every array library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from mpmath import mp, mpf
from scipy import integrate, stats

import taskalign as ta

from .. import oracle
from .strategies import Point, points

PARAMETERS: dict[str, Any] = {"alpha": 2.0, "tau": 4.0, "kappa": 0.7, "rho": 0.1}
KINDS = ("fresh", "rotated", "training")
LAW = ("var_y", "cov", "var_yhat", "slope_given_label", "var_given_label", "slope_given_clean", "var_given_clean",
       "var_given_query")  # fmt: skip
BUDGET = ("noise", "bias", "task", "train", "interaction", "context", "total")


def papers_law(kind: str, point: Point, test: list[float], alpha_test: float, rho_test: float) -> dict[str, Any]:
    """THEORY (5.1), (5.2) and 6 as they stand, from the papers' fixed point, in mpmath."""
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    o = oracle.solve(spectrum.eigenvalues, spectrum.weights, **point.parameters, digits=60)
    w = [mpf(x) for x in spectrum.weights]
    w = [x / sum(w) for x in w]
    c, gamma = [mpf(x) for x in point.eigenvalues], [mpf(x) for x in test]
    alpha_t, rho_t, lt, q, s = mpf(alpha_test), mpf(rho_test), o.effective_ridge, o.q, o.sigma

    def mean(f: Any) -> mpf:
        return mp.fsum(x * f(y) for x, y in zip(w, c, strict=True))

    if kind == "training":
        gamma = c
    c_t = mp.fsum(x * y for x, y in zip(w, gamma, strict=True))
    if kind == "fresh":
        g = mp.fsum(x * y * o.F(z) for x, y, z in zip(w, gamma, c, strict=True))
        dg = mp.fsum(x * y * o.dF(z) for x, y, z in zip(w, gamma, c, strict=True))
    elif kind == "rotated":
        g, dg = c_t * o.M, c_t * o.dM
    else:
        g, dg = o.a * mean(lambda x: x * o.F(x)), o.a**2 * mean(lambda x: x * o.dF(x))
    noise = (rho_t + c_t) / alpha_t
    m, V = c_t - s * g, c_t - 2 * s * g - s**2 * dg + q * (g + lt * dg) + noise * o.Qbar
    train, interaction = q * (g + lt * dg), noise * q * (o.M + lt * o.dM)
    context = noise * (1 - 2 * s * o.M - s**2 * o.dM)
    total = rho_t + c_t - 2 * m + V
    if kind == "training":
        task = s**2 * o.a**2 * o.da * mean(lambda x: x * x * o.F(x) ** 2)
    else:
        along = gamma if kind == "fresh" else [c_t] * len(c)
        task = s**2 * o.da * mp.fsum(x * y * z * o.F(z) ** 2 for x, y, z in zip(w, along, c, strict=True))
    parts = {"noise": rho_t, "task": task, "train": train, "interaction": interaction, "context": context}
    variance = task + train + interaction + context
    return {
        **{"var_y": rho_t + c_t, "cov": m, "var_yhat": V, "slope_given_label": m / (rho_t + c_t)},
        **{"var_given_label": V - m**2 / (rho_t + c_t), "slope_given_clean": m / c_t},
        **{"var_given_clean": V - m**2 / c_t, "var_given_query": variance},
        **parts,
        **{"bias": total - rho_t - variance, "total": total},
    }


def wrong(law: Any, exact: dict[str, Any], tolerance: float = 1e-12) -> dict[str, float]:
    found = {name: getattr(law, name) for name in LAW} | {name: getattr(law.budget, name) for name in BUDGET}
    assert found.keys() == exact.keys()
    with mp.workdps(60):
        errors = {k: float(abs(mpf(float(found[k])) - exact[k]) / (abs(exact[k]) or 1)) for k in exact}
    return {name: error for name, error in errors.items() if not error < tolerance}


def vanishing(alpha: float, tau: float, kappa: float, ridge: float = 0.0) -> Point:
    parameters = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": 0.0, "ridge": ridge}
    return Point([2.0, 0.5, 1e-3], [1.0, 2.0, 3.0], parameters)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("kind", KINDS)
@given(point=points())
@settings(max_examples=8)
@example(point=vanishing(1e14, 3.0, 2.0))
@example(point=vanishing(1e14, 0.9, 2.0))
@example(point=vanishing(1e14, 3.0, 0.4))
@example(point=vanishing(1e14, 0.3, 0.7, 1e-9))
@example(point=Point([1.0, 1.0 + 1e-9, 1.0 + 3e-9], [1.0, 1.0, 2.0], PARAMETERS | {"ridge": 0.0}))
def test_against_the_papers_forms_in_many_digits(kind: str, library: str, point: Point) -> None:
    array = (lambda x: torch.tensor(x, dtype=torch.float64)) if library == "torch" else np.asarray
    test = [0.3 + k for k in range(len(point.eigenvalues))]
    law = ta.prediction_law(
        ta.Spectrum(array(point.eigenvalues), array(point.weights)),
        None if kind == "training" else array(test),
        **point.parameters,
        alpha_test=3.0,
        rho_test=0.2,
        kind=kind,
    )
    with mp.workdps(60):
        exact = papers_law(kind, point, test, 3.0, 0.2)
    assert not wrong(law, exact)


@given(point=points())
@settings(max_examples=15)
def test_sources_of_the_ridge_in_many_digits(point: Point) -> None:
    found = ta.numerics.implicit_ridge(ta.Spectrum(point.eigenvalues, point.weights), **point.parameters)
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    with mp.workdps(60):
        o = oracle.solve(spectrum.eigenvalues, spectrum.weights, **point.parameters, digits=60)
        exact = {
            "samples": o.effective_ridge - mpf(point.parameters["ridge"]),
            "given_tasks": o.sigma,
            "tasks_factor": 1 / o.a,
            "tasks": o.sigma / o.a - o.sigma,
            "total": o.sigma / o.a,
        }
        for name, value in exact.items():
            assert abs(mpf(float(getattr(found, name))) - value) <= mpf("1e-12") * abs(value), name
    parts = found.explicit + found.context + found.samples
    assert parts * found.tasks_factor == pytest.approx(found.total, rel=1e-14, abs=0)
    assert found.given_tasks + found.tasks == pytest.approx(found.total, rel=1e-14, abs=0)


def test_sources_switch_off_one_by_one() -> None:
    flat = ta.Spectrum([1.5, 0.5])
    no_samples = ta.numerics.implicit_ridge(flat, alpha=2, tau=1.5, kappa=1, rho=0.1)
    assert no_samples.samples == 0
    assert no_samples.context == pytest.approx(0.55, rel=1e-15, abs=0)
    few = ta.numerics.implicit_ridge(flat, alpha=2, tau=0.5, kappa=1, rho=0.1)
    assert few.samples > 0
    many_tasks = ta.numerics.implicit_ridge(flat, alpha=2, tau=0.5, kappa=1e12, rho=0.1)
    assert many_tasks.tasks_factor == pytest.approx(1, abs=1e-11)
    inflated = ta.numerics.implicit_ridge(flat, alpha=2, tau=1.5, kappa=1, rho=0.1, ridge=0.2)
    assert inflated.samples > 0


# --- with the errors that the library computes otherwise ----------------------------------------------------
GRID: dict[str, Any] = {
    "alpha": np.array([0.5, 3.0])[:, None, None],
    "tau": np.array([0.4, 2.5])[:, None],
    "kappa": [0.3, 1.0, 5.0],
}


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_budget_adds_up_to_the_error(ridge: float) -> None:
    spectrum = ta.Spectrum.power_law(12, 1.0)
    test = np.linspace(2, 0.1, 12)
    given_: dict[str, Any] = GRID | {"rho": 0.05, "ridge": ridge, "alpha_test": 4.0, "rho_test": 0.3}
    law = ta.prediction_law(spectrum, test, **given_)
    error = ta.icl_error(spectrum, test, **given_).total
    assert law.cov.shape == law.budget.total.shape == error.shape == (2, 2, 3)
    np.testing.assert_allclose(law.budget.total, error, rtol=1e-13)
    np.testing.assert_allclose(law.var_y - 2 * law.cov + law.var_yhat, error, rtol=1e-12)
    np.testing.assert_allclose(sum(law.budget.parts().values()), error, rtol=1e-13)
    np.testing.assert_allclose(sum(law.budget.shares().values()), 1, rtol=1e-13)
    seen = ta.prediction_law(spectrum, **given_, kind="training")
    np.testing.assert_allclose(seen.error, ta.train_task_error(spectrum, **given_).total, rtol=1e-13)
    rotated = ta.prediction_law(spectrum, **given_, kind="rotated")
    np.testing.assert_allclose(rotated.error, ta.rotated_task_error(spectrum, **given_).total, rtol=1e-13)


def test_one_row_of_a_grid_is_the_point() -> None:
    spectrum, tests = ta.Spectrum([2.0, 0.5, 0.5]), np.array([[1.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    whole = ta.prediction_law(spectrum, tests, alpha=2, tau=[0.5, 3.0], kappa=1, rho=0.1, rho_test=0)
    for k, tau in enumerate([0.5, 3.0]):
        one = ta.prediction_law(spectrum, tests[k], alpha=2, tau=tau, kappa=1, rho=0.1, rho_test=0)
        for name in LAW:
            assert float(getattr(whole, name)[k]) == pytest.approx(float(getattr(one, name)), rel=1e-14, abs=0)
        assert whole.mean_map([0.0, 2.0])[k] == pytest.approx(one.mean_map([0.0, 2.0]), rel=1e-14, abs=0)
    batch = ta.Spectrum.batch(np.array([[2.0, 0.5], [1.0, 1.0]]))
    law = ta.prediction_law(batch, None, **PARAMETERS)
    alone = ta.prediction_law(ta.Spectrum([1.0, 1.0]), None, **PARAMETERS)
    assert law.var_given_label[1] == pytest.approx(alone.var_given_label, rel=1e-13, abs=0)


def test_mean_map_is_that_of_the_definition() -> None:
    spectrum = ta.Spectrum([2.0, 0.5])
    point = ta.solve(spectrum, **PARAMETERS)
    c = np.array([0.0, 0.5, 2.0])
    fresh = ta.prediction_law(spectrum, **PARAMETERS).mean_map(c)
    seen = ta.prediction_law(spectrum, **PARAMETERS, kind="training").mean_map(c)
    np.testing.assert_allclose(fresh, 1 - point.sigma * point.F(c), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(seen, 1 - point.a * point.sigma * point.F(c), rtol=1e-13)


# --- torch ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_with_respect_to_everything(kind: str) -> None:
    names = ("alpha", "tau", "kappa", "rho", "alpha_test", "rho_test")
    values = [[2.0, 1.0, 0.3], [0.5, 1.0, 2.0], *(2.0, 0.6, 0.7, 0.1, 3.0, 0.2)]
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in values]

    def outputs(eigenvalues: torch.Tensor, test: torch.Tensor, *parameters: torch.Tensor) -> tuple[torch.Tensor, ...]:
        given_: dict[str, Any] = dict(zip(names, parameters, strict=True))
        law = ta.prediction_law(ta.Spectrum(eigenvalues), None if kind == "training" else test, kind=kind, **given_)
        return (law.cov, law.var_yhat, law.var_given_label, law.budget.train, law.density(0.3, 0.2), law.mean_map(1.5))

    assert torch.autograd.gradcheck(outputs, leaves)


def test_samples_of_tensors_carry_gradients() -> None:
    alpha = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    given_: dict[str, Any] = PARAMETERS | {"alpha": alpha}
    law = ta.prediction_law(ta.Spectrum([1.0]), [1.0], **given_)
    drawn = law.sample(7, seed=1)
    assert drawn.yhat.shape == (7,)
    drawn.yhat.square().mean().backward()
    assert alpha.grad is not None
    assert torch.isfinite(alpha.grad)


# --- density and samples -------------------------------------------------------------------------------------------
def test_density_is_that_of_the_covariance() -> None:
    law = ta.prediction_law(ta.Spectrum([2.0, 0.5]), [1.0, 3.0], **PARAMETERS)
    joint = stats.multivariate_normal(cov=[[law.var_y, law.cov], [law.cov, law.var_yhat]])
    y, yhat = np.random.default_rng(0).normal(size=(2, 20))
    np.testing.assert_allclose(law.density(y, yhat), joint.pdf(np.column_stack([y, yhat])), rtol=1e-12)
    whole, _ = integrate.dblquad(law.density, -12, 12, -12, 12, epsabs=1e-6)
    assert whole == pytest.approx(1, abs=1e-5)


def test_samples_have_the_law() -> None:
    law = ta.prediction_law(ta.Spectrum([2.0, 0.5]), [1.0, 3.0], **PARAMETERS, rho_test=0.4)
    drawn = law.sample(40_000, seed=3)
    found = np.cov([drawn.y, drawn.yhat, drawn.y0])
    exact = np.array([[law.var_y, law.cov, 2.0], [law.cov, law.var_yhat, law.cov], [2.0, law.cov, 2.0]])
    np.testing.assert_allclose(found, exact, rtol=0.03)
    for given_, slope, variance in (
        (drawn.y, law.slope_given_label, law.var_given_label),
        (drawn.y0, law.slope_given_clean, law.var_given_clean),
    ):
        rest = (drawn.yhat - slope * given_) / np.sqrt(variance)
        assert stats.kstest(rest, "norm").pvalue > 1e-3
    np.testing.assert_array_equal(law.sample(5, seed=3).y, law.sample(5, seed=np.random.default_rng(3)).y)
    assert ta.prediction_law(ta.Spectrum([1.0]), [1.0], **GRID, rho=0.1).sample(4).y0.shape == (4, 2, 2, 3)


# --- bad input ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "old"}, "kind: 'old' is not allowed, must be one of fresh, rotated, training"),
        ({"kind": "training"}, "test: not allowed with kind 'training'"),
        ({"test": [0.0, 0.0]}, "test: 0.0 is not allowed, must be not all zero"),
        ({"test": [1.0]}, "test: shape"),
        ({"alpha_test": 0.0}, "alpha_test: 0.0 is not allowed"),
        ({"rho_test": -1.0}, "rho_test: -1.0 is not allowed"),
        ({"tau": 1.0}, "tau: 1.0 is not allowed"),
    ],
)
def test_bad_input(changed: dict[str, Any], message: str) -> None:
    arguments = {"test": [1.0, 1.0], **PARAMETERS} | changed
    with pytest.raises(ta.numerics.InputError, match=message):
        ta.prediction_law(ta.Spectrum([2.0, 0.5]), arguments.pop("test"), **arguments)


def test_bad_samples_and_points() -> None:
    law = ta.prediction_law(ta.Spectrum([1.0]), [1.0], **PARAMETERS)
    with pytest.raises(ta.numerics.InputError, match="n: 0 is not allowed"):
        law.sample(0)
    with pytest.raises(ta.numerics.InputError, match="seed: -1 is not allowed"):
        law.sample(1, seed=-1)
    with pytest.raises(ta.numerics.InputError, match="y: nan is not allowed"):
        law.density(np.nan, 0.0)
