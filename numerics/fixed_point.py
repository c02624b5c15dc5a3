"""Solve for the effective ridge and the resolvent: one call for a whole grid of parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .alignment import as_spectrum
from .arrays import (
    Array,
    algebra_for,
    backend,
    broadcast_shape,
    in_one_library,
    is_known,
    namespace,
    nonnegative,
    own,
    positive,
    require,
)
from .display import Shown
from .solvers import solver_for
from .spectrum import Spectrum

#: what tau must be, beyond finite and positive
TAU_ONE = "other than 1 without a ridge, the error diverges there: give a ridge > 0, or a tau beside 1"


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoint(Shown):
    r"""Solution of the fixed-point equations: the effective noise and all that K is made of.

    Arrays of the batch shape `...`, the broadcast shape of the parameters and of the batch of spectra.
    $\mathcal M_\kappa$, $F_\kappa$ and their derivatives are taken at $\sigma$.

    Attributes:
        spectrum: the spectrum it was solved for.
        alpha, tau, kappa, rho, ridge: the parameters, as given.
        t: $\sigma/a$, the root of the scalar equation, in the units of the eigenvalues.
        s: noise of the context summary, $(\rho + c_{\mathrm{train}})/\alpha$.
        sigma: total effective noise $s + \tilde\lambda$.
        effective_ridge: $\tilde\lambda$.
        a, da: memorisation factor and its derivative in z.
        M, dM: $\mathcal M_\kappa(\sigma)$ and $\mathcal M_\kappa'(\sigma)$.
        q: variance of the trained layer.
        Qbar: $\mathrm{tr}\,\mathbb E[\Gamma^\top\Gamma]$.
        kappa_da: $\kappa\,a'$, which is not zero where kappa is infinite.
        A, B: coefficients of $\mathcal K(c) = (A + B c)/(a c + \sigma)^2$.
        passes: passes over the spectrum that it took.
    """

    spectrum: Spectrum
    alpha: Array
    tau: Array
    kappa: Array
    rho: Array
    ridge: Array
    t: Array
    s: Array
    sigma: Array
    effective_ridge: Array
    a: Array
    da: Array
    M: Array
    dM: Array
    q: Array
    Qbar: Array
    kappa_da: Array = field(repr=False)
    A: Array = field(repr=False)
    B: Array = field(repr=False)
    passes: Array = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Batch shape."""
        return tuple(np.shape(self.sigma))

    def _along(self, function: str, c: Array, *names: str) -> Array:
        points = nonnegative("c", c)
        extra = (1,) * points.ndim
        values = [getattr(self, name) for name in names]
        if self.shape:
            values = [value.reshape(*self.shape, *extra) for value in values]
        points, *values = in_one_library(points, *values)
        result = getattr(algebra_for(points), function)(points, *values)
        return result[()] if isinstance(result, np.ndarray) else result

    def F(self, c: Array) -> Array:
        r"""$F_\kappa(\sigma)$ along an eigenvector with eigenvalue c: shape `(..., *c.shape)`."""
        return self._along("resolvent", c, "a", "sigma")

    def dF(self, c: Array) -> Array:
        r"""$F_\kappa'(\sigma)$ along an eigenvector with eigenvalue c: shape `(..., *c.shape)`."""
        return self._along("resolvent_slope", c, "a", "da", "sigma")

    def K(self, c: Array) -> Array:
        r"""Eigenvalue of the alignment matrix along an eigenvector with eigenvalue c: shape `(..., *c.shape)`."""
        return self._along("alignment", c, "a", "sigma", "A", "B")


def finite(kappa: Array) -> Array:
    r"""Infinite entries as a number so large that $\mathcal D/\kappa$ is far below the rounding of 1."""
    xp = namespace(kappa)
    return xp.where(kappa == math.inf, float(xp.finfo(kappa.dtype).eps) ** -2, kappa)


def check_parameters(
    spectrum: Spectrum, *, alpha: Array, tau: Array, kappa: Array, rho: Array, ridge: Array
) -> dict[str, Array]:
    """The parameters as arrays of one library, all in their ranges; their shapes are left as they are.

    Raises:
        InputError: a parameter is outside of its range, tau = 1 without a ridge, or shapes do not broadcast.
    """
    values = {"alpha": positive("alpha", alpha), "tau": positive("tau", tau)}
    values["kappa"] = positive("kappa", kappa, infinite=True)
    values |= {name: nonnegative(name, value) for name, value in (("rho", rho), ("ridge", ridge))}
    values = {name: own(value) for name, value in values.items()}
    broadcast_shape({"spectrum": spectrum.batch_shape} | {name: tuple(v.shape) for name, v in values.items()})
    if backend(spectrum.eigenvalues, *values.values()) != "numpy":
        values = dict(zip(values, in_one_library(spectrum.eigenvalues, *values.values())[1:], strict=True))
    tau, without_ridge = namespace(values["tau"]).broadcast_arrays(values["tau"], values["ridge"] == 0)
    allowed = require(tau, ~((tau == 1) & without_ridge), "tau", TAU_ONE)
    return values if is_known(tau) else values | {"tau": allowed}


def solve(
    spectrum: Spectrum | Array, *, alpha: Array, tau: Array, kappa: Array, rho: Array, ridge: Array = 0.0
) -> FixedPoint:
    r"""Fixed point of the theory.

    $$g(t) = 0, \qquad \sigma = a\,t, \qquad \kappa\,a = \kappa - \mathcal D(t)$$

    from an upper bound. g is convex there, so Newton's iteration in t converges without damping; arrays of torch and
    JAX take that. The compiled solver takes Halley's steps, and Newton's where one of those leads astray. One long
    spectrum at many points is first replaced by few nodes, see `Spectrum.compress`.

    Args:
        spectrum: spectrum of $C_{\mathrm{train}}$, or the matrix itself; a batch of spectra broadcasts against the
            parameters.
        alpha: context length per dimension, > 0.
        tau: pretraining contexts per squared dimension, > 0; not 1 without a ridge.
        kappa: pretraining tasks per dimension, > 0; infinite where the covariance of the tasks is known exactly.
        rho: variance of the label noise, >= 0.
        ridge: $\lambda$ of the penalty $(n/d)\,\lambda\,\|\Gamma\|^2$, >= 0; 0 is the limit $\lambda \to 0^+$.

    Returns:
        arrays of the broadcast shape, in the library of the arguments: torch tensors give torch tensors that can
        be differentiated, JAX arrays likewise, all else NumPy (float32 if every array given is). Of several floating
        types the widest among arrays with axes; numbers follow. First and second derivatives are exact, in a
        covariance also where eigenvalues repeat or are zero. While JAX, torch.compile or torch.func trace a function,
        what would be refused is not a number.

    Raises:
        InputError: a parameter outside of its range, tau = 1 without a ridge, shapes that do not broadcast.
        ConvergenceError: the iteration did not arrive, with the residual.

    References:
        LZLP (arXiv 2509.26551), fixed-point equations of F_kappa, M_kappa and the effective ridge; THEORY A1.

    Example:
        >>> point = solve(Spectrum([0.0, 2.0]), alpha=50, tau=0.3, kappa=1, rho=1)
        >>> round(float(point.K(0.0)), 6), round(float(point.K(2.0)), 6)
        (1.265207, 1.955765)
    """
    spectrum = as_spectrum(spectrum)
    values = check_parameters(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    shape = broadcast_shape({"spectrum": spectrum.batch_shape} | {k: tuple(v.shape) for k, v in values.items()})
    solver = solver_for(math.prod(shape) * spectrum.size, spectrum.eigenvalues, *values.values())
    many = finite(values["kappa"])
    solution = solver.solve_columns(spectrum, values | {"kappa": many}, shape)
    solution["kappa_da"] = many * solution["da"]
    solution["da"] = solution["kappa_da"] / values["kappa"]  # zero where kappa is infinite
    return FixedPoint(spectrum=spectrum, **values, **solution)
