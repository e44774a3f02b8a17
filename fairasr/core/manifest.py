"""Manifest: one row per utterance; who said it, what was said, where the speaker is, what the voice looks like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from fairasr.core.errors import SchemaError
from fairasr.core.schema import Column, check, is_identifier, is_positive, is_text, is_within, is_zip_code

COLUMNS = (
    Column(name="utterance_id", wording="a non-empty string", rule=is_identifier, required=True, unique=True),
    Column(name="speaker_id", wording="a non-empty string", rule=is_identifier, required=True),
    Column(name="reference", wording="a string ('' is silence)", rule=is_text, required=True),
    Column(name="duration_s", wording="a positive number [s]", rule=is_positive),
    Column(name="latitude_deg", wording="a number in -90..90 [degrees north]", rule=is_within(-90, 90)),
    Column(name="longitude_deg", wording="a number in -180..180 [degrees east]", rule=is_within(-180, 180)),
    Column(name="zip_code", wording="five digits kept as text", rule=is_zip_code),
)
"""The columns fairasr knows. Every other column is an attribute that `declared` cohorts can be made of."""

KNOWN = frozenset(column.name for column in COLUMNS) | {"audio_path"}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One row per utterance.

    Attributes:
        table: columns as in `COLUMNS`, plus `audio_path` and any attribute column (accent, gender, ...). The index is 0..n-1.
        embeddings: speaker embeddings, float32 (n_utterances, dim), rows as in `table`; a row of NaN is missing. None: none given.
        source: where it came from, for messages and provenance.
        has_speaker_ids: False where each utterance stands for a speaker because the corpus names none;
            intervals are then too narrow and every result says so.
        set_aside: rows of the source that cannot be used, with a column `reason`; counted in the report, never dropped in silence.

    Raises:
        SchemaError: the table breaks its column rules.
    """

    table: pd.DataFrame
    embeddings: np.ndarray | None = None
    source: str = "table"
    has_speaker_ids: bool = True
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"reason": pd.Series(dtype=str)}))

    def __post_init__(self) -> None:
        check(self.table, COLUMNS, what=f"manifest '{self.source}'")
        if self.table.empty:
            raise SchemaError(
                f"manifest '{self.source}' has no rows: there is nothing to audit. Give a table with one row per utterance."
            )
        if self.embeddings is not None and (self.embeddings.ndim != 2 or len(self.embeddings) != len(self.table)):
            raise SchemaError(
                f"manifest '{self.source}': embeddings have shape {self.embeddings.shape} for {len(self.table):,} utterances; "
                f"they must be (n_utterances, dim)."
            )
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def speaker_ids(self) -> pd.Index:
        """Distinct speakers, sorted, so that row order cannot matter."""
        speakers: list[str] = sorted(self.table["speaker_id"].unique())
        return pd.Index(speakers, name="speaker_id")

    @cached_property
    def speaker_positions(self) -> np.ndarray:
        """Position of each utterance's speaker in `speaker_ids`: int array (n_utterances,)."""
        return self.speaker_ids.get_indexer(pd.Index(self.table["speaker_id"]))

    @property
    def attributes(self) -> list[str]:
        """Columns that are not fairasr's own: what declared cohorts can be made of."""
        return [column for column in self.table.columns if column not in KNOWN]

    @cached_property
    def _values_by_speaker(self) -> dict[str, tuple[pd.Series, pd.Index]]:
        return {}

    def values_by_speaker(self, column: str) -> tuple[pd.Series, pd.Index]:
        """Value of `column` for each speaker (None where missing), and the speakers whose utterances disagree on it.

        Speakers that disagree have the value None too: which of the values is theirs is not known. Missing utterances
        of a speaker who has a value elsewhere do not count as disagreement, nor does white space around a text.
        """
        if column not in self._values_by_speaker:
            self._values_by_speaker[column] = self._collapsed(column)
        return self._values_by_speaker[column]

    def _collapsed(self, column: str) -> tuple[pd.Series, pd.Index]:
        values = self.table[column]
        if pd.api.types.is_string_dtype(values):
            values = values.str.strip()
        given = pd.DataFrame({"speaker": self.speaker_positions, "value": values.astype(object)})[values.notna().to_numpy()]
        distinct = given.drop_duplicates()
        per_speaker = distinct["speaker"].value_counts()
        disagreeing = per_speaker.index[per_speaker > 1]
        single = distinct[~distinct["speaker"].isin(disagreeing)]
        out = np.full(len(self.speaker_ids), None, dtype=object)
        out[single["speaker"].to_numpy()] = single["value"].to_numpy()
        return pd.Series(out, index=self.speaker_ids, name=column, dtype=object), self.speaker_ids[np.sort(disagreeing.to_numpy())]

    @cached_property
    def speaker_points(self) -> np.ndarray:
        """Latitude and longitude of each speaker: float array (n_speakers, 2) [degrees], NaN where unknown.

        A speaker with several points gets their mean direction on the sphere, so that jitter across the antimeridian averages well.
        """
        points = np.full((len(self.speaker_ids), 2), np.nan)
        if not {"latitude_deg", "longitude_deg"} <= set(self.table.columns):
            return points
        latitude = self.table["latitude_deg"].to_numpy(dtype=float, na_value=np.nan)
        longitude = self.table["longitude_deg"].to_numpy(dtype=float, na_value=np.nan)
        known = np.isfinite(latitude) & np.isfinite(longitude)
        distinct = pd.DataFrame({"s": self.speaker_positions[known], "lat": latitude[known], "lon": longitude[known]})
        single = distinct.drop_duplicates()
        alone = ~single["s"].duplicated(keep=False)
        points[single["s"][alone].to_numpy()] = single.loc[alone, ["lat", "lon"]].to_numpy()
        several = distinct[distinct["s"].isin(single["s"][~alone])]
        if len(several):
            phi, lam = np.radians(several["lat"]), np.radians(several["lon"])
            xyz = pd.DataFrame(
                {"s": several["s"], "x": np.cos(phi) * np.cos(lam), "y": np.cos(phi) * np.sin(lam), "z": np.sin(phi)}
            ).sort_values(["s", "x", "y", "z"])
            mean = xyz.groupby("s").mean()
            points[mean.index] = np.degrees(
                np.column_stack([np.arctan2(mean["z"], np.hypot(mean["x"], mean["y"])), np.arctan2(mean["y"], mean["x"])])
            )
        return points

    def of_speakers(self, speakers: Iterable[str]) -> Manifest:
        """The utterances of `speakers` alone; what was set aside stays with the whole."""
        wanted = self.speaker_ids.isin(list(speakers))
        keep = wanted[self.speaker_positions]
        part = object.__new__(Manifest)  # a part of a checked table needs no second check
        part.__dict__.update(
            table=self.table[keep].reset_index(drop=True),
            embeddings=None if self.embeddings is None else self.embeddings[keep],
            source=self.source,
            has_speaker_ids=self.has_speaker_ids,
            set_aside=self.set_aside.iloc[:0],
        )
        return part
