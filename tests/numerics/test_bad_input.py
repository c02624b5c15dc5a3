"""Bad input is refused with one line that names the argument and the offending value."""

from __future__ import annotations

from typing import Any

import jaxtyping
import numpy as np
import pytest
import scipy.sparse
import torch

import taskalign as ta
from taskalign.numerics.solvers import plain_below

GOOD: dict[str, Any] = {"alpha": 2.0, "tau": 4.0, "kappa": 1.0, "rho": 0.01}
SPECTRUM = [1.0, 0.5, 0.0]


def refused(name: str, value: str, function: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message.startswith(f"{name}:"), message
    assert value in message
    assert "\n" not in message


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_eigenvalues_and_weights(value: float) -> None:
    refused("eigenvalues", str(value), ta.Spectrum, [1.0, value])
    refused("weights", str(value), ta.Spectrum, [1.0, 2.0], [1.0, value])
    refused("eigenvalues", str(value), ta.Spectrum, torch.tensor([1.0, value]))


def test_the_offender_is_placed() -> None:
    refused("eigenvalues", "-3.0 at index 2", ta.Spectrum, [1.0, 2.0, -3.0])
    refused("alpha", "-1.0 at index (1, 0)", ta.solve, ta.Spectrum([1.0]), **GOOD | {"alpha": [[1.0], [-1.0]]})


def test_spectra_that_are_none() -> None:
    refused("eigenvalues", "not all zero", ta.Spectrum, [0.0, 0.0])
    refused("eigenvalues", "not all zero", ta.Spectrum, [1.0, 0.0], [0.0, 1.0])
    refused("eigenvalues", "shape (0,)", ta.Spectrum, [])
    refused("eigenvalues", "shape ()", ta.Spectrum, 1.0)
    refused("eigenvalues", "'a'", ta.Spectrum, ["a"])
    refused("eigenvalues", "complex", ta.Spectrum, torch.tensor([1.0 + 0j]))
    refused("weights", "shape (3,)", ta.Spectrum, [1.0, 2.0], [1.0, 1.0, 1.0])


@pytest.mark.parametrize("name", ["alpha", "tau", "kappa", "rho", "ridge"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "a", None])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_parameters(name: str, value: Any, library: str) -> None:
    spectrum = ta.Spectrum(SPECTRUM if library == "numpy" else torch.tensor(SPECTRUM))
    if (name, value) == ("kappa", float("inf")):  # a limit, for the evaluators in floats
        refused(name, "inf", ta.numerics.precise, SPECTRUM, **GOOD | {name: value})
        return
    for function in (ta.solve, ta.ordering):
        refused(name, str(value), function, spectrum, **GOOD | {name: value})
    refused(name, str(value), ta.icl_error, spectrum, [1.0, 1.0, 1.0], **GOOD | {name: value})
    if value is not None:
        refused(name, str(value).removesuffix(".0"), ta.numerics.precise, SPECTRUM, **GOOD | {name: value})


@pytest.mark.parametrize("name", ["alpha", "tau", "kappa"])
def test_zero_parameters(name: str) -> None:
    refused(name, "0.0", ta.solve, ta.Spectrum(SPECTRUM), **GOOD | {name: 0.0})
    refused(name, "0", ta.numerics.precise, SPECTRUM, **GOOD | {name: 0})


@pytest.mark.parametrize("name", ["alpha_test", "rho_test"])
def test_parameters_at_test(name: str) -> None:
    for value in (-1.0, float("nan")) if name == "alpha_test" else (-1.0, float("nan"), float("inf")):
        for function in (ta.icl_error, ta.prediction_law, ta.train_task_error, ta.rotated_task_error):
            refused(name, str(value), function, ta.Spectrum(SPECTRUM), **GOOD, **{name: value})
    refused(name, "-1.0", ta.icl_error, ta.Spectrum(SPECTRUM), [1.0, 1.0, 1.0], **GOOD, **{name: -1.0})
    point = ta.numerics.precise(SPECTRUM, **GOOD)
    refused(name, "-1", point.icl_error, [1, 1, 1], **{name: -1})


@pytest.mark.parametrize("tau", [1, 1.0, np.array([0.5, 1.0]), torch.tensor(1.0)])
def test_tau_one_without_a_ridge(tau: Any) -> None:
    refused("tau", "ridge > 0", ta.solve, ta.Spectrum(SPECTRUM), **GOOD | {"tau": tau})


def test_tau_one_with_a_ridge_is_fine() -> None:
    assert ta.solve(ta.Spectrum(SPECTRUM), **GOOD | {"tau": 1.0}, ridge=0.1).q > 0
    refused("tau", "ridge > 0", ta.numerics.precise, SPECTRUM, **GOOD | {"tau": 1})
    refused("tau", "at index 1", ta.solve, ta.Spectrum(SPECTRUM), **GOOD | {"tau": 1.0}, ridge=[0.1, 0.0])


def test_test_spectra() -> None:
    spectrum = ta.Spectrum(SPECTRUM)
    refused("test", "shape (2,)", ta.icl_error, spectrum, [1.0, 1.0], **GOOD)
    refused("test", "shape ()", ta.icl_error, spectrum, 1.0, **GOOD)
    refused("test", "-1.0 at index 1", ta.icl_error, spectrum, [1.0, -1.0, 1.0], **GOOD)
    refused("test", "2 entries", ta.numerics.precise(SPECTRUM, **GOOD).icl_error, [1, 1])


def test_shapes_that_do_not_broadcast() -> None:
    refused(
        "rho",
        "broadcast: tau (2,), rho (3,)",
        ta.solve,
        ta.Spectrum(SPECTRUM),
        **GOOD | {"tau": [2.0, 3.0], "rho": [0, 0, 0]},
    )
    tests = np.ones((5, 3))
    refused("test", "(5,)", ta.icl_error, ta.Spectrum(SPECTRUM), tests, **GOOD | {"tau": [2.0, 3.0]})


def test_something_else_than_a_spectrum(monkeypatch: pytest.MonkeyPatch) -> None:
    # without the run-time type checks of this suite, as a user would meet it
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    refused("spectrum", "shape (3,)", ta.solve, SPECTRUM, **GOOD)
    refused("train", "shape (3,)", ta.icl_error, SPECTRUM, SPECTRUM, **GOOD)
    refused("spectrum", "NoneType", ta.solve, None, **GOOD)


MATRIX = np.diag([2.0, 1.0])


@pytest.mark.parametrize(
    ("matrix", "what"),
    [
        (np.ones((2, 3)), "shape (2, 3)"),
        (np.ones(4), "shape (4,)"),
        (np.zeros((0, 0)), "shape (0, 0)"),
        (np.array([[1.0, 0.5], [0.0, 1.0]]), "not symmetric"),
        (np.diag([1.0, -0.5]), "-0.5"),
        (np.diag([1.0, np.nan]), "nan"),
    ],
)
def test_covariances(matrix: np.ndarray, what: str) -> None:
    refused("covariance", what, ta.Spectrum.from_covariance, matrix)
    refused("C_test", what, ta.align, MATRIX, matrix)
    refused("test", what, ta.metrics, MATRIX, matrix, **GOOD)


def test_zero_covariance_and_sizes() -> None:
    refused("eigenvalues", "not all zero", ta.Spectrum.from_covariance, np.zeros((2, 2)))
    refused("C_test", "shape (3, 3)", ta.align, MATRIX, np.eye(3))


def test_makers() -> None:
    refused("d", "0", ta.Spectrum.power_law, 0, 1.0)
    refused("exponent", "nan", ta.Spectrum.power_law, 4, float("nan"))
    refused("trace", "-1.0", ta.Spectrum.power_law, 4, 1.0, -1.0)
    refused("value", "0.0", ta.Spectrum.isotropic, 0.0)
    refused("rank_fraction", "1.5", ta.Spectrum.low_rank, 1.5)
    refused("rank_fraction", "0.0", ta.Spectrum.low_rank, 0.0)
    refused("index", "4", ta.Spectrum.spiked, 4, 4)
    refused("mix", "1.5", ta.Spectrum.spiked, 4, 0, 1.5)


def test_precise() -> None:
    refused("digits", "0", ta.numerics.precise, SPECTRUM, **GOOD, digits=0)
    refused("eigenvalues", "-1", ta.numerics.precise, ["-1/2", 1], **GOOD)
    refused("eigenvalues", "all zero", ta.numerics.precise, [0, 0], **GOOD)
    refused("eigenvalues", "1/0", ta.numerics.precise, ["1/0"], **GOOD)
    refused("weights", "2 of them", ta.numerics.precise, [1, 2, 3], [1, 2], **GOOD)
    refused("weights", "its own", ta.numerics.precise, ta.Spectrum(SPECTRUM), [1, 2, 3], **GOOD)
    refused("c", "-1", ta.numerics.precise(SPECTRUM, **GOOD).K, -1)


@pytest.mark.parametrize("library", ["numpy", "plain numpy", "torch"])
def test_beyond_double_precision(library: str) -> None:
    values: Any = torch.tensor([1e300, 1e-300], dtype=torch.float64) if library == "torch" else [1e300, 1e-300]
    with plain_below(10**9 if library == "plain numpy" else 0), pytest.raises(ta.ConvergenceError, match="precise"):
        ta.solve(ta.Spectrum(values), alpha=1e-300, tau=0.5, kappa=1e-300, rho=1.0)


# --- what would lose something without a word ---------------------------------------------------------------------
class Nullable:
    """As the nullable arrays of pandas are to NumPy, where an entry is missing."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([1.0, object()], dtype=object)


MASKED = np.ma.array([3.0, 2.0, 1.0], mask=[False, False, True])


@pytest.mark.parametrize(
    "value",
    [
        MASKED,
        [MASKED[0], np.ma.masked],
        np.ma.array(np.eye(3), mask=np.eye(3) == 0),
        Nullable(),
        np.array([1.0, None]),
        np.array([1, 2], dtype="datetime64[s]"),
        np.array([1, 2], dtype="timedelta64[s]"),
        np.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)]),
        np.array(["1", "2"]),
        np.array([b"1"]),
        [[1.0], [2.0, 3.0]],
        {"a": 1.0},
        {1.0, 2.0},
        scipy.sparse.eye_array(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_hides_missing_numbers(value: Any) -> None:
    spectrum = ta.Spectrum(SPECTRUM)
    refused("eigenvalues", "not", ta.Spectrum, value)
    refused("eigenvalues", "not", ta.Spectrum.batch, value)
    refused("weights", "not", ta.Spectrum, [1.0] * 3, value)
    refused("covariance", "not", ta.Spectrum.from_covariance, value)
    refused("tasks", "not", ta.Spectrum.from_tasks, value)
    refused("C_test", "not", ta.align, np.eye(3), value)
    refused("test", "not", ta.icl_error, spectrum, value, **GOOD)
    for name in ("alpha", "tau", "kappa", "rho", "ridge", "alpha_test", "rho_test"):
        refused(name, "not", ta.icl_error, spectrum, **GOOD | {name: value})


def test_a_mask_that_hides_nothing() -> None:
    assert ta.Spectrum(np.ma.array([3.0, 1.0], mask=False)).trace == 2
    refused("eigenvalues", "masked entries", ta.Spectrum, MASKED)
    refused("eigenvalues", "masked entries", ta.Spectrum.batch, [MASKED, [1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("shapes", "name", "clash"),
    [
        ({"alpha": 3, "tau": 4}, "tau", "alpha (3,), tau (4,)"),
        ({"alpha": 3, "tau": 3, "kappa": 2}, "kappa", "alpha (3,), tau (3,), kappa (2,)"),
        ({"tau": 2, "ridge": 3, "rho": 1}, "ridge", "tau (2,), ridge (3,)"),
        ({"tau": 2, "alpha_test": 3}, "alpha_test", "parameters (2,), alpha_test (3,)"),
        ({"alpha_test": 2, "rho_test": 3}, "rho_test", "alpha_test (2,), rho_test (3,)"),
    ],
)
def test_shapes_that_clash_are_named(shapes: dict[str, int], name: str, clash: str) -> None:
    arrays = {key: np.full(size, 2.0) for key, size in shapes.items()}
    for function in (ta.icl_error, ta.train_task_error, ta.prediction_law):
        refused(name, f"broadcast: {clash}", function, ta.Spectrum(SPECTRUM), **GOOD | arrays)
    batch = ta.Spectrum.batch(np.ones((5, 3)))
    refused("tau", "broadcast: spectrum (5,), tau (2,)", ta.solve, batch, **GOOD | {"tau": [2.0, 3.0]})


def test_the_range_of_floats() -> None:
    refused("weights", "1e+308 at index 0 is not allowed", ta.Spectrum, [1.0, 2.0], [1e308, 1e308])
    refused("weights", "1e+300", ta.Spectrum, [1.0, 2.0], [1.0, 1e300])
    refused("weights", "2e-300 is not allowed", ta.Spectrum, [1.0, 2.0], [1e-300, 1e-300])
    refused("weights", "e+30 at index 1", ta.Spectrum, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1e30]))
    refused("eigenvalues", "rescale", ta.Spectrum, [1e308, 1e308])
    refused("eigenvalues", "rescale", ta.Spectrum, [1e200, 1.0], [1e200, 1.0])
    assert ta.Spectrum([1.0, 3.0], [1e200, 1e200]).trace == ta.Spectrum([1.0, 3.0], [1e-200, 1e-200]).trace == 2
