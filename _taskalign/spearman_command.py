"""The command that trains networks and asks which measure of alignment ranks their errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from taskalign.numerics.errors import need_library
from taskalign.options import PathIfGiven, Whole, WholeIfGiven, app
from taskalign.values import numbers

if TYPE_CHECKING:
    from taskalign.models.spearman import SpearmanTable
    from taskalign.models.spearman_runs import SpearmanSetting


@app.command
def spearman(
    *,
    d: WholeIfGiven = None,
    alpha: str | None = None,
    tau: str | None = None,
    rho: str | None = None,
    exponent: str | None = None,
    kappa: str | None = None,
    seeds: WholeIfGiven = None,
    width: WholeIfGiven = None,
    steps: WholeIfGiven = None,
    batch: WholeIfGiven = None,
    learning_rate: Annotated[str | None, Parameter(name="--learning-rate")] = None,
    contexts: WholeIfGiven = None,
    seed: Whole = 0,
    device: str = "cpu",
    quick: bool = False,
    out: PathIfGiven = None,
) -> None:
    """Train Transformers and linear attention, and rank-correlate their errors with four measures of alignment.

    The whole table takes about 12 minutes of one core. It goes on where it was
    interrupted with the same command and --out; with more seeds or kappa, what
    is there is used again.

    Args:
        d: Dimension.
        alpha: Context length per dimension.
        tau: Contexts per squared dimension, of linear attention's fixed set and in the theory.
        rho: Variance of the label noise.
        exponent: Of the power law of the pretraining tasks.
        kappa: Pretraining tasks per dimension, a list 0.2,1,10 or a range LOW:HIGH:COUNT[:log].
        seeds: Pretraining runs for each kappa.
        width: Of the Transformer's tokens; d + 1 if not given.
        steps: Of the Transformer's training.
        batch: Fresh contexts of a step.
        learning_rate: Of Adam.
        contexts: For measuring one error.
        seed: Of everything.
        device: Of torch, for instance cpu or cuda.
        quick: Small, with few seeds and steps, about two minutes.
        out: Folder, made if it is not there: table.csv, table.json, points.csv, figures, and the runs.
    """
    need_library("torch")
    if out is not None:
        need_library("matplotlib")
    from taskalign import files
    from taskalign.evaluation import single_parameters
    from taskalign.models.spearman import spearman_table
    from taskalign.models.spearman_runs import finished_runs

    given: dict[str, Any] = single_parameters({"alpha": alpha, "tau": tau, "rho": rho, "exponent": exponent})
    given |= {"d": d, "seeds": seeds, "width": width, "contexts": contexts, "seed": seed, "kappas": _kappas(kappa)}
    schedule = {"steps": steps, "batch": batch, **single_parameters({"learning_rate": learning_rate})}
    setting = _setting(quick, given, schedule)
    folder = None if out is None else files.folder("--out", out)
    try:
        with _progress() as show:
            table = spearman_table(setting, out=folder, device=device, progress=show)
    except KeyboardInterrupt:
        if folder is not None:
            done = f"{finished_runs(setting, folder)} of {len(setting.runs)} runs are saved in {folder}"
            print(f"taskalign: {done}, the same command goes on from there", file=sys.stderr)
        raise
    print_table(table)
    if folder is not None:
        for line in write_table(table, folder):
            print(line)


# --- what the options mean ----------------------------------------------------------------------------------------
def _setting(quick: bool, given: Mapping[str, Any], schedule: Mapping[str, Any]) -> SpearmanSetting:
    """The setting with what was given in place of its own values."""
    from dataclasses import replace

    from taskalign.models.spearman_runs import SpearmanSetting

    def given_of(options: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in options.items() if value is not None}

    base = SpearmanSetting.quick() if quick else SpearmanSetting()
    return replace(base, **given_of(given), schedule=replace(base.schedule, **given_of(schedule)))


def _kappas(text: str | None) -> tuple[float, ...] | None:
    import numpy as np

    return None if text is None else tuple(np.atleast_1d(numbers("--kappa", text)).tolist())


@contextmanager
def _progress() -> Iterator[Callable[[float, int, str], Any]]:
    """Bar, time left and what is trained, where the errors go to a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, size, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.completed:.1f} of {task.total} runs"), BarColumn(), TaskProgressColumn())
    shown = (*columns, TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*shown, console=Console(stderr=True), speed_estimate_period=300) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, size, what: bar.update(task, completed=done, total=size, description=what)


# --- what is shown and written --------------------------------------------------------------------------------------
def print_table(table: SpearmanTable) -> None:
    """Print the correlations with their intervals, the published ones below, and how near the theory comes."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    from taskalign.models.spearman import METRICS, PUBLISHED

    shown = Table(box=SIMPLE_HEAD, pad_edge=False, title="Spearman correlation with the measured error, 95 % intervals")
    for name in ("model", "ranked", *METRICS):
        shown.add_column(name.replace("_", " "), no_wrap=True)
    for model in table.errors:
        for scope in dict.fromkeys(row.scope for row in table.rows):
            cells = [table.row(model, metric, scope) for metric in METRICS]
            texts = [f"{row.spearman:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in cells]
            shown.add_row(model, scope, *texts, end_section=scope == table.rows[-1].scope)
    shown.add_row("transformer", "as published", *(f"{PUBLISHED[metric]:.2f}" for metric in METRICS))
    console = Console()
    needed = Measurement.get(console, console.options.update(max_width=1000), shown).maximum
    # a number is never cut
    Console(width=max(console.width, needed)).print(shown)
    for kappa, ratio in zip(table.setting.kappas, table.ratio, strict=True):
        middle = f"{ratio.mean():.3f} on average, {ratio.min():.3f} to {ratio.max():.3f} over the tests"
        print(f"linear attention at kappa {kappa:g}: measured error / theory {middle}")


def write_table(table: SpearmanTable, folder: Path) -> Iterator[str]:
    """Write the files; yields a line for the reader as each is done.

    Raises:
        InputError: a file cannot be written.
    """
    from taskalign import files
    from taskalign.models.spearman import METRICS
    from taskalign.spearman_files import points_csv, table_csv, table_json
    from taskalign.spearman_plot import scatter

    texts: dict[str, Callable[[], str | bytes]] = {
        "table.csv": lambda: table_csv(table),
        "table.json": lambda: table_json(table),
        "points.csv": lambda: points_csv(table),
    }
    for model in table.errors:
        for kind in ("png", "svg"):
            texts[f"{model.replace(' ', '-')}.{kind}"] = lambda model=model, kind=kind: scatter(
                table, model, METRICS, kind
            )
    for name, make in texts.items():
        files.write("--out", folder / name, make())
        yield f"wrote {folder / name}"
