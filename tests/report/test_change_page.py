"""The page of a comparison and of a fine-tuning job: what it says, what it withholds, and the same bytes from JSON."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from change_example import METHODS, RATES, SIZES, comparison, curve, mitigation

from fairasr.core import Comparison, Estimate, MitigationResult, SystemChange
from fairasr.core.errors import IngestError, OutputError
from fairasr.report import (
    read_comparison,
    read_mitigation,
    render_comparison,
    render_mitigation,
    write_comparison,
    write_mitigation,
)
from fairasr.report.change_drawings import change_axis, change_drawing
from fairasr.report.change_files import changes_table
from fairasr.report.change_headline import comparison_headline, mitigation_headline
from fairasr.report.changes import change_tables
from fairasr.report.curve import curve_svg
from fairasr.report.curve_points import points_of

NAMES = {"worst": "target", "overall": "everyone", "forgetting": "set"}


@pytest.fixture(scope="module")
def three() -> Comparison:
    return comparison(("ewc (strength = 10)", "replay", "plain"))


@pytest.fixture(scope="module")
def job() -> MitigationResult:
    return mitigation()


def judged(system: SystemChange, outcome: str) -> SystemChange:
    return replace(system, verdict=replace(system.verdict, outcome=outcome))  # type: ignore[arg-type]


def test_the_headline_counts_the_verdicts(three: Comparison) -> None:
    ewc, replay, plain = three.systems
    assert [system.verdict.outcome for system in three.systems] == ["accepted", "rejected", "rejected"]
    found = comparison_headline(three)
    assert found.outcome == "accepted"
    assert found.sentence == "1 of 3 new systems may replace conformer-s: ewc (strength = 10)."
    both = comparison_headline(replace(three, systems=(replay, plain)))
    assert both.sentence == "Neither of the 2 new systems should replace conformer-s: all are rejected."
    mixed = comparison_headline(replace(three, systems=(judged(ewc, "inconclusive"), replay, plain)))
    assert mixed.outcome == "inconclusive"
    assert mixed.sentence.endswith("2 rejected, 1 not settled.")
    only = comparison_headline(replace(three, systems=(plain,)))
    assert only.sentence == "plain should not replace conformer-s."


def test_a_job_says_what_to_ship_or_why_to_keep_the_model(job: MitigationResult) -> None:
    assert mitigation_headline(job).sentence == "ewc (strength = 10) may replace conformer-s."
    rejected = replace(
        job,
        recommended="",
        comparison=replace(job.comparison, systems=(judged(job.comparison.systems[0], "rejected"), *job.comparison.systems[1:])),
    )
    assert mitigation_headline(rejected).sentence == (
        "Keep conformer-s: the first choice of the selection rule, ewc (strength = 10), is rejected on test speakers."
    )


def test_harmed_groups_come_first_after_everyone_and_the_target(three: Comparison) -> None:
    table = change_tables(three.systems[2], comparison=three).shown
    tags = [row[0].tag for row in table.rows]
    assert [row[0].text for row in table.rows[:2]] == ["All speakers", "region 1: north of 25.0°"]
    order = ["harmed", "open", "no loss", "gains"]
    assert [order.index(tag) for tag in tags[2:]] == sorted(order.index(tag) for tag in tags[2:])
    assert table.rows[2][0].text == "read speech"
    assert tags[2] == "harmed"
    assert 'class="rate harmed"' in table.rows[2][1].drawing


@pytest.mark.parametrize("label", ["tiny", "few"])
def test_withheld_groups_have_no_number_anywhere(label: str, three: Comparison, tmp_path: Path) -> None:
    leaky = three.systems[0].change.changes.copy()
    leaky.loc[leaky["cohort"] == label, "rate_before"] = 0.61234567
    leaking = replace(three, systems=(replace(three.systems[0], change=replace(three.systems[0].change, changes=leaky)),))
    table = changes_table(leaking).set_index("cohort")
    assert table.loc[label, "suppressed"] == "small"
    numbers = table.loc[label].drop(["set", "before", "after", "rate_name", "description", "role", "suppressed"])
    assert numbers.isna().all()
    assert "61.23" not in render_comparison(leaking)
    write_comparison(leaking, tmp_path)
    assert "61234567" not in (tmp_path / "changes.csv").read_text()


def test_the_page_says_which_system_forgot_and_how_much_was_undone(three: Comparison) -> None:
    page = render_comparison(three)
    assert "tag-forgets" in page
    assert "Undone: of what plain forgot." in page
    undone = three.systems[1].undone["read speech"]
    assert f"{100 * undone:.0f}\N{NO-BREAK SPACE}%" in page


def test_maps_before_and_after_share_one_scale(three: Comparison) -> None:
    page = render_comparison(replace(three, systems=three.systems[:1]))
    assert page.count('class="fairasr-map"') == 2
    highest = max(rate for label, rate in RATES.items() if SIZES[label] >= 10)
    ends = re.findall(r'text-anchor="end">(\d+\.\d) %</text>', page)
    assert len(ends) == 4, "a wide and a narrow ramp on each"
    assert len(set(ends)) == 1
    assert float(ends[0]) > 100 * highest
    assert page.count("not shown, fewer than 10 speakers") >= 4


def test_a_comparison_of_one_system_without_cohorts_or_map_is_a_page_too(three: Comparison) -> None:
    rows = three.systems[0].change.changes.iloc[:1]
    bare = replace(
        three,
        systems=(replace(three.systems[0], change=replace(three.systems[0].change, changes=rows), forgetting={}, undone={}),),
        between=(),
        map=None,
        cohort_method="",
    )
    page = render_comparison(bare)
    assert 'id="forgetting"' not in page
    assert 'class="fairasr-map"' not in page


def test_a_folder_is_written_and_read_back_with_the_same_bytes(three: Comparison, tmp_path: Path) -> None:
    written = write_comparison(three, tmp_path / "a")
    assert [path.name for path in written] == ["changes.csv", "changes.parquet", "report.html", "report.json"]
    write_comparison(read_comparison(tmp_path / "a"), tmp_path / "b")
    for path in written:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    table = pd.read_parquet(tmp_path / "a" / "changes.parquet")
    assert set(table["set"]) == {"", "read speech"}
    assert set(table["after"]) == {"ewc (strength = 10)", "replay", "plain"}


def test_a_job_is_written_and_read_back_and_other_files_stay(job: MitigationResult, tmp_path: Path) -> None:
    (tmp_path / "a" / "runs").mkdir(parents=True)
    (tmp_path / "a" / "runs" / "weights.bin").write_text("kept")
    written = write_mitigation(job, tmp_path / "a")
    assert {"league.csv", "curve.csv"} <= {path.name for path in written}
    write_mitigation(read_mitigation(tmp_path / "a" / "report.json"), tmp_path / "b")
    for path in written:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    assert (tmp_path / "a" / "runs" / "weights.bin").read_text() == "kept"


@pytest.mark.parametrize("read", [read_comparison, read_mitigation])
def test_what_cannot_be_read_back_is_told(read: object, three: Comparison, tmp_path: Path) -> None:
    assert callable(read)
    with pytest.raises(IngestError, match="cannot read"):
        read(tmp_path / "nowhere")
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(IngestError, match="is not JSON"):
        read(tmp_path)
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(IngestError, match="a JSON list"):
        read(tmp_path)
    name = "fairasr-comparison" if read is read_comparison else "fairasr-mitigation"
    (tmp_path / "report.json").write_text(f'{{"format": "{name}", "format_version": 1}}')
    with pytest.raises(IngestError, match="is damaged"):
        read(tmp_path)
    (tmp_path / "report.json").write_text('{"format": "fairasr-audit"}')
    with pytest.raises(IngestError, match="not a "):
        read(tmp_path)


def test_a_file_is_no_folder_for_results(three: Comparison, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="it is a file"):
        write_comparison(three, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_the_league_names_what_is_recommended_and_what_breaks_the_cap(job: MitigationResult) -> None:
    page = render_mitigation(job)
    assert page.count('class="tag tag-recommended"') == 1
    assert "above the cap" in page
    assert "130 in the target" in page
    assert all(name in page for name in METHODS)


def test_points_of_the_curve_are_means_over_seeds_along_the_strengths() -> None:
    points = {}
    for point in points_of(curve(), across="overall"):
        points.setdefault(point.method, []).append(point)
    rows = curve().query("method == 'ewc' and step == 400 and strength == 10")
    assert [len(points[name]) for name in ("base", "ewc", "l2-sp", "plain")] == [1, 5, 4, 2]
    chosen = next(point for point in points["ewc"] if point.is_chosen)
    assert (chosen.x, chosen.y) == (pytest.approx(rows["overall"].mean()), pytest.approx(rows["worst"].mean()))
    assert [point.words.split(":")[0] for point in points["plain"]] == ["plain, step 200", "plain, step 400"]
    assert len(chosen.seeds_x) == 3


def test_the_curve_draws_every_method_its_seeds_and_the_base_at_both_sizes() -> None:
    svg = curve_svg(curve(), across="overall", names=NAMES, rate_name="WER")
    assert svg.count("<svg ") == 2
    assert svg.count('class="base"') == 2
    assert svg.count('class="path"') == 2 * 4
    assert svg.count('class="seed"') == 2 * 3 * (5 + 4 + 2 + 2)
    assert all(f">{name}</text>" in svg for name in ("base", "ewc", "l2-sp", "plain", "replay"))
    assert curve_svg(curve(), across="forgetting", names=NAMES, rate_name="WER") == "", "nothing was measured"
    assert curve_svg(curve().iloc[:1], across="overall", names=NAMES, rate_name="WER") == "", "only the base"


def test_a_curve_of_one_point_or_of_equal_points_still_has_axes() -> None:
    rows = curve().iloc[[0, 1]].assign(worst=0.2, overall=0.2)
    assert curve_svg(rows, across="overall", names=NAMES, rate_name="WER").count("<svg ") == 2


def test_a_change_beyond_the_axis_has_an_arrow_and_one_without_a_value_no_drawing() -> None:
    axis = change_axis([Estimate(value=0.1, lo=-0.4, hi=1.5)], margin=0.01)
    drawn = change_drawing(Estimate(value=0.1, lo=-0.4, hi=1.5), axis=axis, mark="open")
    assert drawn.count('class="beyond"') == 2
    assert "harmed" not in drawn
    assert axis.x_px(0.0) == pytest.approx((axis.x_px(-9.0) + axis.x_px(9.0)) / 2)
    assert change_drawing(Estimate(value=math.nan, lo=np.nan, hi=np.inf), axis=axis, mark="open") == ""


def test_rates_that_were_withheld_from_a_job_are_not_drawn(job: MitigationResult) -> None:
    hidden = replace(job, curve=job.curve.assign(worst=np.nan), league=job.league.assign(worst=np.nan, worst_sd=np.nan))
    page = render_mitigation(hidden)
    assert 'id="tradeoff"' not in page
    assert "not measured" in page
