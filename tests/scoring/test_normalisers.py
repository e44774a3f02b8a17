"""Normalisers against their originals, and the words they must leave whole."""

from __future__ import annotations

import re
import string
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from fairasr.core.errors import ScoringError
from fairasr.scoring import NORMALISERS, normalise
from fairasr.scoring.english_normaliser import ADDITIONS, NUMBER_SUFFIXES, PLAIN_WORD, English

ORIGINAL = EnglishTextNormalizer()
PLAIN = ("the", "cat", "a", "colour", "theatres", "won", "can", "x", "i", "he", "they", "ha", "lf", "n", "mi")
RULED = sorted(
    set(ORIGINAL.standardize_numbers.words)
    | {re.sub(r"\\b", "", pattern).split(" ")[0] for pattern in ORIGINAL.replacers}
    | {"half", "been", "gone", "done", "got", "mm", "uh", "um", "mhm", "o'clock", "uh's", "'tis", "'em", "mm'd", "h\u00e1lf"}
    | {
        "he'd",
        "they've",
        "dollars",
        "cents",
        "percent",
        "5",
        "10:30",
        "3.5",
        ".5",
        "5.",
        "$5",
        "$0.20",
        "£3",
        "¢7",
        "5%",
        "%",
        "$",
        ".",
    }
    | {
        "1",
        "1s",
        "2nd",
        "21",
        "1,000",
        "a..b",
        "b..",
        "..",
        "-",
        "é",
        "naïve",
        "½",
        "…",
        "’",
        "İ",
        "ΑΣ",
        "ﬁve",
        "a_b",
        "<x>",
        "[y]",
    }
    | {"(z)", "<", "[", "(", ")", "]", ">", "()", "&", "x@y", "\u0301", "\x00", "well,", "five,", "mr.", "e-mail", '"no"', "and/or"}
    | {"and a half"}
    | NUMBER_SUFFIXES
)
SPACES = st.sampled_from([" ", " ", " ", "  ", "\n", "\u00a0", "", "-", ", ", ". "])
DRESSED = st.lists(
    st.tuples(st.one_of(st.sampled_from(PLAIN), st.sampled_from(RULED), st.sampled_from(RULED)), SPACES), max_size=10
)
ODD = st.text(alphabet="ab 15.,'’%$<>[]()-uhm\u0301é\n", max_size=25)


def joined(pieces: list[tuple[str, str]]) -> str:
    """Chunks with their separators."""
    return "".join(chunk + space for chunk, space in pieces)


def single_spaced(text: str) -> str:
    """White space at the ends is no part of what is compared."""
    return " ".join(text.split())


@given(st.lists(st.one_of(DRESSED.map(joined), ODD, st.text(max_size=20)), min_size=1, max_size=6))
@settings(deadline=None, max_examples=400)
def test_english_equals_the_original_on_texts_full_of_its_rules(texts: list[str]) -> None:
    english = English()
    for text in texts:
        assert english(text) == single_spaced(ORIGINAL(text)), text


def test_english_equals_the_original_on_every_pair_of_ruled_words_between_plain_ones() -> None:
    english = English()
    texts = [f"the {first} {second} cat" for first in RULED for second in RULED[::12]]
    assert len(texts) > 2000
    assert [english(text) for text in texts] == [single_spaced(ORIGINAL(text)) for text in texts]


FAR_REACHING = (
    "take 5 th street",
    "the 12 nd cat",
    "about 90 s cats",
    "wait.. .5 cats",
    "the b.. 5",
    "the a.. cat",
    "wait..",
    "five and a half cats",
    "a colour in two theatres",
    "the three million and a half cats",
    "two and a h\u00e1lf",
    "the won 't go",
    "the can uh't go",
    "n uh't go",
    "the cat uh's here",
    "he'd been there",
    "he'd  been there",
    "he'd <x> been there",
    "she's (well) got it",
    "the cat's gone",
    "uh 5% of % it",
    "% of it",
    "the minus and cat",
    "the point and cat",
    "() a) five",
    "the [five (six",
    "five - six",
    "the $ 5 and ¢7 cat",
    "$2 and ¢7",
)


@pytest.mark.parametrize("text", FAR_REACHING)
def test_english_equals_the_original_where_a_rule_reaches_past_a_word(text: str) -> None:
    assert English()(text) == single_spaced(ORIGINAL(text))


def test_the_plain_word_between_runs_is_known_to_no_rule() -> None:
    assert PLAIN_WORD not in ORIGINAL.standardize_spellings.mapping
    assert PLAIN_WORD not in ORIGINAL.standardize_numbers.words


def test_no_replacement_writes_a_word_that_another_one_replaces() -> None:
    literals = {pattern.replace(r"\b", "") for pattern in ORIGINAL.replacers}
    assert literals
    assert literals.isdisjoint(word for text in ORIGINAL.replacers.values() for word in text.split())


def test_the_replacements_are_plain_text_between_word_boundaries() -> None:
    assert all(re.fullmatch(r"(\\b)?[a-z' ]+\\b", pattern) for pattern in ORIGINAL.replacers)


def test_no_american_spelling_has_a_symbol_that_a_later_rule_removes() -> None:
    assert set(".$¢€£%").isdisjoint("".join(ORIGINAL.standardize_spellings.mapping.values()))


def test_whisper_english_leaves_what_the_package_added_to_openai_rules() -> None:
    assert normalise(["i kinda dunno 'cause it's sorta twenty five"], profile="whisper_english") == [
        "i kinda dunno cause it is sorta 25"
    ]
    assert normalise(["kinda"], profile="english") == ["kind of"]
    assert len(ADDITIONS) == 4


def test_english_says_which_number_it_cannot_read() -> None:
    digits = "7" * (sys.get_int_max_str_digits() + 1)
    with pytest.raises(ScoringError, match=r"normaliser 'english' cannot read a number in 'call 777.*more than 4,300 digits"):
        normalise([f"call {digits} now"], profile="english")


@pytest.mark.parametrize(("profile", "keep_marks"), [("basic", True), ("whisper_basic", False)])
@given(texts=st.lists(st.one_of(st.text(max_size=30), ODD), max_size=8))
@settings(deadline=None, max_examples=100)
def test_basic_equals_the_original(profile: str, keep_marks: bool, texts: list[str]) -> None:
    original = BasicTextNormalizer(preserve_marks=keep_marks)
    assert normalise(texts, profile=profile) == [single_spaced(original(text)) for text in texts]


@pytest.mark.parametrize("word", ["नमस्ते", "မင်္ဂလာပါ", "السَّلَامُ", "สวัสดี"])
def test_basic_keeps_words_with_marks_whole_where_whisper_basic_breaks_them(word: str) -> None:
    assert len(normalise([f"{word}, {word}!"], profile="basic")[0].split()) == 2
    assert len(normalise([word], profile="whisper_basic")[0].split()) > 1


def test_basic_lowers_letters_that_only_compatibility_forms_reveal() -> None:
    assert normalise(["\u210c\u00e9 \uff21"], profile="basic") == ["h\u00e9 a"]


def test_ascii_punctuation_drops_just_that() -> None:
    [text] = normalise([f"«Zoll-Maß» {string.punctuation} geht’s –"], profile="ascii_punctuation")
    assert text == "«zollmaß» geht’s –"


def test_none_changes_white_space_alone() -> None:
    assert normalise(["  A,  b\tC\n", ""], profile="none") == ["A, b C", ""]


def test_every_profile_gives_single_spaces_and_leaves_its_output_alone_where_it_is_plain() -> None:
    assert len(NORMALISERS) == 6
    for name in NORMALISERS:
        assert normalise([" plain   words\n", "plain words"], profile=name) == ["plain words", "plain words"]


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ScoringError, match="there is no normaliser 'english2'"):
        normalise(["a"], profile="english2")
