"""A table of turns that does not belong to the references, or lacks what is needed, is refused by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scored_world import scored, write_world

from fairasr.core.errors import IngestError, SchemaError


def test_a_table_of_other_turns_is_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    table = pd.read_csv(tmp_path / "turns.csv")
    table.loc[0, "reference"] = "nine"
    table.to_csv(tmp_path / "turns.csv", index=False)
    with pytest.raises(IngestError, match=r"other turns than the references of 1 of 3 utterances \(first: 'm1'\)"):
        scored(tmp_path)


@pytest.mark.parametrize(
    ("column", "away_s", "is_refused"), [("start_s", 0.01, False), ("start_s", 0.02, True), ("end_s", 0.02, True)]
)
def test_a_table_of_other_times_is_refused(tmp_path: Path, column: str, away_s: float, is_refused: bool) -> None:
    """A hundredth is a matter of rounding."""
    write_world(tmp_path)
    table = pd.read_csv(tmp_path / "turns.csv")
    table.loc[1, column] += away_s
    table.to_csv(tmp_path / "turns.csv", index=False)
    if is_refused:
        with pytest.raises(
            IngestError, match=r"of 1 of 3 utterances \(first: 'm1'\): other words, or times more than 0\.01 s away"
        ):
            scored(tmp_path)
    else:
        assert scored(tmp_path).table["start_s"].tolist()[1] == pytest.approx(1.01)


@pytest.mark.parametrize("column", ["turn_id", "utterance_id", "speaker_id"])
def test_a_turn_without_an_id_is_refused(tmp_path: Path, column: str) -> None:
    write_world(tmp_path)
    table = pd.read_csv(tmp_path / "turns.csv")
    table.loc[3, column] = " "
    table.to_csv(tmp_path / "turns.csv", index=False)
    with pytest.raises(IngestError, match=rf"1 of 5 turns have no {column} \(first: row 3"):
        scored(tmp_path)


@pytest.mark.parametrize("column", ["turn_id", "speaker_id", "start_s"])
def test_a_table_of_turns_without_a_column_is_refused(tmp_path: Path, column: str) -> None:
    write_world(tmp_path)
    pd.read_csv(tmp_path / "turns.csv").drop(columns=column).to_csv(tmp_path / "turns.csv", index=False)
    with pytest.raises(IngestError, match=f"lacks 1 of 6 columns of a table of turns .first: '{column}'"):
        scored(tmp_path)


def test_turns_without_times_are_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    pd.read_csv(tmp_path / "turns.csv").assign(end_s="soon").to_csv(tmp_path / "turns.csv", index=False)
    with pytest.raises(SchemaError, match="turn 'm1-1': the turn 'one two' lasts from"):
        scored(tmp_path)


def test_a_turn_named_twice_is_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    pd.read_csv(tmp_path / "turns.csv").assign(turn_id="x").to_csv(tmp_path / "turns.csv", index=False)
    with pytest.raises(IngestError, match="4 of 5 turns repeat the turn_id"):
        scored(tmp_path)
