"""The one look of a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table


def terminal_table(headings: Sequence[str]) -> Table:
    """An empty table under these headings, as rich markup: the first column holds words, the others numbers aligned right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position else "left", overflow="fold")
    return table
