"""Contexts of linear regression tasks: drawn from their definition, or their summaries alone by the exact law."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from ..numerics import InputError, Spectrum
from ..numerics.arrays import Array, as_float_array, as_numpy, nonnegative
from ..numerics.display import Shown
from .row_products import summarise
from .sizes import Seed, generator, in_dimension, number, streams, whole

#: contexts drawn at once, so that what is only needed on the way stays small
CHUNK = 4096


@dataclass(frozen=True, eq=False, repr=False)
class Contexts(Shown):
    r"""What a linear-attention layer sees of n contexts, and the labels it is to predict.

    Attributes:
        queries: $x_{\ell+1}$, shape `(n, d)`, entries of variance 1/d.
        features: $h = \frac{d}{\ell} \sum_i y_i x_i$, and $b = \frac1\ell \sum_i y_i^2$ as a last column where it was
            asked for; shape `(n, d)` or `(n, d + 1)`.
        labels: $y_{\ell+1}$, shape `(n,)`.
        index: task of each context, shape `(n,)`.
    """

    queries: Float[np.ndarray, "n d"]
    features: Float[np.ndarray, "n p"]
    labels: Float[np.ndarray, " n"]
    index: Int[np.ndarray, " n"] = field(repr=False)


@dataclass(frozen=True, eq=False, repr=False)
class Prompts(Shown):
    """Whole contexts with their queries, for learners that need more than the summary.

    Attributes:
        inputs: $x_1 .. x_l$, shape `(n, l, d)`.
        outputs: $y_1 .. y_l$, shape `(n, l)`.
        queries: $x_{l+1}$, shape `(n, d)`.
        labels: $y_{l+1}$, shape `(n,)`.
        index: task of each context, shape `(n,)`.
    """

    inputs: Float[np.ndarray, "n l d"]
    outputs: Float[np.ndarray, "n l"]
    queries: Float[np.ndarray, "n d"]
    labels: Float[np.ndarray, " n"]
    index: Int[np.ndarray, " n"] = field(repr=False)

    def contexts(self, *, y2_column: bool = True) -> Contexts:
        """The summaries of these contexts, by their definition."""
        length, d = self.inputs.shape[1:]
        h = d / length * np.einsum("nl,nld->nd", self.outputs, self.inputs)
        b = (self.outputs**2).mean(1)[:, None]
        features = np.hstack([h, b]) if y2_column else h
        return Contexts(self.queries, features, self.labels, self.index)


def draw_tasks(eigenvalues: Spectrum | Float[np.ndarray, " d"], count: int, *, seed: Seed = 0) -> np.ndarray:
    """Tasks w ~ N(0, C) in the eigenbasis of C.

    Args:
        eigenvalues: of C, shape `(d,)`, or a Spectrum with one eigenvalue a direction.
        count: number of tasks k.
        seed: whole number, or a SeedSequence.

    Returns:
        shape `(k, d)`.

    Raises:
        InputError: eigenvalues that are negative, not finite or of another shape; a count that is none.
    """
    if isinstance(eigenvalues, Spectrum):
        eigenvalues = in_dimension(eigenvalues, eigenvalues.size)
    values = as_numpy(nonnegative("eigenvalues", eigenvalues)).astype(np.float64)
    if values.ndim != 1:
        raise InputError(f"eigenvalues: shape {values.shape} is not allowed, must be (d,)")
    rng = generator(streams(seed, 1)[0])
    return rng.standard_normal((whole("count", count), len(values))) * np.sqrt(values)


def draw_contexts(
    tasks: Float[np.ndarray, "k d"],
    count: int | None = None,
    *,
    length: int,
    rho: float,
    seed: Seed = 0,
    y2_column: bool = True,
) -> Contexts:
    r"""Summaries of contexts by their exact law given the task: O(d) a context, however long it is.

    Args:
        tasks: shape `(k, d)`.
        count: number of contexts, each of a task drawn uniformly; if not given, one of each task in turn.
        length: of a context, $\ell$.
        rho: variance of the label noise.
        seed: whole number, or a SeedSequence.
        y2_column: whether the features end with $\frac1\ell \sum_i y_i^2$.

    Raises:
        InputError: naming the argument.

    References:
        THEORY A5.
    """
    length, rho = whole("length", length), number("rho", rho, zero=True)
    tasks = checked_tasks(tasks)
    d = tasks.shape[1]
    rng = generator(streams(seed, 1)[0])
    index = _index(tasks, count, rng)
    n = len(index)
    queries, features, labels = np.empty((n, d)), np.empty((n, d + y2_column)), np.empty(n)
    normals = np.empty((min(n, CHUNK), d))
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        size = part.stop - start
        rng.standard_normal(out=normals[:size])
        summarise(normals[:size], rng.chisquare(length, size), tasks, index[part], length, rho, features[part])
        rng.standard_normal(out=queries[part])
        queries[part] /= np.sqrt(d)
        labels[part] = np.einsum("nd,nd->n", queries[part], tasks[index[part]])
        labels[part] += np.sqrt(rho) * rng.standard_normal(size)
    return Contexts(queries, features, labels, index)


def draw_prompts(
    tasks: Float[np.ndarray, "k d"], count: int | None = None, *, length: int, rho: float, seed: Seed = 0
) -> Prompts:
    """Whole contexts from the definition: x ~ N(0, 1/d), y = x w + noise; memory n l d.

    Args:
        tasks: shape `(k, d)`.
        count: number of contexts, each of a task drawn uniformly; if not given, one of each task in turn.
        length: of a context, l.
        rho: variance of the label noise.
        seed: whole number, or a SeedSequence.

    Raises:
        InputError: naming the argument.

    References:
        LZLP (arXiv 2509.26551), the data of pretraining; THEORY A0, 0.
    """
    length, rho = whole("length", length), number("rho", rho, zero=True)
    tasks = checked_tasks(tasks)
    rng = generator(streams(seed, 1)[0])
    index = _index(tasks, count, rng)
    inputs = rng.standard_normal((len(index), length + 1, tasks.shape[1])) / np.sqrt(tasks.shape[1])
    outputs = np.einsum("nld,nd->nl", inputs, tasks[index]) + np.sqrt(rho) * rng.standard_normal(inputs.shape[:2])
    return Prompts(inputs[:, :-1], outputs[:, :-1], inputs[:, -1], outputs[:, -1], index)


def checked_tasks(tasks: Array, d: int | None = None) -> Float[np.ndarray, "k d"]:
    """The tasks as floats in rows.

    Raises:
        InputError: no numbers, not finite, or of another shape than `(k, d)`.
    """
    array = np.ascontiguousarray(as_numpy(as_float_array(tasks, "tasks")), dtype=np.float64)
    if array.ndim != 2 or 0 in array.shape or d not in (None, array.shape[1]):
        raise InputError(f"tasks: shape {array.shape} is not allowed, must be (k, d{'' if d is None else f' = {d}'})")
    if not np.isfinite(array).all():
        raise InputError("tasks: must be finite")
    return array


def _index(tasks: np.ndarray, count: int | None, rng: np.random.Generator) -> np.ndarray:
    if count is None:
        return np.arange(len(tasks))
    return rng.integers(len(tasks), size=whole("count", count))
