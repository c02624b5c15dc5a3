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
    parameters = (s, tau, kappa, ridge)
    eps = torch.finfo(alpha.dtype).eps
    with torch.no_grad():
        first = array_solver.start(torch, algebra, c_train, measure[-1], s, tau, kappa, ridge)
        t, passes, active = array_solver.find_root(torch, algebra, measure, parameters, first, eps)
        if bool(active.any()) or not bool(torch.isfinite(t).all()):
            raise ConvergenceError(
                f"Newton's iteration in t did not arrive at {int(active.sum())} of {active.numel()} points in"
                f" {passes} passes; the parameters are likely beyond the range of {alpha.dtype}"
            )
    recorded = torch.is_grad_enabled() and any(v.requires_grad for v in (*parameters, rho, *measure))
    t = t.detach()
    for _ in range(RECORDED_STEPS if recorded else 0):
        g, dg = array_solver.residual(torch, algebra, measure, parameters, t)
        t = t - g / dg
    lt = _effective_ridge(measure, parameters, t, eps, RECORDED_STEPS if recorded else 0)
    found = array_solver.outputs(torch, algebra, measure, parameters, rho, t, lt)
    return found | {"passes": torch.full(shape, passes)}


def _effective_ridge(
    measure: tuple[torch.Tensor, ...], parameters: tuple[torch.Tensor, ...], t: torch.Tensor, eps: float, recorded: int
) -> torch.Tensor:
    """The effective ridge at the root where there is a ridge, and any positive number elsewhere."""
    s, tau, kappa, ridge = parameters
    if not bool((ridge > 0).any()):
        return s
    c, weights, support, null_weight, rank_fraction = measure
    learned, unlearned, _ = algebra.newton_terms(c, t[..., None])
    d, v, d_null = array_solver.weighted((learned, unlearned * support, learned * (1 - support)), weights)
    u = null_weight + v - d_null
    gap_kappa = array_solver.gap(torch, kappa, d, v, d_null, rank_fraction)
    # where there is no ridge, an equation that has a root takes the place
    safe = (s, tau, kappa, torch.where(ridge > 0, ridge, torch.ones_like(ridge)))
    with torch.no_grad():
        lt = array_solver.balance(torch, algebra, t, u, gap_kappa, safe, eps)
    lt = lt.detach()
    for _ in range(recorded):
        h, dh = algebra.noise_balance(lt, t, u, *safe)
        lt = lt - h / dh
    return lt


def misalignment_tensors(
    spectrum: Spectrum, test: torch.Tensor, columns: tuple[torch.Tensor, ...], shape: tuple[int, ...]
) -> torch.Tensor:
    """Mean of test x K over the spectrum for every point; `columns` are a, sigma, A, B of the fixed point."""
    c, weights = _measure(spectrum, test)[:2]
    return (weights * test * algebra.alignment(c, *(column[..., None] for column in columns))).sum(-1).broadcast_to(shape)
