"""The card of the made-up census: what its columns mean, and that nobody counted them."""

from __future__ import annotations

from fairasr.testing.census import MARGIN_CONFIDENCE, SHARES, VALUES

CENSUS_TABLE = "census.csv"
CENSUS_CARD = "census.toml"


def census_card() -> str:
    """Text of the card: TOML that names the table beside it and says what every column means."""
    lines = [
        "# Every number in this census is made up. Only the zip codes, and the points of their cities, are real.",
        "[census]",
        'name = "made-up census"',
        f'table = "{CENSUS_TABLE}"',
        'zcta = "zip_code"',
        'source = "fairasr.testing: drawn from a random generator, no survey stands behind it"',
        'licence = "Apache-2.0"',
        'latitude_deg = "latitude_deg"',
        'longitude_deg = "longitude_deg"',
        f"margin_confidence = {MARGIN_CONFIDENCE}",
    ]
    for column, wording in SHARES.items():
        lines += ["", f"[shares.{column.removeprefix('share_')}]", *_described(column, wording)]
    for column, (wording, unit) in VALUES.items():
        lines += ["", f"[values.{column}]", *_described(column, wording), f'unit = "{unit}"']
    return "\n".join(lines) + "\n"


def _described(column: str, wording: str) -> list[str]:
    return [f'column = "{column}"', f'margin = "{column}_moe"', f'wording = "{wording}"']
