"""The page of a fine-tuning job in a real browser with the network off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser_checks import ACCESSIBILITY, CONTRAST, OPENED, UNPRINTED, Visit
from change_example import mitigation
from playwright.sync_api import Browser

from fairasr.core import MitigationResult, Provenance
from fairasr.report import render_mitigation

pytestmark = pytest.mark.browser

PAYLOADS = ("<script>window.ran = 1</script>", "\"><svg onload='window.ran = 1'>", "</style></title>{{ 7 * 191 }}", "x" * 3000)


@pytest.fixture(scope="module")
def job() -> MitigationResult:
    return mitigation()


@pytest.fixture(scope="module")
def path(job: MitigationResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(render_mitigation(job), encoding="utf-8")
    return page


@pytest.fixture(scope="module", params=[(1280, "light"), (1280, "dark"), (375, "light"), (320, "dark")], ids=str)
def visit(request: pytest.FixtureRequest, browser: Browser, path: Path) -> Iterator[Visit]:
    width_px, scheme = request.param
    visit = Visit(browser, path, width_px=width_px, scheme=scheme)
    yield visit
    visit.context.close()


def hostile(job: MitigationResult) -> MitigationResult:
    """Names, labels and texts that would run, or are very long."""
    bad = " ".join(PAYLOADS)
    first = job.comparison.systems[0]
    rows = first.change.changes.assign(cohort=[f"{PAYLOADS[i % 4]} {i}" for i in range(len(first.change.changes))])
    verdict = replace(first.verdict, reasons=PAYLOADS)
    system = replace(
        first,
        after=bad,
        change=replace(first.change, changes=rows),
        verdict=verdict,
        forgetting={bad: first.forgetting["read speech"]},
        undone={bad: 0.5},
    )
    comparison = replace(
        job.comparison,
        title=bad,
        before=bad,
        against=bad,
        systems=(system,),
        target=PAYLOADS,
        warnings=PAYLOADS,
        notes=PAYLOADS,
        map={"kind": "boxes", "boxes": {f"{PAYLOADS[0]} 1": [30.0, -100.0, 40.0, -90.0]}},
        provenance=Provenance(command=bad, seed=0, inputs={bad: "00"}, settings={bad: bad}),
    )
    curve = job.curve.assign(method=[f"{PAYLOADS[i % 3]} {i % 5}" for i in range(len(job.curve))])
    league = job.league.iloc[:1].assign(method=bad, setting=bad)
    return replace(job, comparison=comparison, curve=curve, league=league, recommended=bad, rule=bad, job={bad: PAYLOADS})


def test_the_page_asks_for_nothing_fits_every_screen_and_can_be_used_without_sight_or_mouse(visit: Visit, path: Path) -> None:
    assert visit.requests == [path.as_uri()]
    assert visit.complaints == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visit.page.evaluate(OPENED) > 5
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visit.page.evaluate(ACCESSIBILITY) == []
    found = visit.page.evaluate(CONTRAST)
    assert found["n"] > 300
    assert found["low"] == []


def test_one_of_the_two_drawings_of_the_curve_is_shown(visit: Visit) -> None:
    shown = visit.page.evaluate("[...document.querySelectorAll('svg.curve')].map(e => e.checkVisibility())")
    assert sorted(shown) == [False, True]


def test_names_on_the_curve_can_be_told_from_the_paper(visit: Visit) -> None:
    """Contrast of every method's name with the paper, at least 4.5 : 1."""
    low = visit.page.evaluate(
        """() => {
          const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const luminance = text => { const c = text.match(/[\\d.]+/g).map(Number);
            return 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]); };
          const paper = luminance(getComputedStyle(document.body).backgroundColor);
          return [...document.querySelectorAll('svg.curve text')].filter(e => {
            const [a, b] = [luminance(getComputedStyle(e).fill), paper].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05) < 4.5;
          }).map(e => e.textContent);
        }"""
    )
    assert low == []


def test_print_opens_every_fold(browser: Browser, path: Path) -> None:
    visit = Visit(browser, path)
    assert visit.page.evaluate(UNPRINTED) != []
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(UNPRINTED) == []
    visit.context.close()


@pytest.mark.parametrize("width_px", [1280, 375])
def test_nothing_in_the_data_runs_or_widens_the_page(
    job: MitigationResult, browser: Browser, tmp_path: Path, width_px: int
) -> None:
    page = tmp_path / "hostile.html"
    page.write_text(render_mitigation(hostile(job)), encoding="utf-8")
    visit = Visit(browser, page, width_px=width_px, bypass_csp=True)
    assert visit.page.evaluate("window.ran") is None
    assert visit.complaints == []
    assert visit.page.evaluate("document.querySelectorAll('script, [onload]').length") == 0
    assert "1337" not in visit.page.evaluate("document.body.textContent")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width_px
    visit.context.close()
