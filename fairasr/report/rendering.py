"""Templates to pages: the one environment, the style, and what marks our own drawings as safe."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"


def rendered(template: str, view: Mapping[str, Any], *, styles: tuple[str, ...] = ("page.css",)) -> str:
    """The page that a template makes of a view, its style sheets within. Same view, same text."""
    folder = resources.files("fairasr.report") / TEMPLATES
    style = "".join((folder / name).read_text(encoding="utf-8") for name in styles)
    return _environment().get_template(template).render(style=style, **view)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("fairasr.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = _drawing
    return environment


def _drawing(svg: str) -> Any:
    """Marks SVG made by this package (numbers only, or labels it escaped itself) as safe to put into the page."""
    from markupsafe import Markup

    return Markup(svg)
