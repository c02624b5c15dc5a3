"""The four measures of alignment between the covariances of pretraining and test tasks."""

from __future__ import annotations

import math
from types import ModuleType

import array_api_compat as compat
import numpy as np

from .alignment import aligned_pair
from .arrays import Array, algebra_for, in_one_library
from .fixed_point import FixedPoint, solve
from .generated import numpy_algebra
from .icl import error_at
from .spectrum import Spectrum

#: what C_test has along C_train's null vectors is a part outside its range where it exceeds this many roundings
_ROUNDING = 8.0


def metrics(
    train: Spectrum | Array,
    test: Spectrum | Array | None = None,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    ridge: Array = 0.0,
) -> dict[str, Array]:
    r"""Measures of how badly the test tasks are aligned with the pretraining tasks; larger is worse.

    Args:
        train, test: two covariances `(d, d)`, or a spectrum and a test along its eigenvectors, see `icl_error`; one of
            each.
        alpha, tau, kappa, rho, ridge: as in `solve`.

    Returns:
        `"misalignment"`: $\langle C_{\mathrm{test}}, \mathcal K\rangle$;
        `"resolvent"`: $\langle C_{\mathrm{test}}, F_\kappa(\sigma)\rangle$;
        `"population"`: $\langle C_{\mathrm{test}}, C_{\mathrm{train}}^{-1}\rangle$ with the pseudo-inverse, and
        infinity where C_test leaves the range of C_train;
        `"inverse_cka"`: one over the centred kernel alignment of the two matrices; infinite where they are
        orthogonal after centring (a matrix that centring makes zero is orthogonal to all). It depends on the basis:
        of a spectrum without eigenvectors it is that of diagonal matrices, and with unequal weights, for which there
        are no matrices, it is left out.
        The first two have the broadcast shape of the parameters, the others are single numbers.

    Raises:
        InputError: a matrix is not a covariance, sizes differ, or a bad parameter.
        ConvergenceError: see `solve`.

    References:
        LZLP (arXiv 2509.26551), nonlinear experiments; THEORY A6.
    """
    spectrum, gamma = aligned_pair(train, test)
    point = solve(spectrum, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=ridge)
    if spectrum.eigenvectors is None and not spectrum.has_equal_weights:
        return spectral_metrics_at(point, gamma)
    matrices = (_matrix(spectrum, *pair) for pair in ((train, spectrum.eigenvalues), (test, gamma)))
    return metrics_at(point, gamma, *matrices)


def _matrix(spectrum: Spectrum, given: Spectrum | Array | None, along: Array) -> Array:
    """The covariance that was given, or the one with these values along the eigenvectors of the spectrum."""
    if given is not None and not isinstance(given, Spectrum) and np.ndim(given) == 2:
        return given
    xp = compat.array_namespace(along)
    if spectrum.eigenvectors is None:
        return along * xp.eye(spectrum.size, dtype=along.dtype, device=compat.device(along))
    vectors, along = in_one_library(spectrum.eigenvectors, along)
    return (vectors * along) @ vectors.T


def metrics_at(point: FixedPoint, test: Array, C_train: Array, C_test: Array) -> dict[str, Array]:
    """The metrics from a fixed point that is already solved; arguments checked by the caller."""
    size = point.spectrum.size
    C_train, C_test, centering, _ = in_one_library(C_train, C_test, numpy_algebra.centering(size), point.a)
    found = _inverse_cka(algebra_for(C_train), C_train, C_test, centering, size)
    return spectral_metrics_at(point, test) | {"inverse_cka": found}


def spectral_metrics_at(point: FixedPoint, test: Array) -> dict[str, Array]:
    """The first three metrics, which need no matrices: eigenvalues may stand for any share of the directions.

    Args:
        point: the solved fixed point, of a single spectrum.
        test: C_test along the eigenvectors, shape `(d,)`; checked by the caller.
    """
    test, values, weights, a, sigma = in_one_library(
        test, point.spectrum.eigenvalues, point.spectrum.weights, point.a, point.sigma
    )
    algebra = algebra_for(test)
    return {
        "misalignment": error_at(point, test).misalignment,
        "resolvent": algebra.metric_resolvent(values, weights, test, a, sigma),
        "population": _population(algebra, values, weights, test),
    }


def _population(algebra: ModuleType, values: Array, weights: Array, test: Array) -> Array:
    in_range = values > 0
    outside = test[~in_range]
    rounding = _ROUNDING * values.shape[-1] * compat.array_namespace(values).finfo(values.dtype).eps
    total = algebra.metric_population(values[in_range], weights[in_range], test[in_range])
    return total + math.inf if bool((outside > rounding * test.max()).any()) else total


def _inverse_cka(algebra: ModuleType, C_train: Array, C_test: Array, centering: Array, size: int) -> Array:
    # orthogonal after centring: infinite; 0/0 is a matrix that centring makes zero, orthogonal to all
    with np.errstate(divide="ignore", invalid="ignore"):
        value = algebra.inverse_cka(C_train, C_test, centering, size)
    return compat.array_namespace(C_train).nan_to_num(value, nan=math.inf, posinf=math.inf)
