"""Every number of a report as JSON, at full precision, with all that is needed to make it again."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from typing import Any

import taskalign
from taskalign.inputs import Source
from taskalign.quantities import evaluated, ordered, plain
from taskalign.report import Branch, ReportData
from taskalign.verdict import in_plain, verdict

#: libraries whose versions can matter to a number or a formula
_LIBRARIES = ("numpy", "scipy", "numba", "sympy", "mpmath")


def values_json(data: ReportData) -> str:
    """The report as JSON text.

    Floats are written with the digits that give the same float back; an infinite value is the string "inf".
    """
    return json.dumps(plain(as_dict(data)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_dict(data: ReportData) -> dict[str, Any]:
    """The report as nested dictionaries of numbers, arrays and strings."""
    tasks = data.tasks
    return {
        "inputs": {
            "train": _source(tasks.train_source),
            "test": None if tasks.test_source is None else _source(tasks.test_source),
            **data.parameters.filled_in(),
        },
        "versions": versions(),
        "seed": None,
        "quantities": {
            "c_train": tasks.spectrum.trace,
            "c_test": (tasks.spectrum.weights * tasks.test).sum(),
            **evaluated(data.error),
        },
        "ordering": ordered(data.ordering) | {"verdict": [in_plain(sentence) for sentence in verdict(data)]},
        "metrics": data.metrics,
        "test_choices": {choice.name: _without_name(vars(choice)) for choice in data.choices},
        "spectra": {
            "eigenvalues": tasks.spectrum.eigenvalues,
            "weights": tasks.spectrum.weights,
            "test": tasks.test,
            "K": data.K,
            "test_eigenvalues": tasks.test_spectrum,
            "test_weights": tasks.test_weights,
        },
        "curves": {
            **{
                curve.parameter: {
                    "branches": [_branch(curve.parameter, branch) for branch in curve.branches],
                    "other_ridge": curve.other_ridge,
                    "other": [_branch(curve.parameter, branch) for branch in curve.other],
                }
                for curve in data.curves
            },
            "alignment": dict(zip(("c", "K"), data.alignment_curve, strict=True)),
        },
    }


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of the libraries that its numbers rest on."""
    found = {"taskalign": taskalign.__version__, "python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _source(source: Source) -> dict[str, Any]:
    return {"given": source.text, "kind": source.kind, "sha256": source.sha256}


def _branch(parameter: str, branch: Branch) -> dict[str, Any]:
    return {
        parameter: branch.x,
        "e_icl": branch.total,
        "e_scalar": branch.scalar,
        "e_misalign": branch.misalignment,
    }


def _without_name(entries: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if name != "name" and value is not None}
