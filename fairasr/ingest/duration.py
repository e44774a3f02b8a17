"""Rule of duration_s: positive seconds, or unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.ingest.breach import Breach
from fairasr.ingest.numbers import not_numbers, numbers_in


def duration_breaches(table: pd.DataFrame) -> list[Breach]:
    """Rows whose duration is given and is not a positive, finite number."""
    if "duration_s" not in table:
        return []
    seconds = numbers_in(table["duration_s"])
    wrong = not_numbers(table["duration_s"]) | (~np.isnan(seconds) & ~(np.isfinite(seconds) & (seconds > 0)))
    return [
        Breach(
            column="duration_s",
            wording="are not a positive number [s]",
            rows=wrong,
            remedy="Give seconds, or leave the cell empty.",
            blanks=("duration_s",),
        )
    ]
