"""What is said of a rate that is not of errors: in the report, on its maps, in the dashboard, on the command line."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from counted_world import COMPUTE, LOST, counted, with_dense
from typer.testing import CliRunner

import fairasr as fa
from fairasr.cli.main import run
from fairasr.core import Estimate
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.report.headline import headline
from fairasr.report.rate_wording import Writing

OF_ERRORS = re.compile(
    r"\b(WER|CER|(?<!min )words?|errors?|transcripts?|normalis\w+|worst|best|worse|better|insertions?|deletions?|loops?)\b",
    re.IGNORECASE,
)
"""All but the name of a setting of the tree, "min words"."""


def text_of(page: str) -> str:
    """What a reader sees or hears of a page: text, and the titles and descriptions of its drawings."""
    page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    labels = " ".join(re.findall(r'(?:aria-label|title)="([^"]*)"', page))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page) + " " + labels))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an audit of compute, of two systems, and one of lost turns; both with a map."""
    folder = tmp_path_factory.mktemp("results")
    methods: Any = ("declared:accent", "geo-tree")
    for name, table, rate in (("compute", with_dense(counted()), COMPUTE), ("lost", counted(), LOST)):
        fa.audit(table, rate=rate, seed=0, n_permutations=99, methods=methods, title=f"Audit of {name}").write(folder / name)
    return folder


@pytest.mark.parametrize("name", ["compute", "lost"])
def test_the_report_of_a_rate_never_speaks_of_errors(results: Path, name: str) -> None:
    said = text_of((results / name / "report.html").read_text(encoding="utf-8"))
    assert len(said) > 3000
    assert OF_ERRORS.findall(said) == []


def test_what_is_no_share_is_written_in_its_unit_and_never_in_percent(results: Path) -> None:
    result = fa.read_audit(results / "compute")
    said = text_of((results / "compute" / "report.html").read_text(encoding="utf-8"))
    assert "compute per second (Gflop/s), megaflop / duration_ms" in said
    lead = "The group ranked highest in compute per second by “Declared group: accent” is accent: far : "
    rates = "3.50 Gflop/s, against 1.25 Gflop/s among those ranked lowest and 2.00 Gflop/s overall"
    assert f"{lead}{rates}: highest above lowest by 180.0 % [" in said
    assert "points" not in said.replace("optimism", "").split("How to read this table")[1]
    for report in result.system("sparse").reports.values():
        for rate in report.cohorts["rate"].dropna():
            assert f"{100 * rate:.1f} %" not in said
            assert f"{rate:.2f}" in said or f"{rate:.1f}" in said
    assert "Every system over all speakers: compute per second" in said
    assert "768,000" in said
    assert "384,000 duration_ms in all" in said


def test_a_group_that_is_given_little_is_a_gap_though_no_group_stands_out_above() -> None:
    draws = np.random.default_rng(1)
    accents = ["far", "a", "b", "c", "d", "e", "f"] * 18
    means = [500 if accent == "far" else 1000 for accent in accents]
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:03d}" for i in range(len(accents))],
            "speaker_id": [f"s{i:03d}" for i in range(len(accents))],
            "accent": accents,
            "megaflop": np.maximum(draws.normal(means, 300).round(), 0).astype(int),
            "duration_ms": 1000,
        }
    )
    audit = fa.audit(table, rate=COMPUTE, seed=0, n_permutations=99, methods=("declared:accent",))
    gap = audit["declared:accent"].honest
    assert gap.difference_to_overall.lo < 0 < gap.relative_to_top.lo
    found = headline(audit)
    assert found.shown
    assert re.search(r"among those ranked lowest and .* overall: highest above lowest by [\d.]+\s% \[", found.sentence)
    shuffled = table.assign(accent=draws.permutation(table["accent"]))
    nothing = headline(fa.audit(shuffled, rate=COMPUTE, seed=0, n_permutations=99, methods=("declared:accent",)))
    assert not nothing.shown
    assert nothing.sentence.endswith("the one way of grouping that was run finds no groups that clearly differ.")
    assert re.search(r"A highest group up to [\d.]+\s% above the lowest cannot be ruled out\.$", nothing.detail)


def test_a_lowest_rate_of_nothing_hides_no_gap() -> None:
    draws = np.random.default_rng(2)
    accents = ["far", "near"] * 40
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:03d}" for i in range(len(accents))],
            "speaker_id": [f"s{i:03d}" for i in range(len(accents))],
            "accent": accents,
            "lost": [int(draws.integers(1, 4)) if accent == "far" else 0 for accent in accents],
            "n_turns": 4,
        }
    )
    audit = fa.audit(table, rate=LOST, seed=0, n_permutations=99, methods=("declared:accent",))
    assert not np.isfinite(audit["declared:accent"].honest.relative_to_top.value)
    found = headline(audit)
    assert found.shown
    assert re.search(
        r"against 0\.0\s% among those ranked lowest and .* overall: highest above all by \+[\d.]+\s(points )?\[", found.sentence
    )


def test_a_share_is_written_in_percent_and_points(results: Path) -> None:
    said = text_of((results / "lost" / "report.html").read_text(encoding="utf-8"))
    assert "lost turns (%), lost / n_turns" in said
    assert "37.5 %" in said
    assert "+16.7 points" in said, "3/8 - 5/24"


def test_the_map_of_a_rate_is_in_its_unit(results: Path) -> None:
    page = (results / "compute" / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r"<svg[^>]*role=.*?</svg>", page, flags=re.DOTALL)
    assert len(drawn) == 1
    said = text_of(drawn[0])
    assert "Gflop/s" in said
    assert "lower than overall" in said
    assert "highest cohort" in said
    assert "Highest:" in said
    assert re.findall(r"[\d.]+ %", said.replace("95 %", "")) == []


@pytest.mark.parametrize("query", ["?method=declared:accent", "?method=declared:accent&cohort=far", "?method=geo-tree"])
@pytest.mark.parametrize("name", ["compute", "lost"])
def test_the_dashboard_says_the_same_of_a_rate(results: Path, name: str, query: str) -> None:
    client = application(Library(results), Access(host="127.0.0.1")).test_client()
    answer = client.get(f"/result/{name}{query}", headers={"Host": "127.0.0.1:8050"})
    assert answer.status_code == 200
    said = text_of(answer.get_data(as_text=True))
    assert OF_ERRORS.findall(said) == []
    if query.endswith("far"):
        assert "Its compute per second is 3.50 Gflop/s, against 2.00 Gflop/s over all speakers." in said or name == "lost"
        assert "Its lost turns is 37.5 %, against 20.8 % over all speakers." in said or name == "compute"


def test_the_first_page_of_the_dashboard_lists_rates_and_puts_them_on_no_common_axis(results: Path) -> None:
    client = application(Library(results), Access(host="127.0.0.1")).test_client()
    said = text_of(client.get("/", headers={"Host": "127.0.0.1:8050"}).get_data(as_text=True))
    assert "Audit of compute" in said
    assert "Audit of lost" in said
    assert "Result after result" not in said


def fairasr(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(run, [str(argument) for argument in arguments], catch_exceptions=False)
    return answer.exit_code, re.sub(r"[\s│]+", " ", answer.output)


def test_the_command_line_audits_a_rate(tmp_path: Path) -> None:
    counted().to_csv(tmp_path / "counts.csv", index=False)
    status, said = fairasr(
        "audit", tmp_path / "counts.csv", "--rate", "lost/n_turns", "--rate-name", "lost turns", "--share",
        "--method", "declared:accent", "--permutations", 0, "-o", tmp_path / "out",
    )  # fmt: skip
    assert status == 0, said
    assert "system: lost turns 20.8" in said
    assert "gap to lowest gap to highest apparent" in said, "headings are printed line by line"
    assert not re.search(r"\b(top|bottom)\b", said), "those are the ends of error rates"
    assert fa.read_audit(tmp_path / "out").measure == LOST
    status, said = fairasr(
        "audit", tmp_path / "counts.csv", "--rate", "megaflop/duration_ms", "--rate-unit", "Gflop/s",
        "--method", "declared:accent", "--permutations", 0, "--max-gap", 1, "-o", tmp_path / "out",
    )  # fmt: skip
    assert "system: megaflop per duration_ms 2.00" in said
    assert status == 3, "the gap of 180 % is above 100 %"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rate", "lost/n_turns", "--hypotheses", "other.csv"), "Invalid value for --hypotheses"),
        (("--rate", "lost/n_turns", "--normaliser", "basic"), "Invalid value for --normaliser"),
        (("--rate", "lost/n_turns", "--missing", "deletions"), "Invalid value for --missing"),
        (("--rate", "lost/n_turns", "--keep-utterances"), "Invalid value for --keep-utterances"),
        (("--rate", "lost"), "is not NUMERATOR/DENOMINATOR"),
        (("--rate", "lost/n_turns/more"), "is not NUMERATOR/DENOMINATOR"),
        (("--rate", "lost/n_turns", "--rate-name", "WER"), "which means errors"),
        (("--rate-name", "lost turns"), "NUMERATOR/DENOMINATOR, and none is given"),
        (("--share",), "NUMERATOR/DENOMINATOR, and none is given"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    counted().to_csv(tmp_path / "counts.csv", index=False)
    status, told = fairasr("audit", tmp_path / "counts.csv", *arguments, "-o", tmp_path / "out")
    assert status == 2
    assert said in told
    assert not (tmp_path / "out").exists()


def test_counts_that_break_rules_are_told_with_the_option_that_helps(tmp_path: Path) -> None:
    counted().assign(lost=-1).to_csv(tmp_path / "counts.csv", index=False)
    status, said = fairasr("audit", tmp_path / "counts.csv", "--rate", "lost/n_turns", "-o", tmp_path / "out")
    assert status == 1
    assert "column 'lost': 192 of 192 rows are not a whole number >= 0" in said
    assert "--bad-rows set-aside" in said


def test_a_note_on_speakers_counted_twice_speaks_of_no_errors() -> None:
    result = fa.audit(counted(), rate=COMPUTE, seed=0, n_permutations=0, methods=("geo-tree",), allow_double_dipping=True)
    (note,) = [note for note in result["geo-tree"].notes if "were found on" in note]
    assert OF_ERRORS.findall(note) == []


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.000123, "0.000123 u"), (0.853, "0.853 u"), (12.34, "12.3 u"), (1234.5, "1,234 u"), (0.0, "0.00 u")],
)
def test_a_number_has_three_digits_and_its_unit(value: float, written: str) -> None:
    writing = Writing(name="a rate", measure=fa.Rate(name="a rate", numerator="a", denominator="b", unit="u"))
    assert writing.rate(value).replace("\xa0", " ") == written


def test_an_interval_has_the_digits_of_its_largest_end() -> None:
    writing = Writing(name="a rate", measure=fa.Rate(name="a rate", numerator="a", denominator="b"))
    estimate = Estimate(value=9.87, lo=8.76, hi=11.11)
    assert writing.rate_interval(estimate).replace("\xa0", " ") == "9.9 [8.8, 11.1]"
    assert writing.difference_interval(Estimate(value=-0.5, lo=-1.25, hi=0.25)).replace("\xa0", " ") == "−0.50 [−1.25, +0.25]"
