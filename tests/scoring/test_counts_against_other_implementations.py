"""Counts against jiwer (total errors) and against a table computed cell by cell (their division)."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.scoring import align
from fairasr.scoring.alignment import Aligned
from fairasr.scoring.counting import count_edits

FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "ba", "é", "नमस्ते", "\U0001f600"]), max_size=12)
ANY_WORDS = st.lists(st.text(max_size=4).map(lambda text: "".join(text.split())).filter(bool), max_size=8)
PAIRS = st.lists(st.one_of(st.tuples(FEW_WORDS, FEW_WORDS), st.tuples(ANY_WORDS, ANY_WORDS)), min_size=1, max_size=8)
KINDS = ("hit", "substitution", "deletion", "insertion")

AS_LISTS = jiwer.transformations.tr.Compose([])
"""jiwer takes the words as they are given."""


def counts_by_table(reference: list[str], hypothesis: list[str]) -> tuple[int, int, int, int]:
    """(hits, substitutions, deletions, insertions) of the alignment with fewest errors and, among those, most hits."""
    # A cell holds (errors, -hits, substitutions, deletions, insertions); tuples compare in that order.
    above = [(j, 0, 0, 0, j) for j in range(len(hypothesis) + 1)]
    for i, said in enumerate(reference, start=1):
        row = [(i, 0, 0, i, 0)]
        for j, heard in enumerate(hypothesis, start=1):
            errors, hits, substitutions, deletions, insertions = above[j - 1]
            if said == heard:
                diagonal = (errors, hits - 1, substitutions, deletions, insertions)
            else:
                diagonal = (errors + 1, hits, substitutions + 1, deletions, insertions)
            errors, hits, substitutions, deletions, insertions = above[j]
            deleted = (errors + 1, hits, substitutions, deletions + 1, insertions)
            errors, hits, substitutions, deletions, insertions = row[j - 1]
            inserted = (errors + 1, hits, substitutions, deletions, insertions + 1)
            row.append(min(diagonal, deleted, inserted))
        above = row
    _, hits, substitutions, deletions, insertions = above[-1]
    return -hits, substitutions, deletions, insertions


def counted(pairs: list[tuple[list[str], list[str]]]) -> list[tuple[int, ...]]:
    """(hits, substitutions, deletions, insertions) of each pair of word lists."""
    counts = count_edits([" ".join(said) for said, _ in pairs], [" ".join(heard) for _, heard in pairs])
    return list(zip(*(counts[f"{name}s"].tolist() for name in KINDS), strict=True))


def counts_of(steps: tuple[Aligned, ...]) -> tuple[int, ...]:
    """How many steps are of each kind."""
    return tuple(sum(step.kind == kind for step in steps) for kind in KINDS)


def wrong_words(*, n_words: int, error_rate: float, seed: int) -> tuple[list[str], list[str]]:
    """A long reference and a hypothesis with errors of every kind."""
    generator = np.random.default_rng(seed)
    said = [f"w{word}" for word in generator.zipf(1.3, size=n_words)]
    heard: list[str] = []
    for word in said:
        draw = generator.random()
        if draw > error_rate or draw < error_rate * 0.3:
            heard.append(word)
        if draw < error_rate * 0.7:
            heard.append(f"w{generator.zipf(1.3)}")
    return said, heard


@given(PAIRS)
@settings(deadline=None, max_examples=100)
def test_counts_are_those_of_the_table_with_fewest_errors_and_most_hits(pairs: list[tuple[list[str], list[str]]]) -> None:
    assert counted(pairs) == [counts_by_table(said, heard) for said, heard in pairs]


@given(PAIRS)
@settings(deadline=None, max_examples=100)
def test_hits_substitutions_and_deletions_are_the_words_of_the_reference(pairs: list[tuple[list[str], list[str]]]) -> None:
    for (said, heard), (hits, substitutions, deletions, insertions) in zip(pairs, counted(pairs), strict=True):
        assert hits + substitutions + deletions == len(said)
        assert hits + substitutions + insertions == len(heard)


@given(PAIRS)
@settings(deadline=None, max_examples=70)
def test_total_errors_equal_jiwer(pairs: list[tuple[list[str], list[str]]]) -> None:
    for (said, heard), (_, substitutions, deletions, insertions) in zip(pairs, counted(pairs), strict=True):
        if said:
            out = jiwer.process_words([said], [heard], reference_transform=AS_LISTS, hypothesis_transform=AS_LISTS)
            assert substitutions + deletions + insertions == out.substitutions + out.deletions + out.insertions
        else:
            assert (substitutions, deletions, insertions) == (0, 0, len(heard))


@given(PAIRS)
@settings(deadline=None, max_examples=70)
def test_the_alignment_for_people_has_the_same_counts_and_all_the_words(pairs: list[tuple[list[str], list[str]]]) -> None:
    for (said, heard), counts in zip(pairs, counted(pairs), strict=True):
        steps = align(reference=" ".join(said), hypothesis=" ".join(heard))
        assert counts_of(steps) == counts
        assert [step.reference for step in steps if step.reference is not None] == said
        assert [step.hypothesis for step in steps if step.hypothesis is not None] == heard
        assert all(step.reference == step.hypothesis for step in steps if step.kind == "hit")
        assert all(step.reference != step.hypothesis for step in steps if step.kind == "substitution")


def test_ten_thousand_words_are_counted_and_aligned_alike_and_total_as_jiwer_says() -> None:
    said, heard = wrong_words(n_words=10_000, error_rate=0.15, seed=4)
    out = jiwer.process_words(" ".join(said), " ".join(heard))
    [counts] = counted([(said, heard)])
    assert sum(counts[1:]) == out.substitutions + out.deletions + out.insertions
    assert sum(counts[1:]) > 500
    assert counts[1] <= out.substitutions
    assert counts_of(align(reference=" ".join(said), hypothesis=" ".join(heard))) == counts


def test_a_halved_alignment_has_the_counts_of_the_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said, heard = wrong_words(n_words=120, error_rate=0.5, seed=9)
    monkeypatch.setattr("fairasr.scoring.alignment.LARGEST_TABLE", 64)
    steps = align(reference=" ".join(said), hypothesis=" ".join(heard))
    assert counts_of(steps) == counts_by_table(said, heard)
    assert [step.reference for step in steps if step.reference is not None] == said


def test_a_transcript_of_a_hundred_thousand_characters_is_counted() -> None:
    [counts] = counted([(["thank", "you"], ["thank", "you"] * 9_000)])
    assert counts == (2, 0, 0, 17_998)


def test_word_numbers_beyond_the_surrogates_and_the_first_plane_are_told_apart() -> None:
    words = [f"w{number}" for number in range(70_000)]
    references = [" ".join(words[start : start + 100]) for start in range(0, 70_000, 100)]
    hypotheses = [" ".join([*words[start + 1 : start + 100], "extra"]) for start in range(0, 70_000, 100)]
    counts = count_edits(references, hypotheses)
    assert counts["hits"].tolist() == [99] * 700
    assert counts["deletions"].tolist() == counts["insertions"].tolist() == [1] * 700


def test_a_batch_with_more_words_than_code_points_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    references = [f"a{row} b{row} c{row}" for row in range(50)]
    hypotheses = [f"a{row} x{row} c{row}" if row % 2 else f"a{row} c{row}" for row in range(50)]
    whole = count_edits(references, hypotheses)
    monkeypatch.setattr("fairasr.scoring.counting.N_CODE_POINTS", 8)
    halved = count_edits(references, hypotheses)
    assert {name: values.tolist() for name, values in halved.items()} == {name: values.tolist() for name, values in whole.items()}
    assert whole["substitutions"].tolist() == [0, 1] * 25


def test_batches_do_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [wrong_words(n_words=9, error_rate=0.4, seed=seed) for seed in range(40)]
    whole = counted(pairs)
    monkeypatch.setattr("fairasr.scoring.counting.ROWS_AT_ONCE", 7)
    assert counted(pairs) == whole


def test_half_a_surrogate_pair_is_a_word_like_any_other() -> None:
    assert counted([(["\ud800", "b"], ["\ud801", "b"])]) == [(1, 1, 0, 0)]
