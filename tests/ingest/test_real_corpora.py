"""The real corpora: each recipe reads what its corpus's README counts. Skipped where they are not beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.ingest import read

RECIPES = Path(__file__).resolve().parents[2] / "data_manifests"

COUNTS = {
    # recipe: (folder, utterances, speakers, systems, hypotheses)
    "afrispeech200": ("afrispeech200", 5471, 735, 25, 136_775),
    "afrispeech_mitigation": ("afrispeech_mitigation", 1889, 403, 4, 7_556),
    "artie_bias": ("artie_bias", 1712, 969, 9, 15_408),
    "cv_german": ("swiss_german", 1000, 1000, 11, 11_000),
    "edacc": ("edacc", 9177, 60, 9, 82_593),
    "fsdd": ("fsdd", 2700, 6, 0, 0),
    "speech_accent_archive": ("speech_accent_archive", 887, 887, 3, 1_045),
    "swiss_german": ("swiss_german", 863, 863, 15, 12_945),
}
"""As the README of each folder counts them."""


def test_every_recipe_is_counted() -> None:
    assert {path.stem for path in RECIPES.glob("*.toml") if "[corpus]" in path.read_text(encoding="utf-8")} == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_a_recipe_reads_what_the_readme_counts(name: str, shared_data: Path, real_land: None) -> None:
    folder, utterances, speakers, systems, hypotheses = COUNTS[name]
    corpus = read(shared_data / folder, recipe=RECIPES / f"{name}.toml")
    assert len(corpus.manifest) == utterances
    assert len(corpus.manifest.speaker_ids) == speakers
    assert corpus.manifest.set_aside.empty
    assert len(corpus.systems) == systems
    assert sum(len(system) for system in corpus.systems) == hypotheses
    assert corpus.manifest.has_speaker_ids == (folder != "swiss_german")
    assert set(corpus.defaults.get("groups", [])) <= set(corpus.manifest.attributes)
    assert not any(note.startswith("Set aside") for note in corpus.notes)


def test_spellings_of_one_accent_are_merged_and_every_speaker_has_a_point(shared_data: Path, real_land: None) -> None:
    manifest = read(shared_data / "afrispeech200", recipe=RECIPES / "afrispeech200.toml").manifest
    accents = set(manifest.table["accent"])
    assert len(accents) == 108 - 10
    assert not accents & {"tswana", "isizulu", "ishan", "ijaw"}
    assert np.isfinite(manifest.speaker_points).all()
    assert manifest.values_by_speaker("accent")[1].empty  # accents are constant per speaker, as the README says
    assert len(manifest.values_by_speaker("gender")[1]) == 156


def test_the_normalised_variant_reads_the_origins_own_normalisation(shared_data: Path, real_land: None) -> None:
    source = pd.read_parquet(shared_data / "afrispeech200" / "utterances.parquet")
    corpus = read(shared_data / "afrispeech200", recipe=RECIPES / "afrispeech200.toml", variant="normalised")
    assert list(corpus.manifest.table["reference"]) == list(source["reference_normalized"])
    hypotheses = pd.read_parquet(shared_data / "afrispeech200" / "hypotheses.parquet")
    whisper = hypotheses[hypotheses["system"] == "openai_whisper_large"].set_index("utterance_id")["hypothesis_normalized"]
    read_back = next(system for system in corpus.systems if system.system == "openai_whisper_large")
    assert dict(read_back.texts) == whisper.to_dict()


def test_heard_nothing_is_kept_apart_from_failed(shared_data: Path, real_land: None) -> None:
    corpus = read(shared_data / "artie_bias", recipe=RECIPES / "artie_bias.toml")
    empty = {system.system: sum(text == "" for text in system.texts.values()) for system in corpus.systems}
    assert {name: empty[name] for name in ("google-en-IN", "google-en-GB", "google-en-US")} == {
        "google-en-IN": 137,
        "google-en-GB": 69,
        "google-en-US": 36,
    }
    assert all(len(system) == 1712 for system in corpus.systems)


def test_markers_are_dropped_from_edacc_and_namibians_keep_their_country(shared_data: Path, real_land: None) -> None:
    edacc = read(shared_data / "edacc", recipe=RECIPES / "edacc.toml")
    assert not edacc.manifest.table["reference"].str.contains("[<>]").any()
    archive = read(shared_data / "speech_accent_archive", recipe=RECIPES / "speech_accent_archive.toml")
    source = pd.read_parquet(shared_data / "speech_accent_archive" / "utterances.parquet")
    assert (archive.manifest.table["country_iso2"] == "NA").sum() == (source["country_iso2"] == "NA").sum()
    assert archive.manifest.table["zip_code"].notna().sum() == 150
    assert archive.manifest.table["audio_path"].notna().sum() == 536
    assert Path(archive.manifest.table["audio_path"].dropna().iloc[0]).is_file()
