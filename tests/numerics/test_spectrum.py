"""Spectra: normalisation, exact zeros, makers, and seeing a test covariance in the eigenbasis."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

import taskalign as ta

from .strategies import repeated


def rotation(d: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def test_weights_are_normalised() -> None:
    spectrum = ta.Spectrum([4.0, 0.0], [1, 3])
    np.testing.assert_array_equal(spectrum.weights, [0.25, 0.75])
    assert spectrum.trace == 1.0
    assert spectrum.rank_fraction == 0.25
    assert spectrum.size == 2


def test_rank_fraction_is_rounded_once() -> None:
    """54 of 60 is 0.9 to the last bit, however the weights round."""
    assert ta.Spectrum([1.0] * 54 + [0.0] * 6).rank_fraction == 0.9


def test_zeros_of_a_covariance_are_exact() -> None:
    values = np.array([3.0, 1.0, 0.0, 0.0, 0.0])
    Q = rotation(5)
    spectrum = ta.Spectrum.from_covariance(Q @ np.diag(values) @ Q.T)
    assert (spectrum.eigenvalues == 0).sum() == 3
    np.testing.assert_allclose(np.sort(spectrum.eigenvalues)[::-1], values, atol=1e-14)
    assert spectrum.rank_fraction == 0.4


def test_small_eigenvalues_are_kept() -> None:
    spectrum = ta.Spectrum.from_covariance(np.diag([1.0, 1e-12]))
    assert spectrum.eigenvalues.min() == 1e-12


def test_makers() -> None:
    power = ta.Spectrum.power_law(100, 0.9, trace=2.0)
    assert power.trace == pytest.approx(2.0, rel=1e-12, abs=0)
    assert power.eigenvalues[9] / power.eigenvalues[0] == pytest.approx(10**-0.9, rel=1e-12, abs=0)
    low = ta.Spectrum.low_rank(0.25, trace=3.0)
    assert (low.trace, low.rank_fraction) == (3.0, 0.25)
    assert ta.Spectrum.low_rank(1.0).rank_fraction == 1.0
    iso = ta.Spectrum.isotropic(2.0)
    assert (iso.size, iso.trace) == (1, 2.0)
    spike = ta.Spectrum.spiked(10, 3, mix=0.5, trace=2.0)
    assert spike.trace == pytest.approx(2.0, rel=1e-12, abs=0)
    np.testing.assert_allclose(spike.eigenvalues, [1, 1, 1, 11, 1, 1, 1, 1, 1, 1])
    assert (ta.Spectrum.spiked(10, 3).eigenvalues > 0).sum() == 1


def test_align() -> None:
    d = 6
    rng = np.random.default_rng(1)
    Q = rotation(d)
    train = Q @ np.diag([5.0, 3.0, 2.0, 1.0, 0.5, 0.0]) @ Q.T
    root = rng.normal(size=(d, d))
    test = root @ root.T
    spectrum, gamma = ta.align(train, test)
    assert gamma.shape == (d,)
    for value, along in zip(spectrum.eigenvalues, gamma, strict=True):
        k = int(np.argmin(abs(np.array([5.0, 3.0, 2.0, 1.0, 0.5, 0.0]) - value)))
        assert along == pytest.approx(Q[:, k] @ test @ Q[:, k], rel=1e-10, abs=0)
    assert gamma.mean() == pytest.approx(np.trace(test) / d, rel=1e-12, abs=0)
    # of the training covariance itself: its own eigenvalues
    np.testing.assert_allclose(ta.align(train, train).test, spectrum.eigenvalues, atol=1e-13)


def test_align_tensors() -> None:
    train = torch.diag(torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64))
    spectrum, gamma = ta.align(train, torch.eye(3, dtype=torch.float64))
    assert isinstance(spectrum.eigenvalues, torch.Tensor)
    np.testing.assert_allclose(gamma, [1.0, 1.0, 1.0])
    assert ta.solve(spectrum, alpha=2, tau=0.5, kappa=1, rho=0).q.dtype == torch.float64


def test_covariances_rounded_to_a_file_still_work() -> None:
    """Eigenvalues that rounding made slightly negative are zeros, to the tolerance that is given."""
    Q = rotation(8)
    matrix = np.round(Q @ np.diag([4.0, 2.0, 1.0] + [0.0] * 5) @ Q.T, 9)
    spectrum = ta.Spectrum.from_covariance(matrix, tolerance=1e-8)
    assert (spectrum.eigenvalues[3:] == 0).all()
    with pytest.raises(
        ta.numerics.InputError, match=r"^covariance: not positive semi-definite.*give a larger tolerance"
    ):
        ta.Spectrum.from_covariance(matrix)


def test_it_prints() -> None:
    assert repr(ta.Spectrum([2.0, 0.0])) == "Spectrum(2 eigenvalues from 0 to 2, trace 1, rank fraction 0.5)"
    assert repr(ta.Spectrum.batch(np.ones((3, 2)))) == "Spectrum(batch (3,), 2 eigenvalues)"


# --- order, tolerance, atoms --------------------------------------------------------------------------------------
@pytest.mark.parametrize("library", [np.asarray, torch.tensor, jnp.asarray])
def test_all_run_from_the_largest_down(library: Any) -> None:
    values = ta.Spectrum.power_law(32, 1.0).eigenvalues
    Q = rotation(32)
    C = library((Q * values) @ Q.T)
    given: dict[str, Any] = {"alpha": 2, "tau": 4, "kappa": 1, "rho": 0.01}
    spectrum, test = ta.align(C, C)
    rtol = 1e-4 if "32" in str(spectrum.eigenvalues.dtype) else 1e-12
    for found in (spectrum.eigenvalues, ta.Spectrum.from_covariance(C).eigenvalues, test):
        np.testing.assert_allclose(found, values, rtol=rtol)
    own = ta.icl_error(spectrum, spectrum.eigenvalues, **given).total
    for other in (values, ta.Spectrum(values[::-1]), None, C):
        np.testing.assert_allclose(ta.icl_error(spectrum, other, **given).total, own, rtol=rtol)
    vectors = np.asarray(spectrum.eigenvectors)
    np.testing.assert_allclose((vectors * values) @ vectors.T, np.asarray(C), atol=10 * rtol)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("d", [1, 2, 80, 300])
def test_a_covariance_keeps_its_rank(d: int, dtype: type) -> None:
    assert ta.Spectrum.from_covariance(np.eye(d, dtype=dtype)).rank_fraction == 1
    half = np.diag(np.arange(d) < (d + 1) // 2).astype(dtype)
    assert ta.Spectrum.from_covariance(half).rank_fraction == pytest.approx((d + 1) // 2 / d, rel=1e-15, abs=0)


def test_a_covariance_of_half_precision_in_other_libraries() -> None:
    for eye in (torch.eye(3, dtype=torch.float16), torch.eye(3, dtype=torch.bfloat16), jnp.eye(3, dtype=jnp.float16)):
        assert float(ta.Spectrum.from_covariance(eye).trace) == 1


def test_small_eigenvalues_of_a_large_covariance_count() -> None:
    """Against 30 digits: diagonal j^-3.5, no noise, long contexts."""
    C = np.diag(np.arange(1.0, 1001) ** -3.5)
    spectrum = ta.Spectrum.from_covariance(C)
    assert spectrum.rank_fraction == 1
    error = ta.icl_error(spectrum, np.ones(1000), alpha=1e10, tau=2.0, kappa=5.0, rho=0.0).total
    assert error == pytest.approx(9.909748932596e-04, rel=1e-11, abs=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("d", "rank"), [(3, 2), (24, 10), (200, 120)])
def test_what_rounding_leaves_of_zeros_is_zero(d: int, rank: int, dtype: type) -> None:
    X = np.random.default_rng(d).normal(size=(rank, d)).astype(dtype)
    C = X.T @ X / dtype(rank)
    for spectrum in (ta.Spectrum.from_covariance(C), ta.Spectrum.from_tasks(X)):
        assert (spectrum.eigenvalues > 0).sum() == rank
        assert (spectrum.eigenvalues[rank:] == 0).all()


def test_eigenvalues_that_rounding_made_negative() -> None:
    X = np.random.default_rng(0).normal(size=(40, 120))
    values = np.linalg.eigvalsh(X.T @ X / 40)
    assert values.min() < 0
    assert ta.Spectrum(values).rank_fraction == pytest.approx(1 / 3, rel=1e-15, abs=0)
    assert ta.Spectrum.batch([values, values]).rank_fraction == pytest.approx([1 / 3] * 2, rel=1e-15, abs=0)
    assert ta.Spectrum(torch.tensor(values)).eigenvalues.min() == 0
    with pytest.raises(ta.numerics.InputError, match=r"^eigenvalues: -1e-09 at index 1 is not allowed"):
        ta.Spectrum([1.0, -1e-9, 1e-10])
    np.testing.assert_array_equal(ta.Spectrum([1.0, -1e-9, 1e-10, 1e-7], tolerance=1e-8).eigenvalues, [1, 0, 0, 1e-7])
    # where nothing is negative nothing shows rounding, in each spectrum of a batch by itself
    batch = ta.Spectrum.batch([[1.0, 1e-17, -1e-17], [1.0, 1e-17, 0.0]])
    np.testing.assert_array_equal(batch.eigenvalues, [[1, 0, 0], [1, 1e-17, 0]])
    np.testing.assert_array_equal(ta.Spectrum([1.0, 1e-300]).eigenvalues, [1, 1e-300])
    with pytest.raises(ta.numerics.InputError, match=r"^eigenvalues: -1e-16"):
        ta.Spectrum([1.0, -1e-16], tolerance=0)


@pytest.mark.parametrize("value", [-1e-9, 1.0, np.nan])
def test_tolerances_that_are_none(value: Any) -> None:
    for make in (ta.Spectrum.from_covariance, ta.Spectrum.from_tasks, ta.Spectrum.batch):
        with pytest.raises(ta.numerics.InputError, match=r"^tolerance: "):
            make(np.eye(2), tolerance=value)


@pytest.mark.parametrize("size", [1.0, 1e-9, 1e9])
def test_asymmetry_is_refused_beyond_the_tolerance(size: float) -> None:
    """Relative to the largest eigenvalue, which is 4 here."""
    C = np.full((4, 4), size)
    C[0, 1] += 1e-6 * size
    with pytest.raises(ta.numerics.InputError, match=r"^covariance: not symmetric.*by up to 1e.*larger tolerance"):
        ta.Spectrum.from_covariance(C)
    with pytest.raises(ta.numerics.InputError, match="not symmetric"):
        ta.Spectrum.from_covariance(C, tolerance=0.24e-6)
    found = ta.Spectrum.from_covariance(C, tolerance=0.26e-6)
    assert (found.tolerance, found.rank_fraction) == (0.26e-6, 0.25)
    # the symmetric part counts
    np.testing.assert_allclose(found.trace, size, rtol=1e-6)
    mirrored = np.full((4, 4), size)
    mirrored[0, 1] = mirrored[1, 0] = size * (1 + 0.5e-6)
    assert found.eigenvalues[0] == pytest.approx(np.linalg.eigvalsh(mirrored)[-1], rel=1e-14, abs=0)
    rounded = np.full((4, 4), size)
    rounded[0, 1] *= 1 + 4e-16
    assert ta.Spectrum.from_covariance(rounded).rank_fraction == 0.25


def test_a_negative_eigenvalue_is_refused_beyond_the_tolerance() -> None:
    C = np.diag([2.0, 1.0, -2e-6])
    with pytest.raises(ta.numerics.InputError, match=r"^covariance: not positive semi-definite.*-2e-06"):
        ta.Spectrum.from_covariance(C, tolerance=0.9e-6)
    assert ta.Spectrum.from_covariance(C, tolerance=1.1e-6).rank_fraction == pytest.approx(2 / 3, rel=1e-15, abs=0)
    with pytest.raises(ta.numerics.InputError, match=r"^C_test: not positive semi-definite"):
        ta.align(np.eye(3), C)
    with pytest.raises(ta.numerics.InputError, match=r"^covariance: not positive semi-definite"):
        ta.Spectrum.from_covariance(-np.eye(2))


def test_tolerance_of_each_maker() -> None:
    exact = [
        ta.Spectrum.power_law(3, 1.0),
        ta.Spectrum.isotropic(),
        ta.Spectrum.low_rank(0.5),
        ta.Spectrum.spiked(3, 1),
    ]
    assert [spectrum.tolerance for spectrum in exact] == [0] * 4
    eps = 2.0**-52
    assert ta.Spectrum([1.0, 2.0]).tolerance == ta.Spectrum.from_covariance(np.eye(2)).tolerance == 16 * eps
    assert ta.Spectrum(np.ones(100)).tolerance == ta.Spectrum.from_covariance(np.eye(100)).tolerance == 100 * eps
    assert ta.Spectrum(torch.ones(100)).tolerance == ta.Spectrum(np.ones(100, np.float32)).tolerance == 100 * 2.0**-23
    assert ta.Spectrum(np.ones(100_000, np.float32)).tolerance == 2.0**-11.5
    assert ta.Spectrum.batch(np.ones((3, 20))).tolerance == 20 * eps
    assert ta.Spectrum([1.0, 2.0], tolerance=0.1).compress().tolerance == 0.1


def test_atoms() -> None:
    values, weights = ta.Spectrum([1.0, 0.0, 3.0, 1.0], [1, 2, 3, 2]).atoms()
    np.testing.assert_array_equal(values, [3.0, 1.0, 0.0])
    np.testing.assert_array_equal(weights, [0.375, 0.375, 0.25])
    # a chain is one atom, at its weighted mean; the largest eigenvalue is the unit
    chain = ta.Spectrum([10.0, 1.0, 1.9, 2.8, 4.0], [1, 1, 2, 1, 1], tolerance=0.1)
    np.testing.assert_allclose(chain.atoms()[0], [10.0, 4.0, 1.9], rtol=1e-15)
    np.testing.assert_allclose(chain.atoms()[1], [1 / 6, 1 / 6, 2 / 3], rtol=1e-15)
    # without weight it is no link of a chain, and no unit
    apart = ta.Spectrum([100.0, 10.0, 1.0, 1.9, 2.8], [0, 1, 1, 0, 1], tolerance=0.1)
    np.testing.assert_array_equal(apart.atoms()[0], [10.0, 2.8, 1.0])
    between = ta.Spectrum([10.0, 1.0, 1.02, 1.05], [1, 1, 0, 1], tolerance=0.01)
    np.testing.assert_allclose(between.atoms()[0], [10.0, 1.025], rtol=1e-15)
    # repeats of a number are that number, however the weights round
    repeats = ta.Spectrum([0.1] * 7 + [0.3] * 9, tolerance=0)
    np.testing.assert_array_equal(repeats.atoms()[0], [0.3, 0.1])
    assert isinstance(ta.Spectrum(torch.ones(3)).atoms()[0], np.ndarray)
    with pytest.raises(ta.numerics.InputError, match="batch"):
        ta.Spectrum.batch(np.ones((2, 3))).atoms()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("d", "draws"), [(2, 300), (3, 300), (5, 300), (16, 300), (40, 100), (150, 10)])
def test_atoms_of_rotated_repeats(d: int, draws: int, dtype: type) -> None:
    rng = np.random.default_rng(d)
    for _ in range(draws):
        values, copies = repeated(rng, d)
        Q = np.linalg.qr(rng.normal(size=(d, d)))[0].astype(dtype)
        C = (Q * np.repeat(values, copies).astype(dtype)) @ Q.T
        for spectrum in (ta.Spectrum.from_covariance(C), ta.Spectrum(np.linalg.eigvalsh((C + C.T) / 2))):
            found, weights = spectrum.atoms()
            np.testing.assert_allclose(found[::-1], values, atol=40 * np.finfo(dtype).eps * values[-1])
            np.testing.assert_allclose(weights[::-1], copies / d, rtol=1e-6)


# --- one spectrum, a batch, copies --------------------------------------------------------------------------------
def test_a_matrix_is_no_spectrum() -> None:
    for matrix in (np.eye(3), torch.eye(3), jnp.eye(3), [[1.0, 2.0]]):
        with pytest.raises(ta.numerics.InputError, match=r"^eigenvalues: .*from_covariance.*Spectrum\.batch"):
            ta.Spectrum(matrix)
    with pytest.raises(ta.numerics.InputError, match=r"^eigenvalues: shape \(1, 1, 2\)"):
        ta.Spectrum([[[1.0, 2.0]]])
    with pytest.raises(ta.numerics.InputError, match=r"^weights: shape \(2, 3\) does not fit 3 eigenvalues"):
        ta.Spectrum([1.0, 2.0, 3.0], np.ones((2, 3)))


def test_a_batch_is_its_members() -> None:
    values, weights = np.array([[2.0, 1.0, 0.0], [5.0, 0.1, 0.1]]), np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 1.0]])
    batch = ta.Spectrum.batch(values, weights)
    assert batch.batch_shape == (2,)
    for k in range(2):
        one = ta.Spectrum(values[k], weights[k])
        assert (batch.trace[k], batch.rank_fraction[k], batch.null_weight[k]) == (
            one.trace,
            one.rank_fraction,
            one.null_weight,
        )
    assert ta.Spectrum.batch(values[0]).batch_shape == ()
    with pytest.raises(ta.numerics.InputError, match=r"^weights: shape \(2,\) does not fit 3"):
        ta.Spectrum.batch(values, [1.0, 2.0])


def test_changes_of_what_was_given_change_nothing() -> None:
    point: dict[str, Any] = {"alpha": 2.0, "kappa": 1.0, "rho": 0.01}
    for new in (np.array, torch.tensor):
        given = [new(x) for x in ([2.0, 1.0, 0.5], [1.0, 1.0, 2.0], [4.0, 5.0], [0.3, 0.4], [0.5, 0.6])]
        values, weights, tau, rho_test, alpha_test = given
        spectrum = ta.Spectrum(values, weights)
        fixed = ta.solve(spectrum, tau=tau, **point)
        law = ta.prediction_law(spectrum, tau=tau, rho_test=rho_test, alpha_test=alpha_test, **point)
        before = [float(x) for x in (spectrum.trace, spectrum.eigenvalues[0], spectrum.weights[0], fixed.tau[0])]
        noise = float(law.budget.noise[0])
        for array in given:
            array[0] = 200.0
        after = [float(x) for x in (spectrum.trace, spectrum.eigenvalues[0], spectrum.weights[0], fixed.tau[0])]
        assert before == after
        assert float(law.budget.noise[0]) == noise
        assert float(ta.solve(spectrum, tau=4.0, **point).s) == pytest.approx((0.01 + before[0]) / 2, rel=1e-7, abs=0)


def test_a_spectrum_cannot_be_written_to() -> None:
    Q = rotation(3)
    for spectrum in (
        ta.Spectrum([2.0, 1.0]),
        ta.Spectrum([2.0, 1.0], [1.0, 2.0]),
        ta.Spectrum([2.0, 1.0, -1e-17]),
        ta.Spectrum.from_covariance(Q @ np.diag([3.0, 2.0, 0.0]) @ Q.T),
    ):
        for array in (spectrum.eigenvalues, spectrum.weights, spectrum.eigenvectors):
            if array is not None:
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 5.0


# --- tasks --------------------------------------------------------------------------------------------------------
def test_spectrum_of_tasks() -> None:
    W = np.random.default_rng(0).normal(size=(5, 8)) + 1  # a mean, which is not taken away
    spectrum = ta.Spectrum.from_tasks(W)
    assert spectrum.size == 8
    singular = np.linalg.svd(W, compute_uv=False)
    np.testing.assert_allclose(spectrum.eigenvalues, np.append(singular**2 / 5, np.zeros(3)), rtol=1e-12)
    assert spectrum.rank_fraction == 5 / 8
    vectors = spectrum.eigenvectors
    np.testing.assert_allclose((vectors * spectrum.eigenvalues) @ vectors.T, W.T @ W / 5, atol=1e-13)
    np.testing.assert_allclose(ta.Spectrum.from_tasks(torch.tensor(W)).eigenvalues, spectrum.eigenvalues, atol=1e-13)
    for bad, what in ((np.ones(3), r"shape \(3,\)"), (np.ones((0, 3)), r"shape \(0, 3\)"), ([[np.nan, 1.0]], "nan")):
        with pytest.raises(ta.numerics.InputError, match=f"^tasks: .*{what}"):
            ta.Spectrum.from_tasks(bad)
