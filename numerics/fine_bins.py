r"""A long list of eigenvalues as four nodes in each of many narrow bins: one compiled pass, without sorting.

Thirty-two bins an octave, told by the leading bits of the number; the bits behind are the place $u \in [-1, 1)$ in the
bin. The pass adds up the moments of u to order seven, and the modified Chebyshev algorithm makes of them Gauss's rule
with four nodes. Poles on the negative axis are at $|u| > 63$, so the rule errs by less than $10^{-16}$.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre

from .jit import jit

#: leading bits of the mantissa that tell the bins of an octave apart
_BITS = 5
_SHIFT = 52 - _BITS
_REST = np.int64((1 << _SHIFT) - 1)
_TO_UNIT = 2.0 ** (1 - _SHIFT)
_NODES = 4
#: so many numbers are added up at a time, which keeps the rounding of long sums small
_CHUNK = 4096
#: a squared distance of nodes below this, in units of a bin, is none
_NO_SPREAD = 1e-12

#: monomials to Legendre polynomials
_LEGENDRE = np.zeros((2 * _NODES, 2 * _NODES))
for _order in range(2 * _NODES):
    _LEGENDRE[_order, : _order + 1] = legendre.leg2poly([0] * _order + [1])


@jit(fastmath={"contract"})
def _add_moments(values, weights, first_bin, table):
    """Add the moments of u in each bin to its row."""
    bits = values.view(np.int64)
    part = np.zeros_like(table)
    for start in range(0, values.size, _CHUNK):
        lowest, highest = table.shape[0], -1
        for i in range(start, min(start + _CHUNK, values.size)):
            k = (bits[i] >> _SHIFT) - first_bin
            lowest, highest = min(lowest, k), max(highest, k)
            u = (bits[i] & _REST) * _TO_UNIT - 1.0
            square = u * u
            w = weights[i]
            w2 = w * square
            w4 = w2 * square
            w6 = w4 * square
            row = part[k]
            row[0] += w
            row[1] += w * u
            row[2] += w2
            row[3] += w2 * u
            row[4] += w4
            row[5] += w4 * u
            row[6] += w6
            row[7] += w6 * u
        for k in range(lowest, highest + 1):
            for order in range(table.shape[1]):
                table[k, order] += part[k, order]
                part[k, order] = 0.0


def _recurrence(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the orthogonal polynomials of measures on [-1, 1], from their Legendre moments.

    Modified Chebyshev algorithm (Gautschi, Orthogonal Polynomials, 2004, Section 2.1.7), for all rows at once.

    Args:
        moments: shape `(bins, 2 n)`, those of the polynomials with the value one at one.

    Returns:
        diagonal `(bins, n)` and squares beside it `(bins, n - 1)` of the Jacobi matrices; zeros beside it end a rule
        that has fewer nodes.
    """
    count = moments.shape[1] // 2
    order = np.arange(2 * count)
    # monic Legendre polynomials: leading coefficients divided out
    leading = np.cumprod(np.where(order > 0, (2 * order - 1) / np.maximum(order, 1), 1.0))
    known = np.where(order > 0, order**2 / (4.0 * order**2 - 1.0), 0.0)
    now = moments / leading
    before = np.zeros_like(now)
    diagonal = np.zeros((len(moments), count))
    beside = np.zeros((len(moments), count - 1))
    diagonal[:, 0] = now[:, 1] / now[:, 0]
    alive = np.ones(len(moments), dtype=bool)
    for k in range(1, count):
        after = np.zeros_like(now)
        there = slice(k, 2 * count - k)
        after[:, there] = (
            now[:, k + 1 : 2 * count - k + 1]
            - diagonal[:, k - 1, None] * now[:, there]
            - (beside[:, k - 2, None] if k > 1 else 0.0) * before[:, there]
            + known[there] * now[:, k - 1 : 2 * count - k - 1]
        )
        ratio = np.where(alive, after[:, k] / np.where(alive, now[:, k - 1], 1.0), 0.0)
        alive &= ratio > _NO_SPREAD
        safe = np.where(alive, after[:, k], 1.0)
        beside[:, k - 1] = np.where(alive, ratio, 0.0)
        centre = after[:, k + 1] / safe - now[:, k] / np.where(alive, now[:, k - 1], 1.0)
        diagonal[:, k] = np.where(alive, centre, 0.0)
        before, now = now, after
    return diagonal, beside


def in_fine_bins(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that stand for positive numbers, at most four in a bin.

    Args:
        values: shape `(d,)`, positive and finite; not subnormal, where bins would not be narrow.
        weights: shape `(d,)`, not negative.
    """
    values, weights = (np.ascontiguousarray(x, dtype=np.float64) for x in (values, weights))
    first, last = (int(x.view(np.int64)) >> _SHIFT for x in (values.min(), values.max()))
    table = np.zeros((last - first + 1, 2 * _NODES))
    _add_moments(values, weights, first, table)
    there = np.flatnonzero(table[:, 0] > 0)
    moments = table[there] @ _LEGENDRE.T
    diagonal, beside = _recurrence(moments)
    jacobi = diagonal[:, :, None] * np.eye(_NODES)
    for k in range(_NODES - 1):
        jacobi[:, k, k + 1] = jacobi[:, k + 1, k] = np.sqrt(beside[:, k])
    u, vectors = np.linalg.eigh(jacobi)
    low = ((first + there) << _SHIFT).view(np.float64)
    width = np.ldexp(1.0, np.frexp(low)[1] - 1 - _BITS)  # the end of the last bin may be no float
    nodes = low[:, None] + (u + 1) / 2 * width[:, None]
    shares = moments[:, :1] * vectors[:, 0] ** 2
    kept = shares > 0
    return nodes[kept], shares[kept]
