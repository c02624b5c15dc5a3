"""Derivatives in the covariances and in all parameters, where eigenvalues are equal, nearly so, or zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from mpmath import mp, mpf

import taskalign as ta

from ..oracle import of_matrices

jax.config.update("jax_enable_x64", True)

PARAMETERS: dict[str, Any] = {"alpha": 2.0, "tau": 0.5, "kappa": 1.0, "rho": 0.01, "alpha_test": 3.0, "rho_test": 0.2}


def rotated(eigenvalues: list[float], seed: int = 0) -> np.ndarray:
    """A covariance with these eigenvalues, symmetric to the last bit."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues),) * 2))
    C = (basis * eigenvalues) @ basis.T
    return (C + C.T) / 2


TRAIN = {
    "identity": np.eye(3),
    "repeated": rotated([2.0, 2.0, 0.7, 0.7, 0.7]),
    "nearly repeated": rotated([2.0, 2.0 + 1e-9, 0.7, 0.7 - 1e-9, 0.1]),
    "distinct": rotated([3.0, 1.0, 0.2]),
    "low rank": rotated([2.0, 2.0, 0.5, 0.0, 0.0]),
}
CASES = {
    **{(name, "below"): {} for name in TRAIN},
    **{(name, "above"): {"tau": 1.7} for name in ("identity", "low rank", "repeated")},
    **{(name, "ridge"): {"ridge": 0.1} for name in ("identity", "low rank", "nearly repeated")},
    ("identity", "ridge at one"): {"tau": 1.0, "ridge": 0.1},
    ("low rank", "kappa is the rank"): {"tau": 1.7, "kappa": 0.6, "alpha": 50.0},
    ("low rank", "kappa below the rank"): {"kappa": 0.55, "tau": 0.7},
    ("low rank", "tau beside the rank"): {"kappa": 1.4, "tau": 0.6 + 1e-3},
}


class Line:
    """A random line through a case: both matrices and all parameters as functions of one number."""

    def __init__(self, case: tuple[str, str], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.train = TRAIN[case[0]]
        d = len(self.train)
        self.test = rotated([*rng.random(d - 1), 0.0], seed + 7)
        self.parameters = PARAMETERS | CASES[case]
        # not symmetric: the error is a function of the symmetric part
        self.d_train, self.d_test = rng.normal(size=(2, d, d)) / 10
        self.d_parameters = {name: rng.normal() * value / 10 for name, value in self.parameters.items()}

    def at(self, x: Any, function: Callable[..., Any], array: Callable[[Any], Any]) -> Any:
        """A function of the matrices and the parameters at a place of the line."""
        train, test = (array(C) + x * array(d) for C, d in ((self.train, self.d_train), (self.test, self.d_test)))
        given = {name: array(value) + x * array(self.d_parameters[name]) for name, value in self.parameters.items()}
        return function(train, test, **given)

    @cached_property
    def exact(self) -> dict[str, list[mpf]]:
        """Everything with its first two derivatives, by differences in many digits."""
        with mp.workdps(90):
            step = mpf(10) ** -15
            places = [self.at(k * step, of_matrices, many_digits) for k in (-1, 0, 1)]
            lists = {name: [place[name] for place in places] for name in places[0]}
            return {
                name: [here, (high - low) / (2 * step), (high - 2 * here + low) / step**2]
                for name, (low, here, high) in lists.items()
            }


def many_digits(x: Any) -> Any:
    return mp.matrix(x.tolist()) if np.ndim(x) else mpf(float(x))


def tensor(x: Any) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


line = cache(Line)


def direct(train: Any, test: Any, **given: Any) -> Any:
    return ta.icl_error(train, test, **given).total


def through_align(train: Any, test: Any, **given: Any) -> Any:
    return ta.icl_error(*ta.align(train, test), **given).total


def through_the_spectrum(train: Any, test: Any, **given: Any) -> Any:
    return ta.icl_error(ta.Spectrum.from_covariance(train), test, **given).total


def everything(train: Any, test: Any, *, alpha_test: Any, rho_test: Any, **given: Any) -> dict[str, Any]:
    at_test = {"alpha_test": alpha_test, "rho_test": rho_test}
    law = ta.prediction_law(train, test, **given, **at_test)
    found = {name: getattr(law, name) for name in ("cov", "var_yhat", "var_given_label")}
    found |= {"total": law.error, "training": ta.train_task_error(train, **given, **at_test).total}
    found["rotated"] = ta.rotated_task_error(train, **given, **at_test).total
    return found | ta.metrics(train, test, **given)


def check(found: list[Any], exact: list[mpf], what: str = "") -> None:
    scale = float(max(map(abs, exact[:2])))
    for order, (ours, right) in enumerate(zip(found, exact, strict=True)):
        assert float(ours) == pytest.approx(float(right), rel=1e-10, abs=1e-11 * scale), (what, order)


def with_torch(f: Callable[[torch.Tensor], torch.Tensor]) -> list[Any]:
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    value = f(x)
    (first,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    return [value.detach(), first.detach(), second]


def with_torch_func(f: Callable[[torch.Tensor], torch.Tensor]) -> list[Any]:
    x = torch.zeros((), dtype=torch.float64)
    return [f(x), torch.func.jacrev(f)(x), torch.func.jacfwd(torch.func.grad(f))(x)]


def with_duals(f: Callable[[torch.Tensor], torch.Tensor]) -> list[Any]:
    """Forward mode, without a transformation."""
    forward = torch.autograd.forward_ad
    x = torch.zeros((), dtype=torch.float64)
    with forward.dual_level():
        value, slope = forward.unpack_dual(f(forward.make_dual(x, torch.ones_like(x))))
    return [value, slope]


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_first_and_second_derivatives_in_torch(case: tuple[str, str]) -> None:
    for seed in range(2):
        on = line(case, seed)
        for error in (direct, through_align, through_the_spectrum):
            check(with_torch(lambda x, e=error, on=on: on.at(x, e, tensor)), on.exact["total"])


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's forward mode
@pytest.mark.parametrize("case", [("repeated", "below"), ("low rank", "above"), ("nearly repeated", "ridge")])
def test_the_same_through_the_transformations_of_torch(case: tuple[str, str]) -> None:
    on = line(case, 0)
    for error in (direct, through_align):
        check(with_torch_func(lambda x, e=error: on.at(x, e, tensor)), on.exact["total"])
        check(with_duals(lambda x, e=error: on.at(x, e, tensor)), on.exact["total"][:2])


@pytest.mark.parametrize("case", [("identity", "below"), ("repeated", "above"), ("low rank", "ridge")])
def test_all_that_takes_covariances_in_torch(case: tuple[str, str]) -> None:
    on = line(case, 0)
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for name, value in on.at(x, everything, tensor).items():
        if name == "population" and case[0] == "low rank":
            assert value.isinf()  # C_test leaves the range of C_train
            continue
        (first,) = torch.autograd.grad(value, x, create_graph=True)
        (second,) = torch.autograd.grad(first, x, retain_graph=True)
        check([value.detach(), first.detach(), second], on.exact[name], name)


@jax.jit
def _in_jax(matrices: list[jax.Array], given: dict[str, jax.Array], slopes: list[Any]) -> list[jax.Array]:
    """The error on a line with two derivatives; compiled once for every size."""

    def error(x: jax.Array) -> jax.Array:
        train, test = (C + x * d for C, d in zip(matrices, slopes[0], strict=True))
        found = {name: value + x * slopes[1][name] for name, value in given.items()}
        return jnp.stack([direct(train, test, **found), through_align(train, test, **found)])

    one = jnp.ones(())

    def first(x: jax.Array) -> jax.Array:
        return jax.jvp(error, (x,), (one,))[1]

    return [error(0 * one), *jax.jvp(first, (0 * one,), (one,))]


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_first_and_second_derivatives_in_jax(case: tuple[str, str]) -> None:
    on = line(case, 0)
    given, slopes = ({"ridge": 0.0} | values for values in (on.parameters, on.d_parameters))
    found = _in_jax([on.train, on.test], given, [[on.d_train, on.d_test], slopes])
    for k in range(2):
        check([part[k] for part in found], on.exact["total"])


def test_all_that_takes_covariances_in_jax() -> None:
    on = line(("repeated", "below"), 0)
    names = list(on.exact)

    def stacked(x: jax.Array) -> jax.Array:
        found = on.at(x, everything, jnp.asarray)
        return jnp.stack([found[name] for name in names])

    one = jnp.ones(())
    found = jax.jit(lambda x: jax.jvp(stacked, (x,), (one,)))(0 * one)
    for name, *ours in zip(names, *found, strict=True):
        check(ours, on.exact[name][:2], name)


def test_hessian_of_jax() -> None:
    on = line(("identity", "above"), 0)
    hessian = jax.hessian(lambda x: on.at(x, direct, jnp.asarray))(jnp.zeros(()))
    check([hessian], on.exact["total"][2:])


def test_values_that_stay_with_turning_eigenvectors() -> None:
    """Two derivatives in C_train for given numbers along its eigenvectors, equal ones where eigenvalues are equal."""
    train = rotated([3.0, 1.0, 0.2, 0.2])
    numbers = [0.3, 2.0, 0.7, 0.7]
    step = np.random.default_rng(5).normal(size=(4, 4)) / 10
    step += step.T

    def exact(x: mpf) -> mpf:
        C = many_digits(train) + x * many_digits(step)
        _, vectors = mp.eigsy(C)
        test = vectors * mp.diag(numbers[::-1]) * vectors.T  # from the smallest up
        return of_matrices(C, test, **PARAMETERS)["total"]

    with mp.workdps(90):
        h = mpf(10) ** -15
        low, here, high = (exact(k * h) for k in (-1, 0, 1))
        right = [here, (high - low) / (2 * h), (high - 2 * here + low) / h**2]

    def ours(x: torch.Tensor) -> torch.Tensor:
        spectrum = ta.Spectrum.from_covariance(tensor(train) + x * tensor(step))
        return ta.icl_error(spectrum, tensor(numbers), **PARAMETERS).total

    check(with_torch(ours), right)
    # several tests at once, and arithmetic on what align gives: no covariance is known behind it
    C = torch.tensor(train, requires_grad=True)
    spectrum, test = ta.align(C, torch.eye(4, dtype=torch.float64))
    several = torch.stack([tensor(numbers), 2 * test.detach()])
    both = ta.icl_error(spectrum, several, **PARAMETERS).total
    for row, total in zip(several, both, strict=True):
        alone = ta.icl_error(ta.Spectrum.from_covariance(C), row, **PARAMETERS).total
        assert total.item() == pytest.approx(alone.item(), rel=1e-14, abs=0)
        one, other = (torch.autograd.grad(x, C, retain_graph=True)[0] for x in (total, alone))
        torch.testing.assert_close(one, other)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_hessian_of_torch_func() -> None:
    """The whole one, in both matrices; symmetric."""
    train, test = (torch.tensor(C) for C in (np.eye(3), rotated([1.0, 0.5, 0.0])))

    def error(C: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
        return ta.icl_error(C, T, **PARAMETERS).total

    found = torch.func.hessian(error, (0, 1))(train, test)
    plainly = torch.autograd.functional.hessian(error, (train, test))
    for ours, theirs in zip((*found[0], *found[1]), (*plainly[0], *plainly[1]), strict=True):
        torch.testing.assert_close(ours, theirs)
    whole = torch.cat([torch.cat([block.reshape(9, 9) for block in row], 1) for row in plainly])
    torch.testing.assert_close(whole, whole.T)


def test_a_test_that_was_changed_in_place_is_not_what_align_gave() -> None:
    train = torch.tensor(rotated([3.0, 1.0, 0.2]), requires_grad=True)
    spectrum, test = ta.align(train, torch.tensor(rotated([1.0, 0.5, 0.1], 3)))
    with torch.no_grad():
        test *= 2
    changed = ta.icl_error(spectrum, test, **PARAMETERS).misalignment
    fresh = ta.icl_error(*ta.align(train, 2 * torch.tensor(rotated([1.0, 0.5, 0.1], 3))), **PARAMETERS).misalignment
    assert changed.item() == pytest.approx(fresh.item(), rel=1e-13, abs=0)


def test_gradients_of_the_parts_of_a_spectrum() -> None:
    train = torch.eye(3, dtype=torch.float64, requires_grad=True)
    spectrum = ta.Spectrum.from_covariance(train)
    (gradient,) = torch.autograd.grad(spectrum.trace, train)
    torch.testing.assert_close(gradient, torch.eye(3, dtype=torch.float64) / 3)
    assert spectrum.eigenvalues.requires_grad


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_float32(library: str) -> None:
    """Values and gradients to float32's accuracy; the parameters, without axes, follow the matrices."""
    on = line(("repeated", "below"), 0)
    if library == "torch":
        train = torch.tensor(on.train, dtype=torch.float32, requires_grad=True)
        value = ta.icl_error(train, torch.tensor(on.test, dtype=torch.float32), **on.parameters).total
        assert value.dtype == torch.float32
        (gradient,) = torch.autograd.grad(value, train)
        assert gradient.dtype == torch.float32
        value = value.detach()
    else:
        test = jnp.asarray(on.test, jnp.float32)
        value, gradient = jax.value_and_grad(lambda C: ta.icl_error(C, test, **on.parameters).total)(
            jnp.asarray(on.train, jnp.float32)
        )
        assert value.dtype == gradient.dtype == jnp.float32
    double = torch.tensor(on.train, requires_grad=True)
    exact = ta.icl_error(double, torch.tensor(on.test), **on.parameters).total
    (right,) = torch.autograd.grad(exact, double)
    assert float(value) == pytest.approx(exact.item(), rel=1e-5, abs=0)
    np.testing.assert_allclose(gradient, right, rtol=1e-4, atol=1e-5)


def test_widest_of_the_matrices() -> None:
    train = torch.tensor(np.eye(3), dtype=torch.float32)
    found = ta.icl_error(train, torch.eye(3, dtype=torch.float64), **PARAMETERS).total
    assert found.dtype == torch.float64
