"""The points of the trade-off curve: means over seeds, one per strength of a method, or per step where it has one strength."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from fairasr.report import numbers

BASE = "base"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One setting of one method.

    Attributes:
        method: "base" for the model before.
        x, y: means over seeds (fractions).
        seeds_x, seeds_y: of every seed.
        is_chosen: whether the selection rule took it for the method.
        words: all of it in a sentence.
    """

    method: str
    x: float
    y: float
    seeds_x: tuple[float, ...]
    seeds_y: tuple[float, ...]
    is_chosen: bool
    words: str


def points_of(curve: pd.DataFrame, *, across: str) -> list[Point]:
    """Points in the order they are joined: along the strengths of a method that has several, else along its steps.

    Of several checkpoints of one strength the chosen step's is drawn, or the last one where that strength has none: a line tells
    what the strength does, not what the time does. The table holds them all.
    """
    known = curve[curve[across].map(math.isfinite) & curve["worst"].map(math.isfinite)]
    points = []
    for method, rows in known.groupby("method", sort=False):
        several = rows["strength"].nunique() > 1
        steps = rows.loc[rows["chosen"], "step"]
        chosen_step = steps.iloc[0] if len(steps) else rows["step"].max()
        for key, group in rows.groupby("strength" if several else "step", sort=True):
            kept = group
            if several:
                step = chosen_step if (group["step"] == chosen_step).any() else group["step"].max()
                kept = group[group["step"] == step]
            points.append(_point(str(method), kept, across=across, setting=f"strength {key:g}" if several else f"step {key:g}"))
    return points


def _point(method: str, rows: pd.DataFrame, *, across: str, setting: str) -> Point:
    x, y = float(rows[across].mean()), float(rows["worst"].mean())
    name = method if method == BASE else f"{method}, {setting}"
    return Point(
        method=method,
        x=x,
        y=y,
        seeds_x=tuple(map(float, rows[across])),
        seeds_y=tuple(map(float, rows["worst"])),
        is_chosen=bool(rows["chosen"].any()),
        words=f"{name}: target {numbers.rate(y)}, {across} {numbers.rate(x)}, {len(rows)} seed{'s' if len(rows) > 1 else ''}.",
    )
