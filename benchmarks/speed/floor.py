"""The floor: one plain fused pass over points x eigenvalues, with one division a term (r1) or one for four (r4)."""

from __future__ import annotations

import numpy as np
from measuring import least
from numba import njit

_compile = njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


@_compile
def _r1(c, t, out):
    for k in range(t.size):
        row, at, total = c[k % c.shape[0]], t[k], 0.0
        for i in range(row.size):
            total += row[i] / (row[i] + at)
        out[k] = total


@_compile
def _r4(c, t, out):
    for k in range(t.size):
        row, at, total = c[k % c.shape[0]], t[k], 0.0
        quarter = row.size // 4
        for i in range(quarter):
            c1, c2, c3, c4 = row[i], row[i + quarter], row[i + 2 * quarter], row[i + 3 * quarter]
            d1, d2, d3, d4 = c1 + at, c2 + at, c3 + at, c4 + at
            first, second = d1 * d2, d3 * d4
            total += ((c1 * d2 + c2 * d1) * second + (c3 * d4 + c4 * d3) * first) / (first * second)
        for i in range(4 * quarter, row.size):
            total += row[i] / (row[i] + at)
        out[k] = total


def floor(eigenvalues: np.ndarray, t: np.ndarray) -> dict[str, float]:
    """Seconds of a pass of each kind, on one processor.

    Args:
        eigenvalues: rows of eigenvalues, taken in turn.
        t: a number for each point.
    """
    out = np.empty_like(t)
    return {name: least(lambda f=f: f(eigenvalues, t, out)) for name, f in (("r1", _r1), ("r4", _r4))}
