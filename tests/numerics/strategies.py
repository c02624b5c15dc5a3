"""Random points over the ranges that the library promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st


@dataclass(frozen=True)
class Point:
    eigenvalues: list[float]
    weights: list[float]
    parameters: dict[str, Any]


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda x: float(10**x))


@st.composite
def spectra(draw: st.DrawFn, most: int = 8) -> tuple[list[float], list[float]]:
    """Condition numbers to 1e14, zeros, unequal weights."""
    size = draw(st.integers(1, most))
    scale = draw(log_uniform(1e-3, 1e3))
    values = [scale * draw(log_uniform(1e-14, 1)) for _ in range(size)]
    zeros = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    values = [0.0 if zero and k else value for k, (value, zero) in enumerate(zip(values, zeros, strict=True))]
    weights = draw(st.lists(st.integers(1, 50).map(float), min_size=size, max_size=size))
    return values, weights


@st.composite
def points(draw: st.DrawFn, with_ridge: bool | None = None) -> Point:
    """alpha 1e-6..1e8, tau 1e-4..1e4 (also close to 1), kappa 1e-4..1e4 (also close to the rank)."""
    values, weights = draw(spectra())
    rank = sum(w for c, w in zip(values, weights, strict=True) if c > 0) / sum(weights)
    close = st.sampled_from([-1.0, 1.0]).flatmap(lambda sign: log_uniform(1e-9, 1e-1).map(lambda x: 1 + sign * x))
    tau = draw(st.one_of(log_uniform(1e-4, 1e4), close).filter(lambda x: x != 1))
    kappa = draw(st.one_of(log_uniform(1e-4, 1e4), close.map(lambda x: x * rank), st.just(tau)))
    ridge = st.just(0.0) if with_ridge is False else log_uniform(1e-12, 1e3)
    if with_ridge is None:
        ridge = st.one_of(st.just(0.0), ridge)
    parameters = {
        "alpha": draw(log_uniform(1e-6, 1e8)),
        "tau": tau,
        "kappa": kappa,
        "rho": draw(st.one_of(st.just(0.0), log_uniform(1e-6, 1e3))),
        "ridge": draw(ridge),
    }
    return Point(values, weights, parameters)


def repeated(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Two to four distinct eigenvalues, zero among them every other time, at least two copies where there is room."""
    count = int(rng.integers(1, min(d, 4) + 1))
    values = np.sort(rng.uniform(0.1, 5, count))
    values[0] *= rng.integers(0, 2) if count > 1 else 1
    return values, np.bincount(np.append(np.arange(count), rng.integers(0, count, d - count)), minlength=count)
