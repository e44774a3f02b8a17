"""What a recipe does to the utterances before they are checked: merged spellings, side tables, dropped markers, kept attributes."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.core.manifest import KNOWN
from fairasr.ingest.columns import WIDE, without_empty_cells
from fairasr.ingest.recipe import Join, Recipe
from fairasr.ingest.table import read_table


def prepared(table: pd.DataFrame, recipe: Recipe, folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """`table` as the recipe wants it, and what was done, in sentences.

    In order: values are merged, side tables joined, markers dropped, attributes chosen.

    Raises:
        IngestError: the recipe names a column or a side table that is not there, or its pattern is no regular expression.
    """
    notes: list[str] = []
    for column, mapping in recipe.values.items():
        _need(table, column, "[values]", recipe)
        changed = table[column].isin(set(mapping))
        table = table.assign(**{column: table[column].replace(dict(mapping))})
        notes.append(f"Values of '{column}' were merged in {changed.sum():,} of {len(table):,} rows ({len(mapping)} spellings).")
    for join in recipe.joins:
        table, note = _joined(table, join, recipe, folder)
        notes.append(note)
    if "drop_markers" in recipe.options:
        _need(table, "reference", "[options] drop_markers", recipe)
        table, note = _without_markers(table, recipe.options["drop_markers"])
        notes.append(note)
    if "attributes" in recipe.options:
        wanted = list(recipe.options["attributes"])
        for column in wanted:
            _need(table, column, "[options] attributes", recipe)
        keep = [c for c in table.columns if c in KNOWN or c in ("system", "hypothesis", "embedding") or c.startswith(WIDE)]
        table = table[[*keep, *(column for column in wanted if column not in keep)]]
    return table, notes


def _joined(table: pd.DataFrame, join: Join, recipe: Recipe, folder: Path) -> tuple[pd.DataFrame, str]:
    _need(table, join.on, "[files] joins", recipe)
    side = without_empty_cells(read_table(folder / join.file)[0])
    missing = [name for name in (join.on, *join.columns.values()) if name not in side]
    if missing:
        raise IngestError(
            f"'{join.file}' lacks {', '.join(missing)}, which the recipe joins; it has {', '.join(side.columns)}. Mend the recipe."
        )
    repeats = side[join.on].duplicated()
    if repeats.any():
        raise IngestError(
            f"'{join.file}': {repeats.sum():,} of {len(side):,} rows repeat a value of '{join.on}' (first: "
            f"{side[join.on][repeats].iloc[0]!r}). "
            f"A side table has one row per value."
        )
    indexed = side.set_index(join.on)
    unmatched = table[join.on].notna() & ~table[join.on].isin(indexed.index)
    brought = {
        name: table[join.on].map(indexed[source]).astype(object).where(lambda v: v.notna(), None)
        for name, source in join.columns.items()
    }
    note = f"'{join.file}' was joined on '{join.on}'"
    if unmatched.any():
        note += f"; {unmatched.sum():,} of {len(table):,} rows have no match there (first: {table[join.on][unmatched].iloc[0]!r})"
    return table.assign(**brought), note + "."


def _without_markers(table: pd.DataFrame, pattern: str) -> tuple[pd.DataFrame, str]:
    try:
        marker = re.compile(pattern)
    except re.error as error:
        raise IngestError(f"[options] drop_markers is no regular expression: {pattern!r}: {error}. Mend it.") from error
    marked = [isinstance(text, str) and marker.search(text) is not None for text in table["reference"]]
    cleaned = [
        " ".join(marker.sub(" ", text).split()) if has else text for text, has in zip(table["reference"], marked, strict=True)
    ]
    note = f"Markers {pattern!r} were dropped from {sum(marked):,} of {len(table):,} references."
    return table.assign(reference=pd.Series(cleaned, index=table.index, dtype=object)), note


def _need(table: pd.DataFrame, column: str, where: str, recipe: Recipe) -> None:
    if column not in table:
        name = recipe.path.name if recipe.path else ""
        raise IngestError(
            f"recipe '{name}' {where} names the column '{column}', which the corpus lacks; it has {', '.join(table.columns)}. "
            "Mend the recipe."
        )
