"""What the page says, read from its text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from example import cohort, example, geo_tree, system_result, table, withheld

from fairasr.core import AuditResult, DisparityReport
from fairasr.report import render_html
from fairasr.report.cohorts import cohort_tables
from fairasr.report.overview import change_by_cohort_table
from fairasr.report.partitions import partitions_table
from fairasr.report.table import Cell, Table, columns


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(example())


REFERENCES = ("src", "href", "xlink:href", "action", "srcset", "data")


class Outline(HTMLParser):
    """Headings, captions, links and tag names of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.captions: list[str] = []
        self.references: list[str] = []
        self.tags: set[str] = set()
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [
            value or "" for name, value in attributes if name in ("src", "href", "xlink:href", "action", "srcset", "data")
        ]
        if tag in ("h2", "caption"):
            self._inside = tag
            (self.headings if tag == "h2" else self.captions).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            (self.headings if self._inside == "h2" else self.captions)[-1] += data.strip()


def only(report: DisparityReport) -> AuditResult:
    return example(systems=(replace(system_result("conformer-large"), reports={report.method: report}),), comparisons=())


def texts(row: tuple[Cell, ...]) -> list[str]:
    return [cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row]


def test_the_sections_come_in_the_order_a_reader_needs(page: str) -> None:
    assert Outline(page).headings == [
        "In one sentence",
        "Read this first",
        "Gaps under every way of grouping speakers",
        "What was audited",
        "The systems",
        "Who is served worse",
        "All systems, all ways of grouping",
        "Does the text normaliser matter?",
        "What could not be run",
        "How this was made",
    ]


def test_every_table_of_the_audit_is_there(page: str) -> None:
    captions = Outline(page).captions
    expected = [
        "Rows set aside",
        "Utterances without a value",
        "Every system over all speakers",
        "Two systems on the same utterances",
        "conformer-large → whisper-small, group by group",
        "The WER gap of conformer-large under every way",
        "the 15 worst-served groups of 26",
        "the 6 groups between",
        "the 5 best-served groups",
        "groups whose numbers are withheld",
        "in every convention",
        "The best division that “zip-demographics” found by each attribute",
        "all 3 groups",
        "all 8 groups",
        "Every system under every way of grouping",
        "under other text normalisers",
        "Input files and their SHA-256",
        "Settings of the audit",
    ]
    missing = [wanted for wanted in expected if not any(wanted in caption for caption in captions)]
    assert not missing


def test_the_page_refers_to_nothing_outside_and_runs_nothing(page: str) -> None:
    outline = Outline(page)
    assert all(reference.startswith("#") for reference in outline.references)
    assert not outline.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_the_same_audit_gives_the_same_page(page: str) -> None:
    assert render_html(example()) == page


def test_missing_numbers_are_words_on_the_page(page: str) -> None:
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|NaN|<NA>", page)
    for words in ("not estimable", "not run", "fewer than 10 speakers", "give a smaller group away by subtraction"):
        assert words in page


def test_rates_on_the_page_are_those_of_the_result(page: str) -> None:
    plain = page.replace("\N{NO-BREAK SPACE}", " ")
    # worst 0.225, best 0.09: 0.225 / 0.09 - 1 = 1.5 and 1 - 0.09 / 0.225 = 0.6; apparent 0.27 / 0.08 - 1 = 2.375
    for text in (
        "150.0 % [118.0, 182.0]",
        "60.0 % [52.0, 68.0]",
        "22.5 % against 14.0 %",
        "237.5 % → 150.0 %",
        "optimism +87.5 points",
    ):
        assert text in plain
    # 16,296 of 194,000 words; 12 of 20,000 utterances
    for text in ("8.4 %", "0.1 %"):
        assert text in plain


@pytest.mark.parametrize(("n", "sizes"), [(1, (1,)), (20, (20,)), (21, (15, 1, 5)), (126, (15, 106, 5))])
def test_many_cohorts_are_the_15_worst_the_5_best_and_the_rest_folded(n: int, sizes: tuple[int, ...]) -> None:
    rates = np.linspace(0.3, 0.1, n)
    report = replace(geo_tree("a"), cohorts=table([cohort(f"c{i:03d}", f"c{i:03d}", rate) for i, rate in enumerate(rates)]))
    shown = cohort_tables(report, min_speakers=10)
    tables = [t for t in (shown.worst, shown.between, shown.best) if t]
    assert tuple(len(t.rows) for t in tables) == sizes
    assert [row[0].text for t in tables for row in t.rows] == [f"c{i:03d}" for i in range(n)]
    assert len({t.columns[1].drawing for t in tables}) == 1, "all parts are drawn on one axis"


def test_a_report_of_withheld_cohorts_alone_shows_no_number() -> None:
    report = replace(geo_tree("a"), cohorts=table([withheld("x", "x", "small"), withheld("y", "y", "small")]))
    shown = cohort_tables(report, min_speakers=10)
    assert shown.worst is None
    assert shown.withheld is not None
    assert [row[1].text for row in shown.withheld.rows] == ["fewer than 10 speakers"] * 2
    assert "No group has enough speakers to show a number." in render_html(only(report))


def test_partitions_come_with_intervals_joined_and_small_ones_withheld() -> None:
    tried = partitions_table(example()["zip-demographics"], min_speakers=10)
    assert tried is not None
    first = dict(zip([column.heading for column in tried.columns], texts(tried.rows[0]), strict=True))
    assert first == {
        "Division": "zip codes with high renters",
        "Gap to the best served": "33.6 % [23.6, 43.6]",
        "Apparent gap": "40.3 %",
        "Worse side": "17.1 %",
        "The rest": "12.8 %",
        "Speakers on the worse side": "402",
        "p": "0.010",
    }
    assert tried.rows[2][0].tag == "fewer than 10 speakers"
    assert {cell.text for cell in tried.rows[2][1:]} == {"–"}
    assert partitions_table(geo_tree("a"), min_speakers=10) is None


def test_partitions_of_another_method_are_shown_in_the_columns_it_gives() -> None:
    row = {"partition": "x", "n_rows": 1200, "first": True, "kind": "rural", "difference": 0.02, "weight": 0.12345}
    given = pd.DataFrame([row])
    tried = partitions_table(replace(geo_tree("a"), partitions=given), min_speakers=None)
    assert tried is not None
    assert [column.heading for column in tried.columns] == ["Division", "Difference", "First", "Kind", "Rows", "Weight"]
    assert texts(tried.rows[0]) == ["x", "+2.0 points", "yes", "rural", "1,200", "0.123"]


def test_a_corpus_without_speaker_ids_says_so_beside_the_count() -> None:
    data = {**example().data, "has_speaker_ids": False}
    assert "no speaker ids: every utterance counts as its own speaker" in render_html(example(data=data))


def test_an_audit_of_one_system_has_no_table_of_comparisons_and_its_words_are_singular() -> None:
    page = render_html(only(geo_tree("a")))
    assert "The system</h2>" in page
    assert "Two systems on the same" not in page
    assert "All systems, all ways" not in page


def test_an_audit_in_which_nothing_could_run_is_still_a_page() -> None:
    system = replace(system_result("conformer-large"), reports={})
    empty = example(systems=(system,), comparisons=(), sensitivity=None, warnings=(), data={}, skipped={})
    page = render_html(empty)
    assert "No way of grouping the speakers could be run" in page
    assert "not recorded" in page


def test_a_row_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 1 rows have 1 cells, not 2"):
        Table(caption="x", columns=columns("a", "b"), rows=((Cell(text="1"),),))


def test_a_withheld_row_of_a_comparison_gives_its_reason_and_no_number() -> None:
    compared = change_by_cohort_table(example().comparisons[0], min_speakers=10)
    assert compared is not None
    assert [cell.text for cell in compared.rows[1]] == ["r27", "fewer than 10 speakers", "–", "–", "–", "–"]
    assert compared.rows[0][3].tag == "worse"
