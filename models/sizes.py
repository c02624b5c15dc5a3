"""From the ratios of the theory to the whole numbers of one run, and back."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from ..numerics import InputError, Spectrum
from ..numerics.arrays import as_numpy, nonnegative
from ..numerics.fixed_point import check_parameters
from ..numerics.single import number, one_spectrum

#: a share of directions is a whole number of them up to this
_WHOLE = 1e-9
#: whole numbers up to this one are exact as floats
_MOST = 2**53

Seed = int | np.random.SeedSequence


@dataclass(frozen=True)
class Sizes:
    """Whole numbers of a pretraining run.

    Attributes:
        d: dimension.
        length: of a context, l.
        contexts: their number, n.
        tasks: their number, k.
    """

    d: int
    length: int
    contexts: int
    tasks: int

    @property
    def ratios(self) -> dict[str, float]:
        """What the theory is to be given: l/d, n/d^2 and k/d of the whole numbers."""
        return {
            "alpha": self.length / self.d,
            "tau": self.contexts / self.d**2,
            "kappa": self.tasks / self.d,
        }


def whole(name: str, value: float, least: int = 1) -> int:
    """The value as a whole number.

    Raises:
        InputError: it is none, or too small.
    """
    try:
        count = int(value)  # of any size: a seed may have more digits than a float
    except (TypeError, ValueError, OverflowError):
        count = None
    if count is None or isinstance(value, bool | np.bool_) or count != value or count < least:
        raise InputError(f"{name}: {value!r} is not allowed, must be a whole number >= {least}")
    return count


def nearest(name: str, ratio: object, unit: int) -> int:
    """Whole number nearest to ratio x unit.

    Raises:
        InputError: it would be none at all, or beyond the whole numbers of a float.
    """
    value = number(name, ratio)
    if value * unit > _MOST:
        raise InputError(f"{name}: {value!r} is not allowed, must be at most {_MOST / unit:.3g} so that it is exact")
    count = round(value * unit)
    if count < 1:
        raise InputError(f"{name}: {value!r} is not allowed, must be at least {0.5 / unit:.3g} so that one is left")
    return count


def sizes_of(spectrum: Spectrum, *, d: int, alpha: float, tau: float, kappa: float, rho: float, ridge: float) -> Sizes:
    """The whole numbers nearest to the ratios.

    Raises:
        InputError: a parameter outside of its range, tau = 1 without a ridge, or more data than the machine can hold.
    """
    size = whole("d", d, 2)
    found = Sizes(size, nearest("alpha", alpha, size), nearest("tau", tau, size * size), nearest("kappa", kappa, size))
    check_parameters(
        spectrum, **found.ratios, rho=number("rho", rho, zero=True), ridge=number("ridge", ridge, zero=True)
    )
    # queries and summaries of the contexts, tasks, and the layer with what its solver keeps
    check_room(found, found.contexts * (2 * size + 5) + found.tasks * size + 6 * size**2)
    return found


def check_room(sizes: Sizes, numbers: int) -> None:
    """Raise unless the machine's memory holds so many floats: asked before they are made, not when it is full.

    Raises:
        InputError: it does not; d, alpha, tau or kappa is too large.
    """
    needed, there = 8 * numbers, _memory()
    if needed > there:
        raise InputError(
            f"d: {sizes.d} is not allowed with these ratios, {sizes.contexts} contexts of length {sizes.length} and "
            f"{sizes.tasks} tasks take {needed / 2**30:.3g} GiB of the machine's {there / 2**30:.3g}"
        )


def _memory() -> float:
    """Bytes of memory that the machine has; infinite where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")


def directions(spectrum: Spectrum, d: int) -> np.ndarray:
    """How many of d directions each listed eigenvalue gets: its weight times d, shape `(size,)`.

    Raises:
        InputError: a batch of spectra, or a weight times d is no whole number.
    """
    one_spectrum(spectrum)
    shares = as_numpy(spectrum.weights).astype(np.float64) * d
    counts = np.rint(shares)
    wrong = np.abs(shares - counts) > _WHOLE * d
    if wrong.any():
        place = int(np.argmax(wrong))
        raise InputError(
            f"d: {d} is not allowed with this spectrum of {spectrum.size} eigenvalues: the one at index {place} has "
            f"the weight {float(spectrum.weights[place]):.6g}, which makes {shares[place]:.6g} directions, "
            "must be a whole number"
        )
    return counts.astype(np.int64)


def in_dimension(spectrum: Spectrum, d: int) -> np.ndarray:
    """The d eigenvalues of a spectrum, each as often as its weight says, shape `(d,)`.

    Raises:
        InputError: see `directions`.
    """
    return np.repeat(as_numpy(spectrum.eigenvalues).astype(np.float64), directions(spectrum, d))


def along_dimension(spectrum: Spectrum, test: object, d: int, name: str = "tests") -> np.ndarray:
    """Test eigenvalues along d directions, shape `(..., d)`, from d of them or from one for each of the spectrum's.

    Raises:
        InputError: negative, not finite, or of another length.
    """
    values = as_numpy(nonnegative(name, test)).astype(np.float64)
    if values.ndim and values.shape[-1] == spectrum.size:
        return np.repeat(values, directions(spectrum, d), axis=-1)
    if values.ndim and values.shape[-1] == d:
        return values
    raise InputError(
        f"{name}: shape {tuple(values.shape)} is not allowed, its last axis must have the spectrum's {spectrum.size} "
        f"eigenvalues or d = {d}"
    )


def one_along_dimension(spectrum: Spectrum, test: object, d: int, name: str = "covariance") -> np.ndarray:
    """The eigenvalues of one test covariance along d directions, shape `(d,)`; see `along_dimension`.

    Raises:
        InputError: negative, not finite, of another length, or several.
    """
    values = along_dimension(spectrum, test, d, name)
    if values.ndim != 1:
        raise InputError(f"{name}: shape {tuple(values.shape)} is not allowed, give one test covariance")
    return values


def streams(seed: Seed, count: int) -> list[np.random.SeedSequence]:
    """Independent seeds made from one; the same whenever asked (`SeedSequence.spawn` counts what it has given).

    Raises:
        InputError: a seed below zero or not whole.
    """
    if not isinstance(seed, np.random.SeedSequence):
        seed = np.random.SeedSequence(whole("seed", seed, 0))
    return [
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, place), pool_size=seed.pool_size)
        for place in range(count)
    ]


def generator(seed: np.random.SeedSequence) -> np.random.Generator:
    """The fastest bit generator that NumPy has for normals."""
    return np.random.Generator(np.random.SFC64(seed))
