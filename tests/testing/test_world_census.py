"""The made-up census looks like one to every reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairasr.testing import null_world, write_census
from fairasr.testing.census import LANGUAGE, MAJORITY, N_UNLISTED, SHARES, VALUES, homes_of_majority, made_up_census
from fairasr.testing.places import homes


def test_every_code_has_every_number_and_its_margin() -> None:
    table = made_up_census()
    assert table["zip_code"].is_unique
    assert table["zip_code"].str.fullmatch(r"\d{5}").all()
    numbers = [*SHARES, *VALUES]
    assert numbers
    for column in numbers:
        assert table[column].notna().all()
        assert (table[f"{column}_moe"] > 0).all()
    for column in SHARES:
        assert table[column].between(0, 1).all()


def test_a_few_codes_that_people_live_in_are_not_listed() -> None:
    missing = set(homes()["zip_code"]) - set(made_up_census()["zip_code"])
    assert len(missing) == N_UNLISTED


def test_no_share_is_near_the_majority_by_chance() -> None:
    share = made_up_census()[LANGUAGE]
    assert (np.abs(share - MAJORITY) >= 0.05).all()
    assert (share >= MAJORITY).mean() == pytest.approx(1 / 6, abs=0.04)


def test_speakers_of_unlisted_codes_are_outside_the_majority() -> None:
    listed = set(made_up_census()["zip_code"])
    unlisted = ~homes()["zip_code"].isin(listed).to_numpy()
    assert unlisted.any()
    assert not homes_of_majority()[unlisted].any()


def test_the_census_reader_reads_card_and_table(tmp_path: Path) -> None:
    from fairasr.discovery.census import read_census

    card = write_census(tmp_path, null_world(20, seed=0).census)
    census = read_census(card)
    shares = [f"share_{attribute.name}" for attribute in census.attributes if attribute.is_share]
    assert shares == list(SHARES)
    assert [attribute.name for attribute in census.attributes if not attribute.is_share] == list(VALUES)
    read = dict(zip(census.zip_codes, census.attributes[0].numbers, strict=True))
    expected = dict(zip(made_up_census()["zip_code"], made_up_census()[LANGUAGE], strict=True))
    assert read == pytest.approx(expected)
    assert census.points is not None
    assert np.isfinite(census.points).all()
    assert "made-up" in census.name
