"""score(): columns, missing and empty hypotheses, units, what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from fairasr.core import Counts, Hypotheses, Manifest
from fairasr.core.errors import ScoringError
from fairasr.scoring import NORMALISERS, score

Scored = Callable[..., Counts]


def manifest_of(references: Sequence[str]) -> Manifest:
    """One utterance a reference, u0, u1, ..., all of one speaker."""
    return Manifest(
        table=pd.DataFrame(
            {"utterance_id": [f"u{row}" for row in range(len(references))], "speaker_id": "s", "reference": list(references)}
        )
    )


@pytest.fixture
def scored() -> Scored:
    """scored(references, hypotheses, **settings) -> Counts; a hypothesis that is None is missing."""

    def run(references: Sequence[str], hypotheses: Sequence[str | None], **settings: object) -> Counts:
        texts = {f"u{row}": text for row, text in enumerate(hypotheses) if text is not None}
        return score(manifest_of(references), Hypotheses(system="whisper", texts=texts), **settings)

    return run


def test_counts_of_three_utterances_come_out_as_by_hand(scored: Scored) -> None:
    counts = scored(["The cat sat.", "one two three four", "yes"], ["the cat sat", "one too four", "yes no"])
    expected = {
        "speaker_id": ["s", "s", "s"],
        "cell": ["u0", "u1", "u2"],
        "n_utterances": [1, 1, 1],
        "n_ref_words": [3, 4, 1],
        "hits": [3, 2, 1],
        "substitutions": [0, 1, 0],
        "deletions": [0, 1, 0],
        "insertions": [0, 0, 1],
        "n_loops": [0, 0, 0],
        "n_wrong": [0, 1, 1],
        "n_missing": [0, 0, 0],
        "n_empty": [0, 0, 0],
    }
    assert counts.table.to_dict("list") == expected
    assert counts.wer == 3 / 8
    assert (counts.system, counts.normaliser) == ("whisper", "basic@whisper-normalizer-0.1.15")


def test_an_empty_hypothesis_is_all_deletions_and_counted_as_empty(scored: Scored) -> None:
    row = scored(["a b c", "d"], ["", "d"]).table.iloc[0]
    assert (row.deletions, row.insertions, row.hits, row.n_empty, row.n_missing) == (3, 0, 0, 1, 0)


def test_words_over_an_empty_reference_are_insertions_over_no_words(scored: Scored) -> None:
    counts = scored(["", "a b"], ["x y", "a b"])
    row = counts.table.iloc[0]
    assert (row.n_ref_words, row.insertions, row.n_wrong, row.n_loops) == (0, 2, 1, 1)
    assert counts.wer == 2 / 2
    assert math.isnan(counts.of_speakers([]).rate)


def test_a_missing_hypothesis_is_an_error_that_says_how_many_and_which(scored: Scored) -> None:
    texts: list[str | None] = ["a"] * 10
    texts[7] = texts[8] = texts[9] = None
    with pytest.raises(ScoringError) as raised:
        scored(["a"] * 10, texts)
    assert str(raised.value) == (
        "'whisper' has no hypothesis for 3 of 10 utterances (first: 'u7'). Pass missing='deletions' to count them as deletions."
    )


def test_a_missing_hypothesis_counts_as_deletions_on_request_and_not_as_empty(scored: Scored) -> None:
    row = scored(["a b", "c"], [None, "c"], missing="deletions").table.iloc[0]
    assert (row.deletions, row.n_missing, row.n_empty, row.n_wrong) == (2, 1, 0, 1)


def test_hypotheses_of_unknown_utterances_are_left_alone() -> None:
    counts = score(manifest_of(["a"]), Hypotheses(system="whisper", texts={"u0": "a", "elsewhere": "b"}))
    assert len(counts.table) == 1


def test_all_empty_references_are_refused(scored: Scored) -> None:
    with pytest.raises(ScoringError, match=r"all 2 references of 'table' have no word under normaliser 'basic'"):
        scored(["", " ... "], ["a", "b"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normaliser": "latin"}, "there is no normaliser 'latin'. Use one of none, basic, english"),
        ({"unit": "phoneme"}, "there is no unit 'phoneme'"),
        ({"missing": "ignore"}, "there is no rule 'ignore' for missing hypotheses"),
    ],
)
def test_unknown_settings_are_refused(scored: Scored, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ScoringError, match=message):
        scored(["a"], ["a"], **settings)


def test_one_utterance_with_more_words_than_code_points_is_refused(scored: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.scoring.counting.N_CODE_POINTS", 3)
    with pytest.raises(ScoringError, match="row 1 of the manifest has 4 different words"):
        scored(["a", "a b c"], ["a", "a b d"])


def test_progress_ends_at_the_total(scored: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.scoring.counting.ROWS_AT_ONCE", 2)
    seen: list[tuple[int, int]] = []
    scored(["a b"] * 5, ["a c"] * 5, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_characters_are_grapheme_clusters_without_white_space(scored: Scored) -> None:
    # An e and its acute are two code points and one cluster.
    counts = scored(["ne\u0301 a", "你好 吗"], ["ne a", "你吗"], unit="character", normaliser="none")
    assert counts.rate_name == "CER"
    assert counts.denominator == "n_ref_characters"
    assert counts.table["n_ref_characters"].tolist() == [3, 3]
    assert counts.table["substitutions"].tolist() == [1, 0]
    assert counts.table["deletions"].tolist() == [0, 1]
    assert counts.rate == 2 / 6


UNSPACED = ["今天天气很好我们去公园散步吧", "ผมอยากกินข้าวผัดกับไข่ดาวสองฟอง", "ខ្ញុំចង់ទៅផ្សារជាមួយម្តាយរបស់ខ្ញុំ"]


@pytest.mark.parametrize("reference", UNSPACED)
def test_words_of_a_language_without_word_spaces_are_refused_with_the_remedy(scored: Scored, reference: str) -> None:
    with pytest.raises(ScoringError, match=r"not divided into words.*Pass unit='character'"):
        scored([reference], [reference])


@pytest.mark.parametrize("reference", UNSPACED)
def test_unit_auto_counts_characters_where_there_are_no_words(scored: Scored, reference: str) -> None:
    assert scored([reference], [reference], unit="auto").rate_name == "CER"


@pytest.mark.parametrize(
    "reference", ["今天 天气 很 好", "the cat sat", "नमस्ते दुनिया", "오늘 날씨가 좋습니다", "Donaudampfschifffahrtsgesellschaft"]
)
def test_unit_auto_counts_words_where_there_are_words(scored: Scored, reference: str) -> None:
    assert scored([reference], [reference], unit="auto").rate_name == "WER"


def test_every_normaliser_scores_and_names_itself(scored: Scored) -> None:
    assert set(NORMALISERS) >= {"none", "basic", "english", "ascii_punctuation", "whisper_basic"}
    for name, profile in NORMALISERS.items():
        counts = scored(["Hello there", "b"], ["hello", "b"], normaliser=name)
        assert counts.normaliser == profile.label
        assert counts.normaliser.startswith(f"{name}@")
