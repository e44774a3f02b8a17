"""Mixtures on paper: never more than two at once, nobody over themselves, as much overlap as was drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.core.errors import IngestError
from fairasr.core.turns import assigned_channels, most_at_once, overlap_of, read_turns, write_turns
from fairasr.mixtures import MixtureSettings
from fairasr.mixtures.placing import Material, Mixture, drawn_mixture, require_enough

N_SPEAKERS = 5
PER_SPEAKER = 6
DURATIONS_S = np.random.default_rng(0).uniform(0.2, 1.5, N_SPEAKERS * PER_SPEAKER)
MATERIAL = Material(
    rows={f"s{speaker}": np.arange(PER_SPEAKER) + PER_SPEAKER * speaker for speaker in range(N_SPEAKERS)},
    references=[f"w{row}" for row in range(N_SPEAKERS * PER_SPEAKER)],
    durations_s=DURATIONS_S,
)


def drawn(seed: int, **changed: object) -> Mixture:
    chosen = MixtureSettings(**changed)  # type: ignore[arg-type]
    return drawn_mixture(MATERIAL, chosen, mixture_id="m", part="train", generator=np.random.default_rng(seed))


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turns=st.tuples(st.integers(1, 3), st.integers(3, 5)),
    share=st.floats(0, 1),
    speakers=st.sampled_from(["different", "any"]),
)
def test_two_speak_at_once_at_most_and_nobody_over_themselves(
    seed: int, turns: tuple[int, int], share: float, speakers: str
) -> None:
    mixture = drawn(seed, turns=turns, overlap=(share, share), apart=0.0, speakers=speakers)
    spoken = [placed.turn for placed in mixture.turns]
    assert most_at_once(spoken) <= 2
    assert overlap_of(spoken) <= share + 0.02, "never more than aimed at, but for the grid of a hundredth of a second"
    assert set(assigned_channels(spoken)) <= {0, 1}
    starts_s = [turn.times[0] for turn in spoken]
    assert all(later - earlier > 0.09 for earlier, later in itertools.pairwise(starts_s))
    for speaker in {turn.speaker_id for turn in spoken}:
        assert most_at_once([turn for turn in spoken if turn.speaker_id == speaker]) == 1
    if speakers == "different":
        assert len({turn.speaker_id for turn in spoken}) == len(spoken)


def test_the_overlap_of_two_turns_is_the_one_aimed_at() -> None:
    """A fifth fits wherever the shorter turn is not much shorter; turns of three recordings each are alike enough."""
    shares = [
        overlap_of(
            [placed.turn for placed in drawn(seed, turns=(2, 2), recordings_per_turn=(3, 3), overlap=(0.2, 0.2), apart=0.0).turns]
        )
        for seed in range(100)
    ]
    assert np.max(np.abs(np.array(shares) - 0.2)) < 0.01


@pytest.mark.parametrize("changed", [{"apart": 1.0}, {"apart": 0.0, "overlap": (0.0, 0.0)}])
def test_turns_that_are_to_be_apart_do_not_overlap(changed: dict[str, object]) -> None:
    mixtures = [drawn(seed, turns=(3, 3), **changed) for seed in range(50)]
    assert {overlap_of([placed.turn for placed in mixture.turns]) for mixture in mixtures} == {0.0}


def test_the_notation_loses_nothing_of_what_was_placed() -> None:
    for seed in range(50):
        spoken = [placed.turn for placed in drawn(seed).turns]
        again = read_turns(write_turns(spoken))
        assert [(turn.text, turn.times) for turn in again] == [(turn.text, turn.times) for turn in spoken]


def test_a_turn_lasts_as_long_as_its_recordings_and_their_gaps() -> None:
    mixture = drawn(3, turns=(1, 1), recordings_per_turn=(3, 3), gap_s=(0.1, 0.1))
    (placed,) = mixture.turns
    lengths_s = DURATIONS_S[list(placed.rows)]
    start_s, end_s = placed.turn.times
    assert end_s - start_s == pytest.approx(lengths_s.sum() + 0.2, abs=0.006)
    assert np.diff(placed.starts_s) == pytest.approx(lengths_s[:-1] + 0.1)
    assert mixture.duration_s == pytest.approx(start_s + lengths_s.sum() + 0.2 + 0.5)
    assert placed.turn.text == " ".join(f"w{row}" for row in placed.rows)


def test_a_recording_is_in_a_mixture_once() -> None:
    for seed in range(50):
        rows = [
            row for placed in drawn(seed, turns=(4, 4), speakers="any", recordings_per_turn=(1, 1)).turns for row in placed.rows
        ]
        assert len(set(rows)) == len(rows)


def test_too_few_speakers_are_refused() -> None:
    with pytest.raises(IngestError, match="the part 'test' has 5 speakers, and 6 turns of different speakers need 6"):
        require_enough(MATERIAL, MixtureSettings(turns=(1, 6)), part="test")
    require_enough(MATERIAL, MixtureSettings(turns=(1, 6), speakers="any"), part="test")


def test_too_few_recordings_are_refused() -> None:
    with pytest.raises(IngestError, match=r"5 of 5 speakers have fewer than 7 recordings .* \(first: 's0'\)"):
        require_enough(MATERIAL, MixtureSettings(recordings_per_turn=(7, 8)), part="train")


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_train": 0, "n_test": 0},
        {"n_test": -1},
        {"turns": (0, 1)},
        {"turns": (3, 2)},
        {"turns": (1, 2.0)},
        {"n_train": 10.0},
        {"recordings_per_turn": (1, 101)},
        {"recordings_per_turn": (1.0, 2.0)},
        {"n_test": 0, "held_out": 0.0},
        {"recordings_per_turn": (0, 1)},
        {"overlap": (0.0, 1.1)},
        {"overlap": (0.5, 0.4)},
        {"overlap": (float("nan"), 0.5)},
        {"apart": 2.0},
        {"held_out": 1.0},
        {"level_db": -1.0},
        {"tail_s": float("inf")},
        {"gap_s": (0.2, 0.1)},
        {"speakers": "same"},
        {"hold_out": "words"},
        {"audio_format": "mp3"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(IngestError, match=list(wrong)[-1]):
        MixtureSettings(**wrong)  # type: ignore[arg-type]


def test_all_wrong_settings_are_told_together() -> None:
    with pytest.raises(IngestError) as caught:
        MixtureSettings(turns=(0, 1), apart=2.0)
    assert len(str(caught.value).splitlines()) == 3
