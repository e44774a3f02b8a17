from dataclasses import replace

import pytest
from example import cohort, estimate, example, gaps, geo_tree, speaker_kmeans, system_result, table

from fairasr.core import UNDEFINED, AuditResult, DisparityReport
from fairasr.report.headline import estimate_in_words, headline, is_supported, verdict_in_words, worst_in_words


def only(*reports: DisparityReport) -> AuditResult:
    system = replace(system_result("conformer-large"), reports={report.method: report for report in reports})
    return example(systems=(system,), comparisons=())


def test_a_gap_with_interval_above_zero_and_small_p_is_claimed_with_both_rates() -> None:
    found = headline(example())
    assert found.shown
    assert found.lead == "The worst-served groups found are"
    # 0.225 against 0.14, difference 0.085 with half width 0.04, by hand
    assert found.sentence == "22.5 word errors per 100 words, against 14.0 overall: a gap of 8.5 per 100 words [4.5, 12.5]."
    assert "84 of 1,000 speakers" in found.detail
    assert "0.015 after correction for the 4 ways of grouping tried" in found.detail


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"p_adjusted": 0.05}, "Holm p is not below 0.05 though p is"),
        ({"p_value": 0.2, "p_adjusted": None}, "p is large"),
        ({"honest": gaps(("r00",), ("r25",), worst=0.16, best=0.09)}, "the interval reaches below 0"),
        ({"honest": gaps(("r00",), ("r25",), worst=0.3, best=0.09, basis="apparent")}, "the estimate is on the discovery speakers"),
        ({"honest": replace(gaps(("r00",), ("r25",), worst=0.3, best=0.09), difference_to_overall=UNDEFINED)}, "no interval"),
    ],
)
def test_no_gap_is_claimed_where(change: dict[str, object], why: str) -> None:
    report = replace(geo_tree("conformer-large"), **change)
    assert not is_supported(report), why
    found = headline(only(report))
    assert not found.shown
    assert found.group == ""
    assert "No gap was shown with these 1,000 speakers" in found.sentence


def test_where_no_gap_is_shown_the_size_that_remains_possible_is_told() -> None:
    found = headline(only(replace(speaker_kmeans("conformer-large"), p_value=0.5)))
    # difference 0.148 - 0.14 with half width 0.02: up to 2.8 per 100
    assert "up to 2.8 word errors per 100 words" in found.detail
    assert "no proof that everyone is served alike" in found.detail


def test_of_several_gaps_the_one_with_the_largest_lower_bound_leads() -> None:
    wild = replace(geo_tree("a"), method="wild", honest=replace(geo_tree("a").honest, difference_to_overall=estimate(0.2, 0.19)))
    assert headline(only(wild, geo_tree("a"))).sentence.endswith("a gap of 8.5 per 100 words [4.5, 12.5].")


def test_without_a_permutation_test_the_headline_says_that_the_interval_alone_decides() -> None:
    found = headline(only(replace(geo_tree("a"), p_value=None, p_adjusted=None, n_permutations=0)))
    assert found.shown
    assert "No permutation test was run" in found.detail


def test_a_gap_that_the_permutations_could_not_test_is_not_claimed() -> None:
    assert not is_supported(replace(geo_tree("a"), p_value=None, p_adjusted=None, n_permutations=199))


def test_an_audit_in_which_nothing_could_run_claims_nothing() -> None:
    assert "says nothing about gaps" in headline(only()).sentence


def test_the_worst_are_named_by_description_and_the_rest_counted() -> None:
    worst = worst_in_words(geo_tree("a"))
    assert worst == "north of 40.1°, west of 100.0° (leaf 0); south of 33.2°, east of 95.5° (leaf 1); and 1 more group"


def test_a_cross_fitted_gap_is_of_the_speakers_ranked_worst_and_not_of_the_groups_named() -> None:
    report = replace(geo_tree("a"), honest=gaps(("r00",), ("r25",), worst=0.2, best=0.1, basis="cross-fit"))
    found = headline(only(report))
    assert found.lead == "The speakers ranked worst by “Where speakers are: regions on the map”, such as"
    assert found.group == "north of 40.1°, west of 100.0° (leaf 0)"


@pytest.mark.parametrize(
    ("ranked", "lead"),
    [
        ({"n_speakers": 80, "rate": 0.3}, "The group ranked worst by “Declared group: accent” is"),
        ({"n_speakers": 65, "rate": 0.3}, "The speakers ranked worst by “Declared group: accent”, such as"),
        ({"n_speakers": 80, "rate": 0.29}, "The speakers ranked worst by “Declared group: accent”, such as"),
    ],
    ids=["every fold ranked it", "other speakers", "as many others"],
)
def test_a_group_is_only_an_example_where_the_gap_is_of_others_too(ranked: dict[str, float], lead: str) -> None:
    rows = [cohort("hausa", "accent: hausa", 0.3, n_speakers=80), cohort("igbo", "accent: igbo", 0.1, n_speakers=80)]
    gap = gaps(("hausa",), ("igbo",), worst=0.3, best=0.1, basis="cross-fit")
    gap = replace(gap, bottom_n_speakers=ranked["n_speakers"], bottom_rate=estimate(ranked["rate"], 0.04))
    report = replace(geo_tree("a"), method="declared:accent", cohorts=table(rows), cohorts_basis="everyone", honest=gap)
    found = headline(only(report))
    assert (found.lead, found.group) == (lead, "accent: hausa")
    assert found.detail.endswith("need not be the rates of any group below.") == lead.endswith("such as")


def test_characters_are_counted_where_the_rate_is_of_characters() -> None:
    report = replace(geo_tree("a"), rate_name="CER")
    assert "22.5 character errors per 100 characters" in headline(only(report)).sentence


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "A gap is shown."),
        ({"p_value": 0.01, "p_adjusted": 0.05}, "A gap shows here, but not after correction"),
        ({"p_value": 0.2, "p_adjusted": 0.6}, "No gap is shown."),
    ],
)
def test_a_gap_that_only_the_correction_hides_is_said_to_be_one(change: dict[str, object], verdict: str) -> None:
    assert verdict_in_words(replace(geo_tree("conformer-large"), **change)).startswith(verdict)


def test_a_cross_fitted_gap_is_told_apart_from_that_of_the_groups_named() -> None:
    report = geo_tree("a")
    split = replace(report.honest, basis="confirmation", relative_to_top=estimate(-0.04, 0.15))
    crossed = replace(report, honest=replace(report.honest, basis="cross-fit"), other=(split,))
    words = estimate_in_words(crossed).replace("\N{NO-BREAK SPACE}", " ")
    assert "judged by cohorts found without them" in words
    assert "the gap on the other half is \N{MINUS SIGN}4.0 %" in words
    assert "On the speakers that judge it" in estimate_in_words(report)
