"""The error in each form of its arguments, against matrices and brute force."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import toeplitz

import taskalign as ta
from taskalign.numerics.alignment import aligned

P: dict[str, Any] = {"alpha": 2, "tau": 4, "kappa": 1, "rho": 0.01}
TRAIN, TEST = toeplitz(0.8 ** np.arange(32.0)), toeplitz(0.3 ** np.arange(32.0))


def matrix_error(train: np.ndarray, test: np.ndarray) -> float:
    """With the matrix K multiplied out, at the fixed point of the spectrum."""
    point = ta.solve(ta.Spectrum(np.linalg.eigvalsh(train)), **P)
    d = len(train)
    F = np.linalg.inv(point.a * train + point.sigma * np.eye(d))
    dF = -F @ (point.da * train + np.eye(d)) @ F
    K = point.q * F + (point.q * point.effective_ridge - point.sigma**2) * dF
    c_test = np.trace(test) / d
    return P["rho"] + (P["rho"] + c_test) / P["alpha"] * point.Qbar + np.trace(test @ K) / d


@pytest.mark.parametrize("library", [np.asarray, torch.tensor, jnp.asarray])
def test_two_covariances(library: Any) -> None:
    train, test = library(TRAIN), library(TEST)
    spectrum = ta.Spectrum.from_covariance(train)
    rel = 1e-4 if "32" in str(train.dtype) else 1e-12
    right = matrix_error(TRAIN, TEST)
    assert right == pytest.approx(0.6344, rel=0, abs=5e-5)
    for arguments in ((train, test), ta.align(train, test), (spectrum, test)):
        assert float(ta.icl_error(*arguments, **P).total) == pytest.approx(right, rel=rel, abs=0)
    own = ta.icl_error(train, train, **P).total
    for arguments in ((train,), (spectrum,), (train, spectrum), (train, None)):
        assert float(ta.icl_error(*arguments, **P).total) == pytest.approx(float(own), rel=rel, abs=0)


def test_every_function_takes_both_forms() -> None:
    spectrum, test = ta.align(TRAIN, TEST)
    for function, read in (
        (ta.prediction_law, lambda law: float(law.error)),
        (ta.metrics, lambda found: [found[name] for name in ("misalignment", "resolvent", "population")]),
        (ta.numerics.optimal_ridge, lambda found: found.error),
    ):
        right = read(function(spectrum, test, **P))
        assert read(function(TRAIN, TEST, **P)) == pytest.approx(right, rel=1e-10, abs=0)
        assert read(function(spectrum, TEST, **P)) == pytest.approx(right, rel=1e-10, abs=0)
        own = read(function(spectrum, spectrum.eigenvalues, **P))
        assert read(function(TRAIN, **P)) == pytest.approx(own, rel=1e-10, abs=0)
        assert read(function(spectrum, ta.Spectrum(spectrum.eigenvalues[::-1]), **P)) == pytest.approx(
            own, rel=1e-10, abs=0
        )
    for function in (ta.train_task_error, ta.rotated_task_error):
        assert function(TRAIN, **P).total == pytest.approx(function(spectrum, **P).total, rel=1e-13, abs=0)
    assert ta.ordering(TRAIN, **P).holds
    assert ta.numerics.implicit_ridge(TRAIN, **P).total == pytest.approx(ta.solve(TRAIN, **P).t, rel=1e-12, abs=0)


def test_metrics_of_spectra() -> None:
    """Without matrices the basis is that of the eigenvectors, which inverse CKA depends on."""
    listed = ta.metrics(ta.Spectrum([3.0, 2.0, 1.0]), [1.0, 2.0, 3.0], **P)
    diagonal = ta.metrics(np.diag([3.0, 2.0, 1.0]), np.diag([1.0, 2.0, 3.0]), **P)
    assert listed == pytest.approx(diagonal, rel=1e-13, abs=0)
    rotated = ta.metrics(ta.Spectrum.from_covariance(TRAIN), TEST, **P)["inverse_cka"]
    assert rotated == pytest.approx(ta.metrics(TRAIN, TEST, **P)["inverse_cka"], rel=1e-11, abs=0)
    assert "inverse_cka" not in ta.metrics(ta.Spectrum([2.0, 1.0], [1, 3]), [1.0, 2.0], **P)
    with pytest.raises(ta.numerics.InputError, match=r"^test: shape \(2, 3\) is not allowed, give one"):
        ta.metrics(ta.Spectrum([3.0, 2.0, 1.0]), np.ones((2, 3)), **P)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (([1, 2, 3], [1, 1, 1]), r"^train: shape \(3,\).*Spectrum\(eigenvalues\)"),
        ((np.ones((2, 3)), None), r"^train: shape \(2, 3\) is not allowed, must be square"),
        (("power:1", None), r"^train: str is not allowed"),
        (
            (TRAIN, np.ones(32)),
            r"^test: shape \(32,\) is not allowed, must be a covariance \(32, 32\).*from_covariance",
        ),
        ((TRAIN, np.eye(3)), r"^test: shape \(3, 3\) is not allowed, must be a covariance \(32, 32\)"),
        ((ta.Spectrum.power_law(32, 1.0), TEST), r"^test: a symmetric matrix \(32, 32\).*from_covariance"),
        ((ta.Spectrum.power_law(32, 1.0), np.ones(31)), r"^test: shape \(31,\)"),
        ((np.ma.array(TRAIN, mask=TRAIN < 0.1), None), "^train: masked entries"),
        ((TRAIN, -TEST), "^test: not positive semi-definite"),
        ((ta.Spectrum.from_covariance(TRAIN), -TEST), "^test: not positive semi-definite"),
        ((ta.Spectrum.batch(np.ones((2, 3)), [1, 2, 3]), ta.Spectrum([1.0])), "^test: a batch"),
    ],
)
def test_other_forms_are_refused(arguments: tuple[Any, Any], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ta.numerics.InputError, match=what):
        ta.icl_error(*arguments, **P)


def test_a_square_array_that_is_no_matrix_is_many_tests() -> None:
    spectrum, tests = ta.Spectrum([2.0, 1.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = [ta.icl_error(spectrum, test, **P).total for test in tests]
    np.testing.assert_allclose(ta.icl_error(spectrum, tests, **P).total, expected, rtol=1e-14)
    np.testing.assert_allclose(ta.icl_error(spectrum, np.eye(2)[:, None], **P).total.shape, (2, 1))
    # one eigenvalue: both readings are one
    assert ta.icl_error(ta.Spectrum.isotropic(), [[1.0]], **P).total.shape == (1,)


# --- a spectrum as the test -----------------------------------------------------------------------------------------
def quantile_means(c: list[int], w: list[int], values: list[int], value_weights: list[int]) -> list[Fraction]:
    """Each direction is cut into so many equal pieces that every piece of the one lies in one piece of the other."""
    pieces = sum(w) * sum(value_weights)
    order = sorted(range(len(c)), key=lambda i: -c[i])
    directions = [i for i in order for _ in range(w[i] * pieces // sum(w))]
    falling = sorted(range(len(values)), key=lambda j: -values[j])
    entries = [values[j] for j in falling for _ in range(value_weights[j] * pieces // sum(value_weights))]
    return [
        Fraction(sum(e for i, e in zip(directions, entries, strict=True) if i == k), directions.count(k))
        for k in range(len(c))
    ]


measures = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 50), min_size=n, max_size=n, unique=True),
        st.none() | st.lists(st.integers(1, 5), min_size=n, max_size=n),
    )
)


@given(measures, measures)
def test_a_test_spectrum_is_coupled_by_quantiles(train: Any, test: Any) -> None:
    (c, w), (values, v) = train, test
    expected = [float(x) for x in quantile_means(c, w or [1] * len(c), values, v or [1] * len(values))]
    for new in (np.array, lambda x: torch.tensor(x, dtype=torch.float64)):
        spectra = (
            ta.Spectrum(new([float(x) for x in c]), None if w is None else new([float(x) for x in w])),
            ta.Spectrum(new([float(x) for x in values]), None if v is None else new([float(x) for x in v])),
        )
        np.testing.assert_allclose(np.asarray(aligned(*spectra).test), expected, rtol=1e-13)


def test_a_coupling_of_rounded_shares() -> None:
    """Shares that are no whole multiples of each other, and one below the rounding of their sum."""
    low_rank = ta.Spectrum.low_rank(0.3)
    ten = ta.Spectrum([1.0] * 3 + [0.0] * 7)
    np.testing.assert_allclose(aligned(ten, low_rank).test, [1 / 0.3] * 3 + [0] * 7, rtol=1e-13, atol=0)
    np.testing.assert_allclose(aligned(low_rank, ten).test, [1, 0], rtol=1e-13, atol=0)
    tiny = ta.Spectrum([3.0, 2.0, 1.0], [1.0, 1e-30, 1.0])
    np.testing.assert_allclose(aligned(tiny, ta.Spectrum([5.0, 4.0])).test, [5.0, 5.0, 4.0], rtol=1e-14)
    exponents = ta.Spectrum.power_law(100_000, 3.0)
    np.testing.assert_allclose(
        aligned(ta.Spectrum.power_law(50_000, 1.0), exponents).test,
        exponents.eigenvalues.reshape(-1, 2).mean(1),
        rtol=1e-12,
    )


def test_batches_of_spectra_are_coupled_one_by_one() -> None:
    trains, tests = np.random.default_rng(0).random((2, 3, 4))
    for other in (tests, tests[:1]):
        found = aligned(ta.Spectrum.batch(trains), ta.Spectrum.batch(other)).test
        for k in range(3):
            one = aligned(ta.Spectrum(trains[k]), ta.Spectrum(other[k % len(other)])).test
            np.testing.assert_array_equal(found[k], one)


# --- the error itself -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("d", [1023, 1024, 1025, 1500, 3000])
def test_misalignment_is_the_mean_over_all_eigenvalues(d: int) -> None:
    """More eigenvalues than one block of the compiled sums."""
    spectrum, test = ta.Spectrum.power_law(d, 0.9), np.linspace(0.5, 1.5, d)
    found = ta.icl_error(spectrum, test, **P)
    K = np.asarray(found.fixed_point.K(spectrum.eigenvalues))
    np.testing.assert_allclose(found.misalignment, (K * test).mean(), rtol=1e-13)
    assert found.scalar == pytest.approx(0.01 + (0.01 + test.mean()) / 2 * found.fixed_point.Qbar, rel=1e-13, abs=0)


def test_no_noise_at_test() -> None:
    spectrum, test = ta.Spectrum([2.0, 0.5]), np.array([1.0, 2.0])
    point = ta.solve(spectrum, **P)
    right = 1.5 / 2 * point.Qbar + (test * point.K(spectrum.eigenvalues)).mean()
    for function in (ta.icl_error, ta.prediction_law):
        for zero in (0, 0.0, np.zeros(2), torch.tensor(0.0)):
            found = function(spectrum, test, **P, rho_test=zero)
            total = found.total if isinstance(found, ta.IclError) else found.error
            np.testing.assert_allclose(np.asarray(total), right, rtol=1e-6 if isinstance(zero, torch.Tensor) else 1e-13)
    for function in (ta.train_task_error, ta.rotated_task_error):
        with_noise = function(spectrum, **P, rho_test=0.25).total
        lost = 0.25 * (1 + point.Qbar / 2)
        assert function(spectrum, **P, rho_test=0).total == pytest.approx(with_noise - lost, rel=1e-13, abs=0)


def test_ratios() -> None:
    assert ta.ratios(d=20, context_length=40, contexts=1600, tasks=20) == {"alpha": 2.0, "tau": 4.0, "kappa": 1.0}
    assert ta.ratios(d=20) == {}
    assert ta.ratios(d=20, tasks=np.inf) == {"kappa": np.inf}
    np.testing.assert_array_equal(ta.ratios(d=2, contexts=[4, 8])["tau"], [1, 2])
    for name, value in (("d", 0), ("d", np.inf), ("context_length", -1), ("contexts", 0), ("tasks", np.nan)):
        with pytest.raises(ta.numerics.InputError, match=f"^{name}: "):
            ta.ratios(**{"d": 3, "tasks": 1} | {name: value})
