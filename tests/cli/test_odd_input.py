"""What looks odd and is fine: it must go through, and come out harmless."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from small_corpus import N_SPEAKERS, N_UTTERANCES, WORDS, Outcome, fairasr, small_table

from fairasr.report import read_audit

SCRIPT, FORMULA = "<script>alert(1)</script>", '=HYPERLINK("x")'


def audit(table: Path, output: Path, *arguments: object) -> Outcome:
    outcome = fairasr("audit", table, "-o", output, "--permutations", 0, *arguments)
    assert outcome.status == 0, outcome.message
    return outcome


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    lines = small_table().to_csv(index=False).encode().split(b"\n")
    ends = (b"\n", b"\r\n", b"\r")
    table = tmp_path / "utterances.csv"
    table.write_bytes(b"".join(line + ends[row % 3] for row, line in enumerate(lines)))
    audit(table, tmp_path / "report", "--method", "declared:accent")
    assert read_audit(tmp_path / "report").data["n_utterances"] == N_SPEAKERS * N_UTTERANCES


def test_a_transcript_may_have_100_000_characters(tmp_path: Path) -> None:
    words = [WORDS[position % len(WORDS)] for position in range(25_000)]
    table = small_table()
    table.loc[0, ["reference", "hypothesis"]] = [" ".join(words), " ".join(words[:-1])]
    assert len(table.loc[0, "reference"]) > 100_000
    table.to_csv(tmp_path / "utterances.csv", index=False)
    audit(tmp_path / "utterances.csv", tmp_path / "report", "--method", "declared:accent")
    audited = read_audit(tmp_path / "report")
    assert audited.data["n_ref_words"] == 25_000 + len(WORDS) * (N_SPEAKERS * N_UTTERANCES - 1)
    assert audited.systems[0].totals["deletions"] == 1


def test_speakers_without_a_place_are_counted_as_unknown(tmp_path: Path) -> None:
    table = small_table()
    table.loc[table["speaker_id"] < "s030", ["latitude_deg", "longitude_deg"]] = ["NaN", ""]
    table.to_csv(tmp_path / "utterances.csv", index=False)
    audit(tmp_path / "utterances.csv", tmp_path / "report", "--method", "geo-tree", "--allow-double-dipping")
    cohorts = read_audit(tmp_path / "report")["geo-tree"].by_cohort
    assert cohorts.loc["unknown", "n_speakers"] == 30


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose group names and speakers are markup and formulas."""
    folder = tmp_path_factory.mktemp("hostile")
    table = small_table().replace({"north": SCRIPT, "south": FORMULA})
    table["speaker_id"] = [f"{SCRIPT}{name}" if position % 2 else f"={name}" for position, name in enumerate(table["speaker_id"])]
    table["speaker_id"] = table.groupby(small_table()["speaker_id"])["speaker_id"].transform("first")
    table.loc[0, "hypothesis"] = SCRIPT
    table.to_csv(folder / "utterances.csv", index=False)
    return folder / "utterances.csv"


def test_markup_in_names_is_text_on_the_page(hostile: Path, tmp_path: Path) -> None:
    audit(hostile, tmp_path / "report", "--method", "declared:accent", "--title", SCRIPT)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_no_cell_for_a_spreadsheet_starts_as_a_formula(hostile: Path, tmp_path: Path) -> None:
    audit(hostile, tmp_path / "report", "--method", "declared:accent")
    assert fairasr("score", hostile, "-o", tmp_path / "counts.csv").status == 0
    for path in (tmp_path / "report" / "cohorts.csv", tmp_path / "counts.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert [cell for cell in cells if cell.startswith(("'=", "'" + FORMULA))] != []
        assert [cell for cell in cells if cell.startswith(("=", "@", "\t"))] == []


def test_a_corpus_without_speakers_says_so_in_every_result(tmp_path: Path) -> None:
    small_table().drop(columns=["speaker_id"]).to_csv(tmp_path / "utterances.csv", index=False)
    outcome = audit(tmp_path / "utterances.csv", tmp_path / "report", "--no-speaker-ids", "--method", "declared:accent")
    assert "names no speakers" in " ".join(outcome.printed.split())
    assert "names no speakers" in " ".join((tmp_path / "report" / "report.html").read_text(encoding="utf-8").split())
    assert not read_audit(tmp_path / "report").data["has_speaker_ids"]


def test_bad_rows_are_set_aside_and_counted_when_asked(tmp_path: Path) -> None:
    table = pd.concat([small_table(), small_table().iloc[:2]], ignore_index=True)
    table.to_csv(tmp_path / "utterances.csv", index=False)
    arguments = ("--bad-rows", "set-aside", "--method", "declared:accent")
    outcome = audit(tmp_path / "utterances.csv", tmp_path / "report", *arguments)
    assert sum(read_audit(tmp_path / "report").data["set_aside"].values()) == 2
    assert f"2 of {N_SPEAKERS * N_UTTERANCES + 2} rows" in outcome.printed
