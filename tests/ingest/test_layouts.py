"""NeMo, Kaldi, Common Voice, NIST trn and stm: small files written by hand from each format's description."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from fairasr.core.errors import IngestError, SchemaError
from fairasr.ingest import read


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def test_a_nemo_manifest_is_recognised_and_null_or_absent_pred_text_is_failed(tmp_path: Path) -> None:
    rows = [
        {"audio_filepath": "wavs/1.wav", "text": "one two", "pred_text": "one", "duration": 1.5, "speaker": 7, "accent": "north"},
        {"audio_filepath": "wavs/2.wav", "text": "", "pred_text": "", "duration": 2, "speaker": 8},
        {"audio_filepath": "wavs/3.wav", "text": "three", "pred_text": None, "duration": 2, "speaker": 8},
        {"audio_filepath": "wavs/4.wav", "text": "four", "duration": 2, "speaker": 8},
    ]
    path = write(tmp_path, manifest__json="\n".join(json.dumps(row) for row in rows)) / "manifest.json"
    corpus = read(path, system="conformer")
    table = corpus.manifest.table
    assert list(table["utterance_id"]) == ["wavs/1.wav", "wavs/2.wav", "wavs/3.wav", "wavs/4.wav"]
    assert list(table["speaker_id"]) == ["7", "8", "8", "8"]
    assert list(table["duration_s"]) == [1.5, 2, 2, 2]
    assert table["audio_path"][0] == str(tmp_path / "wavs" / "1.wav")
    assert dict(corpus.systems[0].texts) == {"wavs/1.wav": "one", "wavs/2.wav": ""}
    assert corpus.systems[0].system == "conformer"
    assert corpus.notes[0] == "'manifest.json' was read as a NeMo manifest."


def test_segments_of_one_recording_in_a_nemo_manifest_are_told_apart_by_offset(tmp_path: Path) -> None:
    rows = [{"audio_filepath": "a.wav", "offset": offset, "text": "x", "speaker": "s"} for offset in (0.0, 1.5)]
    path = write(tmp_path, m__jsonl="\n".join(json.dumps(row) for row in rows)) / "m.jsonl"
    assert list(read(path).manifest.table["utterance_id"]) == ["a.wav@0", "a.wav@1.5"]


def kaldi(folder: Path) -> Path:
    return write(
        folder,
        text="ann-1 good  morning\nann-2\nben-1 it rains\n",
        utt2spk="ann-1 ann\nann-2 ann\nben-1 ben\n",
        spk2gender="ann f\nben m\n",
        utt2lang="ann-1 en\nben-1 en\n",
        reco2dur="ann-1 1.5\nann-2 0.8\nben-1 2\n",
        wav__scp="ann-1 wav/1.wav\nann-2 wav/2.wav\nben-1 wav/3.wav\n",
    )


def test_a_kaldi_folder_brings_speakers_genders_languages_durations_and_audio(tmp_path: Path) -> None:
    folder = kaldi(tmp_path / "test")
    (tmp_path / "hyp.txt").write_text("ann-1 good morning\nben-1\n", encoding="utf-8")
    corpus = read(folder, hypotheses={"tdnn": tmp_path / "hyp.txt"})
    table = corpus.manifest.table
    assert list(table["reference"]) == ["good  morning", "", "it rains"]
    assert list(table["gender"]) == ["female", "female", "male"]
    assert table["language"].isna().tolist() == [False, True, False]
    assert list(table["duration_s"]) == [1.5, 0.8, 2.0]
    assert table["audio_path"][2] == str(folder / "wav" / "3.wav")
    assert dict(corpus.systems[0].texts) == {"ann-1": "good morning", "ben-1": ""}
    assert corpus.systems[0].system == "tdnn"
    assert set(corpus.inputs) == {"text", "utt2spk", "spk2gender", "utt2lang", "wav.scp", "reco2dur", "hyp.txt"}


def test_the_hypotheses_of_a_kaldi_folder_may_be_another_folders_text(tmp_path: Path) -> None:
    folder = kaldi(tmp_path / "test")
    decoded = write(tmp_path / "decoded", text="ann-1 x\nann-2 y\nben-1 z\n")
    corpus = read(folder, hypotheses=decoded / "text")
    assert list(corpus.systems[0].texts.values()) == ["x", "y", "z"]
    assert set(corpus.inputs) >= {"text", "decoded/text"}


def test_kaldi_segments_give_durations_and_no_audio_of_whole_recordings(tmp_path: Path) -> None:
    folder = kaldi(tmp_path / "test")
    write(folder, segments="ann-1 rec 0.0 1.25\nann-2 rec 1.25 2.0\nben-1 rec 2.0 5\n")
    table = read(folder).manifest.table
    assert list(table["duration_s"]) == [1.25, 0.75, 3.0]
    assert "audio_path" not in table


def test_commands_in_wav_scp_are_refused_and_never_run(tmp_path: Path) -> None:
    folder = kaldi(tmp_path / "test")
    write(folder, wav__scp=f"ann-1 touch {tmp_path}/ran |\nann-2 wav/2.wav\nben-1 wav/3.wav\n")
    with pytest.raises(IngestError, match=r"'wav\.scp': 1 of 3 entries are shell commands \(first: 'ann-1'\).*never runs"):
        read(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"utt2spk": "ann-1 ann\nann-2\nben-1 ben\n"}, r"'utt2spk': 1 of 3 lines have a key and no value \(first: 'ann-2'\)"),
        ({"utt2spk": "ann-1 ann\nann-1 ben\nben-1 ben\n"}, r"'utt2spk': 1 of 3 lines repeat a key \(first: 'ann-1'\)"),
        ({"utt2spk": "ann-1 ann\nann-2 ann\n"}, r"'speaker_id': 1 of 3 rows name no speaker \(rows 2"),
        ({"segments": "ann-1 rec 0\n"}, r"'segments': 1 of 1 lines are not '<utterance>"),
        ({"text": "ann-1 a\nann-1 b\nben-1 c\n"}, r"'utterance_id': 1 of 3 rows repeat"),
    ],
)
def test_a_broken_kaldi_folder_is_one_clear_error(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(IngestError, match=message):
        read(write(kaldi(tmp_path / "test"), **files))


def test_common_voice_keeps_quotes_and_brings_genders_to_one_vocabulary(tmp_path: Path) -> None:
    lines = [
        "client_id\tpath\tsentence\tup_votes\tage\tgender\taccents\tlocale",
        'c1\t1.mp3\t"Hello there.\t2\ttwenties\tmale_masculine\tWelsh, Valleys\ten',
        "c1\t2.mp3\tNA\t2\ttwenties\tmale\t\ten",
        'c2\t3.mp3\tHe said "no".\t2\t\tnon-binary\t\ten',
    ]
    write(tmp_path, test__tsv="\n".join(lines))
    (tmp_path / "clips").mkdir()
    corpus = read(tmp_path / "test.tsv")
    table = corpus.manifest.table
    assert list(table["reference"]) == ['"Hello there.', "NA", 'He said "no".']
    assert list(table["speaker_id"]) == ["c1", "c1", "c2"]
    assert list(table["gender"]) == ["male", "male", "non-binary"]
    assert list(table["gender_as_given"]) == ["male_masculine", "male", "non-binary"]
    assert table["accent"][0] == "Welsh, Valleys"
    assert table["accent"].isna().tolist() == [False, True, True]
    assert pd.isna(table["age"][2])
    assert table["audio_path"][0] == str(tmp_path / "clips" / "1.mp3")
    assert "Common Voice" in corpus.notes[0]


def test_a_common_voice_sentence_that_is_a_quotation_keeps_its_quotes(tmp_path: Path) -> None:
    write(tmp_path, test__tsv='client_id\tpath\tsentence\nc1\t1.mp3\t"All of it."\n')
    assert list(read(tmp_path / "test.tsv").manifest.table["reference"]) == ['"All of it."']


def test_a_trn_pair_is_joined_on_its_ids_and_names_the_speakers(tmp_path: Path) -> None:
    write(
        tmp_path,
        ref__trn=";; a comment\ngood { um / @ } { @ / uh } morning (ann-1)\n (ann_a-2)\nit (really) rains (ben-x-1)\nyes (cem_1)\n",
        hyp__trn="good morning (ann-1)\nit rain (ben-x-1)\n(cem_1)\n",
    )
    corpus = read(tmp_path / "ref.trn", hypotheses=tmp_path / "hyp.trn")
    table = corpus.manifest.table
    assert list(table["reference"]) == ["good um morning", "", "it really rains", "yes"]
    assert list(table["speaker_id"]) == ["ann", "ann_a", "ben", "cem"]
    assert dict(corpus.systems[0].texts) == {"ann-1": "good morning", "ben-x-1": "it rain", "cem_1": ""}
    assert any("2 of 4 lines have alternatives or optional words" in note for note in corpus.notes)
    assert any("4 speakers were taken from the ids" in note for note in corpus.notes)


def test_a_trn_line_without_an_id_and_an_id_without_a_speaker_are_errors(tmp_path: Path) -> None:
    write(tmp_path, a__trn="one two\nthree (ann-1)\n", b__trn="one (1)\ntwo (ann-2)\n")
    with pytest.raises(IngestError, match=r"'a\.trn': 1 of 2 lines do not end in '\(speaker-utterance\)' \(first: 'one two'\)"):
        read(tmp_path / "a.trn")
    with pytest.raises(SchemaError, match="1 of 2 rows name no speaker"):
        read(tmp_path / "b.trn")
    assert len(read(tmp_path / "b.trn", speaker_ids=False).manifest) == 2


STM = """\
;; CATEGORY "0" "" ""
;; LABEL "O" "Overall" "Overall"
;; CATEGORY "1" "Speaker Sex" ""
;; LABEL "M" "Male" "male talkers"
;; LABEL "F" "Female" "female talkers"
;; CATEGORY "2" "Focus" ""
a 1 ann 0.0 1.50 <O,F,00> good morning
a 1 ann 1.50 2.25 <O,F,01> IGNORE_TIME_SEGMENT_IN_SCORING
a 2 ben 10 12 <O,M,00>
b 1 cem 3 4.5 <O,M,01> it rains
"""


def test_stm_labels_become_attributes_and_ignored_segments_are_set_aside(tmp_path: Path) -> None:
    write(tmp_path, ref__stm=STM, hyp__stm="a 1 x 0 1.5 good mourning\nb 1 x 3.0 4.50 it rains\n")
    corpus = read(tmp_path / "ref.stm", hypotheses=tmp_path / "hyp.stm")
    table = corpus.manifest.table
    assert list(table["utterance_id"]) == ["a-1-0.000-1.500", "a-2-10.000-12.000", "b-1-3.000-4.500"]
    assert list(table["reference"]) == ["good morning", "", "it rains"]
    assert list(table["speaker_sex"]) == ["Female", "Male", "Male"]
    assert list(table["focus"]) == ["00", "00", "01"]
    assert corpus.manifest.attributes == ["speaker_sex", "focus"]
    assert list(table["duration_s"]) == [1.5, 2.0, 1.5]
    assert corpus.manifest.set_aside[["speaker_id", "speaker_sex", "reason"]].to_numpy().tolist() == [
        ["ann", "Female", "marked IGNORE_TIME_SEGMENT_IN_SCORING"]
    ]
    assert dict(corpus.systems[0].texts) == {"a-1-0.000-1.500": "good mourning", "b-1-3.000-4.500": "it rains"}


def test_hypotheses_of_an_ignored_stm_segment_join_and_are_not_scored(tmp_path: Path) -> None:
    write(tmp_path, ref__stm=STM)
    hypotheses = pd.DataFrame({"utterance_id": ["a-1-1.500-2.250", "b-1-3.000-4.500"], "system": "s", "hypothesis": "x"})
    assert dict(read(tmp_path / "ref.stm", hypotheses=hypotheses).systems[0].texts) == {"b-1-3.000-4.500": "x"}


def test_stm_labels_without_categories_go_by_position(tmp_path: Path) -> None:
    write(tmp_path, a__stm=';; LABEL "F" "Female" ""\na 1 x 0 1 <F> one\na 1 y 1 2 <M> two\n')
    assert list(read(tmp_path / "a.stm").manifest.table["label_1"]) == ["Female", "M"]


def test_a_line_that_is_no_stm_segment_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, a__stm="a 1 ann 0 1 x\na 1 ann zero one x\n")
    with pytest.raises(IngestError, match=r"'a\.stm': 1 of 2 lines are not 'file channel speaker begin end"):
        read(tmp_path / "a.stm")


def test_a_layout_that_is_named_and_does_not_fit_is_an_error(good: pd.DataFrame, tmp_path: Path) -> None:
    good.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    good.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    with pytest.raises(IngestError, match=r"no Common Voice table: it lacks client_id, path, sentence"):
        read(tmp_path / "a.tsv", layout="common-voice")
    with pytest.raises(IngestError, match="no NeMo manifest"):
        read(tmp_path / "a.jsonl", layout="nemo")
    with pytest.raises(IngestError, match="no Kaldi data folder: it lacks text and utt2spk"):
        read(tmp_path, layout="kaldi")
