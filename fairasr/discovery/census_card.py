"""A census card: a small TOML file that says what the columns of a census table mean.

[census]
name = "US Census"                 # required: what reports call it
zcta = "zcta"                      # required: column of five-digit codes, one row each
table = "zcta.parquet"             # CSV or Parquet, relative to the card; may be given apart
source = "..."                     # also licence, vintage: printed, not used
latitude_deg = "lat"               # point of the area [degrees]; both or neither
longitude_deg = "lon"
margin_confidence = 0.90           # level of the margins of error, required where a column has one

[shares.hispanic]                  # a part of the area's people
column = "pct_hispanic"            # or numerator = "...", denominator = "..."
scale = 100                        # what "all of them" is: 100, or 1 (default)
margin = "pct_hispanic_moe"        # margin of error, same scale
wording = "residents are Hispanic" # follows "at least 50 % of "

[values.income]                    # any other number
column = "per_capita_income"
wording = "income per head"        # follows "the "
unit = "US dollars"
minimum = 0                        # smallest possible (default 0): finds codes for "missing" such as -666666666
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairasr.core.errors import IngestError, SchemaError

CENSUS_KEYS = ("name", "table", "zcta", "source", "licence", "vintage", "latitude_deg", "longitude_deg", "margin_confidence")
SHARE_KEYS = ("column", "numerator", "denominator", "scale", "margin", "wording")
VALUE_KEYS = ("column", "unit", "minimum", "margin", "wording")


@dataclass(frozen=True, kw_only=True)
class ShareColumn:
    """A share of an area's people: `column` / `scale`, or `numerator` / `denominator`. See the module for the fields."""

    name: str
    wording: str
    column: str = ""
    numerator: str = ""
    denominator: str = ""
    scale: float = 1.0
    margin: str = ""


@dataclass(frozen=True, kw_only=True)
class ValueColumn:
    """A number of an area that is no share. See the module for the fields."""

    name: str
    wording: str
    column: str
    unit: str
    minimum: float = 0.0
    margin: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusCard:
    """What the columns of a census table mean; `read_card` reads one. See the module for the fields."""

    name: str
    zcta: str
    shares: tuple[ShareColumn, ...]
    values: tuple[ValueColumn, ...]
    table: str = ""
    source: str = ""
    licence: str = ""
    vintage: str = ""
    latitude_deg: str = ""
    longitude_deg: str = ""
    margin_confidence: float | None = None
    folder: Path = Path()

    @property
    def has_points(self) -> bool:
        """Whether areas have coordinates."""
        return bool(self.latitude_deg)


def read_card(path: str | Path) -> CensusCard:
    """The card in a TOML file.

    Raises:
        IngestError: no such file, or no TOML.
        SchemaError: keys are missing, unknown or of the wrong kind; all of them are named.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IngestError(f"the census card {path} cannot be read ({error}). Give a TOML file with a [census] table.") from error
    return card_from(data, folder=path.parent, what=f"census card '{path.name}'")


def card_from(data: Mapping[str, Any], *, folder: Path = Path(), what: str = "the census card") -> CensusCard:
    """The card that plain `data` describes; `folder` is where its `table` starts from.

    Raises:
        SchemaError: keys are missing, unknown or of the wrong kind; all of them are named.
    """
    census, shares, values = (data.get(part, {}) for part in ("census", "shares", "values"))
    lines = [f"[{key}] is not known (census, shares, values)" for key in data if key not in ("census", "shares", "values")]
    lines += [
        f"[{name}] is not a table"
        for name, part in (("census", census), ("shares", shares), ("values", values))
        if not isinstance(part, dict)
    ]
    if not lines:
        lines += _broken("census", census, CENSUS_KEYS, needed=("name", "zcta"), numbers=("margin_confidence",))
        lines += _broken_census(census, [*shares.values(), *values.values()])
        for kind, items, keys, numbers in (
            ("shares", shares, SHARE_KEYS, ("scale",)),
            ("values", values, VALUE_KEYS, ("minimum",)),
        ):
            for name, item in items.items():
                needed = ("wording",) if kind == "shares" else ("wording", "column", "unit")
                where = f"{kind}.{name}"
                lines += (
                    _broken(where, item, keys, needed=needed, numbers=numbers)
                    if isinstance(item, dict)
                    else [f"[{where}] is not a table"]
                )
                if kind == "shares" and isinstance(item, dict):
                    lines += _broken_share(where, item)
        twice = sorted(set(shares) & set(values))
        lines += [f"'{name}' is both a share and a value" for name in twice]
        if not shares and not values:
            lines.append("it names no [shares.*] and no [values.*]: there is nothing to divide zip codes by")
    if lines:
        raise SchemaError(f"{what} is broken:\n" + "\n".join(f"  - {line}" for line in lines))
    return CensusCard(
        **census,
        shares=tuple(ShareColumn(name=name, **item) for name, item in shares.items()),
        values=tuple(ValueColumn(name=name, **item) for name, item in values.items()),
        folder=folder,
    )


def _broken(
    where: str, item: Mapping[str, Any], keys: tuple[str, ...], *, needed: tuple[str, ...], numbers: tuple[str, ...]
) -> list[str]:
    lines = [f"[{where}] lacks '{key}'" for key in needed if key not in item]
    lines += [f"[{where}] '{key}' is not known ({', '.join(keys)})" for key in item if key not in keys]
    for key, value in item.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if key in keys and (not is_number if key in numbers else not isinstance(value, str) or not value):
            lines.append(f"[{where}] '{key}' is {value!r}, not {'a number' if key in numbers else 'a text'}")
    return lines


def _broken_share(where: str, item: Mapping[str, Any]) -> list[str]:
    lines = []
    given = tuple(key for key in ("column", "numerator", "denominator") if key in item)
    if given not in (("column",), ("numerator", "denominator")):
        lines.append(
            f"[{where}] needs either 'column', or 'numerator' and 'denominator'; it has {' and '.join(given) or 'neither'}"
        )
    if "numerator" in item and ("margin" in item or "scale" in item):
        lines.append(f"[{where}] 'margin' and 'scale' are for a 'column', not for a quotient")
    if item.get("scale", 1) not in (1, 100):
        lines.append(f"[{where}] 'scale' is {item['scale']!r}, not 1 or 100")
    return lines


def _broken_census(census: Mapping[str, Any], items: list[Any]) -> list[str]:
    lines = []
    if ("latitude_deg" in census) != ("longitude_deg" in census):
        lines.append("[census] has only one of 'latitude_deg' and 'longitude_deg'")
    confidence = census.get("margin_confidence")
    if isinstance(confidence, (int, float)) and not 0 < confidence < 1:
        lines.append(f"[census] 'margin_confidence' is {confidence!r}, not between 0 and 1")
    if confidence is None and any(isinstance(item, dict) and "margin" in item for item in items):
        lines.append("[census] lacks 'margin_confidence', and columns have a 'margin'")
    return lines
