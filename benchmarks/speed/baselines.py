"""What users would write otherwise: root finding a point, a damped iteration, mpmath, Monte Carlo."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from measuring import least, one_thread
from mpmath import mp
from scipy.optimize import brentq

import taskalign as ta

D = 120
ALPHA, TAU, KAPPA, RHO = 2.0, 0.5, 1.0, 0.1


def _trace(c: np.ndarray, z: float) -> float:
    """M_kappa(z), by bracketing the memorisation factor."""
    a = brentq(lambda a: a * (1 + np.mean(c / (a * c + z)) / KAPPA) - 1, 1e-15, 1, xtol=1e-15, rtol=1e-14)
    return float(np.mean(1 / (a * c + z)))


def by_brentq(c: np.ndarray) -> float:
    """The effective ridge for tau < 1, a bracket within a bracket."""
    s = (RHO + c.mean()) / ALPHA
    return brentq(lambda lt: lt * _trace(c, s + lt) - (1 - TAU), 1e-12, 1e3, xtol=1e-14, rtol=1e-13)


def by_damping(c: np.ndarray) -> float:
    """Both equations at once, iterated with damping until they stand still."""
    s = (RHO + c.mean()) / ALPHA
    a, lt = 1.0, s
    for _ in range(100_000):
        new_a = 1 / (1 + np.mean(c / (a * c + s + lt)) / KAPPA)
        new_lt = (1 - TAU) / np.mean(1 / (a * c + s + lt))
        if abs(new_a - a) <= 1e-14 * a and abs(new_lt - lt) <= 1e-14 * lt:
            break
        a, lt = 0.5 * (a + new_a), 0.5 * (lt + new_lt)
    return lt


def by_mpmath(c: np.ndarray) -> float:
    """Two unknowns by mpmath's root finder, in thirty digits."""
    with mp.workdps(30):
        values = [mp.mpf(float(x)) for x in c]
        s = (mp.mpf(RHO) + sum(values) / len(values)) / ALPHA

        def equations(a, lt):
            resolvent = [1 / (a * x + s + lt) for x in values]
            phi = mp.fdot(values, resolvent) / len(values)
            return a * (1 + phi / KAPPA) - 1, lt * sum(resolvent) / len(values) - (1 - mp.mpf(TAU))

        return float(mp.findroot(equations, (0.5, 1.0))[1])


def by_monte_carlo(c: np.ndarray) -> float:
    """M as the mean over a hundred sample covariances of k tasks, and the ridge by bracketing that mean."""
    rng = np.random.default_rng(0)
    tasks = rng.standard_normal((100, round(KAPPA * c.size), c.size)) * np.sqrt(c)
    eigenvalues = np.linalg.svd(tasks, compute_uv=False) ** 2 / tasks.shape[1]
    s = (RHO + c.mean()) / ALPHA
    return brentq(lambda lt: lt * np.mean(1 / (eigenvalues + s + lt)) - (1 - TAU), 1e-12, 1e3)


WAYS: dict[str, Callable[[np.ndarray], float]] = {
    "scipy brentq": by_brentq,
    "damped iteration": by_damping,
    "mpmath findroot": by_mpmath,
    "Monte Carlo, 100 samples": by_monte_carlo,
}


def measure() -> list[dict[str, float | str]]:
    """Seconds a point and relative error of the effective ridge, for a spectrum j^-0.9 with d = 120."""
    c = ta.Spectrum.power_law(D, 0.9).eigenvalues
    exact = ta.numerics.precise(ta.Spectrum(c), alpha=ALPHA, tau=TAU, kappa=KAPPA, rho=RHO, digits=30).effective_ridge
    rows: list[dict[str, float | str]] = []
    for name, way in WAYS.items():
        error = float(abs(way(c) / exact - 1))
        rows.append({"way": name, "seconds": least(lambda w=way: w(c), time.process_time), "error": error})
    spectrum, points = ta.Spectrum(c), 10_000
    tau = np.full(points, TAU)
    with one_thread():
        seconds = least(lambda: ta.solve(spectrum, alpha=ALPHA, tau=tau, kappa=KAPPA, rho=RHO)) / points
        single = least(lambda: ta.solve(spectrum, alpha=ALPHA, tau=TAU, kappa=KAPPA, rho=RHO))
    ours = ta.solve(spectrum, alpha=ALPHA, tau=TAU, kappa=KAPPA, rho=RHO).effective_ridge
    error = float(abs(ours / exact - 1))
    rows.append({"way": "ta.solve, one at a time", "seconds": single, "error": error})
    rows.append({"way": "ta.solve, 1e4 at a time", "seconds": seconds, "error": error})
    return rows
