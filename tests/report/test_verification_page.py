"""The report of an audit of speaker verification: what it says, what it withholds, how it looks in a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from browser_checks import ACCESSIBILITY, CONTRAST, OPENED, Visit
from playwright.sync_api import Browser
from verification_example import group, report, verification

from fairasr.core import UNKNOWN, VerificationResult, verification_from
from fairasr.core.errors import IngestError, OutputError
from fairasr.report import read_result, read_verification, render_verification, write_verification
from fairasr.report.verification_headline import verification_headline
from fairasr.report.verification_page import section
from fairasr.report.verification_tables import systems_table


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    result = verification()
    assert [path.name for path in write_verification(result, tmp_path / "v")] == ["groups.csv", "report.html", "report.json"]
    again = read_verification(tmp_path / "v")
    assert again.to_json() == result.to_json()
    assert render_verification(again) == render_verification(result)
    assert isinstance(read_result(tmp_path / "v"), VerificationResult)


def test_another_result_or_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="this is no audit of speaker verification"):
        verification_from({"format": "fairasr-audit"})
    with pytest.raises(IngestError, match="format version 9"):
        verification_from({"format": "fairasr-verification", "format_version": 9})
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="it is a file"):
        write_verification(verification(), tmp_path / "file")


def test_the_headline_names_the_group_whose_lower_bound_is_farthest_above_all() -> None:
    page = render_verification(verification())
    assert 'plain verifies worst</bdi> <bdi class="group">region r1' in page
    assert "equal error rate 9.0" in page


def test_no_gap_is_claimed_where_every_interval_reaches_the_rate_of_all() -> None:
    system = verification().systems[0]
    alike = replace(system, reports={"declared:sex": report("declared:sex", group("a", 0.055), group("b", 0.05))})
    page = render_verification(verification(systems=(alike,)))
    assert "is not shown to verify any group worse than all" in page


def test_groups_that_are_withheld_show_no_number_in_any_file(tmp_path: Path) -> None:
    result = verification()
    tree = result.systems[0].reports["geo-tree"]
    leaky = tree.groups.copy()
    leaky.loc[leaky["suppressed"] != "", ["eer", "n_speakers", "wer"]] = 0.98765
    system = replace(result.systems[0], reports={"geo-tree": replace(tree, groups=leaky)})
    write_verification(replace(result, systems=(system,)), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "98.8" not in page
    assert "98765" not in (tmp_path / "groups.csv").read_text()
    table = pd.read_csv(tmp_path / "groups.csv", keep_default_na=False, dtype=str)
    assert (table.loc[table["suppressed"] != "", "eer"] == "").all()


def test_word_error_rates_stand_beside_only_where_there_is_a_recogniser() -> None:
    assert "Words wrong" in render_verification(verification())
    assert "Words wrong" not in render_verification(verification(recogniser=""))


def test_speakers_of_no_known_group_are_neither_worst_nor_best() -> None:
    rows = [group(f"g{n}", 0.09 - n / 100) for n in range(7)]
    # Stands last, whatever its rate, and is the farthest above all.
    unknown = group(UNKNOWN, 0.2)
    system = replace(verification().systems[0], reports={"declared:sex": report("declared:sex", *rows, unknown)})
    result = verification(systems=(system,))
    across = [column.heading for column in systems_table(result, "declared:sex").columns]
    assert across == ["Verifier", "All trials", "region g0", "region g6", "Gap", "Spread"]
    assert verification_headline(result).group == "region g0"


def test_groups_whose_curve_lies_outside_the_axes_are_counted_as_left_out() -> None:
    system = verification().systems[0]
    sex = system.reports["declared:sex"]
    outside = replace(sex, det={**sex.det, "male": ((0.0, 0.0), (1.0, 0.0))})
    result = verification(systems=(replace(system, reports={"declared:sex": outside}),))
    assert section(result, result.systems[0], "declared:sex", has_style=True)["n_left_out"] == 1
    assert section(verification(), system, "declared:sex", has_style=True)["n_left_out"] == 0


@pytest.mark.browser
@pytest.mark.parametrize(("width_px", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light"), (320, "dark")])
def test_the_page_can_be_read_by_everybody(browser: Browser, tmp_path: Path, width_px: int, scheme: str) -> None:
    write_verification(verification(), tmp_path)
    visit = Visit(browser, tmp_path / "report.html", width_px=width_px, scheme=scheme)
    assert visit.page.evaluate(OPENED) > 0
    assert visit.page.evaluate(ACCESSIBILITY) == []
    contrast = visit.page.evaluate(CONTRAST)
    assert contrast["n"] > 100
    assert contrast["low"] == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width_px
    assert visit.complaints == []
    assert visit.requests == [(tmp_path / "report.html").as_uri()]
    visit.context.close()


@pytest.mark.browser
@pytest.mark.parametrize("width_px", [375, 1200, 1920])
def test_the_key_of_the_curves_shows_long_names_of_groups_whole(browser: Browser, tmp_path: Path, width_px: int) -> None:
    names = ["region Österreich und Südtirol, Dörfer über tausend Metern", f"region {'x' * 120}"]
    rows = [group(name.removeprefix("region "), 0.09) for name in names]
    system = replace(verification().systems[0], reports={"declared:region": report("declared:region", *rows)})
    write_verification(verification(systems=(system,)), tmp_path)
    visit = Visit(browser, tmp_path / "report.html", width_px=width_px)
    shown = visit.page.evaluate(
        """[...document.querySelectorAll('figure .name')].filter(e => e.checkVisibility()).map(e => {
            const box = e.getBoundingClientRect(), frame = (e.closest('svg') || e.closest('figure')).getBoundingClientRect();
            return [e.textContent, frame.left <= box.left && box.right <= frame.right && box.right <= window.innerWidth];
        })"""
    )
    assert sorted(shown) == sorted([name, True] for name in [*names, "all trials"])
    visit.context.close()
