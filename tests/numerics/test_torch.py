"""Torch tensors stay tensors, and their gradients are exact."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from mpmath import mp, mpf

import taskalign as ta

from .strategies import Point, points

OUTPUTS = ("sigma", "effective_ridge", "M", "dM", "q", "Qbar")
REGIMES = {
    "above": {"alpha": 2.0, "tau": 3.0, "kappa": 0.7, "rho": 0.1, "ridge": 0.0},
    "below": {"alpha": 2.0, "tau": 0.6, "kappa": 0.7, "rho": 0.1, "ridge": 0.0},
    "ridge": {"alpha": 2.0, "tau": 0.6, "kappa": 0.7, "rho": 0.1, "ridge": 0.05},
    "at one": {"alpha": 2.0, "tau": 1.0, "kappa": 0.7, "rho": 0.1, "ridge": 0.05},
    "near one": {"alpha": 20.0, "tau": 1 - 1e-6, "kappa": 0.7, "rho": 0.1, "ridge": 0.0},
    # kinks of intermediate formulas, not of the answer
    "kappa is tau": {"alpha": 2.0, "tau": 0.5, "kappa": 0.5, "rho": 0.1, "ridge": 0.0},
    "kappa is the rank": {"alpha": 2e4, "tau": 3.0, "kappa": 0.75, "rho": 0.1, "ridge": 0.0},
}
EIGENVALUES = [2.0, 1.0, 0.3, 0.0]
WEIGHTS = [1.0, 2.0, 3.0, 2.0]
TEST = [0.5, 1.0, 2.0, 0.1]


def tensor(value: object, **kwargs: bool) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, **kwargs)


def total(
    eigenvalues: torch.Tensor, weights: torch.Tensor, test: torch.Tensor, *parameters: torch.Tensor
) -> torch.Tensor:
    names = ("alpha", "tau", "kappa", "rho", "ridge", "alpha_test", "rho_test")
    return ta.icl_error(ta.Spectrum(eigenvalues, weights), test, **dict(zip(names, parameters, strict=True))).total


def arguments(regime: str) -> list[torch.Tensor]:
    parameters = [*REGIMES[regime].values(), 3.0, 0.2]
    return [tensor(value, requires_grad=True) for value in (EIGENVALUES, WEIGHTS, TEST, *parameters)]


def exact_total(eigenvalues: list, weights: list, test: list, *parameters: Fraction) -> mpf:
    names = ("alpha", "tau", "kappa", "rho", "ridge")
    point = ta.numerics.precise(eigenvalues, weights, **dict(zip(names, parameters, strict=False)), digits=60)
    return point.icl_error(test, alpha_test=parameters[5], rho_test=parameters[6]).total


@pytest.mark.parametrize("regime", REGIMES)
def test_gradient_against_differences_in_many_digits(regime: str) -> None:
    """With respect to every eigenvalue (also the zero one), weight, test entry and parameter."""
    leaves = arguments(regime)
    gradients = torch.autograd.grad(total(*leaves), leaves)
    flat = [Fraction(float(x)) for leaf in leaves for x in leaf.detach().reshape(-1)]
    ours = torch.cat([g.reshape(-1) for g in gradients]).tolist()
    step = Fraction(1, 10**15)

    def at(values: list[Fraction]) -> mpf:
        return exact_total(values[:4], values[4:8], values[8:12], *values[12:])

    with mp.workdps(60):
        for k, gradient in enumerate(ours):
            if flat[k] == 0:  # at the end of its range: one side only, extrapolated
                if k == 12 + 4:  # the ridgeless limit is not the ridge's own slope
                    continue
                values = [at([*flat[:k], flat[k] + j * step, *flat[k + 1 :]]) for j in range(3)]
                slope = (-3 * values[0] + 4 * values[1] - values[2]) / (2 * step.numerator) * step.denominator
            else:
                up, down = (at([*flat[:k], flat[k] + sign * step, *flat[k + 1 :]]) for sign in (1, -1))
                slope = (up - down) / 2 * step.denominator / step.numerator
            assert abs(gradient - slope) <= mpf("1e-9") * abs(slope) + mpf("1e-11"), k


@pytest.mark.parametrize("regime", REGIMES)
def test_gradcheck_first_and_second(regime: str) -> None:
    eigenvalues, weights, test, *parameters = arguments(regime)
    inside = eigenvalues.detach()[:3].requires_grad_()
    free = [p for name, p in zip(("alpha", "tau", "kappa", "rho"), parameters, strict=False)]
    if REGIMES[regime]["ridge"] > 0:
        free.append(parameters[4])

    def scaled(*values: torch.Tensor) -> torch.Tensor:
        spectrum = torch.cat([values[0], torch.zeros(1, dtype=torch.float64)])
        given = [*values[1:], *parameters[len(values) - 1 :]]
        # the logarithm keeps differences of the divergence at tau = 1 in the range of the check
        return torch.log(total(spectrum, weights.detach(), test.detach(), *(p for p in given)))

    eps = 1e-9 if regime == "near one" else 1e-7
    rtol = 5e-3 if regime == "near one" else 1e-4
    assert torch.autograd.gradcheck(scaled, (inside, *free), eps=eps, atol=1e-5, rtol=rtol)
    if regime != "near one":
        assert torch.autograd.gradgradcheck(scaled, (inside, *free), eps=1e-6, atol=1e-4, rtol=1e-3)


def test_the_iteration_is_not_differentiated() -> None:
    """The graph has the size of the recorded steps, not of the passes."""

    def depth(tau: float) -> tuple[int, int]:
        leaf = tensor(tau, requires_grad=True)
        point = ta.solve(ta.Spectrum(EIGENVALUES, WEIGHTS), alpha=1e6, tau=leaf, kappa=0.7, rho=0.0)
        seen, stack = set(), [point.sigma.grad_fn]
        while stack:
            node = stack.pop()
            if node is not None and node not in seen:
                seen.add(node)
                stack += [parent for parent, _ in node.next_functions]
        return len(seen), int(point.passes)

    few, many = depth(0.2), depth(1 - 1e-9)
    assert few[1] != many[1]
    assert few[0] == many[0]


def test_dtype_device_and_mixing() -> None:
    spectrum = ta.Spectrum(torch.tensor([1.0, 0.5]))
    point = ta.solve(spectrum, alpha=2, tau=torch.tensor([2.0, 0.5]), kappa=1, rho=0)
    assert point.sigma.dtype == torch.float32
    assert point.sigma.device == spectrum.eigenvalues.device
    assert point.K(1.0).dtype == torch.float32
    # a NumPy spectrum follows a tensor among the parameters
    mixed = ta.solve(ta.Spectrum([1.0, 0.5]), alpha=2, tau=tensor([2.0, 0.5]), kappa=1, rho=0)
    assert mixed.sigma.dtype == torch.float64
    error = ta.icl_error(ta.Spectrum([1.0, 0.5]), [1.0, 1.0], alpha=2, tau=tensor(2.0), kappa=1, rho=0)
    assert isinstance(error.total, torch.Tensor)


@settings(max_examples=100)
@given(point=points())
def test_float32_has_float32_accuracy(point: Point) -> None:
    """Against many digits at the inputs as float32 holds them, where their squares stay in its range."""
    rounded = {name: float(np.float32(value)) for name, value in point.parameters.items()}
    if rounded["tau"] == 1 and rounded["ridge"] == 0:
        return
    values = [float(np.float32(value)) for value in point.eigenvalues]
    spectrum = ta.Spectrum(torch.tensor(values), torch.tensor(point.weights))
    found = ta.solve(spectrum, **{name: torch.tensor(value) for name, value in rounded.items()})
    exact = ta.numerics.precise(values, [int(w) for w in point.weights], **rounded, digits=20)
    # what rounding the weights alone does to the answer near kappa = rank fraction
    distance = abs(1 - rounded["kappa"] / float(exact.point.rank_fraction))
    sensitivity = min(1 + 1 / distance, 1e7) if distance else 1e7
    for name in OUTPUTS:
        x, y = float(getattr(found, name)), float(getattr(exact, name))
        assert abs(x - y) <= 1e-5 * sensitivity * abs(y), name


COMPILED = """
import torch, warnings
import taskalign as ta

warnings.simplefilter("error")

def total(eigenvalues, test, alpha, tau, ridge):
    spectra = ta.Spectrum.batch(eigenvalues)
    return ta.icl_error(spectra, test, alpha=alpha, tau=tau, kappa=0.7, rho=0.1, ridge=ridge).total

compiled = torch.compile(total, backend="aot_eager", fullgraph=True)

def arguments(tau, ridge):
    values = [[2.0, 1.0, 0.3, 0.0], [0.5, 1.0, 2.0, 0.1]], [0.5, 1.0, 2.0, 0.1], [2.0, 20.0], tau, ridge
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]

for tau, ridge in (([0.6, 3.0], 0.0), ([1.0, 1 - 1e-6], 0.05)):
    leaves, plain = arguments(tau, ridge), arguments(tau, ridge)
    found, expected = compiled(*leaves), total(*plain)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)
    found.sum().backward()
    expected.sum().backward()
    for ours, theirs in zip(leaves, plain, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-11, atol=1e-13)
# nothing can be refused where nothing can be looked at
assert not compiled(*arguments([1.0, 1.0], 0.0)).isfinite().any()
"""


def test_torch_compile_takes_it_as_one_graph() -> None:
    """Without a break, the same numbers and gradients; in a process without the run-time checks of types."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
