"""Search for violations of the ordering: gradient ascent through the torch evaluator, over parameters and spectra."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..numerics.arrays import algebra_for
from ..numerics.errors import InputError, need_library
from ..numerics.fixed_point import solve
from ..numerics.spectrum import Spectrum
from .families import Atoms
from .points import PARAMETERS, RandomPoints, Range, check, require_count, uniform

#: what the ascent raises: log of K(c_max)/K(c_min), or the largest log of K(c_j)/K(c_i) with c_i < c_j
GOALS = ("violation", "top")

#: where violations are: many examples a context, fewer contexts than it takes
SEARCHED: Mapping[str, Range] = {
    "alpha": (1.0, 1e6),
    "tau": (0.02, 0.99999),
    "kappa": (0.05, 1e3),
    "rho": (1e-3, 10.0),
}


@dataclass(frozen=True)
class Adversary:
    r"""Points of a scan that gradient ascent has led to: where the ordering fails the most.

    Each start is a random point and spectrum of `atoms` eigenvalues; the ascent moves the logarithms of all
    parameters, eigenvalues and weights within their ranges.

    Args:
        size: number of starts, and of points.
        seed: of the starts.
        atoms: eigenvalues of each spectrum, at least 2.
        steps: of the ascent (Adam).
        goal: "violation" for the largest K(c_j)/K(c_i) with c_i < c_j, "top" for K(c_max)/K(c_min).
        ranges: name -> (low, high) with low > 0, or both ends equal; of alpha, tau, kappa, rho, c1, w1, ...

    Raises:
        InputError: naming the argument and the offending value.

    References:
        THEORY A3.
    """

    size: int
    seed: int = 0
    atoms: int = 2
    steps: int = 200
    goal: str = "violation"
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_count("atoms", self.atoms, 2)
        require_count("steps", self.steps, 0)
        if self.goal not in GOALS:
            raise InputError(f"goal: {self.goal!r} is not allowed, must be one of {', '.join(GOALS)}")
        ranges = RandomPoints(self.size, self.seed, {**SEARCHED, **self.family.ranges, **self.ranges}).ranges
        for name, (low, high, *_) in ranges.items():
            if low <= 0 and high > low:
                raise InputError(f"{name}: the range from {low!r} to {high!r} is not allowed, must start above 0")
        if float(ranges["tau"][1]) >= 1:
            raise InputError(f"tau: {ranges['tau'][1]!r} is not allowed, at 1 and above it the ordering is a theorem")
        object.__setattr__(self, "ranges", ranges)

    @property
    def family(self) -> Atoms:
        """The spectra that it makes."""
        return Atoms(self.atoms)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, eigenvalues, weights."""
        return tuple(self.ranges)

    def described(self) -> dict[str, Any]:
        """All that the points follow from: more starts begin with the same ones."""
        need_library("torch")
        import torch

        said = {name: getattr(self, name) for name in ("seed", "atoms", "steps", "goal")}
        ranges = {name: list(ends) for name, ends in self.ranges.items()}
        return said | {"kind": "adversary", "ranges": ranges, "torch": torch.__version__}

    def columns(self, first: int, last: int) -> dict[str, np.ndarray]:
        """Where the ascents from the starts first..last-1 ended."""
        import torch

        names = list(self.ranges)
        low, high = (np.array([ends[k] for ends in self.ranges.values()], float) for k in (0, 1))
        free = high > low
        # tau moves in its odds tau/(1 - tau), since much happens just below one
        odds = np.array([name == "tau" for name in names])
        floor, top = (np.log(np.where(free, ends / (1 - ends * odds), 1.0)) for ends in (low, high))
        floor, span, fixed = (torch.as_tensor(part) for part in (floor, top - floor, np.where(free, 0.0, low)))

        def placed(position: Any) -> dict[str, Any]:
            """Parameters at a position in the real space that a sigmoid maps into the ranges."""
            inside = torch.exp(floor + span * torch.sigmoid(position))
            inside = torch.where(torch.as_tensor(odds), inside / (1 + inside), inside)
            return dict(zip(names, torch.where(torch.as_tensor(free), inside, fixed).unbind(-1), strict=True))

        shares = np.clip(uniform(self.seed, len(self.ranges), first, last), 0.01, 0.99)
        position = torch.as_tensor(np.log(shares / (1 - shares))).requires_grad_(True)
        best, found = torch.full((last - first,), -math.inf, dtype=torch.float64), position.detach().clone()
        optimiser = torch.optim.Adam([position], lr=0.1)
        for step in range(self.steps + 1):
            optimiser.zero_grad()
            goal = self._goal(placed(position))
            better = goal.detach() > best
            best = torch.where(better, goal.detach(), best)
            found = torch.where(better[:, None], position.detach(), found)
            if step < self.steps:
                (-goal.sum()).backward()
                if position.grad is not None:  # as torch declares it
                    position.grad.nan_to_num_()
                optimiser.step()
        columns = {name: values.numpy().copy() for name, values in placed(found).items()}
        for name, values in columns.items():
            check(name, values)
        return columns

    def _goal(self, columns: Mapping[str, Any]) -> Any:
        import torch

        # smallest first, so that pairs with c_i < c_j are pairs of places
        values = torch.stack([columns[name] for name in self.family.values], -1)
        weights = torch.stack([columns[name] for name in self.family.weights], -1)
        values, order = values.sort(-1)
        spectrum = Spectrum.batch(values, weights.gather(-1, order))
        point = solve(spectrum, **{name: columns[name] for name in PARAMETERS})
        fixed = (column[:, None] for column in (point.a, point.sigma, point.A, point.B))
        K = algebra_for(values).alignment(values, *fixed)
        # K falls after one peak, so the smallest eigenvalue is the lower one of the worst pair
        rise, distance = torch.log(K[:, 1:] / K[:, :1]), 1 - values[:, :1] / values[:, 1:].clamp_min(1e-300)
        # where K falls still, per distance: or equal eigenvalues, with no rise at all, would be the best of all
        score = torch.where(rise > 0, rise, rise / distance.clamp_min(1e-300))
        return score[:, -1] if self.goal == "top" else score.amax(-1)
