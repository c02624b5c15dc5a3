"""Cost and memory against the number of eigenvalues and of points, each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np

import taskalign as ta

SIZES = [10**k for k in range(2, 7)]
POINTS = [10**k for k in range(2, 8)]


def one(d: int, points: int, nodes: bool) -> dict[str, float]:
    """Seconds and peak memory in MB of one scan in this process, after a small one that loads the kernel."""
    from taskalign.numerics import compiled_solver

    if not nodes:
        compiled_solver.pays = lambda points, size: False  # type: ignore[assignment]
    rng = np.random.default_rng(0)
    given = {name: 10 ** rng.uniform(*r, points) for name, r in {"alpha": (-1, 2), "tau": (-1, 1)}.items()}
    ta.solve(ta.Spectrum(np.linspace(1, 2, 5000)), alpha=np.full(2000, 2.0), tau=2.0, kappa=1.0, rho=0.1)
    values = np.arange(1.0, d + 1) ** -1.0
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        ta.solve(ta.Spectrum(values), **given, kappa=0.7, rho=0.1)
        best = min(best, time.process_time() - start)
    return {"seconds": best, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _apart(d: int, points: int, nodes: bool) -> dict[str, float]:
    command = [sys.executable, sys.argv[0], "growth", json.dumps([d, points, nodes])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def exponent(x: list[int], y: list[float]) -> float:
    """Slope of a straight line through the last three points of the logarithms."""
    return float(np.polyfit(np.log(x[-3:]), np.log(y[-3:]), 1)[0])


def measure() -> dict[str, object]:
    """Tables over d at a thousand points, with all eigenvalues and with nodes; and over points at d = 100."""
    found: dict[str, object] = {}
    for name, nodes, sizes in (("all eigenvalues", False, SIZES[:-1]), ("nodes", True, SIZES)):
        rows = [_apart(d, 1000, nodes) for d in sizes]
        found[name] = {"d": sizes, "rows": rows, "exponent": exponent(sizes, [row["seconds"] for row in rows])}
    rows = [_apart(100, points, True) for points in POINTS]
    found["points"] = {"points": POINTS, "rows": rows, "exponent": exponent(POINTS, [row["seconds"] for row in rows])}
    found["points"]["memory"] = (rows[-1]["MB"] - rows[-2]["MB"]) * 2**20 / (POINTS[-1] - POINTS[-2])  # type: ignore[index]
    return found
