"""Templates to pages: the one environment, the style, and what marks our own drawings as safe."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

    from fairasr.report.table import Cell, Column

TEMPLATES = "templates"
MOST_ROWS = 4096
"""Rows that are remembered: those of a few pages with a hundred groups each."""


def rendered(template: str, view: Mapping[str, Any], *, styles: tuple[str, ...] = ("page.css",)) -> str:
    """The page that a template makes of a view, its style sheets within. Same view, same text."""
    return environment().get_template(template).render(style=style_of(*styles), **view)


def style_of(*names: str) -> str:
    """Style sheets of the report, one after the other."""
    folder = resources.files("fairasr.report") / TEMPLATES
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)


@cache
def environment(*packages: str) -> Environment:
    """Templates of these packages, then of the report: what is undefined is an error, and all text is escaped."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, TEMPLATES) for package in (*packages, "fairasr.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = _drawing
    environment.globals["row_html"] = row_html
    return environment


@lru_cache(maxsize=MOST_ROWS)
def row_html(row: tuple[Cell, ...], columns: tuple[Column, ...]) -> Any:
    """A row of a table as markup. Pages that are made again and again differ in a few rows, so rows are remembered."""
    from markupsafe import Markup

    return Markup(environment().get_template("table_row.html.jinja").render(row=row, columns=columns).strip())


def _drawing(svg: str) -> Any:
    """Marks SVG made by this package (numbers only, or labels it escaped itself) as safe to put into the page."""
    from markupsafe import Markup

    return Markup(svg)
