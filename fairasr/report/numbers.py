"""How numbers are written for people: the one place where fractions become percent.

Every function takes missing values (None, NaN, pandas.NA) and says so in words; none returns "nan".
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from fairasr.core import Estimate

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
NOT_ESTIMABLE = "not estimable"
NOT_RUN = "not run"
NOT_RECORDED = "not recorded"
SMALLEST_P = 0.001


def number(value: Any) -> float:
    """`value` as a float; NaN where it is missing."""
    return math.nan if value is None or pd.isna(value) else float(value)


def count(value: Any) -> str:
    """A count with separators of thousands: "12,345"."""
    known = number(value)
    return f"{round(known):,}".replace("-", MINUS) if math.isfinite(known) else NOT_RECORDED


def decimal(value: float, *, signed: bool = False, places: int = 1) -> str:
    """One decimal with a true minus: "12.3", "+0.4" when signed. No minus before a zero."""
    text = f"{value:+,.{places}f}" if signed else f"{value:,.{places}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0.0 else text.replace("-", MINUS)


def percent(value: Any, *, because: str = "", places: int = 1) -> str:
    """A fraction as percent: 0.123 is "12.3 %"; missing is "not estimable" and, in brackets, why."""
    known = number(value)
    return f"{decimal(100 * known, places=places)}{SPACE}%" if math.isfinite(known) else not_estimable(because)


def not_estimable(because: str = "") -> str:
    """ "not estimable", with the reason in brackets where there is one."""
    return f"{NOT_ESTIMABLE} ({because})" if because else NOT_ESTIMABLE


def brackets(estimate: Estimate, *, signed: bool = False) -> str:
    """The interval in percent or points: "[10.1, 14.9]"; "(no interval)" where either end is missing."""
    if not (math.isfinite(estimate.lo) and math.isfinite(estimate.hi)):
        return "(no interval)"
    return f"[{decimal(100 * estimate.lo, signed=signed)},{SPACE}{decimal(100 * estimate.hi, signed=signed)}]"


def percent_interval(estimate: Estimate, *, because: str = "") -> str:
    """A rate or relative gap and its 95 % interval: "12.3 % [10.1, 14.9]"."""
    if not math.isfinite(estimate.value):
        return not_estimable(because)
    return f"{percent(estimate.value)} {brackets(estimate)}"


def points_interval(estimate: Estimate, *, because: str = "") -> str:
    """A difference of two rates and its interval, in percentage points: "+3.1 points [+1.0, +5.2]"."""
    if not math.isfinite(estimate.value):
        return not_estimable(because)
    return f"{points(estimate.value)} {brackets(estimate, signed=True)}"


def points(value: Any, *, because: str = "") -> str:
    """A difference of two fractions in percentage points: 0.031 is "+3.1 points"."""
    known = number(value)
    return f"{decimal(100 * known, signed=True)}{SPACE}points" if math.isfinite(known) else not_estimable(because)


def rate(value: Any) -> str:
    """An error rate beside others it is compared with, whose differences are small: "24.98 %"."""
    return percent(value, places=2)


def per_hundred(value: float) -> str:
    """Errors per 100 words: 0.123 is "12.3"."""
    return decimal(100 * value)


def probability(value: Any) -> str:
    """A p-value for a table cell: "0.005", "< 0.001"; None is "not run"."""
    if value is None:
        return NOT_RUN
    known = number(value)
    if not math.isfinite(known):
        return NOT_ESTIMABLE
    return f"<{SPACE}{SMALLEST_P}" if known < SMALLEST_P else f"{known:.3f}"


def p_equals(value: Any) -> str:
    """A p-value for running text: "p = 0.005", "p < 0.001", "p not run"."""
    text = probability(value)
    if text.startswith("<"):
        return f"p{SPACE}{text}"
    return f"p{SPACE}={SPACE}{text}" if text[0].isdigit() else f"p {text}"


def coefficient(value: Any) -> str:
    """A correlation or index between -1 and 1 with two decimals: "0.83"."""
    known = number(value)
    return f"{known:.2f}".replace("-", MINUS) if math.isfinite(known) else NOT_ESTIMABLE


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each as column -> value."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def estimate_of(row: Any, name: str) -> Estimate:
    """The Estimate in the columns `name`, `name`_lo and `name`_hi of a row; NaN where a column is absent."""
    return Estimate(value=number(row.get(name)), lo=number(row.get(f"{name}_lo")), hi=number(row.get(f"{name}_hi")))
