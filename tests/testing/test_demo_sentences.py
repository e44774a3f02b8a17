"""The demo's sentences and how they are misheard; jiwer counts the mistakes."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest

from fairasr.testing.corruption import mishear
from fairasr.testing.vocabulary import PATTERNS, ROLE, draw_sentences, roles, similar_words, words


def test_there_are_about_400_words_in_roles_that_the_sentences_use() -> None:
    assert 350 <= len(words()) <= 450
    used = {role for pattern in PATTERNS for role in ROLE.findall(pattern)}
    assert used | {"added"} == set(roles())


def test_no_normaliser_changes_a_word() -> None:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    for normalise in (BasicTextNormalizer(), EnglishTextNormalizer()):
        assert [word for word in words() if normalise(word).strip() != word] == []


def test_no_normaliser_changes_a_sentence() -> None:
    from whisper_normalizer.english import EnglishTextNormalizer

    sentences = draw_sentences(np.random.default_rng(0), 300)
    normalise = EnglishTextNormalizer()
    assert [text for text in sentences if normalise(text).strip() != text] == []


def test_sentences_are_words_of_the_vocabulary_and_about_nine_long() -> None:
    sentences = draw_sentences(np.random.default_rng(1), 2_000)
    assert {word for sentence in sentences for word in sentence.split()} <= set(words())
    assert np.mean([len(sentence.split()) for sentence in sentences]) == pytest.approx(9, abs=0.6)
    assert len(set(sentences)) > 1_900


def test_similar_words_are_other_words_spelt_alike() -> None:
    similar = similar_words()
    assert set(similar) == set(words())
    assert all(word not in others for word, others in similar.items())
    assert "peach" not in similar["peach"]
    assert "banker" in similar["baker"]


def test_nothing_is_misheard_at_rate_zero() -> None:
    references = draw_sentences(np.random.default_rng(2), 100)
    assert mishear(np.random.default_rng(3), references=references, rates=np.zeros(100)) == references


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.3])
def test_the_counted_error_rate_is_the_rate_asked_for(rate: float) -> None:
    references = draw_sentences(np.random.default_rng(4), 20_000)
    heard = mishear(np.random.default_rng(5), references=references, rates=np.full(20_000, rate))
    # Whole utterances lost or looped add some 3 % of the rate; at 0.05 ten loops, give or take three, are most of the noise.
    assert jiwer.wer(references, heard) == pytest.approx(1.03 * rate, rel=0.04)


def test_errors_are_of_three_kinds_in_their_shares() -> None:
    references = draw_sentences(np.random.default_rng(6), 6_000)
    heard = mishear(np.random.default_rng(7), references=references, rates=np.full(6_000, 0.15))
    output = jiwer.process_words(references, heard)
    kinds = np.array([output.substitutions, output.deletions, output.insertions])
    np.testing.assert_allclose(kinds / kinds.sum(), [0.6, 0.25, 0.15], atol=0.03)


def test_some_utterances_come_out_empty_and_some_as_loops() -> None:
    references = draw_sentences(np.random.default_rng(8), 6_000)
    heard = mishear(np.random.default_rng(9), references=references, rates=np.full(6_000, 0.3))
    n_empty = sum(text == "" for text in heard)
    n_loops = sum(len(text.split()) > len(reference.split()) + 10 for reference, text in zip(references, heard, strict=True))
    # Poisson with means 36 and 18.
    assert 12 <= n_empty <= 60
    assert 5 <= n_loops <= 35


def test_the_same_generator_mishears_alike() -> None:
    references = draw_sentences(np.random.default_rng(10), 50)
    first, again = (mishear(np.random.default_rng(11), references=references, rates=np.full(50, 0.4)) for _ in range(2))
    assert first == again
