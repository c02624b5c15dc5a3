"""How results look in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import Any

import numpy as np

from .arrays import as_numpy, backend, is_known


def summary(value: Any) -> str:
    """A number to twelve digits; an array by its shape and range; a result within a result in one line."""
    if isinstance(value, Shown):
        return ", ".join(f"{name} {text}" for name, text in value._rows())
    if not is_known(value):
        return str(value)
    if backend(value) != "numpy" or isinstance(value, np.ndarray):
        array = as_numpy(value)
        if array.size == 1:
            return f"{array.item():.12g}" if array.dtype.kind == "f" else str(array.item())
        if array.size == 0 or array.dtype.kind not in "fiu":
            return f"array {array.shape}"
        return f"array {array.shape} from {array.min():.6g} to {array.max():.6g}"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


class Shown:
    """A frozen dataclass that prints its fields one a line, and as a table in a notebook."""

    def _rows(self) -> list[tuple[str, str]]:
        return [(f.name, summary(getattr(self, f.name))) for f in fields(self) if f.repr]  # type: ignore[arg-type]

    def __repr__(self) -> str:
        rows = self._rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join([type(self).__name__, *(f"  {name:<{width}}  {text}" for name, text in rows)])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><th style='text-align:left'>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in self._rows()
        )
        return f"<table><caption>{type(self).__name__}</caption>{body}</table>"
