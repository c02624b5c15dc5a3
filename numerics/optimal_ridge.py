"""The ridge with the least error, for given data and a given test covariance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize_scalar

from .alignment import aligned_pair
from .arrays import Array, as_numpy
from .display import Shown
from .errors import ConvergenceError
from .fixed_point import FixedPoint, solve
from .generated import numpy_algebra as algebra
from .icl import error_at
from .single import number
from .spectrum import Spectrum

#: the scan: decades below the noise of the summary and above all eigenvalues, and its points a decade
_DECADES = (-14, 8)
_PER_DECADE = 8
#: relative differences of errors below this are rounding
_ROUNDING = 1e-13
#: a point of the scan that is better than the minimum by this share shows that a minimum was missed
_MISSED = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class OptimalRidge(Shown):
    r"""The least error over all ridges $\lambda \ge 0$.

    Attributes:
        ridge: where the error is least; 0 where no ridge is best, infinity where learning nothing is.
        error: the least error.
        error_ridgeless: the error in the limit $\lambda \to 0^+$; infinite at tau = 1.
        error_untrained: the error in the limit $\lambda \to \infty$, $\rho_{\mathrm{test}} + c_{\mathrm{test}}$.
        minima: all local minima that were found, as rows (ridge, error), the best first; shape `(n, 2)`.
        fixed_point: the solution at the best ridge; None where that is infinite.
    """

    ridge: float
    error: float
    error_ridgeless: float
    error_untrained: float
    minima: np.ndarray = field(repr=False)
    fixed_point: FixedPoint | None = field(repr=False)


def optimal_ridge(
    spectrum: Spectrum | Array,
    test: Spectrum | Array | None = None,
    *,
    alpha: Array,
    tau: Array,
    kappa: Array,
    rho: Array,
    alpha_test: Array | None = None,
    rho_test: Array | None = None,
) -> OptimalRidge:
    r"""Ridge that minimises $e_{\mathrm{ICL}}(\lambda)$ over $\lambda \ge 0$.

    The error is scanned over 22 decades of the ridge or more in one call, each local minimum of the scan is refined
    between its neighbours, and the limits $\lambda \to 0$ and $\lambda \to \infty$ compete with them; the error can
    have more than one minimum. At the minimum the error is flat: the error is right to about 1e-13, the ridge to about
    1e-6.

    Args:
        spectrum: spectrum of $C_{\mathrm{train}}$, a single one; tensors are read without their gradients.
        test: $C_{\mathrm{test}}$ along its eigenvectors, shape `(d,)`, or in another form of `icl_error`.
        alpha, tau, kappa, rho: as in `solve`, single numbers; tau may be 1.
        alpha_test: context length per dimension at test, > 0 or infinite; alpha if not given.
        rho_test: variance of the label noise at test, >= 0; rho if not given.

    Raises:
        InputError: an argument outside of its range, an array where a single number is wanted, a `test` of the wrong
            length.
        ConvergenceError: see `solve`; or the least error lies where the scan does not reach.

    References:
        THEORY (1.1)-(1.3).

    Example:
        >>> flat = Spectrum.isotropic()
        >>> found = optimal_ridge(flat, [1.0], alpha=2, tau=1, kappa=4, rho=0.1)
        >>> found.error < found.error_ridgeless
        True
    """
    spectrum, gamma = aligned_pair(spectrum, test, "spectrum")
    gamma = as_numpy(gamma)
    values, weights = (as_numpy(x).astype(np.float64) for x in (spectrum.eigenvalues, spectrum.weights))
    plain = Spectrum(values, weights)
    given = {"alpha": number("alpha", alpha), "tau": number("tau", tau), "kappa": number("kappa", kappa, infinite=True)}
    given["rho"] = number("rho", rho, zero=True)
    at_test = {
        "alpha_test": np.asarray(
            given["alpha"] if alpha_test is None else number("alpha_test", alpha_test, infinite=True)
        ),
        "rho_test": np.asarray(given["rho"] if rho_test is None else number("rho_test", rho_test, zero=True)),
    }

    def solved(ridge: float | np.ndarray) -> FixedPoint:
        return solve(plain, **given, ridge=ridge)

    def error(ridge: float | np.ndarray) -> np.ndarray:
        return np.asarray(error_at(solved(ridge), gamma, **at_test).total)

    noise = float(algebra.summary_noise(given["rho"], plain.trace, given["alpha"]))
    unit = float(values.max()) + noise
    # the best ridge can be as small as the noise of the summary, and at tau = 1 its square counts
    low, high = math.log10(noise) + _DECADES[0], math.log10(unit) + _DECADES[1]
    grid = np.logspace(low, high, math.ceil(_PER_DECADE * (high - low)) + 1)
    scanned = error(grid)
    ridgeless = math.inf if given["tau"] == 1 else float(error(0.0))
    # a layer that is zero: all of the task is missed
    c_test = plain.weights @ gamma
    untrained = float(
        algebra.total_error(algebra.scalar_error(at_test["rho_test"], c_test, at_test["alpha_test"], 0.0), c_test)
    )
    inside = _minima(error, grid, scanned)
    # on equal terms the simpler answer: no ridge, then a ridge, then nothing learned
    candidates = [(0.0, ridgeless), *inside, (math.inf, untrained)]
    ridge, best = candidates[0]
    for place, value in candidates[1:]:
        if value < best * (1 - _ROUNDING):
            ridge, best = place, value
    if scanned.min() < best * (1 - _MISSED):
        raise ConvergenceError(
            f"the least error was not found: it is {best:.6g} at the ridge {ridge:.6g}, and {scanned.min():.6g} at "
            f"{grid[scanned.argmin()]:.6g} of the scan"
        )
    return OptimalRidge(
        ridge=ridge,
        error=best,
        error_ridgeless=ridgeless,
        error_untrained=untrained,
        minima=np.array(sorted(inside, key=lambda pair: pair[1])).reshape(-1, 2),
        fixed_point=None if ridge == math.inf else solved(ridge),
    )


def _minima(error: Callable[[float], np.ndarray], grid: np.ndarray, scanned: np.ndarray) -> list[tuple[float, float]]:
    """Local minima within the grid, as (ridge, error), each refined between its neighbours."""
    logs = np.log(grid)
    lower = np.diff(scanned) < -_ROUNDING * scanned[1:]  # falls after this point
    higher = np.diff(scanned) > _ROUNDING * scanned[1:]
    found = []
    for k in range(1, grid.size - 1):
        if not (lower[k - 1] and not lower[k]):
            continue
        # the end of the plateau, if there is one
        end = next((j for j in range(k, grid.size - 1) if higher[j] or lower[j]), None)
        if end is None or lower[end]:
            continue
        ends = (logs[k - 1], logs[end + 1])
        best = minimize_scalar(
            lambda x: float(error(math.exp(x))), bounds=ends, method="bounded", options={"xatol": 1e-9}
        )
        found.append((math.exp(float(best.x)), float(best.fun)))
    return found
