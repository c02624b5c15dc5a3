"""Right to the last digits, and silent, wherever the parameters are in their promised ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
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
