"""NumPy arrays to the compiled kernel and back: broadcasting, threads, and what to do when it fails."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np

from .arrays import Array
from .compress import ROUNDING, compress, pays
from .errors import ConvergenceError
from .kernel import COLUMNS, MAX_PASSES, PARAMETERS, census_points, misalignment_points, solve_points
from .spectrum import Spectrum

#: below this many points x eigenvalues, a second thread costs more than it saves
_WORTH_A_THREAD = 50_000

#: most threads of one call, for callers that have many calls at once; None for all processors
most_threads: ContextVar[int | None] = ContextVar("most_threads", default=None)


def rows_of(values: Array, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A batch of vectors `(*batch, d)` as rows `(n, d)`, and the row of each point of the flattened `shape`.

    Vectors that are one in memory, as a broadcast makes them, are one row.
    """
    kept = tuple(slice(None) if stride else slice(0, 1) for stride in values.strides[:-1])
    distinct = values[kept] if values.size else values
    batch = distinct.shape[:-1]
    rows = np.ascontiguousarray(distinct, dtype=np.float64).reshape(-1, values.shape[-1])
    if not rows.flags.writeable:  # the kernel is compiled for one kind of array alone
        rows = rows.copy()
    return rows, np.array(np.broadcast_to(np.arange(len(rows)).reshape(batch), shape)).ravel()


def _flat(value: Array, shape: tuple[int, ...]) -> np.ndarray:
    """One number for each point of the flattened shape."""
    return np.array(np.broadcast_to(value, shape), dtype=np.float64).ravel()


def in_threads(work: Callable[[int, int], None], points: int, cost: int) -> None:
    """Call `work(first, last)` on equal shares of the points, on all processors where that pays."""
    threads = max(1, min(most_threads.get() or os.cpu_count() or 1, points, points * cost // _WORTH_A_THREAD))
    if threads == 1:
        work(0, points)
        return
    bounds = [points * k // threads for k in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


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
    points = {name: _flat(value, shape) for name, value in (values | scalars).items()}
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
            " the parameters are likely beyond the range of double precision, try taskalign.numerics.precise"
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
    flat = tuple(_flat(x, shape) for x in columns)
    out = np.empty((2, math.prod(shape)))

    def work(first: int, last: int) -> None:
        misalignment_points(vectors, rows, flat, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, out.shape[1], vectors[0].shape[-1])
    found, c_test = (row.reshape(shape)[()] for row in out)
    return found, c_test


def census_of_rows(values: np.ndarray, multiplicities: np.ndarray) -> tuple[bool, *tuple[np.ndarray, ...]]:
    """Whether all entries of `(*batch, d)` are finite and not negative; sums of all, of the support and of the rest."""
    batch = values.shape[:-1]
    vectors, row = rows_of(values, batch)
    weights, weight_row = rows_of(multiplicities, batch)
    out = np.empty((4, len(row)))

    def work(first: int, last: int) -> None:
        census_points(vectors, weights, row, weight_row, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, len(row), values.shape[-1])
    wrong, *sums = (column.reshape(batch) for column in out)
    return bool((wrong == 0.0).all()), *sums
