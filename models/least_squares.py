"""Ridge regression for the attention weights, without ever forming its d(d+1) x d(d+1) Gram matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..numerics import ConvergenceError
from ..numerics.display import Shown
from .blas_threads import single_threaded_products
from .contexts import Contexts
from .row_products import project_rows, row_products, scale_rows
from .sizes import number, whole

#: contexts multiplied at once: their products stay in the processor's cache
BLOCK = 1024
#: parts that threads take; as many on every machine, so that sums are rounded the same
_PARTS = 8
#: multiplications below which a pass is not shared out
_ALONE = 10_000_000
#: the gradient may be this many times its value at zero when the iteration stops
TOLERANCE = 2e-10
MAX_ITERATIONS = 20_000
#: times the recurrence is started again from the true gradient
_RESTARTS = 5


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Shown):
    """A minimiser of the penalised squared error.

    Attributes:
        gamma: shape `(d, d)` or `(d, d + 1)`.
        train_error: mean squared error over the contexts.
        iterations: conjugate-gradient steps.
        residual: gradient at gamma over that at zero.
    """

    gamma: np.ndarray = field(repr=False)
    train_error: float
    iterations: int
    residual: float


def fit(
    contexts: Contexts, penalty: float, *, tolerance: float = TOLERANCE, max_iterations: int = MAX_ITERATIONS
) -> Fit:
    r"""Minimise $\sum_i (y_i - x_i^\top \Gamma f_i)^2 + \mathrm{penalty}\, \|\Gamma\|^2$; of least norm at penalty 0.

    Conjugate gradients on the normal equations, block by block over the contexts. With more contexts than weights
    they are preconditioned by $\Gamma \mapsto \Gamma\,(H^\top H/d + \mathrm{penalty})^{-1}$, the mean of the normal
    equations over the queries; with fewer that would spoil the least norm, and slow the iteration down.

    Args:
        contexts: queries x, features f, labels y.
        penalty: >= 0.
        tolerance: gradient at the end, relative to that at zero.
        max_iterations: steps after which to give up.

    Raises:
        InputError: naming the argument.
        ConvergenceError: the gradient did not become that small.

    References:
        THEORY A5.
    """
    tolerance, max_iterations = number("tolerance", tolerance), whole("max_iterations", max_iterations)
    with single_threaded_products() as threads, ThreadPoolExecutor(threads) as pool:
        return _fit(_Problem(contexts, penalty, pool.map if threads > 1 else map), tolerance, max_iterations)


def _fit(problem: _Problem, tolerance: float, max_iterations: int) -> Fit:
    unknowns = problem.start.size
    precondition = problem.preconditioner() if problem.contexts_number > unknowns else lambda slope: slope
    slope = problem.gradient(problem.start)
    gamma, scale, steps, residual = problem.start, float(np.linalg.norm(slope)), 0, 1.0
    if scale == 0:  # labels without any signal: zero fits best
        return Fit(gamma, problem.train_error(gamma), 0, 0.0)
    for _ in range(_RESTARTS):
        change, taken = _conjugate_gradients(
            problem, precondition, slope, 0.9 * tolerance * scale, max_iterations - steps
        )
        gamma, steps = gamma + change, steps + taken
        # the recurrence drifts from the true gradient, which alone decides
        slope = problem.gradient(gamma)
        previous, residual = residual, float(np.linalg.norm(slope)) / scale
        if residual <= tolerance:
            return Fit(gamma, problem.train_error(gamma), steps, residual)
        if steps >= max_iterations or residual > 0.5 * previous:
            break
    raise ConvergenceError(
        f"pretraining: the gradient is {residual:.3g} of its start after {steps} steps, must be {tolerance:.3g}; "
        f"{problem.contexts_number} contexts for {unknowns} weights at a penalty of {problem.penalty:.3g}: "
        "give more or fewer contexts, or a larger ridge"
    )


class _Problem:
    """Products with the features x f^T and their adjoint, over blocks of contexts."""

    def __init__(self, contexts: Contexts, penalty: float, share: Callable = map) -> None:
        self.queries, self.features, self.labels = contexts.queries, contexts.features, contexts.labels
        self.penalty = penalty
        self.start = np.zeros((self.queries.shape[1], self.features.shape[1]))
        self.contexts_number = len(self.labels)
        alone = self.contexts_number * self.start.size < _ALONE
        edges = np.linspace(0, self.contexts_number, 2 if alone else _PARTS + 1).astype(int).tolist()
        self._parts = list(pairwise(edges))
        self._share = map if alone else share

    def _blocks(self, part: tuple[int, int]) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of a part, and room for the products of each."""
        first, last = part
        room = np.empty((min(BLOCK, last - first), self.start.shape[1]))
        for start in range(first, last, BLOCK):
            block = slice(start, min(start + BLOCK, last))
            yield block, room[: block.stop - start]

    def normal(self, gamma: np.ndarray) -> np.ndarray:
        """Sum of x f^T (x^T gamma f) over the contexts, plus the penalty."""
        return sum(self._share(partial(self._normal_part, gamma), self._parts), self.penalty * gamma)

    def _normal_part(self, gamma: np.ndarray, part: tuple[int, int]) -> np.ndarray:
        out = np.zeros_like(gamma)
        for block, products in self._blocks(part):
            np.matmul(self.queries[block], gamma, out=products)
            project_rows(products, self.features[block])
            out += self.queries[block].T @ products
        return out

    def residuals(self, gamma: np.ndarray) -> np.ndarray:
        """Labels minus predictions, shape `(n,)`."""
        predictions = self._share(partial(self._predictions_part, gamma), self._parts)
        return self.labels - np.concatenate(list(predictions))

    def _predictions_part(self, gamma: np.ndarray, part: tuple[int, int]) -> np.ndarray:
        first, last = part
        out = np.empty(last - first)
        for block, products in self._blocks(part):
            np.matmul(self.queries[block], gamma, out=products)
            row_products(products, self.features[block], out[block.start - first : block.stop - first])
        return out

    def gradient(self, gamma: np.ndarray) -> np.ndarray:
        """Sum of x f^T times the residual, minus the penalty's pull: the way down."""
        residuals = self.residuals(gamma)
        return sum(self._share(partial(self._gradient_part, residuals), self._parts), -self.penalty * gamma)

    def _gradient_part(self, residuals: np.ndarray, part: tuple[int, int]) -> np.ndarray:
        out = np.zeros_like(self.start)
        for block, products in self._blocks(part):
            scale_rows(residuals[block], self.features[block], products)
            out += self.queries[block].T @ products
        return out

    def train_error(self, gamma: np.ndarray) -> float:
        """Mean squared residual."""
        return float(np.mean(self.residuals(gamma) ** 2))

    def preconditioner(self) -> Callable[[np.ndarray], np.ndarray]:
        """The inverse of the normal equations' mean over the queries."""
        gram = self.features.T @ self.features / self.start.shape[0]
        gram[np.diag_indices_from(gram)] += self.penalty
        factor = cho_factor(gram)
        return lambda slope: cho_solve(factor, slope.T).T


def _conjugate_gradients(
    problem: _Problem,
    precondition: Callable[[np.ndarray], np.ndarray],
    slope: np.ndarray,
    target: float,
    max_iterations: int,
) -> tuple[np.ndarray, int]:
    """Change of gamma that brings the gradient `slope` down to `target`, and the steps it took."""
    change, slope = np.zeros_like(slope), slope.copy()
    solved = precondition(slope)
    direction, energy = solved.copy(), float(np.vdot(slope, solved))
    steps = 0
    while steps < max_iterations and np.linalg.norm(slope) > target:
        curved = problem.normal(direction)
        step = energy / float(np.vdot(direction, curved))
        change += step * direction
        slope -= step * curved
        solved = precondition(slope)
        energy, before = float(np.vdot(slope, solved)), energy
        direction = solved + (energy / before) * direction
        steps += 1
    return change, steps


def fit_densely(contexts: Contexts, penalty: float) -> Fit:
    """The same minimiser by the whole matrix of features, n x d(d+1): the reference for small d.

    Args:
        contexts: queries x, features f, labels y.
        penalty: >= 0; at 0 the least norm, from the singular values where there are fewer contexts than weights.

    Raises:
        numpy.linalg.LinAlgError: the normal equations are singular.
    """
    d, width = contexts.queries.shape[1], contexts.features.shape[1]
    products = np.einsum("nd,np->ndp", contexts.queries, contexts.features).reshape(len(contexts.labels), d * width)
    if penalty > 0 or len(products) >= d * width:
        gram = products.T @ products
        gram[np.diag_indices_from(gram)] += penalty
        slope = products.T @ contexts.labels
        solution = cho_solve(cho_factor(gram, overwrite_a=True), slope)
    else:
        solution = np.linalg.lstsq(products, contexts.labels, rcond=None)[0]
    residuals = contexts.labels - products @ solution
    slope = products.T @ residuals - penalty * solution
    residual = float(np.linalg.norm(slope) / np.linalg.norm(products.T @ contexts.labels))
    return Fit(solution.reshape(d, width), float(np.mean(residuals**2)), 0, residual)
