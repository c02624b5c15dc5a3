"""One look at vectors of eigenvalues: whether they are allowed, their mean, and where their weight lies."""

from __future__ import annotations

from typing import NamedTuple

from .arrays import Array, is_large, within


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
        from .compiled_solver import census_of_rows

        good, total, support, null = census_of_rows(values, multiplicities)
        if not good:
            return None
    else:
        if not within(values, strictly=False):
            return None
        total, support, null = ((multiplicities * entries).sum(-1) for entries in (values, values > 0, values == 0))
    weight = support + null
    return Census(total / weight, support / weight, null / weight)
