"""One look at vectors of eigenvalues: whether they are allowed, their mean, and where their weight lies."""

from __future__ import annotations

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from .arrays import Array, is_known, is_large, within
from .rows import in_threads, rows_of


class Census(NamedTuple):
    """What was found in allowed vectors; arrays of the batch shape."""

    #: mean of the entries, by their weights
    mean: Array
    #: share of the weight on entries above zero
    support: Array
    #: share of the weight on zeros
    null: Array


def census(values: Array, multiplicities: Array) -> Census | None:
    """Look at vectors `(..., d)`; None if an entry is negative or not finite.

    The multiplicities have the same shape and need not sum to one.
    """
    if is_large(values):
        wrong, total, support, null = _compiled(values, multiplicities)
        if (wrong > 0).any():
            return None
    else:
        if is_known(values) and not within(values, strictly=False):
            return None
        # a sum that overflows is infinite, and refused by the caller
        with np.errstate(over="ignore") if is_known(values) else nullcontext():
            sums = [(multiplicities * entries).sum(-1) for entries in (values, values > 0, values == 0)]
        total, support, null = sums
    weight = support + null
    return Census(total / weight, support / weight, null / weight)


def _compiled(values: np.ndarray, multiplicities: np.ndarray) -> list[np.ndarray]:
    """Number of entries that are not allowed, sum of all, and weights above zero and at zero; in one pass."""
    from .kernel import census_points

    batch = values.shape[:-1]
    (vectors, row), (weights, weight_row) = (rows_of(x, batch) for x in (values, multiplicities))
    out = np.empty((4, len(row)))

    def work(first: int, last: int) -> None:
        census_points(vectors, weights, row, weight_row, first, last, out)  # pyright: ignore[reportCallIssue]

    in_threads(work, len(row), values.shape[-1])
    return [column.reshape(batch) for column in out]
