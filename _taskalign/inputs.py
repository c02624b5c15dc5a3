"""What the command line takes: numbers and ranges of numbers, and task covariances from files or short forms."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taskalign.numerics import InputError, Spectrum
from taskalign.numerics.alignment import align

#: eigenvalues of a short form where nothing else says how many
DEFAULT_SIZE = 128
#: most points of a range, and of a product of ranges
MOST_POINTS = 1_000_000

SHORT_FORMS = "power:EXPONENT[:D[:TRACE]], lowrank:FRACTION[:TRACE], iso[:TRACE], spike:INDEX[:MIX[:D[:TRACE]]]"
_SUFFIXES = (".npy", ".csv", ".txt")


# --- numbers ------------------------------------------------------------------------------------------------
def number(option: str, text: str) -> float:
    """One number.

    Raises:
        InputError: naming the option.
    """
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} is not a number") from None


def numbers(option: str, text: str) -> float | np.ndarray:
    """One number, or the points of a range `START:STOP:COUNT` or `START:STOP:COUNT:log`, ends included.

    Raises:
        InputError: naming the option.
    """
    if ":" not in text:
        return number(option, text)
    start, *rest = text.split(":")
    if len(rest) not in (2, 3) or rest[2:] not in ([], ["log"]):
        raise InputError(f"{option}: {text!r} is no range, must be START:STOP:COUNT or START:STOP:COUNT:log")
    first, last = number(option, start), number(option, rest[0])
    count = _whole(option, rest[1], 1)
    if count > MOST_POINTS:
        raise InputError(f"{option}: {count} points are too many, at most {MOST_POINTS}")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise InputError(f"{option}: the ends of {text!r} must be finite")
    if len(rest) == 2:
        return np.linspace(first, last, count)
    if min(first, last) <= 0:
        raise InputError(f"{option}: the ends of the logarithmic range {text!r} must be > 0")
    return np.geomspace(first, last, count)


def _whole(option: str, text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} is not a whole number") from None
    if value < least:
        raise InputError(f"{option}: {value} is not allowed, must be a whole number >= {least}")
    return value


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
    """

    text: str
    kind: str
    values: np.ndarray
    weights: np.ndarray | None = None
    sha256: str | None = None


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
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{option}: {text}: {error.strerror or error}") from None
    if not content.strip():
        raise InputError(f"{option}: {text}: the file is empty")
    array = _from_npy(option, path) if path.suffix.lower() == ".npy" else _from_text(option, path, content)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{option}: {text}: holds {array.dtype} numbers, must be real")
    array = array.astype(np.float64)
    digest = hashlib.sha256(content).hexdigest()
    if array.ndim == 2 and array.shape[0] == array.shape[1] > 1:
        return Source(text, "covariance", array, sha256=digest)
    if array.size == 0 or array.ndim not in (1, 2) or (array.ndim == 2 and min(array.shape) > 1):
        shape = " x ".join(map(str, array.shape)) or "a single number"
        raise InputError(f"{option}: {text}: {shape} is neither a square covariance nor a column of eigenvalues")
    return Source(text, "eigenvalues", array.reshape(-1), sha256=digest)


def _from_npy(option: str, path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        why = "holds Python objects (a pickle), which are not read" if "allow_pickle" in str(error) else str(error)
        raise InputError(f"{option}: {path}: {' '.join(why.split())}") from None


def _from_text(option: str, path: Path, content: bytes) -> np.ndarray:
    """Rows of numbers, separated by commas, semicolons or blanks; a first line without numbers is a header."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{option}: {path}: not a text file") from None
    rows: list[list[float]] = []
    skipped = 0
    for place, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        fields = re.split(r"\s*[,;]\s*|\s+", text)
        wrong = next((field for field in fields if not _is_number(field)), None)
        if wrong is not None and not rows and not skipped and not any(map(_is_number, fields)):
            skipped = 1
            continue
        if wrong is not None:
            raise InputError(f"{option}: {path}: line {place}: {wrong!r} is not a number")
        if rows and len(fields) != len(rows[0]):
            raise InputError(f"{option}: {path}: line {place} holds {len(fields)} numbers, the first {len(rows[0])}")
        rows.append([float(field) for field in fields])
    if not rows:
        raise InputError(f"{option}: {path}: holds no numbers")
    return np.array(rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- short forms ----------------------------------------------------------------------------------------------
def _arguments(option: str, given: list[str], least: int, most: int) -> list[str | None]:
    if not least <= len(given) <= most:
        raise InputError(f"{option}: must be one of {SHORT_FORMS}")
    return [*given, *[None] * (most - len(given))]


def _trace(option: str, text: str | None) -> float:
    return 1.0 if text is None else number(option, text)


def _size(option: str, text: str | None, size: int | None) -> int:
    return (size or DEFAULT_SIZE) if text is None else _whole(option, text, 1)


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
    return Spectrum.spiked(_size(option, d, size), _whole(option, index or "", 0), share, _trace(option, trace))


_FORMS: dict[str, Callable[[str, list[str], int | None], Spectrum]] = {
    "power": _power,
    "lowrank": _lowrank,
    "iso": _iso,
    "spike": _spike,
}


def _under(option: str, text: str, error: InputError) -> str:
    """The library's message, with the option and the file in place of the argument's name."""
    why = str(error).partition(": ")[2] or str(error)
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


def tasks(train: str, test: str | None) -> Tasks:
    """Read `--train` and `--test`.

    A test given as eigenvalues is laid along the eigenvectors of C_train: entry by entry where C_train is a list too,
    from its largest eigenvalue down where it is a matrix or where the test is a short form. Without a test, the
    test tasks are distributed as the training tasks.

    Raises:
        InputError: naming the option.
    """
    train_source = read("--train", train)
    spectrum = spectrum_of("--train", train_source)
    if test is None:
        C = train_source.values if train_source.kind == "covariance" else None
        values = spectrum.eigenvalues
        return Tasks(spectrum, values, values, spectrum.weights, C, C, train_source, None)
    listed = train_source.weights is None
    test_source = read("--test", test, spectrum.size if listed else None)
    if test_source.kind == "covariance":
        if train_source.kind != "covariance":
            raise InputError("--test: a matrix needs a --train that is a matrix too, with eigenvectors to see it along")
        return _aligned(train_source, test_source)
    values = test_source.values
    _check_entries(test_source)
    weights = np.full(values.size, 1 / values.size) if test_source.weights is None else test_source.weights
    if not listed or test_source.weights is not None:
        along = laid(_falling(spectrum), spectrum.weights, values, weights)
    elif values.size == spectrum.size:
        along = _in_order(spectrum, train_source, test_source)
    else:
        raise InputError(f"--test: {test}: {values.size} eigenvalues do not fit the {spectrum.size} of --train {train}")
    return Tasks(spectrum, along, values, weights, None, None, train_source, test_source)


def spectrum_of(option: str, source: Source) -> Spectrum:
    """The spectrum of a covariance, or of its eigenvalues.

    Raises:
        InputError: naming the option.
    """
    try:
        if source.kind == "covariance":
            return Spectrum.from_covariance(source.values)
        return Spectrum(source.values, source.weights)
    except InputError as error:
        raise InputError(_under(option, source.text, error)) from None


def _aligned(train: Source, test: Source) -> Tasks:
    try:
        spectrum, along = align(train.values, test.values)
    except InputError as error:
        raise InputError(_under("--test", test.text, error)) from None
    own = Spectrum.from_covariance(test.values).eigenvalues if test.values.any() else np.zeros(spectrum.size)
    return Tasks(spectrum, along, own, np.full(own.size, 1 / own.size), train.values, test.values, train, test)


def _check_entries(source: Source) -> None:
    wrong = ~(np.isfinite(source.values) & (source.values >= 0))
    if wrong.any():
        place = int(np.argmax(wrong))
        value = float(source.values[place])
        raise InputError(f"--test: {source.text}: {value!r} at index {place} is not allowed, must be finite and >= 0")


def _falling(spectrum: Spectrum) -> np.ndarray:
    """Places of the eigenvalues, the largest first."""
    return np.argsort(-spectrum.eigenvalues, kind="stable")


def _in_order(spectrum: Spectrum, train: Source, test: Source) -> np.ndarray:
    if train.kind != "covariance" and test.kind != "short form":
        return test.values
    return laid(_falling(spectrum), spectrum.weights, test.values, spectrum.weights)


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
