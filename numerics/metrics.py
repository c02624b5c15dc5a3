"""The four measures of alignment between the covariances of pretraining and test tasks."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from .alignment import aligned_pair
from .arrays import Array, algebra_for, device_of, frozen, in_one_library, is_known, namespace, poison, spread
from .entries import Entries
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
    matrices = (_matrix(spectrum, *pair) for pair in ((train, spectrum.entries), (test, gamma)))
    return metrics_at(point, gamma, *matrices)


def _matrix(spectrum: Spectrum, given: Spectrum | Array | None, along: Array) -> Array:
    """The covariance that was given, or the one with these values along the eigenvectors of the spectrum."""
    if given is not None and not isinstance(given, Spectrum) and np.ndim(given) == 2:
        return given
    if isinstance(along, Entries):
        basis = frozen(spectrum.eigenvectors)
        return basis @ along.matrix @ basis.T
    if spectrum.eigenvectors is None:
        return along * namespace(along).eye(spectrum.size, dtype=along.dtype, device=device_of(along))
    vectors, along = in_one_library(spectrum.eigenvectors, along)
    return (vectors * along) @ vectors.T


def metrics_at(point: FixedPoint, test: Array, C_train: Array, C_test: Array) -> dict[str, Array]:
    """The metrics from a fixed point that is already solved; arguments checked by the caller."""
    size = point.spectrum.size
    C_train, C_test, centering, _ = in_one_library(C_train, C_test, numpy_algebra.centering(size), point.a)
    C_train, C_test = ((matrix + matrix.T) / 2 for matrix in (C_train, C_test))
    found = spectral_metrics_at(point, test)
    found["inverse_cka"] = _inverse_cka(algebra_for(C_train), C_train, C_test, centering, size)
    refused = namespace(C_train).isnan(found["misalignment"]).any()
    if not is_known(refused):
        for name in ("population", "inverse_cka"):
            found[name] = found[name] * poison(refused, found[name])
    return found


def spectral_metrics_at(point: FixedPoint, test: Array) -> dict[str, Array]:
    """The first three metrics, which need no matrices: eigenvalues may stand for any share of the directions.

    Args:
        point: the solved fixed point, of a single spectrum.
        test: C_test along the eigenvectors, shape `(d,)`; checked by the caller.
    """
    spectrum = point.spectrum
    test, c, weights, a, sigma = in_one_library(
        spectrum.seen(test), spectrum.entries, spectrum.weights, point.a, point.sigma
    )
    algebra = algebra_for(weights)
    resolvent = algebra.resolvent(c, a[..., None], sigma[..., None])
    return {
        "misalignment": error_at(point, test).misalignment,
        "resolvent": (weights * test * resolvent).sum(-1),
        "population": _population(algebra, spectrum, c, weights, test),
    }


def _population(algebra: ModuleType, spectrum: Spectrum, c: Array, weights: Array, test: Array) -> Array:
    """The resolvent without noise; infinite where the test has a part along eigenvectors of eigenvalue zero."""
    xp = namespace(weights)
    null, _ = in_one_library(spectrum.eigenvalues == 0, weights)
    inverse = algebra.resolvent(c + null, 1, 0)
    total = ((1 - null) * weights * test * inverse).sum(-1)
    entries = abs(frozen(test))
    rounding = _ROUNDING * spectrum.size * xp.finfo(weights.dtype).eps
    outside = (null * entries > rounding * entries.max()).any()
    return spread(xp.where(outside, xp.inf * xp.ones_like(total), total), tuple(total.shape))


def _inverse_cka(algebra: ModuleType, C_train: Array, C_test: Array, centering: Array, size: int) -> Array:
    # orthogonal after centring: infinite; 0/0 is a matrix that centring makes zero, orthogonal to all
    with np.errstate(divide="ignore", invalid="ignore"):
        value = algebra.inverse_cka(C_train, C_test, centering, size)
    return namespace(C_train).nan_to_num(value, nan=math.inf, posinf=math.inf)
