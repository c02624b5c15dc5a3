"""Whole arrays at once: torch tensors and JAX arrays, batched, on any device, differentiable; and plain NumPy.

The root is found without recording; then differentiable Newton steps from it give the exact derivatives of the
implicit function, of first and of second order. The iteration itself is never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from . import array_solver
from .arrays import (
    Array,
    algebra_for,
    backend,
    beneath,
    compiles,
    frozen,
    in_one_library,
    is_known,
    is_live,
    namespace,
    poison,
    spread,
)
from .errors import ConvergenceError
from .spectrum import Spectrum

#: Newton steps that are recorded: with two, the second derivatives are exact too
RECORDED_STEPS = 2


class _Manner(NamedTuple):
    """How a library iterates."""

    #: Newton steps to record
    recorded: int = 0
    #: an argument as the iteration sees it, without a record
    frozen: Callable[[Array], Array] = frozen
    loop: Callable[..., Any] = array_solver.in_python


def _in_compiled_torch(goes_on: Callable[..., Any], one_pass: Callable[..., Any], state: tuple[Any, ...]) -> Any:
    """The loop while torch.compile traces, which cannot look at the numbers to see whether to go on."""
    import torch
    from torch._higher_order_ops import while_loop

    tensors = tuple(torch.as_tensor(x) for x in state)
    return while_loop(lambda *x: goes_on(x), lambda *x: tuple(y.clone() for y in one_pass(x)), tensors)


def _in_transformed_torch(goes_on: Callable[..., Any], one_pass: Callable[..., Any], state: tuple[Any, ...]) -> Any:
    """The loop under transformations of torch.func, beneath which lie numbers: it goes on while one point does."""
    while bool(beneath(goes_on(state)).any()):
        state = one_pass(state)
    return state


def _manner(*values: Array) -> _Manner:
    recorded = RECORDED_STEPS if is_live(*values) else 0
    if is_known(*values):
        return _Manner(recorded)
    if backend(*values) == "jax":
        import jax

        return _Manner(recorded, loop=jax.lax.while_loop)
    return _Manner(recorded, loop=_in_compiled_torch if compiles() else _in_transformed_torch)


def solve_columns(spectrum: Spectrum, values: dict[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Columns of the solution, each of the broadcast shape of the parameters and the spectra.

    While a function is traced nothing can be raised, and points that were not reached are not numbers.

    Raises:
        ConvergenceError: a point did not arrive.
    """
    measure = (spectrum.entries, spectrum.weights, spectrum.null_weight, spectrum.rank_fraction, spectrum.trace)
    alpha, tau, kappa, rho, ridge, c, weights, null, rank, c_train = in_one_library(
        *(values[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")), *measure
    )
    xp = namespace(alpha)
    alpha, tau, kappa, rho, ridge = (xp.broadcast_to(value, shape) for value in (alpha, tau, kappa, rho, ridge))
    algebra = algebra_for(alpha)
    quiet = np.errstate(all="ignore") if backend(alpha) == "numpy" else nullcontext()
    with quiet:  # what is not finite is found below
        parameters = (algebra.summary_noise(rho, c_train, alpha), kappa, tau, ridge)
        known = is_known(*parameters, rho, c, weights)
        manner = _manner(*parameters, rho, c, weights)
        ridged = not known or bool((ridge > 0).any())
        support = xp.astype(frozen(c) > 0, weights.dtype)
        measure = (c, weights, support, null, rank)
        found, lost, passes = array_solver.solve(xp, algebra, measure, parameters, rho, c_train, *manner, ridged=ridged)
    if not known:
        # what was refused before is not a number, which a comparison does not show
        lost = lost | xp.isnan(alpha + tau + kappa + rho + ridge + c_train)
        found = {name: value * poison(lost, value) for name, value in found.items()}
    elif bool(lost.any()):
        complaint = array_solver.complaint(xp, lost, passes, alpha.dtype)
        raise ConvergenceError(f"{complaint}; try taskalign.numerics.precise")
    columns = {name: spread(value, shape) for name, value in found.items()}
    return columns | {"passes": spread(xp.asarray(passes), shape)}


def misalignment(
    spectrum: Spectrum, test: Array, columns: tuple[Array, ...], shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """Means of test x K and of test over the spectrum at every point; `columns` are a, sigma, A, B of the solution."""
    test, c, weights, *parts = in_one_library(test, spectrum.entries, spectrum.weights, *columns)
    masses = weights * test
    entries = algebra_for(weights).alignment(c, *(part[..., None] for part in parts))
    return namespace(weights).broadcast_to((masses * entries).sum(-1), shape), masses.sum(-1)
