"""Tables on a terminal; plain lines of text where the output is no terminal; notes on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from taskalign.quantities import Quantity

#: least width of the column of meanings
_MEANING = 28
_ENDLESS = 100_000


def note(text: str) -> None:
    """A line for the reader beside the result: on standard error."""
    print(f"taskalign: {text}", file=sys.stderr)


def print_values(title: str, rows: Sequence[tuple[Quantity, str]]) -> None:
    """Print a title and a line for each quantity: symbol, name, value, meaning."""
    if sys.stdout.isatty():
        _print_table(title, rows)
        return
    cells = [(quantity.symbol, quantity.name, value, quantity.meaning) for quantity, value in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(3)]
    print(title)
    for row in cells:
        print("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]))


def _print_table(title: str, rows: Sequence[tuple[Quantity, str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    def table(*, meanings: bool) -> Table:
        made = Table(box=SIMPLE_HEAD, pad_edge=False)
        made.add_column("symbol", style="bold", no_wrap=True)
        made.add_column("name", style="cyan", no_wrap=True)
        made.add_column("value", no_wrap=True, overflow="ignore")
        if meanings:
            made.add_column("meaning", style="dim")
        for quantity, value in rows:
            cells = (quantity.symbol, quantity.name, Text(value), quantity.meaning)
            made.add_row(*cells[: 4 if meanings else 3])
        return made

    console = Console()
    console.print(Text(title, style="bold"), soft_wrap=True)
    # a number is never cut: the meanings go first, then lines run over
    needed = Measurement.get(console, console.options.update(max_width=_ENDLESS), table(meanings=False)).maximum
    fits = needed + _MEANING <= console.width
    Console(width=max(console.width, needed)).print(table(meanings=fits))
