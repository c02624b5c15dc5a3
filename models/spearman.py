"""Which measure of alignment ranks the measured errors of trained networks: Spearman correlations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics.display import Shown
from ..numerics.errors import InputError, need_library
from ..numerics.icl import icl_error
from ..numerics.metrics import metrics
from .rank_correlation import rank_correlation
from .spearman_runs import MODELS, SpearmanSetting, run, tests_of
from .training import check_device

#: the measures, in the order of the published table
METRICS = ("misalignment", "resolvent", "population", "inverse_cka")
#: Spearman correlations that LZLP (arXiv 2509.26551) give for their Transformer; cited for comparison, used nowhere
PUBLISHED: Mapping[str, float] = {"misalignment": 0.99, "resolvent": 0.98, "population": 0.96, "inverse_cka": 0.39}

#: which errors are ranked together: all kappa and tests, or those of one kappa, and then the mean over kappa
ALL, WITHIN = "all kappa", "within kappa"

#: called with the runs done (a fraction within a run), their number, and what is going on
Progress = Callable[[float, int, str], Any]


@dataclass(frozen=True)
class SpearmanRow:
    """One correlation.

    Attributes:
        model: "transformer" or "linear attention".
        metric: see `metrics`.
        scope: "all kappa": all kappa and tests ranked together; "kappa 0.2": at one kappa; "within kappa": the mean of
            these over kappa.
        spearman: of the errors averaged over seeds.
        low, high: its bootstrap interval of 95 %.
    """

    model: str
    metric: str
    scope: str
    spearman: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class SpearmanTable(Shown):
    """Measured errors of trained networks, and how well each measure of alignment ranks them.

    Attributes:
        setting: what was trained.
        tests: names of the test covariances.
        errors: measured, by model, shape `(kappas, tests, seeds)`.
        theory: error of linear attention in theory, shape `(kappas, tests)`.
        metrics: each measure by name, shape `(kappas, tests)`.
        steps: of the Transformer's training, shape `(kappas, seeds)`.
        rows: the correlations.
    """

    setting: SpearmanSetting = field(repr=False)
    tests: tuple[str, ...]
    errors: Mapping[str, np.ndarray] = field(repr=False)
    theory: np.ndarray
    metrics: Mapping[str, np.ndarray] = field(repr=False)
    steps: np.ndarray
    rows: tuple[SpearmanRow, ...] = field(repr=False)

    def row(self, model: str, metric: str, scope: str = ALL) -> SpearmanRow:
        """The correlation of one model and metric; see `SpearmanRow`."""
        return next(row for row in self.rows if (row.model, row.metric, row.scope) == (model, metric, scope))

    @property
    def ratio(self) -> np.ndarray:
        """Measured error of linear attention, averaged over seeds, over the theory's, shape `(kappas, tests)`."""
        return self.errors["linear attention"].mean(-1) / self.theory

    def _rows(self) -> list[tuple[str, str]]:
        correlations = [
            (f"{row.model}, {row.metric}", f"{row.spearman:.3f} [{row.low:.3f}, {row.high:.3f}]")
            for row in self.rows
            if row.scope == ALL
        ]
        return [*super()._rows(), *correlations]


def spearman_table(
    setting: SpearmanSetting | None = None,
    *,
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> SpearmanTable:
    r"""Train at every kappa and seed, measure on every test covariance, correlate.

    The Transformer is trained on fresh contexts of its k tasks: for it the number of contexts is not limited. Linear
    attention is trained on a fixed set of $n = \tau d^2$ contexts of tasks of its own to its minimum, which is what
    tau means in the theory. The measures of alignment are the theory's at the stated alpha, tau, kappa and rho, for
    both, with the ratios of the whole numbers that a run has.

    Spearman's correlation is that of the errors averaged over seeds: over all (kappa, test covariance) together, at
    each kappa, and the mean of the latter. The "population" measure and CKA do not know kappa, so they can rank well
    within a kappa and badly over all. Intervals: see `rank_correlation`.

    Args:
        setting: what is trained; `SpearmanSetting()` takes about 12 minutes of one core.
        quick: `SpearmanSetting.quick()` instead, about two minutes.
        out: folder in which runs are kept; a run that was interrupted goes on from there.
        device: of torch.
        progress: called with the runs done, their number and what is going on; what it raises ends the table.

    Raises:
        InputError: naming the argument; the folder holds runs of another setting.
        ConvergenceError: a training failed.
        MissingLibraryError: torch is not installed.

    References:
        LZLP (arXiv 2509.26551), nonlinear experiments; THEORY A0 (7), A6.
    """
    need_library("torch")
    if setting is not None and quick:
        raise InputError("quick: True is not allowed with a setting of one's own")
    chosen = setting or (SpearmanSetting.quick() if quick else SpearmanSetting())
    check_device(device)
    folder = None if out is None else Path(out)
    tests = tests_of(chosen)
    shape = (len(chosen.kappas), len(tests), chosen.seeds)
    errors = {model: np.empty(shape) for model in MODELS}
    steps = np.empty((len(chosen.kappas), chosen.seeds), dtype=np.int64)
    say = progress or (lambda done, size, what: None)
    for count, (kappa, place) in enumerate(chosen.runs):
        found = run(chosen, kappa, place, tests, folder, device, _within(say, count, chosen, kappa, place))
        at = chosen.kappas.index(kappa)
        for model in MODELS:
            errors[model][at, :, place] = found[model]
        steps[at, place] = found["steps"]
    say(len(chosen.runs), len(chosen.runs), "done")
    return table_of(chosen, errors, steps)


def table_of(setting: SpearmanSetting, errors: Mapping[str, np.ndarray], steps: np.ndarray) -> SpearmanTable:
    """The table of errors that are already measured; arguments as in `SpearmanTable`."""
    tests = tests_of(setting)
    theory, measures = _theory(setting, list(tests.values()))
    rows = tuple(_correlations(setting, errors, measures))
    return SpearmanTable(setting, tuple(tests), errors, theory, measures, steps, rows)


def _within(
    say: Progress, before: int, setting: SpearmanSetting, kappa: float, place: int
) -> Callable[[int, int, float], Any]:
    """Progress of one run as progress of all."""
    what = f"kappa {kappa:g}, seed {place}"
    runs = len(setting.runs)
    say(before, runs, what)
    return lambda step, steps, loss: say(before + step / steps, runs, f"{what}, loss {loss:.3g}")


def _theory(setting: SpearmanSetting, tests: Sequence[np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Error of linear attention and the measures of alignment, each `(kappas, tests)`."""
    spectrum, shape = setting.spectrum, (len(setting.kappas), len(tests))
    ratios = [setting.sizes(kappa).ratios for kappa in setting.kappas]
    point = {"alpha": ratios[0]["alpha"], "tau": ratios[0]["tau"], "rho": setting.rho}
    kappa = np.array([ratio["kappa"] for ratio in ratios])[:, None]
    theory = icl_error(spectrum, np.stack(tests), kappa=kappa, **point).total
    C_train = np.diag(spectrum.eigenvalues)
    columns = [metrics(C_train, np.diag(test), kappa=kappa[:, 0], **point) for test in tests]
    return theory, {
        name: np.stack([np.broadcast_to(column[name], shape[:1]) for column in columns], axis=1) for name in METRICS
    }


def _correlations(
    setting: SpearmanSetting, errors: Mapping[str, np.ndarray], measures: Mapping[str, np.ndarray]
) -> Iterator[SpearmanRow]:
    """Over all kappa first, then within and at each."""
    scopes = [(ALL, slice(None), False)]
    if len(setting.kappas) > 1:
        scopes.append((WITHIN, slice(None), True))
        scopes += [(f"kappa {kappa:g}", slice(k, k + 1), False) for k, kappa in enumerate(setting.kappas)]
    for model in errors:
        for scope, part, within in scopes:
            for name in METRICS:
                found = rank_correlation(
                    errors[model][part], measures[name][part], within=within, resamples=setting.resamples
                )
                yield SpearmanRow(model, name, scope, found.value, found.low, found.high)
