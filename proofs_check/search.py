"""Search for spectra and parameters at which the ordering of K fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution

from ..numerics.errors import InputError
from ..numerics.exact import Exacts, as_fraction
from ..numerics.fixed_point import solve
from ..numerics.generated import numpy_algebra as algebra
from ..numerics.spectrum import Spectrum
from .certificate import Certificate, certify

Interval = tuple[float, float]
Numbers = tuple[Fraction, ...]

#: of the spectra that are tried where none is given: the eigenvalues, of which the largest is 1, and the weights
_EIGENVALUES: Interval = (1e-6, 1.0)
_WEIGHTS: Interval = (1e-5, 1.0)
#: significant digits that are tried
_DIGITS = range(1, 13)


@dataclass(frozen=True)
class Counterexample:
    r"""A spectrum and parameters, in few digits, at which the ordering of K fails.

    Attributes:
        eigenvalues, weights: increasing, and their weights, which need not sum to one.
        alpha, tau, kappa, rho: the parameters.
        excess: largest of $\log \mathcal K(c_j)/\mathcal K(c_i)$, $c_i < c_j$, in double precision.
    """

    eigenvalues: Numbers
    weights: Numbers
    alpha: Fraction
    tau: Fraction
    kappa: Fraction
    rho: Fraction
    excess: float

    def certify(self) -> Certificate:
        """The proof."""
        parameters = {"alpha": self.alpha, "tau": self.tau, "kappa": self.kappa, "rho": self.rho}
        return certify(self.eigenvalues, self.weights, **parameters, claim="ordering-fails")


def search(
    eigenvalues: Exacts | None = None,
    weights: Exacts | None = None,
    *,
    atoms: int = 3,
    alpha: Interval = (1.0, 1e5),
    tau: Interval = (1e-2, 0.9999),
    kappa: Interval = (1e-2, 1e3),
    rho: Interval | None = (1e-2, 10.0),
    seed: int = 0,
    generations: int = 200,
    population: int = 15,
) -> Counterexample | None:
    r"""Look for the worst violation of the ordering by differential evolution, and round it to few digits.

    What is maximised is the largest $\log \mathcal K(c_j)/\mathcal K(c_i)$ for $c_i < c_j$, which is positive where the
    ordering fails. The same seed finds the same.

    Args:
        eigenvalues, weights: a spectrum to keep; if not given, spectra with the eigenvalues 0 and 1 and others between
            them, of any weights, are tried.
        atoms: number of eigenvalues of the spectra that are tried, at least 2.
        alpha, tau, kappa, rho: least and largest value; rho None for no noise.
        seed: of the random numbers.
        generations, population: of the evolution; population per coordinate.

    Returns:
        the violation with the fewest digits that keeps half of the excess; None where the ordering held everywhere.

    Raises:
        InputError: a bad argument.
    """
    if atoms < 2:
        raise InputError(f"atoms: {atoms} is not allowed, must be at least 2")
    ranges: dict[str, Interval] = {"alpha": alpha, "tau": tau, "kappa": kappa}
    if rho is not None:
        ranges["rho"] = rho
    for name, (low, high) in ranges.items():
        if not 0 < low < high or (name == "tau" and high >= 1):
            raise InputError(
                f"{name}: ({low}, {high}) is not allowed, must be 0 < low < high{' < 1' * (name == 'tau')}"
            )
    fixed = None
    if eigenvalues is not None:
        c = [as_fraction(x, "eigenvalues") for x in eigenvalues]
        w = [Fraction(1)] * len(c) if weights is None else [as_fraction(x, "weights") for x in weights]
        fixed = tuple(zip(*sorted(zip(c, w, strict=True)), strict=True))
    read = _reader(list(ranges), fixed, atoms)
    spectrum_ranges = [] if fixed is not None else [_EIGENVALUES] * (atoms - 2) + [_WEIGHTS] * atoms
    bounds = [
        tuple(_transformed(name, np.array(interval)))
        for name, interval in [*ranges.items(), *(("", interval) for interval in spectrum_ranges)]
    ]

    def loss(genes: np.ndarray) -> np.ndarray:
        return -_excess(*read(genes.reshape(len(bounds), -1)))

    found = differential_evolution(
        loss,
        bounds,
        rng=seed,
        maxiter=generations,
        popsize=population,
        vectorized=True,
        updating="deferred",
        polish=False,
    )
    if found.fun >= 0:
        return None
    return _in_few_digits(*read(found.x[:, None]), -float(found.fun), fixed)


def _transformed(name: str, value: np.ndarray) -> np.ndarray:
    """Coordinate of the search: logarithm, or logit, which resolves both ends."""
    return np.log(value / (1 - value)) if name == "tau" else np.log(value)


Reader = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]]


def _reader(names: list[str], fixed: Any, atoms: int) -> Reader:
    """Genes, a column an individual, to eigenvalues and weights, a row each, and parameters."""

    def read(genes: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        size = genes.shape[1]
        parameters = {name: np.exp(row) for name, row in zip(names, genes, strict=False)}
        parameters["tau"] = parameters["tau"] / (1 + parameters["tau"])
        parameters.setdefault("rho", np.zeros(size))
        if fixed is not None:
            c, w = (np.broadcast_to(np.array(part, dtype=float), (size, len(part))) for part in fixed)
            return c, w, parameters
        inner, w = np.split(np.exp(genes[len(names) :]), [atoms - 2])
        c = np.concatenate([np.zeros((1, size)), np.sort(inner, axis=0), np.ones((1, size))])
        return c.T, w.T, parameters

    return read


def _excess(c: np.ndarray, w: np.ndarray, parameters: dict[str, np.ndarray]) -> np.ndarray:
    point = solve(Spectrum.batch(c, w), **parameters)
    columns = (column[:, None] for column in (point.a, point.sigma, point.A, point.B))
    height = np.log(algebra.alignment(c, *columns))
    return (height[:, 1:] - np.minimum.accumulate(height, axis=1)[:, :-1]).max(-1)


def _in_few_digits(
    c: np.ndarray, w: np.ndarray, parameters: dict[str, np.ndarray], excess: float, fixed: Any
) -> Counterexample | None:
    for digits in _DIGITS:
        exact = {name: _rounded(float(value[0]), digits) for name, value in parameters.items()}
        values, shares = fixed or (tuple(_rounded(float(x), digits) for x in row[0]) for row in (c, w))
        if exact["tau"] >= 1 or len(set(values)) < len(values):
            continue
        rows = [np.array([part], dtype=float) for part in (values, shares)]
        kept = float(_excess(rows[0], rows[1], {name: np.array([float(x)]) for name, x in exact.items()})[0])
        if kept > excess / 2:
            return Counterexample(tuple(values), tuple(shares), **exact, excess=kept)
    return None


def _rounded(x: float, digits: int) -> Fraction:
    """Rounded to significant digits; a number just below 1 by its distance to 1."""
    if 0.9 < x < 1:
        return 1 - _rounded(1 - x, digits)
    return Fraction(f"{x:.{digits - 1}e}")
