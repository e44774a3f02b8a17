"""Rows of a large table of texts that hold some words."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


def rows_holding(find: str, rows: np.ndarray, columns: Sequence[Any]) -> np.ndarray:
    """Those of `rows` with `find` in one of the columns, in upper or lower case: int array.

    Args:
        find: taken literally.
        rows: int32 array, ascending.
        columns: Arrow columns of texts of one length; a null holds nothing.
    """
    import pyarrow.compute as pc

    pattern = find.encode("utf-8", "backslashreplace").decode()
    # Copying texts out costs about as much as searching them, so it pays only where it saves most of the search.
    few = len(rows) < len(columns[0]) // 2

    def matches(texts: Any) -> np.ndarray:
        found = pc.match_substring(_taken(texts, rows) if few else texts, pattern, ignore_case=True).fill_null(False)
        is_match: np.ndarray = found.to_numpy()
        return is_match if few else is_match.take(rows)

    # Arrow lets go of the interpreter while it searches, so that two columns take the time of one.
    with ThreadPoolExecutor(max_workers=len(columns)) as pool:
        held = np.logical_or.reduce(list(pool.map(matches, columns)))
    chosen: np.ndarray = rows[held]
    return chosen


def _taken(texts: Any, rows: np.ndarray) -> Any:
    """The texts of `rows`, ascending, chunk by chunk: taking from all chunks at once would join them first."""
    import pyarrow as pa

    bounds = np.concatenate([[0], np.cumsum([len(chunk) for chunk in texts.chunks])])
    cuts = np.searchsorted(rows, bounds)
    return pa.chunked_array(
        [
            chunk.take(pa.array(rows[start:stop] - offset))
            for chunk, offset, start, stop in zip(texts.chunks, bounds, cuts, cuts[1:], strict=False)
        ],
        type=texts.type,
    )
