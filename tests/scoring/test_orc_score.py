"""ORC-WER against every assignment tried, against MeetEval, and by hand."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meeteval.wer.wer.orc import orc_word_error_rate
from rapidfuzz.distance import Levenshtein

from fairasr.core.errors import ScoringError
from fairasr.core.turns import Turn, read_turns
from fairasr.scoring import orc
from fairasr.scoring.alignment import align
from fairasr.scoring.orc import orc_score

TEXT = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(" ".join)


def untimed(texts: Sequence[str]) -> list[Turn]:
    return [Turn(text=text) for text in texts]


def in_channels(texts: Sequence[str]) -> list[Turn]:
    return [Turn(text=text, channel=channel) for channel, text in enumerate(texts)]


def fewest_errors(reference: Sequence[str], channels: Sequence[str]) -> int:
    """By trying every assignment."""
    return min(
        sum(
            Levenshtein.distance(
                " ".join(text for text, to in zip(reference, assignment, strict=True) if to == channel).split(), words.split()
            )
            for channel, words in enumerate(channels)
        )
        for assignment in itertools.product(range(len(channels)), repeat=len(reference))
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, max_size=5), st.lists(TEXT, min_size=1, max_size=3))
def test_errors_are_the_fewest_of_all_assignments(reference: list[str], channels: list[str]) -> None:
    score = orc_score(reference=untimed(reference), hypothesis=in_channels(channels))
    assert score.n_errors == fewest_errors(reference, channels)
    assert score.n_ref_words == sum(len(text.split()) for text in reference)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8), st.lists(TEXT, min_size=2, max_size=2))
def test_errors_are_those_of_meeteval(reference: list[str], channels: list[str]) -> None:
    score = orc_score(reference=untimed(reference), hypothesis=in_channels(channels))
    theirs = orc_word_error_rate(reference, channels)
    assert (score.n_errors, score.n_ref_words) == (theirs.errors, theirs.length)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=5), st.lists(st.tuples(TEXT, st.integers(0, 300), st.integers(0, 1)), max_size=5))
def test_times_change_no_error_and_every_word_is_somewhere_once(reference: list[str], written: list[tuple[str, int, int]]) -> None:
    spoken = [Turn(text=text, start_s=number, end_s=number + 1.5) for number, text in enumerate(reference)]
    hypothesis = [Turn(text=text, start_s=start / 100, end_s=start / 100 + 1, channel=channel) for text, start, channel in written]
    score = orc_score(reference=spoken, hypothesis=hypothesis)
    inorder = sorted(hypothesis, key=lambda turn: turn.times[0])
    channels = [" ".join(turn.text for turn in inorder if turn.channel == channel) for channel in (0, 1)]
    assert score.n_errors == fewest_errors(reference, channels)
    words = [word for turn in score.turns for word in turn.hypothesis] + [w for words in score.unassigned.values() for w in words]
    assert sorted(words) == sorted(" ".join(channels).split())
    assert score.n_errors == sum(Levenshtein.distance(turn.reference, turn.hypothesis) for turn in score.turns) + sum(
        len(words) for words in score.unassigned.values()
    )


def test_a_hand_worked_recording() -> None:
    """Channel 1 holds the second turn with one word wrong and one too many, channel 0 the others with one word lacking."""
    score = orc_score(
        reference=read_turns("<0-2> one two <1-3> three four <4-5> five six"),
        hypothesis=read_turns("<0.1-2.1 0> one two <1.1-3.1 1> three nine zero <4.1-5.1 0> six"),
    )
    assert [turn.channel for turn in score.turns] == [0, 1, 0]
    assert [turn.hypothesis for turn in score.turns] == [("one", "two"), ("three", "nine", "zero"), ("six",)]
    assert [dict(turn.counts) for turn in score.turns] == [
        {"hit": 2},
        {"hit": 1, "substitution": 1, "insertion": 1},
        {"deletion": 1, "hit": 1},
    ]
    assert [turn.hit_positions for turn in score.turns] == [(0, 0), (1,), (2,)]
    assert (score.n_errors, score.n_ref_words, score.unassigned) == (3, 6, {})
    assert score.wer == pytest.approx(0.5)


def test_turns_are_never_cut_between_channels() -> None:
    """Whole turns are assigned: a channel apart for the second word of each does not pay."""
    assert orc_score(reference=untimed(["the cat", "sat on"]), hypothesis=in_channels(["the cat sat", "on"])).n_errors == 2


def test_a_channel_that_says_what_another_said_is_insertions_of_no_turn() -> None:
    score = orc_score(
        reference=read_turns("<0-2> one two"), hypothesis=read_turns("<0-2 0> one two <0.5-1 1> one <3-4 1> nine nine")
    )
    assert score.turns[0].channel == 0
    assert score.unassigned == {1: ("one",), 2: ("nine", "nine")}
    assert score.n_errors == 3


def test_of_assignments_with_equal_errors_the_nearest_in_time_is_taken() -> None:
    """Both turns say "one", and so do both channels: each goes to the channel that spoke when it did, whatever the numbers."""
    reference = read_turns("<0-1> one <5-6> one")
    for early, late in ((0, 1), (1, 0)):
        hypothesis = read_turns(f"<0.1-1.1 {early}> one <5.1-6.1 {late}> one")
        assert [turn.channel for turn in orc_score(reference=reference, hypothesis=hypothesis).turns] == [early, late]


def test_an_inserted_word_belongs_to_the_turn_nearest_in_time() -> None:
    reference = read_turns("<0-1> one <5-6> two")
    for start_s, owner in ((1.2, 0), (4.2, 1)):
        hypothesis = read_turns(f"<0-1 0> one <{start_s}-{start_s + 0.5} 0> nine <5-6 0> two")
        turns = orc_score(reference=reference, hypothesis=hypothesis).turns
        assert [turn.n_errors for turn in turns] == [int(owner == 0), int(owner == 1)]


def test_the_order_in_which_turns_are_given_makes_no_difference() -> None:
    spoken = read_turns("<0-2> one two <1-3> three four <4-5> five six")
    written = read_turns("<0.1-2.1 0> one two <1.1-3.1 1> three nine <4.1-5.1 0> six")
    forward = orc_score(reference=spoken, hypothesis=written)
    backward = orc_score(reference=spoken[::-1], hypothesis=written[::-1])
    assert [turn.hypothesis for turn in backward.turns[::-1]] == [turn.hypothesis for turn in forward.turns]


def test_a_recogniser_that_wrote_nothing_has_deletions_alone() -> None:
    score = orc_score(reference=untimed(["one two", "three"]), hypothesis=())
    assert [turn.channel for turn in score.turns] == [None, None]
    assert score.n_errors == 3


def test_words_over_no_reference_are_errors_of_no_rate() -> None:
    score = orc_score(reference=(), hypothesis=in_channels(["one", "two"]))
    assert score.n_errors == 2
    assert math.isnan(score.wer)


def test_channels_may_have_any_numbers() -> None:
    score = orc_score(reference=untimed(["one", "two"]), hypothesis=[Turn(text="one", channel=7), Turn(text="two", channel=90)])
    assert [turn.channel for turn in score.turns] == [7, 90]


@pytest.mark.parametrize(("limit", "largest"), [("LARGEST_TABLE", 12), ("MOST_WORK", 72), ("MOST_WORDS", 8)])
def test_a_recording_too_long_is_refused(limit: str, largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two turns of three words, channels of 2 and 1: places 3 x 2, cells 2 x 6, steps (3 + 1) x (2 + 1) x 6, words 3 + 3 + 2."""
    reference, hypothesis = untimed(["a b", "c"]), in_channels(["a b", "c"])
    monkeypatch.setattr(orc, limit, largest)
    assert orc_score(reference=reference, hypothesis=hypothesis).n_errors == 0
    monkeypatch.setattr(orc, limit, largest - 1)
    with pytest.raises(ScoringError, match="2 turns and 3 words, with 2, 1 words in its channels"):
        orc_score(reference=reference, hypothesis=hypothesis)


def test_a_channel_with_more_of_the_right_word_is_not_preferred_for_it() -> None:
    """Either way two errors: the turn goes to the channel that spoke when it did."""
    score = orc_score(reference=read_turns("<0-1> five"), hypothesis=read_turns("<0.1-1 0> five <0.2-0.9 1> five five"))
    assert score.turns[0].hypothesis == ("five",)
    assert score.unassigned == {1: ("five", "five")}


def test_a_long_recording_is_scored_within_its_memory() -> None:
    """Ten turns of 60 words in two channels of 300; a copy with no error has none."""
    texts = [" ".join(f"w{turn}-{number}" for number in range(60)) for turn in range(10)]
    hypothesis = [Turn(text=text, channel=turn % 2) for turn, text in enumerate(texts)]
    score = orc_score(reference=untimed(texts), hypothesis=hypothesis)
    assert score.n_errors == 0
    assert [turn.channel for turn in score.turns] == [0, 1] * 5


def test_of_equal_words_the_one_nearest_in_time_was_recognised() -> None:
    """The recogniser wrote "one" twice, once when it was said: which of the two is a matter of times, not of texts."""
    hypothesis = read_turns("<0.1-1.1> one <2-3> one")
    for reference, nearest in (("<0-1> one", 0), ("<2-3> one", 1)):
        (turn,) = orc_score(reference=read_turns(reference), hypothesis=hypothesis).turns
        assert (turn.hit_positions, dict(turn.counts)) == ((nearest,), {"hit": 1, "insertion": 1})


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=5), st.lists(st.tuples(TEXT, st.integers(0, 300), st.integers(0, 1)), max_size=5))
def test_every_turn_is_aligned_with_fewest_errors_and_most_hits(reference: list[str], written: list[tuple[str, int, int]]) -> None:
    """Counts are those of the two texts of a turn alone, whichever of their alignments the times have chosen."""
    spoken = [Turn(text=text, start_s=number, end_s=number + 1.5) for number, text in enumerate(reference)]
    hypothesis = [Turn(text=text, start_s=start / 100, end_s=start / 100 + 1, channel=channel) for text, start, channel in written]
    for turn in orc_score(reference=spoken, hypothesis=hypothesis).turns:
        steps = align(reference=" ".join(turn.reference), hypothesis=" ".join(turn.hypothesis))
        assert turn.counts == Counter(step.kind for step in steps)
        places = [place for place in turn.matches if place is not None]
        assert places == sorted(set(places))
