"""Spearman's rank correlation with an interval that knows which measurements belong together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..numerics.errors import InputError
from .sizes import whole

#: two-sided level of the interval
LEVEL = 0.95


class RankCorrelation(NamedTuple):
    """Spearman's correlation and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


def rank_correlation(
    errors: Float[np.ndarray, "kappas tests seeds"],
    metric: Float[np.ndarray, "kappas tests"],
    *,
    within: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> RankCorrelation:
    r"""Correlation of the ranks of the errors, averaged over seeds, with those of a metric.

    The interval is that of a percentile bootstrap over clusters: seeds are drawn with replacement for each kappa
    apart, since every (kappa, seed) is a pretraining run of its own, whose errors on the tests are not independent of
    each other; and tests are drawn with replacement, the same for all kappa.

    Args:
        errors: of each run on each test.
        metric: of each kappa and test; infinite values rank last.
        within: correlate at each kappa and take the mean, in place of ranking all kappa and tests together.
        resamples: number of bootstrap samples, >= 1.
        seed: of the bootstrap.

    Raises:
        InputError: all errors, or all values of the metric, are alike (at one kappa, if `within`).
    """
    means = errors.mean(-1)
    # axes: errors and metric, parts that are ranked apart, what is ranked
    pairs = np.stack([means, metric]).reshape(2, len(metric) if within else 1, -1)
    for name, values in zip(("errors", "metric"), pairs, strict=True):
        if not (values != values[:, :1]).any(-1).all():
            raise InputError(f"{name}: all values are alike, so they have no ranking")
    kappas, tests, seeds = errors.shape
    rng = np.random.default_rng(seed)
    # axes: sample, kappa, test, seed; samples of few tests can have no ranking, and are left out
    runs = rng.integers(seeds, size=(whole("resamples", resamples), kappas, 1, seeds))
    columns = rng.integers(tests, size=(resamples, 1, tests))
    places = np.arange(kappas)[:, None]
    sampled = errors[places[..., None], columns[..., None], runs].mean(-1)
    values = metric[places, columns]
    shape = (resamples, kappas, tests) if within else (resamples, 1, kappas * tests)
    drawn = _spearman(sampled.reshape(shape), values.reshape(shape))
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return RankCorrelation(float(_spearman(*pairs)), float(low), float(high))


def _spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's correlation along the last axis, and its mean along the one before; NaN where there is no ranking."""
    from scipy.stats import pearsonr, rankdata

    ranks = np.stack([rankdata(a, axis=-1), rankdata(b, axis=-1)])
    good = (ranks != ranks[..., :1]).any(-1).all((0, -1))
    found = np.full(good.shape, np.nan)
    found[good] = pearsonr(*ranks[:, good], axis=-1).statistic.mean(-1)
    return found
