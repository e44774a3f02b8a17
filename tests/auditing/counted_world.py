"""A made world of counts whose rates are known by hand: compute over time, lost turns over turns.

Of accent "far" are 32 of 96 speakers. Every speaker has an utterance of 1,000 ms and one of 3,000 ms. Far: 8,000 and 6,000
megaflop, so 14,000 / 4,000 = 3.5 per ms, while the mean of the utterances would be 5; others 2,000 and 3,000, so 1.25. All together
(32 * 14,000 + 64 * 5,000) / (96 * 4,000) = 2. Half of each group has 400 more in the second utterance, half 400 fewer. System
"dense" takes 4 per ms of everyone. Of 4 turns per utterance far speakers lose 2 and 1, others 1 and 0: 3/8, 1/8, together 5/24.
"""

from __future__ import annotations

import pandas as pd

from fairasr import Rate

N_SPEAKERS = 96
COMPUTE = Rate(name="compute per second", numerator="megaflop", denominator="duration_ms", unit="Gflop/s")
LOST = Rate(name="lost turns", numerator="lost", denominator="n_turns", share=True)


def counted(*, n_rare: int = 0) -> pd.DataFrame:
    """The world, one row per utterance, without any text; the first `n_rare` far speakers are of accent "rare" instead."""
    rows = []
    for speaker in range(N_SPEAKERS):
        is_far = speaker % 3 == 0
        sign = 1 if speaker // 3 % 2 else -1
        for turn, (length, compute, lost) in enumerate(
            ((1000, 8000 if is_far else 2000, 2 if is_far else 1), (3000, (6000 if is_far else 3000) + 400 * sign, int(is_far)))
        ):
            rows.append(
                {
                    "utterance_id": f"u{speaker:02d}-{turn}",
                    "speaker_id": f"s{speaker:02d}",
                    "accent": "rare" if is_far and speaker // 3 < n_rare else "far" if is_far else "near",
                    "latitude_deg": 36.0 + speaker % 8,
                    "longitude_deg": -100.0 + speaker // 8,
                    "megaflop": compute,
                    "duration_ms": length,
                    "lost": lost,
                    "n_turns": 4,
                }
            )
    return pd.DataFrame(rows)


def with_dense(table: pd.DataFrame) -> pd.DataFrame:
    """The same with the numerators of two systems, sparse and dense, in columns of their own."""
    dense = table.assign(**{"megaflop:dense": 4 * table["duration_ms"]})
    return dense.rename(columns={"megaflop": "megaflop:sparse"})


def long_form(table: pd.DataFrame) -> pd.DataFrame:
    """The two systems as rows for each utterance and system."""
    sparse, dense = table.assign(system="sparse"), table.assign(system="dense", megaflop=4 * table["duration_ms"])
    return pd.concat([sparse, dense], ignore_index=True)
