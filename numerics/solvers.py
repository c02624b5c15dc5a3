"""Which solver takes a call: the compiled one, or whole arrays of NumPy or torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .arrays import backend

_plain_below: ContextVar[int] = ContextVar("plain_below", default=0)


@contextmanager
def plain_below(work: int) -> Iterator[None]:
    """Below this many points x eigenvalues, NumPy alone does the work.

    For a process that evaluates once, in which loading the compiled kernel would take longer than the work.
    """
    token = _plain_below.set(work)
    try:
        yield
    finally:
        _plain_below.reset(token)


def is_plain(work: int) -> bool:
    """Whether NumPy alone does this many points x eigenvalues."""
    return work < _plain_below.get()


def solver_for(work: int, *values: Any) -> Any:
    """Module with `solve_columns` and `misalignment` for arrays of this library and this many points x eigenvalues."""
    # import statements, which torch.compile can follow
    if backend(*values) != "numpy" or is_plain(work):
        from . import batch_solver

        return batch_solver
    from . import compiled_solver

    return compiled_solver
