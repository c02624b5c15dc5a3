"""Distinct spectra, many points: a spectrum and a test covariance for each point, all outputs."""

from __future__ import annotations

import time

import numpy as np
from floor import floor
from measuring import least, one_thread

import taskalign as ta

#: eigenvalues in all
_ENTRIES = 1 << 22


def problem(d: int, points: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Power laws with exponents from 0.2 to 1.5, each with a test covariance, and parameters on both sides of one."""
    rng = np.random.default_rng(0)
    values = np.arange(1.0, d + 1) ** -rng.uniform(0.2, 1.5, points)[:, None]
    ranges = {"alpha": (-1, 2), "tau": (-1, 1), "kappa": (-1, 1), "rho": (-3, 0)}
    return values, rng.random((points, d)), {name: 10 ** rng.uniform(*r, points) for name, r in ranges.items()}


def measure() -> list[dict[str, float]]:
    """Seconds a point of each part, next to the floor on the same numbers."""
    rows = []
    for d in (128, 1024, 8192):
        points = _ENTRIES // d
        values, test, given = problem(d, points)
        spectrum = ta.Spectrum.batch(values)
        with one_thread():
            row = floor(values, given["alpha"])
            row["solve"] = least(lambda s=spectrum, g=given: ta.solve(s, **g))
            row["icl_error"] = least(lambda s=spectrum, x=test, g=given: ta.icl_error(s, x, **g))
            row["with Spectrum"] = least(lambda v=values, x=test, g=given: ta.icl_error(ta.Spectrum.batch(v), x, **g))
            one = least(lambda s=spectrum, x=test, g=given: ta.icl_error(s, x, **g), time.perf_counter)
        every = least(lambda s=spectrum, x=test, g=given: ta.icl_error(s, x, **g), time.perf_counter)
        passes = ta.solve(spectrum, **given).passes
        seconds = {name: value / points for name, value in row.items()}
        rows.append(
            {"d": d, "points": points, **seconds, "speed-up": one / every, "passes": float(passes.mean())}
            | {"most passes": int(passes.max())}
        )
    return rows
