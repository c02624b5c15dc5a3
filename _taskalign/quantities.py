"""The numbers of an evaluation: names, symbols, meanings, and how a number is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from taskalign.quantity import Quantity

#: in the order of the theory
QUANTITIES = (
    Quantity("s", "s", "noise of the context summary"),
    Quantity("sigma", "σ", "total effective noise"),
    Quantity("effective_ridge", "λ̃", "effective ridge"),
    Quantity("t", "t", "root of the scalar equation"),
    Quantity("a", "a", "memorisation factor"),
    Quantity("da", "a′", "its derivative in z"),
    Quantity("M", "M", "trace of the task resolvent"),
    Quantity("dM", "M′", "its derivative in z"),
    Quantity("q", "q", "variance of the trained layer"),
    Quantity("Qbar", "Q̄", "size of the trained layer"),
    Quantity("e_scalar", "e_scalar", "part of the error that sees only the traces"),
    Quantity("e_misalign", "e_misalign", "part of the error that sees the alignment"),
    Quantity("e_icl", "e_ICL", "error of in-context learning"),
)
ORDERING = (
    Quantity("holds", "ordered", "K runs against C_train"),
    Quantity("peak", "c*", "eigenvalue at which K is largest; 0 where K only falls"),
    Quantity("tau_order", "τ_order", "tau from which K is ordered for every spectrum"),
    Quantity("optimal_spike", "best spike", "eigenvector of C_train with the least error"),
    Quantity("tolerance", "tolerance", "eigenvalues closer than this share of the largest are one"),
)


def evaluated(error: Any) -> dict[str, Any]:
    """The quantities of an `IclError` (or of its counterpart of many digits, with its fixed point beside it)."""
    return of(error.fixed_point, error)


def of(point: Any, error: Any) -> dict[str, Any]:
    """The quantities of a fixed point and an error, by name."""
    values = {quantity.name: getattr(point, quantity.name) for quantity in QUANTITIES[:-3]}
    return values | {"e_scalar": error.scalar, "e_misalign": error.misalignment, "e_icl": error.total}


def ordered(found: Any) -> dict[str, Any]:
    """What an `Ordering` says, by name."""
    return {quantity.name: getattr(found, quantity.name) for quantity in ORDERING}


def plain(value: Any) -> Any:
    """A value as JSON can hold it: floats with all their digits, "inf" and "nan" as strings, arrays as lists."""
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(entry) for entry in value]
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def shown(value: Any, digits: int = 12) -> str:
    """A value as a reader wants it: `digits` significant digits, yes and no, ∞."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{float(value):.{digits}g}"
    return text.replace("e-0", "e-").replace("e+0", "e+")


def rows(quantities: Iterable[Quantity], values: Mapping[str, Any]) -> list[tuple[Quantity, Any]]:
    """Each quantity with its value."""
    return [(quantity, values[quantity.name]) for quantity in quantities]
