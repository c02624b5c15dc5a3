"""The Gaussian law and the implicit ridge against linear attention that was really pretrained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import taskalign as ta
from taskalign.models.implicit_ridge import fitted_ridge
from taskalign.models.prediction_samples import PredictionSamples, prediction_samples
from taskalign.numerics import InputError

SPECTRUM = ta.Spectrum([1.5, 0.5])
PARAMETERS: dict[str, Any] = {"alpha": 2.0, "tau": 2.0, "kappa": 1.0, "rho": 0.1}


@pytest.fixture(scope="module")
def sampled() -> dict[int, PredictionSamples]:
    """At two dimensions, with enough prompts to see the deviations of the order 1/d."""
    sizes = {16: (24, 3000), 48: (5, 12_000)}
    return {
        d: prediction_samples(SPECTRUM, [0.5, 1.5], d=d, **PARAMETERS, alpha_test=3, runs=runs, prompts=count, seed=d)
        for d, (runs, count) in sizes.items()
    }


def test_moments_approach_the_law(sampled: dict[int, PredictionSamples]) -> None:
    off = {d: {name: value - 1 for name, value in found.moments.items()} for d, found in sampled.items()}
    assert abs(off[48]["var_y"]) < 0.03
    assert abs(off[48]["cov"]) < 0.06
    # variances are off by a few over d: 0.1 of the variance at d = 48, and less than at d = 16
    for name in ("var_yhat", "residual"):
        assert abs(off[48][name]) < 5 / 48
        assert abs(off[48][name]) < 0.7 * abs(off[16][name])


def test_tails_approach_the_gaussian_as_one_over_d(sampled: dict[int, PredictionSamples]) -> None:
    for d, found in sampled.items():
        assert 8 < d * found.excess_kurtosis < 50  # 25 on average
    assert sampled[48].excess_kurtosis < 0.6 * sampled[16].excess_kurtosis
    assert sampled[48].ks < sampled[16].ks
    assert sampled[48].ks < 0.015


def test_label_and_prediction_are_independent_given_the_clean_label(sampled: dict[int, PredictionSamples]) -> None:
    found = sampled[48]
    noise = (found.y - found.y0).ravel()
    rest = found.residuals("clean").ravel()
    assert abs(stats.pearsonr(noise, rest).statistic) < 4 / np.sqrt(rest.size)
    assert noise.var() == pytest.approx(0.1, rel=0.03, abs=0)


@pytest.mark.parametrize("kind", ["rotated", "training"])
def test_other_tasks(kind: str) -> None:
    """The laws for the three kinds of tasks differ by far more than the simulation does from its own."""
    found = prediction_samples(SPECTRUM, None, d=32, **PARAMETERS, kind=kind, runs=6, prompts=4000, seed=1)
    assert found.moments["cov"] == pytest.approx(1, abs=0.05)
    assert found.moments["var_yhat"] == pytest.approx(1, abs=0.15)
    fresh = ta.prediction_law(SPECTRUM, **PARAMETERS)
    if kind == "training":
        assert abs(np.mean(found.y * found.yhat) / fresh.cov - 1) > 0.08


def test_fitted_ridge_without_a_dimension() -> None:
    for d in (0, -3):
        with pytest.raises(InputError, match=r"^d: "):
            fitted_ridge(SPECTRUM, d=d, alpha=2, tau=2, kappa=1, rho=0.1)


@pytest.mark.parametrize(("tau", "ridge"), [(0.5, 1e-6), (1.5, 0.2)])
def test_fitted_ridge_is_the_predicted_one(tau: float, ridge: float) -> None:
    found = fitted_ridge(SPECTRUM, d=24, alpha=2, tau=tau, kappa=1, rho=0.1, ridge=ridge, retrainings=25, seed=2)
    assert found.fitted == pytest.approx(found.predicted, rel=0.12, abs=0)
    # what the ridge does not explain is noise of the average, and less than without the part of few contexts
    assert found.deviation - found.noise < 0.012
    assert found.deviation_without - found.noise > 3 * (found.deviation - found.noise)
    context = float(found.theory.context)
    assert abs(found.fitted - found.predicted) < 0.25 * (found.predicted - context)


def test_retraining_is_on_the_tasks_given() -> None:
    tasks = np.diag([2.0, 1.0, 1.0, 0.5])
    found = fitted_ridge(ta.Spectrum([1.0]), d=4, alpha=5, tau=6, rho=0.1, tasks=tasks, retrainings=3)
    assert found.tasks is tasks or np.array_equal(found.tasks, tasks)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "old"}, "kind: 'old'"),
        ({"prompts": 0}, "prompts: 0"),
        ({"runs": 0}, "runs: 0"),
        ({"test": [1.0, 2.0, 3.0]}, "test: shape"),
        ({"kind": "training", "test": [1.0, 1.0]}, "test: not allowed with kind 'training'"),
    ],
)
def test_bad_input(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"test": None, "d": 8, **PARAMETERS} | changed
    with pytest.raises(ta.numerics.InputError, match=message):
        prediction_samples(SPECTRUM, arguments.pop("test"), **arguments)


def test_bad_input_of_the_fit() -> None:
    with pytest.raises(ta.numerics.InputError, match="kappa: None"):
        fitted_ridge(SPECTRUM, d=8, alpha=2, tau=2, rho=0.1)
    with pytest.raises(ta.numerics.InputError, match="retrainings: 1"):
        fitted_ridge(SPECTRUM, d=8, alpha=2, tau=2, kappa=1, rho=0.1, retrainings=1)
