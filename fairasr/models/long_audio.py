"""Recordings longer than a model's window: cut where it is quietest, so that no word is cut in two."""

from __future__ import annotations

import numpy as np

SEARCHED_S = 8.0
"""The cut is looked for in this last stretch before the window's end: long enough to meet a pause between two phrases."""
PAUSE_S = 0.2
"""Length of the stretch that must be quiet; gaps within a word (the closure of a plosive) are shorter."""
STEP_S = 0.01


def windows(samples: np.ndarray, *, sample_rate_hz: int, longest_s: float) -> list[np.ndarray]:
    """Pieces of a recording that follow each other without a gap, none longer than `longest_s`; at least one.

    Each cut is in the middle of the quietest `PAUSE_S` within the last `SEARCHED_S` of the window (within its second half, for
    windows under twice that); of equally quiet ones the last, so that windows are long.

    Args:
        samples: float32 (n_samples,).
        sample_rate_hz: rate [Hz] of the samples.
        longest_s: longest piece [s].
    """
    longest = int(longest_s * sample_rate_hz)
    pieces = []
    while len(samples) > longest:
        searched = min(int(SEARCHED_S * sample_rate_hz), longest // 2)
        end = longest - searched + _quietest(samples[longest - searched : longest], sample_rate_hz=sample_rate_hz)
        pieces.append(samples[:end])
        samples = samples[end:]
    return [*pieces, samples]


def _quietest(samples: np.ndarray, *, sample_rate_hz: int) -> int:
    """Middle of the quietest `PAUSE_S` in `samples`, as a number of samples from its start, at least 1."""
    step = max(1, int(STEP_S * sample_rate_hz))
    n_steps = len(samples) // step
    n_pause = min(round(PAUSE_S / STEP_S), n_steps)
    if n_pause == 0:
        return len(samples)
    # Sums of whole steps, not differences of a running sum: equal silences must come out equal, to the bit.
    energies = np.square(samples[: n_steps * step].reshape(n_steps, step), dtype=float).sum(axis=1)
    pauses = np.lib.stride_tricks.sliding_window_view(energies, n_pause).sum(axis=1)
    last_quietest = len(pauses) - 1 - int(np.argmin(pauses[::-1]))
    return last_quietest * step + n_pause * step // 2
