"""Which solver takes a call: the compiled one, or whole arrays of NumPy or torch."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .arrays import backend

#: Below this many points x eigenvalues NumPy alone does the work. Zero in a library; a process that evaluates once
#: raises it, since loading the compiled kernel would take longer than the work.
plain_below = 0


def solver_for(work: int, *values: Any) -> Any:
    """Module with `solve_columns` and `misalignment` for arrays of this library and this many points x eigenvalues."""
    plain = backend(*values) == "torch" or work < plain_below
    return import_module(".batch_solver" if plain else ".compiled_solver", __package__)
