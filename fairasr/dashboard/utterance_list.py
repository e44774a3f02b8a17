"""The utterances behind a cohort as the page shows them: word by word, a page at a time, with the words most confused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pandas as pd

from fairasr.core import DisparityReport
from fairasr.core.errors import IngestError
from fairasr.dashboard.address import SAFE, Address, AddressError
from fairasr.dashboard.audit_choices import UNLISTED, unit_of
from fairasr.dashboard.results import Entry
from fairasr.dashboard.shelf import Shelf
from fairasr.dashboard.utterances import Page, UtteranceRow, Utterances
from fairasr.report import numbers
from fairasr.report.table import Cell, Table, columns

PAGE_SIZE = 25
N_CONFUSIONS = 8
WITHHELD = "The utterances of this group are withheld: with those of the other groups they would give a smaller one away."
KINDS = {"substitution": "Wrong {}s", "deletion": "{}s left out", "insertion": "{}s put in"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One utterance on the page.

    Attributes:
        row: what was kept of it.
        errors: "3 of 12 words wrong", in words.
        audio: address of its recording; "" where there is none.
        length: "4.2 s"; "" where unknown.
    """

    row: UtteranceRow
    errors: str
    audio: str
    length: str


def listing_view(entry: Entry, report: DisparityReport, address: Address, shelf: Shelf) -> dict[str, Any]:
    """All that the template prints of the utterances; `problem` says why there are none.

    Raises:
        AddressError: there is no such page.
    """
    try:
        kept = shelf.utterances(entry)
    except IngestError as error:
        return {"problem": str(error)}
    if kept is None:
        return {"problem": ""}
    page = _page(kept, report, address)
    if page is None:
        return {"problem": WITHHELD}
    n_pages = max(math.ceil(page.total / PAGE_SIZE), 1)
    if int(address["page"]) > n_pages:
        raise AddressError([f"Page: there are {n_pages}, and the address asks for page {address['page']}."])
    return {
        "problem": None,
        "address": address,
        "kind": address.control("kind"),
        "sort": address.control("sort"),
        "kept_in_form": [(name, address[name]) for name in address.given_names if name not in ("find", "page")],
        "total": numbers.count(page.total),
        "is_all": not any(address[name] for name in ("kind", "find")),
        "first": numbers.count((page.page - 1) * PAGE_SIZE + 1),
        "last": numbers.count(min(page.page * PAGE_SIZE, page.total)),
        "n_pages": n_pages,
        "previous": address.link(page=str(page.page - 1)) if page.page > 1 else "",
        "next": address.link(page=str(page.page + 1)) if page.page < n_pages else "",
        "lines": [_line(row, entry, unit=unit_of(report.rate_name)) for row in page.rows],
        "is_partial": page.is_partial,
        "is_confirmation": report.cohorts_basis == "confirmation",
        "confusions": _confusions(entry, report, address, shelf),
        "all_link": address.link(**UNLISTED),
    }


def _page(kept: Utterances, report: DisparityReport, address: Address) -> Page | None:
    """None where the file withholds the cohort."""
    try:
        return kept.page(
            system=address["system"],
            method=report.method,
            cohort=address["cohort"],
            basis="confirmation" if report.cohorts_basis == "confirmation" else "everyone",
            kind=address["kind"],  # type: ignore[arg-type]  # the address has checked it
            find=address["find"],
            sort=address["sort"],  # type: ignore[arg-type]
            page=int(address["page"]),
            size=PAGE_SIZE,
        )
    except KeyError:
        return None


def _line(row: UtteranceRow, entry: Entry, *, unit: str) -> Line:
    n_errors = row.substitutions + row.deletions + row.insertions
    parts = [
        f"{n} {words}" for n, words in ((row.substitutions, "wrong"), (row.deletions, "left out"), (row.insertions, "put in")) if n
    ]
    counted = f"{n_errors} {'error' if n_errors == 1 else 'errors'} in {row.n_ref} {unit if row.n_ref == 1 else f'{unit}s'}"
    return Line(
        row=row,
        errors=f"{counted}: {', '.join(parts)}" if parts else "No errors",
        audio=f"/audio/{quote(entry.name, safe=SAFE)}?row={row.position}" if row.has_audio else "",
        length="" if row.duration_s is None else f"{row.duration_s:.1f}{numbers.SPACE}s",
    )


def _confusions(entry: Entry, report: DisparityReport, address: Address, shelf: Shelf) -> list[Table]:
    """The words most confused, one table for each kind of error; none where they were not kept."""
    found = shelf.confusions(entry, system=address["system"], method=report.method, cohort=address["cohort"])
    if found is None:
        return []
    unit, is_cohort = unit_of(report.rate_name), bool(address["cohort"])
    tables = (_confusion_table(found[found["kind"] == kind], kind, is_cohort=is_cohort, unit=unit) for kind in KINDS)
    return [table for table in tables if table.rows]


def _confusion_table(rows: pd.DataFrame, kind: str, *, is_cohort: bool, unit: str) -> Table:
    everyone = ("Everyone",) if is_cohort else ()
    told = "Said → heard" if kind == "substitution" else unit.capitalize()
    return Table(
        caption=f"{KINDS[kind].format(unit).capitalize()}, per 1,000 {unit}s said",
        columns=columns(told, "Here", *everyone),
        rows=tuple(
            (
                Cell(text=_confused(row), note=f"{numbers.count(row['n'])} times"),
                Cell(text=_per_1000(row["per_1000"])),
                *(Cell(text=_per_1000(row["per_1000_all"])) for _ in everyone),
            )
            for row in numbers.records(rows.head(N_CONFUSIONS))
        ),
    )


def _confused(row: dict[str, Any]) -> str:
    match row["kind"]:
        case "substitution":
            return f"{row['reference']} → {row['hypothesis']}"
        case "deletion":
            return str(row["reference"])
        case _:
            return str(row["hypothesis"])


def _per_1000(value: Any) -> str:
    return numbers.decimal(numbers.number(value), places=2)
