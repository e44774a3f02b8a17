"""Pages of the kept utterances: the rows that a table would give, nothing that is withheld, no file from elsewhere."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import IngestError
from fairasr.dashboard.aligned_words import MOST_STEPS
from fairasr.dashboard.recent import Recent
from fairasr.dashboard.utterances import Utterances
from fairasr.report.utterance_file import COUNT_COLUMNS, KeptSystem, KeptUtterances, ListedCohorts, utterance_writer
from fairasr.scoring.counting import count_edits

N, N_SPEAKERS = 600, 60
WORDS = ["red", "Blue", "GRÜN", "sea", "a.b", "of"]


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """The table behind the file, with every error counted."""
    generator = np.random.default_rng(0)
    speakers = generator.integers(0, N_SPEAKERS, size=N)
    said = [" ".join(generator.choice(WORDS, size=generator.integers(0, 7))) for _ in range(N)]
    heard = [
        None
        if generator.random() < 0.03
        else " ".join(
            generator.choice(WORDS) if generator.random() < 0.25 else word for word in text.split()[generator.integers(2) :]
        )
        for text in said
    ]
    counts = count_edits(said, [text or "" for text in heard])
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{number}" for number in range(N)],
            "speaker_id": [f"s{number:02d}" for number in speakers],
            "reference": said,
            "hypothesis": pd.Series(heard, dtype=object),
            "substitutions": counts["substitutions"],
            "deletions": counts["deletions"],
            "insertions": counts["insertions"],
            "n_ref": [len(text.split()) for text in said],
        }
    )
    positions = pd.Index(sorted(table["speaker_id"].unique())).get_indexer(pd.Index(table["speaker_id"]))
    table["cohort"] = np.array(["far", "near", None], dtype=object)[positions % 3]
    table["is_confirmation"] = positions % 2 == 0
    return table


def kept(truth: pd.DataFrame, *, normaliser: str = "none", unit: str = "word", **columns: Any) -> KeptUtterances:
    manifest = Manifest(table=truth[["utterance_id", "speaker_id", "reference"]].assign(**columns))
    n_speakers = len(manifest.speaker_ids)
    codes = np.array([0, 1, -1])[np.arange(n_speakers) % 3]
    given = truth[truth["hypothesis"].notna()]
    system = KeptSystem(
        system="cloud",
        texts=dict(zip(given["utterance_id"], given["hypothesis"], strict=True)),
        counts={name: truth[name].to_numpy() for name in COUNT_COLUMNS},
        cohorts={"declared:accent": ListedCohorts(labels=("far", "near"), codes=codes, partial=("near",))},
    )
    return KeptUtterances(
        manifest=manifest,
        systems=(system,),
        is_confirmation=np.arange(n_speakers) % 2 == 0,
        normaliser=normaliser,
        unit=unit,
        confusions=pd.DataFrame(),
    )


def opened(utterances: KeptUtterances, folder: Path) -> Utterances:
    with (folder / "utterances.arrow").open("wb") as stream:
        utterance_writer(utterances, report_identity="this report")(stream)
    found = Utterances.open(folder, "this report")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def utterances(truth: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Utterances:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fairasr.report.utterance_file.ROWS_PER_BATCH", 70)
        return opened(kept(truth), tmp_path_factory.mktemp("audit"))


def expected(truth: pd.DataFrame, *, cohort: str, basis: str, kind: str, find: str, sort: str) -> list[int]:
    """Rows in order, by pandas."""
    rows = truth.assign(errors=truth["substitutions"] + truth["deletions"] + truth["insertions"])
    rows["rate"] = (rows["errors"] / rows["n_ref"]).where(rows["n_ref"] > 0)
    if cohort:
        rows = rows[rows["cohort"] == cohort]
    if basis == "confirmation":
        rows = rows[rows["is_confirmation"]]
    if kind == "missing":
        rows = rows[rows["hypothesis"].isna()]
    elif kind == "empty":
        rows = rows[rows["hypothesis"].str.strip() == ""]
    elif kind:
        rows = rows[rows[kind] > 0]
    if find:
        texts = rows[["reference", "hypothesis"]].fillna("").apply(lambda column: column.str.lower())
        held = [find.lower() in said or find.lower() in heard for said, heard in texts.itertuples(index=False)]
        rows = rows[np.array(held, dtype=bool)]
    if sort != "table":
        rows = rows.sort_values(sort, ascending=False, kind="stable", na_position="last")
    return rows.index.tolist()


CASES = list(
    itertools.product(
        ["", "far", "near"],
        ["confirmation", "everyone"],
        ["", "substitutions", "deletions", "insertions", "missing", "empty"],
        ["", "bLUE", "grün", "a.b", "d b"],
        ["errors", "rate", "table"],
    )
)


def test_pages_are_those_of_filtering_and_sorting_the_table_with_pandas(truth: pd.DataFrame, utterances: Utterances) -> None:
    n_filled = 0
    for cohort, basis, kind, find, sort in CASES:
        options: Any = {"cohort": cohort, "basis": basis, "kind": kind, "find": find, "sort": sort}
        rows = expected(truth, **options)
        page = utterances.page(system="cloud", method="declared:accent", **options, page=2, size=3)
        assert page.total == len(rows), options
        assert [row.position for row in page.rows] == rows[3:6], options
        n_filled += len(page.rows) == 3
    assert n_filled > len(CASES) // 2


def test_a_row_holds_the_utterance_and_its_errors(truth: pd.DataFrame, utterances: Utterances) -> None:
    page = utterances.page(system="cloud", sort="table", size=N)
    assert len(page.rows) == N
    for row, (_, true) in zip(page.rows, truth.iterrows(), strict=True):
        assert (row.utterance_id, row.reference, row.hypothesis) == (true["utterance_id"], true["reference"], true["hypothesis"])
        counts = (row.substitutions, row.deletions, row.insertions, row.n_ref)
        assert counts == tuple(true[name] for name in COUNT_COLUMNS)
        kinds = [step.kind for step in row.steps]
        assert tuple(kinds.count(kind) for kind in ("substitution", "deletion", "insertion")) == counts[:3]
        assert not row.is_cut
        assert not row.has_audio


def test_a_page_behind_the_last_is_empty_and_still_counts(utterances: Utterances) -> None:
    page = utterances.page(system="cloud", page=1000)
    assert (page.total, page.rows) == (N, ())


def test_a_cohort_listed_in_part_says_so(utterances: Utterances) -> None:
    assert utterances.page(system="cloud", method="declared:accent", cohort="near").is_partial
    assert not utterances.page(system="cloud", method="declared:accent", cohort="far").is_partial
    assert not utterances.page(system="cloud").is_partial


@pytest.mark.parametrize(
    "wanted",
    [
        {"system": "other"},
        {"system": "cloud", "method": "geo-tree"},
        {"system": "cloud", "method": "geo-tree", "cohort": "far"},
        {"system": "cloud", "method": "declared:accent", "cohort": "withheld"},
        {"system": "cloud", "cohort": "far"},
    ],
)
def test_what_is_not_listed_is_a_key_error(utterances: Utterances, wanted: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        utterances.page(**wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"kind": "worst"}, {"sort": "speaker"}, {"basis": "all"}, {"page": 0}, {"size": 0}, {"size": 1001}]
)
def test_an_argument_outside_its_range_is_a_value_error(utterances: Utterances, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} "):
        utterances.page(system="cloud", **wrong)


def test_cohorts_that_can_be_listed_are_those_in_the_file(utterances: Utterances) -> None:
    assert utterances.systems == ("cloud",)
    assert len(utterances) == N
    assert utterances.cohorts(system="cloud", method="declared:accent") == ("far", "near")


def one_row(reference: str, hypothesis: str) -> pd.DataFrame:
    texts = {"utterance_id": ["u"], "speaker_id": ["s"], "reference": reference, "hypothesis": hypothesis}
    return pd.DataFrame(texts).assign(**dict.fromkeys(COUNT_COLUMNS, 1))


def test_words_are_aligned_as_they_were_normalised(tmp_path: Path) -> None:
    (row,) = opened(kept(one_row("Twenty-two, Colours!", "22 colors"), normaliser="english"), tmp_path).page(system="cloud").rows
    assert [(step.kind, step.reference) for step in row.steps] == [("hit", "22"), ("hit", "colors")]
    assert row.reference == "Twenty-two, Colours!"


def test_characters_are_aligned_where_they_were_counted(tmp_path: Path) -> None:
    (row,) = opened(kept(one_row("東京 都", "東都"), unit="character"), tmp_path).page(system="cloud").rows
    assert [(step.kind, step.reference) for step in row.steps] == [("hit", "東"), ("deletion", "京"), ("hit", "都")]


@pytest.mark.parametrize("hypothesis", ["x " * MOST_STEPS, "y " * 5000, ""])
def test_of_a_long_utterance_the_first_words_are_aligned_and_the_row_says_so(tmp_path: Path, hypothesis: str) -> None:
    (row,) = opened(kept(one_row("x " * (MOST_STEPS + 1), hypothesis)), tmp_path).page(system="cloud").rows
    assert len(row.steps) == MOST_STEPS
    assert row.is_cut
    (row,) = opened(kept(one_row("x " * MOST_STEPS, hypothesis[: 2 * MOST_STEPS])), tmp_path).page(system="cloud").rows
    assert len(row.steps) == MOST_STEPS
    assert not row.is_cut


def test_without_the_file_there_are_no_utterances(tmp_path: Path) -> None:
    assert Utterances.open(tmp_path, "this report") is None


def test_utterances_of_another_audit_than_the_report_are_refused(truth: pd.DataFrame, tmp_path: Path) -> None:
    opened(kept(truth), tmp_path)
    with pytest.raises(IngestError, match=r"belongs to another audit than the report .* Run the audit again"):
        Utterances.open(tmp_path, "a newer report")


def test_a_file_cut_short_is_damaged_and_not_a_traceback(truth: pd.DataFrame, tmp_path: Path) -> None:
    opened(kept(truth), tmp_path)
    path = tmp_path / "utterances.arrow"
    whole = path.read_bytes()
    path.unlink()
    for content in (b"", b"ARROW1", whole[:-20], whole[: len(whole) // 2], b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(IngestError, match="is damaged"):
            Utterances.open(tmp_path, "this report")


def rewritten(folder: Path, *, about: dict[str, Any] | None = None, audio_path: list[str | None] | None = None) -> None:
    """The file with other metadata or other paths, as somebody else might write it."""
    path = folder / "utterances.arrow"
    table = pa.ipc.open_file(path.read_bytes()).read_all()
    metadata = json.loads(table.schema.metadata[b"fairasr"]) | (about or {})
    if audio_path is not None:
        table = table.set_column(table.schema.get_field_index("audio_path"), "audio_path", pa.array(audio_path, type=pa.string()))
    table = table.replace_schema_metadata({b"fairasr": json.dumps(metadata).encode()})
    path.unlink()
    with pa.ipc.new_file(path, table.schema) as sink:
        sink.write_table(table)


@pytest.mark.parametrize("about", [{"version": 99}, {"format": "something else"}])
def test_another_version_is_told_apart_from_damage(truth: pd.DataFrame, tmp_path: Path, about: dict[str, Any]) -> None:
    opened(kept(truth), tmp_path)
    rewritten(tmp_path, about=about)
    with pytest.raises(IngestError, match=r"this fairasr reads 'fairasr-utterances', version 1"):
        Utterances.open(tmp_path, "this report")


def test_no_recording_from_outside_the_folder_of_recordings_is_given(truth: pd.DataFrame, tmp_path: Path) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "outside"
    for folder in (corpus / "sub", outside, tmp_path / "corpus-2"):
        folder.mkdir(parents=True)
    for file in (corpus / "a.wav", corpus / "sub" / "b.wav", outside / "secret.wav", tmp_path / "corpus-2" / "secret.wav"):
        file.write_bytes(b"RIFF")
    (corpus / "leads-out.wav").symlink_to(outside / "secret.wav")
    (corpus / "folder-out").symlink_to(outside)
    (corpus / "leads-in.wav").symlink_to(corpus / "sub" / "b.wav")
    paths: list[str | None] = [None] * N
    paths[:3] = [str(corpus / "a.wav"), str(corpus / "sub" / "b.wav"), str(corpus / "gone.wav")]
    found = opened(kept(truth, audio_path=pd.Series(paths, dtype=object)), tmp_path)
    assert [found.audio_of(position) for position in range(4)] == [corpus / "a.wav", corpus / "sub" / "b.wav", None, None]
    assert [row.has_audio for row in found.page(system="cloud", sort="table", size=4).rows] == [True, True, True, False]
    assert found.audio_of(-1) is None
    assert found.audio_of(N) is None

    refused = ["../outside/secret.wav", str(outside / "secret.wav"), "leads-out.wav", "folder-out/secret.wav"]
    refused += ["../corpus-2/secret.wav", "sub/../../outside/secret.wav", "", ".", "sub", "a.wav\0.wav", "..", "/", "/etc/passwd"]
    planted: list[str | None] = [*refused, "leads-in.wav", "sub/../a.wav"]
    rewritten(tmp_path, audio_path=planted + [None] * (N - len(planted)))
    again = Utterances.open(tmp_path, "this report")
    assert again is not None
    given = {path: again.audio_of(position) for position, path in enumerate(planted)}
    assert {path for path in refused if given[path] is not None} == set()
    assert given["leads-in.wav"] == corpus / "sub" / "b.wav"
    assert given["sub/../a.wav"] == corpus / "a.wav"


def test_threads_that_share_the_utterances_get_the_pages_of_one(truth: pd.DataFrame, tmp_path: Path) -> None:
    shared, alone = opened(kept(truth, normaliser="english"), tmp_path), Utterances.open(tmp_path, "this report")
    assert alone is not None
    wanted: list[dict[str, Any]] = [
        {"cohort": cohort, "kind": kind, "find": find, "sort": sort, "method": "declared:accent"}
        for cohort, _, kind, find, sort in CASES[::7]
    ]
    with ThreadPoolExecutor(max_workers=8) as pool:
        together = list(pool.map(lambda options: shared.page(system="cloud", **options), wanted))
    assert together == [alone.page(system="cloud", **options) for options in wanted]
    assert len(together) > 30


def test_only_the_last_answers_are_remembered() -> None:
    asked: list[str] = []
    recent: Recent[str, str] = Recent(most=2)
    for question in ("a", "b", "a", "c", "a", "b"):
        assert recent.get(question, lambda question=question: asked.append(question) or question.upper()) == question.upper()
    assert asked == ["a", "b", "c", "b"], "c pushed out b, which was asked longer ago than a"
    assert len(recent) == 2
