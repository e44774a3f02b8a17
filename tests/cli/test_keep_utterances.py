"""`fairasr audit --keep-utterances`: every transcript beside the report, to be looked at with its errors and its recording."""

from __future__ import annotations

from pathlib import Path

from small_corpus import REFERENCE, WORDS, fairasr, small_table

from fairasr.core.provenance import sha256_of
from fairasr.dashboard.utterances import Utterances

ARGUMENTS = ("--method", "declared:accent", "--permutations", 0)


def test_utterances_that_are_kept_can_be_looked_at_and_listened_to(tmp_path: Path) -> None:
    table = small_table().drop(columns=["latitude_deg", "longitude_deg", "zip_code"])
    table["audio_path"] = [f"clips/{name}.wav" for name in table["utterance_id"]]
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "u004-1.wav").write_bytes(b"RIFF")
    table.to_csv(tmp_path / "utterances.csv", index=False)
    report = tmp_path / "report"
    outcome = fairasr("audit", tmp_path / "utterances.csv", "-o", report, "--keep-utterances", *ARGUMENTS)
    assert outcome.status == 0, outcome.message

    kept = Utterances.open(report, sha256_of(report / "report.json"))
    assert kept is not None
    north = kept.page(system="system", method="declared:accent", cohort="north", size=5)
    assert north.total == 80
    # Speakers 4, 12, 20 ... of the north have one wrong word more than the three of their accent.
    assert [row.utterance_id for row in north.rows] == ["u004-0", "u004-1", "u012-0", "u012-1", "u020-0"]
    assert {(row.substitutions, row.n_ref, row.reference) for row in north.rows} == {(4, 6, REFERENCE)}
    assert [step.kind for step in north.rows[0].steps] == ["substitution"] * 4 + ["hit"] * 2
    assert [kept.audio_of(row.position) for row in north.rows[:3]] == [None, tmp_path / "clips" / "u004-1.wav", None]

    outcome = fairasr("audit", tmp_path / "utterances.csv", "-o", report, *ARGUMENTS)
    assert outcome.status == 0, outcome.message
    assert Utterances.open(report, sha256_of(report / "report.json")) is None
    text = b"".join(path.read_bytes() for path in report.rglob("*") if path.is_file())
    assert " ".join(WORDS).encode() not in text
    assert b"u004-1" not in text
