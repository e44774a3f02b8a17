"""A census table: one row per ZIP Code Tabulation Area, shares and values of the people who live there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import sha256_of
from fairasr.core.errors import IngestError
from fairasr.core.schema import Column, Rule, check, is_zip_code
from fairasr.discovery.census_card import CensusCard, ShareColumn, ValueColumn, read_card


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribute:
    """One attribute of areas.

    Attributes:
        name: as on the card.
        wording: see the card.
        unit: of a value; "" for a share.
        numbers: float array (n_areas,): shares in 0..1, values in their unit; NaN where the census has none.
        margins: margin of error of each number, same unit; NaN where there is none.
    """

    name: str
    wording: str
    unit: str
    numbers: np.ndarray = field(repr=False)
    margins: np.ndarray = field(repr=False)

    @property
    def is_share(self) -> bool:
        """Whether it is a share of people, 0..1."""
        return self.unit == ""

    def shown(self, threshold: float) -> str:
        """A threshold in words: "50 %", "24,300 US dollars"."""
        return f"{100 * threshold:.4g} %" if self.is_share else f"{threshold:,.6g} {self.unit}"

    def condition(self, threshold: float, *, at_least: bool) -> str:
        """What is so of an area on one side of a threshold: "at least 50 % of residents are Hispanic"."""
        side = "at least" if at_least else "less than"
        return (
            f"{side} {self.shown(threshold)} of {self.wording}"
            if self.is_share
            else f"the {self.wording} is {side} {self.shown(threshold)}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class CensusTable:
    """Attributes of areas, as a card describes them.

    Attributes:
        name, source, licence, vintage: from the card.
        zip_codes: five-digit codes, sorted: str array (n_areas,).
        attributes: shares first, in the card's order.
        points: latitude and longitude of each area [degrees], float (n_areas, 2), NaN where unknown; None: the table has none.
        margin_confidence: level of the margins of error; None: there are none.
        sha256: of the table's file; "" if it came from memory.
    """

    name: str
    zip_codes: np.ndarray = field(repr=False)
    attributes: tuple[Attribute, ...] = field(repr=False)
    points: np.ndarray | None = field(default=None, repr=False)
    margin_confidence: float | None = None
    sha256: str = ""
    source: str = field(default="", repr=False)
    licence: str = field(default="", repr=False)
    vintage: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({len(self.zip_codes):,} areas, {len(self.attributes)} attributes)"


def read_census(card: str | Path | CensusCard, table: str | Path | pd.DataFrame | None = None) -> CensusTable:
    """The census table that a card describes.

    Args:
        card: the card or its TOML file.
        table: CSV or Parquet file, or the table itself; None: the one the card names.

    Raises:
        IngestError: a file cannot be read.
        SchemaError: the card or the table breaks its rules; every broken rule is named.
    """
    card = card if isinstance(card, CensusCard) else read_card(card)
    sha256 = ""
    if table is None:
        if not card.table:
            raise IngestError(
                f"the census card {card.name!r} names no table. Add 'table' to its [census], or give the table apart."
            )
        table = card.folder / card.table
    if not isinstance(table, pd.DataFrame):
        path = Path(table)
        table = _read_table(path, zcta=card.zcta)
        sha256 = sha256_of(path)
    return census_from(table, card=card, sha256=sha256)


def census_from(table: pd.DataFrame, *, card: CensusCard, sha256: str = "") -> CensusTable:
    """The census table in `table`, whose columns `card` describes; `table` stays as it is.

    Raises:
        SchemaError: the table breaks the card's rules; every broken rule is named.
    """
    check(table, _rules(card), what=f"census table '{card.name}'")
    table = table.sort_values(card.zcta, kind="stable")
    points = None
    if card.has_points:
        points = np.column_stack([_numbers(table[column]) for column in (card.latitude_deg, card.longitude_deg)])
    return CensusTable(
        name=card.name,
        zip_codes=table[card.zcta].to_numpy(dtype=str),
        attributes=(*(_share(table, share) for share in card.shares), *(_value(table, value) for value in card.values)),
        points=points,
        margin_confidence=card.margin_confidence,
        sha256=sha256,
        source=card.source,
        licence=card.licence,
        vintage=card.vintage,
    )


def _read_table(path: Path, *, zcta: str) -> pd.DataFrame:
    if not path.is_file():
        raise IngestError(f"there is no census table {path}. Give a CSV or Parquet file with one row per ZIP Code Tabulation Area.")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        # Codes begin with zeros, so a column of codes must never pass through numbers.
        return pd.read_csv(path, dtype={zcta: str}, encoding="utf-8", sep="\t" if path.suffix == ".tsv" else ",")
    except (OSError, ValueError) as error:
        raise IngestError(
            f"the census table {path.name} cannot be read ({str(error).splitlines()[0]}). Give a CSV or Parquet file."
        ) from error


def _rules(card: CensusCard) -> list[Column]:
    """One rule per column the card names; a column named twice keeps the rules of both."""
    rules = [
        Column(
            name=card.zcta,
            wording="five digits kept as text (numbers lose leading zeros)",
            rule=_is_present_zip_code,
            required=True,
            unique=True,
        )
    ]
    for share in card.shares:
        if share.column:
            rules.append(_number(share.column, f"a share in 0..{share.scale:g}, or missing", low=0, high=share.scale))
        else:
            rules += [_number(column, "a number >= 0, or missing", low=0) for column in (share.numerator, share.denominator)]
    rules += [_number(value.column, f"a number >= {value.minimum:g}, or missing", low=value.minimum) for value in card.values]
    margins = [share.margin for share in card.shares] + [value.margin for value in card.values]
    rules += [_number(margin, "a margin of error >= 0, or missing", low=0) for margin in margins if margin]
    if card.has_points:
        rules.append(_number(card.latitude_deg, "a number in -90..90 [degrees north], or missing", low=-90, high=90))
        rules.append(_number(card.longitude_deg, "a number in -180..180 [degrees east], or missing", low=-180, high=180))
    return list({(rule.name, rule.wording): rule for rule in rules}.values())


def _number(name: str, wording: str, *, low: float, high: float = np.inf) -> Column:
    def rule(values: pd.Series) -> np.ndarray:
        numbers = _numbers(values)
        missing = values.isna().to_numpy()
        return np.asarray(missing | (np.isfinite(numbers) & (numbers >= low) & (numbers <= high)))

    kept: Rule = rule
    return Column(name=name, wording=wording, rule=kept, required=True)


def _is_present_zip_code(values: pd.Series) -> np.ndarray:
    return is_zip_code(values) & values.notna().to_numpy()


def _numbers(values: pd.Series) -> np.ndarray:
    """Numbers as float array (n,): NaN where missing or no number."""
    return np.asarray(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan))


def _share(table: pd.DataFrame, share: ShareColumn) -> Attribute:
    if share.column:
        numbers = _numbers(table[share.column]) / share.scale
    else:
        numerator, denominator = _numbers(table[share.numerator]), _numbers(table[share.denominator])
        # Nobody lives there, or the parts exceed the whole: no share is known.
        usable = (denominator > 0) & (numerator <= denominator)
        numbers = np.where(usable, numerator / np.where(usable, denominator, 1), np.nan)
    return Attribute(
        name=share.name, wording=share.wording, unit="", numbers=numbers, margins=_margins(table, share.margin) / share.scale
    )


def _value(table: pd.DataFrame, value: ValueColumn) -> Attribute:
    return Attribute(
        name=value.name,
        wording=value.wording,
        unit=value.unit,
        numbers=_numbers(table[value.column]),
        margins=_margins(table, value.margin),
    )


def _margins(table: pd.DataFrame, column: str) -> np.ndarray:
    return _numbers(table[column]) if column else np.full(len(table), np.nan)
