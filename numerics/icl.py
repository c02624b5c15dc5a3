"""The error of in-context learning on tasks of any covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .alignment import aligned
from .arrays import Array, algebra_for, all_or_none, broadcast_shape, in_one_library, nonnegative, own, positive, spread
from .display import Shown
from .fixed_point import FixedPoint, solve
from .solvers import solver_for
from .spectrum import Spectrum


@dataclass(frozen=True, eq=False, repr=False)
class IclError(Shown):
    r"""Test error $e_{\mathrm{ICL}} = e_{\mathrm{scalar}} + \langle C_{\mathrm{test}}, \mathcal K\rangle$.

    Arrays of the broadcast shape of the parameters, the spectra and the tests.

    Attributes:
        total: mean squared error of the prediction, in the units of a squared label.
        scalar: the part that sees only the traces.
        misalignment: the part that sees the alignment of the two covariances.
        fixed_point: the solution that it was read from.
    """

    total: Array
    scalar: Array
    misalignment: Array
    fixed_point: FixedPoint = field(repr=False)


def icl_error(
    train: Spectrum | Array,
    test: Spectrum | Array | None = None,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    ridge: Array = 0.0,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
) -> IclError:
    r"""Error on tasks of covariance $C_{\mathrm{test}}$ after pretraining on tasks of covariance $C_{\mathrm{train}}$.

    $$e = \rho_{\mathrm{test}} + \frac{\rho_{\mathrm{test}} + c_{\mathrm{test}}}{\alpha_{\mathrm{test}}} \bar Q
    + \sum_i w_i\, \gamma_i\, \mathcal K(c_i)$$

    Args:
        train: spectrum of $C_{\mathrm{train}}$, or the matrix itself, shape `(d, d)`.
        test: for a Spectrum $\gamma_i = v_i^\top C_{\mathrm{test}} v_i$ along the eigenvectors of
            $C_{\mathrm{train}}$, shape `(..., d)`, axes before the last broadcast against the parameters; for a matrix
            the matrix $C_{\mathrm{test}}$. Or a Spectrum, aligned from the largest eigenvalue down. The same tasks as
            in pretraining if not given. See `align`.
        alpha, tau, kappa, rho, ridge: as in `solve`.
        alpha_test: context length per dimension at test, > 0 or infinite; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; rho if not given.

    Raises:
        InputError: bad parameters (see `solve`), a matrix that is no covariance, or a `test` of the wrong length.
        ConvergenceError: see `solve`.

    References:
        LZLP (arXiv 2509.26551), e_ICL = e_scalar + e_misalign; THEORY (1.3).

    Example:
        >>> flat = Spectrum.isotropic()
        >>> round(float(icl_error(flat, [1.0], alpha=2, tau=4, kappa=1, rho=0.01).total), 4)
        0.6426
    """
    spectrum, gamma = aligned(train, test)
    at_test = check_at_test(alpha_test, rho_test)
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    return error_at(point, gamma, **at_test)


def check_at_test(alpha_test: Array | None, rho_test: Array | None) -> dict[str, Array | None]:
    """Parameters of the test, to be checked before anything is solved.

    Raises:
        InputError: outside of its range.
    """
    return {
        "alpha_test": None if alpha_test is None else own(positive("alpha_test", alpha_test, infinite=True)),
        "rho_test": None if rho_test is None else own(nonnegative("rho_test", rho_test)),
    }


def error_at(
    point: FixedPoint, gamma: Array, *, alpha_test: Array | None = None, rho_test: Array | None = None
) -> IclError:
    """The error from a fixed point that is already solved; arguments checked by the caller."""
    spectrum = point.spectrum
    gamma = spectrum.seen(gamma)
    alpha_test = point.alpha if alpha_test is None else alpha_test
    rho_test = point.rho if rho_test is None else rho_test
    at_test: dict[str, Array] = {"alpha_test": alpha_test, "rho_test": rho_test}
    shapes = {"parameters": point.shape, "test": tuple(gamma.shape[:-1])}
    shapes |= {name: tuple(value.shape) for name, value in at_test.items()}
    shape = broadcast_shape(shapes)
    columns = (point.a, point.sigma, point.A, point.B)
    gamma, alpha_test, rho_test, Qbar, *columns = in_one_library(gamma, alpha_test, rho_test, point.Qbar, *columns)
    algebra = algebra_for(gamma)
    solver = solver_for(math.prod(shape) * spectrum.size, gamma, *columns)
    misalignment, c_test = solver.misalignment(spectrum, gamma, tuple(columns), shape)
    scalar = algebra.scalar_error(rho_test, c_test, alpha_test, Qbar)
    total = algebra.total_error(scalar, misalignment)
    parts = [spread(part, shape) for part in (total, scalar, misalignment)]
    return IclError(*all_or_none(*parts), fixed_point=point)
