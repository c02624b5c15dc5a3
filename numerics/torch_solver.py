"""Torch tensors in, torch tensors out: batched, on any device, differentiable.

The root is found without recording; then differentiable Newton steps from it give the exact derivatives of the
implicit function, of first and of second order. The iteration itself is never differentiated.
"""

from __future__ import annotations

import torch

from . import array_solver
from .arrays import Array, broadcast_shape
from .errors import ConvergenceError
from .generated import torch_algebra as algebra
from .spectrum import Spectrum

#: Newton steps that are recorded: with two, the second derivatives are exact too
RECORDED_STEPS = 2


def _measure(spectrum: Spectrum, like: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Eigenvalues, weights, which are not zero, and the weights of both kinds; shaped for points x spectrum."""
    kind = {"dtype": like.dtype, "device": like.device}
    c, weights = (torch.as_tensor(v, **kind) for v in (spectrum.eigenvalues, spectrum.weights))
    null, rank = (torch.as_tensor(v, **kind) for v in (spectrum.null_weight, spectrum.rank_fraction))
    return c, weights, (c > 0).to(c.dtype), null, rank


def solve_tensors(spectrum: Spectrum, values: dict[str, Array]) -> dict[str, Array]:
    """Columns of the solution, each of the broadcast shape of the parameters and the spectra.

    Raises:
        ConvergenceError: a point did not arrive.
    """
    shape = broadcast_shape({"spectrum": spectrum.batch_shape} | {k: tuple(v.shape) for k, v in values.items()})
    alpha, tau, kappa, rho, ridge = (
        values[name].broadcast_to(shape) for name in ("alpha", "tau", "kappa", "rho", "ridge")
    )
    measure = _measure(spectrum, alpha)
    c_train = torch.as_tensor(spectrum.trace, dtype=alpha.dtype, device=alpha.device)
    s = algebra.summary_noise(rho, c_train, alpha)
    parameters = (s, kappa, tau, ridge)
    recorded = torch.is_grad_enabled() and any(v.requires_grad for v in (*parameters, rho, *measure))
    try:
        found, passes = array_solver.solve(
            torch,
            algebra,
            measure,
            parameters,
            rho,
            c_train,
            RECORDED_STEPS if recorded else 0,
            torch.no_grad,  # pyright: ignore[reportArgumentType]
        )
    except ArithmeticError as failure:
        raise ConvergenceError(str(failure)) from None
    return found | {"passes": torch.full(shape, passes)}


def misalignment_tensors(
    spectrum: Spectrum, test: torch.Tensor, columns: tuple[torch.Tensor, ...], shape: tuple[int, ...]
) -> torch.Tensor:
    """Mean of test x K over the spectrum for every point; `columns` are a, sigma, A, B of the fixed point."""
    c, weights = _measure(spectrum, test)[:2]
    return (
        (weights * test * algebra.alignment(c, *(column[..., None] for column in columns))).sum(-1).broadcast_to(shape)
    )
