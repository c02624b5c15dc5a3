"""A covariance as the command line takes it: a file, or a short form."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taskalign.numerics import InputError, Spectrum
from taskalign.tables import read_table
from taskalign.values import number, whole

#: eigenvalues of a short form where nothing else says how many
DEFAULT_SIZE = 128
#: most bytes of a text file
_MOST_TEXT = 100_000_000

SHORT_FORMS = "power:EXPONENT[:D[:TRACE]], lowrank:FRACTION[:TRACE], iso[:TRACE], spike:INDEX[:MIX[:D[:TRACE]]]"
_SUFFIXES = (".npy", ".csv", ".txt")


def named(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Several spectra, each `NAME=SPECTRUM` or a spectrum that is its own name.

    Raises:
        InputError: naming the option; a name is empty, or there twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, form = text.partition("=")
        if equals and not name:
            raise InputError(f"{option}: {text!r} is not allowed, must be SPECTRUM or NAME=SPECTRUM")
        if name in found:
            raise InputError(f"{option}: {name!r} is given twice")
        found[name] = form if equals else text
    return found


# --- one covariance -----------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Source:
    """A covariance as the user named it.

    Attributes:
        text: a path or a short form, as given.
        kind: "covariance", "eigenvalues" or "short form".
        values: the matrix `(d, d)`, or the eigenvalues `(d,)`.
        weights: shares of the eigenvalues; None for a list of them, one a direction, and for a matrix.
        sha256: of the file; None for a short form.
        half_unit: what rounding may have done to an entry, by the digits of a text; 0 where they say nothing.
        epsilon: rounding error of the floating type that the numbers may have had before, if not double precision.
    """

    text: str
    kind: str
    values: np.ndarray
    weights: np.ndarray | None = None
    sha256: str | None = None
    half_unit: float = 0.0
    epsilon: float = 0.0


def read(option: str, text: str, size: int | None = None) -> Source:
    """A covariance or its eigenvalues from a file or a short form.

    Args:
        option: named in errors.
        text: path that ends in .npy, .csv or .txt, or a short form.
        size: number of eigenvalues of a short form that does not say it.

    Raises:
        InputError: naming the option.
    """
    form, *arguments = text.split(":")
    if form in _FORMS:
        try:
            spectrum = _FORMS[form](option, arguments, size)
        except InputError as error:
            raise InputError(renamed(option, text, error)) from None
        # these two are shares of directions, not a list of them
        weights = spectrum.weights if form in ("lowrank", "iso") else None
        return Source(text, "short form", spectrum.eigenvalues, weights)
    path = Path(text)
    if path.suffix.lower() not in _SUFFIXES:
        known = f"a file that ends in {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}"
        raise InputError(f"{option}: {text!r} is not allowed, must be {known}, or one of {SHORT_FORMS}")
    try:
        content = _content(path)
        array, half, epsilon = _from_npy(path) if path.suffix.lower() == ".npy" else _from_text(content)
    except InputError as error:
        raise InputError(f"{option}: {text}: {error}") from None
    except OSError as error:
        raise InputError(f"{option}: {text}: {error.strerror or error}") from None
    digest = hashlib.sha256(content).hexdigest()
    if array.ndim == 2 and array.shape[0] == array.shape[1] > 1:
        return Source(text, "covariance", array, sha256=digest, half_unit=half, epsilon=epsilon)
    if array.size == 0 or array.ndim not in (1, 2) or (array.ndim == 2 and min(array.shape) > 1):
        shape = " x ".join(map(str, array.shape)) or "a single number"
        raise InputError(f"{option}: {text}: {shape} is neither a square covariance nor a column of eigenvalues")
    return Source(text, "eigenvalues", array.reshape(-1), sha256=digest, half_unit=half, epsilon=epsilon)


def _content(path: Path) -> bytes:
    """The bytes of a regular file that is not too large to read.

    Raises:
        InputError: it is something else, or empty.
        OSError: it cannot be read.
    """
    # opening a pipe would wait for its writer
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise InputError("Is a directory")
        if not stat.S_ISREG(found.st_mode):
            raise InputError("not a regular file, save what it gives in one")
        if path.suffix.lower() != ".npy" and found.st_size > _MOST_TEXT:
            raise InputError(f"{found.st_size} bytes of text are too many, at most {_MOST_TEXT}; save it as .npy")
        content = file.read(found.st_size)
    if not content.strip():
        raise InputError("the file is empty")
    return content


def _from_npy(path: Path) -> tuple[np.ndarray, float, float]:
    """The array; no digits of text; and the rounding error of its type, 0 where double precision has no smaller one."""
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise InputError("is an archive of arrays (.npz), must hold one: numpy.save")
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")  # a header may promise more than there is
    except (ValueError, EOFError, SyntaxError, MemoryError, OverflowError, TypeError) as error:
        if "Array can't be memory-mapped" in str(error) or "allow_pickle=False" in str(error):
            raise InputError("holds Python objects (a pickle), which are not read") from None
        raise InputError(f"not a .npy file that NumPy can read: {' '.join(str(error).split())[:200]}") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"holds entries of type {array.dtype}, must be real numbers")
    values = np.array(array, dtype=np.float64)
    coarse = array.dtype.kind == "f" and array.dtype.itemsize < 8
    return values, 0.0, float(np.finfo(array.dtype).eps) if coarse else 0.0


def _from_text(content: bytes) -> tuple[np.ndarray, float, float]:
    table = read_table(content)
    return np.array(table.values), table.half_unit, float(np.finfo(np.float32).eps) if table.is_single else 0.0


# --- short forms ----------------------------------------------------------------------------------------------
def _arguments(option: str, given: list[str], least: int, most: int) -> list[str | None]:
    if not least <= len(given) <= most:
        raise InputError(f"{option}: must be one of {SHORT_FORMS}")
    return [*given, *[None] * (most - len(given))]


def _trace(option: str, text: str | None) -> float:
    return 1.0 if text is None else number(option, text)


def _size(option: str, text: str | None, size: int | None) -> int:
    return (size or DEFAULT_SIZE) if text is None else whole(option, text, 1)


def _power(option: str, given: list[str], size: int | None) -> Spectrum:
    exponent, d, trace = _arguments(option, given, 1, 3)
    return Spectrum.power_law(_size(option, d, size), number(option, exponent or ""), _trace(option, trace))


def _lowrank(option: str, given: list[str], size: int | None) -> Spectrum:
    fraction, trace = _arguments(option, given, 1, 2)
    return Spectrum.low_rank(number(option, fraction or ""), _trace(option, trace))


def _iso(option: str, given: list[str], size: int | None) -> Spectrum:
    return Spectrum.isotropic(_trace(option, *_arguments(option, given, 0, 1)))


def _spike(option: str, given: list[str], size: int | None) -> Spectrum:
    index, mix, d, trace = _arguments(option, given, 1, 4)
    share = 0.0 if mix is None else number(option, mix)
    return Spectrum.spiked(_size(option, d, size), whole(option, index or "", 0), share, _trace(option, trace))


_FORMS: dict[str, Callable[[str, list[str], int | None], Spectrum]] = {
    "power": _power,
    "lowrank": _lowrank,
    "iso": _iso,
    "spike": _spike,
}


def renamed(option: str, text: str, error: InputError) -> str:
    """The library's message, with the option and the file in place of the argument's name."""
    why = str(error).partition(": ")[2] or str(error)
    why = why.replace("give a larger tolerance", "give a larger --tolerance")
    return f"{option}: {text}: {why}"
