"""Single numbers and single spectra, where arrays and batches have no meaning."""

from __future__ import annotations

from .arrays import Array, nonnegative, positive
from .errors import InputError
from .spectrum import Spectrum


def number(name: str, value: Array, *, zero: bool = False) -> float:
    """One number, > 0 or with `zero` >= 0; an array or tensor without axes is one too.

    Raises:
        InputError: naming the argument.
    """
    array = (nonnegative if zero else positive)(name, value)
    if array.ndim:
        raise InputError(f"{name}: shape {tuple(array.shape)} is not allowed, must be a single number")
    return float(array)


def one_spectrum(spectrum: object) -> Spectrum:
    """The spectrum, if it is one.

    Raises:
        InputError: it is something else, or a batch of spectra.
    """
    if not isinstance(spectrum, Spectrum):
        raise InputError(f"spectrum: {type(spectrum).__name__} is not allowed, must be a Spectrum")
    if spectrum.batch_shape:
        raise InputError(f"spectrum: a batch {spectrum.batch_shape} is not allowed, give one at a time")
    return spectrum
