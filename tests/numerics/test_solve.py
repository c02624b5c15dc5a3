"""Shapes, types and threads: one call for any grid."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

import taskalign as ta
from taskalign.numerics.solvers import plain_below

SPECTRUM = ta.Spectrum([2.0, 1.0, 0.3, 0.0], [1.0, 2.0, 3.0, 2.0])
GRID = {
    "alpha": np.array([0.5, 2.0, 50.0])[:, None, None],
    "tau": np.array([0.3, 0.9, 1.0, 1.2, 5.0])[:, None],
    "kappa": 0.7,
    "rho": np.array([0.0, 0.2]),
    "ridge": np.array([0.0, 0.1])[:, None, None, None],
}
GRID["tau"] = np.where(GRID["tau"] == 1, 1.1, GRID["tau"])


def single(k: tuple[int, ...], name: str) -> float:
    full = np.broadcast_arrays(*GRID.values())
    values = {key: float(array[k]) for key, array in zip(GRID, full, strict=True)}
    return float(getattr(ta.solve(SPECTRUM, **values), name))


@pytest.mark.parametrize("name", ["sigma", "effective_ridge", "q", "M", "dM", "a", "da"])
def test_a_grid_is_its_points(name: str) -> None:
    grid = getattr(ta.solve(SPECTRUM, **GRID), name)
    assert grid.shape == (2, 3, 5, 2)
    for k in np.ndindex(grid.shape):
        assert grid[k] == single(k, name)


def test_scalars_give_scalars() -> None:
    point = ta.solve(SPECTRUM, alpha=2, tau=4, kappa=1, rho=0)
    assert np.ndim(point.sigma) == 0
    assert np.shape(point.K([1.0, 2.0])) == (2,)
    assert np.ndim(point.K(1.0)) == 0


def test_functions_of_an_eigenvalue_keep_both_shapes() -> None:
    point = ta.solve(SPECTRUM, **GRID)
    c = np.linspace(0, 3, 14).reshape(7, 2)
    assert point.K(c).shape == (2, 3, 5, 2, 7, 2)
    assert point.F(c)[1, 2, 3, 1, 4, 1] == pytest.approx(
        1 / (point.a[1, 2, 3, 1] * c[4, 1] + point.sigma[1, 2, 3, 1]), rel=1e-15, abs=0
    )


def test_empty_batch() -> None:
    empty = ta.solve(SPECTRUM, alpha=np.empty((0, 3)), tau=4, kappa=1, rho=0)
    assert empty.sigma.shape == (0, 3)
    error = ta.icl_error(SPECTRUM, np.ones(4), alpha=np.empty((0, 3)), tau=4, kappa=1, rho=0)
    assert error.total.shape == (0, 3)


def test_batch_of_spectra() -> None:
    values = np.array([[2.0, 1.0, 0.0], [5.0, 0.1, 0.1]])
    weights = np.array([1.0, 2.0, 3.0])
    alpha = np.array([0.5, 2.0, 7.0])[:, None]
    batch = ta.icl_error(ta.Spectrum.batch(values, weights), np.ones(3), alpha=alpha, tau=0.6, kappa=0.4, rho=0.1)
    assert batch.total.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        one = ta.icl_error(
            ta.Spectrum(values[j], weights), np.ones(3), alpha=float(alpha[i, 0]), tau=0.6, kappa=0.4, rho=0.1
        )
        assert batch.total[i, j] == pytest.approx(one.total, rel=1e-15, abs=0)


def test_batch_of_tests() -> None:
    tests = np.random.default_rng(0).random((5, 4))
    tau = np.array([0.5, 3.0])[:, None]
    batch = ta.icl_error(SPECTRUM, tests, alpha=2, tau=tau, kappa=1, rho=0.1)
    assert batch.misalignment.shape == (2, 5)
    one = ta.icl_error(SPECTRUM, tests[3], alpha=2, tau=3.0, kappa=1, rho=0.1)
    assert batch.misalignment[1, 3] == one.misalignment
    assert batch.scalar[1, 3] == one.scalar


def test_order_and_splitting_of_eigenvalues_do_not_matter() -> None:
    parameters = {"alpha": 3.0, "tau": 0.7, "kappa": 0.5, "rho": 0.1}
    one = ta.solve(ta.Spectrum([1.0, 3.0, 0.0], [2.0, 1.0, 1.0]), **parameters)
    other = ta.solve(ta.Spectrum([0.0, 1.0, 3.0, 1.0]), **parameters)
    for name in ("sigma", "effective_ridge", "M", "dM", "q"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-14, abs=0)


def test_scaling_of_units() -> None:
    """Eigenvalues, rho, ridge in other units: errors scale with them, M against them."""
    parameters = {"alpha": 3.0, "tau": 0.7, "kappa": 0.5}
    one = ta.solve(ta.Spectrum([1.0, 3.0, 0.0]), **parameters, rho=0.2, ridge=0.01)
    other = ta.solve(ta.Spectrum([1024.0, 3072.0, 0.0]), **parameters, rho=0.2 * 1024, ridge=0.01 * 1024)
    assert other.q == pytest.approx(1024 * one.q, rel=1e-14, abs=0)
    assert pytest.approx(one.M / 1024, rel=1e-14, abs=0) == other.M
    assert other.K(1024.0) == pytest.approx(one.K(1.0), rel=1e-14, abs=0)


def test_read_only_and_strided_arrays() -> None:
    values = np.arange(1.0, 21.0)[::-2]
    alpha = np.broadcast_to(np.array([[1.0], [2.0]]), (2, 6))[:, ::2]
    values.flags.writeable = False
    found = ta.solve(ta.Spectrum(values), alpha=alpha, tau=0.6, kappa=1, rho=0)
    again = ta.solve(ta.Spectrum(values.copy()), alpha=alpha.copy(), tau=0.6, kappa=1, rho=0)
    np.testing.assert_array_equal(found.q, again.q)
    assert not np.isnan(values).any()


def test_float32_stays_float32() -> None:
    spectrum = ta.Spectrum(np.array([1.0, 0.5], dtype=np.float32))
    assert ta.solve(spectrum, alpha=2, tau=4, kappa=1, rho=0).sigma.dtype == np.float32
    assert ta.solve(spectrum, alpha=np.array([2.0]), tau=4, kappa=1, rho=0).sigma.dtype == np.float64


def test_threads() -> None:
    """Calls from several threads at once, each large enough to start threads of its own."""
    tau = np.linspace(0.1, 0.9, 4000)
    spectrum = ta.Spectrum.power_law(64, 1.0)
    expected = ta.solve(spectrum, alpha=2, tau=tau, kappa=1, rho=0.1).q
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda _: ta.solve(spectrum, alpha=2, tau=tau, kappa=1, rho=0.1).q, range(12))
    for q in results:
        np.testing.assert_array_equal(q, expected)


def test_all_solvers_agree() -> None:
    grid = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in GRID.items()}
    compiled, tensors = (ta.icl_error(SPECTRUM, np.ones(4), **values) for values in (GRID, grid))
    with plain_below(10**9):
        plain = ta.icl_error(SPECTRUM, np.ones(4), **GRID)
    for other in (tensors, plain):
        np.testing.assert_allclose(other.total, compiled.total, rtol=4e-15)
        for name in ("sigma", "effective_ridge", "a", "da", "M", "dM", "q", "Qbar"):
            ours, theirs = (getattr(error.fixed_point, name) for error in (compiled, other))
            np.testing.assert_allclose(theirs, ours, rtol=4e-15)
            assert theirs.shape == ours.shape


def test_plain_numpy_needs_no_compiler() -> None:
    code = """
import sys
import taskalign as ta
from taskalign.numerics.solvers import plain_below
with plain_below(10**6):
    ta.icl_error(ta.Spectrum([1.0, 2.0]), [1.0, 1.0], alpha=2, tau=4, kappa=1, rho=0)
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_results_print() -> None:
    error = ta.icl_error(SPECTRUM, np.ones(4), alpha=2, tau=4, kappa=1, rho=0.1)
    assert f"{error.total:.12g}" in repr(error)
    assert "<table>" in error.fixed_point._repr_html_()
    assert "array (2, 3, 5, 2)" in repr(ta.solve(SPECTRUM, **GRID))


@pytest.mark.parametrize("place", ["/proc/nowhere", str(Path(__file__) / "below")])
def test_no_place_for_compiled_code_made_a_traceback(place: str) -> None:
    """The kernel, nodes of long spectra and the loops of the models compile without a cache, to the same numbers."""
    code = (
        "import numpy as np, taskalign as ta\n"
        "from taskalign.models.row_products import row_products\n"
        "out = np.empty(2); row_products(np.ones((2, 3)), np.ones((2, 3)), out)\n"
        "s = ta.Spectrum(np.linspace(1, 2, 6000))\n"
        "tau = np.linspace(2, 3, 500)\n"
        "print(out.tolist(), ta.icl_error(s, alpha=2, tau=tau, kappa=1, rho=0.1).total[-1])\n"
    )
    nowhere = {"NUMBA_CACHE_DIR": place, "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    found = []
    for environment in (os.environ, os.environ | nowhere):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] == found[1]
    assert found[0].startswith("[3.0, 3.0]")
