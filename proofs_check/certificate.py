"""Certificates: the ordering of K for one spectrum, proved by numbers that anyone can check."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any, NamedTuple

from flint import arb

from ..numerics.enclose import Enclosure, enclose
from ..numerics.errors import ConvergenceError, InputError
from ..numerics.exact import Exact, Exacts, exact_atoms, exact_point
from ..numerics.spectrum import Spectrum
from . import verify_certificate as verifier

CLAIMS = ("ordering-holds", "ordering-fails")

#: certificates that come with the package
FOLDER = Path(__file__).parent / "certificates"

#: digits of K at least, and the accuracies at which equal or nearly equal values are tried to be told apart
_DIGITS = 20
_ATTEMPTS = (40, 80)
#: eigenvalues that a summary lists
_SHOWN = 8


@dataclass(frozen=True)
class Certificate:
    r"""A claim about the ordering of K, and the numbers that prove it.

    Attributes:
        claim: "ordering-holds", $\mathcal K(c_1) \ge \mathcal K(c_2) \ge \dots$ for $c_1 < c_2 < \dots$, or
            "ordering-fails", $\mathcal K(c_i) < \mathcal K(c_j)$ for some $c_i < c_j$.
        alpha, tau, kappa, rho: the parameters; there is no ridge.
        eigenvalues: distinct, increasing.
        weights: of the eigenvalues, sum one.
        places: decimal places of the bounds.
        t: two numbers with the root of the scalar equation between them.
        K: for each eigenvalue two numbers with $\mathcal K(c_i)$ between them.
        tolerance: eigenvalues of the spectrum that were closer than this part of the largest are one here; 0 where
            only equal ones are.
    """

    claim: str
    alpha: Fraction
    tau: Fraction
    kappa: Fraction
    rho: Fraction
    eigenvalues: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    places: int
    t: tuple[Fraction, Fraction]
    K: tuple[tuple[Fraction, Fraction], ...]
    tolerance: Fraction = Fraction(0)

    def as_dict(self) -> dict[str, Any]:
        """What stands in the file: all numbers as text, in the one form that the verifier accepts."""

        def decimals(bounds: Iterable[Fraction]) -> list[str]:
            return [verifier.written(x, self.places) for x in bounds]

        return {
            "format": verifier.FORMAT,
            "claim": self.claim,
            **{name: str(getattr(self, name)) for name in ("alpha", "tau", "kappa", "rho")},
            "eigenvalues": [str(c) for c in self.eigenvalues],
            "weights": [str(w) for w in self.weights],
            **({"tolerance": str(self.tolerance)} if self.tolerance else {}),
            "t": decimals(self.t),
            "K": [decimals(bounds) for bounds in self.K],
        }

    def summary(self) -> str:
        """The claim, the eigenvalues with their weights, and what was taken as one, in one line."""
        atoms = [f"{c} ({w})" for c, w in zip(self.eigenvalues, self.weights, strict=True)]
        if len(atoms) > _SHOWN:
            atoms[_SHOWN // 2 : -_SHOWN // 2] = [f"... {len(atoms) - _SHOWN} more ..."]
        merged = f"; closer than {self.tolerance} of the largest is one" if self.tolerance else ""
        return f"{self.claim}; eigenvalues (weights) {', '.join(atoms)}{merged}"

    def text(self) -> str:
        """The file's contents."""
        return json.dumps(self.as_dict(), indent=1) + "\n"

    def save(self, path: str | Path) -> None:
        """Write it as JSON."""
        Path(path).write_text(self.text(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read one, without checking what it claims.

        Raises:
            InputError: the file cannot be read, or is no certificate.
        """
        entries = _read(path)
        try:
            scalars = {name: Fraction(entries[name]) for name in ("alpha", "tau", "kappa", "rho")}
            low, high = map(Fraction, entries["t"])
            return cls(
                claim=entries["claim"],
                **scalars,
                eigenvalues=tuple(map(Fraction, entries["eigenvalues"])),
                weights=tuple(map(Fraction, entries["weights"])),
                places=len(entries["t"][0].partition(".")[2]),
                t=(low, high),
                K=tuple((Fraction(x), Fraction(y)) for x, y in entries["K"]),
                tolerance=Fraction(entries.get("tolerance", 0)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"path: {path} is no certificate: {error}") from None


class Examination(NamedTuple):
    """What the verifier says: whether a certificate is accepted, and the statement proved or the reason, one line."""

    accepted: bool
    reason: str


def certify(
    eigenvalues: Spectrum | Exacts,
    weights: Exacts | None = None,
    *,
    alpha: Exact,
    tau: Exact,
    kappa: Exact,
    rho: Exact,
    claim: str,
) -> Certificate:
    r"""Prove that the ordering of K holds, or that it fails, without a ridge.

    The root is enclosed in ball arithmetic; what goes into the certificate is then computed, and so checked, by the
    verifier itself.

    Args:
        eigenvalues: a Spectrum, whose atoms are taken (see `Spectrum.atoms`: eigenvalues within its tolerance are one;
            the certificate states both), or a list of numbers as in `numerics.precise`; equal ones become one, and
            those without weight are left out.
        weights: one for each eigenvalue, normalised to sum one; equal if not given.
        alpha, tau, kappa, rho: as in `taskalign.solve`.
        claim: "ordering-holds" or "ordering-fails".

    Raises:
        InputError: a bad argument, or a claim that is false.
        ConvergenceError: two values of K could not be told apart.

    References:
        THEORY A3.

    Example:
        >>> certificate = certify([0, 2], alpha=50, tau="3/10", kappa=1, rho=1, claim="ordering-fails")
        >>> verify(certificate)
        True
        >>> [f"{float(low):.6f}" for low, high in certificate.K]
        ['1.265207', '1.955765']
    """
    if claim not in CLAIMS:
        raise InputError(f"claim: {claim!r} is not allowed, must be {' or '.join(CLAIMS)}")
    values, shares, tolerance = exact_atoms(eigenvalues, weights)
    point = exact_point(values, shares, alpha=alpha, tau=tau, kappa=kappa, rho=rho, ridge=0)
    parameters = {"alpha": point.alpha, "tau": point.tau, "kappa": point.kappa, "rho": point.rho}
    listed = point.atoms
    _require_short({"eigenvalues": listed[0], "weights": listed[1]} | {name: (x,) for name, x in parameters.items()})
    for digits in _ATTEMPTS:
        found = enclose(*listed, **parameters, digits=digits)
        if _truth(found, listed[0]) is None:
            continue
        if _truth(found, listed[0]) != claim:
            raise InputError(f"claim: {claim} is false for this spectrum and these parameters")
        if certificate := _with_places(found, *listed, parameters, claim, tolerance):
            return certificate
    raise ConvergenceError(
        f"values of K agree to {_ATTEMPTS[-1]} digits, or need more than {verifier.PLACES} decimal places"
    )


def _require_short(numbers: Mapping[str, Sequence[Fraction]]) -> None:
    """Refuse what makes a certificate that the verifier does not check for its size."""
    for name, values in numbers.items():
        if any(max(x.numerator, x.denominator) >= 10**verifier.DIGITS for x in values):
            raise InputError(f"{name}: a number of more than {verifier.DIGITS} digits is not allowed in a certificate")
    size = sum(len(str(x)) for values in numbers.values() for x in values)
    if size > verifier.SIZE:
        raise InputError(f"eigenvalues: {size} digits are too many for a certificate, at most {verifier.SIZE}")


def _truth(found: Enclosure, eigenvalues: Sequence[Fraction]) -> str | None:
    """Which claim is true, if the balls tell; no more than that is needed from them."""
    values = [found.K(c) for c in eigenvalues]
    if any(x < y for x, y in pairwise(values)):
        return "ordering-fails"
    return "ordering-holds" if all(x > y for x, y in pairwise(values)) else None


def _with_places(
    found: Enclosure,
    eigenvalues: tuple[Fraction, ...],
    weights: tuple[Fraction, ...],
    parameters: dict[str, Fraction],
    claim: str,
    tolerance: Fraction,
) -> Certificate | None:
    """The certificate with the fewest decimal places that give enough digits of t and of each K."""
    low, high = found.bracket
    smallest = min(float(x.log().mid() / arb(10).log()) for x in (found.t, *map(found.K, eigenvalues)))
    for places in range(_DIGITS + max(0, -floor(smallest)), verifier.PLACES + 1):
        unit = Fraction(1, 10**places)
        start = floor(low / unit) * unit
        if high > start + unit:  # a decimal stands between the ends
            continue
        try:
            ranges = verifier.bounds_of_K(eigenvalues, weights, **parameters, low=start, high=start + unit)
            texts = [verifier.outward(x, places) for x in ranges]
        except verifier.Refused:  # the bracket is wider than the branch, or a bound too long
            continue
        K = tuple((Fraction(x), Fraction(y)) for x, y in texts)
        if any(y - x > x / 10**_DIGITS for x, y in K):
            continue
        given: dict[str, Any] = {"claim": claim, "eigenvalues": eigenvalues, "weights": weights, **parameters}
        certificate = Certificate(**given, places=places, t=(start, start + unit), K=K, tolerance=tolerance)
        if verify(certificate):
            return certificate
    return None


def verify(certificate: str | Path | Certificate) -> bool:
    """Whether a certificate proves what it claims: recomputed from the rationals in it, with nothing else trusted.

    Args:
        certificate: a file, or a certificate.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    return examine(certificate).accepted


def examine(certificate: str | Path | Certificate) -> Examination:
    """As `verify`, and why.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    try:
        entries = certificate.as_dict() if isinstance(certificate, Certificate) else _read(certificate)
        return Examination(True, verifier.check(entries))
    except verifier.Refused as reason:
        return Examination(False, str(reason))


def _read(path: str | Path) -> Any:
    try:
        return verifier.load(path)
    except (OSError, ValueError) as error:
        raise InputError(f"path: cannot read {path}: {error}") from None
