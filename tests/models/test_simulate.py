"""Simulation against the theory, and what a Simulation says about itself."""

from typing import Any

import numpy as np
import pytest

import taskalign as ta
from taskalign.models import Simulation, pretrain, simulate
from taskalign.models.sizes import in_dimension
from taskalign.numerics import InputError

SPECTRUM = ta.Spectrum([1.75, 0.25])
TESTS = {"same": [1.75, 0.25], "against": [0.25, 1.75], "flat": [1.0, 1.0]}
POINT: dict[str, Any] = {"d": 8, "alpha": 2, "tau": 2, "kappa": 1, "rho": 0.1}


def deviations(found: Simulation) -> np.ndarray:
    """Each run over the theory: the tests, K along both eigenvalues, training tasks, training error."""
    theory = [*found.theory.total, *found.theory_profile.reshape(2, -1).mean(1)]
    measured = np.hstack([found.errors, found.profiles.reshape(found.repeats, 2, -1).mean(2)])
    point = ta.solve(ta.Spectrum(found.eigenvalues), **found.parameters)
    if found.ridge > 0.01:
        # THEORY 2 and 1: with the context of pretraining the error on its tasks is tau q, and the training
        # error is (ridge/effective ridge)^2 tau q
        tau_q = found.tau * point.q
        theory += [tau_q, tau_q * (found.ridge / point.effective_ridge) ** 2]
        measured = np.hstack([measured, found.train_task_errors[:, None], found.train_errors[:, None]])
    return measured / np.array(theory) - 1


@pytest.mark.parametrize(
    ("tau", "ridge", "y2_column"), [(3.0, 1e-6, False), (0.5, 1e-6, False), (1.0, 0.2, False), (1.0, 0.2, True)]
)
def test_theory_is_the_limit_of_large_dimension(tau: float, ridge: float, y2_column: bool) -> None:
    """The deviation is of the order 1/d: two sizes extrapolate to zero within their standard errors."""
    given = {"alpha": 2, "tau": tau, "kappa": 1, "rho": 0.1, "ridge": ridge, "y2_column": y2_column}
    small, large = (
        deviations(simulate(SPECTRUM, TESTS, d=d, repeats=repeats, seed=4, **given))
        for d, repeats in ((20, 40), (40, 20))
    )
    limit = 2 * large.mean(0) - small.mean(0)
    sem = np.hypot(2 * large.std(0) / np.sqrt(len(large)), small.std(0) / np.sqrt(len(small)))
    assert (sem < 0.04).all()
    assert (np.abs(limit) < 3.5 * sem + 0.01).all()
    assert (np.abs(large.mean(0)) < 0.16).all()


def test_ratios_are_those_of_the_whole_numbers() -> None:
    given: dict[str, Any] = POINT | {"alpha": 1.05, "tau": 2.004, "kappa": 0.55}
    found = simulate(SPECTRUM, TESTS, **given, alpha_test=2.03)
    assert found.parameters == {"alpha": 1.0, "tau": 128 / 64, "kappa": 0.5, "rho": 0.1, "ridge": 1e-6}
    assert found.at_test == {"alpha_test": 2.0, "rho_test": 0.1}
    expected = ta.icl_error(SPECTRUM, TESTS["against"], **found.parameters, **found.at_test)
    assert found.theory.total[1] == pytest.approx(expected.total, rel=1e-12, abs=0)
    np.testing.assert_allclose(
        found.theory_profile, ta.solve(SPECTRUM, **found.parameters).K(found.eigenvalues), rtol=1e-12
    )


def test_runs_are_pretrainings_and_do_not_depend_on_their_number() -> None:
    seen = []
    found = simulate(SPECTRUM, TESTS, **POINT, repeats=3, seed=7, alpha_test=3, rho_test=0.0, progress=seen.append)
    fewer = simulate(SPECTRUM, TESTS, **POINT, repeats=2, seed=7, alpha_test=3, rho_test=0.0)
    np.testing.assert_array_equal(found.errors[:2], fewer.errors)
    assert [part.repeats for part in seen] == [1, 2, 3]
    np.testing.assert_array_equal(seen[1].errors, fewer.errors)
    assert len(np.unique(found.errors[:, 0])) == 3
    child = np.random.SeedSequence(7).spawn(3)[2]
    alone = pretrain(SPECTRUM, **POINT, seed=child)
    at_test = {"alpha_test": 3, "rho_test": 0.0}
    np.testing.assert_array_equal(found.errors[2], alone.errors_on(found.tests, **at_test))
    np.testing.assert_array_equal(found.profiles[2], alone.profile())
    assert found.rotated_task_errors[2] == alone.rotated_task_error(**at_test)
    np.testing.assert_allclose(found.fresh_task_errors, found.errors[:, 0], rtol=1e-13)
    np.testing.assert_allclose(found.mean, np.mean(found.errors, axis=0))
    np.testing.assert_allclose(found.sem, np.std(found.errors, axis=0) / np.sqrt(2))
    assert np.isinf(simulate(SPECTRUM, TESTS, **POINT).sem).all()
    assert found.names == ("same", "against", "flat")
    assert simulate(SPECTRUM, np.ones(8), **POINT).names == ("0",)
    assert "errors" in repr(found)


def test_spectrum_in_dimension() -> None:
    np.testing.assert_array_equal(in_dimension(ta.Spectrum.low_rank(0.25), 8), [4, 4, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(in_dimension(ta.Spectrum([3.0, 1.0]), 4), [3, 3, 1, 1])
    np.testing.assert_array_equal(in_dimension(ta.Spectrum([3.0, 1.0], weights=[3, 1]), 4), [3, 3, 3, 1])
    for spectrum, d in ((ta.Spectrum.low_rank(0.3), 8), (ta.Spectrum([3.0, 2.0, 1.0]), 4), (ta.Spectrum([3.0, 1]), 1)):
        with pytest.raises(InputError, match=r"^d: .* directions, must be a whole number"):
            in_dimension(spectrum, d)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": 1}, r"^d: 1 "),
        ({"d": 9}, r"^d: 9 .* 4\.5 directions"),
        ({"tau": 1, "ridge": 0}, r"^tau: 1\.0 .*give a ridge"),
        ({"tau": 1.004, "ridge": 0}, r"^tau: 1\.0 .*give a ridge"),
        ({"tau": -1}, r"^tau: -1"),
        ({"kappa": 0.05}, r"^kappa: 0\.05 .*at least 0\.0625"),
        ({"rho": -0.1}, r"^rho: -0\.1"),
        ({"ridge": np.nan}, r"^ridge: nan"),
        ({"repeats": 0}, r"^repeats: 0"),
        ({"seed": -1}, r"^seed: -1"),
        ({"alpha_test": 0}, r"^alpha_test: 0"),
        ({"rho_test": -1}, r"^rho_test: -1"),
        ({"tests": np.ones((2, 5))}, r"^tests: shape \(2, 5\)"),
        ({"tests": {"bad": [1.0, -1.0]}}, r"^tests\['bad'\]: -1"),
        ({"spectrum": ta.Spectrum.batch(np.ones((2, 2)))}, r"^spectrum: a batch"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(**{"spectrum": SPECTRUM, "tests": TESTS} | POINT | change)
