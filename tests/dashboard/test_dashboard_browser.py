"""The dashboard in a real browser, as its users go through it. Every window is checked for requests that leave the machine."""

from __future__ import annotations

import csv
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from job_world import NOW_S, line, write_run
from playwright.sync_api import Page, Route, expect
from viewing import Viewer, serving

pytestmark = pytest.mark.browser

Look = Callable[..., Viewer]
SERIOUS = ("serious", "critical")
SAME = "(main, markup) => new DOMParser().parseFromString(markup, 'text/html').body.firstElementChild.isEqualNode(main)"


@pytest.fixture(scope="module")
def demo(demo_results: Path) -> Iterator[str]:
    with serving(demo_results) as base:
        yield base


@pytest.fixture(scope="module")
def african(african_results: Path) -> Iterator[str]:
    with serving(african_results) as base:
        yield base


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def panel_title(page: Page) -> str:
    return page.locator("#group").inner_text().strip()


def current_row(page: Page) -> str:
    return page.locator("tr.current th a").first.inner_text().strip()


def choose_region(page: Page, *, label: str = "") -> str:
    """Click the region of the map with that label, or the first that can be chosen; its label."""
    before = page.url
    shape = page.locator(f'.fairasr-map a[data-cohort="{label}"]' if label else ".fairasr-map a").first
    label = parse_qs(urlsplit(shape.get_attribute("href") or "").query)["cohort"][0]
    shape.locator(".shape").first.dispatch_event("click")
    page.wait_for_url(lambda url: url != before)
    page.wait_for_selector("tr.current")
    return label


def wait_until_shown(page: Page) -> None:
    page.wait_for_function("!document.getElementById('main').hasAttribute('aria-busy')")


class TestAManager:
    def test_sees_the_worst_group_and_every_result_on_the_first_page(self, look: Look, demo: str) -> None:
        page = look(demo).open("/")
        expect(page.locator(".finding .sentence")).to_contain_text("word errors per 100 words, against")
        assert page.locator(".result-list li").count() == 4
        assert page.locator("#trend").count() == 1
        page.get_by_role("link", name="demo/report", exact=True).first.click()
        expect(page.locator("h1")).to_have_text("Demo: a made-up world with planted gaps")


class TestAnAnalyst:
    def test_chooses_a_region_and_everything_follows(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        assert panel_title(page) == "All speakers"
        label = choose_region(page)
        assert query(page)["cohort"] == [label]
        assert panel_title(page) == current_row(page)
        assert page.locator(f'.fairasr-map [data-cohort="{label}"][aria-current="true"]').count() == 1
        n_words = page.locator(".facts").inner_text()
        listed = page.locator(".counted").inner_text()
        n_utterances = re.search(r"Utterances\s+([\d,]+)", n_words)
        assert n_utterances is not None
        assert f"of {n_utterances[1]} utterances" in listed

    def test_chooses_a_row_of_the_table_and_the_map_follows(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        row = page.locator("tbody th a").nth(1)
        name = row.inner_text().strip()
        row.click()
        expect(page.locator("#group")).to_have_text(name)
        assert page.locator(".fairasr-map [aria-current]").count() == 1

    def test_sends_the_address_and_a_colleague_sees_the_same(self, look: Look, demo: str) -> None:
        first = look(demo).open("/result/demo/report?method=geo-tree&measure=gap")
        choose_region(first)
        second = look(demo).page
        second.goto(first.url)
        markup = first.locator("main").evaluate("main => main.outerHTML")
        assert second.locator("main").evaluate(SAME, markup)

    def test_goes_back_and_forth(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        choose_region(page)
        chosen = panel_title(page)
        page.go_back()
        expect(page.locator("#group")).to_have_text("All speakers")
        page.go_forward()
        expect(page.locator("#group")).to_have_text(chosen)

    def test_switches_system_method_and_measure(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report")
        drawn = set()
        for name in ("gap to all", "wrong words", "left out", "put in", "WER"):
            page.locator("#controls").get_by_role("link", name=name, exact=True).click()
            expect(page.locator("#controls a[aria-current]", has_text=re.compile(f"^{name}$"))).to_have_count(1)
            wait_until_shown(page)
            drawn.add(page.locator(".map svg").inner_html())
        assert len(drawn) == 5
        page.locator("#controls").get_by_role("link", name="open-b").click()
        expect(page.locator("h1 + p")).to_contain_text("System open-b")
        page.locator("#controls").get_by_role("link", name="gender").click()
        expect(page.locator("#map")).to_have_text("Declared group: gender")

    def test_reads_what_was_said_and_heard(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree&cohort=region+01&kind=substitutions")
        first = page.locator(".utterances > li").first
        assert first.locator(".wrong").count() > 0
        said = first.locator(".hit, .wrong del, del.left-out").all_inner_texts()
        first.locator("summary").click()
        given = first.locator("dd").first.inner_text()
        assert [word.lower() for word in said] == re.sub(r"[^\w\s']", "", given).lower().split()
        expect(page.locator(".confusions table")).not_to_have_count(0)

    def test_finds_words_and_pages_on(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        expect(page.locator(".counted strong")).to_have_text("1 to 25")
        page.get_by_role("link", name="Next →").click()
        expect(page.locator(".counted strong")).to_have_text("26 to 50")
        page.get_by_label("Words to find").fill("doctor")
        page.get_by_role("button", name="Find").click()
        page.wait_for_url(lambda url: "find=doctor" in url)
        wait_until_shown(page)
        assert "page" not in query(page)
        for utterance in page.locator(".utterances > li").all():
            assert "doctor" in (utterance.text_content() or "").lower()

    def test_takes_the_page_and_the_table_away(self, look: Look, demo: str, tmp_path: Path) -> None:
        viewer = look(demo)
        page = viewer.open("/result/demo/report?method=geo-tree")
        choose_region(page)
        chosen = panel_title(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Save this page").click()
        saved = tmp_path / "saved.html"
        download.value.save_as(saved)
        with page.expect_download() as download:
            page.get_by_role("link", name="Table as CSV").click()
        table = tmp_path / "table.csv"
        download.value.save_as(table)
        with table.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == page.locator("section[aria-labelledby=groups] tbody th a").count()
        alone = look(demo)
        alone.page.goto(saved.as_uri())
        assert panel_title(alone.page) == chosen
        assert alone.page.locator("script, a[href^='/'], a[href^='http']").count() == 0
        assert alone.page.locator(".map svg .shape").count() == page.locator(".map svg .shape").count()
        assert alone.page.locator(".utterances").count() == 0
        assert alone.requests == [saved.as_uri()]

    def test_uses_the_keyboard_alone(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the findings")
        page.keyboard.press("Enter")
        link = page.locator("tbody th a").first
        name = link.inner_text().strip()
        link.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#group")).to_have_text(name)
        wait_until_shown(page)
        assert page.evaluate("document.activeElement.textContent").strip() == name
        expect(page.locator("#status")).to_have_text(f"Shown: {name}")

    def test_works_without_script(self, look: Look, demo: str) -> None:
        page = look(demo, script=False).open("/result/demo/report?method=geo-tree")
        name = page.locator("tbody th a").first.inner_text().strip()
        page.locator("tbody th a").first.click()
        assert panel_title(page) == name

    def test_reads_a_tip_over_a_region(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/demo/report?method=geo-tree")
        page.locator(".fairasr-map a .shape").first.dispatch_event("pointerover", {"bubbles": True})
        expect(page.locator(".tip")).to_contain_text("speakers")
        expect(page.locator(".tip")).to_contain_text("95 % interval")


def test_two_windows_do_not_disturb_each_other(look: Look, demo: str) -> None:
    one, other = look(demo).open("/result/demo/report?method=geo-tree"), look(demo).open("/result/demo/report?system=open-b")
    choose_region(one)
    other.locator("#controls").get_by_role("link", name="gender").click()
    expect(other.locator("#map")).to_have_text("Declared group: gender")
    one.reload()
    expect(one.locator("tr.current")).not_to_have_count(0)
    expect(one.locator("h1 + p")).to_contain_text("cloud-a")


def test_a_result_that_is_removed_while_it_is_shown_is_said_to_be_gone(look: Look, demo_results: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_results / "demo" / "report", tmp_path / "audit")
    with serving(tmp_path) as base:
        viewer = look(base)
        page = viewer.open("/result/audit?method=geo-tree")
        shutil.rmtree(tmp_path / "audit")
        page.locator("tbody th a").first.click()
        expect(page.locator("h1")).to_have_text("This result is not there")
        page.get_by_role("link", name="Overview of all results").click()
        expect(page.locator(".lead")).to_have_text("There is no result in this folder yet.")
        viewer.complaints = [text for text in viewer.complaints if "404" not in text]


def test_a_token_lets_in_and_leaves_the_address(look: Look, demo_results: Path) -> None:
    token = "a-token-that-is-long-enough"
    with serving(demo_results, token=token) as base:
        viewer = look(base)
        page = viewer.open("/")
        expect(page.locator("h1")).to_have_text("A token is needed")
        viewer.complaints.clear()
        viewer.open(f"/?token={token}")
        expect(page.locator(".finding")).to_have_count(1)
        assert "token" not in page.url


class TestAfriSpeech:
    def test_goes_from_the_map_to_the_utterances(self, look: Look, african: str) -> None:
        page = look(african).open("/")
        page.locator(".result-list a").first.click()
        page.locator("#controls").get_by_role("link", name="country", exact=True).click()
        expect(page.locator("#map")).to_have_text("Declared group: country")
        wait_until_shown(page)
        choose_region(page, label="NG")
        assert panel_title(page) == "country: NG"
        assert page.locator(".utterances > li").count() == 25
        page.reload()
        assert panel_title(page) == "country: NG"

    def test_says_why_the_utterances_of_a_group_are_withheld(self, look: Look, african: str) -> None:
        page = look(african).open("/result/audit?method=declared:country&cohort=BW")
        expect(page.locator("section[aria-labelledby=utterances]")).to_contain_text("would give a smaller one away")
        assert page.locator(".utterances").count() == 0

    def test_shows_accents_where_they_are_spoken_and_regions_of_the_tree(self, look: Look, african: str) -> None:
        page = look(african).open("/result/audit?method=declared:accent")
        assert page.locator(".fairasr-map a").count() >= 3
        page.locator("#controls").get_by_role("link", name="regions on the map").click()
        expect(page.locator("#map")).to_have_text("Where speakers are: regions on the map")
        choose_region(page)

    def test_suppressed_countries_can_be_seen_but_not_chosen(self, look: Look, african: str) -> None:
        page = look(african).open("/result/audit?method=declared:country")
        withheld = page.locator("details", has_text="withheld").locator("tbody th").all_text_contents()
        assert withheld
        links = [a.get_attribute("href") or "" for a in page.locator(".fairasr-map a").all()]
        linked = {parse_qs(urlsplit(link).query)["cohort"][0] for link in links}
        assert linked
        for name in withheld:
            assert name.strip().split()[-1] not in linked

    def test_compares_before_and_after(self, look: Look, african: str) -> None:
        page = look(african).open("/result/change")
        assert page.locator(".fairasr-map").count() == 2
        choose_region(page)
        expect(page.locator("tr.current")).not_to_have_count(0)
        address = page.url
        words = page.locator("main").inner_text()
        page.goto("about:blank")
        page.goto(address)
        assert page.locator("main").inner_text() == words


class TestBeforeAndAfter:
    def test_the_change_of_a_group_is_shown_with_its_interval(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/change")
        page.locator("tbody th a").nth(1).click()
        expect(page.locator("tr.current")).not_to_have_count(0)
        expect(page.locator(".panel")).to_contain_text("[")

    def test_a_job_shows_its_verdict_its_league_and_its_curve(self, look: Look, demo: str) -> None:
        page = look(demo).open("/result/job")
        expect(page.locator(".finding")).to_contain_text("Keep General American recogniser")
        assert page.locator("svg.curve").count() >= 1
        expect(page.get_by_role("region", name=re.compile("every method at the same budget"))).to_have_count(1)


VIEWS = {
    "overview": "/",
    "map": "/result/demo/report?method=geo-tree",
    "group": "/result/demo/report?method=geo-tree&cohort=region+01",
    "voices": "/result/demo/report?method=speaker-kmeans",
    "zip": "/result/demo/report?method=zip-demographics&measure=gap",
    "change": "/result/change",
    "job": "/result/job",
    "verification": "/result/verify?method=geo-tree&cohort=r1",
    "broken": "/result/demo/report?cohort=atlantis",
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width_px", "scheme"), [(1920, "light"), (1920, "dark"), (375, "light"), (375, "dark")])
def test_an_accessibility_checker_finds_nothing_serious(look: Look, demo: str, view: str, width_px: int, scheme: str) -> None:
    viewer = look(demo, width_px=width_px, scheme=scheme)
    page = viewer.open(VIEWS[view])
    found = Axe().run(page).response
    assert len(found["passes"]) > 10
    serious = [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
    assert serious == []
    if view == "broken":
        viewer.complaints.clear()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width_px", [375, 1920])
def test_no_page_is_wider_than_the_screen(look: Look, demo: str, view: str, width_px: int) -> None:
    viewer = look(demo, width_px=width_px)
    page = viewer.open(VIEWS[view])
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    if view == "broken":
        viewer.complaints.clear()


def test_a_job_under_way_is_asked_after_again_when_an_answer_fails(look: Look, tmp_path: Path) -> None:
    lines = [line(step, loss_task=2.0 / step) for step in range(1, 8)]
    run = write_run(tmp_path / "job", "ewc-1-abc-seed0", lines=lines[:3], silent_s=NOW_S - time.time())
    asked: list[str] = []

    def answer(route: Route) -> None:
        """The first time nothing, the second a page of something else, then the dashboard's own."""
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        elif len(asked) == 2:
            route.fulfill(status=200, content_type="text/html", body="<p>Please sign in</p>")
        else:
            route.continue_()

    with serving(tmp_path) as base:
        viewer = look(base)
        page = viewer.open("/result/job")
        page.route("**/result/job", answer)
        expect(page.locator("#status")).to_contain_text("does not answer", timeout=20_000)
        (run / "history.jsonl").write_text("".join(lines))
        expect(page.locator("main")).to_contain_text("7 of 10", timeout=30_000)
        assert page.locator("main").get_attribute("aria-busy") is None
        assert len(asked) == 3
        assert all("ERR_FAILED" in complaint for complaint in viewer.complaints), viewer.complaints
        viewer.complaints.clear()


def test_a_job_under_way_keeps_itself_up_to_date(look: Look, tmp_path: Path) -> None:
    lines = [line(step, loss_task=2.0 / step) for step in range(1, 8)]
    run = write_run(tmp_path / "job", "ewc-1-abc-seed0", lines=lines[:3], silent_s=NOW_S - time.time())
    with serving(tmp_path) as base:
        page = look(base).open("/result/job")
        expect(page.locator("main")).to_contain_text("3 of 10")
        (run / "history.jsonl").write_text("".join(lines))
        expect(page.locator("main")).to_contain_text("7 of 10", timeout=20_000)
