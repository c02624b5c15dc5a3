"""Against 150 reference cases of 40 digits, some of them extreme."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp, mpf

import taskalign as ta

CASES = json.loads((Path(__file__).parents[1] / "reference" / "cases.json").read_text())["cases"]
SCALARS = ("sigma", "effective_ridge", "M", "dM", "q", "scalar", "misalignment", "total")


def worst(values: dict[str, Any], output: dict[str, Any]) -> mpf:
    """Largest relative error of all outputs; an exact zero must be met exactly."""
    pairs = [(values[name], output[name]) for name in SCALARS]
    pairs += list(zip(values["K"], output["K"], strict=True))
    errors = []
    for ours, reference in pairs:
        exact = mpf(reference)
        errors.append(abs(mpf(ours) - exact) / (abs(exact) if exact else 1))
    return max(errors)


def by_arrays(case: dict[str, Any], array: Callable[[Any], Any]) -> dict[str, Any]:
    given = case["input"]
    spectrum = ta.Spectrum(array(given["eigenvalues"]), array(given["multiplicities"]))
    parameters = {name: given[name] for name in ("alpha", "tau", "kappa", "rho", "ridge", "alpha_test")}
    error = ta.icl_error(spectrum, array(given["test"]), **parameters)
    point = error.fixed_point
    values = {name: float(getattr(point, name)) for name in ("sigma", "effective_ridge", "M", "dM", "q")}
    values |= {name: float(getattr(error, name)) for name in ("scalar", "misalignment", "total")}
    return values | {"K": [float(k) for k in point.K(array(given["eigenvalues"]))]}


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_double_precision(library: str) -> None:
    array = np.asarray if library == "numpy" else lambda x: torch.tensor(x, dtype=torch.float64)
    with mp.workdps(60):
        errors = [worst(by_arrays(case, array), case["output"]) for case in CASES]
    assert len(errors) == 150
    assert max(errors) < 1e-12
    # where nothing is extreme only the last digits may differ
    assert np.median([float(e) for e in errors]) < 2e-15


def test_fifty_digits() -> None:
    errors = []
    for case in CASES:
        given = case["input"]
        parameters = {name: given[name] for name in ("alpha", "tau", "kappa", "rho", "ridge")}
        point = ta.numerics.precise(given["eigenvalues"], given["multiplicities"], **parameters, digits=50)
        error = point.icl_error(given["test"], alpha_test=given["alpha_test"])
        values = {name: getattr(point, name) for name in ("sigma", "effective_ridge", "M", "dM", "q")}
        values |= {name: getattr(error, name) for name in ("scalar", "misalignment", "total")}
        values["K"] = [point.K(c) for c in given["eigenvalues"]]
        with mp.workdps(60):
            errors.append(worst(values, case["output"]))
    assert max(errors) < 1e-35
