"""SVG text: escaped elements, and the style all maps share."""

from __future__ import annotations

import hashlib
from html import escape

from fairasr.report.maps.readings import Reading, Status
from fairasr.report.maps.scale import Scale
from fairasr.report.maps.view import View

SEA, LAND, BORDER, INK, PAPER = "#e9edf1", "#c9ccd0", "#8b9299", "#1b1f23", "#ffffff"
MOST_FOCUSABLE = 60
"""With more shapes than this, stepping through them by keyboard is no help: the tables hold the same numbers."""

LONGEST_LABEL = 26

STYLE = """\
.fairasr-map{width:100%;height:auto;display:block;font-family:system-ui,sans-serif;print-color-adjust:exact;\
-webkit-print-color-adjust:exact}
.fairasr-map text{font-size:18px}
.fairasr-map .narrow{display:none}
.fairasr-map .label{font-weight:600;fill:#1b1f23;stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.fairasr-map .shape:hover,.fairasr-map .shape:focus-visible{stroke:#1b1f23;stroke-width:3px;outline:none}
@media (max-width:620px){.fairasr-map text{font-size:31px}.fairasr-map .label{stroke-width:8px}.fairasr-map .wide{display:none}\
.fairasr-map .narrow{display:inline}}
"""


LINK_STYLE = """\
.fairasr-map .shape-link{cursor:pointer}
.fairasr-map .shape-link:focus-visible{outline:4px solid #1b1f23;outline-offset:3px}
.fairasr-map .shape-link:hover .shape,.fairasr-map .shape-link:focus-visible .shape{stroke:#1b1f23;stroke-width:4px;\
stroke-dasharray:none}
"""

MAP_STYLE = STYLE + LINK_STYLE
"""All that maps need of a page's style sheet where they carry none of their own."""


def element(name: str, content: str = "", **attributes: str | float | None) -> str:
    """One element; attribute names have _ for -, `class_` is class, None is left out, values are escaped. `content` is markup."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{words}>{content}</{name}>" if content else f"<{name}{words}/>"


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def text(words: str, *, x: float, y: float, **attributes: str | float | None) -> str:
    """A line of text, escaped."""
    return element("text", escape(words, quote=False), x=x, y=y, **attributes)


def short(label: str) -> str:
    """The label, cut where it would cover the map."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip() + "…"


def prefix_of(*parts: str) -> str:
    """A prefix for ids, so that several maps live on one page: the same for the same parts, as reports are the same bytes again."""
    return "map" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def patterns(prefix: str) -> str:
    """The hatch of suppressed shapes and the dots of wide intervals."""
    hatch = element("rect", width=9, height=9, fill=PAPER) + element("path", d="M0 0V9", stroke="#5b636b", stroke_width=4.4)
    dots = element("circle", cx=3, cy=3, r=1.6, fill=INK, fill_opacity="0.45")
    return element(
        "pattern", hatch, id=f"{prefix}-hatch", width=9, height=9, patternUnits="userSpaceOnUse", patternTransform="rotate(45)"
    ) + element("pattern", dots, id=f"{prefix}-dots", width=11, height=11, patternUnits="userSpaceOnUse")


def fill_of(reading: Reading, scale: Scale, prefix: str) -> str:
    """What a shape is filled with: a colour, the hatch, or the grey of no data."""
    if reading.status is Status.SUPPRESSED:
        return f"url(#{prefix}-hatch)"
    return LAND if reading.status is Status.MISSING else scale.colour(reading.value, is_unclear=reading.is_unclear)


def outline_of(reading: Reading) -> dict[str, str | float | None]:
    """How a shape is outlined: dashed where it is not clearly different, heavy where it is the worst."""
    return {
        "stroke": INK if reading.is_worst else "#4a525a",
        "stroke_width": 3.2 if reading.is_worst else 1.6 if reading.is_bottom else 0.9,
        "stroke_dasharray": "4 3" if reading.is_unclear and reading.status is Status.SHOWN else None,
        "stroke_linejoin": "round",
    }


def document(body: str, *, height: float, words: str, view: View, prefix: str, n_shapes: int) -> str:
    """The whole SVG. With few shapes each can be reached by keyboard; with many the whole is one picture with a name."""
    rules = MAP_STYLE if view.has_link_style else STYLE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fairasr-map" viewBox="0 0 960 {height:.0f}"'
        f' role="{"group" if n_shapes <= MOST_FOCUSABLE else "img"}" aria-label="{escape(f"{view.title}. {words}")}">'
        f"{f'<style>{rules}</style>' if view.has_style else ''}<defs>{patterns(prefix)}</defs>{body}</svg>"
    )
