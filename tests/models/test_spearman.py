"""The Spearman table: its correlations, its intervals, what it is taken over, and the ordering it finds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import taskalign as ta
from taskalign.models import Schedule, SpearmanSetting, spearman_table
from taskalign.models.rank_correlation import rank_correlation
from taskalign.models.spearman import METRICS, table_of
from taskalign.models.spearman_runs import tests_of as covariances
from taskalign.numerics import InputError

TINY = SpearmanSetting(
    d=6,
    kappas=(0.5, 2.0),
    seeds=2,
    schedule=Schedule(steps=20, batch=8, warmup=2, check=5, validation=32),
    contexts=64,
    resamples=20,
)


# --- rank correlation ---------------------------------------------------------------------------------------------
def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks by counting; ties share their mean."""
    flat = values.ravel()
    return np.array([(flat < value).sum() + ((flat == value).sum() - 1) / 2 for value in flat])


def test_value_is_pearson_of_counted_ranks() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(3, 8, 4))
    metric = np.round(errors.mean(-1) + rng.normal(size=(3, 8)), 1)
    found = rank_correlation(errors, metric, resamples=10)
    assert found.value == pytest.approx(np.corrcoef(ranks(errors.mean(-1)), ranks(metric))[0, 1], rel=1e-12, abs=0)
    assert found.value == pytest.approx(spearmanr(errors.mean(-1), metric, axis=None).statistic, rel=1e-12, abs=0)
    each = [np.corrcoef(ranks(e), ranks(m))[0, 1] for e, m in zip(errors.mean(-1), metric, strict=True)]
    assert rank_correlation(errors, metric, within=True, resamples=10).value == pytest.approx(
        np.mean(each), rel=1e-12, abs=0
    )


def test_a_rising_function_of_the_error_ranks_perfectly() -> None:
    errors = np.random.default_rng(1).normal(size=(2, 5, 1))
    assert rank_correlation(errors, np.exp(errors[..., 0]), resamples=50) == pytest.approx((1, 1, 1), rel=1e-12, abs=0)
    # infinite is the largest
    metric = np.where(errors[..., 0] == errors.max(), np.inf, errors[..., 0])
    assert rank_correlation(errors, -metric, resamples=50).value == pytest.approx(-1, rel=1e-12, abs=0)


def test_levels_that_differ_between_kappa_only_show_over_all() -> None:
    """Two kappa, errors reversed within each and far apart between them."""
    metric = np.array([[1.0, 2, 3], [11, 12, 13]])
    errors = np.array([[3.0, 2, 1], [13, 12, 11]])[..., None]
    assert rank_correlation(errors, metric, within=True, resamples=20).value == pytest.approx(-1, rel=1e-12, abs=0)
    assert rank_correlation(errors, metric, resamples=20).value > 0.5


def test_interval_covers_the_truth() -> None:
    """Errors are a signal and noise of the run that all tests of it share in part, over 40 repetitions.

    95 % would be 38 of 40; with few seeds a percentile bootstrap is somewhat too narrow, and fewer than 30 is wrong.
    """
    rng = np.random.default_rng(2)
    signal = rng.normal(size=(2, 25))
    metric = signal + 0.6 * rng.normal(size=(2, 25))
    truth = np.corrcoef(ranks(signal), ranks(metric))[0, 1]
    inside = 0
    for seed in range(40):
        shared = rng.normal(size=(2, 1, 6)) * rng.normal(size=(2, 25, 1))
        errors = signal[..., None] + 0.3 * shared + 0.3 * rng.normal(size=(2, 25, 6))
        _, low, high = rank_correlation(errors, metric, resamples=50, seed=seed)
        inside += low <= truth <= high
    assert inside >= 30


@pytest.mark.parametrize("within", [True, False])
def test_interval_is_that_of_all_resamples(within: bool) -> None:
    """Every sample that can be drawn, one by one: seeds anew for each kappa, tests the same for all kappa."""
    tests, seeds = 4, 2
    rng = np.random.default_rng(12)
    one = np.arange(tests)[:, None] + 1.6 * rng.normal(size=(tests, seeds))
    errors = np.stack([one, one + (0 if within else 2.2)])  # the same at both kappa: the mean is then less spread
    metric = np.stack([np.arange(tests), np.arange(tests) + (0.0 if within else 2.0)])

    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        if len(set(a.ravel())) == 1 or len(set(b.ravel())) == 1:
            return np.nan
        return float(np.corrcoef(ranks(a), ranks(b))[0, 1])

    drawn = []
    picks = list(product(range(seeds), repeat=seeds))
    for columns in product(range(tests), repeat=tests):
        at = [[np.take(errors[k][list(columns)], pick, axis=1).mean(1) for pick in picks] for k in (0, 1)]
        values = metric[:, columns]
        for first, second in product(*at):
            if within:
                drawn.append(np.mean([correlation(e, v) for e, v in zip((first, second), values, strict=True)]))
            else:
                drawn.append(correlation(np.stack([first, second]), values))
    expected = np.nanquantile(drawn, [0.025, 0.975])
    found = rank_correlation(errors, metric, within=within, resamples=20_000)
    assert [found.low, found.high] == pytest.approx(expected, abs=0.02)


def test_without_a_ranking_there_is_no_correlation() -> None:
    errors = np.random.default_rng(0).normal(size=(2, 4, 1))
    with pytest.raises(InputError, match=r"^metric: all values are alike"):
        rank_correlation(errors, np.ones((2, 4)))
    with pytest.raises(InputError, match=r"^metric: all values are alike"):
        rank_correlation(errors, np.repeat([[1.0], [2.0]], 4, axis=1), within=True)


# --- what it is taken over ----------------------------------------------------------------------------------------
def test_the_test_covariances() -> None:
    tests = covariances(SpearmanSetting())
    assert len(tests) == 11 + 20
    np.testing.assert_allclose([values.mean() for values in tests.values()], 1)
    np.testing.assert_allclose(tests["power 0.9"], SpearmanSetting().spectrum.eigenvalues)
    steepest = tests["power 1.4"]
    assert steepest[0] / steepest[1] == pytest.approx(2**1.4, rel=1e-12, abs=0)
    assert tests["spike 3"].tolist() == [0.5] * 3 + [0.5 + 10] + [0.5] * 16


def test_metrics_and_theory_are_those_of_the_library_at_the_whole_numbers() -> None:
    setting = SpearmanSetting(d=7, alpha=2.1, tau=4.005, rho=0.04, kappas=(0.4, 1.0), seeds=1, resamples=5)
    errors = {"transformer": np.random.default_rng(0).normal(size=(2, 18, 1))}
    table = table_of(setting, errors, np.ones((2, 1), dtype=np.int64))
    name = "spike 5"
    values, at = covariances(setting)[name], table.tests.index(name)
    # contexts of length 15 for 2.1 x 7, 196 of them for 4.005 x 49, and 3 tasks for 0.4 x 7
    point = {"alpha": 15 / 7, "tau": 4.0, "rho": 0.04, "kappa": 3 / 7}
    expected = ta.metrics(np.diag(setting.spectrum.eigenvalues), np.diag(values), **point)
    for metric in METRICS:
        assert table.metrics[metric][0, at] == pytest.approx(expected[metric], rel=1e-12, abs=0)
    theory = ta.icl_error(setting.spectrum, values, **point).total
    assert table.theory[0, at] == pytest.approx(theory, rel=1e-12, abs=0)
    assert (table.metrics["population"][0] == table.metrics["population"][1]).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"d": 1}, "^d: 1"),
        ({"kappas": ()}, r"^kappas: \(\) is not allowed"),
        ({"kappas": (1.0, 1.001)}, "^kappas: .* two make the same number of tasks"),
        ({"kappas": (0.0,)}, "^kappa: 0"),
        ({"tau": 1.0}, "^tau: 1"),
        ({"seeds": 0}, "^seeds: 0"),
        ({"contexts": 20}, "^contexts: 20"),
    ],
)
def test_bad_setting(given, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SpearmanSetting(**given)


def test_quick_is_not_allowed_with_a_setting() -> None:
    with pytest.raises(InputError, match=r"^quick:"):
        spearman_table(TINY, quick=True)


# --- runs ---------------------------------------------------------------------------------------------------------
def test_interrupted_table_ends_as_if_uninterrupted(tmp_path: Path) -> None:
    def stop(done: float, size: int, what: str) -> None:
        if done >= 1.5:  # in the middle of the second run
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spearman_table(TINY, out=tmp_path, progress=stop)
    assert len(list((tmp_path / "runs").glob("*.json"))) == 1
    seen = []
    resumed = spearman_table(TINY, out=tmp_path, progress=lambda done, size, what: seen.append(done))
    assert 1.25 not in seen
    assert 1.75 in seen
    whole = spearman_table(TINY)
    for model in whole.errors:
        np.testing.assert_array_equal(resumed.errors[model], whole.errors[model])
    assert resumed.rows == whole.rows
    # more seeds and kappa use what is there
    seen.clear()
    more = replace(TINY, seeds=3)
    again = spearman_table(more, out=tmp_path, progress=lambda done, size, what: seen.append(done))
    assert min(done for done in seen if done != int(done)) > 4
    np.testing.assert_array_equal(again.errors["transformer"][..., :2], whole.errors["transformer"])
    with pytest.raises(InputError, match=r"^out: .*of a run with another setting"):
        spearman_table(replace(TINY, rho=0.5), out=tmp_path)
    (tmp_path / "runs" / "tasks-3-seed-0.json").write_text("{")
    with pytest.raises(InputError, match=r"^out: .*is no result of a run"):
        spearman_table(TINY, out=tmp_path)


def test_ordering_of_the_metrics() -> None:
    """Asserts the ordering alone, on a table cut down to one seed, two kappa and 300 steps at d = 16.

    Over all kappa, the two measures of the theory rank the errors of both models well, and each better than those
    that know only the covariances.
    """
    setting = SpearmanSetting(
        d=16, kappas=(0.5, 10.0), seeds=1, schedule=Schedule(steps=300, batch=64), contexts=512, resamples=20
    )
    table = spearman_table(setting)
    for model in ("transformer", "linear attention"):
        found = {metric: table.row(model, metric).spearman for metric in METRICS}
        assert min(found["misalignment"], found["resolvent"]) > 0.75
        assert max(found["population"], found["inverse_cka"]) < min(found["misalignment"], found["resolvent"]) - 0.1
    assert "linear attention, misalignment" in repr(table)
