"""Whole arrays at once: torch tensors and JAX arrays, batched, on any device, differentiable; and plain NumPy.

The root is found without recording; then differentiable Newton steps from it give the exact derivatives of the
implicit function, of first and of second order. The iteration itself is never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import array_api_compat as compat
import numpy as np

from . import array_solver
from .arrays import Array, algebra_for, backend, in_one_library, is_known, spread
from .errors import ConvergenceError
from .spectrum import Spectrum

#: Newton steps that are recorded: with two, the second derivatives are exact too
RECORDED_STEPS = 2


class _Manner(NamedTuple):
    """How a library iterates."""

    #: Newton steps to record
    recorded: int = 0
    #: an argument as the iteration sees it, without a record
    frozen: Callable[[Array], Array] = lambda x: x
    loop: Callable[..., Any] = array_solver.in_python


def _in_compiled_torch(goes_on: Callable[..., Any], one_pass: Callable[..., Any], state: tuple[Any, ...]) -> Any:
    """The loop while torch.compile traces, which cannot look at the numbers to see whether to go on."""
    import torch
    from torch._higher_order_ops import while_loop

    tensors = tuple(torch.as_tensor(x) for x in state)
    return while_loop(lambda *x: goes_on(x), lambda *x: tuple(y.clone() for y in one_pass(x)), tensors)


def _manner(*values: Array) -> _Manner:
    library = backend(*values)
    if library == "jax":
        import jax

        if is_known(*values):
            return _Manner()
        return _Manner(RECORDED_STEPS, jax.lax.stop_gradient, jax.lax.while_loop)
    if library == "torch":
        import torch

        if not is_known(*values):
            return _Manner(RECORDED_STEPS, torch.Tensor.detach, _in_compiled_torch)
        if torch.is_grad_enabled() and any(value.requires_grad for value in values):
            return _Manner(RECORDED_STEPS, torch.Tensor.detach)
    return _Manner()


def solve_columns(spectrum: Spectrum, values: dict[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Columns of the solution, each of the broadcast shape of the parameters and the spectra.

    While JAX traces a function nothing can be raised, and points that were not reached are not numbers.

    Raises:
        ConvergenceError: a point did not arrive.
    """
    measure = (spectrum.eigenvalues, spectrum.weights, spectrum.null_weight, spectrum.rank_fraction, spectrum.trace)
    alpha, tau, kappa, rho, ridge, c, weights, null, rank, c_train = in_one_library(
        *(values[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")), *measure
    )
    xp = compat.array_namespace(alpha)
    alpha, tau, kappa, rho, ridge = (xp.broadcast_to(value, shape) for value in (alpha, tau, kappa, rho, ridge))
    algebra = algebra_for(alpha)
    quiet = np.errstate(all="ignore") if backend(alpha) == "numpy" else nullcontext()
    with quiet:  # what is not finite is found below
        parameters = (algebra.summary_noise(rho, c_train, alpha), kappa, tau, ridge)
        known = is_known(*parameters, rho, c, weights)
        manner = _manner(*parameters, rho, c, weights)
        ridged = not known or bool((ridge > 0).any())
        support = xp.astype(c > 0, c.dtype)
        measure = (c, weights, support, null, rank)
        found, lost, passes = array_solver.solve(xp, algebra, measure, parameters, rho, c_train, *manner, ridged=ridged)
    if not known:
        found = {name: xp.where(lost, xp.nan, value) for name, value in found.items()}
    elif bool(lost.any()):
        complaint = array_solver.complaint(xp, lost, passes, alpha.dtype)
        raise ConvergenceError(f"{complaint}; try taskalign.numerics.precise")
    columns = {name: spread(value, shape) for name, value in found.items()}
    return columns | {"passes": spread(xp.asarray(passes), shape)}


def misalignment(
    spectrum: Spectrum, test: Array, columns: tuple[Array, ...], shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """Means of test x K and of test over the spectrum at every point; `columns` are a, sigma, A, B of the solution."""
    test, c, weights, *parts = in_one_library(test, spectrum.eigenvalues, spectrum.weights, *columns)
    weighted = weights * test
    entries = algebra_for(test).alignment(c, *(part[..., None] for part in parts))
    xp = compat.array_namespace(test)
    return xp.broadcast_to((weighted * entries).sum(-1), shape), weighted.sum(-1)
