"""The data of a figure: one tidy table, written as CSV with all digits and read back unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, of floats or of text; nan and "" stand for "does not apply".

    A row is a point of a theory curve (`kind` "line" or "map") or a simulated one (`kind` "point"). Columns that every
    figure has: `kind`, `panel`, `series`, the parameters, `theory` (at the parameters of the row, so at the realised
    integer ratios where it is a simulated one), `simulation`, `sem` (its standard error) and `repeats`.
    """

    columns: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Table:
        """From rows, which need not name all columns."""
        rows = list(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls({name: _column([row.get(name) for row in rows]) for name in names})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def where(self, **equal: Any) -> Table:
        """The rows whose columns have these values."""
        chosen = np.ones(len(self), dtype=bool)
        for name, value in equal.items():
            chosen &= self[name] == value
        return Table({name: column[chosen] for name, column in self.columns.items()})

    def distinct(self, name: str) -> list[Any]:
        """The values of a column, each once, in the order of their first row; those that do not apply left out."""
        values = dict.fromkeys(self[name].tolist())
        return [value for value in values if value != "" and value == value]

    def csv(self) -> str:
        """As text: a header, then a line for each row; floats with all their digits."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.columns)
        for row in zip(*(column.tolist() for column in self.columns.values()), strict=True):
            writer.writerow("" if value != value else _digits(value) for value in row)
        return stream.getvalue()

    @classmethod
    def read(cls, text: str) -> Table:
        """From text that `csv` made."""
        names, *rows = csv.reader(io.StringIO(text))
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return cls(
            {name: _column([_value(cell) for cell in cells]) for name, cells in zip(names, columns, strict=True)}
        )


def _column(values: list[Any]) -> np.ndarray:
    if any(isinstance(value, str) and value for value in values):
        return np.array(["" if value is None else str(value) for value in values], dtype=object)
    return np.array([np.nan if value is None or value == "" else value for value in values], dtype=np.float64)


def _digits(value: Any) -> str:
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _value(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
