"""Right to the last digits, and silent, wherever the parameters are in their promised ranges."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import taskalign as ta
from taskalign.numerics.solvers import plain_below

from .. import oracle
from .strategies import Point, points

NAMES = ("sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar")


def errors(found: Any, exact: Any, eigenvalues: list[float]) -> dict[str, float]:
    """Relative errors of all outputs and of K, F, F' along the spectrum."""
    with mp.workdps(40):
        pairs = {name: (getattr(found, name), getattr(exact, name)) for name in NAMES}
        for c in eigenvalues:
            pairs |= {f"{f}({c})": (getattr(found, f)(c), getattr(exact, f)(c)) for f in ("F", "dF", "K")}
        return {
            name: float(abs(mpf(float(x)) - y) / (abs(y) if y else 1)) if mp.isfinite(y) else float("inf")
            for name, (x, y) in pairs.items()
        }


def named(alpha: float, tau: float, kappa: float, rho: float, ridge: float) -> dict[str, float]:
    return {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}


#: near-double root at tau = 1: only the noise of rounded sums is left to stop the iteration
NEARLY_DOUBLE = Point([65.51989574, 47.48350534], [1.0, 2.0], named(5882843.16691, 1.0, 4.8107668, 2.094e-5, 1.89e-12))
#: the gap to kappa is far below the rounding of the effective dimensions
TINY_GAP = Point([0.11111674, 2.33729987], [4.0, 1.0], named(27502.73467884772, 1.285785594, 2.5988e-4, 1.18, 1.15e-12))
#: few contexts and a large ridge: tau - 1 + lt M cancels
LARGE_RIDGE = Point([2.5e-6, 3e-9, 2e-3], [1.0, 60.0, 9.0], named(0.0046, 1.05e-4, 0.067, 10.0, 38.0))
#: everything meets: kappa, tau and the rank fraction are equal, and hardly any noise
ALL_EQUAL = Point([1.0, 0.0], [1.0, 1.0], named(1e8, 0.5, 0.5, 0.0, 0.0))


@pytest.mark.parametrize("library", ["numpy", "plain numpy", "torch"])
@given(point=points())
@example(point=NEARLY_DOUBLE)
@example(point=TINY_GAP)
@example(point=LARGE_RIDGE)
@example(point=ALL_EQUAL)
def test_against_many_digits(library: str, point: Point) -> None:
    array = (lambda x: torch.tensor(x, dtype=torch.float64)) if library == "torch" else np.asarray
    spectrum = ta.Spectrum(array(point.eigenvalues), array(point.weights))
    with plain_below(10**9 if library == "plain numpy" else 0):
        found = ta.solve(spectrum, **point.parameters)
    exact = ta.numerics.precise(ta.Spectrum(point.eigenvalues, point.weights), **point.parameters, digits=30)
    wrong = {name: error for name, error in errors(found, exact, point.eigenvalues).items() if not error < 1e-12}
    assert not wrong


@settings(max_examples=60)
@given(point=points())
def test_precise_against_the_papers_equations(point: Point) -> None:
    spectrum = ta.Spectrum(point.eigenvalues, point.weights)
    ours = ta.numerics.precise(spectrum, **point.parameters, digits=30)
    theirs = oracle.solve(spectrum.eigenvalues, spectrum.weights, **point.parameters, digits=30)
    with mp.workdps(60):
        for name in NAMES:
            x, y = getattr(ours, name), getattr(theirs, name)
            assert abs(x - y) <= mpf(10) ** -28 * abs(y), name


@given(point=points(with_ridge=False))
def test_few_passes(point: Point) -> None:
    """Newton's iteration from the upper bound needs no more than a handful of passes over the spectrum."""
    found = ta.solve(ta.Spectrum(point.eigenvalues, point.weights), **point.parameters)
    assert found.passes <= 25


# --- infinitely many tasks, infinitely long contexts at test --------------------------------------------------------
@pytest.mark.parametrize("library", ["numpy", "plain numpy", "torch", "jax"])
@settings(max_examples=25)
@given(point=points())
def test_known_task_covariance(library: str, point: Point) -> None:
    """The papers' equations with a = 1 and nothing divided by kappa, in mpmath."""
    array: Any = {"torch": lambda x: torch.tensor(x, dtype=torch.float64), "jax": jnp.asarray}.get(library, np.asarray)
    spectrum = ta.Spectrum(array(point.eigenvalues), array(point.weights))
    given_: dict[str, Any] = point.parameters | {"kappa": np.inf}
    test = np.linspace(1.0, 2.0, spectrum.size)
    with jax.enable_x64(True), plain_below(10**9 if library == "plain numpy" else 0):
        if library == "jax":
            spectrum = ta.Spectrum(array(point.eigenvalues), array(point.weights))
        found = ta.icl_error(spectrum, test, **given_, alpha_test=np.inf)
        law = ta.prediction_law(spectrum, test, **given_, alpha_test=np.inf)
        seen = ta.prediction_law(spectrum, **given_, kind="training")
        sizes = ta.numerics.implicit_ridge(spectrum, **given_)
        totals = [f(spectrum, **given_).total for f in (ta.icl_error, ta.train_task_error)]
    fixed = found.fixed_point
    exact = oracle.solve(point.eigenvalues, point.weights, **given_)
    assert float(fixed.kappa) == np.inf
    assert float(fixed.da) == float(law.budget.task) == float(law.budget.context) == float(seen.leverage) == 0
    assert float(sizes.tasks) == 0
    with mp.workdps(40):
        weights = [mpf(w) / sum(map(mpf, point.weights)) for w in point.weights]
        numbers = [mpf(float(x)) for x in test]
        misalignment = sum(w * g * exact.K(mpf(c)) for w, g, c in zip(weights, numbers, point.eigenvalues, strict=True))
        c_test = sum(w * g for w, g in zip(weights, numbers, strict=True))
        rho = mpf(point.parameters["rho"])
        pairs: dict[str, Any] = {name: (getattr(fixed, name), getattr(exact, name)) for name in NAMES if name != "da"}
        pairs |= {"misalignment": (found.misalignment, misalignment), "total": (found.total, misalignment + rho)}
        pairs |= {"law": (law.error, misalignment + rho), "clean": (law.c_test, c_test)}
        # training tasks are fresh tasks
        pairs |= {"seen": (seen.error, float(totals[0])), "TM": (totals[1], float(totals[0]))}
        wrong = {k: float(abs(mpf(float(x)) / y - 1)) for k, (x, y) in pairs.items() if y and abs(y) > 1e-300}
    assert not {name: error for name, error in wrong.items() if not error < 1e-12}


def test_limits_are_those_of_large_numbers() -> None:
    spectrum, test = ta.Spectrum([2.0, 1.0, 0.0]), [1.0, 2.0, 0.5]
    given_ = {"alpha": 3.0, "tau": np.array([0.4, 3.0]), "rho": 0.1}
    for function in (ta.icl_error, ta.train_task_error, ta.rotated_task_error):
        arguments = (spectrum, test) if function is ta.icl_error else (spectrum,)
        limit, near = (function(*arguments, **given_, kappa=x, alpha_test=x).total for x in (np.inf, 1e11))
        np.testing.assert_allclose(limit, near, rtol=1e-9)
        mixed = function(*arguments, **given_ | {"tau": 0.4}, kappa=[1.0, np.inf], alpha_test=[np.inf, 2.0]).total
        one = function(*arguments, **given_ | {"tau": 0.4}, kappa=1.0, alpha_test=np.inf).total
        assert mixed[0] == pytest.approx(one, rel=1e-14, abs=0)
    limit, near = (ta.ordering(spectrum, **given_, kappa=x) for x in (np.inf, 1e11))
    np.testing.assert_array_equal(limit.holds, near.holds)
    np.testing.assert_allclose(limit.peak, near.peak, rtol=1e-8)
    np.testing.assert_allclose(limit.tau_order, near.tau_order, rtol=1e-8)
    C = np.diag([3.0, 2.0, 1.0])
    limit, near = (ta.metrics(C, np.diag([1.0, 2.0, 3.0]), **given_, kappa=x) for x in (np.inf, 1e11))
    for name, value in limit.items():
        np.testing.assert_allclose(value, near[name], rtol=1e-9)
    limit, near = (
        ta.numerics.optimal_ridge(spectrum, test, **given_ | {"tau": 0.4}, kappa=x, alpha_test=x)
        for x in (np.inf, 1e11)
    )
    assert limit.error == pytest.approx(near.error, rel=1e-9, abs=0)
    kappa = torch.tensor([np.inf, 1.0], dtype=torch.float64, requires_grad=True)
    ta.icl_error(spectrum, test, **given_ | {"tau": 0.4}, kappa=kappa).total.sum().backward()
    assert kappa.grad is not None
    assert kappa.grad[0] == 0
    assert kappa.grad[1].abs() > 1e-3


# --- what rounding of the weights may not spoil ---------------------------------------------------------------------
#: a tiny weight at zero, and tau next to one
TINY_NULL = Point(
    [1.0, 0.80343994, 0.0, 0.99272638, 0.95050947],
    [7.75e-7, 0.654, 9.83e-7, 0.3456, 5.46e-5],
    named(2.7e6, 1 - 1.147e-10, 5.27, 0.0, 0.0),
)


@settings(max_examples=60)
@given(
    null=st.floats(-10, -1),
    beside=st.floats(-12, -3),
    alpha=st.floats(0, 9),
    weights=st.lists(st.floats(0.1, 1), min_size=4, max_size=4),
    near=st.sampled_from(["tau", "kappa"]),
    noise=st.sampled_from([0.0, 0.1]),
)
@example(null=-6, beside=-10, alpha=6.4, weights=[7.75e-7, 0.654, 0.3456, 5.46e-5], near="tau", noise=0.0)
def test_tau_and_kappa_next_to_the_rank(
    null: float, beside: float, alpha: float, weights: list[float], near: str, noise: float
) -> None:
    """Right to rounding where tau or kappa less the rank fraction is of the order of a small weight at zero."""
    parameters = named(10**alpha, 0.7, 5.27, noise, 0.0) | {near: 1 - 10**beside}
    c, w = [1.0, 0.80343994, 0.99272638, 0.95050947, 0.0], [*weights, 10**null]
    for eigenvalues, shares, values in (
        (c, w, parameters),
        (TINY_NULL.eigenvalues, TINY_NULL.weights, TINY_NULL.parameters),
    ):
        spectrum = ta.Spectrum(eigenvalues, shares)
        exact = ta.numerics.precise(spectrum, **values, digits=40)
        with plain_below(10**9):
            plain = ta.solve(spectrum, **values)
        tensors = ta.Spectrum(torch.tensor(eigenvalues, dtype=torch.float64), torch.tensor(shares, dtype=torch.float64))
        for found in (ta.solve(spectrum, **values), plain, ta.solve(tensors, **values)):
            wrong = {k: v for k, v in errors(found, exact, eigenvalues).items() if not v < 1e-13}
            assert not wrong


@pytest.mark.parametrize("tau", [0.5, 1.5])
def test_an_output_beyond_the_range_is_reported_though_the_root_is_found(tau: float) -> None:
    """1/sigma^2 overflows in the derivative of the trace."""
    values, given_ = np.array([1e-158, 2e-158]), {"alpha": 2.0, "tau": tau, "kappa": 1.0, "rho": 0.0}
    with plain_below(10**9), pytest.raises(ta.ConvergenceError, match=r"arrive at 1 points \(the first at index 0\)"):
        ta.solve(ta.Spectrum(values), **given_)
    with pytest.raises(ta.ConvergenceError, match="rescale"):
        ta.solve(ta.Spectrum(torch.tensor(values)), **given_)
    traced = torch.func.vmap(lambda c: ta.icl_error(ta.Spectrum(c), c, **given_).total)
    found = traced(torch.tensor(np.stack([values, np.array([1.0, 2.0])])))
    assert found.isnan().tolist() == [True, False]


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e-110, 1e110, 1e150, 1e300])
@pytest.mark.parametrize("library", ["numpy", "plain numpy", "torch"])
def test_another_unit_changes_nothing_or_is_refused(scale: float, library: str) -> None:
    given_: dict[str, Any] = {"alpha": 2.0, "tau": 0.6, "kappa": 1.0}
    values = np.array([2.0, 1.0, 0.5])
    array = torch.tensor if library == "torch" else np.array
    point = ta.solve(ta.Spectrum(values), **given_, rho=0.1)
    with plain_below(10**9 if library == "plain numpy" else 0):
        try:
            found = ta.icl_error(ta.Spectrum(array(values * scale)), array(np.ones(3)), **given_, rho=0.1 * scale)
        except ta.ConvergenceError as error:
            assert "rescale the eigenvalues" in str(error)  # noqa: PT017
            return
    for name, power in (("sigma", 1), ("a", 0), ("M", -1), ("q", 1)):
        right = float(getattr(point, name)) * scale**power
        assert float(getattr(found.fixed_point, name)) == pytest.approx(right, rel=1e-13, abs=0)
    K = float(np.asarray(found.fixed_point.K(values * scale)).mean())
    assert pytest.approx(float(np.mean(point.K(values))), rel=1e-13, abs=0) == K
