"""A training job is checked whole before any work: the settings of the architecture with the rest of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairasr.core.errors import JobError
from fairasr.mitigating import read_from_scratch


def told(folder: Path, text: str) -> str:
    path = folder / "train.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JobError) as raised:
        read_from_scratch(path)
    return str(raised.value)


@pytest.mark.parametrize(
    ("architecture", "settings", "message"),
    [
        (
            "conformer-ctc",
            "d_modle = 32",
            "[settings] 1 of 1 settings are none of a Conformer (first: 'd_modle'; did you mean 'd_model'?)",
        ),
        ("conv-rnnt", "n_mel = 40", "[settings] 1 of 1 settings are none of a transducer (first: 'n_mel'; did you mean 'n_mels'?)"),
        (
            "conv-rnnt",
            "encoder = { chanels = [2] }",
            "none of the encoder of 'conv-rnnt' (first: 'chanels'; did you mean 'channels'?)",
        ),
        ("conformer-ctc", "astrology = 3", "(first: 'astrology'); there are n_mels, d_model"),
        ("conformer-ctc", "kernel = 4", "[settings] 1 settings of the Conformer are wrong: kernel 4 is not odd"),
    ],
)
def test_wrong_settings_are_told_with_file_table_and_the_nearest_name_before_any_work(
    tmp_path: Path, architecture: str, settings: str, message: str
) -> None:
    found = told(tmp_path, f'architecture = "{architecture}"\n[settings]\n{settings}\n[corpus]\nsource = "utterances.csv"\n')
    assert found.startswith(f"the job file '{tmp_path / 'train.toml'}' cannot be run:")
    assert message in found


def test_they_are_told_with_all_else_that_is_wrong(tmp_path: Path) -> None:
    found = told(tmp_path, 'architecture = "conformer-ctc"\nseed = -1\n[settings]\nd_modle = 3\n[budget]\nn_steps = 0\n')
    assert "'seed' is -1" in found
    assert "'d_modle'" in found
    assert "n_steps is 0" in found
    assert "[corpus] lacks 'source'" in found
