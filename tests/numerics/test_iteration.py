"""Few passes over the spectrum, over the ranges that the theory promises."""

from __future__ import annotations

import numpy as np
import pytest

import taskalign as ta

POINTS = 20_000


def drawn(size: int, zeros: bool, ridged: bool) -> tuple[ta.Spectrum, dict[str, np.ndarray]]:
    """alpha 1e-3..1e4, tau and kappa 1e-3..1e3, condition numbers to 1e12."""
    rng = np.random.default_rng([size, zeros, ridged])
    eigenvalues = 10 ** (-rng.uniform(0, 12, POINTS)[:, None] * rng.random((POINTS, size)))
    if zeros:
        eigenvalues[rng.random((POINTS, size)) < 0.9 * rng.random(POINTS)[:, None]] = 0.0
        eigenvalues[:, 0] = 1.0
    ranges = {"alpha": (-3, 4), "tau": (-3, 3), "kappa": (-3, 3), "rho": (-6, 1), "ridge": (-6, 2)}
    parameters = {name: 10 ** rng.uniform(*ends, POINTS) for name, ends in ranges.items()}
    parameters["rho"][rng.random(POINTS) < 0.3] = 0.0
    return ta.Spectrum.batch(eigenvalues), parameters if ridged else parameters | {"ridge": np.zeros(POINTS)}


@pytest.mark.parametrize("ridged", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("size", [3, 64])
def test_three_passes_on_average_and_ten_at_most(size: int, zeros: bool, ridged: bool) -> None:
    """All passes count: those of the iteration, and what the outputs take."""
    spectrum, parameters = drawn(size, zeros, ridged)
    passes = ta.solve(spectrum, **parameters).passes
    assert passes.mean() <= 3
    assert passes.max() <= 10


def test_every_pass_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a count of the calls, with the kernel run as Python."""
    from taskalign.numerics import kernel

    calls = 0
    moments = kernel._moments.py_func

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        return moments(*arguments)

    monkeypatch.setattr(kernel, "_moments", counted)
    c, w = np.array([0.1, 1.0, 3.0]), np.full(3, 1 / 3)
    for tau in (0.3, 3.0):
        calls = 0
        passes = kernel.solve_t.py_func(c, w, 0.0, 1.0, 4.1 / 3, 0.1, tau, 0.7, 0.0)[1]
        assert passes == calls > 1
