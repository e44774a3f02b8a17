"""Characters and their numbers."""

from __future__ import annotations

import pytest

from fairasr.core.errors import ModelError
from fairasr.models.vocabulary import BLANK, Vocabulary


def test_a_vocabulary_is_the_folded_characters_of_the_references() -> None:
    vocabulary = Vocabulary.of(["Ab, c!", "it’s  a\tB"])
    assert vocabulary.symbols == " 'abcist"
    assert len(vocabulary) == 9, "with the blank"


def test_text_comes_back_folded() -> None:
    vocabulary = Vocabulary.of(["the quick brown fox jumps over lazy dogs' äö"])
    assert vocabulary.decode(vocabulary.encode("  The LAZY, dog's—fox. ")) == "the lazy dog's fox"
    assert vocabulary.decode(vocabulary.encode("A\u0308O\u0308")) == "äö", "composed"
    assert vocabulary.encode("") == vocabulary.encode(" ... ") == []
    assert BLANK not in vocabulary.encode("the fox")


def test_decoding_leaves_no_spaces_at_the_ends_nor_two_together() -> None:
    vocabulary = Vocabulary(symbols=" ab")
    assert vocabulary.decode([1, 2, 1, 1, 3, 1]) == "a b"


def test_the_sharp_s_is_not_folded_away() -> None:
    assert Vocabulary.of(["Straße"]).symbols == "aerstß"


def test_what_is_outside_the_vocabulary_is_named() -> None:
    vocabulary = Vocabulary.of(["abc"])
    assert vocabulary.obstacle("cab") is None
    assert vocabulary.obstacle("a cub") == "has symbols outside the vocabulary (' ', 'u')"
    assert vocabulary.obstacle("defghijk") == "has symbols outside the vocabulary ('d', 'e', 'f', 'g', 'h' and 3 more)"
    with pytest.raises(ModelError, match=r"the text 'cub' has symbols outside the vocabulary \('u'\)"):
        vocabulary.encode("cub")


def test_a_vocabulary_survives_json() -> None:
    vocabulary = Vocabulary.of(["Grüße, 你好 it's"], ignored=",")
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary
    with pytest.raises(ModelError, match="vocabulary is broken"):
        Vocabulary.from_json({"symbols": ["a"]})


@pytest.mark.parametrize(
    ("symbols", "wrong"),
    [("", "at least one symbol"), (" ", "at least one symbol"), ("aba", "repeat"), ("aB", "changed by folding"), ("a.", "changed")],
)
def test_symbols_that_cannot_be_used_are_refused(symbols: str, wrong: str) -> None:
    with pytest.raises(ModelError, match=wrong):
        Vocabulary(symbols=symbols)


def test_references_without_text_make_no_vocabulary() -> None:
    with pytest.raises(ModelError, match="at least one symbol"):
        Vocabulary.of(["", " ?"])
