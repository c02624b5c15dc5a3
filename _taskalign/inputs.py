"""Task covariances as the command line takes them: files and short forms."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taskalign.console import note
from taskalign.numerics import InputError, Spectrum
from taskalign.numerics.alignment import align
from taskalign.tables import read_table
from taskalign.values import number, numbers, whole  # noqa: F401 (commands take `numbers` from here)

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
        epsilon: rounding error of the floating type of a file, where that is not double precision or better.
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
            raise InputError(_under(option, text, error)) from None
        # these two are shares of directions, not a list of them
        weights = spectrum.weights if form in ("lowrank", "iso") else None
        return Source(text, "short form", spectrum.eigenvalues, weights)
    path = Path(text)
    if path.suffix.lower() not in _SUFFIXES:
        known = f"a file that ends in {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}"
        raise InputError(f"{option}: {text!r} is not allowed, must be {known}, or one of {SHORT_FORMS}")
    try:
        content = _content(path)
        array, half, epsilon = _from_npy(path) if path.suffix.lower() == ".npy" else (*_from_text(content), 0.0)
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


def _from_text(content: bytes) -> tuple[np.ndarray, float]:
    table = read_table(content)
    return np.array(table.values), table.half_unit


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


def _under(option: str, text: str, error: InputError) -> str:
    """The library's message, with the option and the file in place of the argument's name."""
    why = str(error).partition(": ")[2] or str(error)
    why = why.replace("give a larger tolerance", "give a larger --tolerance")
    return f"{option}: {text}: {why}"


# --- both covariances -------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Tasks:
    """Pretraining and test tasks, the latter seen along the eigenvectors of the former.

    Attributes:
        spectrum: of C_train.
        test: of C_test along C_train's eigenvectors, shape `(d,)`.
        test_spectrum: eigenvalues of C_test itself.
        test_weights: their weights, sum one.
        C_train, C_test: the matrices; None where only spectra were given.
        train_source, test_source: where they came from; no test source where the test tasks are the training ones.
    """

    spectrum: Spectrum
    test: np.ndarray
    test_spectrum: np.ndarray
    test_weights: np.ndarray
    C_train: np.ndarray | None
    C_test: np.ndarray | None
    train_source: Source
    test_source: Source | None


def tasks(train: str, test: str | None, tolerance: float | None = None) -> Tasks:
    """Read `--train` and `--test`.

    A test given as eigenvalues is laid along the eigenvectors of C_train: entry by entry where C_train is a list too,
    from its largest eigenvalue down where it is a matrix or where the test is a short form. Without a test, the
    test tasks are distributed as the training tasks.

    Args:
        train, test: files or short forms.
        tolerance: as in `spectrum_of`.

    Raises:
        InputError: naming the option.
    """
    train_source = read("--train", train)
    spectrum = spectrum_of("--train", train_source, tolerance)
    if test is None:
        C = _even(train_source) if train_source.kind == "covariance" else None
        values = spectrum.eigenvalues
        return Tasks(spectrum, values, values, spectrum.weights, C, C, train_source, None)
    listed = train_source.weights is None
    test_source = read("--test", test, spectrum.size if listed else None)
    if test_source.kind == "covariance":
        if train_source.kind != "covariance":
            raise InputError("--test: a matrix needs a --train that is a matrix too, with eigenvectors to see it along")
        along, own = along_matrix(train_source, test_source, tolerance)
        weights = np.full(own.size, 1 / own.size)
        return Tasks(spectrum, along, own, weights, _even(train_source), _even(test_source), train_source, test_source)
    values = eigenvalues_of("--test", test_source, tolerance)
    weights = np.full(values.size, 1 / values.size) if test_source.weights is None else test_source.weights
    if not listed or test_source.weights is not None:
        along = laid(_falling(spectrum), spectrum.weights, values, weights)
    elif values.size == spectrum.size:
        along = _in_order(spectrum, train_source, test_source, values)
    else:
        raise InputError(f"--test: {test}: {values.size} eigenvalues do not fit the {spectrum.size} of --train {train}")
    return Tasks(spectrum, along, values, weights, None, None, train_source, test_source)


def spectrum_of(option: str, source: Source, tolerance: float | None = None) -> Spectrum:
    """The spectrum of a covariance, or of its eigenvalues.

    Args:
        option: named in errors.
        source: what it is made from.
        tolerance: what rounding did, relative to the largest eigenvalue, as in `Spectrum`. If not given, rounding in
            double precision; where the source then is no covariance, but its digits allow for it, what they allow.
            Eigenvalues of a matrix that its digits do not tell apart are one atom.

    Raises:
        InputError: naming the option.
    """
    given, allowed = _tolerance(option, source, tolerance)
    found = _made(source, given)
    if source.kind == "covariance" and tolerance is None and allowed > found.tolerance:
        return Spectrum(found.eigenvalues, tolerance=allowed)
    return found


def eigenvalues_of(option: str, source: Source, tolerance: float | None = None) -> np.ndarray:
    """The eigenvalues of test tasks, which may all be zero; without what rounding did.

    Raises:
        InputError: as in `spectrum_of`.
    """
    if not source.values.any():
        return np.zeros(len(source.values))
    return spectrum_of(option, source, tolerance).eigenvalues


def along_matrix(train: Source, test: Source, tolerance: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A test covariance along the eigenvectors of another, and its own eigenvalues.

    Raises:
        InputError: as in `spectrum_of`, naming `--test`.
    """
    own = eigenvalues_of("--test", test, tolerance)
    given, _ = _tolerance("--train", train, tolerance, quiet=True)
    C_test = test.values
    used = _tolerance("--test", test, tolerance, quiet=True)[0] if C_test.any() else None
    if used is not None:  # as far as it is a covariance
        clean = Spectrum.from_covariance(C_test, used)
        C_test = (clean.eigenvectors * clean.eigenvalues) @ clean.eigenvectors.T
    try:
        return align(train.values, C_test, given).test, own
    except InputError as error:
        raise InputError(_under("--test", test.text, error)) from None


def _made(source: Source, tolerance: float | None) -> Spectrum:
    if source.kind == "covariance":
        return Spectrum.from_covariance(source.values, tolerance)
    return Spectrum(source.values, source.weights, tolerance=0.0 if source.kind == "short form" else tolerance)


def _tolerance(
    option: str, source: Source, tolerance: float | None, *, quiet: bool = False
) -> tuple[float | None, float]:
    """The tolerance to make a spectrum with, None for the default; and what the digits of the source allow.

    Rounding shows as an asymmetry or a negative eigenvalue; then eigenvalues that are not clearly larger are zeros.

    Raises:
        InputError: naming the option; the source is no covariance within the tolerance.
    """
    if (source.half_unit == 0 and source.epsilon == 0) or tolerance is not None:
        try:
            _made(source, tolerance)
        except InputError as error:
            raise InputError(_under(option, source.text, error)) from None
        return tolerance, 0.0
    matrix = source.kind == "covariance"
    values = np.linalg.eigvalsh(_even(source)) if matrix else source.values
    largest, lowest = float(values.max()), float(values.min())
    allowed = len(values) * (source.half_unit / largest + source.epsilon) if largest > 0 else 0.0
    try:
        _made(source, None)
    except InputError as error:
        asymmetry = float(np.abs(source.values - source.values.T).max()) if matrix else 0.0
        seen = max(asymmetry, -lowest) / largest if largest > 0 else np.inf
        if not seen <= allowed < 1:
            raise InputError(_under(option, source.text, error)) from None
        used = min(2 * seen, allowed)
        if not quiet:
            zeros = int((values <= used * largest).sum())
            note(
                f"{option}: {source.text}: its digits were rounded: {seen:.2g} of the largest eigenvalue (it may be"
                f" {allowed:.2g}); {zeros} eigenvalues up to {used:.2g} of it are taken as zero; --tolerance sets this"
            )
        return used, allowed
    return None, allowed


def _even(source: Source) -> np.ndarray:
    """The symmetric part of a matrix."""
    return source.values / 2 + source.values.T / 2


def _falling(spectrum: Spectrum) -> np.ndarray:
    """Places of the eigenvalues, the largest first."""
    return np.argsort(-spectrum.eigenvalues, kind="stable")


def _in_order(spectrum: Spectrum, train: Source, test: Source, values: np.ndarray) -> np.ndarray:
    if train.kind != "covariance" and test.kind != "short form":
        return values
    return laid(_falling(spectrum), spectrum.weights, values, spectrum.weights)


def laid(order: np.ndarray, weights: np.ndarray, values: np.ndarray, value_weights: np.ndarray) -> np.ndarray:
    """Lay `values`, as listed, along directions taken in `order`.

    Where directions and values come in shares of different sizes, a direction gets the mean of what falls on it.

    Args:
        order: places of the directions, shape `(d,)`.
        weights: share of each direction, shape `(d,)`, sum one.
        values: shape `(m,)`.
        value_weights: their shares, shape `(m,)`, sum one.

    Returns:
        what each direction gets, shape `(d,)`.
    """
    along = np.empty(len(order))
    if values.size == 1:
        along[:] = values[0]
    elif values.size == len(order) and np.allclose(weights[order], value_weights, rtol=1e-12, atol=0):
        along[order] = values
    else:
        edges = np.concatenate([[0.0], np.cumsum(value_weights)])
        mass = np.concatenate([[0.0], np.cumsum(value_weights * values)])
        bounds = np.concatenate([[0.0], np.cumsum(weights[order])])
        along[order] = np.clip(np.diff(np.interp(bounds, edges, mass)) / weights[order], 0.0, None)
    return along
