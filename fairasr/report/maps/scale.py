"""The colour scale: blue below the overall rate, orange above, cream at it; equal steps of the ratio to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MIDDLE = "#fffdf6"
LOWS = ("#c9e0f6", "#8fbfea", "#4790d2", "#0b4f9e")
HIGHS = ("#fddcb5", "#f6ae62", "#d97218", "#a54200")
"""From near the middle to the end. Blue and orange are told apart under every common colour blindness, and equal steps are about
equally dark, so that neither side looks worse in grey."""

STEPS = len(LOWS)
"""Colours on each side of the middle."""

ENDS = (1.25, 1.5, 2.0, 3.0, 4.0)
"""Ratios to the overall rate the scale may end at; beyond the last, colours stay at the end."""

PALE = 0.5
"""How far the colour of an unclear rate is moved towards the middle."""


def mix(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from `first` to `second`, both "#rrggbb"."""
    channels = (round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Rates to colours.

    Attributes:
        overall: rate at the middle; NaN where undefined, and then every colour is the middle one.
        end: ratio to the overall rate at which the strongest orange starts to end; blue likewise at 1 / end.
        is_clipped: whether some rate lies beyond.
        words: what the rate at the middle is called, after the name of the rate.
    """

    overall: float
    end: float
    is_clipped: bool
    words: str = "overall"

    def step(self, rate: float) -> int:
        """-STEPS (far below the overall rate) .. 0 (at it) .. STEPS (far above)."""
        if not (math.isfinite(self.overall) and self.overall > 0):
            return 0
        if rate <= 0:
            return -STEPS
        return max(-STEPS, min(STEPS, round(math.log(rate / self.overall) / math.log(self.end) * (STEPS + 0.499))))

    def colour(self, rate: float, *, is_unclear: bool) -> str:
        """The colour of a rate, paler where it is not clearly different from the overall one."""
        strong = self.colour_of_step(self.step(rate))
        return mix(strong, MIDDLE, PALE) if is_unclear else strong

    @staticmethod
    def colour_of_step(step: int) -> str:
        """The strong colour of a step."""
        return MIDDLE if step == 0 else (HIGHS if step > 0 else LOWS)[abs(step) - 1]


def scale_of(rates: Iterable[float], *, overall: float, words: str = "overall") -> Scale:
    """The scale that holds all `rates` (NaN ignored), its end the first of `ENDS` that does."""
    farthest = 1.0
    if math.isfinite(overall) and overall > 0:
        for rate in rates:
            if math.isfinite(rate):
                farthest = max(farthest, math.inf if rate <= 0 else max(rate / overall, overall / rate))
    end = next((candidate for candidate in ENDS if farthest <= candidate), ENDS[-1])
    return Scale(overall=overall, end=end, is_clipped=farthest > end, words=words)
