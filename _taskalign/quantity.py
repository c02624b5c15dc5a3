"""One line of a table: importable without NumPy, so that commands can hold theirs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """One line of a table.

    Attributes:
        name: key in files; the name in the notation of `taskalign.derive`.
        symbol: how a terminal shows it.
        meaning: what it is, in a few words.
    """

    name: str
    symbol: str
    meaning: str
