"""The colour scale: blue below the overall value, orange above, cream at it; equal steps of the ratio or the difference to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from fairasr.report.numbers import decimal
from fairasr.report.rate_wording import Writing

MIDDLE = "#fffdf6"
LOWS = ("#c9e0f6", "#8fbfea", "#4790d2", "#0b4f9e")
HIGHS = ("#fddcb5", "#f6ae62", "#d97218", "#a54200")
"""From near the middle to the end. Blue and orange are told apart under every common colour blindness, and equal steps are about
equally dark, so that neither side looks worse in grey."""

STEPS = len(LOWS)
"""Colours on each side of the middle."""

ENDS = (1.25, 1.5, 2.0, 3.0, 4.0)
"""Ratios to the overall rate the scale may end at; beyond the last, colours stay at the end."""

LINEAR_ENDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Differences the scale may end at: fractions, of rates or of a relative change."""

PALE = 0.5
"""How far the colour of an unclear rate is moved towards the middle."""


def mix(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from `first` to `second`, both "#rrggbb"."""
    channels = (round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Values to colours.

    Attributes:
        overall: value at the middle; NaN where undefined, and then every colour is the middle one.
        end: ratio to the overall rate at which the strongest orange starts to end; blue likewise at 1 / end. On a linear scale
            the difference to the middle, on either side.
        is_clipped: whether some value lies beyond.
        words: what the value at the middle is called, after the name of the rate.
        linear_unit: unit of a linear scale of differences ("points", "%"); "" is a scale of ratios.
        writing: how values of a scale of ratios are written; None: in percent.
    """

    overall: float
    end: float
    is_clipped: bool
    words: str = "overall"
    linear_unit: str = ""
    writing: Writing | None = None

    def step(self, rate: float) -> int:
        """-STEPS (far below the overall value) .. 0 (at it) .. STEPS (far above)."""
        if self.linear_unit:
            share = (rate - self.overall) / self.end
            return 0 if math.isnan(share) else round(max(-1.0, min(1.0, share)) * (STEPS + 0.499))
        if not (math.isfinite(self.overall) and self.overall > 0):
            return 0
        if rate <= 0:
            return -STEPS
        return max(-STEPS, min(STEPS, round(math.log(rate / self.overall) / math.log(self.end) * (STEPS + 0.499))))

    def colour(self, rate: float, *, is_unclear: bool) -> str:
        """The colour of a value, paler where it is not clearly different from the overall one."""
        strong = self.colour_of_step(self.step(rate))
        return mix(strong, MIDDLE, PALE) if is_unclear else strong

    def tick(self, side: int) -> str:
        """The value at the low end (-1), the middle (0) or the high end (1) of the legend."""
        sign = "" if side == 0 or not self.is_clipped else "≤ " if side < 0 else "≥ "
        if self.linear_unit:
            return f"{sign}{decimal(100 * (self.overall + side * self.end), signed=True, places=0)} {self.linear_unit}"
        rate = self.overall * self.end**side
        if self.writing is not None and not self.writing.is_percent and math.isfinite(rate):
            # The unit once, at the middle: the ends have no room for it.
            return sign + (self.writing.rate(rate) if side == 0 else self.writing.number(rate))
        return sign + (f"{100 * rate:.1f} %" if math.isfinite(rate) else "undefined")

    @staticmethod
    def colour_of_step(step: int) -> str:
        """The strong colour of a step."""
        return MIDDLE if step == 0 else (HIGHS if step > 0 else LOWS)[abs(step) - 1]


def scale_of(
    values: Iterable[float], *, overall: float, words: str = "overall", linear_unit: str = "", writing: Writing | None = None
) -> Scale:
    """The scale that holds all `values` (NaN ignored), its end the first of `ENDS` or `LINEAR_ENDS` that does."""
    ends = LINEAR_ENDS if linear_unit else ENDS
    distances = (_distance(value, overall, is_linear=bool(linear_unit)) for value in values if not math.isnan(value))
    farthest = max(distances, default=0.0)
    end = next((candidate for candidate in ends if farthest <= candidate), ends[-1])
    return Scale(overall=overall, end=end, is_clipped=farthest > end, words=words, linear_unit=linear_unit, writing=writing)


def _distance(value: float, overall: float, *, is_linear: bool) -> float:
    """How far from the middle, as `Scale.end` measures it."""
    if is_linear:
        return abs(value - overall)
    if not (math.isfinite(overall) and overall > 0):
        return 1.0
    return math.inf if value <= 0 else max(value / overall, overall / value)
