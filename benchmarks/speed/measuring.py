"""Timers: the least of many short runs, in seconds of the processor, so that other work matters little."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from taskalign.numerics.rows import most_threads

#: seconds of measuring for one figure
BUDGET = 1.5


def least(call: Callable[[], Any], clock: Callable[[], float] = time.process_time, budget: float = BUDGET) -> float:
    """Least seconds of one call, after one that is not counted."""
    call()
    best, end = float("inf"), time.perf_counter() + budget
    runs = 0
    while runs < 3 or (time.perf_counter() < end and runs < 200):
        start = clock()
        call()
        best = min(best, clock() - start)
        runs += 1
    return best


@contextmanager
def one_thread() -> Any:
    """The compiled solver on one processor."""
    token = most_threads.set(1)
    try:
        yield
    finally:
        most_threads.reset(token)
