"""Zip demographics: planted attributes are found, sides are those of a hand computation, bad input is one clear error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core import UNKNOWN, Counts, Manifest
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.discovery import HasAreas, HasPartitions, fit
from fairasr.discovery.census import CensusTable, census_from, read_census
from fairasr.discovery.census_card import card_from
from fairasr.discovery.zip_demographics import ZipDemographics, ZipRule
from fairasr.discovery.zip_partition import ECOLOGICAL

PLACES = {"NY": (42.9, -75.5), "TX": (31.5, -99.3), "CA": (36.8, -119.8)}
FIPS = {"NY": "36", "TX": "48", "CA": "06"}


def census_of(table: pd.DataFrame, *, margins: bool = False, points: bool = True) -> CensusTable:
    card = {
        "census": {"name": "made up", "zcta": "zcta"},
        "shares": {
            name: {"column": name, "scale": 100, "wording": f"residents are {name}"} for name in ("red", "blue") if name in table
        },
        "values": {"income": {"column": "income", "wording": "income per head", "unit": "dollars"}} if "income" in table else {},
    }
    if points:
        card["census"] |= {"latitude_deg": "lat", "longitude_deg": "lon"}
    if margins:
        card["census"]["margin_confidence"] = 0.9
        card["shares"]["red"]["margin"] = "red_moe"
    return census_from(table, card=card_from(card))


def made_up(n_zips: int = 300, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    state = random.choice(list(PLACES), n_zips)
    return pd.DataFrame(
        {
            "zcta": [f"{500 + 7 * i:05d}" for i in range(n_zips)],
            "red": random.integers(0, 101, n_zips),
            "blue": random.integers(0, 101, n_zips),
            "income": random.integers(10_000, 90_000, n_zips),
            "lat": [PLACES[s][0] for s in state],
            "lon": [PLACES[s][1] for s in state],
        }
    )


def people(zips: list[str | None], prefix: str = "s") -> Manifest:
    n = len(zips)
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:05d}" for i in range(n)],
            "speaker_id": [f"{prefix}{i:05d}" for i in range(n)],
            "reference": "a",
            "zip_code": pd.array(zips, dtype=object),
        }
    )
    return Manifest(table=table)


def world(seed: int, *, n_speakers: int = 600, ratio: float = 1.5) -> tuple[Manifest, np.ndarray, np.ndarray, np.ndarray]:
    """Speakers with a rate of their own (gamma, CV 0.5), `ratio` times as high where a majority is red."""
    census = made_up()
    random = np.random.default_rng(seed)
    home = random.integers(len(census), size=n_speakers)
    is_red = census["red"].to_numpy()[home] >= 50
    words = random.integers(50, 400, n_speakers)
    rate = 0.15 * np.where(is_red, ratio, 1.0) * random.gamma(4, 0.25, n_speakers)
    return people(census["zcta"].to_numpy()[home].tolist()), random.poisson(rate * words), words, is_red


def test_a_planted_majority_is_found_in_most_worlds() -> None:
    census, found = census_of(made_up()), 0
    for seed in range(20):
        manifest, errors, words, is_red = world(seed)
        rule = ZipDemographics(census=census).search(manifest, seed=0).fit(errors, words)
        bottom = rule.partitions(manifest)[rule.tried[0].name].labels.to_numpy() == "bottom"
        found += (bottom == is_red).mean() > 0.85
    assert found >= 16


def test_a_planted_intersection_is_found_at_depth_2_and_not_at_depth_1() -> None:
    table = made_up()
    census = census_of(table)
    random = np.random.default_rng(0)
    home = random.integers(len(table), size=1200)
    both = ((table["red"] >= 50) & (table["blue"] < 50)).to_numpy()[home]
    words = np.full(1200, 300)
    errors = random.poisson(0.1 * np.where(both, 2.0, 1.0) * words)
    manifest = people(table["zcta"].to_numpy()[home].tolist())
    deep, flat = (ZipDemographics(census=census, depth=depth).search(manifest, seed=0).fit(errors, words) for depth in (1, 2))
    assert flat.tried[0].name == "red >= 50 % and blue < 50 %"
    assert flat.tried[0].inside == "zip codes where at least 50 % of residents are red and less than 50 % of residents are blue"
    assert (flat.assign(manifest).labels.to_numpy() == flat.tried[0].name).tolist() == both.tolist()
    assert "and" not in deep.tried[0].name


def test_the_best_division_is_the_best_of_all_by_a_loop_over_them() -> None:
    table = made_up(40)
    random = np.random.default_rng(0)
    manifest = people(random.choice(table["zcta"], 200).tolist())
    by_zip = table.set_index("zcta").loc[manifest.table["zip_code"]]
    search = ZipDemographics(census=census_of(table), min_speakers=15).search(manifest, seed=0)
    for _ in range(30):
        words = random.integers(1, 400, 200)
        errors = random.binomial(words, random.uniform(0, 0.5, 200))
        best = {}
        for attribute, scale in (("red", 100), ("blue", 100), ("income", 1)):
            numbers = by_zip[attribute].to_numpy() / scale
            for threshold in ([0.5] if scale == 100 else []) + sorted(np.quantile(numbers, np.arange(1, 10) / 10, method="higher")):
                inside = numbers >= threshold
                if 15 <= inside.sum() <= 185:
                    w, e = (
                        np.array([words[inside].sum(), words[~inside].sum()]),
                        np.array([errors[inside].sum(), errors[~inside].sum()]),
                    )
                    best[attribute, threshold] = w.prod() / w.sum() * (e[0] / w[0] - e[1] / w[1]) ** 2
        attribute, threshold = max(best, key=best.__getitem__)
        shown = f"{100 * threshold:.4g} %" if attribute != "income" else f"{threshold:,.6g} dollars"
        assert search.fit(errors, words).tried[0].name == f"{attribute} >= {shown}"


def test_the_sides_are_those_computed_by_hand() -> None:
    census = census_of(pd.DataFrame({"zcta": ["00501", "10001", "90210"], "red": [60, 50, 49]}), points=False)
    manifest = people(["00501"] * 2 + ["10001"] * 2 + ["90210"] * 4)
    errors, words = np.array([1, 1, 1, 1, 3, 3, 3, 3]), np.full(8, 10)
    rule = ZipDemographics(census=census, min_speakers=2).search(manifest, seed=0).fit(errors, words)
    assert rule.tried[0].name == "red >= 50 %"
    assert not rule.tried[0].bottom_is_inside
    assert "rate" not in json.dumps(rule.to_json()), "a rule goes to others; the rates of small sides would go with it"
    assert rule.assign(manifest).labels.tolist() == ["red >= 50 %"] * 4 + ["red < 50 %"] * 4
    partition = rule.partitions(manifest)["red >= 50 %"]
    assert partition.labels.tolist() == ["rest"] * 4 + ["bottom"] * 4
    assert partition.descriptions == {
        "rest": "zip codes where at least 50 % of residents are red",
        "bottom": "zip codes where less than 50 % of residents are red",
    }
    assert partition.used_scores
    assert partition.fitted_speakers == set(manifest.speaker_ids)
    assert rule.map_layer() is None
    with pytest.raises(DiscoveryError, match="no points"):
        rule.areas(manifest)


def test_a_tiny_side_wins_by_difference_and_not_by_variance() -> None:
    census = census_of(pd.DataFrame({"zcta": ["00001", "00002", "00003"], "red": [0, 0, 100], "blue": [0, 100, 100]}), points=False)
    manifest = people(["00001"] * 50 + ["00002"] * 48 + ["00003"] * 2)
    errors = np.array([10] * 50 + [20] * 48 + [30] * 2)
    words = np.full(100, 100)
    for criterion, name in (("variance", "blue >= 50 %"), ("difference", "red >= 50 %")):
        rule = ZipDemographics(census=census, min_speakers=2, criterion=criterion).search(manifest, seed=0).fit(errors, words)
        assert rule.tried[0].name == name


def test_who_cannot_be_placed_is_counted_and_named() -> None:
    table = pd.DataFrame({"zcta": ["00501", "10001", "20001"], "red": [60, 20, None]})
    census = census_of(table, points=False)
    discovery = people(["00501"] * 3 + ["10001"] * 3)
    rule = ZipDemographics(census=census, min_speakers=2).search(discovery, seed=0).fit(np.array([2] * 3 + [1] * 3), np.full(6, 10))
    others = pd.DataFrame(
        {
            "utterance_id": list("abcdefg"),
            "speaker_id": ["s1", "s2", "s2", "s3", "s4", "s5", "s6"],
            "reference": "a",
            "zip_code": ["00501", "00501", "10001", None, "99999", "99998", "20001"],
        }
    )
    partition = rule.assign(Manifest(table=others))
    assert partition.labels.tolist() == ["red >= 50 %", *[UNKNOWN] * 5]
    notes = " ".join(partition.notes)
    assert partition.notes[0] == ECOLOGICAL
    assert "fewer than 10 of 6 speakers have several zip codes" in notes
    assert "fewer than 10 of 6 speakers have no zip code" in notes
    assert "2 zip codes of fewer than 10 of 6 speakers are not in the census table (999xx)" in notes
    assert "fewer than 10 of 2 speakers live where the census has no figure for this" in notes


def test_speakers_within_the_margin_of_error_are_counted() -> None:
    table = pd.DataFrame({"zcta": ["00501", "10001", "20001"], "red": [55, 20, 48], "red_moe": [4, 4, 2]})
    census = census_of(table, margins=True, points=False)
    manifest = people(["00501"] * 3 + ["10001"] * 3 + ["20001"] * 2)
    rule = ZipDemographics(census=census, min_speakers=2).search(manifest, seed=0).fit(np.array([3] * 3 + [1] * 5), np.full(8, 10))
    partition = rule.assign(manifest)
    assert partition.labels.tolist() == ["red >= 50 %"] * 3 + ["red < 50 %"] * 5
    assert any(note.startswith("fewer than 10 of 8 speakers") and "90 % margin of error" in note for note in partition.notes)
    again = ZipRule.from_json(json.loads(json.dumps(rule.to_json())))
    assert again.assign(manifest).notes == partition.notes


def test_json_round_trip_assigns_identically_without_the_census() -> None:
    manifest, errors, words, _ = world(5)
    rule = ZipDemographics(census=census_of(made_up()), depth=2).search(manifest, seed=0).fit(errors, words)
    text = json.dumps(rule.to_json(), allow_nan=False)
    again = ZipRule.from_json(json.loads(text))
    assert json.dumps(again.to_json(), allow_nan=False) == text
    assert not any(speaker in text for speaker in manifest.speaker_ids)
    pd.testing.assert_series_equal(again.assign(manifest).labels, rule.assign(manifest).labels)
    pd.testing.assert_series_equal(again.areas(manifest).labels, rule.areas(manifest).labels)
    ours, theirs = rule.partitions(manifest), again.partitions(manifest)
    assert list(ours) == list(theirs)
    assert len(ours) > 5
    for name, partition in ours.items():
        pd.testing.assert_series_equal(partition.labels, theirs[name].labels)


def test_areas_are_the_states_of_the_zip_codes() -> None:
    table = made_up()
    manifest, errors, words, _ = world(6)
    rule = ZipDemographics(census=census_of(table)).search(manifest, seed=0).fit(errors, words)
    state = {point: FIPS[name] for name, point in PLACES.items()}
    by_zip = table.set_index("zcta")
    expected = [state[tuple(by_zip.loc[code, ["lat", "lon"]])] for code in manifest.table["zip_code"]]
    assert rule.areas(manifest).labels.tolist() == expected
    assert rule.map_layer() == {"kind": "areas", "boundaries": "us_states"}
    assert isinstance(rule, HasAreas)
    assert isinstance(rule, HasPartitions)


def test_row_order_does_not_matter_and_inputs_stay_as_they_are() -> None:
    manifest, errors, words, _ = world(7)
    census = census_of(made_up())
    counts = pd.DataFrame({"speaker_id": manifest.speaker_ids, "cell": "", "e": errors, "n_ref_words": words})

    def fitted(people: Manifest, table: pd.DataFrame) -> dict[str, object]:
        given = Counts(table=table, system="x", normaliser="none", numerator=("e",))
        return fit(ZipDemographics(census=census), people, given, seed=0).to_json()

    before = manifest.table.copy(), counts.copy()
    first = fitted(manifest, counts)
    shuffled = np.random.default_rng(0).permutation(len(counts))
    second = fitted(Manifest(table=manifest.table.iloc[shuffled]), counts.iloc[shuffled[::-1]])
    assert first == second
    pd.testing.assert_frame_equal(manifest.table, before[0])
    pd.testing.assert_frame_equal(counts, before[1])


def test_both_sides_have_enough_speakers_and_every_family_appears_once() -> None:
    manifest, errors, words, _ = world(8, n_speakers=200)
    search = ZipDemographics(census=census_of(made_up()), min_speakers=60).search(manifest, seed=0)
    rule = search.fit(errors, words)
    for partition in rule.partitions(manifest).values():
        assert partition.labels.value_counts().min() >= 60
    assert len({tried.name for tried in rule.tried}) == len(rule.tried)


def test_what_cannot_be_divided_is_refused_in_words() -> None:
    census = census_of(made_up(), points=False)
    settings = ZipDemographics(census=census)
    without = Manifest(table=pd.DataFrame({"utterance_id": ["u"], "speaker_id": ["s"], "reference": ["a"]}))
    assert settings.obstacle(without) == "there is no column zip_code"
    few = people(["00500"] * 30)
    assert "30 of 30 discovery speakers" in str(settings.obstacle(few))
    one_place = people(["00500"] * 100)
    assert "no census attribute divides" in str(settings.obstacle(one_place))
    with pytest.raises(DiscoveryError, match="no census attribute divides"):
        settings.search(one_place, seed=0)
    manifest, errors, words, _ = world(9)
    assert settings.obstacle(manifest) is None
    with pytest.raises(DiscoveryError, match=r"none of .* divisions has reference words"):
        settings.search(manifest, seed=0).fit(errors, np.zeros_like(words))


def test_settings_out_of_range_are_named_together() -> None:
    with pytest.raises(DiscoveryError, match=r"min_speakers is 0.*quantiles.*depth is 3.*criterion is 'luck'"):
        ZipDemographics(census="c.toml", min_speakers=0, quantiles=(1.5,), depth=3, criterion="luck")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"zip_codes": None}, "AttributeError"),
        ({"zip_codes": "00501 00501", "area_ids": None}, "repeat"),
        ({"partitions": []}, "no partition"),
        ({"partitions": [{}]}, "KeyError"),
        ({"area_ids": "36"}, "1 area_ids for 300 zip_codes"),
    ],
)
def test_a_broken_rule_says_what_is_wrong(change: dict[str, object], why: str) -> None:
    manifest, errors, words, _ = world(10)
    data = ZipDemographics(census=census_of(made_up())).search(manifest, seed=0).fit(errors, words).to_json()
    with pytest.raises(RuleError, match=why):
        ZipRule.from_json({**data, **change})


def test_sides_that_do_not_fit_the_zip_codes_are_named() -> None:
    manifest, errors, words, _ = world(10)
    data = ZipDemographics(census=census_of(made_up())).search(manifest, seed=0).fit(errors, words).to_json()
    data["partitions"][0]["sides"] = "+-"
    with pytest.raises(RuleError, match="2 sides for 300 zip codes"):
        ZipRule.from_json(data)


def test_real_speakers_born_in_the_united_states_are_divided(shared_data: Path) -> None:
    card = Path(__file__).resolve().parents[2] / "data_manifests" / "us_census.toml"
    census = read_census(card, shared_data / "us_census" / "zcta.parquet")
    table = pd.read_parquet(shared_data / "speech_accent_archive" / "utterances.parquet")
    table = table[table["us_zcta_nearest"].notna()].assign(zip_code=lambda t: t["us_zcta_nearest"].astype(object))
    table["speaker_id"] = table["speaker_id"].astype(str)
    manifest = Manifest(table=table[["utterance_id", "speaker_id", "reference", "zip_code"]])
    n = len(manifest.speaker_ids)
    assert n > 100
    rule = ZipDemographics(census=census).search(manifest, seed=0).fit(np.arange(n) % 7, np.full(n, 69))
    partition = rule.assign(manifest)
    assert (partition.labels == UNKNOWN).mean() < 0.3
    assert partition.labels[partition.labels != UNKNOWN].value_counts().min() >= 20
    assert (rule.areas(manifest).labels != UNKNOWN).mean() > 0.95
