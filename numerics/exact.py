"""Exact input: numbers as rationals, before any arithmetic of limited precision sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from .errors import InputError
from .fixed_point import TAU_ONE
from .spectrum import Spectrum

Exact = int | str | Fraction | float


def as_fraction(value: Any, name: str) -> Fraction:
    """The exact value of an int, a Fraction, a float (all its binary digits) or a string such as "3/10" or "0.3".

    Raises:
        InputError: not a finite rational number.
    """
    try:
        if isinstance(value, (Rational, str)):
            return Fraction(value)
        number = float(value)
        if math.isfinite(number):
            return Fraction(number)
    except (TypeError, ValueError, ZeroDivisionError):
        pass
    raise InputError(f"{name}: {value!r} is not a finite number, an integer, a Fraction or a string such as '3/10'")


@dataclass(frozen=True)
class ExactPoint:
    """A spectrum and parameters as rationals, validated; weights sum to one exactly."""

    eigenvalues: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    alpha: Fraction
    tau: Fraction
    kappa: Fraction
    rho: Fraction
    ridge: Fraction

    @property
    def c_train(self) -> Fraction:
        """Mean eigenvalue."""
        return sum((w * c for w, c in zip(self.weights, self.eigenvalues, strict=True)), Fraction(0))

    @property
    def rank_fraction(self) -> Fraction:
        """Total weight of the non-zero eigenvalues."""
        return sum((w for w, c in zip(self.weights, self.eigenvalues, strict=True) if c > 0), Fraction(0))

    @property
    def regime(self) -> str:
        """Which of the scalar equations holds: "ridge", "above" or "below"."""
        return "ridge" if self.ridge > 0 else "above" if self.tau > 1 else "below"


def exact_point(
    eigenvalues: Spectrum | Sequence[Exact],
    weights: Sequence[Exact] | None,
    *,
    alpha: Exact,
    tau: Exact,
    kappa: Exact,
    rho: Exact,
    ridge: Exact,
) -> ExactPoint:
    """Validate once, and make everything rational.

    Raises:
        InputError: naming the argument and the offending value.
    """
    atoms, multiplicities = _measure(eigenvalues, weights)
    parameters = {
        name: as_fraction(value, name)
        for name, value in {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}.items()
    }
    for name, value in parameters.items():
        lower = "> 0" if name in ("alpha", "tau", "kappa") else ">= 0"
        if value < 0 or (value == 0 and lower == "> 0"):
            raise InputError(f"{name}: {value} is not allowed, must be finite and {lower}")
    if parameters["tau"] == 1 and parameters["ridge"] == 0:
        raise InputError(f"tau: 1 is not allowed, must be {TAU_ONE}")
    total = sum(multiplicities)
    return ExactPoint(tuple(atoms), tuple(w / total for w in multiplicities), **parameters)


def _measure(
    eigenvalues: Spectrum | Sequence[Exact], weights: Sequence[Exact] | None
) -> tuple[list[Fraction], list[Fraction]]:
    if isinstance(eigenvalues, Spectrum):
        if eigenvalues.batch_shape:
            raise InputError(f"eigenvalues: a batch of spectra {eigenvalues.batch_shape} is not allowed, give one")
        if weights is not None:
            raise InputError("weights: not allowed with a Spectrum, which has its own")
        listed: Sequence[Any] = [float(v) for v in eigenvalues.eigenvalues]
        listed_weights: Sequence[Any] = [float(v) for v in eigenvalues.weights]
    else:
        if isinstance(eigenvalues, str) or np.ndim(np.asarray(eigenvalues, dtype=object)) != 1 or len(eigenvalues) == 0:
            raise InputError(f"eigenvalues: {eigenvalues!r} is not allowed, must be a Spectrum or a list of numbers")
        listed = list(eigenvalues)
        listed_weights = [1] * len(listed) if weights is None else list(weights)
    atoms = [as_fraction(value, "eigenvalues") for value in listed]
    multiplicities = [as_fraction(value, "weights") for value in listed_weights]
    if len(atoms) != len(multiplicities):
        raise InputError(f"weights: {len(multiplicities)} of them do not fit {len(atoms)} eigenvalues")
    for name, values in (("eigenvalues", atoms), ("weights", multiplicities)):
        for index, value in enumerate(values):
            if value < 0:
                raise InputError(f"{name}: {value} at index {index} is not allowed, must be finite and >= 0")
    if not any(c > 0 and w > 0 for c, w in zip(atoms, multiplicities, strict=True)):
        raise InputError("eigenvalues: all zero is not allowed")
    return atoms, multiplicities
