"""A corpus with recordings, as a job finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairasr.mitigating.job import CorpusChoice
from fairasr.mitigating.spoken import read_spoken


def test_recordings_are_found_from_a_folder_named_relative_to_where_one_stands(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    relative = read_spoken(CorpusChoice(source=Path("people/utterances.csv")), sample_rate_hz=8_000, seed=0)
    absolute = read_spoken(CorpusChoice(source=world / "people" / "utterances.csv"), sample_rate_hz=8_000, seed=0)
    assert len(relative.manifest) == len(absolute.manifest) > 0
    assert (relative.recordings.read(0) == absolute.recordings.read(0)).all()
