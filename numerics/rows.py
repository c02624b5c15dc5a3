"""Batches of vectors as rows for the compiled kernel, and threads over them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np

from .arrays import Array

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
    if not rows.flags.writeable:  # the kernel, which writes to none, is compiled for one kind of array alone
        owner = rows.base if isinstance(rows.base, np.ndarray) else rows
        whole = owner.flags.writeable and owner.flags.c_contiguous
        whole = whole and (owner.size, owner.dtype) == (rows.size, rows.dtype)
        rows = owner.reshape(rows.shape) if whole else rows.copy()
    return rows, np.array(np.broadcast_to(np.arange(len(rows)).reshape(batch), shape)).ravel()


def flat(value: Array, shape: tuple[int, ...]) -> np.ndarray:
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
