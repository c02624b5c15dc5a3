"""Implicit regularisation: the ridge that finite data put on the trained layer, source by source."""

from __future__ import annotations

from dataclasses import dataclass, field

from .arrays import Array, algebra_for, all_or_none, in_one_library, spread
from .display import Shown
from .error_budget import spectral_sums
from .fixed_point import FixedPoint, solve
from .spectrum import Spectrum


@dataclass(frozen=True, eq=False, repr=False)
class ImplicitRidge(Shown):
    r"""Sources of the ridge of the mean trained layer, `total = (explicit + context + samples) * tasks_factor`.

    $$\mathbb E\,\Gamma = C_{\mathrm{train}}(C_{\mathrm{train}} + \lambda_{\mathrm{tot}})^{-1}$$

    Arrays of the broadcast shape of the parameters and the spectra, in the units of an eigenvalue.

    Attributes:
        explicit: the explicit ridge $\lambda$, as given.
        context: $s = (\rho + c_{\mathrm{train}})/\alpha$, from finite contexts.
        samples: $\tilde\lambda - \lambda$, from finitely many pretraining contexts.
        given_tasks: $\sigma$, the sum of the three: the ridge against the tasks' empirical covariance.
        tasks_factor: $1/a = 1 + \varphi/\kappa$, from finitely many tasks.
        tasks: $\sigma\,(1/a - 1)$, what that factor adds.
        total: $\sigma/a$, the ridge against the population covariance.
        fixed_point: the solution that it was read from.
    """

    explicit: Array
    context: Array
    samples: Array
    given_tasks: Array
    tasks_factor: Array
    tasks: Array
    total: Array
    fixed_point: FixedPoint = field(repr=False)


def implicit_ridge(
    spectrum: Spectrum | Array, *, alpha: Array, tau: Array, kappa: Array, rho: Array, ridge: Array = 0.0
) -> ImplicitRidge:
    r"""Separate the sources of the ridge that the trained layer has.

    $$\mathbb E[\Gamma \,|\, \mathrm{tasks}] \simeq R_k (R_k + \sigma)^{-1}, \qquad
    \sigma = \lambda + s + (\tilde\lambda - \lambda), \qquad
    \mathbb E\,\Gamma \simeq C_{\mathrm{train}} (C_{\mathrm{train}} + \sigma/a)^{-1}$$

    Args:
        spectrum: spectrum of $C_{\mathrm{train}}$; a batch of spectra broadcasts against the parameters.
        alpha, tau, kappa, rho, ridge: as in `solve`.

    Raises:
        InputError, ConvergenceError: as in `solve`.

    References:
        TTK (arXiv 2510.04548), finite pretraining data as an implicit ridge; THEORY 6.

    Example:
        >>> found = implicit_ridge(Spectrum.isotropic(), alpha=2, tau=4, kappa=1, rho=0)
        >>> float(found.context), float(found.samples), round(float(found.tasks_factor), 6)
        (0.5, 0.0, 2.0)
    """
    return implicit_ridge_at(solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge))


def implicit_ridge_at(point: FixedPoint) -> ImplicitRidge:
    """The sources from a fixed point that is already solved."""
    D, *_ = spectral_sums(point)
    names = ("M", "a", "s", "tau", "kappa", "ridge", "effective_ridge")
    values = in_one_library(D, *(getattr(point, name) for name in names))
    samples, factor, tasks, total = algebra_for(D).implicit_ridge(*values)
    explicit, context, given_tasks = point.ridge, point.s, point.sigma
    parts = (explicit, context, samples, given_tasks, factor, tasks, total)
    return ImplicitRidge(*all_or_none(*(spread(part, point.shape) for part in parts)), fixed_point=point)
