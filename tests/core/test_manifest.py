"""Manifest: every broken rule in one message, values per speaker, points per speaker."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Hypotheses, Manifest
from fairasr.core.errors import SchemaError


def table(**columns: object) -> pd.DataFrame:
    base = {"utterance_id": ["u1", "u2", "u3"], "speaker_id": ["b", "a", "b"], "reference": ["one", "", "two"]}
    return pd.DataFrame({**base, **columns})


def test_every_broken_rule_is_in_one_message_with_counts_rows_and_first_case() -> None:
    broken = table(
        utterance_id=["u1", "u1", " "],
        duration_s=[1.0, -1.0, 0.0],
        latitude_deg=[0.0, 91.0, 12.0],
        longitude_deg=[-181.0, 0.0, 400.0],
        zip_code=["00501", "501", 501],
    ).drop(columns="speaker_id")
    with pytest.raises(SchemaError) as raised:
        Manifest(table=broken, source="bad.csv")
    message = str(raised.value)
    for part in (
        "manifest 'bad.csv' breaks its schema",
        "column 'speaker_id' is missing",
        "column 'utterance_id': 1 of 3 rows are not a non-empty string (rows 2; first: ' ')",
        "column 'utterance_id': 1 of 3 rows repeat an earlier value (rows 1; first: 'u1')",
        "column 'duration_s': 2 of 3 rows are not a positive number [s] (rows 1, 2",
        "column 'latitude_deg': 1 of 3 rows",
        "column 'longitude_deg': 2 of 3 rows",
        "column 'zip_code': 2 of 3 rows are not five digits kept as text (rows 1, 2; first: '501')",
    ):
        assert part in message


def test_an_empty_table_has_nothing_to_audit() -> None:
    with pytest.raises(SchemaError, match="no rows"):
        Manifest(table=table().iloc[:0])


@pytest.mark.parametrize("shape", [(2, 4), (3,), (3, 4, 1)], ids=str)
def test_embeddings_must_be_one_row_per_utterance(shape: tuple[int, ...]) -> None:
    with pytest.raises(SchemaError, match="must be"):
        Manifest(table=table(), embeddings=np.zeros(shape, dtype=np.float32))


def test_missing_optional_values_are_no_breach() -> None:
    manifest = Manifest(table=table(duration_s=[np.nan, 1.0, 2.0], latitude_deg=[None, 1.0, 90.0], zip_code=[None, "00501", None]))
    assert len(manifest) == 3


def test_speakers_are_sorted_whatever_the_order_of_rows() -> None:
    manifest = Manifest(table=table().iloc[::-1])
    assert manifest.speaker_ids.tolist() == ["a", "b"]
    np.testing.assert_array_equal(manifest.speaker_positions, [1, 0, 1])


def test_attributes_are_the_columns_that_are_not_fairasrs_own() -> None:
    assert Manifest(table=table(accent="x", duration_s=1.0, audio_path="y")).attributes == ["accent"]


def test_a_speakers_value_is_the_one_all_utterances_agree_on() -> None:
    manifest = Manifest(
        table=pd.DataFrame(
            {
                "utterance_id": list("123456"),
                "speaker_id": ["agrees", "agrees", "differs", "differs", "none", "once"],
                "reference": "x",
                "accent": ["n", None, "n", "s", None, "s"],
            }
        )
    )
    values, disagreeing = manifest.values_by_speaker("accent")
    assert values.to_dict() == {"agrees": "n", "differs": None, "none": None, "once": "s"}
    assert disagreeing.tolist() == ["differs"]


def test_a_speakers_point_is_theirs_or_the_middle_of_several_or_unknown() -> None:
    manifest = Manifest(
        table=pd.DataFrame(
            {
                "utterance_id": list("123456"),
                "speaker_id": ["one", "one", "two", "two", "half", "none"],
                "reference": "x",
                "latitude_deg": [10.0, 10.0, 0.0, 0.0, 5.0, np.nan],
                "longitude_deg": [20.0, 20.0, 10.0, 30.0, np.nan, np.nan],
            }
        )
    )
    points = dict(zip(manifest.speaker_ids, manifest.speaker_points.tolist(), strict=True))
    assert points["one"] == [10.0, 20.0]
    assert points["two"] == pytest.approx([0.0, 20.0])
    assert np.isnan(points["half"]).all()
    assert np.isnan(points["none"]).all()


def test_a_manifest_of_some_speakers_keeps_their_rows_and_embeddings() -> None:
    embeddings = np.arange(6, dtype=np.float32).reshape(3, 2)
    part = Manifest(table=table(), embeddings=embeddings).of_speakers(["b", "nobody"])
    assert part.table["utterance_id"].tolist() == ["u1", "u3"]
    np.testing.assert_array_equal(part.embeddings, embeddings[[0, 2]])
    assert part.speaker_ids.tolist() == ["b"]


def test_hypotheses_need_a_name_and_texts() -> None:
    assert len(Hypotheses(system="a", texts={"u1": ""})) == 1
    with pytest.raises(SchemaError, match="need the name"):
        Hypotheses(system="", texts={})
    with pytest.raises(SchemaError, match=r"1 of 2 hypotheses are not text \(first: 'u2'\)"):
        Hypotheses(system="a", texts={"u1": "", "u2": None})  # type: ignore[dict-item]
