"""`fairasr verify audit` from files to a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner
from voices import write_voices

from fairasr.cli.main import run


def fairasr(*arguments: object) -> tuple[int, str]:
    outcome = CliRunner().invoke(run, [str(argument) for argument in arguments])
    return outcome.exit_code, outcome.output


def test_audit_writes_a_report_of_every_verifier(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    folder = tmp_path / "report"
    status, printed = fairasr(
        "verify", "audit", table, "--embeddings", f"one={vectors}", "--embeddings", f"two={vectors}", "--group", "sex", "-o", folder
    )
    assert status == 0, printed
    assert "one: EER" in printed
    assert "declared:sex: gap +" in printed
    data = json.loads((folder / "report.json").read_text())
    assert [system["system"] for system in data["systems"]] == ["one", "two"]
    assert data["data"]["trials_from"] == "made"
    assert (folder / "report.html").is_file()


def test_scores_of_a_list_of_trials_are_audited(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=24, n_each=2)
    ids = [(f"u{n:03d}-0", f"u{m:03d}-1", n == m) for n in range(24) for m in range(24)]
    (tmp_path / "trials").write_text("".join(f"{one} {other} {'' if same else 'non'}target\n" for one, other, same in ids))
    (tmp_path / "x.txt").write_text("".join(f"{0.9 - n % 7 / 10 if same else n % 5 / 10}\n" for n, (_, _, same) in enumerate(ids)))
    status, printed = fairasr(
        "verify", "audit", table, "--trials", tmp_path / "trials", "--scores", f"x={tmp_path / 'x.txt'}", "-o", tmp_path / "report"
    )
    assert status == 0, printed
    data = json.loads((tmp_path / "report" / "report.json").read_text())
    assert (data["data"]["n_target"], data["data"]["n_nontarget"], data["data"]["trials_from"]) == (24, 552, "file")


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        ([], 2, "give --scores or --embeddings"),
        (["--scores", "nothing"], 2, "are not NAME=VALUE"),
        (["--scores", "x=absent.txt"], 1, "does not exist"),
        (["--scores", "x=absent.txt", "--group", "colour"], 1, "there is no column 'colour'"),
    ],
)
def test_wrong_use_is_told_and_writes_nothing(tmp_path: Path, options: list[str], status: int, why: str) -> None:
    table, _ = write_voices(tmp_path, n_speakers=4)
    found, printed = fairasr("verify", "audit", table, *options, "-o", tmp_path / "report")
    assert found == status
    assert why in " ".join(printed.replace("│", " ").split())
    assert not (tmp_path / "report").exists()
