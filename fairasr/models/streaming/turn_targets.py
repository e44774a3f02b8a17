"""From a reference with turns to what each output channel shall write and when it speaks.

Turns go to the first channel that is free, in the order of their starts, so there is one right answer and no permutation to choose.
A channel's target is its turns one after the other, each between a start-of-turn and an end-of-turn mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fairasr.core.errors import SchemaError
from fairasr.core.turns import Turn, assigned_channels, most_at_once, read_turns
from fairasr.models.ctc_paths import padded_targets
from fairasr.models.streaming.frames import FrameLayout
from fairasr.models.word_vocabulary import WordVocabulary

START, END = "<sot>", "<eot>"
"""Marks of the vocabulary: a turn starts, a turn ends."""

UNKNOWN = -1
"""Where it is not known in which frame a turn ends, or whether a channel speaks."""


@dataclass(frozen=True)
class ChannelTargets:
    """What the channels shall write of one recording.

    Attributes:
        symbols: numbers, per channel.
        ends: for each symbol the frame in which its turn ends if it is the mark of that, else UNKNOWN.
        activity: whether a channel speaks, float32 (frames, n_channels): 0, 1 or UNKNOWN.
    """

    symbols: list[list[int]]
    ends: list[list[int]]
    activity: np.ndarray


def turns_obstacle(reference: str, vocabulary: WordVocabulary, *, n_channels: int) -> str | None:
    """Why a reference cannot be learned, in words that complete "it ..."; None where it can."""
    try:
        turns = read_turns(reference)
    except SchemaError as error:
        return f"has broken turns ({str(error).rstrip('.')})"
    if len(turns) > 1 and (most := most_at_once(turns)) > n_channels:
        return f"has {most} turns at once, and the model has {n_channels} channels"
    try:
        assigned_channels(turns, n_channels=n_channels)
    except SchemaError as error:
        # A turn without length is at no time with others, and yet it starts while they are spoken.
        return f"has turns for which there is no channel ({str(error).partition('. Leave')[0]})"
    return vocabulary.obstacle(" ".join(turn.text for turn in turns))


def channel_targets(
    reference: str, vocabulary: WordVocabulary, layout: FrameLayout, *, n_frames: int, n_channels: int
) -> ChannelTargets:
    """Targets of a recording of `n_frames` frames. A text without times is one turn in channel 0; an empty one is silence.

    Raises:
        SchemaError: broken marks of turns, or more of them at once than there are channels.
        ModelError: words outside the vocabulary.
    """
    turns = read_turns(reference)
    channels = assigned_channels(turns, n_channels=n_channels) if turns else []
    symbols: list[list[int]] = [[] for _ in range(n_channels)]
    ends: list[list[int]] = [[] for _ in range(n_channels)]
    activity = np.zeros((n_frames, n_channels), dtype=np.float32)
    for channel, turn in sorted(zip(channels, turns, strict=True), key=lambda pair: _start(pair[1])):
        words = vocabulary.encode(turn.text)
        symbols[channel] += [vocabulary.number(START), *words, vocabulary.number(END)]
        end = UNKNOWN if turn.end_s is None else min(int(turn.end_s / layout.frame_s), n_frames - 1)
        ends[channel] += [UNKNOWN] * (1 + len(words)) + [end]
        if turn.start_s is None or turn.end_s is None:
            activity[:] = UNKNOWN
        else:
            middles = (np.arange(n_frames) + 0.5) * layout.frame_s
            activity[(middles >= turn.start_s) & (middles < turn.end_s), channel] = 1.0
    return ChannelTargets(symbols=symbols, ends=ends, activity=activity)


def batched(targets: Sequence[ChannelTargets], *, n_frames: int) -> dict[str, torch.Tensor]:
    """Targets of several recordings: "targets" int64 (n, n_channels, symbols), "target_lengths" int64 (n, n_channels), "turn_ends"
    int64 as the targets, "activity" float32 (n, n_frames, n_channels); UNKNOWN where nothing is."""
    n = len(targets)
    numbers = padded_targets([own for target in targets for own in target.symbols])
    symbols = numbers["targets"].view(n, -1, numbers["targets"].shape[1])
    ends = torch.full_like(symbols, UNKNOWN)
    activity = torch.full((n, n_frames, symbols.shape[1]), float(UNKNOWN))
    for row, target in enumerate(targets):
        activity[row, : len(target.activity)] = torch.from_numpy(target.activity)
        for channel, own in enumerate(target.ends):
            ends[row, channel, : len(own)] = torch.tensor(own, dtype=torch.int64)
    return {
        "targets": symbols,
        "target_lengths": numbers["target_lengths"].view(n, -1),
        "turn_ends": ends,
        "activity": activity,
    }


def _start(turn: Turn) -> float:
    return turn.start_s if turn.start_s is not None else 0.0
