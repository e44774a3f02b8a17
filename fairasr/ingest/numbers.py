"""Text to numbers, for the few columns that are numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd


def numbers_in(values: pd.Series) -> np.ndarray:
    """Float array (n_rows,): NaN where a value is missing, is written "nan", or is no number; "inf" is infinite."""
    numbers: np.ndarray = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers


def not_numbers(values: pd.Series) -> np.ndarray:
    """Bool array (n_rows,): there is a value, and it is no number. A written "nan" counts as missing."""
    wrong: np.ndarray = values.notna().to_numpy() & np.isnan(numbers_in(values))
    wrong[wrong] = [str(value).strip().lower() != "nan" for value in values[wrong]]
    return wrong
