r"""Few weighted nodes in the place of many eigenvalues.

All equations see the spectrum through means of functions that are analytic in c with poles on the negative axis. On a
bin $[m/4, 4m]$, in the variable $x = (c - m)/(c + m)$, which maps it to $|x| \le 3/5$ and every pole to $|x| \ge 1$,
Gauss's rule with n nodes errs by about $3^{-2n}$: so the nodes serve for every t at once.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

#: ratio of the ends of a bin, and what a node more gains in it
_RATIO = 16.0
_GAIN = math.log(9.0)
#: nodes beyond what the geometric rate asks for, for the squares in the means
_SPARE = 3
#: the smallest float with all its digits
_NORMAL = float(np.finfo(np.float64).tiny)
#: relative error of means that only rounding has
ROUNDING = 1e-15
#: fewer eigenvalues, points or both together are not worth the nodes
_WORTH, _WORTH_POINTS, _WORTH_WORK = 256, 32, 1 << 22
#: more than so many eigenvalues are pooled in narrow bins first
_MANY = 4096


def pays(points: int, size: int) -> bool:
    """Whether nodes are sooner made than so many points are solved with all eigenvalues."""
    return size >= _WORTH and points >= _WORTH_POINTS and points * size >= _WORTH_WORK


def nodes_for(rtol: float) -> int:
    """Nodes a bin that keep all means to a relative error of about `rtol`."""
    return math.ceil(-math.log(rtol) / _GAIN) + _SPARE


def gauss_rule(x: np.ndarray, weights: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss's rule with at most `count` nodes for points with weights, by Stieltjes' procedure.

    Fewer nodes where the points have fewer distinct values: then the rule is the points themselves.
    """
    total = weights.sum()
    before, now = np.zeros_like(x), np.full_like(x, 1 / math.sqrt(total))
    diagonal, beside = [], []
    norm = 0.0
    for _ in range(count):
        density = weights * now * now
        centre = float((density * x).sum())
        diagonal.append(centre)
        after = (x - centre) * now - norm * before
        # twice is enough: orthogonal again to what rounding let in
        after -= now * (weights * now * after).sum()
        norm = math.sqrt(float((weights * after * after).sum()))
        if norm < 1e-13:
            break
        beside.append(norm)
        before, now = now, after / norm
    size = len(diagonal)
    jacobi = np.diag(diagonal) + np.diag(beside[: size - 1], 1) + np.diag(beside[: size - 1], -1)
    nodes, vectors = np.linalg.eigh(jacobi)
    return nodes, total * vectors[0] ** 2


def _pooled(eigenvalues: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The zeros as one atom, a few nodes for each narrow bin, and what is below the normal numbers as it is."""
    from .fine_bins import in_fine_bins

    pooled = eigenvalues >= _NORMAL  # below it the bins of `fine_bins` are no longer narrow
    if not pooled.any():
        return eigenvalues, weights
    nodes, shares = in_fine_bins(eigenvalues[pooled], weights[pooled])
    rest, zero = ~pooled & (eigenvalues > 0), eigenvalues == 0
    null = [] if not zero.any() else [weights[zero].sum()]
    nodes = np.concatenate([nodes, eigenvalues[rest], np.zeros(len(null))])
    return nodes, np.concatenate([shares, weights[rest], null])


def compress(eigenvalues: np.ndarray, weights: np.ndarray, rtol: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that stand for the eigenvalues in every mean that the theory takes.

    Args:
        eigenvalues: shape `(d,)`, not negative; zero stays an atom of its own.
        weights: shape `(d,)`.
        rtol: relative error allowed in the means.
    """
    if eigenvalues.size > _MANY:
        eigenvalues, weights = _pooled(eigenvalues, weights)
    order = np.argsort(eigenvalues)
    values, starts = np.unique(eigenvalues[order], return_index=True)
    shares = np.add.reduceat(weights[order], starts)
    count = nodes_for(rtol)
    zero = values == 0
    positive, rest = values[~zero], shares[~zero]
    # logarithms, for a ratio of eigenvalues may be too large for a float
    bins = np.floor((np.log(positive) - np.log(positive[:1])) / math.log(_RATIO)).astype(int)
    edges = np.flatnonzero(np.diff(bins, prepend=-1, append=bins[-1] + 1))
    found = [(values[zero], shares[zero])]
    for first, last in pairwise(edges):
        c, w = positive[first:last], rest[first:last]
        if len(c) > count and c[0] >= _NORMAL:
            # in the unit of a power of two, so that nothing leaves the range of a float
            unit = math.frexp(c[0])[1]
            c = np.ldexp(c, -unit)
            middle = math.sqrt(c[0] * c[-1])
            x, w = gauss_rule((c - middle) / (c + middle), w, count)
            c = np.ldexp(middle * (1 + x) / (1 - x), unit)
        found.append((c, w))
    return np.concatenate([c for c, _ in found]), np.concatenate([w for _, w in found])
