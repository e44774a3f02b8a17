"""Maps as they look in a browser that can reach no network: planted colours are where they were planted and nowhere else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_reports import report_of, row
from PIL import Image
from playwright.sync_api import Browser, Page

from fairasr.report.maps import map_svg
from fairasr.report.maps.svg import SEA

pytestmark = pytest.mark.browser

HIGH_BOX, LOW_BOX, HIDDEN_BOX = [20.0, 0.0, 28.0, 8.0], [16.0, 20.0, 24.0, 30.0], [-4.0, 16.0, 4.0, 28.0]
"""Inland in Africa, all land: [south, west, north, east]."""


class Picture:
    """A page with one map: its pixels and where its shapes are."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")).astype(int)
        self.panel = page.evaluate(
            """() => { const r = document.querySelector('svg > g rect, svg > rect').getBoundingClientRect();
            return [r.left, r.top, r.right, r.bottom] }"""
        )

    def box(self, label: str) -> list[float]:
        """Left, top, right, bottom of the shape of a cohort, in pixels."""
        box: list[float] = self.page.evaluate(
            """label => { const shapes = [...document.querySelectorAll('.shape')];
            const shape = shapes.find(s => s.querySelector('title').textContent.startsWith(label + ':'));
            const r = shape.lastElementChild.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] }""",
            label,
        )
        return box

    def within(self, box: list[float], margin: float = 4) -> np.ndarray:
        left, top, right, bottom = (round(v) for v in (box[0] + margin, box[1] + margin, box[2] - margin, box[3] - margin))
        return self.pixels[top:bottom, left:right]

    def map_pixels(self) -> np.ndarray:
        return self.within(self.panel, margin=8)


def is_orange(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(pixels[..., 0] > pixels[..., 2] + 60)


def is_blue(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(pixels[..., 2] > pixels[..., 0] + 60)


def is_sea(pixels: np.ndarray) -> np.ndarray:
    sea = np.array([int(SEA[i : i + 2], 16) for i in (1, 3, 5)])
    return np.asarray(np.abs(pixels - sea).max(axis=-1) <= 3)


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Any:
    """Opens a map from a file and returns its picture; fails on any request but that for the file."""
    pages = []

    def draw(
        rows: list[dict[str, Any]], layer: dict[str, Any], *, width: int = 1000, areas: Any = None, bottom: Any = ()
    ) -> Picture:
        svg = map_svg(report_of(rows, layer, areas=areas, bottom=bottom), title="Planted", min_speakers=10)
        file = tmp_path / f"{len(pages)}.html"
        file.write_text(
            f"<!doctype html><meta charset=utf-8><title>map</title><body style='margin:10px'>{svg}</body>", encoding="utf-8"
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        requests: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(file.as_uri())
        assert requests == [file.as_uri()]
        assert errors == []
        return Picture(page)

    yield draw
    for page in pages:
        page.close()


def africa(show: Any, **options: Any) -> Picture:
    rows = [row("high", 0.4), row("low", 0.1), row("hidden", 0, suppressed="small")]
    picture: Picture = show(rows, {"kind": "boxes", "boxes": {"high": HIGH_BOX, "low": LOW_BOX, "hidden": HIDDEN_BOX}}, **options)
    return picture


def test_high_is_orange_and_low_is_blue_inside_their_regions_and_nowhere_else(show: Any) -> None:
    picture = africa(show)
    inside_high, inside_low = picture.within(picture.box("high")), picture.within(picture.box("low"))
    assert is_orange(inside_high).mean() > 0.85
    assert is_blue(inside_low).mean() > 0.85
    everywhere = picture.map_pixels()
    high, low = picture.box("high"), picture.box("low")
    assert is_orange(everywhere).sum() <= 1.02 * (high[2] - high[0]) * (high[3] - high[1])
    assert is_blue(everywhere).sum() <= 1.02 * (low[2] - low[0]) * (low[3] - low[1])


def test_regions_lie_where_their_degrees_say(show: Any) -> None:
    """One scale for all of them: boxes of 8, 10 and 12 degrees from 0, 20 and 16 east, 28, 24 and 4 north."""
    picture = africa(show)
    boxes = {label: picture.box(label) for label in ("high", "low", "hidden")}
    per_degree = (boxes["low"][0] - boxes["high"][0]) / 20
    assert per_degree > 5
    assert boxes["hidden"][0] - boxes["high"][0] == pytest.approx(16 * per_degree, abs=1.5)
    assert [boxes[label][2] - boxes[label][0] for label in boxes] == pytest.approx(
        [8 * per_degree, 10 * per_degree, 12 * per_degree], abs=1.5
    )
    down_per_degree = (boxes["hidden"][1] - boxes["high"][1]) / 24
    assert boxes["low"][1] - boxes["high"][1] == pytest.approx(4 * down_per_degree, abs=1.5)
    assert per_degree / down_per_degree == pytest.approx(np.cos(np.radians(12)), abs=0.01)


def test_a_suppressed_region_is_hatched(show: Any) -> None:
    picture = africa(show)
    inside = picture.within(picture.box("hidden"))
    brightness = inside.mean(axis=-1)
    assert 0.2 < (brightness > 240).mean() < 0.8
    assert 0.2 < (brightness < 160).mean() < 0.8
    assert not is_orange(inside).any()
    assert not is_blue(inside).any()
    assert any((brightness[:, i] > 240).any() and (brightness[:, i] < 160).any() for i in range(5, 30))


def test_sea_stays_sea_and_the_globe_is_not_filled(show: Any) -> None:
    """A region across the antimeridian and one of half a continent: about a tenth of the map is orange, two thirds of it sea."""
    layer = {
        "kind": "boxes",
        "boxes": {
            "pacific": [-50.0, 165.0, -10.0, 190.0],
            "america": [-56.0, -82.0, 12.0, -34.0],
            "asia": [10.0, 60.0, 75.0, 165.0],
        },
    }
    picture = show([row("pacific", 0.4), row("america", 0.39), row("asia", 0.1)], layer)
    everywhere = picture.map_pixels()
    assert 0.4 < is_sea(everywhere).mean() < 0.85
    assert 0.02 < is_orange(everywhere).mean() < 0.2
    assert 0.05 < is_blue(everywhere).mean() < 0.3
    left, _, right, _ = picture.panel
    america = picture.box("america")
    assert america[0] > left
    assert america[2] < (left + right) / 2


def test_planted_states_are_the_ones_that_are_coloured(show: Any) -> None:
    areas = [row("06", 0.4), row("48", 0.1), row("02", 0.4), row("12", 0, suppressed="small")]
    picture = show([row("urban", 0.3)], {"kind": "areas", "boundaries": "us_states"}, areas=areas)
    california, texas, alaska = (picture.box(name) for name in ("California", "Texas", "Alaska"))
    assert is_orange(picture.within(california)).mean() > 0.4
    assert is_blue(picture.within(texas)).mean() > 0.4
    assert california[2] < texas[0]
    assert california[1] < texas[1]
    assert alaska[1] > california[1]
    assert is_orange(picture.within(alaska)).mean() > 0.2
    assert is_sea(picture.map_pixels()).mean() > 0.25
    assert is_orange(picture.map_pixels()).mean() < 0.15


def test_clusters_are_coloured_bubbles(show: Any) -> None:
    points = {"a": [0.0, 0.0], "b": [1.0, 0.5], "c": [0.5, 1.0]}
    rows = [row("a", 0.4, n_speakers=90), row("b", 0.1, n_speakers=90), row("c", 0, suppressed="small")]
    picture = show(rows, {"kind": "projection", "points": points, "axes": ["x", "y"]})
    assert is_orange(picture.within(picture.box("a"))).mean() > 0.6
    assert is_blue(picture.within(picture.box("b"))).mean() > 0.6
    assert picture.box("a")[0] < picture.box("c")[0] < picture.box("b")[0]
    assert picture.box("a")[1] > picture.box("b")[1] > picture.box("c")[1]


@pytest.mark.parametrize("width", [360, 1280])
def test_text_can_be_read_on_a_phone_and_does_not_shout_on_a_desk(show: Any, width: int) -> None:
    picture = africa(show, width=width, bottom=("high",))
    sizes = picture.page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(t => t.getBoundingClientRect().width > 0)
        .map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"""
    )
    assert len(sizes) >= 5
    assert min(sizes) >= 10
    assert max(sizes) <= 25
    ends = picture.page.evaluate(
        """() => [...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect()).filter(r => r.width)
        .map(r => [r.left, r.right])"""
    )
    assert min(left for left, _ in ends) >= 0
    assert max(right for _, right in ends) <= width
    assert picture.page.evaluate("document.documentElement.scrollWidth") <= width


def test_legend_words_do_not_lie_on_each_other(show: Any) -> None:
    for width in (360, 1280):
        rows = [row("high", 0.4, half=0.3), row("low", 0.1), row("hidden", 0, suppressed="small")]
        picture = show(rows, {"kind": "boxes", "boxes": {"high": HIGH_BOX, "low": LOW_BOX, "hidden": HIDDEN_BOX}}, width=width)
        boxes = picture.page.evaluate(
            """() => [...document.querySelectorAll('svg text:not(.label)')].map(t => t.getBoundingClientRect()).filter(r => r.width)
            .map(r => [r.left, r.top + r.height * 0.2, r.right, r.bottom - r.height * 0.2])"""
        )
        assert len(boxes) >= 9
        for i, first in enumerate(boxes):
            for second in boxes[i + 1 :]:
                assert first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
