"""The spectrum of a task covariance, and test covariances seen in its eigenbasis."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .arrays import (
    Array,
    as_float_array,
    as_numpy,
    broadcast_shape,
    checked,
    device_of,
    frozen,
    in_one_library,
    is_finite,
    is_known,
    is_live,
    namespace,
    nonnegative,
    own,
    positive,
    require,
)
from .census import Census, census
from .compress import ROUNDING, compress
from .entries import Entries
from .errors import InputError

#: the default tolerance is at least that of so many eigenvalues: measured on small matrices
_FEWEST = 16


@dataclass(frozen=True, eq=False, init=False)
class Spectrum:
    r"""Eigenvalues of a task covariance with their weights: the measure $\sum_i w_i \delta_{c_i}$.

    Args:
        eigenvalues: shape `(d,)`, finite, not negative, not all zero; copied.
        weights: shape `(d,)`; not negative, normalised to sum one. Equal if not given.
        tolerance: what rounding may have done to the eigenvalues, as a share of the largest: negative ones within it
            are zeros, and then so are all that are as small; those closer than it are one atom, see `atoms`.
            `max(d, 16)` rounding errors of the floating type if not given.

    Raises:
        InputError: naming the argument and the offending value.

    Example:
        >>> Spectrum([2.0, 0.0], weights=[1, 3]).trace
        0.5
    """

    eigenvalues: Array
    weights: Array
    #: eigenvectors of the covariance it came from, as columns; None where it came from numbers
    eigenvectors: Array = field(repr=False)
    #: what rounding may have done to the eigenvalues, as a share of the largest
    tolerance: float = field(repr=False)
    _multiplicities: Array = field(repr=False)
    _census: Census = field(repr=False)
    #: whether no weights were given, so that all are equal
    has_equal_weights: bool = field(repr=False)
    #: the covariance in its eigenbasis, where derivatives in it may be asked for
    _entries: Entries | None = field(repr=False)
    #: numbers along the eigenvectors, a copy of them, and the test covariance that they came from
    _seen: tuple[Array, Array, Array] | None = field(repr=False)

    def __init__(self, eigenvalues: Array, weights: Array = None, *, tolerance: float | None = None) -> None:
        values = as_float_array(eigenvalues, "eigenvalues")
        if values.ndim == 2:
            raise InputError(
                f"eigenvalues: shape {tuple(values.shape)} is not allowed, must be (d,); a covariance:"
                " Spectrum.from_covariance(C), a batch of spectra: Spectrum.batch(eigenvalues)"
            )
        if values.ndim != 1 or values.shape[0] == 0:
            raise InputError(f"eigenvalues: shape {tuple(values.shape)} is not allowed, must be (d,) with d >= 1")
        self._set(values, weights, tolerance)

    def _set(
        self,
        values: Array,
        weights: Array,
        tolerance: float | None,
        eigenvectors: Array = None,
        entries: Entries | None = None,
    ) -> None:
        """Validate, and keep copies that nobody else can change."""
        size = values.shape[-1]
        xp = namespace(values)
        if weights is None:
            multiplicities = xp.ones((1,), dtype=values.dtype, device=device_of(values))
            shares = multiplicities / size
        else:
            multiplicities = nonnegative("weights", weights)
            single = values.ndim == 1
            if multiplicities.ndim == 0 or multiplicities.shape[-1] != size or (single and multiplicities.ndim != 1):
                raise InputError(f"weights: shape {tuple(multiplicities.shape)} does not fit {size} eigenvalues")
            values, multiplicities = in_one_library(values, multiplicities)
            # their sum, and products with eigenvalues, must not leave the range of the floating type
            most = float(namespace(values).finfo(values.dtype).max) ** 0.75
            allowed = multiplicities < most
            multiplicities = require(multiplicities, allowed, "weights", f"below {most:.1g}: rescale them")
            weight = multiplicities.sum(-1)
            weight = require(weight, weight > 1 / most, "weights", f"not all zero, with a sum above {1 / most:.1g}")
            shares = multiplicities / weight[..., None]
        tolerance = default_tolerance(values) if tolerance is None else _tolerance(tolerance)
        # broadcast and not repeated: equal vectors are one in memory
        shape = broadcast_shape({"eigenvalues": tuple(values.shape), "weights": tuple(multiplicities.shape)})
        values, multiplicities, shares = (own(x) for x in (values, multiplicities, shares))
        values, multiplicities, shares = (
            x if tuple(x.shape) == shape else xp.broadcast_to(x, shape) for x in (values, multiplicities, shares)
        )
        found = census(values, multiplicities) if is_known(values) else None
        if found is None:
            values = own(_without_rounding(values, tolerance))
            values = require(values, is_finite(values) & (values >= 0), "eigenvalues", "finite and >= 0")
            found = census(values, multiplicities)
        assert found is not None
        mean = found.mean if entries is None else (shares * entries).sum(-1)
        mean = require(mean, mean > 0, "eigenvalues", "not all zero (the sum of weight x eigenvalue > 0)")
        mean = require(mean, is_finite(mean), "eigenvalues", "of a finite mean: rescale them")
        named = {"eigenvalues": values, "weights": shares, "eigenvectors": eigenvectors, "tolerance": tolerance}
        named |= {"_multiplicities": multiplicities, "_census": found._replace(mean=mean)}
        named |= {"has_equal_weights": weights is None, "_entries": entries, "_seen": None}
        for name, value in named.items():
            object.__setattr__(self, name, value)

    # --- makers -----------------------------------------------------------------------------------
    @classmethod
    def batch(cls, eigenvalues: Array, weights: Array = None, *, tolerance: float | None = None) -> Spectrum:
        """Many spectra of d eigenvalues each, which broadcast against the parameters of `solve`.

        Args:
            eigenvalues: shape `(..., d)`.
            weights: shape `(d,)` or that of the eigenvalues.
            tolerance: as for one spectrum.

        Raises:
            InputError: as for one spectrum.
        """
        values = as_float_array(eigenvalues, "eigenvalues")
        if values.ndim == 0 or values.shape[-1] == 0:
            raise InputError(f"eigenvalues: shape {tuple(values.shape)} is not allowed, must be (..., d) with d >= 1")
        return cls._made(values, weights, tolerance)

    @classmethod
    def _made(
        cls,
        values: Array,
        weights: Array = None,
        tolerance: float | None = 0.0,
        eigenvectors: Array = None,
        entries: Entries | None = None,
    ) -> Spectrum:
        spectrum = object.__new__(cls)
        spectrum._set(values, weights, tolerance, eigenvectors, entries)
        return spectrum

    @classmethod
    def from_covariance(cls, covariance: Array, tolerance: float | None = None) -> Spectrum:
        """Spectrum of a symmetric positive semi-definite matrix, from the largest eigenvalue down, with eigenvectors.

        Args:
            covariance: shape `(d, d)`.
            tolerance: what rounding did to the matrix, as a share of its largest eigenvalue. It may be asymmetric by
                so much; eigenvalues up to it, negative ones too, are exact zeros. `max(d, 16)` rounding errors of the
                matrix's floating type if not given.

        Raises:
            InputError: not square, not finite, not symmetric, or with a negative eigenvalue.
        """
        return of_covariance(covariance, "covariance", tolerance)

    @classmethod
    def from_tasks(cls, tasks: Array, tolerance: float | None = None) -> Spectrum:
        r"""Spectrum of $W^\top W / k$, not centred, for the task vectors in the k rows of W: these very tasks.

        A finite number of tasks is in it already: use it with `kappa=inf`.

        Args:
            tasks: shape `(k, d)`, not all zero.
            tolerance: as in `from_covariance`.

        Raises:
            InputError: not such an array.
        """
        rows = as_float_array(tasks, "tasks")
        if rows.ndim != 2 or 0 in rows.shape:
            raise InputError(f"tasks: shape {tuple(rows.shape)} is not allowed, must be (k, d), a task a row")
        rows = require(rows, is_finite(rows), "tasks", "finite")
        return of_covariance(rows.T @ rows / rows.shape[0], "tasks", tolerance)

    @classmethod
    def power_law(cls, d: int, exponent: float, trace: float = 1.0) -> Spectrum:
        r"""$c_j \propto j^{-p}$ for j = 1..d, with mean eigenvalue `trace`."""
        size = _count("d", d)
        exponent = float(as_float_array(exponent, "exponent"))
        if not math.isfinite(exponent):
            raise InputError(f"exponent: {exponent!r} is not allowed, must be finite")
        values = np.arange(1, size + 1, dtype=np.float64) ** -exponent
        return cls._made(values * (float(positive("trace", trace)) / values.mean()))

    @classmethod
    def isotropic(cls, value: float = 1.0) -> Spectrum:
        """All eigenvalues equal to `value`: a single atom."""
        return cls._made(np.array([float(positive("value", value))]))

    @classmethod
    def low_rank(cls, rank_fraction: float, trace: float = 1.0) -> Spectrum:
        """A share `rank_fraction` of equal non-zero eigenvalues, the others zero; mean eigenvalue `trace`."""
        share = float(positive("rank_fraction", rank_fraction))
        if share > 1:
            raise InputError(f"rank_fraction: {share!r} is not allowed, must be in (0, 1]")
        level = float(positive("trace", trace)) / share
        if share == 1:
            return cls._made(np.array([level]))
        return cls._made(np.array([level, 0.0]), np.array([share, 1.0 - share]))

    @classmethod
    def spiked(cls, d: int, index: int, mix: float = 0.0, trace: float = 1.0) -> Spectrum:
        """All variance along direction `index`, 0 for the top one, but for a share `mix` that is spread over all d.

        A test covariance along the eigenvectors of another: so the entries are in the order of the directions.
        """
        size = _count("d", d)
        if not 0 <= int(index) < size or int(index) != index:
            raise InputError(f"index: {index!r} is not allowed, must be a whole number from 0 to {size - 1}")
        share = float(nonnegative("mix", mix))
        if share > 1:
            raise InputError(f"mix: {share!r} is not allowed, must be in [0, 1]")
        values = np.full(size, share)
        values[int(index)] += (1.0 - share) * size
        return cls._made(values * float(positive("trace", trace)))

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
    def entries(self) -> Array | Entries:
        """The eigenvalues, or the covariance in its eigenbasis where derivatives in it may be asked for."""
        return self.eigenvalues if self._entries is None else self._entries

    def along(self, matrix: Array) -> Array | Entries:
        """A symmetric matrix along the eigenvectors, as it is multiplied by functions of `entries`."""
        if self._entries is None:
            return quadratic_forms(self.eigenvectors, matrix)
        matrix, basis, entries = in_one_library(matrix, frozen(self.eigenvectors), self._entries)
        return entries.of(basis.T @ matrix @ basis)

    def remember(self, test: Array, matrix: Array) -> None:
        """These numbers are what the matrix has along the eigenvectors; their derivatives shall be its own."""
        if self._entries is not None:
            object.__setattr__(self, "_seen", (test, frozen(own(test)), matrix))

    def remembers(self, test: Array) -> bool:
        """Whether the numbers are those of a matrix, and not changed since."""
        if self._seen is None or test is not self._seen[0]:
            return False
        return not is_known(test) or bool((test == self._seen[1]).all())

    def seen(self, test: Array | Entries) -> Array | Entries:
        r"""A test along the eigenvectors, as it is multiplied by functions of `entries`.

        With derivatives in C_train the values $\gamma_i$ stay with the eigenvectors, which turn:
        $\mathrm{Tr}[\Gamma f(C)]$ has the derivatives of $\sum_i \gamma_i f(c_i)$ up to the second order. Within an
        eigenspace they belong to the eigenvectors as they are.
        """
        if self._entries is None or isinstance(test, Entries):
            return test
        if self._seen is not None and self.remembers(test):
            return self.along(self._seen[2])
        entries, numbers = in_one_library(self._entries, test)
        xp = namespace(numbers)
        still, values = frozen(numbers), frozen(entries)
        gap = values[:, None] - values
        near = abs(gap) <= self.tolerance * values.max()
        turning = (still[..., :, None] - still[..., None, :]) / xp.where(near, xp.ones_like(gap), gap)
        change = xp.where(near, xp.zeros_like(turning), turning) * (entries.matrix - values[:, None] * entries.one)
        return entries.of(numbers[..., None] * entries.one + change / 2)

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
        return Spectrum._made(
            *compress(as_numpy(self.eigenvalues), as_numpy(self._multiplicities), rtol), self.tolerance
        )

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Few eigenvalues and weights in whose means only rounding shows; NumPy, of a single spectrum."""
        return compress(as_numpy(self.eigenvalues), as_numpy(self.weights), ROUNDING)

    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct eigenvalues and their weights, from the largest down; NumPy.

        Eigenvalues of a chain whose gaps are at most `tolerance` times the largest eigenvalue are one atom at their
        weighted mean; those of weight zero are none.

        Raises:
            InputError: a batch of spectra.
        """
        if self.batch_shape:
            raise InputError(f"spectrum: a batch {self.batch_shape} is not allowed, take the atoms one at a time")
        values, weights, number = grouped(self)
        present = weights > 0
        values, weights = values[present], weights[present]
        starts = np.flatnonzero(np.diff(number[present], prepend=-1))
        low, high = (extreme.reduceat(values, starts) for extreme in (np.minimum, np.maximum))
        shares, sums = (np.add.reduceat(terms, starts) for terms in (weights, weights * values))
        return np.clip(sums / shares, low, high)[::-1], shares[::-1]

    def __repr__(self) -> str:
        if self.batch_shape:
            return f"Spectrum(batch {self.batch_shape}, {self.size} eigenvalues)"
        values = self.eigenvalues
        return (
            f"Spectrum({self.size} eigenvalues from {float(values.min()):.6g} to {float(values.max()):.6g}, "
            f"trace {float(self.trace):.6g}, rank fraction {float(self.rank_fraction):.6g})"
        )


def grouped(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues from the smallest up, their weights, and the number of the atom that each is in; `(..., d)`.

    What has weight zero comes last, as infinity.
    """
    values, weights = (np.asarray(as_numpy(x), np.float64) for x in (spectrum.eigenvalues, spectrum.weights))
    order = np.argsort(np.where(weights > 0, values, np.inf), axis=-1, kind="stable")
    values, weights = (np.take_along_axis(x, order, -1) for x in (values, weights))
    largest = np.where(weights > 0, values, 0.0).max(-1, keepdims=True)
    values = np.where(weights > 0, values, np.inf)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        apart = np.diff(values) > spectrum.tolerance * largest
    return values, weights, np.concatenate([np.zeros_like(order[..., :1]), np.cumsum(apart, -1)], -1)


def default_tolerance(values: Array) -> float:
    """What rounding may do to the eigenvalues of a covariance of this size and floating type, relative to the largest.

    Without tolerance in the square root of the rounding error the low types would see one atom alone.
    """
    eps = float(namespace(values).finfo(values.dtype).eps)
    return min(max(values.shape[-1], _FEWEST) * eps, eps**0.5)


def _tolerance(value: float) -> float:
    # a number stays one while torch.compile traces
    array = value if isinstance(value, int | float) else nonnegative("tolerance", value)
    if getattr(array, "ndim", 0) or not 0 <= float(array) < 1:
        raise InputError(f"tolerance: {value!r} is not allowed, must be a number in [0, 1)")
    return float(array)


def _without_rounding(values: Array, tolerance: float) -> Array:
    """Zeros for all entries up to the tolerance, where there is a negative one within it."""
    xp = namespace(values)
    cut = tolerance * xp.max(values, axis=-1, keepdims=True)
    shown = xp.any(values < 0, axis=-1, keepdims=True)
    return xp.where(shown & (xp.abs(values) <= cut), xp.zeros_like(values), values)


def of_covariance(covariance: Array, name: str, tolerance: float | None = None) -> Spectrum:
    """Spectrum of a matrix that must be a covariance, with its eigenvectors, from the largest eigenvalue down."""
    matrix, values, vectors, tolerance = eigen(covariance, name, tolerance)
    xp = namespace(values)
    values = xp.where(values > tolerance * values[:1], values, xp.zeros_like(values))
    entries = None
    if is_live(matrix):
        one = xp.eye(matrix.shape[0], dtype=matrix.dtype, device=device_of(matrix))
        basis = frozen(vectors)
        entries = Entries(frozen(values)[:, None] * one + basis.T @ (matrix - frozen(matrix)) @ basis, one)
    return Spectrum._made(values, None, tolerance, own(vectors), entries)


def eigen(covariance: Array, name: str, tolerance: float | None) -> tuple[Array, Array, Array, float]:
    """Symmetric part of a matrix that must be a covariance, its eigenvalues from the largest down, its eigenvectors,
    and the tolerance that holds for it.

    Raises:
        InputError: not square, not finite; asymmetric, or with a negative eigenvalue, by more than the tolerance.
    """
    matrix = as_float_array(covariance, name)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise InputError(f"{name}: shape {tuple(matrix.shape)} is not allowed, must be square (d, d)")
    finite = is_finite(matrix)
    require(matrix, finite, name, "finite")
    tolerance = default_tolerance(matrix) if tolerance is None else _tolerance(tolerance)
    xp = namespace(matrix)
    if matrix.dtype not in (xp.float32, xp.float64):  # the libraries have eigenvalues of these alone
        matrix = xp.astype(matrix, xp.float32 if xp.finfo(matrix.dtype).bits < 32 else xp.float64)
    even = matrix / 2 + matrix.T / 2
    # torch has no eigenvalues of what is not finite, and raises
    whole = even if is_known(matrix) else xp.where(finite & finite.T, even, xp.zeros_like(even))
    values, vectors = (xp.flip(x, axis=-1) for x in xp.linalg.eigh(whole))
    lowest, largest = frozen(values[-1]), frozen(values[0])
    allowed = tolerance * xp.maximum(abs(lowest), abs(largest))
    asymmetry = abs(frozen(matrix) - frozen(matrix).T).max()
    hint = f"beyond the tolerance {tolerance:.3g} of the largest; if that is rounding, give a larger tolerance"

    def covariance_alone(array: Array) -> Array:
        array = checked(
            array,
            asymmetry <= allowed,  # not so, either, where an entry is not finite
            lambda: InputError(
                f"{name}: not symmetric, entries differ from their mirror images by up to {float(asymmetry):.3g},"
                f" {hint}"
            ),
        )
        return checked(
            array,
            lowest >= -allowed,
            lambda: InputError(
                f"{name}: not positive semi-definite, it has the eigenvalue {float(lowest):.6g}, {hint}"
            ),
        )

    return covariance_alone(even), covariance_alone(values), vectors, tolerance


def quadratic_forms(vectors: Array, matrix: Array) -> Array:
    r"""$v_i^\top C v_i$ for the columns of the vectors; of a covariance they are not negative, but for rounding."""
    vectors, matrix = in_one_library(vectors, matrix)
    return namespace(matrix).clip((vectors * (matrix @ vectors)).sum(0), 0.0, None)


def _count(name: str, value: int) -> int:
    if int(value) != value or value < 1:
        raise InputError(f"{name}: {value!r} is not allowed, must be a whole number >= 1")
    return int(value)


def _plain(array: Array) -> Array:
    """A Python float for a single NumPy number, anything else as it is."""
    return float(array) if isinstance(array, (np.ndarray, np.generic)) and array.ndim == 0 else array
