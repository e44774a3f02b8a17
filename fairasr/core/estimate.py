"""Estimate: a number with its interval. Rows of numbers that go to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its 95 % interval, NaN where undefined."""

    value: float
    lo: float
    hi: float

    @property
    def is_known(self) -> bool:
        """Whether value and both ends are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.lo) and math.isfinite(self.hi)


UNDEFINED = Estimate(value=math.nan, lo=math.nan, hi=math.nan)


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NaN and missing become None, numpy scalars Python's, tables lists of rows."""
    if isinstance(value, Estimate):
        return {"value": plain(value.value), "lo": plain(value.lo), "hi": plain(value.hi)}
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict(orient="records")]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def estimate_from(data: Mapping[str, Any]) -> Estimate:
    """The Estimate that `plain` wrote."""
    return Estimate(**{key: math.nan if data[key] is None else float(data[key]) for key in ("value", "lo", "hi")})
