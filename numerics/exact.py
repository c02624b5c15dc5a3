"""Exact input: numbers as rationals, before any arithmetic of limited precision sees them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from operator import mul
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpz
from mpmath import mp

from .errors import InputError
from .fixed_point import TAU_ONE
from .spectrum import Spectrum, grouped

#: a number that `as_fraction` takes, of whatever library
Exact = Any
#: an exact number, or all the numbers in a ball
Ball = Any
#: a list of such numbers
Exacts = Any
Balls = Any

#: what a point is made of: Fraction, or fmpq and arb
Number = Any

#: bits of the numerator and of the denominator at most: time and memory stay bounded
_MOST_BITS = 1 << 17
#: characters of a text at most, the largest size of its exponent, and the characters of a value that a message shows
_MOST_TEXT, _MOST_EXPONENT, _SHOWN = 4300, 1 << 15, 60
_TEXT = re.compile(r"[+-]?(?:[0-9]+/[0-9]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?)")

_ALLOWED = (
    "must be an integer, Fraction, Decimal, float, a rational number of mpmath or SymPy, or text as '1/3', '1e-5'"
)
#: what stands for an infinite value
_INFINITE = ("inf", "+inf")


def as_fraction(value: Any, name: str) -> Fraction:
    """The exact value of a number: of a float (NumPy's too), an mpf or a SymPy Float all its binary digits, of text
    such as "3/10", "0.3" or "1e-5" the decimal number that it is.

    Raises:
        InputError: not finite, not rational (as SymPy's sqrt(2) and mpmath's pi), a truth value, a number of more than
            some 39,000 digits, or a ball of more than one number.
    """
    if type(value) is Fraction:
        return _bounded(value, value, name)
    if getattr(value, "ndim", None) == 0 and not isinstance(value, (np.generic, np.ma.MaskedArray)):
        value = value.item()  # an array of one number, of NumPy, torch or JAX
    if isinstance(value, str):
        return _from_text(value, name)
    found: Fraction | None = None
    if isinstance(value, bool):
        pass
    elif isinstance(value, (Integral, fmpz)):
        found = Fraction(int(value))
    elif isinstance(value, Rational):
        found = Fraction(int(value.numerator), int(value.denominator))
    elif isinstance(value, fmpq):
        found = Fraction(int(value.p), int(value.q))
    elif isinstance(value, Decimal):
        if value.is_finite() and abs(value.adjusted()) + len(value.as_tuple().digits) <= _MOST_EXPONENT:
            found = Fraction(value)
    elif isinstance(value, (float, np.floating)):
        if math.isfinite(value):
            found = Fraction(*value.as_integer_ratio())
    elif isinstance(value, arb):
        if value.is_exact() and value.is_finite():
            found = _binary(*map(int, value.man_exp()))
    elif hasattr(value, "_mpf_") and not isinstance(value, mp.constant):
        sign, mantissa, exponent, bits = getattr(value, "_mpf_")  # noqa: B009 (no type declares it)
        if bits >= 0:  # less for infinities and nan
            found = _binary(int(-mantissa if sign else mantissa), int(exponent))
    if found is None:
        raise _refused(value, name)
    return _bounded(found, value, name)


def shown(value: Any) -> str:
    """A value in a message: in one line, and shortened."""
    try:
        text = value if isinstance(value, str) else " ".join(str(value).split())
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number of more than 4300 digits"
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}... ({len(text)} characters)"


def is_infinite(value: Any) -> bool:
    """Whether a value is plus infinity, in any of the forms that numbers come in."""
    if isinstance(value, str):
        return value in _INFINITE
    return getattr(value, "ndim", 0) == 0 and bool(value == math.inf)


def _refused(value: Any, name: str) -> InputError:
    if is_infinite(value):
        way_on = ", as 10**30 where the limit is meant" if name == "kappa" else ""
        return InputError(f"{name}: inf is not allowed in exact arithmetic, must be finite{way_on}")
    if isinstance(value, mp.constant) or getattr(value, "is_irrational", False):
        why = "is irrational: give a rational number close to it, or to `enclose` a ball as flint.arb(2).sqrt()"
        return InputError(f"{name}: {shown(value)} {why}")
    return InputError(f"{name}: {shown(value)} is no finite number known exactly, {_ALLOWED}")


def _bounded(found: Fraction, value: Any, name: str) -> Fraction:
    if max(found.numerator.bit_length(), found.denominator.bit_length()) > _MOST_BITS:
        raise InputError(f"{name}: {shown(value)} is not allowed, must be of at most {_MOST_BITS} bits over as many")
    return found


def _binary(mantissa: int, exponent: int) -> Fraction | None:
    """mantissa 2^exponent; None where that is too large to be written out."""
    if abs(exponent) > _MOST_BITS:
        return None
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def _from_text(text: str, name: str) -> Fraction:
    form = _TEXT.fullmatch(text) if len(text) <= _MOST_TEXT else None
    try:
        if form and abs(int(form[1] or 0)) <= _MOST_EXPONENT:
            return Fraction(text)
    except ZeroDivisionError:
        pass
    raise _refused(text, name)


def as_count(value: Any, name: str, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number.

    Raises:
        InputError: naming the argument and the value.
    """
    try:
        count = as_fraction(value, name)
    except InputError:
        count = Fraction(1, 2)
    if isinstance(value, str) or count.denominator != 1 or not least <= count <= most:
        raise InputError(f"{name}: {shown(value)} is not allowed, must be a whole number >= {least} and <= {most}")
    return int(count)


def as_ball(value: Any, name: str) -> fmpq | arb:
    """The value for ball arithmetic: a ball as it is, all else as the rational that it is, see `as_fraction`.

    Raises:
        InputError: not a finite number or a bounded ball.
    """
    if isinstance(value, arb) and value.is_finite() and not value.is_exact():
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
    def atoms(self) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
        """Distinct eigenvalues, increasing, and their weights, none of them zero; of a point of Fractions."""
        measure: dict[Number, Number] = {}
        for c, w in sorted(zip(self.eigenvalues, self.weights, strict=True)):
            if w > 0:
                measure[c] = measure.get(c, 0) + w
        return tuple(measure), tuple(measure.values())

    @property
    def regime(self) -> str:
        """Which of the scalar equations holds: "ridge", "above" or "below"."""
        return "ridge" if self.ridge > 0 else "above" if self.tau > 1 else "below"


def exact_point(
    eigenvalues: Spectrum | Balls,
    weights: Balls | None,
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
            raise InputError(f"{name}: {shown(value)} is not allowed, must be finite and {lower}")
    if parameters["tau"] == 1 and parameters["ridge"] == 0:
        raise InputError(f"tau: 1 is not allowed, must be {TAU_ONE}")
    return ExactPoint(tuple(atoms), _normalised(multiplicities), **parameters)


def exact_atoms(
    eigenvalues: Spectrum | Exacts, weights: Exacts | None
) -> tuple[Spectrum | Exacts, Exacts | None, Fraction]:
    """What K is compared at: a Spectrum's atoms with exact weights, and its tolerance; any other list as it is.

    Raises:
        InputError: a batch of spectra.
    """
    if not isinstance(eigenvalues, Spectrum) or weights is not None:
        return eigenvalues, weights, Fraction(0)
    values = eigenvalues.atoms()[0]
    shares = dict[int, Fraction]()
    for _, weight, atom in zip(*grouped(eigenvalues), strict=True):
        if weight > 0:
            shares[int(atom)] = shares.get(int(atom), Fraction(0)) + Fraction(float(weight))
    return values.tolist(), [shares[k] for k in sorted(shares, reverse=True)], Fraction(eigenvalues.tolerance)


def _normalised(multiplicities: list[Any]) -> tuple[Any, ...]:
    total = sum(multiplicities)
    first = multiplicities[0]
    if all(w is first for w in multiplicities):  # equal weights: divide once
        return (first / total,) * len(multiplicities)
    return tuple(w / total for w in multiplicities)


def _measure(
    eigenvalues: Spectrum | Balls, weights: Balls | None, number: Callable[[Any, str], Any]
) -> tuple[list[Any], list[Any]]:
    if isinstance(eigenvalues, Spectrum):
        if eigenvalues.batch_shape:
            raise InputError(f"eigenvalues: a batch of spectra {eigenvalues.batch_shape} is not allowed, give one")
        if weights is not None:
            raise InputError("weights: not allowed with a Spectrum, which has its own")
        listed: Sequence[Any] = eigenvalues.eigenvalues.tolist()
        listed_weights: Sequence[Any] = eigenvalues.weights.tolist()
    else:
        listed = _listed("eigenvalues", eigenvalues)
        listed_weights = [1] if weights is None else _listed("weights", weights)
    atoms = [number(value, "eigenvalues") for value in listed]
    multiplicities = [number(value, "weights") for value in listed_weights]
    if weights is None and len(multiplicities) == 1:
        multiplicities *= len(atoms)
    if len(atoms) != len(multiplicities):
        raise InputError(f"weights: {len(multiplicities)} of them do not fit {len(atoms)} eigenvalues")
    for name, values in (("eigenvalues", atoms), ("weights", multiplicities)):
        for index, value in enumerate(values):
            if value < 0:
                raise InputError(f"{name}: {shown(value)} at index {index} is not allowed, must be finite and >= 0")
    if all(c == 0 or w == 0 for c, w in zip(atoms, multiplicities, strict=True)):
        raise InputError("eigenvalues: all zero is not allowed")
    return atoms, multiplicities


def _listed(name: str, values: Any) -> list[Any]:
    several = isinstance(values, Sequence) or getattr(values, "ndim", 0) == 1
    listed = list(values) if several else []
    if isinstance(values, (str, bytes)) or not listed:
        raise InputError(f"{name}: {shown(values)} is not allowed, must be a Spectrum or a list of numbers, not empty")
    return listed
