"""A bar with count, rate and time left, where the errors go to a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress(size: int) -> Iterator[Callable[[int], Any]]:
    """A function to call with the number of points done, first with those there at the start.

    It draws on a terminal, and does nothing elsewhere.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    count = TextColumn("{task.completed:,} of {task.total:,} points")
    columns = (count, BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=size, rate="")
        before: list[int] = []

        def advance(done: int) -> None:
            before.append(done)  # what was there at the start takes no time
            elapsed = bar.tasks[0].elapsed or 0.0
            speed = (done - before[0]) / elapsed if elapsed > 0 else 0.0
            rate = f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.2g}/s"
            bar.update(task, completed=done, rate=rate)

        yield advance
