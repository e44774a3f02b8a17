"""Real recordings: six speakers of digits, embedded by the pretrained encoder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import MissingExtraError
from fairasr.ingest import read
from fairasr.models import ResemblyzerEncoder, embed_to_file
from fairasr.verifying import audit_verification

DIGITS = (3, 7)
N_TAKES = 4


def test_a_pretrained_encoder_tells_six_speakers_of_digits_apart_better_than_chance(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "fsdd"
    if not folder.is_dir():
        pytest.skip("the spoken digits are not beside the repository")
    try:
        encoder = ResemblyzerEncoder()
    except MissingExtraError:
        pytest.skip("the pretrained encoder is not installed")
    table = pd.read_csv(folder / "metadata.csv")
    some = table[table["digit"].isin(DIGITS)].groupby(["speaker_id", "digit"]).head(N_TAKES)
    corpus = read(some.drop(columns=["audio_path"]))
    embed_to_file(Manifest(table=some), encoder=encoder, audio_root=folder, path=tmp_path / "voices.npz")
    result = audit_verification(
        corpus, seed=0, embeddings={"resemblyzer": tmp_path / "voices.npz"}, groups=["country_iso2"], min_speakers=2
    )
    system = result.systems[0]
    assert result.data["n_speakers"] == 6
    assert 0 < system.eer.value < 0.3
    assert system.eer.lo < system.eer.value < system.eer.hi
    assert (system.reports["declared:country_iso2"].groups["suppressed"] != "").any()
