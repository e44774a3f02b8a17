"""The page of a comparison: what can be chosen, what it says of it, and that withheld groups stay withheld."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from change_example import comparison, mitigation

from fairasr.core import Comparison
from fairasr.dashboard import rendering
from fairasr.dashboard.address import AddressError
from fairasr.dashboard.change_choices import change_address, job_address, selectable
from fairasr.dashboard.change_csv import changes_csv, league_csv
from fairasr.dashboard.change_detail import change_detail
from fairasr.dashboard.change_page import comparison_view
from fairasr.dashboard.results import Entry
from fairasr.report.changes import change_tables

PATH = "/result/change"
METHODS = ("ewc (strength = 10)", "replay", "plain")
SHOWN = ["r1", "r2", "r3", "r4", "r5", "r6", "r7"]
WITHHELD = ["tiny", "few"]
PLANTED = {
    "rate_before": 0.2, "rate_before_lo": 0.15, "rate_before_hi": 0.25,
    "rate_after": 0.25, "rate_after_lo": 0.2, "rate_after_hi": 0.3,
    "change": 0.05, "change_lo": 0.02, "change_hi": 0.08,
    "relative_change": 0.25, "relative_change_lo": 0.1, "relative_change_hi": 0.4,
    "n_speakers": 1234.0, "p_value": 0.004, "p_harm": 0.0002,
}  # fmt: skip


@pytest.fixture(scope="module")
def example() -> Comparison:
    return comparison(METHODS)


def page(example: Comparison, *, is_static: bool = False, **given: str) -> str:
    entry = Entry(name="change", folder=Path("change"), root=Path(), kind="comparison", result=example)
    address = change_address(PATH, example, given, is_static=is_static)
    return rendering.page("comparison.html.jinja", comparison_view(entry, example, address), is_static=is_static)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def planted(example: Comparison, label: str, *, change: Mapping[str, Any] | None = None, **verdict: Any) -> Comparison:
    """The comparison with known numbers for one group, and what the verdict says of it."""
    first = example.systems[0]
    rows = first.change.changes.copy()
    for name, value in {**PLANTED, **(change or {})}.items():
        rows.loc[rows["cohort"] == label, name] = value
    system = replace(first, change=replace(first.change, changes=rows), verdict=replace(first.verdict, **verdict))
    return replace(example, systems=(system, *example.systems[1:]))


def test_every_group_that_may_be_shown_and_no_other_can_be_chosen(example: Comparison) -> None:
    assert list(selectable(example)) == SHOWN


@pytest.mark.parametrize("label", [*WITHHELD, "all", "the small cohorts together", "read speech", "nobody", "r1 "])
def test_a_withheld_group_or_a_sum_cannot_be_chosen(example: Comparison, label: str) -> None:
    with pytest.raises(AddressError, match="Group: there is no"):
        change_address(PATH, example, {"cohort": label})


def test_a_group_withheld_under_one_new_system_cannot_be_chosen_under_any(example: Comparison) -> None:
    last = example.systems[-1]
    rows = last.change.changes.copy()
    rows.loc[rows["cohort"] == "r5", "suppressed"] = "complementary"
    other = replace(example, systems=(*example.systems[:-1], replace(last, change=replace(last.change, changes=rows))))
    assert list(selectable(other)) == [label for label in SHOWN if label != "r5"]


@pytest.mark.parametrize("given", [{"system": "nothing"}, {"map": "upside-down"}, {"system": "conformer-s"}])
def test_what_is_not_there_is_refused_by_name(example: Comparison, given: dict[str, str]) -> None:
    with pytest.raises(AddressError, match=next(iter(given.values()))):
        change_address(PATH, example, given)


def test_a_group_stays_chosen_when_another_system_is(example: Comparison) -> None:
    address = change_address(PATH, example, {"cohort": "r4"})
    assert address.link(system="plain") == f"{PATH}?system=plain&cohort=r4"
    assert address.link(system=METHODS[0], cohort="") == PATH


def test_the_panel_says_before_after_change_and_relative_change_with_intervals(example: Comparison) -> None:
    known = planted(example, "r4", harmed=("r4",))
    detail = change_detail(known, known.systems[0], "r4")
    facts = {name: (value, note) for name, value, note in detail.facts}
    space = "\N{NO-BREAK SPACE}"
    assert facts["WER before"][0] == f"20.0{space}% [15.0,{space}25.0]"
    assert facts["WER after"][0] == f"25.0{space}% [20.0,{space}30.0]"
    assert facts["Change"][0] == f"+5.0{space}points [+2.0,{space}+8.0]"
    assert facts["Relative change"][0] == f"+25.0{space}% [+10.0,{space}+40.0]"
    assert facts["Speakers"][0] == "1,234"
    assert facts["p"] == ("0.004", f"for a loss above the margin p{space}<{space}0.001")
    assert detail.sentence == (
        "20.0 word errors per 100 words before, 25.0 after. Harmed: a relative loss of more than "
        f"1{space}% is shown, also after correction for the number of groups."
    )


GAIN = {"change": -0.05, "change_lo": -0.08, "change_hi": -0.02}
UNKNOWN = {"change_lo": -0.01, "change_hi": 0.08}


@pytest.mark.parametrize(
    ("label", "change", "verdict", "sentence"),
    [
        ("r4", {}, {"harmed": ("r4",)}, "Harmed: a relative loss"),
        ("r4", {}, {"unsettled": ("r4",)}, "Open: a relative loss"),
        ("r4", UNKNOWN, {}, "No loss: a relative loss"),
        ("r4", GAIN, {}, "Gains: the interval of its change lies below 0"),
        ("r1", {}, {}, "This group was to gain, and it loses"),
        ("r1", UNKNOWN, {}, "This group was to gain; whether it does is open"),
        ("r1", GAIN, {}, "This group was to gain, and it does"),
    ],
)
def test_the_panel_says_in_a_sentence_where_the_group_stands(
    example: Comparison, label: str, change: dict[str, float], verdict: dict[str, Any], sentence: str
) -> None:
    known = planted(example, label, change=change, **{"harmed": (), "unsettled": ()} | verdict)
    assert sentence in change_detail(known, known.systems[0], label).sentence
    assert sentence in words(page(known, cohort=label))


def test_a_group_without_errors_before_has_no_relative_change(example: Comparison) -> None:
    gone = {name: float("nan") for name in PLANTED if name.startswith("relative") or name.endswith(("_lo", "_hi"))}
    known = planted(example, "r4", change=gone, unsettled=("r4",), harmed=())
    facts = {name: value for name, value, _ in change_detail(known, known.systems[0], "r4").facts}
    assert facts["Relative change"] == "not estimable (no errors before)"
    assert "nan" not in words(page(known, cohort="r4")).lower().split()


def test_maps_are_a_pair_or_the_change(example: Comparison) -> None:
    both, change = page(example), page(example, map="change")
    assert (both.count('class="fairasr-map"'), change.count('class="fairasr-map"')) == (2, 1)
    assert "Before: conformer-s" in words(both)
    assert "Change from conformer-s to ewc (strength = 10)" in words(change)


@pytest.mark.parametrize("given", [{}, {"map": "change"}])
def test_shapes_and_rows_lead_to_their_group_and_withheld_ones_nowhere(example: Comparison, given: dict[str, str]) -> None:
    html = page(example, **given)
    targets = [unescape(link) for link in re.findall(r'href="([^"]*)"', html)]
    drawn = re.findall(r"<svg[^>]*fairasr-map.*?</svg>", html, flags=re.DOTALL)
    on_maps = {unescape(link) for svg in drawn for link in re.findall(r'<a [^>]*href="([^"]*)"', svg)}
    kept = "map=change&" if given else ""
    assert on_maps == {f"{PATH}?{kept}cohort={label}" for label in SHOWN}
    assert all(targets.count(f"{PATH}?{kept}cohort={label}") >= 2 for label in SHOWN)
    assert not [link for link in targets for label in WITHHELD if f"cohort={label}" in link]


def test_the_chosen_group_is_marked_on_the_map_in_the_table_and_can_be_left(example: Comparison) -> None:
    html = page(example, cohort="r4", system="plain")
    assert len(re.findall(r'<tr role="row" class="current">\s*<th[^>]*>\s*<a[^>]*aria-current="true"[^>]*>region 4', html)) == 1
    assert re.search(r"<svg[^>]*fairasr-map.*?aria-current=\"true\".*?</svg>", html, flags=re.DOTALL)
    assert f'href="{PATH}?system=plain">Show all groups again' in html


def test_harmed_groups_come_first(example: Comparison) -> None:
    html = words(page(example, system="plain"))
    table = html[html.index("relative change of the WER, groups that lose first") :]
    plain = example.systems[2]
    assert len(plain.verdict.harmed) > 1
    marks = re.findall(r"(harmed|open|no loss|gains)", table[: table.index("How to read")])
    groups = marks[2:]  # everyone and the target stand first
    assert groups == sorted(groups, key=["harmed", "open", "no loss", "gains"].index)
    assert groups[0] == "harmed"


def test_withheld_groups_appear_in_their_own_list_without_a_number(example: Comparison) -> None:
    html = page(example)
    assert "2 groups withheld" in html
    table = html[html.index("numbers are withheld") :]
    table = table[: table.index("</table>")]
    assert words(table).count("fewer than 10 speakers") == 2
    assert not re.search(r"\d+\.\d+.%", words(table))


def test_the_verdict_is_the_one_of_the_report(example: Comparison) -> None:
    html = words(page(example))
    assert "In one sentence accepted 1 of 3 new systems may replace conformer-s: ewc (strength = 10)." in html
    reason = " ".join(example.systems[2].verdict.reasons[0].split())
    assert f"plain rejected {reason}" in words(page(example, system="plain"))


def test_forgetting_sets_and_systems_side_by_side_are_shown(example: Comparison) -> None:
    html = page(example)
    assert "read speech" in html
    assert f'href="{PATH}?system=replay"' in html
    for method in METHODS:
        assert method in words(html)


def test_a_comparison_without_places_has_no_map_and_no_choice_of_one(example: Comparison) -> None:
    html = page(replace(example, map=None), cohort="r4")
    assert "fairasr-map" not in html
    assert "Map shows" not in html
    assert "these groups have no place on a map" in html


def test_a_saved_page_has_its_style_and_leads_nowhere(example: Comparison) -> None:
    html = page(example, is_static=True, cohort="r4")
    assert [link for link in re.findall(r'href="([^"]*)"', html) if not link.startswith("#")] == []
    assert "<script" not in html
    assert ".fairasr-map" in html
    assert "region 4" in html


def test_a_page_of_the_server_carries_no_style_of_its_own(example: Comparison) -> None:
    """The content security policy would refuse it."""
    for given in ({}, {"map": "change", "cohort": "r1"}):
        html = page(example, **given)
        assert "<style" not in html
        assert "style=" not in html


def test_the_change_of_one_system_as_csv(example: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(changes_csv(example, example.systems[1]).decode())))
    assert {row["after"] for row in rows} == {"replay"}
    assert {row["set"] for row in rows} == {"", "read speech"}
    assert {row["cohort"] for row in rows if row["suppressed"]} == set(WITHHELD)
    numbers = [name for name in rows[0] if name.startswith(("rate_b", "rate_a", "change", "relative", "n_", "p_"))]
    assert len(numbers) > 10
    assert {row[name] for row in rows if row["suppressed"] for name in numbers} == {""}
    wanted = example.systems[1].change.changes.set_index("cohort").loc["r4", "rate_after"]
    assert float(next(row for row in rows if row["cohort"] == "r4")["rate_after"]) == wanted


def test_the_league_as_csv() -> None:
    job = mitigation()
    rows = list(csv.DictReader(io.StringIO(league_csv(job).decode())))
    assert [row["method"] for row in rows] == list(job.league["method"])
    assert [float(row["worst"]) for row in rows] == list(job.league["worst"])


def test_a_job_shows_first_what_it_recommends() -> None:
    job = mitigation()
    assert job.recommended
    assert job_address(PATH, job, {}, {})["system"] == job.recommended
    kept = replace(job, recommended="")
    assert job_address(PATH, kept, {}, {})["system"] == kept.league["method"].iloc[0]


def test_a_sum_or_a_forgetting_set_that_bears_a_groups_name_leads_nowhere(example: Comparison) -> None:
    links = {"all": "/sum", "read speech": "/set", "the small cohorts together": "/small", "r4": "/group"}
    tables = change_tables(example.systems[0], comparison=example, links=links, selected="all")
    assert [row[0].link for row in tables.shown.rows if row[0].link] == ["/group"]
    assert not any(row[0].is_current for row in tables.shown.rows)
