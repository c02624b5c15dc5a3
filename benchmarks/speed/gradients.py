"""torch and JAX on the CPU: forward, forward and backward, compiled; ten thousand points of 128 eigenvalues."""

from __future__ import annotations

import time
import warnings

import numpy as np
from distinct import problem
from floor import floor
from measuring import least

import taskalign as ta

POINTS, D = 10_000, 128


def _torch(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> dict[str, float]:
    import torch

    torch.set_num_threads(1)
    leaves = [torch.tensor(x, requires_grad=True) for x in (values, test, *given.values())]

    def total(values, test, *parameters):
        return ta.icl_error(ta.Spectrum.batch(values), test, **dict(zip(given, parameters, strict=True))).total

    def forward():
        with torch.no_grad():
            return total(*leaves)

    def backward(function=total):
        torch.autograd.grad(function(*leaves).sum(), leaves)

    found = {"torch forward": least(forward), "torch forward + backward": least(backward)}
    compiled = torch.compile(total, fullgraph=True)
    with torch.no_grad():
        found["torch.compile forward"] = least(lambda: compiled(*leaves))
    found["torch.compile forward + backward"] = least(lambda: backward(compiled))
    return found


def _jax(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> dict[str, float]:
    import jax

    jax.config.update("jax_enable_x64", True)

    def total(values, test, given):
        return ta.icl_error(ta.Spectrum.batch(values), test, **given).total.sum()

    arguments = [jax.device_put(x) for x in (values, test, given)]
    forward, both = jax.jit(total), jax.jit(jax.value_and_grad(total, (0, 1, 2)))
    return {
        "jax.jit forward": least(lambda: forward(*arguments).block_until_ready(), time.perf_counter),
        "jax.jit forward + backward": least(lambda: jax.block_until_ready(both(*arguments)), time.perf_counter),
    }


def measure() -> dict[str, float]:
    """Seconds a point; torch on one processor, JAX on what it takes."""
    warnings.simplefilter("ignore")
    values, test, given = problem(D, POINTS)
    found = floor(values, given["alpha"])
    found |= {"compiled kernel": least(lambda: ta.icl_error(ta.Spectrum.batch(values), test, **given))}
    found |= _torch(values, test, given) | _jax(values, test, given)
    return {name: seconds / POINTS for name, seconds in found.items()}
