"""Trials made from a manifest: balanced over speakers, within groups and across, each pair once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import StatisticsError
from fairasr.verification import MadeTrials, cosine_scores, made_trials


def manifest(utterances: dict[str, int], *, order: np.ndarray | None = None) -> Manifest:
    rows = [(f"{speaker}-{n:02d}", speaker, "") for speaker, many in utterances.items() for n in range(many)]
    table = pd.DataFrame(rows, columns=["utterance_id", "speaker_id", "reference"])
    return Manifest(table=table if order is None else table.iloc[order])


def named(made: MadeTrials, of: Manifest) -> set[frozenset[str]]:
    names = of.table["utterance_id"].to_numpy()
    return {frozenset((str(names[one]), str(names[other]))) for one, other in zip(made.first, made.second, strict=True)}


TWELVE = manifest({f"s{n:02d}": 6 for n in range(12)})
SEXES = pd.Series(["f", "m"] * 6, index=TWELVE.speaker_ids)


def test_every_speaker_has_as_many_target_pairs() -> None:
    made = made_trials(TWELVE, n_per_speaker=5, seed=0)
    speakers = TWELVE.speaker_positions[made.first[made.is_target]]
    assert np.bincount(speakers).tolist() == [5] * 12


def test_no_pair_comes_twice_and_none_is_of_one_utterance() -> None:
    made = made_trials(TWELVE, n_per_speaker=9, seed=0, groups={"sex": SEXES})
    pairs = named(made, TWELVE)
    assert len(pairs) == len(made.first)
    assert all(len(pair) == 2 for pair in pairs)


def test_truth_is_whether_the_speakers_are_the_same() -> None:
    made = made_trials(TWELVE, n_per_speaker=4, seed=1)
    speakers = TWELVE.speaker_positions
    assert (made.is_target == (speakers[made.first] == speakers[made.second])).all()


def test_each_speaker_meets_as_many_of_their_group_as_of_others() -> None:
    made = made_trials(TWELVE, n_per_speaker=5, seed=0, groups={"sex": SEXES})
    sex = SEXES.to_numpy()[TWELVE.speaker_positions]
    nontarget = ~made.is_target
    within = (sex[made.first] == sex[made.second])[nontarget]
    # Twelve speakers ask for five of each kind; a pair that two of them drew is there once.
    assert 50 <= within.sum() <= 60
    assert 50 <= (~within).sum() <= 60
    met = Counter(TWELVE.speaker_positions[np.concatenate([made.first[nontarget], made.second[nontarget]])].tolist())
    assert min(met.values()) >= 8


def test_the_seed_repeats_the_trials_and_row_order_does_not_matter() -> None:
    shuffled = manifest({f"s{n:02d}": 6 for n in range(12)}, order=np.random.default_rng(5).permutation(72))
    one, same, other = (
        named(made_trials(of, n_per_speaker=5, seed=seed, groups={"sex": SEXES}), of)
        for of, seed in ((TWELVE, 3), (shuffled, 3), (TWELVE, 4))
    )
    assert one == same
    assert one != other


def test_few_utterances_give_all_the_pairs_they_have() -> None:
    made = made_trials(manifest({"a": 3, "b": 2}), n_per_speaker=20, seed=0)
    assert made.is_target.sum() == 3 + 1


def test_a_speaker_with_one_utterance_is_in_nontarget_trials_and_counted() -> None:
    given = manifest({"a": 4, "b": 4, "once": 1})
    made = made_trials(given, n_per_speaker=5, seed=0)
    once = int(given.speaker_ids.get_loc("once"))
    sides = given.speaker_positions[np.stack([made.first, made.second])]
    assert made.n_without_second == 1
    assert (sides[:, ~made.is_target] == once).any()
    assert not (sides[:, made.is_target] == once).any()


def test_utterances_without_a_vector_are_in_no_trial() -> None:
    given = manifest({"a": 4, "b": 4, "mute": 2})
    usable = ~given.table["speaker_id"].eq("mute").to_numpy()
    made = made_trials(given, n_per_speaker=5, seed=0, usable=usable)
    assert made.n_without_any == 1
    assert usable[made.first].all()
    assert usable[made.second].all()


def test_speakers_who_all_spoke_once_make_no_trials() -> None:
    with pytest.raises(StatisticsError, match="0 of 3 speakers have two utterances"):
        made_trials(manifest({"a": 1, "b": 1, "c": 1}), n_per_speaker=5, seed=0)


def test_no_trials_per_speaker_are_refused() -> None:
    with pytest.raises(StatisticsError, match="n_per_speaker is 0"):
        made_trials(TWELVE, n_per_speaker=0, seed=0)


def test_cosines_by_hand() -> None:
    vectors = np.array([[3.0, 4.0], [4.0, 3.0], [-3.0, -4.0], [0.0, 0.0]], dtype=np.float32)
    scores = cosine_scores(vectors, np.array([0, 0, 0]), np.array([1, 2, 3]))
    assert scores[:2] == pytest.approx([24 / 25, -1.0])
    assert np.isnan(scores[2])
