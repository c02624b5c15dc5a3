"""Pretraining and test tasks together: a test covariance along the eigenvectors of the training covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arrays import (
    Array,
    as_float_array,
    as_numpy,
    backend,
    broadcast_shape,
    in_one_library,
    is_known,
    namespace,
    nonnegative,
)
from .errors import InputError
from .single import one_spectrum
from .spectrum import Spectrum, default_tolerance, eigen, of_covariance, quadratic_forms

#: shares of the weight closer than this end at the same place
_SAME_END = 1e-15


class Aligned(NamedTuple):
    """A training spectrum, and the test covariance along its eigenvectors."""

    spectrum: Spectrum
    test: Array


def align(C_train: Array, C_test: Array, tolerance: float | None = None) -> Aligned:
    r"""See a test covariance in the eigenbasis of the training covariance, from the largest eigenvalue down.

    Args:
        C_train: shape `(d, d)`, symmetric, positive semi-definite, not zero.
        C_test: shape `(d, d)`, symmetric, positive semi-definite.
        tolerance: what rounding did to each matrix, see `Spectrum.from_covariance`.

    Returns:
        the spectrum of C_train, and $v_i^\top C_{\mathrm{test}} v_i$ along its eigenvectors, shape `(d,)`. Given
        back together as they are, they have derivatives in both matrices at every eigenvalue; the numbers alone have
        none where eigenvalues repeat.

    Raises:
        InputError: a matrix is not a covariance, or the sizes differ.
    """
    spectrum = of_covariance(C_train, "C_train", tolerance)
    matrix = _fitting(spectrum, C_test, "C_test", tolerance)
    test = quadratic_forms(spectrum.eigenvectors, matrix)
    spectrum.remember(test, matrix)
    return Aligned(spectrum, test)


def aligned(train: Spectrum | Array, test: Spectrum | Array | None = None, name: str = "train") -> Aligned:
    r"""The training spectrum and the test along its eigenvectors, from what a user may give for the two.

    Args:
        train: a Spectrum, or a covariance `(d, d)`.
        test: for a Spectrum, values along its eigenvectors `(..., d)`, or a covariance `(d, d)` if it has eigenvectors;
            for a covariance, another one. Or a Spectrum, whose eigenvectors are then those of the training spectrum,
            from the largest eigenvalue down: where their weights differ, an eigenvalue of C_train has the mean of the
            test's quantile function over its share of the weight. The training tasks' own covariance if not given.
        name: of the first argument, for errors.

    Raises:
        InputError: neither a Spectrum nor a covariance, a test that does not fit, or a covariance where the training
            spectrum has no eigenvectors.
    """
    given = isinstance(train, Spectrum)
    spectrum = as_spectrum(train, name)
    if test is None:
        return Aligned(spectrum, spectrum.entries)
    if isinstance(test, Spectrum):
        return Aligned(spectrum, spectrum.seen(_coupled(spectrum, test)))
    values = as_float_array(test, "test")
    shape, size = tuple(values.shape), spectrum.size
    if not given and shape != (size, size):
        raise InputError(
            f"test: shape {shape} is not allowed, must be a covariance {(size, size)} as {name} is one; for values"
            f" along its eigenvectors give Spectrum.from_covariance({name})"
        )
    if not given or (shape == (size, size) and not spectrum.batch_shape and _is_matrix(spectrum, values)):
        return Aligned(spectrum, spectrum.along(_fitting(spectrum, values, "test")))
    allowed = nonnegative("test", values)
    if values.ndim == 0 or shape[-1] != size:
        raise InputError(
            f"test: shape {shape} is not allowed, its last axis must have the spectrum's {size} eigenvalues"
        )
    return Aligned(spectrum, spectrum.seen(values if spectrum.remembers(values) else allowed))


def aligned_pair(train: Spectrum | Array, test: Spectrum | Array | None = None, name: str = "train") -> Aligned:
    """One spectrum and one test, from what `aligned` takes.

    Raises:
        InputError: as in `aligned`, or a batch of either.
    """
    found = aligned(one_spectrum(train) if isinstance(train, Spectrum) else train, test, name)
    if found.test.ndim != 1:
        raise InputError(f"test: shape {tuple(found.test.shape)} is not allowed, give one test covariance")
    return found


def as_spectrum(value: Spectrum | Array, name: str = "spectrum") -> Spectrum:
    """The spectrum, or that of a covariance `(d, d)`.

    Raises:
        InputError: something else.
    """
    if isinstance(value, Spectrum):
        return value
    try:
        matrix = as_float_array(value, name)
    except InputError:
        if hasattr(value, "ndim"):  # an array that has a fault of its own
            raise
        matrix = None
    if matrix is None or matrix.ndim != 2:
        what = type(value).__name__ if matrix is None else f"shape {tuple(matrix.shape)}"
        raise InputError(
            f"{name}: {what} is not allowed, must be a Spectrum or a covariance (d, d); of eigenvalues:"
            " Spectrum(eigenvalues)"
        )
    return of_covariance(matrix, name)


def _is_matrix(spectrum: Spectrum, values: Array) -> bool:
    """Whether a square array that goes with a spectrum is a covariance, and not as many tests as there are eigenvalues.

    Raises:
        InputError: it is symmetric, and the spectrum has no eigenvectors to see it along.
    """
    if spectrum.size == 1:
        return False
    has = spectrum.eigenvectors is not None
    if not is_known(values):
        return has
    matrix = as_numpy(values)
    symmetric = np.abs(matrix - matrix.T).max() <= default_tolerance(values) * np.abs(matrix).max()
    if symmetric and not has:
        raise InputError(
            f"test: a symmetric matrix {matrix.shape} is not allowed for a spectrum without eigenvectors: give both"
            " covariances, or Spectrum.from_covariance(C_train); for many tests an array (d, 1, d)"
        )
    return bool(symmetric)


def _coupled(spectrum: Spectrum, test: Spectrum) -> Array:
    """Eigenvalues of the test along those of the spectrum, both taken from the largest down."""
    c, values = in_one_library(spectrum.eigenvalues, test.eigenvalues)
    xp = namespace(c)
    values = xp.sort(values, axis=-1, descending=True)
    order = xp.argsort(c, axis=-1, descending=True, stable=True)
    equal = spectrum.size == test.size and spectrum.has_equal_weights and test.has_equal_weights
    if not equal:
        if spectrum.batch_shape or test.batch_shape:
            raise InputError("test: a batch of spectra with other weights is not allowed, give one at a time")
        from_the_top = np.argsort(-as_numpy(test.eigenvalues), kind="stable")
        values = quantile_means(
            as_numpy(spectrum._multiplicities)[as_numpy(order)], as_numpy(test._multiplicities)[from_the_top], values
        )
    shape = broadcast_shape({"train": tuple(c.shape), "test": tuple(values.shape)})
    order, values = xp.broadcast_to(order, shape), xp.broadcast_to(values, shape)
    return xp.take_along_axis(values, xp.argsort(order, axis=-1), axis=-1)


def quantile_means(weights: np.ndarray, value_weights: np.ndarray, values: Array) -> Array:
    """Means of the step function of `values`, each as long as its weight, over steps as long as `weights`.

    Only shares matter: neither list of weights needs to sum to one. A step of weight zero has the value at its end.

    Args:
        weights: shape `(d,)`.
        value_weights: shape `(m,)`.
        values: shape `(m,)`, in the order in which they are taken.

    Returns:
        shape `(d,)`.
    """
    ends, value_ends = (np.cumsum(w) / np.sum(w) for w in (weights, value_weights))
    ends[-1] = value_ends[-1] = 1.0
    # ends that rounding alone sets apart are one
    nearest = ends[np.clip(np.searchsorted(ends, value_ends - _SAME_END), 0, ends.size - 1)]
    value_ends = np.where(np.abs(nearest - value_ends) <= _SAME_END, nearest, value_ends)
    cuts = np.unique(np.concatenate([ends, value_ends]))
    lengths = np.diff(cuts, prepend=0.0)
    middles = cuts - lengths / 2
    i, j = (np.minimum(np.searchsorted(x, middles), x.size - 1) for x in (ends, value_ends))
    # a step too short to be seen has the value at its end
    short = np.setdiff1d(np.arange(ends.size), i)
    i, lengths = np.append(i, short), np.append(lengths, np.ones(short.size))
    j = np.append(j, np.minimum(np.searchsorted(value_ends, ends[short]), value_ends.size - 1))
    shares = lengths / np.bincount(i, lengths)[i]
    if backend(values) == "numpy":
        return np.bincount(i, shares * values[j], ends.size).astype(values.dtype, copy=False)
    coupling = np.zeros((ends.size, value_ends.size))
    coupling[i, j] = shares
    values, coupling = in_one_library(values, coupling)
    return coupling @ values


def coupled_in_order(
    order: np.ndarray, weights: np.ndarray, values: np.ndarray, value_weights: np.ndarray
) -> np.ndarray:
    """Values, as listed, for directions that are taken in `order`; see `quantile_means`.

    Args:
        order: places of the directions, shape `(d,)`.
        weights: share of each direction, shape `(d,)`.
        values, value_weights: shape `(m,)`.

    Returns:
        for each direction the mean of what falls on its share, shape `(d,)`.
    """
    along = np.empty(len(order))
    along[order] = quantile_means(weights[order], value_weights, values)
    return along


def _fitting(spectrum: Spectrum, covariance: Array, name: str, tolerance: float | None = None) -> Array:
    """Symmetric part of a covariance of the size of a spectrum's own."""
    matrix, *_ = eigen(covariance, name, tolerance)
    if tuple(matrix.shape) != tuple(spectrum.eigenvectors.shape):
        raise InputError(
            f"{name}: shape {tuple(matrix.shape)} does not fit C_train's {tuple(spectrum.eigenvectors.shape)}"
        )
    return matrix
