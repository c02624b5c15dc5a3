"""Exact input: numbers as rationals, before any arithmetic of limited precision sees them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from operator import mul
from typing import Any

import numpy as np
from flint import arb, fmpq

from .errors import InputError
from .fixed_point import TAU_ONE
from .spectrum import Spectrum

Exact = int | str | Fraction | float
#: an exact number, or all the numbers in a ball
Ball = Exact | fmpq | arb

#: what a point is made of: Fraction, or fmpq and arb
Number = Any


def as_fraction(value: Any, name: str) -> Fraction:
    """The exact value of an int, a Fraction, a float (all its binary digits) or a string such as "3/10" or "0.3".

    Raises:
        InputError: not a finite rational number; a ball of more than one number is none.
    """
    if type(value) is Fraction:
        return value
    try:
        if isinstance(value, (Rational, str)):
            return Fraction(value)
        if isinstance(value, fmpq) or (isinstance(value, arb) and value.is_exact()):
            exact = value if isinstance(value, fmpq) else value.fmpq()
            return Fraction(int(exact.p), int(exact.q))
        number = math.nan if isinstance(value, arb) else float(value)
        if math.isfinite(number):
            return Fraction(number)
    except (TypeError, ValueError, ZeroDivisionError):
        pass
    raise InputError(f"{name}: {value!r} is not a finite number, an integer, a Fraction or a string such as '3/10'")


def as_ball(value: Any, name: str) -> fmpq | arb:
    """The value for ball arithmetic: a ball as it is, all else as the rational that it is, see `as_fraction`.

    Raises:
        InputError: not a finite number or a bounded ball.
    """
    if type(value) is int:
        return fmpq(value)
    if type(value) is Fraction:
        return fmpq(value.numerator, value.denominator)
    if type(value) is fmpq or (isinstance(value, arb) and value.is_finite()):
        return value
    exact = as_fraction(value, name)
    return fmpq(exact.numerator, exact.denominator)


@dataclass(frozen=True)
class ExactPoint:
    """A spectrum and parameters, validated: Fractions, or what `as_ball` gives; weights sum to one exactly."""

    eigenvalues: tuple[Number, ...]
    weights: tuple[Number, ...]
    alpha: Number
    tau: Number
    kappa: Number
    rho: Number
    ridge: Number

    @property
    def c_train(self) -> Number:
        """Mean eigenvalue."""
        return sum(map(mul, self.weights, self.eigenvalues))

    @property
    def rank_fraction(self) -> Number:
        """Total weight of the non-zero eigenvalues."""
        return sum(w for w, c in zip(self.weights, self.eigenvalues, strict=True) if c != 0)

    @property
    def regime(self) -> str:
        """Which of the scalar equations holds: "ridge", "above" or "below"."""
        return "ridge" if self.ridge > 0 else "above" if self.tau > 1 else "below"


def exact_point(
    eigenvalues: Spectrum | Sequence[Any],
    weights: Sequence[Any] | None,
    *,
    alpha: Any,
    tau: Any,
    kappa: Any,
    rho: Any,
    ridge: Any,
    number: Callable[[Any, str], Number] = as_fraction,
) -> ExactPoint:
    """Validate once, and make every number what `number` makes of it: `as_fraction` or `as_ball`.

    A ball is refused where none of its numbers is allowed; it stands for those that are.

    Raises:
        InputError: naming the argument and the offending value.
    """
    atoms, multiplicities = _measure(eigenvalues, weights, number)
    parameters = {
        name: number(value, name)
        for name, value in {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}.items()
    }
    for name, value in parameters.items():
        lower = "> 0" if name in ("alpha", "tau", "kappa") else ">= 0"
        if value < 0 or (value == 0 and lower == "> 0"):
            raise InputError(f"{name}: {value} is not allowed, must be finite and {lower}")
    if parameters["tau"] == 1 and parameters["ridge"] == 0:
        raise InputError(f"tau: 1 is not allowed, must be {TAU_ONE}")
    return ExactPoint(tuple(atoms), _normalised(multiplicities), **parameters)


def _normalised(multiplicities: list[Any]) -> tuple[Any, ...]:
    total = sum(multiplicities)
    first = multiplicities[0]
    if all(w is first for w in multiplicities):  # equal weights: divide once
        return (first / total,) * len(multiplicities)
    return tuple(w / total for w in multiplicities)


def _measure(
    eigenvalues: Spectrum | Sequence[Any], weights: Sequence[Any] | None, number: Callable[[Any, str], Any]
) -> tuple[list[Any], list[Any]]:
    if isinstance(eigenvalues, Spectrum):
        if eigenvalues.batch_shape:
            raise InputError(f"eigenvalues: a batch of spectra {eigenvalues.batch_shape} is not allowed, give one")
        if weights is not None:
            raise InputError("weights: not allowed with a Spectrum, which has its own")
        listed: Sequence[Any] = eigenvalues.eigenvalues.tolist()
        listed_weights: Sequence[Any] = eigenvalues.weights.tolist()
    else:
        if isinstance(eigenvalues, str) or np.ndim(np.asarray(eigenvalues, dtype=object)) != 1 or len(eigenvalues) == 0:
            raise InputError(f"eigenvalues: {eigenvalues!r} is not allowed, must be a Spectrum or a list of numbers")
        listed = list(eigenvalues)
        listed_weights = [1] if weights is None else list(weights)
    atoms = [number(value, "eigenvalues") for value in listed]
    multiplicities = [number(value, "weights") for value in listed_weights]
    if weights is None and len(multiplicities) == 1:
        multiplicities *= len(atoms)
    if len(atoms) != len(multiplicities):
        raise InputError(f"weights: {len(multiplicities)} of them do not fit {len(atoms)} eigenvalues")
    for name, values in (("eigenvalues", atoms), ("weights", multiplicities)):
        for index, value in enumerate(values):
            if value < 0:
                raise InputError(f"{name}: {value} at index {index} is not allowed, must be finite and >= 0")
    if all(c == 0 or w == 0 for c, w in zip(atoms, multiplicities, strict=True)):
        raise InputError("eigenvalues: all zero is not allowed")
    return atoms, multiplicities
