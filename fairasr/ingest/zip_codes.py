"""Rules of zip_code: five digits kept as text. Each way a spreadsheet spoils them has its own sentence."""

from __future__ import annotations

import pandas as pd

from fairasr.core.schema import is_zip_code
from fairasr.ingest.breach import Breach

PLUS_FOUR = r"\d{5}-?\d{4}"
FLOAT = r"\d{1,5}\.\d*"
SHORT = r"\d{1,4}"


def zip_code_breaches(table: pd.DataFrame) -> list[Breach]:
    """Rows whose zip code is given and is not five digits, by what went wrong with it."""
    if "zip_code" not in table:
        return []
    codes = table["zip_code"]
    left = ~is_zip_code(codes)
    if not left.any():
        return []
    text = codes.astype(object).where(left, "")
    breaches = []
    for pattern, wording, remedy in (
        (
            PLUS_FOUR,
            "are ZIP+4",
            "Cut them to the first five digits: the last four name a building, which no table needs and no report may show.",
        ),
        (FLOAT, "are decimal numbers", "They were stored as numbers, which drops leading zeros: export the column as text."),
        (
            SHORT,
            "have fewer than five digits",
            "They were stored as numbers, which drops leading zeros (501 was 00501): export the column as text.",
        ),
        (r"[\s\S]*", "are not five digits", "Give five digits as text, or leave the cell empty."),
    ):
        rows = left & text.str.fullmatch(pattern).to_numpy(dtype=bool)
        left = left & ~rows
        breaches.append(Breach(column="zip_code", wording=wording, rows=rows, remedy=remedy, blanks=("zip_code",)))
    return breaches
