"""Which points a scan visits: a product of axes, or random ones; each is known from its place alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..numerics.arrays import nonnegative, positive, require
from ..numerics.errors import InputError

#: parameters of the theory that every scan has
PARAMETERS = ("alpha", "tau", "kappa", "rho")

#: (low, high), drawn log-uniformly, or (low, high, "linear"); both ends equal make a constant
Range = tuple[float, float] | tuple[float, float, str]

DEFAULT_RANGES: Mapping[str, Range] = {
    "alpha": (0.1, 1e4),
    "tau": (0.02, 50.0),
    "kappa": (0.05, 50.0),
    "rho": (1e-3, 10.0),
}

#: an axis of more values is described by its fingerprint
_LISTED = 1000


@runtime_checkable
class Points(Protocol):
    """The points of a scan, in a fixed order."""

    @property
    def size(self) -> int:
        """How many."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """What each consists of."""
        ...

    def columns(self, first: int, last: int) -> dict[str, np.ndarray]:
        """The points first..last-1: name -> values."""
        ...

    def described(self) -> dict[str, Any]:
        """All that they follow from but for how many of them are taken, for JSON."""
        ...


@dataclass(frozen=True)
class Grid:
    """Product of axes; the last axis changes fastest.

    Args:
        axes: name -> values, for alpha, tau, kappa, rho and the parameters of the family of spectra.

    Raises:
        InputError: an axis is missing or empty, or a value is out of its range.

    Example:
        >>> Grid({"alpha": [1, 2], "tau": [0.5, 0.7, 0.9], "kappa": [1], "rho": [0.1]}).columns(2, 4)["tau"]
        array([0.9, 0.5])
    """

    axes: Mapping[str, Any]

    def __post_init__(self) -> None:
        axes = {}
        for name, values in self.axes.items():
            axis = check(name, np.atleast_1d(values))
            if axis.ndim != 1 or axis.size == 0:
                raise InputError(f"{name}: shape {axis.shape} is not allowed, must be a list of numbers")
            axes[name] = axis
        _require_all(axes)
        object.__setattr__(self, "axes", axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(axis.size for axis in self.axes.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(self.axes)

    def columns(self, first: int, last: int) -> dict[str, np.ndarray]:
        """The points first..last-1."""
        places = np.unravel_index(np.arange(first, last), [axis.size for axis in self.axes.values()])
        return {name: axis[place] for (name, axis), place in zip(self.axes.items(), places, strict=True)}

    def described(self) -> dict[str, Any]:
        """The axes."""
        return {"kind": "grid", "axes": {name: described_values(axis) for name, axis in self.axes.items()}}


@dataclass(frozen=True)
class RandomPoints:
    """Seeded random points. Each is drawn from the seed and its place, so any part can be drawn alone.

    Args:
        size: how many.
        seed: of the generator (Philox, which counts and so can start anywhere).
        ranges: name -> (low, high), log-uniform, or (low, high, "linear"); for alpha, tau, kappa, rho those not
            given are `DEFAULT_RANGES`.

    Raises:
        InputError: naming the argument and the offending value.
    """

    size: int
    seed: int = 0
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_count("size", self.size, 1)
        require_count("seed", self.seed, 0)
        ranges = {**DEFAULT_RANGES, **self.ranges}
        object.__setattr__(self, "ranges", {name: _range(name, ends) for name, ends in ranges.items()})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the ranges."""
        return tuple(self.ranges)

    def columns(self, first: int, last: int) -> dict[str, np.ndarray]:
        """The points first..last-1."""
        shares = uniform(self.seed, len(self.ranges), first, last)
        drawn = {
            name: within_range(ends, share) for (name, ends), share in zip(self.ranges.items(), shares.T, strict=True)
        }
        # one has no finite answer; it is drawn with probability zero, but rounding may well hit it
        drawn["tau"] = np.where(drawn["tau"] == 1, np.nextafter(1.0, 2.0), drawn["tau"])
        return drawn

    def described(self) -> dict[str, Any]:
        """Seed and ranges: more points begin with the same ones."""
        ranges = {name: list(ends) for name, ends in self.ranges.items()}
        return {"kind": "random", "seed": int(self.seed), "ranges": ranges}


def uniform(seed: int, width: int, first: int, last: int) -> np.ndarray:
    """Rows first..last-1 of an endless table of uniform numbers in [0, 1) with `width` columns."""
    blocks = -(-width // 4)  # the generator counts in blocks of four numbers
    bits = np.random.Philox(key=np.random.SeedSequence(seed).generate_state(2, np.uint64))
    drawn = np.random.Generator(bits.advance(first * blocks)).random((last - first, 4 * blocks))
    return drawn[:, :width]


def within_range(ends: Range, share: np.ndarray) -> np.ndarray:
    """The numbers that lie at these shares of a range."""
    low, high, *scale = ends
    if low == high:
        return np.full_like(share, low)
    if scale:
        return low + share * (high - low)
    return np.clip(np.exp(math.log(low) + share * math.log(high / low)), low, high)


def check(name: str, values: Any) -> np.ndarray:
    """The values of one parameter as float64, where they are allowed.

    Raises:
        InputError: naming the parameter and the first offending value.
    """
    if name not in PARAMETERS:
        return np.asarray(nonnegative(name, values), dtype=np.float64)
    array = np.asarray((nonnegative if name == "rho" else positive)(name, values), dtype=np.float64)
    if name == "tau":
        require(array, array != 1, "tau", "other than 1, where the error diverges without a ridge")
    return array


def described_values(values: np.ndarray) -> Any:
    """Numbers for JSON; many of them by their fingerprint."""
    if values.size <= _LISTED:
        return values.tolist()
    digest = hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()
    return {"count": values.size, "first": float(values[0]), "last": float(values[-1]), "sha256": digest}


def require_count(name: str, value: Any, least: int) -> None:
    """Raise unless the value is a whole number of at least `least`.

    Raises:
        InputError: naming the argument.
    """
    if isinstance(value, bool) or int(value) != value or value < least:
        raise InputError(f"{name}: {value!r} is not allowed, must be a whole number >= {least}")


def _require_all(given: Mapping[str, Any]) -> None:
    missing = [name for name in PARAMETERS if name not in given]
    if missing:
        raise InputError(f"grid: an axis for {', '.join(missing)} is missing")


def _range(name: str, ends: Sequence[Any]) -> Range:
    if len(ends) not in (2, 3) or tuple(ends[2:]) not in ((), ("linear",)):
        raise InputError(f'{name}: {tuple(ends)!r} is not allowed, must be (low, high) or (low, high, "linear")')
    low, high = float(ends[0]), float(ends[1])
    # a range may go over tau = 1
    check(name, np.array([end for end in (low, high) if name != "tau" or low == high or end != 1]))
    if low > high:
        raise InputError(f"{name}: the range from {low!r} to {high!r} is not allowed, the first must be the smaller")
    if len(ends) == 3:
        return low, high, "linear"
    if low == 0 < high:
        raise InputError(f'{name}: a logarithmic range cannot start at 0, give a low end > 0 or add "linear"')
    return low, high
