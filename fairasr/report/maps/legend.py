"""The legend below a map, in two settings of type: one for wide pages, one that is still readable 340 pixels wide."""

from __future__ import annotations

from dataclasses import dataclass

from fairasr.report.maps.scale import STEPS, Scale
from fairasr.report.maps.svg import INK, element, text


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One swatch: `fill`, its meaning in `words`, an optional second fill over it and a dashed or heavy outline."""

    words: str
    fill: str
    over: str | None = None
    dashes: str | None = None
    stroke_width: float = 0.9


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Sizes of one setting, SVG units."""

    class_: str
    size: float
    line: float
    ramp_width: float
    ramp_height: float
    entries_left: float
    entries_top: float
    columns: int
    column_width: float


WIDE = _Setting(
    class_="wide",
    size=18,
    line=35,
    ramp_width=430,
    ramp_height=24,
    entries_left=540,
    entries_top=14,
    columns=1,
    column_width=420,
)
NARROW = _Setting(
    class_="narrow",
    size=31,
    line=41,
    ramp_width=948,
    ramp_height=24,
    entries_left=6,
    entries_top=122,
    columns=2,
    column_width=480,
)


def legend_height(n_entries: int) -> float:
    """SVG units that both settings fit in."""
    return max(setting.entries_top + -(-n_entries // setting.columns) * setting.line for setting in (WIDE, NARROW))


def legend(scale: Scale, entries: list[Entry], *, name: str, top: float) -> str:
    """The colour ramp with its values under the `name` of what is drawn, if any, and a swatch for each entry.

    Hidden from screen readers: each shape says it in words.
    """
    groups = [
        element("g", _ramp(scale, setting, name=name) + _entries(entries, setting), class_=setting.class_, fill="currentColor")
        for setting in (WIDE, NARROW)
    ]
    return element("g", "".join(groups), transform=f"translate(0 {top:.0f})", aria_hidden="true")


def _ramp(scale: Scale, setting: _Setting, *, name: str) -> str:
    steps = range(-STEPS, STEPS + 1)
    width = setting.ramp_width / len(steps)
    top = setting.size + 12
    boxes = "".join(
        element(
            "rect",
            x=6 + i * width,
            y=top,
            width=width,
            height=setting.ramp_height,
            fill=Scale.colour_of_step(step),
            stroke="#4a525a",
            stroke_width=0.6,
        )
        for i, step in enumerate(steps)
    )
    below = top + setting.ramp_height + setting.size + 4
    ticks = text(scale.tick(-1), x=6, y=below)
    ticks += text(scale.tick(0), x=6 + setting.ramp_width / 2, y=below, text_anchor="middle")
    ticks += text(scale.tick(1), x=6 + setting.ramp_width, y=below, text_anchor="end")
    low_words = f"{name}, lower than {scale.words}".removeprefix(", ") if setting is WIDE else "lower"
    head = text(low_words, x=6, y=setting.size + 2) + text(
        "higher", x=6 + setting.ramp_width, y=setting.size + 2, text_anchor="end"
    )
    middle = text(f"{name} {scale.words}".strip(), x=6 + setting.ramp_width / 2, y=setting.size + 2, text_anchor="middle")
    return head + ("" if setting is WIDE else middle) + boxes + ticks


def _entries(entries: list[Entry], setting: _Setting) -> str:
    drawn = []
    for i, entry in enumerate(entries):
        row, column = divmod(i, setting.columns)
        x, y = setting.entries_left + column * setting.column_width, setting.entries_top + row * setting.line
        width, height = 1.6 * setting.size, 1.05 * setting.size
        for fill in (entry.fill, entry.over):
            if fill is not None:
                drawn.append(
                    element(
                        "rect",
                        x=x,
                        y=y,
                        width=width,
                        height=height,
                        fill=fill,
                        stroke=INK if entry.stroke_width > 1 else "#4a525a",
                        stroke_width=entry.stroke_width,
                        stroke_dasharray=entry.dashes,
                    )
                )
        drawn.append(text(entry.words, x=x + width + 10, y=y + 0.85 * setting.size))
    return "".join(drawn)
