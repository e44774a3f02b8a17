"""Everything wrong that people bring: one message with what, how many, the first case and the remedy; the last report stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_corpus import N_SPEAKERS, N_UTTERANCES, REFERENCE, digests, fairasr, small_embeddings, small_table, write_embeddings

Arguments = list[object]
Making = Callable[[Path], Arguments]
N_ROWS = N_SPEAKERS * N_UTTERANCES


def csv(folder: Path, table: pd.DataFrame) -> Path:
    path = folder / "utterances.csv"
    table.to_csv(path, index=False)
    return path


def changed(column: str, *values: object) -> pd.DataFrame:
    """The small table with other values in the first rows of one column."""
    table = small_table().astype({column: object})
    table.loc[: len(values) - 1, column] = values
    return table


def without_a_column(folder: Path) -> Arguments:
    return [csv(folder, small_table().drop(columns=["speaker_id"]))]


def with_a_column_twice(folder: Path) -> Arguments:
    return [csv(folder, small_table().set_axis([*small_table().columns[:-1], "speaker_id"], axis=1))]


def with_an_id_twice(folder: Path) -> Arguments:
    return [csv(folder, changed("utterance_id", "same", "same", "same"))]


def with_two_rules_broken(folder: Path) -> Arguments:
    return [csv(folder, changed("utterance_id", "same", "same").assign(zip_code="501"))]


def with_hypotheses_of_other_ids(folder: Path) -> Arguments:
    hypotheses = folder / "hypotheses.csv"
    ids = ["other-0", *small_table()["utterance_id"].iloc[1:]]
    pd.DataFrame({"utterance_id": ids, "system": "a", "hypothesis": REFERENCE}).to_csv(hypotheses, index=False)
    return [csv(folder, small_table().drop(columns=["hypothesis"])), "--hypotheses", hypotheses]


def that_is_empty(folder: Path) -> Arguments:
    (folder / "empty.csv").touch()
    return [folder / "empty.csv"]


def with_a_header_alone(folder: Path) -> Arguments:
    return [csv(folder, small_table().iloc[:0])]


def that_is_not_there(folder: Path) -> Arguments:
    return [folder / "nowhere.csv"]


def cut_short_parquet(folder: Path) -> Arguments:
    path = folder / "utterances.parquet"
    small_table().to_parquet(path)
    path.write_bytes(path.read_bytes()[:2000])
    return [path]


def with_a_bad_line_of_json(folder: Path) -> Arguments:
    path = folder / "utterances.jsonl"
    lines = small_table().to_json(orient="records", lines=True).splitlines()
    path.write_text("\n".join([*lines[:4], '{"utterance_id": oops', *lines[5:]]))
    return [path]


def in_another_encoding(folder: Path) -> Arguments:
    path = folder / "utterances.csv"
    path.write_bytes(changed("reference", "café au lait").to_csv(index=False).encode("latin-1"))
    return [path]


def with_nul_bytes(folder: Path) -> Arguments:
    path = folder / "utterances.csv"
    path.write_bytes(small_table().to_csv(index=False).encode().replace(b"u000-1", b"u000\0-1"))
    return [path]


def north_of_the_pole(folder: Path) -> Arguments:
    return [csv(folder, changed("latitude_deg", "91", "91.5"))]


def with_swapped_coordinates(folder: Path) -> Arguments:
    table = small_table()
    return [csv(folder, table.rename(columns={"latitude_deg": "longitude_deg", "longitude_deg": "latitude_deg"}))]


def in_the_sea(folder: Path) -> Arguments:
    table = changed("latitude_deg", "0.5", "0.5")
    table.loc[:1, "longitude_deg"] = "-30.0"
    return [csv(folder, table)]


def with_zip_codes_as_numbers(folder: Path) -> Arguments:
    path = folder / "utterances.parquet"
    small_table().assign(zip_code=501).to_parquet(path)
    return [path]


def with_zip_plus_four(folder: Path) -> Arguments:
    return [csv(folder, changed("zip_code", "67001-1234"))]


def of_one_speaker(folder: Path) -> Arguments:
    return [csv(folder, small_table().assign(speaker_id="only"))]


def of_twelve_speakers(folder: Path) -> Arguments:
    return [csv(folder, small_table().groupby("speaker_id").head(1).iloc[:12])]


def of_one_cohort(folder: Path) -> Arguments:
    return [csv(folder, small_table().assign(accent="north")), "--method", "declared:accent"]


def with_nothing_to_group_by(folder: Path) -> Arguments:
    return [csv(folder, small_table()[["utterance_id", "speaker_id", "reference", "hypothesis"]])]


def of_silence(folder: Path) -> Arguments:
    return [csv(folder, small_table().assign(reference=""))]


def with_embeddings_of_two_lengths(folder: Path) -> Arguments:
    vectors = [[float(value) for value in vector] for vector in small_embeddings()]
    vectors[3] = vectors[3][:2]
    path = folder / "embeddings.parquet"
    pd.DataFrame({"utterance_id": small_table()["utterance_id"], "embedding": vectors}).to_parquet(path)
    return [csv(folder, small_table()), "--embeddings", path]


def with_embeddings_of_nan(folder: Path) -> Arguments:
    vectors = small_embeddings()
    vectors[3], vectors[4, 1] = np.nan, np.nan
    return [csv(folder, small_table()), "--embeddings", write_embeddings(folder / "embeddings.npz", vectors)]


def with_embeddings_all_equal(folder: Path) -> Arguments:
    equal = write_embeddings(folder / "embeddings.npz", np.ones((N_ROWS, 4), dtype=np.float32))
    return [csv(folder, small_table()), "--embeddings", equal, "--method", "speaker-kmeans"]


def with_more_clusters_than_speakers(folder: Path) -> Arguments:
    vectors = write_embeddings(folder / "embeddings.npz", small_embeddings())
    table = csv(folder, small_table())
    return [table, "--embeddings", vectors, "--method", "speaker-kmeans", "--set", "speaker-kmeans.n_clusters=500"]


def with_a_rule_of_another_version(folder: Path) -> Arguments:
    rule = folder / "rule.json"
    rule.write_text(json.dumps({"format": "fairasr-rule", "format_version": 99, "method": "declared", "columns": ["accent"]}))
    return [csv(folder, small_table()), "--rule", rule]


def with_a_missing_hypothesis(folder: Path) -> Arguments:
    path = folder / "utterances.jsonl"
    changed("hypothesis", None).to_json(path, orient="records", lines=True)
    return [path]


CASES: dict[Making, tuple[str, ...]] = {
    without_a_column: ("'speaker_id' is missing", "the file has utterance_id", "--no-speaker-ids"),
    with_a_column_twice: ("1 of 7 column names", "first: 'speaker_id'", "Rename or remove"),
    with_an_id_twice: ("'utterance_id'", f"2 of {N_ROWS} rows repeat", "first: 'same'", "one id"),
    with_two_rules_broken: ("breaks 2 rules", "'utterance_id'", "'zip_code'"),
    with_hypotheses_of_other_ids: (f"1 of {N_ROWS} rows", "first: 'other-0'", "first: 'u000-0'", "Write the ids alike"),
    that_is_empty: ("'empty.csv' is empty", "one row per utterance"),
    with_a_header_alone: ("header and no rows", "one row per utterance"),
    that_is_not_there: ("does not exist", "Check the path"),
    cut_short_parquet: ("2,000 bytes", "Parquet", "write or copy it again"),
    with_a_bad_line_of_json: (f"1 of {N_ROWS} lines", "first: line 5", "Mend or remove"),
    in_another_encoding: ("not utf-8", "0xE9, line 2", "name its encoding, for example --encoding cp1252"),
    with_nul_bytes: ("1 NUL characters", "line 3", "write it again"),
    north_of_the_pole: ("'latitude_deg'", f"2 of {N_ROWS} rows", "first: '91'", "Correct them"),
    with_swapped_coordinates: (f"{N_ROWS} of {N_ROWS} rows", "first: '-100.50'", "swapped", "other way round"),
    in_the_sea: (f"2 of {N_ROWS} rows lie in the sea", "first: '0.5'", "Correct them"),
    with_zip_codes_as_numbers: (f"{N_ROWS} of {N_ROWS} rows", "first: '501'", "00501", "as text"),
    with_zip_plus_four: (f"1 of {N_ROWS} rows are ZIP+4", "first: '67001-1234'", "first five digits"),
    of_twelve_speakers: (
        "12 speaker(s) in 12 utterances",
        "Add speakers, or lower --min-speakers to 3 or less knowing what it means for privacy.",
    ),
    of_one_speaker: (f"1 speaker(s) in {N_ROWS} utterances", "at least 20", "Add speakers, or take each", ": --no-speaker-ids."),
    of_one_cohort: ("declared:accent cannot run", "1 value(s)", "a gap needs two"),
    with_nothing_to_group_by: (
        "no discovery method can run",
        f"among half of its {N_SPEAKERS} speakers, by these columns: none.",
        "with --column NAME=COLUMN",
    ),
    of_silence: (f"all {N_ROWS} references", "no rate is defined", "Give references"),
    with_embeddings_of_two_lengths: (
        f"1 of {N_ROWS} rows",
        "4 numbers",
        "the first has 2",
        "first: 'u001-1'",
        "Compute them again",
    ),
    with_embeddings_of_nan: (f"2 of {N_ROWS} rows", "NaN", "first: 'u001-1'", "Compute them again, or pass --bad-rows set-aside"),
    with_embeddings_all_equal: ("speaker-kmeans cannot run", f"{N_SPEAKERS // 2} discovery speakers", "1 different"),
    with_more_clusters_than_speakers: ("n_clusters is 500", f"only {N_SPEAKERS // 2} discovery speakers"),
    with_a_rule_of_another_version: ("format version 99", "reads version 1", "Discover the cohorts again"),
    with_a_missing_hypothesis: (f"1 of {N_ROWS} utterances", "first: 'u000-0'", "Pass --missing deletions"),
}


def test_there_are_cases() -> None:
    assert len(CASES) > 20


@pytest.mark.parametrize("making", CASES, ids=lambda making: making.__name__)
def test_audit_refuses_a_table(making: Making, audited: Path, tmp_path: Path) -> None:
    before = digests(audited)
    outcome = fairasr("audit", *making(tmp_path), "-o", audited, "--permutations", 0)
    assert outcome.status == 1
    assert outcome.printed == ""
    assert [text for text in CASES[making] if text not in outcome.message] == [], outcome.message
    assert outcome.message.count("Error: ") == 1, "one message"
    assert "Traceback" not in outcome.message
    assert before
    assert digests(audited) == before


@pytest.mark.parametrize("making", CASES, ids=lambda making: making.__name__)
def test_no_message_shows_an_internal_name(making: Making, tmp_path: Path) -> None:
    message = fairasr("audit", *making(tmp_path), "-o", tmp_path / "report", "--permutations", 0).message
    assert "__init__" not in message
    assert "object at 0x" not in message
    assert re.findall(r"(?<![\w-])[a-z_]+='|[a-z_]+=[ .]", message) == [], "an argument of the library, not an option"
    assert not (tmp_path / "report").exists()
