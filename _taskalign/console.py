"""Tables on a terminal; plain lines of text where the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from taskalign.quantities import Quantity


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
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("symbol", style="bold", no_wrap=True)
    table.add_column("name", style="cyan", no_wrap=True)
    table.add_column("value", overflow="fold", justify="left")
    table.add_column("meaning", style="dim")
    for quantity, value in rows:
        table.add_row(quantity.symbol, quantity.name, Text(value), quantity.meaning)
    console = Console()
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(table)
