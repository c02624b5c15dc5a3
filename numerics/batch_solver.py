"""Whole arrays at once: torch tensors, batched, on any device, differentiable; and plain NumPy.

The root is found without recording; then differentiable Newton steps from it give the exact derivatives of the
implicit function, of first and of second order. The iteration itself is never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import array_api_compat as compat
import numpy as np

from . import array_solver
from .arrays import Array, algebra_for, backend, in_one_library, is_finite
from .errors import ConvergenceError
from .spectrum import Spectrum

#: Newton steps that are recorded: with two, the second derivatives are exact too
RECORDED_STEPS = 2


def _recording(*values: Array) -> tuple[int, Callable[[], AbstractContextManager[Any]]]:
    """How many steps to record, and what keeps the iteration from being recorded."""
    if backend(*values) == "numpy":
        return 0, nullcontext
    import torch

    asked = torch.is_grad_enabled() and any(value.requires_grad for value in values)
    return RECORDED_STEPS if asked else 0, torch.no_grad


def solve_columns(spectrum: Spectrum, values: dict[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Columns of the solution, each of the broadcast shape of the parameters and the spectra.

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
    try:
        with np.errstate(all="ignore"):  # what is not finite is found below
            parameters = (algebra.summary_noise(rho, c_train, alpha), kappa, tau, ridge)
            recorded, untracked = _recording(*parameters, rho, c, weights)
            support = xp.astype(c > 0, c.dtype)
            found, passes = array_solver.solve(
                xp,
                algebra,
                (c, weights, support, null, rank),
                parameters,
                rho,
                c_train,
                recorded,
                untracked,  # pyright: ignore[reportArgumentType]
            )
        if not all(bool(is_finite(value).all()) for value in found.values()):
            raise ArithmeticError(f"results are beyond the range of {alpha.dtype}")
    except ArithmeticError as failure:
        raise ConvergenceError(f"{failure}; try taskalign.numerics.precise") from None
    columns = {name: xp.broadcast_to(value, shape) for name, value in found.items()}
    columns["passes"] = xp.full(shape, passes)
    return {name: value[()] if isinstance(value, np.ndarray) else value for name, value in columns.items()}


def misalignment(spectrum: Spectrum, test: Array, columns: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Mean of test x K over the spectrum for every point; `columns` are a, sigma, A, B of the fixed point."""
    test, c, weights, *parts = in_one_library(test, spectrum.eigenvalues, spectrum.weights, *columns)
    entries = algebra_for(test).alignment(c, *(part[..., None] for part in parts))
    return compat.array_namespace(test).broadcast_to((weights * test * entries).sum(-1), shape)
