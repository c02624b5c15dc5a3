"""One long spectrum, a large scan: nodes stand in for the eigenvalues, made anew in every run."""

from __future__ import annotations

import time

import numpy as np
from floor import floor
from measuring import least, one_thread

import taskalign as ta
from taskalign.numerics.compress import pays

POINTS = 10_000
#: nodes at d = 1e6 that THEORY A2 and its prototypes found
EXPECTED = {"constant": 1, "j^-0.5": 54, "j^-1": 88, "j^-2": 164, "j^-3": 236}


def spectra(d: int) -> dict[str, np.ndarray]:
    """The spectra of the table."""
    j = np.arange(1.0, d + 1)
    return {"constant": np.full(d, 0.3)} | {f"j^-{p:g}": j**-p for p in (0.5, 1, 2, 3)}


def measure() -> list[dict[str, float | str]]:
    """Seconds of the whole scan on all processors and on one, next to a pass for each point."""
    rng = np.random.default_rng(0)
    given = {name: 10 ** rng.uniform(*r, POINTS) for name, r in {"alpha": (-1, 2), "tau": (-1, 1)}.items()}
    given |= {"kappa": 10 ** rng.uniform(-1, 1, POINTS), "rho": np.full(POINTS, 0.1)}
    rows = []
    for d in (10_000, 100_000, 1_000_000):
        assert pays(POINTS, d)
        some = min(POINTS, 20_000_000 // d)
        for name, values in spectra(d).items():

            def scan(values: np.ndarray = values) -> None:
                ta.solve(ta.Spectrum(values), **given)

            test = np.arange(1.0, d + 1) ** -0.3

            def with_test(values: np.ndarray = values, test: np.ndarray = test) -> None:
                ta.icl_error(ta.Spectrum(values), test, **given)

            with one_thread():
                plain = floor(values[None], given["alpha"][:some])
                one = least(scan)
            rows.append(
                {"d": d, "spectrum": name, "nodes": ta.Spectrum(values).nodes[0].size}
                | {kind: seconds * POINTS / some for kind, seconds in plain.items()}
                | {"one processor": one, "all": least(scan, time.perf_counter)}
                | {"with a test": least(with_test, time.perf_counter)}
            )
    return rows
