"""Nobody is both trained on and measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import JobError
from fairasr.mitigating.division import divided, drawn_speakers


def manifest_of(n_speakers: int) -> Manifest:
    speakers = [f"s{i:03d}" for i in range(n_speakers)]
    return Manifest(table=pd.DataFrame({"utterance_id": speakers, "speaker_id": speakers, "reference": "a b"}))


def test_every_speaker_is_in_exactly_one_part_of_about_its_share() -> None:
    manifest = manifest_of(200)
    division = divided(manifest, np.arange(200), training=0.5, development=0.2, seed=3)
    assert (len(division.training), len(division.development), len(division.test)) == (100, 40, 60)
    together = [*division.training, *division.development, *division.test]
    assert sorted(together) == list(manifest.speaker_ids)


def test_parts_have_about_the_same_amount_of_speech_each_speaker() -> None:
    words = np.arange(200)
    manifest = manifest_of(200)
    division = divided(manifest, words, training=0.5, development=0.2, seed=0)
    means = [words[manifest.speaker_ids.isin(part)].mean() for part in (division.training, division.development, division.test)]
    assert np.ptp(means) < 12, "of 0..199; by chance alone it would be twice that"


def test_the_seed_repeats_and_another_seed_differs() -> None:
    manifest = manifest_of(60)
    one, again, other = (divided(manifest, np.ones(60), training=0.5, development=0.2, seed=s) for s in (1, 1, 2))
    assert one.test.equals(again.test)
    assert not one.test.equals(other.test)


def test_speakers_who_discovered_the_cohorts_are_the_ones_trained_on() -> None:
    manifest = manifest_of(100)
    discovery = manifest.speaker_ids[::2]
    division = divided(manifest, np.ones(100), training=0.5, development=0.2, seed=0, discovery=discovery)
    assert division.training.equals(discovery)
    assert (len(division.development), len(division.test)) == pytest.approx((20, 30), abs=4)
    assert not set(division.development) & set(division.test)


def test_a_part_without_speakers_is_refused() -> None:
    with pytest.raises(JobError, match="none is left as a development speaker"):
        divided(manifest_of(40), np.ones(40), training=0.9, development=0.01, seed=0)


def test_no_more_speakers_than_asked_are_drawn() -> None:
    manifest = manifest_of(50)
    assert len(drawn_speakers(manifest, at_most=20, seed=0)) == 20
    assert drawn_speakers(manifest, at_most=0, seed=0).equals(manifest.speaker_ids)
