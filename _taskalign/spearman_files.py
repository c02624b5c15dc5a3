"""The Spearman table as files: correlations, and every measured point."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

from taskalign.evaluation import as_csv
from taskalign.models.spearman import METRICS, PUBLISHED, SpearmanTable
from taskalign.quantities import plain


def table_csv(table: SpearmanTable) -> str:
    """A row for each correlation."""
    names = ("model", "scope", "metric", "spearman", "low", "high")
    return as_csv(names, ([getattr(row, name) for name in names] for row in table.rows))


def points_csv(table: SpearmanTable) -> str:
    """A row for each model, kappa, seed and test covariance, with the theory's error and the measures."""
    names = ("model", "kappa", "tasks", "seed", "steps", "test", "error", "theory", *METRICS)

    def rows() -> Iterable[Sequence[Any]]:
        for model, errors in table.errors.items():
            for k, place, t in product(*map(range, (errors.shape[0], errors.shape[2], errors.shape[1]))):
                kappa = table.setting.kappas[k]
                steps = table.steps[k, place] if model == "transformer" else ""
                measures = [table.metrics[name][k, t] for name in METRICS]
                where = [model, kappa, table.setting.sizes(kappa).tasks, place, steps, table.tests[t]]
                yield [*where, errors[k, t, place], table.theory[k, t], *measures]

    return as_csv(names, rows())


def table_json(table: SpearmanTable) -> str:
    """The correlations, the setting, the published values for comparison, and the versions it was made with."""
    from importlib.metadata import version

    from taskalign.report_values import versions

    content = {
        "setting": asdict(table.setting),
        "spearman": [asdict(row) for row in table.rows],
        "published": {"source": "LZLP (arXiv 2509.26551), nonlinear Transformer", **PUBLISHED},
        "linear_attention_over_theory": {
            f"{kappa:g}": {"mean": ratio.mean(), "lowest": ratio.min(), "highest": ratio.max()}
            for kappa, ratio in zip(table.setting.kappas, table.ratio, strict=True)
        },
        "steps": {f"{kappa:g}": list(steps) for kappa, steps in zip(table.setting.kappas, table.steps, strict=True)},
        "versions": versions() | {"torch": version("torch")},
    }
    return json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
