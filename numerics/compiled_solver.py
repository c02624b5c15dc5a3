"""NumPy arrays to the compiled kernel and back: broadcasting, threads, and what to do when it fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import numpy as np

from .arrays import Array
from .errors import ConvergenceError
from .kernel import COLUMNS, MAX_PASSES, misalignment_points, solve_points
from .spectrum import Spectrum

#: below this many points x eigenvalues, a second thread costs more than it saves
_WORTH_A_THREAD = 50_000

#: most threads of one call, for callers that have many calls at once; None for all processors
most_threads: ContextVar[int | None] = ContextVar("most_threads", default=None)


def rows_of(values: Array, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A batch of vectors `(*batch, d)` as rows `(n, d)`, and the row of each point of the flattened `shape`."""
    batch = values.shape[:-1]
    rows = np.ascontiguousarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
    index = np.broadcast_to(np.arange(len(rows)).reshape(batch), shape).ravel()
    return rows, np.ascontiguousarray(index)


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
    flat = {
        name: np.ascontiguousarray(np.broadcast_to(value, shape), dtype=np.float64).ravel()
        for name, value in values.items()
    }
    eigenvalues, row = rows_of(spectrum.eigenvalues, shape)
    weights = rows_of(np.where(spectrum.eigenvalues > 0, spectrum.weights, 0.0), shape)[0]
    per_spectrum = [
        np.asarray(value, dtype=np.float64).ravel()
        for value in (spectrum.null_weight, spectrum.rank_fraction, spectrum.trace)
    ]
    parameters = [flat[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")]
    arguments: list[Any] = [eigenvalues, weights, *per_spectrum, row, *parameters]
    out = np.empty((len(COLUMNS), row.size))

    def work(first: int, last: int) -> None:
        solve_points(*arguments, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, row.size, spectrum.size)
    columns = dict(zip(COLUMNS, out, strict=True))
    residual = columns.pop("residual")
    failed = (columns["passes"] > MAX_PASSES) | ~np.isfinite(out).all(axis=0)
    if failed.any():
        k = int(np.argmax(failed))
        where = ", ".join(f"{name}={float(values_[k])!r}" for name, values_ in flat.items())
        raise ConvergenceError(
            f"Newton's iteration in t did not arrive at {where}: last relative step {residual[k]:.3g};"
            " the parameters are likely beyond the range of double precision, try taskalign.numerics.precise"
        )
    passes = columns.pop("passes").astype(np.int64)
    shaped = {name: column.reshape(shape).astype(dtype, copy=False)[()] for name, column in columns.items()}
    return shaped | {"passes": passes.reshape(shape)[()]}


def misalignment(spectrum: Spectrum, test: Array, columns: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Mean of test x K over the spectrum for every point; `columns` are a, sigma, A, B of the fixed point."""
    eigenvalues, row = rows_of(spectrum.eigenvalues, shape)
    weights = rows_of(spectrum.weights, shape)[0]
    gamma, test_row = rows_of(test, shape)
    flat = [np.ascontiguousarray(np.broadcast_to(column, shape), dtype=np.float64).ravel() for column in columns]
    arguments: list[Any] = [eigenvalues, weights, gamma, row, test_row, *flat]
    out = np.empty(row.size)

    def work(first: int, last: int) -> None:
        misalignment_points(*arguments, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, row.size, spectrum.size)
    return out.reshape(shape)[()]
