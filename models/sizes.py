"""From the ratios of the theory to the whole numbers of one run, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics import InputError, Spectrum
from ..numerics.arrays import as_numpy, nonnegative, positive
from ..numerics.fixed_point import check_parameters

#: a share of directions is a whole number of them up to this
_WHOLE = 1e-9

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
    if isinstance(value, bool) or not np.isfinite(value) or int(value) != value or value < least:
        raise InputError(f"{name}: {value!r} is not allowed, must be a whole number >= {least}")
    return int(value)


def number(name: str, value: object, *, zero: bool = False) -> float:
    """One number, > 0 or with `zero` >= 0.

    Raises:
        InputError: naming the argument.
    """
    array = (nonnegative if zero else positive)(name, value)
    if array.ndim:
        raise InputError(f"{name}: shape {tuple(array.shape)} is not allowed, must be a single number")
    return float(array)


def nearest(name: str, ratio: object, unit: int) -> int:
    """Whole number nearest to ratio x unit.

    Raises:
        InputError: it would be none at all.
    """
    value = number(name, ratio)
    count = round(value * unit)
    if count < 1:
        raise InputError(f"{name}: {value!r} is not allowed, must be at least {0.5 / unit:.3g} so that one is left")
    return count


def sizes_of(spectrum: Spectrum, *, d: int, alpha: float, tau: float, kappa: float, rho: float, ridge: float) -> Sizes:
    """The whole numbers nearest to the ratios.

    Raises:
        InputError: a parameter outside of its range, or tau = 1 without a ridge.
    """
    size = whole("d", d, 2)
    found = Sizes(size, nearest("alpha", alpha, size), nearest("tau", tau, size * size), nearest("kappa", kappa, size))
    check_parameters(
        spectrum, **found.ratios, rho=number("rho", rho, zero=True), ridge=number("ridge", ridge, zero=True)
    )
    return found


def directions(spectrum: Spectrum, d: int) -> np.ndarray:
    """How many of d directions each listed eigenvalue gets: its weight times d, shape `(size,)`.

    Raises:
        InputError: a batch of spectra, or a weight times d is no whole number.
    """
    if not isinstance(spectrum, Spectrum):
        raise InputError(f"spectrum: {type(spectrum).__name__} is not allowed, must be a Spectrum")
    if spectrum.batch_shape:
        raise InputError(f"spectrum: a batch {spectrum.batch_shape} is not allowed, simulate one at a time")
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
