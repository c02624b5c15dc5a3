"""Exported modules: right, and alone."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import taskalign as ta

SPECTRUM = ta.Spectrum([2.0, 1.0, 0.3, 0.0], [1.0, 2.0, 3.0, 2.0])
TEST = np.array([0.5, 1.0, 2.0, 0.1])
EQUATIONS = ["sigma", "effective_ridge", "M", "dM", "q", "K", "e_scalar", "e_misalign", "e_icl", "peak"]
GRID = {
    "alpha": np.array([0.5, 20.0])[:, None],
    "tau": np.array([0.3, 0.99, 1.0, 5.0]),
    "kappa": 0.7,
    "rho": 0.1,
    "ridge": np.array([0.0, 0.0, 0.2, 0.2]),
}


def load(target: str, equations: list[str], spectrum: ta.Spectrum = SPECTRUM, test: Any = TEST) -> Any:
    module = types.ModuleType("exported")
    sys.modules[module.__name__] = module
    exec(ta.numerics.export_module(spectrum, equations, target, test=test), module.__dict__)
    return module


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_it_gives_what_the_library_gives(target: str) -> None:
    values = load(target, EQUATIONS).evaluate(**GRID, alpha_test=3.0, rho_test=0.0)
    error = ta.icl_error(SPECTRUM, TEST, **GRID, alpha_test=3.0, rho_test=0.0)
    point = error.fixed_point
    expected = {name: getattr(point, name) for name in ("sigma", "effective_ridge", "M", "dM", "q")}
    expected |= {"e_scalar": error.scalar, "e_misalign": error.misalignment, "e_icl": error.total}
    expected |= {"K": point.K(SPECTRUM.eigenvalues), "peak": ta.ordering(SPECTRUM, **GRID).peak}
    assert list(values) == EQUATIONS
    for name, array in values.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-13, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_next_to_the_rank_and_beyond_the_range(target: str) -> None:
    """Where a small weight at zero matters, as in the library; and where an output overflows, an error."""
    eigenvalues = [1.0, 0.80343994, 0.0, 0.99272638, 0.95050947]
    spectrum = ta.Spectrum(eigenvalues, [7.75e-7, 0.654, 9.83e-7, 0.3456, 5.46e-5])
    given = {"alpha": 2.7e6, "tau": 1 - 1.147e-10, "kappa": 5.27, "rho": 0.0}
    found = load(target, ["q", "M"], spectrum=spectrum, test=eigenvalues).evaluate(**given)
    exact = ta.numerics.precise(spectrum, **given, digits=40)
    for name, value in found.items():
        assert float(value) == pytest.approx(float(getattr(exact, name)), rel=1e-13, abs=0)
    tiny = ta.Spectrum([1e-158, 2e-158])
    with pytest.raises(ArithmeticError, match="rescale"):
        load(target, ["M"], spectrum=tiny, test=[1.0, 1.0]).evaluate(alpha=2.0, tau=0.5, kappa=1.0, rho=0.0)


def test_torch_gradient_of_an_exported_module() -> None:
    alpha = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    load("torch", ["e_icl"]).evaluate(alpha=alpha, tau=0.5, kappa=0.7, rho=0.1)["e_icl"].backward()
    inside = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    ta.icl_error(SPECTRUM, TEST, alpha=inside, tau=0.5, kappa=0.7, rho=0.1).total.backward()
    assert alpha.grad is not None
    assert inside.grad is not None
    assert float(alpha.grad) == pytest.approx(float(inside.grad), rel=1e-12, abs=0)


def test_a_bare_environment(tmp_path: Path) -> None:
    """A folder with NumPy and the module, and nothing else on the path."""
    bare = tmp_path / "bare"
    bare.mkdir()
    installed = Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs"):
        if (installed / name).exists():
            (bare / name).symlink_to(installed / name)
    (bare / "exported.py").write_text(ta.numerics.export_module(SPECTRUM, ["e_icl", "K"], "numpy", test=TEST))
    code = f"""
import sys
sys.path.append({str(bare)!r})
import exported
print(repr(float(exported.evaluate(alpha=2, tau=0.5, kappa=0.7, rho=0.1)["e_icl"])))
third = sorted(name for name in sys.modules if name in ("taskalign", "sympy", "numba", "scipy", "mpmath", "torch"))
print(third)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    number, modules = done.stdout.split("\n")[:2]
    assert modules == "[]"
    assert float(number) == pytest.approx(
        float(ta.icl_error(SPECTRUM, TEST, alpha=2, tau=0.5, kappa=0.7, rho=0.1).total), rel=1e-13, abs=0
    )


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_bad_input_of_an_exported_module(target: str) -> None:
    evaluate = load(target, ["e_icl"]).evaluate
    good = {"alpha": 2.0, "tau": 0.5, "kappa": 0.7, "rho": 0.1}
    for name, bad in (("alpha", -1.0), ("tau", 1.0), ("rho", -0.1), ("kappa", float("nan"))):
        with pytest.raises(ValueError, match=name):
            evaluate(**good | {name: bad})
    with pytest.raises(ValueError, match="test"):
        evaluate(**good, test=[1.0, 2.0])


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_what_an_exported_module_refuses_to_cut(target: str) -> None:
    """Imaginary parts and masks; a plain number keeps all its digits."""
    evaluate = load(target, ["sigma", "e_icl"]).evaluate
    good = {"alpha": 2.1, "tau": 0.5, "kappa": 0.7, "rho": 0.1}
    for bad in (2j, [1.0, 1j], np.array([1 + 1j]), np.ma.masked_greater([1.0, 2.0], 1.5)):
        with pytest.raises(ValueError, match="alpha: must be real numbers, not masked"):
            evaluate(**good | {"alpha": bad})
    with pytest.raises(ValueError, match="test: must be real numbers, not masked"):
        evaluate(**good, test=np.ma.masked_greater([1.0, 2.0, 1.0, 1.0], 1.5))
    with pytest.raises(ValueError, match="test: must be real numbers, not masked"):
        evaluate(**good, test=[1.0, 1j, 1.0, 1.0])
    if target == "torch":
        with pytest.raises(ValueError, match="tau: must be real"):
            evaluate(**good | {"tau": torch.tensor(1j)})
    expected = float(ta.icl_error(SPECTRUM, TEST, **good).total)
    assert float(evaluate(**good)["e_icl"]) == pytest.approx(expected, rel=1e-13, abs=0)
    integers = evaluate(**good | {"kappa": 1})["e_icl"]
    assert float(integers) == pytest.approx(float(evaluate(**good | {"kappa": 1.0})["e_icl"]), rel=1e-15, abs=0)


@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", ["alpha", "tau", "kappa", "rho", "ridge", "alpha_test", "rho_test"])
def test_parameters_of_an_exported_module_have_their_bounds(name: str, target: str) -> None:
    evaluate = load(target, ["e_icl"]).evaluate
    good = {"alpha": 2.0, "tau": 0.5, "kappa": 0.7, "rho": 0.1}
    for bad in (-0.1, float("inf"), float("nan"), *(() if name in ("rho", "ridge", "rho_test") else (0.0,))):
        with pytest.raises(ValueError, match=name):
            evaluate(**good | {name: bad})


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_test_conditions_of_an_exported_module(target: str) -> None:
    """Not given, they are those of training; a new test covariance takes the place of the one written into it."""
    evaluate = load(target, ["e_icl"]).evaluate
    good = {"alpha": 2.0, "tau": 0.5, "kappa": 0.7, "rho": 0.1}
    for given in ({}, {"alpha_test": 5.0}, {"rho_test": 0.3}):
        expected = float(ta.icl_error(SPECTRUM, TEST, **good, **given).total)
        assert float(evaluate(**good, **given)["e_icl"]) == pytest.approx(expected, rel=1e-13, abs=0)
    other = np.array([1.0, 0.0, 0.5, 3.0])
    expected = float(ta.icl_error(SPECTRUM, other, **good).total)
    assert float(evaluate(**good, test=other)["e_icl"]) == pytest.approx(expected, rel=1e-13, abs=0)
    with pytest.raises(ValueError, match="test: must be 4 numbers >= 0"):
        evaluate(**good, test=-other)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="target: 'jax'"):
        ta.numerics.export_module(SPECTRUM, ["e_icl"], "jax")
    with pytest.raises(ValueError, match="'nonsense'"):
        ta.numerics.export_module(SPECTRUM, ["nonsense"])
    with pytest.raises(ValueError, match="empty list"):
        ta.numerics.export_module(SPECTRUM, [])
    with pytest.raises(ValueError, match=r"needs .*gap_tau"):
        ta.numerics.export_module(SPECTRUM, ["g_below"])
    with pytest.raises(ValueError, match="batch"):
        ta.numerics.export_module(ta.Spectrum(np.ones((2, 3))), ["e_icl"])
