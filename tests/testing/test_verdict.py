"""The verdict says found, missed, rightly not found and false alarm where they are."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from fairasr.core import (
    UNDEFINED,
    AuditResult,
    DisparityReport,
    Estimate,
    Gaps,
    Partition,
    Provenance,
    Spread,
    SystemResult,
)
from fairasr.testing import Planted, World, findings, planted_region_world, verdict

WORLD = planted_region_world(100, seed=0, n_inside=40)
REGION = WORLD.planted[0]
SPREAD = Spread(n_cohorts=2, mean=0.2, max=0.3, variance=0.01, percentile_90=0.3)


def _gaps(difference: Estimate, *, basis: str = "confirmation", bottom: tuple[str, ...] = ("A",)) -> Gaps:
    return Gaps(
        basis=basis,
        bottom=bottom,
        top=("B",),
        bottom_rate=UNDEFINED,
        top_rate=UNDEFINED,
        overall_rate=UNDEFINED,
        relative_to_top=UNDEFINED,
        relative_to_bottom=UNDEFINED,
        relative_to_overall=UNDEFINED,
        difference_to_overall=UNDEFINED,
        difference_to_rest=difference,
        bottom_n_speakers=40,
        top_n_speakers=60,
        n_speakers=100,
        bottom_share_speakers=0.4,
        bottom_share_words=0.4,
    )


def _report(*, p_value: float | None, lo: float = 0.05, method: str = "geo-tree") -> DisparityReport:
    gaps = _gaps(Estimate(value=lo + 0.02, lo=lo, hi=lo + 0.04))
    return DisparityReport(
        method=method,
        system=WORLD.system,
        rate_name="WER",
        cohorts=pd.DataFrame(),
        honest=gaps,
        apparent=replace(gaps, basis="apparent"),
        spread=SPREAD,
        cohorts_basis="confirmation",
        cohorts_overall=gaps.overall_rate,
        p_value=p_value,
    )


def _declared(*, rate_above: float, p_holm: float, suppressed: str = "") -> DisparityReport:
    row = {
        "cohort": "woman",
        "suppressed": suppressed,
        "difference_to_overall": rate_above,
        "difference_to_overall_lo": rate_above - 0.01,
        "difference_to_overall_hi": rate_above + 0.01,
        "p_holm": p_holm,
    }
    return replace(_report(p_value=None, method="declared:gender"), cohorts=pd.DataFrame([row]))


def _audit(*reports: DisparityReport, skipped: dict[str, str] | None = None) -> AuditResult:
    system = SystemResult(
        system=WORLD.system,
        overall=UNDEFINED,
        totals={},
        reports={report.method: report for report in reports},
        normaliser="none",
        rate_name="WER",
    )
    return AuditResult(
        title="",
        data={},
        systems=(system,),
        focus=WORLD.system,
        provenance=Provenance(command="test", seed=0),
        skipped=skipped or {},
    )


def _with_group(ratio: float) -> World:
    women = frozenset(WORLD.true_rate.index[::2])
    gap = Planted(kind="group", method="declared:gender", description="women", speakers=women, ratio=ratio, cohort="woman")
    return replace(WORLD, planted=(gap,))


def _partition(bottom: frozenset[str]) -> Partition:
    labels = pd.Series(["A" if speaker in bottom else "B" for speaker in WORLD.true_rate.index], index=WORLD.true_rate.index)
    return Partition(method="geo-tree", labels=labels, descriptions={"A": "a", "B": "b"}, used_scores=True)


def test_a_significant_gap_of_the_method_is_found_and_compared_with_the_truth() -> None:
    (finding,) = findings(_audit(_report(p_value=0.01)), WORLD)
    assert finding.found
    assert finding.estimate == Estimate(value=pytest.approx(0.07), lo=0.05, hi=pytest.approx(0.09))
    words, rates = WORLD.speaker_words, WORLD.true_rate
    inside = rates.index.isin(REGION.speakers)
    by_hand = (rates * words)[inside].sum() / words[inside].sum() - (rates * words)[~inside].sum() / words[~inside].sum()
    assert finding.truth == pytest.approx(by_hand)
    (sentence,) = verdict(_audit(_report(p_value=0.01)), WORLD)
    assert sentence == (
        "Found: speakers in Appalachia and the Deep South [geo-tree]: +7.0 points against everybody else (+5.0 to +9.0), "
        f"truth {100 * by_hand:+.1f}, p = 0.01."
    )


def test_a_gap_that_is_not_significant_is_missed() -> None:
    (sentence,) = verdict(_audit(_report(p_value=0.2)), WORLD)
    assert sentence.startswith("Missed: ")


def test_the_adjusted_p_decides_where_there_is_one() -> None:
    report = replace(_report(p_value=0.01), p_adjusted=0.06)
    (finding,) = findings(_audit(report), WORLD)
    assert not finding.found
    assert finding.p_value == 0.06


def test_without_a_p_the_interval_decides() -> None:
    assert findings(_audit(_report(p_value=None, lo=0.001)), WORLD)[0].found
    assert not findings(_audit(_report(p_value=None, lo=-0.001)), WORLD)[0].found


def test_a_significant_gap_of_other_speakers_is_missed_where_the_rule_is_known() -> None:
    others = WORLD.rest_of(REGION.speakers)
    (finding,) = findings(_audit(_report(p_value=0.01)), WORLD, partitions={"geo-tree": _partition(others)})
    assert not finding.found
    assert (finding.precision, finding.recall) == (0.0, 0.0)


def test_precision_and_recall_count_speakers_of_the_bottom_cohorts() -> None:
    inside, outside = sorted(REGION.speakers), sorted(WORLD.rest_of(REGION.speakers))
    bottom = frozenset(inside[:30] + outside[:10])
    (finding,) = findings(_audit(_report(p_value=0.01)), WORLD, partitions={"geo-tree": _partition(bottom)})
    assert finding.found
    assert finding.precision == pytest.approx(30 / 40)
    assert finding.recall == pytest.approx(30 / 40)
    (sentence,) = verdict(_audit(_report(p_value=0.01)), WORLD, partitions={"geo-tree": _partition(bottom)})
    assert "75.0 % of its bottom cohorts are planted speakers" in sentence


def test_the_bottom_of_a_cross_fitted_headline_is_read_off_the_confirmation_estimate() -> None:
    report = _report(p_value=0.01)
    bands = replace(report.honest, basis="cross-fit", bottom=("worst tenth",))
    report = replace(report, honest=bands, other=(replace(bands, basis="confirmation", bottom=("A",)),))
    (finding,) = findings(_audit(report), WORLD, partitions={"geo-tree": _partition(REGION.speakers)})
    assert finding.precision == 1.0


def test_a_method_that_did_not_run_is_not_tested_and_says_why() -> None:
    (sentence,) = verdict(_audit(skipped={"geo-tree": "there are no coordinates"}), WORLD)
    assert sentence == "Not tested: speakers in Appalachia and the Deep South [geo-tree]: there are no coordinates."
    (finding,) = findings(_audit(), WORLD)
    assert not finding.tested
    assert math.isnan(finding.truth)


@pytest.mark.parametrize(
    ("ratio", "p_holm", "rate_above", "verdict_is"),
    [
        (1.4, 0.01, 0.03, "Found"),
        (1.4, 0.20, 0.03, "Missed"),
        (1.4, 0.01, -0.03, "Missed"),
        (1.0, 0.20, 0.01, "Rightly not found"),
        (1.0, 0.01, 0.03, "False alarm"),
        (1.0, 0.01, -0.03, "False alarm"),
    ],
)
def test_a_declared_group_is_judged_by_its_own_row(ratio: float, p_holm: float, rate_above: float, verdict_is: str) -> None:
    (sentence,) = verdict(_audit(_declared(rate_above=rate_above, p_holm=p_holm)), _with_group(ratio))
    assert sentence.startswith(f"{verdict_is}: women [declared:gender]: ")
    assert "against the whole" in sentence


def test_a_suppressed_group_is_not_tested() -> None:
    (sentence,) = verdict(_audit(_declared(rate_above=0.03, p_holm=0.01, suppressed="small")), _with_group(1.4))
    assert sentence == "Not tested: women [declared:gender]: the audit shows no number for cohort 'woman'."
