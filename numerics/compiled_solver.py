"""NumPy arrays to the compiled kernel and back, and what to do when it fails."""

from __future__ import annotations

import math

import numpy as np

from .arrays import Array
from .compress import ROUNDING, compress, pays
from .errors import ConvergenceError
from .kernel import COLUMNS, MAX_PASSES, PARAMETERS, misalignment_points, solve_points
from .rows import flat, in_threads, rows_of
from .spectrum import Spectrum


def solve_columns(spectrum: Spectrum, values: dict[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Columns of the solution, each of the broadcast shape of the parameters and the spectra.

    Raises:
        ConvergenceError: a point did not arrive, with its parameters and its residual.
    """
    dtype = np.result_type(spectrum.eigenvalues.dtype, *(v.dtype for v in values.values() if v.ndim))
    listed = (spectrum.eigenvalues, spectrum.weights)
    if not spectrum.batch_shape and pays(math.prod(shape), spectrum.size):
        listed = spectrum.nodes
    (eigenvalues, row), (weights, weight_row) = (rows_of(vectors, shape) for vectors in listed)
    scalars = {"null_weight": spectrum.null_weight, "rank_fraction": spectrum.rank_fraction, "c_train": spectrum.trace}
    points = {name: flat(value, shape) for name, value in (values | scalars).items()}
    vectors, rows = (eigenvalues, weights), (row, weight_row)
    parameters = tuple(points[name] for name in PARAMETERS)
    out = np.empty((len(COLUMNS), row.size))

    def work(first: int, last: int) -> None:
        solve_points(vectors, rows, parameters, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, row.size, eigenvalues.shape[-1])
    columns = dict(zip(COLUMNS, out, strict=True))
    residual = columns.pop("residual")
    failed = (columns["passes"] > MAX_PASSES) | ~np.isfinite(out).all(axis=0)
    if failed.any():
        k = int(np.argmax(failed))
        where = ", ".join(f"{name}={float(points[name][k])!r}" for name in values)
        raise ConvergenceError(
            f"Halley's iteration in t did not arrive at {where}: last relative step {residual[k]:.3g};"
            " it is likely beyond the range of double precision: rescale the eigenvalues, and rho and ridge with them,"
            " or try taskalign.numerics.precise"
        )
    passes = columns.pop("passes").astype(np.int64)
    shaped = {name: column.reshape(shape).astype(dtype, copy=False)[()] for name, column in columns.items()}
    return shaped | {"passes": passes.reshape(shape)[()]}


def misalignment(
    spectrum: Spectrum, test: Array, columns: tuple[Array, ...], shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """Means of test x K and of test over the spectrum at every point; `columns` are a, sigma, A, B of the solution."""
    listed = (spectrum.eigenvalues, spectrum.weights, test)
    if not spectrum.batch_shape and test.ndim == 1 and test.any() and pays(math.prod(shape), spectrum.size):
        nodes, shares = compress(spectrum.eigenvalues, spectrum.weights * test, ROUNDING)
        listed = (nodes, shares, np.ones_like(nodes))
    vectors, rows = zip(*(rows_of(v, shape) for v in listed), strict=True)
    parts = tuple(flat(x, shape) for x in columns)
    out = np.empty((2, math.prod(shape)))

    def work(first: int, last: int) -> None:
        misalignment_points(vectors, rows, parts, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, out.shape[1], vectors[0].shape[-1])
    found, c_test = (row.reshape(shape)[()] for row in out)
    return found, c_test
