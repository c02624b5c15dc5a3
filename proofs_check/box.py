"""Boxes of parameters in which the ordering of K is decided as a whole, by subdivision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..numerics.errors import InputError
from ..numerics.exact import Exacts, as_count, as_fraction, exact_atoms, exact_point, shown
from ..numerics.fixed_point import TAU_ONE
from ..numerics.spectrum import Spectrum
from .box_sign import AXES, Box, Decision, Interval, SignOverBox

#: one exact number, or the two ends of a range
Range = Any


@dataclass(frozen=True)
class Part:
    """A box, and what is proved of it.

    Attributes:
        status: "holds", "fails" or "undecided", for all points of the box.
        by: how it was proved, see `box_sign`: "tau > 1", "tau_order", "pair" or "one eigenvalue"; "" where undecided.
        share: of the volume of the whole, which counts alpha in its logarithm.
    """

    box: Box
    status: str
    by: str
    share: float


@dataclass(frozen=True)
class BoxVerdict:
    """What is proved of a box of parameters.

    Attributes:
        box: the whole.
        parts: boxes that fill it; neighbours share a face.
    """

    box: Box
    parts: tuple[Part, ...] = field(repr=False)

    @property
    def status(self) -> str:
        """What is proved of every point, "holds" or "fails"; else "undecided"."""
        found = {part.status for part in self.parts}
        return found.pop() if len(found) == 1 else "undecided"

    @property
    def mixed(self) -> bool:
        """Whether it is proved that the ordering holds at some points and fails at others."""
        return {"holds", "fails"} <= {part.status for part in self.parts}

    def share(self, status: str, by: str | None = None) -> float:
        """Share of the volume with that status, and proved that way."""
        return sum(part.share for part in self.parts if part.status == status and by in (None, part.by))

    @property
    def decided(self) -> float:
        """Share of the volume that is decided; alpha counts in its logarithm."""
        return 1.0 - self.share("undecided")


def certify_box(
    eigenvalues: Spectrum | Exacts,
    weights: Exacts | None = None,
    *,
    alpha: Range,
    tau: Range,
    kappa: Range,
    rho: Range,
    depth: int = 12,
    share: float = 1.0,
) -> BoxVerdict:
    r"""Prove where in a box of parameters the ordering of K holds, and where it fails; without a ridge.

    $\mathcal K(c_1) \ge \mathcal K(c_2)$ for the two smallest distinct eigenvalues is decided for whole boxes at once,
    in ball arithmetic between exact rational ends. A box that cannot be decided is halved, along the axis that moves
    the verdict most. $\tau = 1$, where there is no finite answer, is left out of what a box claims.

    Args:
        eigenvalues, weights: as in `certify`: of a Spectrum its atoms.
        alpha, tau, kappa, rho: one number, or the pair of ends of a range; ints, strings, Fractions, floats.
        depth: at most so many halvings of a part, from 0.
        share: where the ordering holds at some points and fails at others, halve no more once this share of the
            volume is decided; in (0, 1].

    Raises:
        InputError: naming the argument and the offending value.

    References:
        THEORY A3.

    Example:
        >>> found = certify_box([0, 2], alpha=(45, 55), tau=("0.28", "0.32"), kappa=1, rho=("9/10", "11/10"))
        >>> found.status, found.decided
        ('fails', 1.0)
    """
    halvings = as_count(depth, "depth")
    if not 0 < as_fraction(share, "share") <= 1:
        raise InputError(f"share: {share!r} is not allowed, must be in (0, 1]")
    given = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho}
    whole = Box(**{name: as_interval(name, value) for name, value in given.items()})
    if whole.tau == (1, 1):
        raise InputError(f"tau: 1 is not allowed, must be {TAU_ONE}")
    # the spectrum alone is wanted of this point
    values, shares, _ = exact_atoms(eigenvalues, weights)
    proof = SignOverBox(exact_point(values, shares, alpha=1, tau=2, kappa=1, rho=0, ridge=0))
    return BoxVerdict(whole, tuple(_subdivided(proof, whole, halvings, share)))


def _subdivided(proof: SignOverBox, whole: Box, depth: int, share: float) -> list[Part]:
    """The parts in a fixed order: by their corners."""
    parts: list[Part] = []
    pending = [whole]
    for level in range(depth + 1):
        decisions = [(box, proof.decide(box)) for box in pending]
        parts += [_part(box, found, whole) for box, found in decisions if found.status != "undecided"]
        left = [(box, found) for box, found in decisions if found.status == "undecided"]
        undecided = sum(box.share(whole) for box, _ in left)
        mixed = {"holds", "fails"} <= {part.status for part in parts}
        last = level == depth or not whole.wide
        # what is undecided only for want of precision is halved on
        given_up = [last or (mixed and undecided <= 1 - share and found.at_border) for _, found in left]
        parts += [_part(*one, whole) for one, stop in zip(left, given_up, strict=True) if stop]
        pending = [
            half
            for (box, found), stop in zip(left, given_up, strict=True)
            if not stop
            for half in box.halves(found.axis)
        ]
    return sorted(parts, key=lambda part: part.box.intervals)


def _part(box: Box, found: Decision, whole: Box) -> Part:
    return Part(box, found.status, found.by, box.share(whole))


def as_interval(name: str, value: Range) -> Interval:
    """The two exact ends of a range; one number is both.

    Raises:
        InputError: naming the argument.
    """
    if name not in AXES:
        raise InputError(f"{name!r} is no parameter, must be one of {', '.join(AXES)}")
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise InputError(f"{name}: {shown(value)} is not allowed, must be one number or the two ends of a range")
        low, high = (as_fraction(end, name) for end in value)
    else:
        low = high = as_fraction(value, name)
    if low > high:
        raise InputError(
            f"{name}: the range from {shown(low)} to {shown(high)} is not allowed, the first must be the smaller"
        )
    if low < 0 or (low == 0 and name != "rho"):
        raise InputError(f"{name}: {shown(low)} is not allowed, must be {'>= 0' if name == 'rho' else '> 0'}")
    return low, high
