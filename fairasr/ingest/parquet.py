"""Parquet, through pyarrow: null is a missing value, "" is text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.text_table import as_text_table


def read_parquet(path: Path) -> pd.DataFrame:
    """Table of text; a column "embedding" keeps its vectors.

    Raises:
        IngestError: the file is not there, is no Parquet file, is cut short or damaged, repeats a column name, or has no rows.
    """
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        raise IngestError(f"'{path}' does not exist. Check the path.")
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise IngestError(
            f"'{path.name}' ({path.stat().st_size:,} bytes) cannot be read as Parquet: {str(error).splitlines()[0]} "
            f"The file is cut short, damaged or of another format: write or copy it again."
        ) from error
    names = table.schema.names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise IngestError(
            f"'{path.name}': {len(repeated)} of {len(names)} column names appear more than once (first: {repeated[0]!r}). "
            "Rename the copies."
        )
    if not table.num_rows:
        raise IngestError(f"'{path.name}' has columns and no rows: there is nothing to audit. Give one row per utterance.")
    # integer_object_nulls: 64-bit ids in a column with gaps must not pass through float64.
    return as_text_table(table.to_pandas(integer_object_nulls=True, ignore_metadata=True))
