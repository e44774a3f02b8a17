"""The loop flag on hypotheses whose looping is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.scoring.counting import count_edits
from fairasr.scoring.loops import FEWEST_REPEATS, FEWEST_WORDS, LONGEST_PHRASE

TWENTY = " ".join(f"w{number}" for number in range(20))
SIXTEEN = " ".join(f"p{number}" for number in range(16))


@pytest.mark.parametrize(
    ("reference", "hypothesis", "loops"),
    [
        (TWENTY, "no no no no no no", True),
        (TWENTY, "no no no no no", False),
        (TWENTY, "thank you thank you thank you thank you", True),
        (TWENTY, "thank you thank you thank you and you", False),
        (TWENTY, "well i am i am i am i am here", True),
        (TWENTY + " " + TWENTY + " " + TWENTY, " ".join([SIXTEEN] * 4), True),
        (TWENTY + " " + TWENTY + " " + TWENTY, " ".join([SIXTEEN] * 3), False),
        ("no no no no no no no", "no no no no no no", False),
        ("hello", "hello my dear", True),
        ("hello there", "hello my dear there", False),
        ("", "thanks", True),
        ("", "", False),
    ],
)
def test_flag_is_as_its_definition_says(reference: str, hypothesis: str, loops: bool) -> None:
    # Others beside it, so that a run of words that crosses from one text into the next would show.
    counts = count_edits([TWENTY, reference, TWENTY], [TWENTY + " no", hypothesis, "no no " + TWENTY])
    assert counts["n_loops"].tolist() == [0, int(loops), 0]


def longest_repetition(words: list[str], n_words: int) -> int:
    """Most times any phrase of that length stands back to back, by trying every start."""
    best = 0
    for start in range(len(words) - n_words + 1):
        times = 1
        while words[start + times * n_words : start + (times + 1) * n_words] == words[start : start + n_words]:
            times += 1
        best = max(best, times)
    return best


def is_loop(words: list[str], n_words: int) -> bool:
    """The definition, word by word: whole repetitions and a begun one count by the words they cover."""
    for start in range(len(words) - n_words):
        echo = start + n_words
        while echo < len(words) and words[echo] == words[echo - n_words]:
            echo += 1
        if echo - start >= max(FEWEST_REPEATS * n_words, FEWEST_WORDS):
            return True
    return False


@given(st.lists(st.tuples(*[st.lists(st.sampled_from("ab"), max_size=30)] * 2), min_size=1, max_size=6))
@settings(deadline=None, max_examples=70)
def test_flag_equals_a_search_from_every_start(pairs: list[tuple[list[str], list[str]]]) -> None:
    counts = count_edits([" ".join(said) for said, _ in pairs], [" ".join(heard) for _, heard in pairs])
    expected = []
    for row, (said, heard) in enumerate(pairs):
        repeated = any(is_loop(heard, n) and not is_loop(said, n) for n in range(1, LONGEST_PHRASE + 1))
        expected.append(int(said != heard and (repeated or counts["insertions"][row] > len(said))))
    assert counts["n_loops"].tolist() == expected


@given(st.lists(st.sampled_from("ab"), max_size=30), st.integers(1, 5))
@settings(deadline=None, max_examples=100)
def test_four_whole_repetitions_are_always_a_loop(words: list[str], n_words: int) -> None:
    if longest_repetition(words, n_words) * n_words >= max(FEWEST_REPEATS * n_words, FEWEST_WORDS):
        assert is_loop(words, n_words)
