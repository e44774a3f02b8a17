"""Whole words as symbols."""

from __future__ import annotations

import pytest

from fairasr.core.errors import ModelError
from fairasr.models.word_vocabulary import WordVocabulary

WORDS = WordVocabulary.of(["Two, one", "it’s one"], special=("<sot>", "<eot>"))


def test_words_are_numbered_after_the_blank_and_the_special_symbols() -> None:
    assert WORDS.words == ("it's", "one", "two")
    assert WORDS.encode("One: TWO it's") == [4, 5, 3]
    assert [WORDS.number(symbol) for symbol in ("<sot>", "<eot>", "one")] == [1, 2, 4]
    assert [WORDS.symbol(number) for number in range(1, 6)] == ["<sot>", "<eot>", "it's", "one", "two"]
    assert len(WORDS) == 6
    assert WORDS.encode("  ") == []


def test_special_symbols_are_not_in_texts() -> None:
    assert WORDS.decode([1, 4, 5, 2, 1, 3, 2]) == "one two it's"
    assert WORDS.obstacle("one <sot> two") == "has words outside the vocabulary ('sot')"
    assert WordVocabulary(words=("one",), special=("sot",)).obstacle("sot one") == "has words outside the vocabulary ('sot')"


def test_unknown_words_are_named() -> None:
    text = "a b one c d e f"
    assert WORDS.obstacle(text) == "has words outside the vocabulary ('a', 'b', 'c', 'd', 'e' and 1 more)"
    assert WORDS.unknown("a b a") == ["a", "b"]
    with pytest.raises(ModelError, match="the text 'a b one"):
        WORDS.encode(text)
    with pytest.raises(ModelError, match="'three' is none of the 5"):
        WORDS.number("three")


def test_it_comes_back_from_json() -> None:
    assert WordVocabulary.from_json(WORDS.to_json()) == WORDS


@pytest.mark.parametrize("data", [{}, {"words": "one", "special": [], "ignored": ""}, {"words": [1], "special": [], "ignored": ""}])
def test_what_is_no_vocabulary_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="the vocabulary is broken"):
        WordVocabulary.from_json(data)


@pytest.mark.parametrize(
    ("words", "special", "message"),
    [
        ((), (), "at least one word"),
        (("one", "one"), (), "1 of 2 symbols of the vocabulary repeat"),
        (("one",), ("one",), "repeat"),
        (("One",), (), "'One'"),
        (("one two",), (), "'one two'"),
        (("",), (), "first: ''"),
    ],
)
def test_words_that_could_never_be_written_are_refused(words: tuple[str, ...], special: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        WordVocabulary(words=words, special=special)
