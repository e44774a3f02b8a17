"""How few speakers a sentence may count."""

from __future__ import annotations

FEWEST_SPEAKERS = 10
"""Sentences name no smaller number of speakers than this: with a total beside it, one would give a suppressed cohort away."""


def speakers_in_words(n: int) -> str:
    """ "1,234" or "fewer than 10"."""
    return f"fewer than {FEWEST_SPEAKERS}" if 0 < n < FEWEST_SPEAKERS else f"{n:,}"
