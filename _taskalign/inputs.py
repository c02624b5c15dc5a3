"""Task covariances as the command line takes them, the one seen along the eigenvectors of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskalign.console import note
from taskalign.numerics import InputError, Spectrum
from taskalign.numerics.alignment import align, coupled_in_order
from taskalign.sources import Source, named, read, renamed  # noqa: F401 (commands take `named` from here)


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

    A test given as eigenvalues goes with the eigenvectors of C_train: entry by entry where C_train is a list too,
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
        along = _from_the_top(spectrum, values, weights)
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
        raise InputError(renamed("--test", test.text, error)) from None


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
            raise InputError(renamed(option, source.text, error)) from None
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
            raise InputError(renamed(option, source.text, error)) from None
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


def _from_the_top(spectrum: Spectrum, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values with their shares, in the order that they are listed in, along the eigenvectors from the top down."""
    order = np.argsort(-spectrum.eigenvalues, kind="stable")
    return coupled_in_order(order, spectrum.weights, values, weights)


def _in_order(spectrum: Spectrum, train: Source, test: Source, values: np.ndarray) -> np.ndarray:
    if train.kind != "covariance" and test.kind != "short form":
        return values
    return _from_the_top(spectrum, values, spectrum.weights)
