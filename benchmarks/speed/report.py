"""The figures as benchmarks/RESULTS.md and RESULTS.json."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from targets import targets

_LIBRARIES = ("numpy", "numba", "torch", "jax", "python-flint", "mpmath")


def machine() -> dict[str, str]:
    """What it ran on."""
    model = "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
        model = next((value.strip() for key, _, value in lines if key.strip() == "model name"), model)
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return {
        "processor": f"{model}, {os.cpu_count()} cores, {platform.machine()}; no GPU was used",
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "libraries": libraries,
    }


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)] + [""]


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f}"


def _distinct(rows: list[dict[str, Any]]) -> list[str]:
    parts = ("solve", "icl_error", "with Spectrum")
    return _table(
        [
            "d",
            "points",
            "r1, points/s",
            "r4, points/s",
            *(f"{p}: points/s (r1, r4)" for p in parts),
            "passes",
            "two cores",
        ],
        [
            [f"{row['d']}", f"{row['points']}", _rate(row["r1"]), _rate(row["r4"])]
            + [f"{_rate(row[p])} ({row[p] / row['r1']:.1f}, {row[p] / row['r4']:.1f})" for p in parts]
            + [f"{row['passes']:.2f}, at most {row['most passes']}", f"{row['speed-up']:.2f} times"]
            for row in rows
        ],
    )


def _one_spectrum(rows: list[dict[str, Any]]) -> list[str]:
    return _table(
        [
            "d",
            "spectrum",
            "nodes",
            "a pass r1, ms",
            "a pass r4, ms",
            "one core, ms",
            "r4 / one core",
            "all cores, ms",
            "with a test, ms",
        ],
        [
            [
                *(f"{row['d']:,}", row["spectrum"], f"{row['nodes']}"),
                *(f"{row['r1'] * 1e3:,.0f}", f"{row['r4'] * 1e3:,.0f}", f"{row['one processor'] * 1e3:.1f}"),
                *(f"{row['r4'] / row['one processor']:.0f}", f"{row['all'] * 1e3:.1f}"),
                f"{row['with a test'] * 1e3:.1f}",
            ]
            for row in rows
        ],
    )


def _gradients(found: dict[str, float]) -> list[str]:
    return _table(
        ["way", "points/s", "in r1", "in r4"],
        [[name, _rate(s), f"{s / found['r1']:.1f}", f"{s / found['r4']:.1f}"] for name, s in found.items()],
    )


def _digits(rows: list[dict[str, Any]]) -> list[str]:
    return _table(
        ["regime", "eigenvalues", "`enclose` (arb), ms", "`precise` (mpmath), ms", "ratio"],
        [
            [
                *(row["regime"], f"{row['eigenvalues']}", f"{row['enclose'] * 1e3:.3f}"),
                *(f"{row['precise'] * 1e3:.2f}", f"{row['precise'] / row['enclose']:.1f}"),
            ]
            for row in rows
        ],
    )


def _growth(found: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("all eigenvalues", "nodes"):
        part = found[name]
        lines += [f"A thousand points, {name}: seconds grow like d^{part['exponent']:.2f}.", ""]
        lines += _table(
            ["d", "seconds", "peak MB"],
            [[f"{d:,}", f"{r['seconds']:.4f}", f"{r['MB']:.0f}"] for d, r in zip(part["d"], part["rows"], strict=True)],
        )
    part = found["points"]
    lines += [f"d = 100: seconds grow like points^{part['exponent']:.2f}; {part['memory']:.0f} bytes a point.", ""]
    return lines + _table(
        ["points", "seconds", "peak MB"],
        [
            [f"{n:,}", f"{r['seconds']:.4f}", f"{r['MB']:.0f}"]
            for n, r in zip(part["points"], part["rows"], strict=True)
        ],
    )


def _baselines(rows: list[dict[str, Any]]) -> list[str]:
    best = rows[-1]["seconds"]
    return _table(
        ["way", "seconds a point", "times `ta.solve`", "relative error"],
        [[r["way"], f"{r['seconds']:.2e}", f"{r['seconds'] / best:,.0f}", f"{r['error']:.1e}"] for r in rows],
    )


def write(found: dict[str, Any], folder: Path) -> None:
    """Write both files into the folder."""
    here = machine()
    (folder / "RESULTS.json").write_text(json.dumps({"machine": here} | found, indent=1) + "\n")
    lines = [
        "# Speed",
        "",
        "Made by `make bench`. Times are the least of many runs, in seconds of the processor where one core is meant;"
        " compare ratios within this page rather than times between machines. r1 is one plain fused pass over points x"
        " eigenvalues with a division a term, r4 the same with a division for four terms, both on one core and on the"
        " same numbers.",
        "",
        *(f"- {name}: {text}" for name, text in here.items()),
        "",
        "## Targets",
        "",
        "| target | found | |",
        "| --- | --- | --- |",
        *(target.line() for target in targets(found)),
        "",
    ]
    sections = {
        "distinct": ("Distinct spectra, a test covariance each", _distinct),
        "one_spectrum": ("One spectrum, ten thousand points, nodes made anew", _one_spectrum),
        "gradients": ("Gradients: ten thousand points of 128 eigenvalues, CPU", _gradients),
        "digits": ("Fifty digits", _digits),
        "growth": ("Growth", _growth),
        "baselines": ("What it replaces: the effective ridge at d = 120, tau = 1/2", _baselines),
    }
    for name, (title, table) in sections.items():
        lines += [f"## {title}", "", *table(found[name])]
    lines += [
        "## Start-up",
        "",
        *_table(["process", "seconds"], [[k, f"{v:.3f}"] for k, v in found["start_up"].items()]),
    ]
    (folder / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n")
