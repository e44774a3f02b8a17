"""Which side of a division an area is on, as one small integer."""

from __future__ import annotations

import numpy as np

NOWHERE = -1
OUTSIDE, INSIDE = 0, 1
UNCERTAIN = 2
"""Added to a side where the census number is within its margin of error of a threshold."""

LETTERS = {NOWHERE: "?", OUTSIDE: "-", INSIDE: "+", OUTSIDE + UNCERTAIN: "m", INSIDE + UNCERTAIN: "p"}
"""How a side is written in JSON: not known, outside, inside, and minus / plus within the margin of error."""


def sides_from(inside: np.ndarray, *, known: np.ndarray, uncertain: np.ndarray) -> np.ndarray:
    """Sides from three bool arrays of one shape: int8."""
    side = np.where(inside, INSIDE, OUTSIDE) + np.where(uncertain, UNCERTAIN, 0)
    return np.where(known, side, NOWHERE).astype(np.int8)


def is_known(sides: np.ndarray) -> np.ndarray:
    """Where the side is known: bool array."""
    return np.asarray(sides >= 0)


def is_inside(sides: np.ndarray) -> np.ndarray:
    """Where the condition holds: bool array."""
    return np.asarray((sides >= 0) & (sides % UNCERTAIN == INSIDE))


def is_outside(sides: np.ndarray) -> np.ndarray:
    """Where it is known not to hold: bool array."""
    return np.asarray((sides >= 0) & (sides % UNCERTAIN == OUTSIDE))


def is_uncertain(sides: np.ndarray) -> np.ndarray:
    """Where the side is within the margin of error: bool array."""
    return np.asarray(sides >= UNCERTAIN)
