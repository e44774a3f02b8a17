"""Turns in the place of a text: read, written, given to channels, and how far they overlap."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairasr.core.errors import SchemaError
from fairasr.core.turns import (
    OVERLAP_BANDS,
    UNKNOWN_BAND,
    Turn,
    assigned_channels,
    most_at_once,
    overlap_band,
    overlap_of,
    read_turns,
    turn_overlaps,
    write_turns,
)


def spoken(*times: tuple[float, float]) -> list[Turn]:
    return [Turn(text=f"t{number}", start_s=start_s, end_s=end_s) for number, (start_s, end_s) in enumerate(times)]


def test_turns_are_read_with_times_and_channels() -> None:
    assert read_turns("<0.03-1.23 0> one two <0.90-1.98 1> three") == (
        Turn(text="one two", start_s=0.03, end_s=1.23, channel=0),
        Turn(text="three", start_s=0.9, end_s=1.98, channel=1),
    )
    assert read_turns("<0.00-1.20> one  two")[0] == Turn(text="one two", start_s=0.0, end_s=1.2)


def test_turns_are_sorted_by_start_and_those_that_start_at_once_stay_in_order() -> None:
    assert [turn.text for turn in read_turns("<2-3> c <1-2> a <1-4> b")] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["one two", " one two\n"])
def test_a_text_without_markers_is_one_turn_of_unknown_times(text: str) -> None:
    assert read_turns(text) == (Turn(text="one two"),)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_no_turn(text: str) -> None:
    assert read_turns(text) == ()


def test_words_in_angle_brackets_are_words() -> None:
    assert read_turns("a <unk> i <3 you <sot>") == (Turn(text="a <unk> i <3 you <sot>"),)
    assert read_turns("<0-1> a <unk>")[0].text == "a <unk>"


def test_a_turn_without_words_is_a_turn() -> None:
    assert [turn.text for turn in read_turns("<0-1 0> <2-3 1> b")] == ["", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "<0.00-1.20 one two",
        "<nan-1.00> one",
        "<0.00-nan> one",
        "<inf-inf> one",
        "<-1.00-2.00> one",
        "<1.20> one",
        "<0.00-1.20 x> one",
        "<0.00-1.20 -1> one",
        "< 0.00-1.20> one",
        "<0.00-1.00> one <1.00-> two",
    ],
)
def test_a_broken_marker_is_refused(text: str) -> None:
    with pytest.raises(SchemaError, match="begins as the marker of a turn and is none"):
        read_turns(text)


def test_a_turn_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"from 1\.2 s to 0\.8 s"):
        read_turns("<1.20-0.80> one")


def test_words_before_the_first_marker_are_refused() -> None:
    with pytest.raises(SchemaError, match="words before the first marker"):
        read_turns("zero <0.00-1.20> one")


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(math.nan, 1.0), (0.0, math.nan), (0.0, math.inf), (-0.1, 1.0), (0.0, None), (None, 1.0)]
)
def test_times_that_are_not_finite_or_half_known_are_refused(start_s: float | None, end_s: float | None) -> None:
    with pytest.raises(SchemaError, match="turn 'one'"):
        Turn(text="one", start_s=start_s, end_s=end_s)


def test_a_negative_channel_is_refused() -> None:
    with pytest.raises(SchemaError, match="numbered from 0"):
        Turn(text="one", channel=-1)


def test_unknown_times_are_refused_where_they_are_needed() -> None:
    with pytest.raises(SchemaError, match="not known when the turn 'one'"):
        _ = Turn(text="one").times


WORDS = st.lists(st.sampled_from(["one", "two", "<unk>", "è"]), max_size=3).map(" ".join)
HUNDREDTHS = st.integers(0, 5000)


@st.composite
def any_turn(draw: st.DrawFn) -> Turn:
    start, end = sorted((draw(HUNDREDTHS), draw(HUNDREDTHS)))
    return Turn(text=draw(WORDS), start_s=start / 100, end_s=end / 100, channel=draw(st.none() | st.integers(0, 3)))


@given(st.lists(any_turn(), max_size=5))
def test_what_is_written_is_read_again(turns: list[Turn]) -> None:
    assert read_turns(write_turns(turns)) == tuple(sorted(turns, key=lambda turn: turn.times[0]))


def test_a_turn_of_unknown_times_is_written_as_its_text() -> None:
    assert write_turns([Turn(text="one two")]) == "one two"
    assert write_turns([]) == ""


def test_one_turn_of_unknown_times_among_several_cannot_be_written() -> None:
    with pytest.raises(SchemaError, match="not known when"):
        write_turns([Turn(text="one"), Turn(text="two", start_s=0.0, end_s=1.0)])


def test_speech_without_overlap_is_in_the_first_channel() -> None:
    assert assigned_channels(spoken((0, 1), (1, 2), (2.5, 3))) == [0, 0, 0]


def test_a_turn_goes_to_the_first_channel_that_is_free() -> None:
    """The third starts when the first has ended and the second has not; the fourth when both have."""
    assert assigned_channels(spoken((0, 2), (1, 4), (2, 5), (5, 6))) == [0, 1, 0, 0]


def test_channels_are_in_the_order_the_turns_were_given_in() -> None:
    assert assigned_channels(spoken((1, 4), (0, 2))) == [1, 0]


def test_more_turns_at_once_than_channels_are_refused() -> None:
    turns = spoken((0, 3), (1, 3), (2, 3))
    with pytest.raises(SchemaError, match=r"1 of 3 turns start while 2 others are spoken \(first: 't2' at 2\.00 s\)"):
        assigned_channels(turns)
    assert assigned_channels(turns, n_channels=3) == [0, 1, 2]
    assert most_at_once(turns) == 3


def test_a_single_turn_of_unknown_times_is_in_the_first_channel() -> None:
    assert assigned_channels([Turn(text="one")]) == [0]


@pytest.mark.parametrize(
    ("times", "most"), [([], 0), ([(0, 1)], 1), ([(0, 1), (1, 2)], 1), ([(0, 2), (1, 3), (2, 4)], 2), ([(1, 1), (1, 1)], 1)]
)
def test_turns_that_meet_are_not_at_once(times: list[tuple[float, float]], most: int) -> None:
    assert most_at_once(spoken(*times)) == most


def test_overlap_is_the_share_of_speech_in_which_two_speak() -> None:
    """Speech 0-4 and 5-6: five seconds, of which 1-2 and 3-4 are of two."""
    turns = spoken((0, 2), (1, 4), (3, 4), (5, 6))
    assert overlap_of(turns) == pytest.approx(2 / 5)
    assert turn_overlaps(turns) == pytest.approx([1 / 2, 2 / 3, 1.0, 0.0])


def test_a_stretch_that_two_others_share_with_a_turn_counts_once() -> None:
    assert turn_overlaps(spoken((0, 4), (1, 3), (2, 3)))[0] == pytest.approx(2 / 4)


def test_overlap_of_what_is_not_known_is_not_known() -> None:
    assert math.isnan(overlap_of([Turn(text="one")]))
    assert math.isnan(overlap_of([]))
    assert math.isnan(turn_overlaps([Turn(text="one")])[0])
    assert overlap_band(math.nan) == UNKNOWN_BAND


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, 0), (0.001, 1), (0.2, 1), (0.2 + 1e-15, 1), (0.21, 2), (0.4, 2), (0.4 + 1e-12, 2), (0.41, 3), (1.0, 3)],
)
def test_bands_of_overlap(share: float, band: int) -> None:
    assert overlap_band(share) == OVERLAP_BANDS[band]
