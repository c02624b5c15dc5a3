"""The spectrum of a task covariance, and test covariances seen in its eigenbasis."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import array_api_compat as compat
import numpy as np

from .arrays import (
    Array,
    as_float_array,
    as_numpy,
    broadcast_shape,
    in_one_library,
    is_finite,
    nonnegative,
    positive,
    require,
)
from .census import Census, census
from .compress import ROUNDING, compress
from .errors import InputError

#: an eigenvalue of a covariance below this many rounding errors of the largest is an exact zero
_ROUNDING = 4.0


@dataclass(frozen=True, eq=False)
class Spectrum:
    r"""Eigenvalues of a task covariance with their weights: the measure $\sum_i w_i \delta_{c_i}$.

    Args:
        eigenvalues: shape `(..., d)`, finite, not negative, not all zero; the last axis is the spectrum, axes
            before it are a batch of spectra that broadcasts against the parameters of `solve`.
        weights: shape `(d,)` or that of the eigenvalues; not negative, normalised to sum one. Equal if not given.

    Raises:
        InputError: naming the argument and the offending value.

    Example:
        >>> Spectrum([2.0, 0.0], weights=[1, 3]).trace
        0.5
    """

    eigenvalues: Array
    weights: Array = None
    #: eigenvectors of the covariance it came from, as columns; None where it came from numbers
    eigenvectors: Array = field(default=None, repr=False)
    _multiplicities: Array = field(default=None, repr=False, init=False)
    _census: Census = field(default=None, repr=False, init=False)  # pyright: ignore[reportAssignmentType]

    def __post_init__(self) -> None:
        values = as_float_array(self.eigenvalues, "eigenvalues")
        if values.ndim == 0 or values.shape[-1] == 0:
            raise InputError(f"eigenvalues: shape {tuple(values.shape)} is not allowed, must be (..., d) with d >= 1")
        xp = compat.array_namespace(values)
        if self.weights is None:
            multiplicities = xp.ones((1,), dtype=values.dtype, device=compat.device(values))
            shares = multiplicities / values.shape[-1]
        else:
            multiplicities = nonnegative("weights", self.weights)
            if multiplicities.ndim == 0 or multiplicities.shape[-1] != values.shape[-1]:
                raise InputError(
                    f"weights: shape {tuple(multiplicities.shape)} does not fit {values.shape[-1]} eigenvalues"
                )
            values, multiplicities = in_one_library(values, multiplicities)
            weight = multiplicities.sum(-1)
            require(weight, weight > 0, "weights", "not all zero")
            shares = multiplicities / weight[..., None]
        # broadcast and not repeated: equal vectors are one in memory
        shape = broadcast_shape({"eigenvalues": tuple(values.shape), "weights": tuple(multiplicities.shape)})
        values = values if tuple(values.shape) == shape else xp.broadcast_to(values, shape)
        multiplicities, shares = (xp.broadcast_to(x, shape) for x in (multiplicities, shares))
        found = census(values, multiplicities)
        if found is None:
            require(values, is_finite(values) & (values >= 0), "eigenvalues", "finite and >= 0")
        assert found is not None
        require(found.mean, found.mean > 0, "eigenvalues", "not all zero (the sum of weight x eigenvalue > 0)")
        object.__setattr__(self, "eigenvalues", values)
        object.__setattr__(self, "weights", shares)
        object.__setattr__(self, "_multiplicities", multiplicities)
        object.__setattr__(self, "_census", found)

    # --- makers -----------------------------------------------------------------------------------
    @classmethod
    def from_covariance(cls, covariance: Array) -> Spectrum:
        """Spectrum of a symmetric positive semi-definite matrix; keeps its eigenvectors.

        Eigenvalues that are zero to rounding become exact zeros.

        Args:
            covariance: shape `(d, d)`.

        Raises:
            InputError: not square, not finite, not symmetric, or with a negative eigenvalue.
        """
        values, vectors = _eigen(covariance, "covariance")
        return cls(values, eigenvectors=vectors)

    @classmethod
    def power_law(cls, d: int, exponent: float, trace: float = 1.0) -> Spectrum:
        r"""$c_j \propto j^{-p}$ for j = 1..d, with mean eigenvalue `trace`."""
        size = _count("d", d)
        exponent = float(as_float_array(exponent, "exponent"))
        if not math.isfinite(exponent):
            raise InputError(f"exponent: {exponent!r} is not allowed, must be finite")
        values = np.arange(1, size + 1, dtype=np.float64) ** -exponent
        return cls(values * (float(positive("trace", trace)) / values.mean()))

    @classmethod
    def isotropic(cls, value: float = 1.0) -> Spectrum:
        """All eigenvalues equal to `value`: a single atom."""
        return cls(np.array([float(positive("value", value))]))

    @classmethod
    def low_rank(cls, rank_fraction: float, trace: float = 1.0) -> Spectrum:
        """A share `rank_fraction` of equal non-zero eigenvalues, the others zero; mean eigenvalue `trace`."""
        share = float(positive("rank_fraction", rank_fraction))
        if share > 1:
            raise InputError(f"rank_fraction: {share!r} is not allowed, must be in (0, 1]")
        level = float(positive("trace", trace)) / share
        if share == 1:
            return cls(np.array([level]))
        return cls(np.array([level, 0.0]), np.array([share, 1.0 - share]))

    @classmethod
    def spiked(cls, d: int, index: int, mix: float = 0.0, trace: float = 1.0) -> Spectrum:
        """All variance along direction `index` (from 0), but for a share `mix` that is spread over all d."""
        size = _count("d", d)
        if not 0 <= int(index) < size or int(index) != index:
            raise InputError(f"index: {index!r} is not allowed, must be a whole number from 0 to {size - 1}")
        share = float(nonnegative("mix", mix))
        if share > 1:
            raise InputError(f"mix: {share!r} is not allowed, must be in [0, 1]")
        values = np.full(size, share)
        values[int(index)] += (1.0 - share) * size
        return cls(values * float(positive("trace", trace)))

    # --- what it is -------------------------------------------------------------------------------
    @property
    def size(self) -> int:
        """Number of eigenvalues listed, d or the number of atoms."""
        return int(self.eigenvalues.shape[-1])

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch of spectra; () for a single one."""
        return tuple(self.eigenvalues.shape[:-1])

    @property
    def trace(self) -> Array:
        r"""Normalised trace $\mathrm{tr}[C] = \sum_i w_i c_i$, the mean eigenvalue."""
        return _plain(self._census.mean)

    @property
    def rank_fraction(self) -> Array:
        """Total weight of the non-zero eigenvalues."""
        return _plain(self._census.support)

    @property
    def null_weight(self) -> Array:
        """Total weight of the zero eigenvalues."""
        return _plain(self._census.null)

    def compress(self, rtol: float = 1e-14) -> Spectrum:
        """A spectrum of few weighted nodes with the same theory: every mean is kept to a relative error of `rtol`.

        Eigenvectors are given up, and so is the place of each eigenvalue: a `test` has to be given as the values of a
        function of the eigenvalue. NumPy spectra; gradients do not pass.

        Args:
            rtol: relative error allowed in the means, at least 1e-15 and below 1.

        Raises:
            InputError: a batch of spectra, or a bad `rtol`.

        References:
            THEORY A2.
        """
        if self.batch_shape:
            raise InputError(f"spectrum: a batch {self.batch_shape} is not allowed, compress one at a time")
        if not 1e-15 <= rtol < 1:
            raise InputError(f"rtol: {rtol!r} is not allowed, must be in [1e-15, 1)")
        return Spectrum(*compress(as_numpy(self.eigenvalues), as_numpy(self._multiplicities), rtol))

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Few eigenvalues and weights in whose means only rounding shows; NumPy, of a single spectrum."""
        return compress(as_numpy(self.eigenvalues), as_numpy(self.weights), ROUNDING)

    def __repr__(self) -> str:
        batch = f"batch {self.batch_shape}, " if self.batch_shape else ""
        if self.batch_shape:
            return f"Spectrum({batch}{self.size} eigenvalues)"
        values = self.eigenvalues
        return (
            f"Spectrum({self.size} eigenvalues from {float(values.min()):.6g} to {float(values.max()):.6g}, "
            f"trace {float(self.trace):.6g}, rank fraction {float(self.rank_fraction):.6g})"
        )


class Aligned(NamedTuple):
    """A training spectrum, and the test covariance along its eigenvectors."""

    spectrum: Spectrum
    test: Array


def align(C_train: Array, C_test: Array) -> Aligned:
    r"""See a test covariance in the eigenbasis of the training covariance.

    Args:
        C_train: shape `(d, d)`, symmetric, positive semi-definite, not zero.
        C_test: shape `(d, d)`, symmetric, positive semi-definite.

    Returns:
        the spectrum of C_train, and $v_i^\top C_{\mathrm{test}} v_i$ along its eigenvectors, shape `(d,)`.

    Raises:
        InputError: a matrix is not a covariance, or the sizes differ.
    """
    spectrum = Spectrum.from_covariance(C_train)
    _eigen(C_test, "C_test")
    return Aligned(spectrum, along(spectrum, C_test))


def along(spectrum: Spectrum, C_test: Array) -> Array:
    r"""$v_i^\top C_{\mathrm{test}} v_i$ for the eigenvectors of the covariance that a spectrum came from.

    Raises:
        InputError: the spectrum has no eigenvectors, or the sizes differ.
    """
    vectors = spectrum.eigenvectors
    if vectors is None:
        raise InputError("spectrum: it was not made from a covariance, so it has no eigenvectors")
    matrix = as_float_array(C_test, "C_test")
    if tuple(matrix.shape) != tuple(vectors.shape):
        raise InputError(f"C_test: shape {tuple(matrix.shape)} does not fit C_train's {tuple(vectors.shape)}")
    xp = compat.array_namespace(vectors)
    # a quadratic form of a covariance is not negative; rounding can make it so
    return xp.clip((vectors * (matrix @ vectors)).sum(0), 0.0, None)


def _eigen(covariance: Array, name: str) -> tuple[Array, Array]:
    """Eigenvalues, zeros exact, and eigenvectors of a matrix that must be a covariance."""
    matrix = as_float_array(covariance, name)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise InputError(f"{name}: shape {tuple(matrix.shape)} is not allowed, must be square")
    require(matrix, is_finite(matrix), name, "finite")
    xp = compat.array_namespace(matrix)
    scale = float(xp.abs(matrix).max())
    asymmetry = float(xp.abs(matrix - matrix.T).max())
    tolerance = float(xp.finfo(matrix.dtype).eps) ** 0.5
    if asymmetry > tolerance * scale:
        raise InputError(f"{name}: not symmetric, entries differ from their mirror images by up to {asymmetry:.3g}")
    values, vectors = xp.linalg.eigh((matrix + matrix.T) / 2)
    rounding = _ROUNDING * matrix.shape[0] * float(xp.finfo(matrix.dtype).eps) * scale * matrix.shape[0]
    lowest = float(values.min())
    if lowest < -max(rounding, tolerance * scale):
        raise InputError(f"{name}: not positive semi-definite, it has the eigenvalue {lowest:.6g}")
    return xp.where(values > rounding, values, xp.zeros_like(values)), vectors


def _count(name: str, value: int) -> int:
    if int(value) != value or value < 1:
        raise InputError(f"{name}: {value!r} is not allowed, must be a whole number >= 1")
    return int(value)


def _plain(array: Array) -> Array:
    """A Python float for a single NumPy number, anything else as it is."""
    return float(array) if isinstance(array, (np.ndarray, np.generic)) and array.ndim == 0 else array
