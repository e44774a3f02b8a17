"""The page in a real browser with the network off: nothing runs, nothing is asked for, nothing sticks out, all has a name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser_checks import ACCESSIBILITY, CONTRAST, OPENED, UNPRINTED, Visit
from example import cohort, example, geo_tree, system_result, table
from playwright.sync_api import Browser

from fairasr.core import AuditResult, Provenance, Rate
from fairasr.report import render_html, write_html

pytestmark = pytest.mark.browser

SCREENS = [(1280, "light"), (1280, "dark"), (375, "light"), (320, "dark")]

PAYLOADS = (
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "\"><svg onload='window.ran = 1'>",
    "</style></title><script>alert(1)</script>",
    "{{ 7 * 191 }} ' onmouseover='window.ran=1",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_html(example(), tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(
    scope="module", params=[(1280, "light"), (1280, "dark"), (375, "light"), (320, "dark")], ids=lambda p: f"{p[0]} px {p[1]}"
)
def visit(request: pytest.FixtureRequest, browser: Browser, path: Path) -> Iterator[Visit]:
    width_px, scheme = request.param
    visit = Visit(browser, path, width_px=width_px, scheme=scheme)
    yield visit
    visit.context.close()


def hostile() -> AuditResult:
    """Every text a user can give holds something that would run, is very long, or reads right to left."""
    bad = " ".join(PAYLOADS)
    labels = [*PAYLOADS, "x" * 5000, "من الشمال إلى الجنوب", "=1+1"]
    report = replace(
        geo_tree(bad),
        method=f"declared:{PAYLOADS[0]}",
        cohorts=table([cohort(label, f"{label} described", 0.2 - 0.01 * i) for i, label in enumerate(labels)]),
        honest=replace(geo_tree(bad).honest, bottom=(labels[0], labels[5])),
        notes=PAYLOADS,
        settings={bad: PAYLOADS},
        map={
            "kind": "projection",
            "points": {label: [i, i % 3] for i, label in enumerate(labels)},
            "axes": [PAYLOADS[0], PAYLOADS[1]],
        },
    )
    system = replace(system_result(bad), reports={report.method: report}, normaliser=PAYLOADS[2])
    return example(
        title=bad,
        systems=(system,),
        focus=bad,
        comparisons=(),
        sensitivity=None,
        warnings=PAYLOADS,
        skipped={PAYLOADS[1]: PAYLOADS[3]},
        data={**example().data, "set_aside": {bad: 2}, "missing": {"y" * 3000: 1}},
        provenance=Provenance(command=f"fairasr audit {bad}", seed=0, inputs={bad: "00"}, settings={"a": bad}),
    )


@pytest.mark.parametrize("bypass_csp", [False, True], ids=["under its policy", "by escaping alone"])
def test_nothing_in_the_data_runs_and_all_of_it_is_shown_as_text(browser: Browser, tmp_path: Path, *, bypass_csp: bool) -> None:
    visit = Visit(browser, write_html(hostile(), tmp_path / "hostile.html"), bypass_csp=bypass_csp)
    assert visit.page.evaluate("window.ran") is None
    assert visit.dialogs == []
    assert visit.complaints == []
    assert visit.requests == [(tmp_path / "hostile.html").as_uri()]
    assert visit.page.evaluate("document.querySelectorAll('script, img, [onload], [onerror], [onmouseover]').length") == 0
    shown = visit.page.evaluate("document.body.textContent")
    for payload in PAYLOADS:
        assert payload in shown
    assert "1337" not in shown
    visit.context.close()


@pytest.mark.parametrize("width_px", [1280, 375])
def test_long_and_hostile_text_does_not_make_the_page_wider_than_the_screen(
    browser: Browser, tmp_path: Path, width_px: int
) -> None:
    visit = Visit(browser, write_html(hostile(), tmp_path / "hostile.html"), width_px=width_px)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width_px
    visit.context.close()


def test_the_page_asks_for_nothing_and_complains_of_nothing(visit: Visit, path: Path) -> None:
    assert visit.requests == [path.as_uri()]
    assert visit.complaints == []


def test_the_page_never_scrolls_sideways_even_with_all_details_open(visit: Visit) -> None:
    width = visit.page.evaluate("window.innerWidth")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate(OPENED) > 5
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_tables_images_headings_and_scroll_boxes_are_usable_without_sight_or_mouse(visit: Visit) -> None:
    assert visit.page.locator("table").count() > 15
    assert visit.page.evaluate(ACCESSIBILITY) == []


def test_all_text_has_a_contrast_of_at_least_4_5(visit: Visit) -> None:
    found = visit.page.evaluate(CONTRAST)
    assert found["n"] > 500
    assert found["low"] == []


def test_the_first_tab_stop_skips_to_the_findings(browser: Browser, path: Path) -> None:
    visit = Visit(browser, path)
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"
    visit.context.close()


def test_print_opens_every_fold(browser: Browser, path: Path) -> None:
    visit = Visit(browser, path)
    folded = visit.page.locator("details table").first
    assert not folded.is_visible()
    assert visit.page.evaluate(UNPRINTED) != []
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(UNPRINTED) == []
    visit.context.close()


def test_dots_of_all_parts_of_a_cohort_table_stand_on_one_axis(browser: Browser, path: Path) -> None:
    visit = Visit(browser, path)
    lines = visit.page.evaluate(
        """[...document.querySelector('#method-1').parentElement.querySelectorAll(':scope > .aligned .forest .overall')]
            .map(e => Math.round(e.getBoundingClientRect().left))"""
    )
    assert len(lines) > 15
    assert len(set(lines)) == 1
    visit.context.close()


def of_a_rate() -> AuditResult:
    """The example as if operations per second had been audited."""
    rate = Rate(name="operations per second of audio", numerator="megaflop", denominator="duration_s", unit="Mflop/s")
    name = example().focus
    reports = [replace(report, measure=rate, rate_name=rate.name) for report in system_result(name).reports.values()]
    whole = replace(system_result(name), measure=rate, rate_name=rate.name, reports={report.method: report for report in reports})
    return example(systems=(whole,), comparisons=(), sensitivity=None)


@pytest.mark.parametrize("result", [example(), of_a_rate()], ids=["errors", "a rate"])
@pytest.mark.parametrize("width_px", [375, 800, 1200, 1920])
def test_a_table_of_groups_fits_or_says_that_it_goes_on(
    browser: Browser, tmp_path: Path, width_px: int, result: AuditResult
) -> None:
    visit = Visit(browser, write_html(result, tmp_path / "report.html"), width_px=width_px)
    tables = visit.page.evaluate(
        """[...document.querySelectorAll('.aligned')].filter(e => e.checkVisibility()).map(e => ({
            goes_on: e.scrollWidth > e.clientWidth,
            says_so: e.querySelector('.sideways').checkVisibility(),
            overfull: [...e.querySelectorAll('th, td')].filter(c => c.scrollWidth > c.clientWidth + 1).map(c => c.textContent),
            idle_px: Math.max(...[...e.querySelectorAll('thead th')].slice(2).map(c => c.clientWidth)),
        }))"""
    )
    assert tables
    assert not (width_px >= 1200 and any(table["goes_on"] for table in tables))
    assert all(table["goes_on"] == table["says_so"] for table in tables)
    assert all(table["overfull"] == [] for table in tables)
    assert all(table["idle_px"] < 200 for table in tables), "a column of numbers as wide as a drawing"
    visit.context.close()


def test_a_page_without_maps_or_reports_still_passes(browser: Browser, tmp_path: Path) -> None:
    empty = example(
        systems=(replace(system_result("conformer-large"), reports={}),), comparisons=(), sensitivity=None, skipped={}, data={}
    )
    (tmp_path / "empty.html").write_text(render_html(empty), encoding="utf-8")
    visit = Visit(browser, tmp_path / "empty.html", width_px=375)
    assert visit.page.evaluate(ACCESSIBILITY) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
    visit.context.close()
