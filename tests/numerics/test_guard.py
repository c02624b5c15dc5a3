"""Every fast path against many digits, over extreme ranges and on awkward arrays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from mpmath import mp, mpf

import taskalign as ta
from taskalign.numerics import compiled_solver
from taskalign.numerics.solvers import plain_below

jax.config.update("jax_enable_x64", True)

COLUMNS = ("sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar")
POINTS = 60
SIZE = 300


def grid(seed: int, points: int = POINTS) -> dict[str, np.ndarray]:
    """alpha 1e-6..1e8, tau and kappa 1e-4..1e4 and close to one, with and without noise and ridge."""
    rng = np.random.default_rng(seed)
    close = 1 + rng.choice([-1, 1], points) * 10 ** rng.uniform(-8, -1, points)
    tau, kappa = (np.where(rng.random(points) < 0.3, close, 10 ** rng.uniform(-4, 4, points)) for _ in range(2))
    return {
        "alpha": 10 ** rng.uniform(-6, 8, points),
        "tau": tau,
        "kappa": kappa,
        "rho": np.where(rng.random(points) < 0.3, 0.0, 10 ** rng.uniform(-6, 3, points)),
        "ridge": np.where(rng.random(points) < 0.5, 0.0, 10 ** rng.uniform(-9, 3, points)),
    }


def a_spectrum(seed: int, size: int = SIZE) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = 10 ** (-12 * rng.random(size))
    values[rng.random(size) < 0.2] = 0.0
    return values


def compiled(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    return ta.icl_error(ta.Spectrum.batch(values), test, **given)


def nodes(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    """The same points many times over, so that nodes take the place of the spectrum."""
    many = {name: np.tile(value, (500, 1)) for name, value in given.items()}
    assert compiled_solver.pays(500 * POINTS, SIZE)
    return ta.icl_error(ta.Spectrum.batch(values), test, **many)


def distinct(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    """A spectrum and a test for each point, in another order each; large enough for every compiled look at them."""
    rng = np.random.default_rng(0)
    order = np.argsort(rng.random((20, POINTS, SIZE)), axis=-1)
    return ta.icl_error(ta.Spectrum.batch(values[order]), test[order], **given)


def plain(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    with plain_below(10**9):
        return compiled(values, test, given)


def tensors(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    return ta.icl_error(
        ta.Spectrum.batch(torch.tensor(values)), torch.tensor(test), **{k: torch.tensor(v) for k, v in given.items()}
    )


def traced(values: np.ndarray, test: np.ndarray, given: dict[str, np.ndarray]) -> Any:
    """Under jit a result can only leave as arrays."""

    def parts(values: jax.Array, test: jax.Array, given: dict[str, jax.Array]) -> dict[str, jax.Array]:
        error = ta.icl_error(ta.Spectrum.batch(values), test, **given)
        point = {name: getattr(error.fixed_point, name) for name in COLUMNS}
        return point | {"total": error.total, "misalignment": error.misalignment}

    return SimpleNamespace(
        **jax.jit(parts)(jnp.asarray(values), jnp.asarray(test), {k: jnp.asarray(v) for k, v in given.items()})
    )


@pytest.fixture(scope="module")
def exact() -> list[dict[str, Any]]:
    """The points of `grid(0)` in thirty digits."""
    values, test, given = a_spectrum(0), np.random.default_rng(1).random(SIZE), grid(0)
    found = []
    for k in range(POINTS):
        point = ta.numerics.precise(ta.Spectrum.batch(values), **{n: v[k] for n, v in given.items()}, digits=30)
        error = point.icl_error(test.tolist())
        found.append(
            {name: getattr(point, name) for name in COLUMNS}
            | {"total": error.total, "misalignment": error.misalignment}
        )
    return found


@pytest.mark.parametrize("path", [compiled, nodes, distinct, plain, tensors, traced])
def test_path_against_many_digits(path: Callable[..., Any], exact: list[dict[str, Any]]) -> None:
    error = path(a_spectrum(0), np.random.default_rng(1).random(SIZE), grid(0))
    with mp.workdps(30):
        for name in (*COLUMNS, "total", "misalignment"):
            values = np.asarray(getattr(error if hasattr(error, name) else error.fixed_point, name))
            for row in values.reshape(-1, POINTS)[:3]:
                for k, x in enumerate(row):
                    y = exact[k][name]
                    assert abs(mpf(float(x)) - y) <= mpf("1e-12") * abs(y), (name, k, float(x), float(y))


@pytest.mark.parametrize("shape", [(), (1,), (0, 1), (3, 1), (2, 0, 3), (4, 3)], ids=str)
def test_shapes(shape: tuple[int, ...]) -> None:
    """Broadcast parameters against a batch of spectra, empty ones too, are the points one by one."""
    values = np.stack([a_spectrum(seed, 9) + 0.01 for seed in range(3)])
    tau = np.geomspace(0.3, 3, max(1, int(np.prod(shape))))[: int(np.prod(shape))].reshape(shape)
    together = ta.icl_error(ta.Spectrum.batch(values), values, alpha=2.0, tau=tau, kappa=0.5, rho=0.1)
    expected = np.broadcast_shapes(shape, (3,))
    assert np.shape(together.total) == expected
    for place in np.ndindex(expected):
        single = np.broadcast_to(tau, expected)[place]
        alone = ta.icl_error(
            ta.Spectrum(values[place[-1]]), values[place[-1]], alpha=2.0, tau=single, kappa=0.5, rho=0.1
        )
        assert together.total[place] == pytest.approx(alone.total, rel=1e-14, abs=0)


def test_zero_dimensional_arguments_give_numbers() -> None:
    error = ta.icl_error(ta.Spectrum(np.ones(3)), np.ones(3), alpha=np.float64(2), tau=np.array(4.0), kappa=1, rho=0)
    assert np.ndim(error.total) == 0
    assert isinstance(float(error.total), float)


def test_strided_read_only_and_reversed_arrays_are_left_as_they_are() -> None:
    given = grid(3)
    values = np.stack([a_spectrum(seed, 40) for seed in range(POINTS)])
    test = np.random.default_rng(2).random((POINTS, 40))
    straight = ta.icl_error(ta.Spectrum.batch(values), test, **given).total
    strided = np.zeros((2 * POINTS, 80))
    strided[::2, ::2] = values
    fortran = np.asfortranarray(test)
    back = {name: np.ascontiguousarray(value[::-1])[::-1] for name, value in given.items()}
    for array in (strided, fortran, *back.values()):
        array.flags.writeable = False
    before = strided.copy()
    awkward = ta.icl_error(ta.Spectrum.batch(strided[::2, ::2]), fortran, **back).total
    np.testing.assert_array_equal(awkward, straight)
    np.testing.assert_array_equal(strided, before)


def test_several_threads_at_once() -> None:
    values, test = a_spectrum(5), np.ones(SIZE)
    grids = [grid(seed, 200) for seed in range(8)]
    alone = [compiled(values, test, given).total for given in grids]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda given: compiled(values, test, given).total, grids))
    np.testing.assert_array_equal(together, alone)


def test_points_do_not_depend_on_their_neighbours() -> None:
    """Any part of a grid gives the same bits as the whole."""
    values, test, given = a_spectrum(6), np.ones(SIZE), grid(7, 5000)
    spectrum = ta.Spectrum.batch(np.broadcast_to(values, (5000, SIZE)))
    whole = ta.icl_error(spectrum, test, **given).total
    part = {name: value[1234:1240] for name, value in given.items()}
    np.testing.assert_array_equal(ta.icl_error(ta.Spectrum.batch(values), test, **part).total, whole[1234:1240])
