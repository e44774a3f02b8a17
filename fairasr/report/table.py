"""A table as the page draws it: words and drawings, no numbers. One template macro renders every table of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    Attributes:
        text: what it says; escaped when rendered.
        note: a second line in small print; "" for none.
        tag: a word that marks the cell ("in focus", "differs"); "" for none.
        drawing: SVG of our own making, numbers only; "" for none.
        muted: whether it says that there is no number.
        link: address that the text leads to; "" for none.
        is_current: whether that is what is shown now.
    """

    text: str
    note: str = ""
    tag: str = ""
    drawing: str = ""
    muted: bool = False
    link: str = ""
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its heading, an optional drawing under it (an axis), and whether it holds numbers (aligned right)."""

    heading: str
    drawing: str = ""
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a caption; the first cell of every row is its header.

    Attributes:
        caption: what the table shows, one sentence.
        columns: as wide as every row.
        rows: cells of each row.
        reading: heading -> how to read it, shown folded above the table; empty for none.
        layout: "" scrolls sideways in its own box where it is too wide, "cards" turns rows into cards on a narrow screen,
            "aligned" has columns of fixed width, so that plots in several tables stand below each other; "aligned short" has those
            of a rate that is not made of kinds of error.

    Raises:
        ValueError: a row is not as wide as the columns.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    reading: Mapping[str, str] = field(default_factory=dict)
    layout: Literal["", "cards", "aligned", "aligned short"] = ""

    def __post_init__(self) -> None:
        wrong = [len(row) for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(
                f"table {self.caption!r}: {len(wrong)} of {len(self.rows)} rows have {wrong[0]} cells, not {len(self.columns)}."
            )

    def with_current(self, link: str) -> Table:
        """The same with the row whose header leads to `link` marked as what is shown now."""
        rows = tuple((replace(row[0], is_current=True), *row[1:]) if row[0].link == link else row for row in self.rows)
        return replace(self, rows=rows)


def columns(*headings: str, words: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Columns of these headings; the first and those in `words` hold words, the others numbers."""
    return tuple(
        Column(heading=heading, numeric=position > 0 and heading not in words) for position, heading in enumerate(headings)
    )
