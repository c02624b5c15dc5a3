"""Phase diagrams of the ordering of K over context length and number of contexts, every area with its proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ..numerics.errors import InputError
from ..numerics.exact import Exact, exact_atoms, exact_point, shown
from ..numerics.ordering import ordering
from ..numerics.spectrum import Spectrum
from .box import BoxVerdict, Part, Range, as_interval, certify_box

#: rows of the diagram on which the border is sought, and points of the curve of tau_order
_ROWS, _CURVE = 481, 241
#: halvings of the place of a sign change, and points of a row between which it is sought
_HALVINGS, _COLUMNS = 48, 65


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    r"""Where the ordering of K holds over (alpha, tau), for one spectrum, kappa and rho.

    Attributes:
        eigenvalues, weights: the atoms of the spectrum, exactly, from the smallest up; the weights sum to one.
        tolerance: eigenvalues closer than this part of the largest are one atom.
        verdict: what is proved: boxes that fill the diagram.
        border: lines `(n, 2)` of points (alpha, tau) where $\mathcal K(c_1) = \mathcal K(c_2)$, in double precision.
        tau_order: points (alpha, tau) of the curve above which $\tilde\lambda \le s$ proves the ordering, `(n, 2)`.
    """

    eigenvalues: tuple[Fraction, ...] = field(repr=False)
    weights: tuple[Fraction, ...] = field(repr=False)
    verdict: BoxVerdict
    border: tuple[np.ndarray, ...] = field(repr=False)
    tau_order: np.ndarray = field(repr=False)
    tolerance: Fraction = Fraction(0)

    @property
    def decided(self) -> float:
        """Share of the area that is decided, with alpha in its logarithm."""
        return self.verdict.decided

    @property
    def fails(self) -> float:
        """Share of the area where the ordering is proved to fail."""
        return self.verdict.share("fails")

    @property
    def holds(self) -> float:
        """Share of the area where the ordering is proved to hold."""
        return self.verdict.share("holds")

    @property
    def above_tau_order(self) -> float:
        """Share of the area above the curve of tau_order, by its points."""
        box = self.verdict.box
        low, high = (float(end) for end in box.tau)
        # points are equally spaced in the logarithm of alpha
        part = np.clip((high - self.tau_order[:, 1]) / (high - low), 0.0, 1.0)
        return float((part[1:] + part[:-1]).mean() / 2)


def phase_diagram(
    spectrum: Spectrum,
    *,
    kappa: Exact,
    rho: Exact,
    alpha: Range = ("1/2", 200),
    tau: Range = ("1/50", "49/50"),
    share: float = 0.995,
    depth: int = 28,
) -> PhaseDiagram:
    """Prove where the ordering holds and where it fails, and draw the line between.

    Args:
        spectrum: its atoms are taken exactly.
        kappa, rho: one number each.
        alpha, tau: ranges; tau below 1.
        share: halve boxes until this share of the area is decided, or all where there is no border.
        depth: at most so many halvings.

    Raises:
        InputError: naming the argument and the offending value.

    Example:
        >>> diagram = phase_diagram(Spectrum([0.0, 2.0]), kappa=1, rho=1, alpha=(5, 50), tau=("1/4", "1/2"), share=0.9)
        >>> diagram.fails > 0.2, diagram.decided > 0.9
        (True, True)
    """
    values, shares, tolerance = exact_atoms(spectrum, None)
    atoms = exact_point(values, shares, alpha=1, tau=2, kappa=1, rho=0, ridge=0).atoms
    verdict = certify_box(*atoms, alpha=alpha, tau=tau, kappa=kappa, rho=rho, share=share, depth=depth)
    given = {name: _as_float(name, getattr(verdict.box, name)[0]) for name in ("kappa", "rho")}
    ends = [[_as_float(name, end) for end in getattr(verdict.box, name)] for name in ("alpha", "tau")]
    alphas = np.geomspace(ends[0][0], ends[0][1], _CURVE)
    curve = ordering(spectrum, alpha=alphas, tau=0.5, **given).tau_order
    return PhaseDiagram(
        eigenvalues=atoms[0],
        weights=atoms[1],
        tolerance=tolerance,
        verdict=verdict,
        border=_border(lambda alpha, tau: ordering(spectrum, alpha=alpha, tau=tau, **given).holds, *ends),
        tau_order=np.stack([alphas, curve], axis=-1),
    )


def _as_float(name: str, value: Fraction) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = 0.0
    if value and not found:
        raise InputError(f"{name}: {shown(value)} is not allowed, a picture needs numbers in the range of floats")
    return found


# --- border, in double precision --------------------------------------------------------------------------------
Holds = Callable[[np.ndarray, np.ndarray], Any]


def _border(holds: Holds, alpha: list[float], tau: list[float]) -> tuple[np.ndarray, ...]:
    """Lines through the sign changes along rows of equal tau, up to the edges of the diagram."""
    rows = np.linspace(tau[0], tau[1], _ROWS)
    at, row = _changes(lambda x, k: holds(x, rows[k]), np.geomspace(alpha[0], alpha[1], _COLUMNS), _ROWS)
    # where a line leaves through the left or the right edge
    edges = np.array(alpha)
    leaves, edge = _changes(lambda y, k: holds(edges[k], y), rows, 2)
    leaving = list(zip(edges[edge].tolist(), leaves.tolist(), strict=True))
    lines: list[list[tuple[float, float]]] = []
    going_on: list[list[tuple[float, float]]] = []
    for k in range(_ROWS):
        points = [(x, float(rows[k])) for x in at[row == k].tolist()]
        if len(points) == len(going_on):
            for line, point in zip(going_on, points, strict=True):
                line.append(point)
        else:
            going_on = [[point] for point in points]
            lines += going_on
    step = (tau[1] - tau[0]) / (_ROWS - 1)
    return tuple(np.array(_to_edge(line, leaving, step)) for line in lines)


def _to_edge(line: list[tuple[float, float]], leaving: list[tuple[float, float]], step: float) -> list[Any]:
    """A line with the points added at which it leaves the diagram within one row of its ends."""
    first = [point for point in leaving if 0 < line[0][1] - point[1] <= step]
    last = [point for point in leaving if 0 < point[1] - line[-1][1] <= step]
    return [*first[:1], *line, *last[:1]]


def _changes(holds: Holds, points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the truth changes between points along each of some lines, to the last bits, and on which line."""
    truth = np.asarray(holds(points[None, :], np.arange(count)[:, None]))
    line, before = np.nonzero(truth[:, 1:] != truth[:, :-1])
    low, high, start = points[before], points[before + 1], truth[line, before]
    for _ in range(_HALVINGS if line.size else 0):
        middle = np.sqrt(low * high)
        same = np.asarray(holds(middle, line)) == start
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.sqrt(low * high), line


def part_at(verdict: BoxVerdict, alpha: Exact, tau: Exact) -> tuple[Part, ...]:
    """The parts that hold a point; several on a common edge."""
    x, y = as_interval("alpha", alpha)[0], as_interval("tau", tau)[0]
    return tuple(
        part
        for part in verdict.parts
        if part.box.alpha[0] <= x <= part.box.alpha[1] and part.box.tau[0] <= y <= part.box.tau[1]
    )
