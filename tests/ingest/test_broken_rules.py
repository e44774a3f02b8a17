"""Rows and columns that break rules: every broken rule in one message, or rows set aside and counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core.errors import SchemaError
from fairasr.ingest import read


def with_value(table: pd.DataFrame, column: str, row: int, value: object) -> pd.DataFrame:
    out = table.astype(object)
    out.loc[row, column] = value
    return out


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("utterance_id", None, r"'utterance_id': 1 of 4 rows have no id \(rows 1; first: None\)"),
        ("utterance_id", "  ", r"'utterance_id': 1 of 4 rows have no id"),
        ("utterance_id", "u0", r"'utterance_id': 1 of 4 rows repeat an earlier value \(rows 1; first: 'u0'\)"),
        ("speaker_id", "", r"'speaker_id': 1 of 4 rows name no speaker .*--no-speaker-ids.*too narrow"),
        ("reference", None, r"'reference': 1 of 4 rows have no reference .*'' would be silence"),
        ("latitude_deg", "91", r"'latitude_deg': 1 of 4 rows are not a number in -90\.\.90 .*first: '91'"),
        ("latitude_deg", "north", r"'latitude_deg': 1 of 4 rows are not numbers .*first: 'north'\)\. Write decimal degrees"),
        ("latitude_deg", "48,1", r"'latitude_deg': 1 of 4 rows are not numbers"),
        ("latitude_deg", float("inf"), r"'latitude_deg': 1 of 4 rows are infinite"),
        ("longitude_deg", "-inf", r"'longitude_deg': 1 of 4 rows are infinite"),
        ("longitude_deg", "181", r"'longitude_deg': 1 of 4 rows are not a number in -180\.\.180"),
        ("longitude_deg", "", r"'longitude_deg': 1 of 4 rows have a latitude and no longitude"),
        ("latitude_deg", None, r"'latitude_deg': 1 of 4 rows have a longitude and no latitude"),
        ("longitude_deg", "-30", r"'latitude_deg': 1 of 4 rows lie in the sea, more than 50 km from land .*Correct them"),
        ("zip_code", 501, r"'zip_code': 1 of 4 rows have fewer than five digits .*first: '501'\).*501 was 00501"),
        ("zip_code", 501.0, r"'zip_code': 1 of 4 rows have fewer than five digits"),
        ("zip_code", "10001.0", r"'zip_code': 1 of 4 rows are decimal numbers .*as text"),
        ("zip_code", "00501-1234", r"'zip_code': 1 of 4 rows are ZIP\+4 .*first five digits"),
        ("zip_code", "SW1A 1AA", r"'zip_code': 1 of 4 rows are not five digits"),
        ("zip_code", "１２３４５", r"'zip_code': 1 of 4 rows are not five digits"),
        ("duration_s", "0", r"'duration_s': 1 of 4 rows are not a positive number \[s\]"),
        ("duration_s", "1:30", r"'duration_s': 1 of 4 rows are not a positive number \[s\]"),
        ("duration_s", "inf", r"'duration_s': 1 of 4 rows are not a positive number \[s\]"),
    ],
)
def test_each_bad_value_is_one_sentence_with_count_row_and_value(
    good: pd.DataFrame, column: str, value: object, message: str
) -> None:
    with pytest.raises(SchemaError, match=message) as error:
        read(with_value(good, column, 1, value))
    assert "'DataFrame' breaks 1 rule " in str(error.value)
    assert str(error.value).count("\n  - ") == 1


def test_every_broken_rule_is_in_one_message(good: pd.DataFrame) -> None:
    bad = good.drop(columns="reference").astype(object)
    bad.loc[0, "zip_code"], bad.loc[1, "latitude_deg"], bad.loc[2, "speaker_id"] = "501", "91", None
    hypotheses = pd.DataFrame({"utterance_id": ["u0", "other"], "system": "s", "hypothesis": "x"})
    with pytest.raises(SchemaError) as error:
        read(bad, hypotheses=hypotheses)
    message = str(error.value)
    assert "breaks 5 rules" in message
    for part in ("column 'reference' is missing", "fewer than five", "-90..90", "name no speaker", "join to no utterance"):
        assert part in message


def test_points_in_the_sea_that_are_on_land_the_other_way_round_are_called_swapped(good: pd.DataFrame) -> None:
    bad = good.assign(latitude_deg="10", longitude_deg="60").iloc[:3]  # the test planet: sea as given, land as 60 N 10 E
    with pytest.raises(SchemaError, match=r"3 of 3 rows lie in the sea.*look swapped: the other way round 3 of these points fit"):
        read(bad)


def test_latitudes_that_only_a_longitude_can_have_are_called_swapped(good: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match=r"not a number in -90\.\.90.*look swapped: the other way round 4 of these points fit"):
        read(good.assign(latitude_deg="-100", longitude_deg="40"))


def test_an_impossible_latitude_that_fits_neither_way_is_not_called_swapped(good: pd.DataFrame) -> None:
    with pytest.raises(SchemaError) as error:
        read(with_value(good, "latitude_deg", 0, "200"))
    assert "swapped" not in str(error.value)


def test_the_point_zero_zero_is_an_unknown_place_written_as_zeros(good: pd.DataFrame) -> None:
    bad = with_value(with_value(good, "latitude_deg", 0, "0"), "longitude_deg", 0, "0.0")
    with pytest.raises(SchemaError, match=r"1 of 4 rows lie at 0, 0 .*leave both cells empty"):
        read(bad)


def test_one_coordinate_column_without_the_other_is_refused(good: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match=r"column 'longitude_deg' is missing although 'latitude_deg' is there"):
        read(good.drop(columns="longitude_deg"))


def test_missing_and_nan_coordinates_are_unknown_places(good: pd.DataFrame) -> None:
    table = good.assign(latitude_deg=["nan", "", None, "50.9"], longitude_deg=["NaN", "", None, "6.9"])
    found = read(table).manifest.table["latitude_deg"]
    assert np.isnan(found[:3]).all()
    assert found[3] == 50.9


def test_real_towns_are_on_land_and_mid_ocean_is_not(good: pd.DataFrame, real_land: None) -> None:
    towns = good.assign(latitude_deg=["-36.85", "22.3", "64.15", "-1.29"], longitude_deg=["174.76", "114.17", "-21.94", "36.82"])
    assert len(read(towns).manifest) == 4
    with pytest.raises(SchemaError, match="1 of 4 rows lie in the sea"):
        read(with_value(with_value(towns, "latitude_deg", 2, "30"), "longitude_deg", 2, "-45"))


def test_a_missing_column_is_suggested_from_what_the_file_has(good: pd.DataFrame) -> None:
    with pytest.raises(
        SchemaError, match=r"'reference' is missing .*the file has .*If it is 'text', map it: columns=\{'reference': 'text'\}"
    ):
        read(good.rename(columns={"reference": "text"}))
    with pytest.raises(SchemaError, match=r"If it is 'utterance-id', map it"):
        read(good.rename(columns={"utterance_id": "utterance-id"}))
    with pytest.raises(SchemaError, match=r"no column 'txt', which is mapped to 'reference'; did you mean 'text'\?"):
        read(good.rename(columns={"reference": "text"}), columns={"reference": "txt"})


def test_a_missing_speaker_column_says_what_going_on_without_costs(good: pd.DataFrame) -> None:
    nameless = good.drop(columns="speaker_id")
    with pytest.raises(
        SchemaError, match=r"'speaker_id' is missing .*speaker_ids=False \(--no-speaker-ids\).*intervals are too narrow"
    ):
        read(nameless)
    manifest = read(nameless, speaker_ids=False).manifest
    assert not manifest.has_speaker_ids
    assert list(manifest.table["speaker_id"]) == list(good["utterance_id"])


def test_rows_that_cannot_be_used_are_set_aside_with_reason_and_attributes(good: pd.DataFrame) -> None:
    bad = good.astype(object)
    bad.loc[0, "reference"], bad.loc[1, "speaker_id"], bad.loc[3, "utterance_id"] = None, "", "u2"
    bad.loc[1, "reference"] = None
    corpus = read(bad, bad_rows="set-aside")
    aside = corpus.manifest.set_aside
    assert list(corpus.manifest.table["utterance_id"]) == ["u2"]
    assert list(aside["reason"]) == ["no reference", "no speaker_id; no reference", "utterance_id repeats an earlier one"]
    assert list(aside["speaker_id"]) == ["ann", "", "cem"]
    assert list(aside["accent"]) == ["north", "north", "south"]
    assert "hypothesis" not in aside
    assert dict(corpus.systems[0].texts) == {"u2": "it rain"}
    assert sum(note.startswith("Set aside or left out") for note in corpus.notes) == 3


def test_bad_optional_values_are_left_out_and_counted(good: pd.DataFrame) -> None:
    bad = good.astype(object)
    bad.loc[0, "zip_code"], bad.loc[1, "latitude_deg"], bad.loc[2, "duration_s"] = "00501-1234", "91", "-1"
    corpus = read(bad, bad_rows="set-aside")
    table = corpus.manifest.table
    assert len(table) == 4
    assert corpus.manifest.set_aside.empty
    assert pd.isna(table["zip_code"][0])
    assert np.isnan(table.loc[1, ["latitude_deg", "longitude_deg"]].to_numpy(dtype=float)).all()
    assert np.isnan(table["duration_s"][2])
    assert table["duration_s"][0] == 1.5
    assert any("1 of 4 rows are ZIP+4" in note for note in corpus.notes)


def test_when_no_row_can_be_used_setting_aside_is_an_error(good: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="none of the 4 rows can be used"):
        read(good.assign(speaker_id=""), bad_rows="set-aside")


@pytest.mark.parametrize(
    "path",
    ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "http://host/a.wav", "sox a.wav -t wav - |", "file:///etc/passwd"],
)
def test_audio_outside_the_corpus_folder_is_refused(good: pd.DataFrame, tmp_path: Path, path: str) -> None:
    good.assign(audio_path=["a/b.wav", path, "..c.wav", None]).to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    with pytest.raises(SchemaError, match=r"'audio_path': 1 of 4 rows .*bad_rows='set-aside'"):
        read(tmp_path / "a.jsonl")
    kept = read(tmp_path / "a.jsonl", bad_rows="set-aside").manifest.table["audio_path"]
    assert kept[0] == str(tmp_path / "a" / "b.wav")
    assert pd.isna(kept[1])
    assert kept[2] == str(tmp_path / "..c.wav")


def test_a_link_that_leads_out_of_the_corpus_folder_is_refused(good: pd.DataFrame, tmp_path: Path) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "outside"
    corpus.mkdir()
    outside.mkdir()
    (outside / "x.wav").write_bytes(b"x")
    (corpus / "link").symlink_to(outside)
    (corpus / "x.wav").symlink_to(outside / "x.wav")
    good.assign(audio_path=["link/x.wav", "x.wav", "y.wav", None]).to_json(corpus / "a.jsonl", orient="records", lines=True)
    with pytest.raises(SchemaError, match=r"'audio_path': 2 of 4 rows lead out of the corpus's folder by a symbolic link"):
        read(corpus / "a.jsonl")
