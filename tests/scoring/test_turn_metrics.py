"""Turns counted, lost, and ended late or early: by hand."""

from __future__ import annotations

import math

import pytest

from fairasr.core.errors import ScoringError
from fairasr.core.turns import read_turns
from fairasr.scoring.turn_metrics import ALL, Heard, TurnMetrics, turn_metrics


def heard(reference: str, hypothesis: str) -> Heard:
    return Heard(reference=read_turns(reference), hypothesis=read_turns(hypothesis))


def known(latencies_s: tuple[float, ...]) -> list[float | None]:
    return [None if math.isnan(latency_s) else pytest.approx(latency_s) for latency_s in latencies_s]


def test_latency_is_measured_from_the_true_start_and_end() -> None:
    mixture = heard("<0-1> one <0.8-2> two", "<0.1-1.3 0> one <0.7-1.9 1> two")
    assert known(mixture.start_latencies_s) == [0.1, -0.1]
    assert known(mixture.end_latencies_s) == [0.3, -0.1]
    assert mixture.lost == (False, False)


def test_a_turn_run_into_the_next_has_a_start_and_no_end() -> None:
    mixture = heard("<0-1> one <2-3> two", "<0.1-3.2 0> one two")
    assert known(mixture.start_latencies_s) == [0.1, None]
    assert known(mixture.end_latencies_s) == [None, 0.2]


def test_a_turn_cut_in_two_starts_with_the_first_and_ends_with_the_second() -> None:
    mixture = heard("<0-3> one two", "<0.1-1 0> one <2-3.2 0> two")
    assert known(mixture.start_latencies_s) == [0.1]
    assert known(mixture.end_latencies_s) == [0.2]


def test_a_turn_without_a_recognised_word_is_lost_and_has_no_latency() -> None:
    mixture = heard("<0-1> one <2-3> two three", "<0-1 0> one <2-3 0> nine")
    assert mixture.lost == (False, True)
    assert known(mixture.end_latencies_s) == [0.0, None]


def test_a_turn_in_which_nothing_was_said_is_not_lost() -> None:
    assert heard("<0-1> <2-3> two", "").lost == (False, True)


def test_a_hypothesis_without_times_has_no_latency() -> None:
    mixture = heard("<0-1> one <2-3> two", "one two")
    assert known(mixture.end_latencies_s) == [None, None]
    assert mixture.lost == (False, False)


def worked() -> dict[str, TurnMetrics]:
    """Five mixtures: three without overlap, of 1, 2 and 2 turns; two in which more than 40 % is of two speakers.

    End latencies without overlap 0.1, -0.2 and 0.3; counted right 2 of 3, and by the majority (2 turns) 2 of 3 too.
    """
    mixtures = [
        heard("<0-1> one", "<0-1.1 0> one"),
        heard("<0-1> one <2-3> two", "<0-0.8 0> one <2-3.3 0> two"),
        heard("<0-1> one <2-3> two", ""),
        heard("<0-2> one two <0-1.9> three", "<0-2 0> one two <0-2 1> three <5-6 1> nine"),
        heard("<0-2> one two <0-1.9> three", "<0-2 0> one nine <0-2.3 1> three"),
    ]
    return {metrics.band: metrics for metrics in turn_metrics(mixtures)}


def test_bands_are_those_of_the_mixtures_with_the_whole_first() -> None:
    assert list(worked()) == [ALL, "0 %", ">40 %"]


def test_figures_of_a_band() -> None:
    apart = worked()["0 %"]
    assert (apart.n_mixtures, apart.n_turns, apart.n_ref_words, apart.n_errors, apart.n_lost) == (3, 5, 5, 2, 2)
    assert apart.orc_wer == pytest.approx(2 / 5)
    assert apart.lost_rate == pytest.approx(2 / 5)
    assert apart.counting_accuracy == pytest.approx(2 / 3)
    assert (apart.majority_n_turns, apart.majority_accuracy) == (2, pytest.approx(2 / 3))
    assert apart.counting_error == pytest.approx(-2 / 3)
    assert apart.n_ended == 3
    assert apart.end_latency_median_s == pytest.approx(0.1)
    assert apart.end_latency_p90_s == pytest.approx(0.1 + 0.8 * 0.2), "a fifth of the way back from the largest of three"
    assert apart.early_rate == pytest.approx(1 / 3)


def test_the_whole_is_the_sum_of_the_bands() -> None:
    whole, *bands = worked().values()
    for name in ("n_mixtures", "n_turns", "n_ref_words", "n_errors", "n_lost", "n_ended", "n_started"):
        assert getattr(whole, name) == sum(getattr(band, name) for band in bands), name
    assert whole.counting_error == pytest.approx((0 + 0 - 2 + 1 + 0) / 5)
    assert whole.majority_accuracy == pytest.approx(4 / 5)


def test_where_no_turn_ended_there_is_no_latency_and_no_early_rate() -> None:
    (whole, _) = turn_metrics([heard("<0-1> one", "")])
    assert whole.n_ended == 0
    assert all(math.isnan(value) for value in (whole.end_latency_median_s, whole.end_latency_p90_s, whole.early_rate))


def test_of_two_equally_frequent_numbers_of_turns_the_smaller_is_the_majority() -> None:
    (whole, _) = turn_metrics([heard("<0-1> one <2-3> two", ""), heard("<0-1> one", "")])
    assert (whole.majority_n_turns, whole.majority_accuracy) == (1, 0.5)


def test_references_of_unknown_times_have_a_band_of_their_own() -> None:
    assert [metrics.band for metrics in turn_metrics([heard("one", "one")])] == [ALL, "unknown"]


@pytest.mark.parametrize("mixtures", [[], [heard("", "one")]])
def test_nothing_said_has_no_figures(mixtures: list[Heard]) -> None:
    with pytest.raises(ScoringError, match=f"none of {len(mixtures)} mixtures has a turn"):
        turn_metrics(mixtures)


def test_of_two_turns_written_for_one_word_the_latency_is_that_of_the_nearer() -> None:
    mixture = heard("<0-1> one", "<0.1-1.1> one <2-3> one")
    assert known(mixture.start_latencies_s) == [0.1]
    assert known(mixture.end_latencies_s) == [0.1]
    later = heard("<2-3> one", "<0.1-1.1> one <2.1-3.1> one")
    assert known(later.start_latencies_s) == [0.1]


def test_a_turn_run_into_one_whose_words_are_all_wrong_has_no_end_either() -> None:
    mixture = heard("<0-1> one <2-3> two", "<0.1-3.2 0> one nine")
    assert mixture.lost == (False, True)
    assert known(mixture.start_latencies_s) == [0.1, None]
    assert known(mixture.end_latencies_s) == [None, None]
