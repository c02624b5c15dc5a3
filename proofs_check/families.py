"""Families of spectra that a scan can go over: one spectrum, or spectra with parameters of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..numerics.arrays import as_numpy, require
from ..numerics.errors import InputError
from ..numerics.spectrum import Spectrum
from .points import Range, described_values, require_count


@runtime_checkable
class Family(Protocol):
    """Spectra of one kind."""

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Parameters with the ranges that random points have where nothing else is said."""
        ...

    @property
    def width(self) -> int:
        """Eigenvalues of each spectrum that differ from point to point; 0 where all points have the same."""
        ...

    def spectra(self, columns: Mapping[str, np.ndarray]) -> Spectrum:
        """One spectrum for each row of the parameters, or one for all rows."""
        ...

    def described(self) -> dict[str, Any]:
        """All that the spectra follow from, for JSON; `family_from` reads it."""
        ...

    def named(self, row: Mapping[str, Any]) -> str | None:
        """How the command line names the spectrum of a row, if it can."""
        ...


@dataclass(frozen=True)
class OneSpectrum:
    """The same spectrum at every point.

    Args:
        spectrum: a single one.
        source: how the command line named it, for commands that reproduce a point.
    """

    spectrum: Spectrum
    source: str | None = None

    def __post_init__(self) -> None:
        if self.spectrum.batch_shape:
            raise InputError(f"spectrum: a batch {self.spectrum.batch_shape} is not allowed, scan one at a time")
        if not isinstance(self.spectrum.eigenvalues, np.ndarray):
            object.__setattr__(self, "spectrum", Spectrum(*_measure(self.spectrum)))

    @property
    def ranges(self) -> Mapping[str, Range]:
        """None: it has no parameters."""
        return {}

    @property
    def width(self) -> int:
        """Nothing differs."""
        return 0

    def spectra(self, columns: Mapping[str, np.ndarray]) -> Spectrum:
        """The spectrum."""
        return self.spectrum

    def described(self) -> dict[str, Any]:
        """Its eigenvalues and weights."""
        values, weights = _measure(self.spectrum)
        # all that the solver reads of it
        read = (values, weights, self.spectrum.null_weight, self.spectrum.rank_fraction, self.spectrum.trace)
        digest = hashlib.sha256(b"".join(np.asarray(part, "<f8").tobytes() for part in read)).hexdigest()
        found = {"kind": "spectrum", "sha256": digest, "eigenvalues": described_values(values)}
        return found | {"weights": described_values(weights), "source": self.source}

    def named(self, row: Mapping[str, Any]) -> str | None:
        """As it was given."""
        return self.source


@dataclass(frozen=True)
class TwoAtoms:
    """Two eigenvalues with mean one: `ratio` of the smaller to the larger, `share` of the larger."""

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Ratio and share."""
        return {"ratio": (1e-4, 1.0), "share": (0.02, 0.98, "linear")}

    @property
    def width(self) -> int:
        """Two."""
        return 2

    def spectra(self, columns: Mapping[str, np.ndarray]) -> Spectrum:
        """Eigenvalues `(n, 2)`.

        Raises:
            InputError: a ratio above one, or a share that is not between zero and one.
        """
        ratio, share = columns["ratio"], columns["share"]
        require(ratio, ratio <= 1, "ratio", "at most 1")
        require(share, (share > 0) & (share < 1), "share", "between 0 and 1")
        weights = np.stack([1 - share, share], -1)
        values = np.stack([ratio, np.ones_like(ratio)], -1)
        return Spectrum.batch(values / (weights * values).sum(-1, keepdims=True), weights)

    def described(self) -> dict[str, Any]:
        """Its name."""
        return {"kind": "two-atoms"}

    def named(self, row: Mapping[str, Any]) -> str | None:
        """It has no name there."""
        return None


@dataclass(frozen=True)
class PowerLaw:
    r"""$c_j \propto j^{-p}$ for j = 1..d, with mean one and p the parameter `exponent`."""

    d: int = 100

    def __post_init__(self) -> None:
        require_count("d", self.d, 1)

    @property
    def ranges(self) -> Mapping[str, Range]:
        """The exponent."""
        return {"exponent": (0.0, 3.0, "linear")}

    @property
    def width(self) -> int:
        """Number of eigenvalues."""
        return self.d

    def spectra(self, columns: Mapping[str, np.ndarray]) -> Spectrum:
        """Eigenvalues `(n, d)`."""
        values = np.arange(1, self.d + 1) ** -columns["exponent"][:, None]
        return Spectrum.batch(values / values.mean(-1, keepdims=True))

    def described(self) -> dict[str, Any]:
        """Its name and size."""
        return {"kind": "power-law", "d": self.d}

    def named(self, row: Mapping[str, Any]) -> str | None:
        """The short form of a power law."""
        return f"power:{row['exponent']!r}:{self.d}"


@dataclass(frozen=True)
class Atoms:
    """Any eigenvalues `c1`, `c2`, ... with any weights `w1`, `w2`, ..., normalised to sum one."""

    count: int

    def __post_init__(self) -> None:
        require_count("count", self.count, 1)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the eigenvalues."""
        return tuple(f"c{k}" for k in range(1, self.count + 1))

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights."""
        return tuple(f"w{k}" for k in range(1, self.count + 1))

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Eigenvalues and weights over four decades."""
        return dict.fromkeys((*self.values, *self.weights), (1e-4, 1.0))

    @property
    def width(self) -> int:
        """Number of eigenvalues."""
        return self.count

    def spectra(self, columns: Mapping[str, np.ndarray]) -> Spectrum:
        """Eigenvalues `(n, count)`."""
        values, weights = (np.stack([columns[k] for k in names], -1) for names in (self.values, self.weights))
        return Spectrum.batch(values, weights)

    def described(self) -> dict[str, Any]:
        """Its name and size."""
        return {"kind": "atoms", "count": self.count}

    def named(self, row: Mapping[str, Any]) -> str | None:
        """It has no name there."""
        return None


def family_from(described: Mapping[str, Any]) -> Family | None:
    """The family that a description is of; None for one spectrum of so many eigenvalues that they are not listed."""
    if described["kind"] != "spectrum":
        families = {"two-atoms": TwoAtoms, "power-law": PowerLaw, "atoms": Atoms}
        return families[described["kind"]](**{name: value for name, value in described.items() if name != "kind"})
    values, weights = described["eigenvalues"], described["weights"]
    if isinstance(values, Mapping):
        return None
    return OneSpectrum(Spectrum(values, weights), described["source"])


def _measure(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    return as_numpy(spectrum.eigenvalues), as_numpy(spectrum.weights)
