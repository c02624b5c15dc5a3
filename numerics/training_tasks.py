"""Errors on the tasks of pretraining themselves, and on tasks from a rotated copy of their covariance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .arrays import Array, algebra_for, in_one_library, namespace
from .display import Shown
from .fixed_point import FixedPoint, solve
from .icl import IclError, check_at_test, error_at
from .spectrum import Spectrum


@dataclass(frozen=True, eq=False, repr=False)
class TaskError(Shown):
    r"""Error on tasks that are tied to those of pretraining: `total = scalar + misalignment`.

    Arrays of the broadcast shape of the parameters and the spectra.

    Attributes:
        total: mean squared error of the prediction, in the units of a squared label.
        scalar: the part that sees only the traces; the same for training, fresh and rotated tasks.
        misalignment: the rest.
        fixed_point: the solution that it was read from.
    """

    total: Array
    scalar: Array
    misalignment: Array
    fixed_point: FixedPoint = field(repr=False)


def train_task_error(
    spectrum: Spectrum | Array,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    ridge: Array = 0.0,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
) -> TaskError:
    r"""Error on the tasks seen in pretraining, with new contexts and queries: TM, task memorisation.

    $$e_{\mathrm{TM}} = \rho_{\mathrm{test}} + \frac{\rho_{\mathrm{test}} + c_{\mathrm{train}}}{\alpha_{\mathrm{test}}}
    \bar Q + q\,a\varphi + (q \tilde\lambda - \sigma^2)\,a^2\varphi', \qquad
    \varphi = \mathrm{tr}[C_{\mathrm{train}} F_\kappa(\sigma)]$$

    Fresh tasks of the same covariance have $\varphi$, $\varphi'$ in place of $a\varphi$, $a^2\varphi'$. With the
    context and the noise of pretraining it is $\tau q$.

    This is what Lu et al. call "IDG"; Takanami et al. call that the error on *fresh* tasks of the same subspace,
    which is `icl_error(spectrum, spectrum.eigenvalues, ...)`.

    Args:
        spectrum: spectrum of $C_{\mathrm{train}}$; a batch of spectra broadcasts against the parameters.
        alpha, tau, kappa, rho, ridge: as in `solve`.
        alpha_test: context length per dimension at test, > 0 or infinite; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; rho if not given.

    Returns:
        arrays of the broadcast shape, in the library of the arguments; tensors can be differentiated.

    Raises:
        InputError: bad parameters (see `solve`).
        ConvergenceError: see `solve`.

    References:
        LLZMP (arXiv 2405.11751), e_IDG, isotropic; TTK (arXiv 2510.04548), TM; THEORY (2.1).

    Example:
        >>> found = train_task_error(Spectrum([2.0, 0.0]), alpha=2, tau=4, kappa=1, rho=0.01)
        >>> round(float(found.total), 12) == round(float(4 * found.fixed_point.q), 12)
        True
    """
    at_test = check_at_test(alpha_test, rho_test)
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    return train_task_error_at(point, **at_test)


def rotated_task_error(
    spectrum: Spectrum | Array,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    ridge: Array = 0.0,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
) -> TaskError:
    r"""Error on tasks from a freshly rotated copy of the training covariance: ODG.

    $$e_{\mathrm{ODG}} = \rho_{\mathrm{test}} + \frac{\rho_{\mathrm{test}} + c_{\mathrm{train}}}{\alpha_{\mathrm{test}}}
    \bar Q + c_{\mathrm{train}}\,\mathrm{tr}[\mathcal K]$$

    Args:
        spectrum, alpha, tau, kappa, rho, ridge, alpha_test, rho_test: as in `train_task_error`.

    Raises:
        InputError, ConvergenceError: as in `train_task_error`.

    References:
        TTK (arXiv 2510.04548), ODG, low-rank tasks; THEORY 2.

    Example:
        >>> parameters = {"alpha": 2, "tau": 4, "kappa": 1, "rho": 0.01}
        >>> rotated = rotated_task_error(Spectrum([2.0, 0.0]), **parameters)
        >>> bool(rotated.total > train_task_error(Spectrum([2.0, 0.0]), **parameters).total)
        True
    """
    at_test = check_at_test(alpha_test, rho_test)
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    return rotated_task_error_at(point, **at_test)


def train_task_error_at(
    point: FixedPoint, *, alpha_test: Array | None = None, rho_test: Array | None = None
) -> TaskError:
    """Error on the tasks of pretraining from a fixed point that is already solved; arguments checked by the caller."""
    a, da, sigma, q, A = in_one_library(point.a, point.da, point.sigma, point.q, point.A)
    # the mean that gives the error on fresh tasks, with other coefficients
    constant, slope = algebra_for(a).training_alignment(a, da, sigma, q, A)
    seen = replace(point, A=constant, B=slope)
    return _read(point, error_at(seen, point.spectrum.entries, alpha_test=alpha_test, rho_test=rho_test))


def rotated_task_error_at(
    point: FixedPoint, *, alpha_test: Array | None = None, rho_test: Array | None = None
) -> TaskError:
    """Error on rotated tasks from a fixed point that is already solved; arguments checked by the caller."""
    values, trace = in_one_library(point.spectrum.eigenvalues, point.spectrum.trace)
    even = trace[..., None] * namespace(values).ones_like(values)
    return _read(point, error_at(point, even, alpha_test=alpha_test, rho_test=rho_test))


def _read(point: FixedPoint, error: IclError) -> TaskError:
    return TaskError(error.total, error.scalar, error.misalignment, fixed_point=point)
