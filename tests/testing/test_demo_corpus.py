"""The demo's world, and its files."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from pathlib import Path

import jiwer
import numpy as np
import pandas as pd
import pytest

from fairasr.core.errors import OutputError
from fairasr.testing import DemoFiles, Planted, World, demo_corpus, what_was_planted, write_demo
from fairasr.testing.census import LANGUAGE
from fairasr.testing.places import SOUTH

SEED = 11


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return write_demo(tmp_path_factory.mktemp("demo"), SEED)


@pytest.fixture(scope="module")
def world(files: DemoFiles) -> World:
    return files.world


@pytest.fixture(scope="module")
def scored(world: World) -> pd.DataFrame:
    """Errors and words of each utterance under each system, counted by jiwer: speaker_id, system, errors, words."""
    parts = []
    table = world.manifest.table
    for system in world.systems:
        spoken = table[table["utterance_id"].isin(system.texts)]
        output = jiwer.process_words(spoken["reference"].tolist(), [system.texts[key] for key in spoken["utterance_id"]])
        errors = [sum(_size(chunk) for chunk in chunks if chunk.type != "equal") for chunks in output.alignments]
        words = spoken["reference"].str.split().str.len()
        parts.append(pd.DataFrame({"speaker_id": spoken["speaker_id"], "system": system.system, "errors": errors, "words": words}))
    return pd.concat(parts, ignore_index=True)


def _size(chunk: jiwer.AlignmentChunk) -> int:
    return max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)


def _rate(scored: pd.DataFrame, speakers: frozenset[str]) -> float:
    inside = scored[scored["speaker_id"].isin(speakers)]
    return float(inside["errors"].sum() / inside["words"].sum())


def _gap(world: World, method: str) -> Planted:
    return next(gap for gap in world.planted if gap.method == method)


def test_it_is_as_large_as_it_says(world: World) -> None:
    assert len(world.manifest.speaker_ids) == 2_000
    assert 19_000 <= len(world.manifest) <= 21_000
    assert [system.system for system in world.systems] == ["cloud-a", "open-b"]
    assert world.manifest.embeddings is not None
    assert world.manifest.embeddings.shape == (len(world.manifest), 64)


def test_the_first_system_errs_at_the_true_rates(world: World, scored: pd.DataFrame) -> None:
    everybody = frozenset(world.true_rate.index)
    cloud = scored[scored["system"] == "cloud-a"]
    assert _rate(cloud, everybody) == pytest.approx(1.03 * world.rate_of(everybody), rel=0.03)
    sums = cloud.groupby("speaker_id")[["errors", "words"]].sum()
    assert np.corrcoef(sums["errors"] / sums["words"], world.true_rate.reindex(sums.index))[0, 1] > 0.75


def test_every_gap_is_in_the_transcripts_as_planted(world: World, scored: pd.DataFrame) -> None:
    cloud = scored[scored["system"] == "cloud-a"]
    assert world.planted
    for gap in world.planted:
        counted = _rate(cloud, gap.speakers) / _rate(cloud, world.rest_of(gap.speakers))
        assert counted == pytest.approx(world.true_ratio(gap.speakers), rel=0.06)


def test_the_second_system_is_better_overall_and_its_gaps_are_smaller(world: World, scored: pd.DataFrame) -> None:
    cloud, open_b = (scored[scored["system"] == name] for name in ("cloud-a", "open-b"))
    everybody = frozenset(world.true_rate.index)
    assert _rate(open_b, everybody) < 0.9 * _rate(cloud, everybody)
    for gap in world.planted:
        if not gap.is_absent:
            rest = world.rest_of(gap.speakers)
            assert _rate(open_b, gap.speakers) / _rate(open_b, rest) < _rate(cloud, gap.speakers) / _rate(cloud, rest)


def test_planted_ratios_come_out_over_seeds_and_absent_ones_do_not(world: World) -> None:
    worlds = [world, *(demo_corpus(seed) for seed in range(2))]
    assert len({drawn.manifest.table["reference"].str.cat() for drawn in worlds}) == len(worlds)
    for position, gap in enumerate(world.planted):
        ratios = [drawn.true_ratio(drawn.planted[position].speakers) for drawn in worlds]
        # Gaps overlap by chance and majority zip codes are a little more frequent in the region: some 3 % on top of 2 % of noise.
        assert np.mean(ratios) == pytest.approx(gap.ratio, rel=0.08)


def test_there_is_a_gap_for_every_discovery_and_absent_ones(world: World) -> None:
    assert {gap.kind for gap in world.planted if not gap.is_absent} == {"region", "zip", "cluster", "group"}
    assert [gap.method for gap in world.planted if gap.is_absent] == ["declared:gender", "declared:age_band"]
    assert min(len(gap.speakers) for gap in world.planted) >= 120


def test_who_is_inside_can_be_read_off_the_manifest(world: World) -> None:
    values = {column: world.manifest.values_by_speaker(column)[0] for column in ("first_language", "gender", "zip_code")}
    spanish = set(values["first_language"].index[values["first_language"] == "Spanish"])
    assert spanish <= _gap(world, "declared:first_language").speakers
    assert set(values["gender"].index[values["gender"] == "woman"]) == _gap(world, "declared:gender").speakers
    share = world.census.set_index("zip_code")[LANGUAGE].reindex(values["zip_code"]).to_numpy()
    assert set(values["zip_code"].index[share >= 0.5]) <= _gap(world, "zip-demographics").speakers
    points = world.manifest.speaker_points
    inside = SOUTH.covers(latitude_deg=points[:, 0], longitude_deg=points[:, 1])
    assert set(world.manifest.speaker_ids[inside]) <= _gap(world, "geo-tree").speakers


def test_a_few_speakers_state_no_place_code_or_language(world: World) -> None:
    table = world.manifest.table.drop_duplicates("speaker_id")
    for column in ("latitude_deg", "zip_code", "first_language"):
        assert table[column].isna().mean() == pytest.approx(0.02, abs=0.015)


def test_some_hypotheses_are_missing_and_some_empty(world: World) -> None:
    for system in world.systems:
        assert len(world.manifest) - len(system) == 12
        assert 15 <= sum(text == "" for text in system.texts.values()) <= 120


def test_the_same_seed_writes_the_same_bytes(files: DemoFiles, tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}

    first = digests(files.utterances.parent)
    assert sorted(first) == ["census.csv", "census.toml", "embeddings.npz", "hypotheses.csv", "planted.json", "utterances.csv"]
    write_demo(tmp_path, SEED)
    assert digests(tmp_path) == first


def test_the_files_hold_the_world(files: DemoFiles, world: World) -> None:
    utterances = pd.read_csv(files.utterances, dtype={"zip_code": str}, keep_default_na=False)
    assert utterances["reference"].tolist() == world.manifest.table["reference"].tolist()
    assert utterances["zip_code"].str.startswith("0").any()
    hypotheses = pd.read_csv(files.hypotheses, keep_default_na=False)
    for system in world.systems:
        rows = hypotheses[hypotheses["system"] == system.system]
        assert dict(zip(rows["utterance_id"], rows["hypothesis"], strict=True)) == system.texts
    with np.load(files.embeddings, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["embedding"], world.manifest.embeddings)


def test_the_truth_is_beside_the_files(files: DemoFiles, world: World) -> None:
    truth = json.loads(files.planted.read_text(encoding="utf-8"))
    assert truth["seed"] == SEED
    assert [gap["speakers"] for gap in truth["planted"]] == [sorted(gap.speakers) for gap in world.planted]
    assert [gap["absent"] for gap in truth["planted"]] == [gap.ratio == 1 for gap in world.planted]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match=r"the demo cannot be written to .*taken.*Choose a folder"):
        write_demo(tmp_path / "taken", SEED)
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "a file"


def test_when_writing_fails_half_way_the_last_good_files_stay(
    files: DemoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(files.utterances.parent, tmp_path, dirs_exist_ok=True)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fairasr.testing.demo_files._write_census", disk_full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_demo(tmp_path, SEED + 1)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_when_writing_is_interrupted_half_way_the_last_good_files_stay(
    files: DemoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(files.utterances.parent, tmp_path, dirs_exist_ok=True)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fairasr.testing.demo_files._write_census", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path, SEED + 1)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_ordinary_reader_reads_it_back(files: DemoFiles, world: World) -> None:
    from fairasr.ingest import read

    corpus = read(files.utterances, hypotheses=files.hypotheses, embeddings=files.embeddings)
    assert len(corpus.manifest.set_aside) == 0
    for column in ("utterance_id", "speaker_id", "reference", "zip_code", "first_language"):
        assert corpus.manifest.table[column].fillna("").tolist() == world.manifest.table[column].fillna("").tolist()
    np.testing.assert_allclose(corpus.manifest.speaker_points, world.manifest.speaker_points)
    assert {system.system: dict(system.texts) for system in corpus.systems} == {
        system.system: dict(system.texts) for system in world.systems
    }
    assert corpus.manifest.embeddings is not None
    assert world.manifest.embeddings is not None
    np.testing.assert_allclose(corpus.manifest.embeddings, world.manifest.embeddings, atol=1e-6)


def test_what_was_planted_is_said_in_one_sentence_each(world: World) -> None:
    sentences = what_was_planted(world)
    assert len(sentences) == len(world.planted)
    assert sentences[0].startswith("Planted: speakers in Appalachia and the Deep South (")
    assert "have an error rate x 1.6; it is" in sentences[0]
    assert sentences[-1].startswith("Absent: ")


def test_rates_over_nobody_are_undefined(world: World) -> None:
    assert math.isnan(world.rate_of(frozenset()))
