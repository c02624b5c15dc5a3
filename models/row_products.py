"""The compiled loops over contexts: one pass over memory for what NumPy would do in several."""

from __future__ import annotations

import numpy as np

from ..numerics.jit import jit

#: sums over a row may be taken in any order, so that the processor's vector units are used
_compile_sums = jit(fastmath={"reassoc", "contract", "nsz"})


@_compile_sums
def row_products(left, right, out):
    """Scalar product of each row of `left` with the same row of `right`."""
    for i in range(left.shape[0]):
        total = 0.0
        for j in range(left.shape[1]):
            total += left[i, j] * right[i, j]
        out[i] = total


@_compile_sums
def project_rows(products, features):
    """Replace each row of `products` by that row of `features`, times the scalar product of the two."""
    for i in range(products.shape[0]):
        total = 0.0
        for j in range(products.shape[1]):
            total += products[i, j] * features[i, j]
        for j in range(products.shape[1]):
            products[i, j] = total * features[i, j]


@_compile_sums
def scale_rows(factors, features, out):
    """Each row of `features` times its factor."""
    for i in range(features.shape[0]):
        for j in range(features.shape[1]):
            out[i, j] = factors[i] * features[i, j]


@_compile_sums
def summarise(normals, energies, tasks, index, length, rho, features):
    r"""Context summaries from standard normals, by their exact law given the task.

    $$h = \frac{\sqrt d}{\ell} \Big[ \frac{N^2}{v \sqrt d}\, w + N \Big(\xi - \big(1 - \sqrt{\rho / v}\big)
    \hat w \hat w^\top \xi\Big) \Big], \qquad N^2 = v\,\chi^2_\ell, \quad v = |w|^2/d + \rho$$

    Args:
        normals: $\xi$, shape `(n, d)`.
        energies: $\chi^2_\ell$, shape `(n,)`.
        tasks: w, shape `(k, d)`.
        index: task of each context, shape `(n,)`.
        length: $\ell$.
        rho: variance of the label noise.
        features: receives h, and $N^2/\ell$ in one more column where there is room, shape `(n, d)` or `(n, d + 1)`.
    """
    n, d = normals.shape
    for i in range(n):
        w, xi = tasks[index[i]], normals[i]
        squared = 0.0
        product = 0.0
        for j in range(d):
            squared += w[j] * w[j]
            product += w[j] * xi[j]
        v = squared / d + rho
        energy = v * energies[i]
        along = energies[i] / length  # N^2 / (v l)
        across = np.sqrt(d * energy) / length
        # a task that is zero has no direction: its labels are noise alone
        shrink = (1.0 - np.sqrt(rho / v)) * product / squared if squared > 0.0 else 0.0
        for j in range(d):
            features[i, j] = along * w[j] + across * (xi[j] - shrink * w[j])
        if features.shape[1] > d:
            features[i, d] = energy / length
