"""Views to pages: with the dashboard's script and links where a server stands behind, alone in one file where none does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from fairasr.report.maps.svg import STYLE as MAP_STYLE
from fairasr.report.rendering import environment, style_of
from fairasr.version import __version__

STATIC = "static"


def page(template: str, view: Mapping[str, Any], *, is_static: bool = False) -> str:
    """The page that a template makes of a view; a static one has its style within, no script and no link to another page."""
    text = (
        environment("fairasr.dashboard")
        .get_template(template)
        .render(
            is_static=is_static,
            style=style() if is_static else "",
            version=__version__,
            **view,
        )
    )
    # A result may hold half a character, which JSON can write and an answer cannot.
    return text.encode("utf-8", "backslashreplace").decode()


@cache
def style() -> str:
    """The one style sheet: the report's, the maps', the dashboard's."""
    return style_of("page.css", "change.css", "verification.css") + MAP_STYLE + _file("dashboard.css")


@cache
def script() -> str:
    """The one script."""
    return _file("dashboard.js")


def _file(name: str) -> str:
    return (resources.files("fairasr.dashboard") / STATIC / name).read_text(encoding="utf-8")
