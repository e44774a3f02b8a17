"""From what the channels wrote to turns with times."""

from __future__ import annotations

from collections.abc import Iterable

from fairasr.core.turns import Turn
from fairasr.models.streaming.frames import FrameLayout
from fairasr.models.streaming.search import Written
from fairasr.models.streaming.turn_targets import END, START
from fairasr.models.word_vocabulary import WordVocabulary


def turns_of(written: Iterable[Written], vocabulary: WordVocabulary, layout: FrameLayout) -> list[Turn]:
    """Turns, each from the moment its start was written to the moment its end was, by start.

    Where a mark is missing, the first or the last word of the turn stands for it.

    Args:
        written: symbols of all channels; those of a channel in order.
        vocabulary: what they are numbers of.
        layout: of the frames that they were written at.
    """
    start, end = vocabulary.number(START), vocabulary.number(END)
    turns: list[Turn] = []
    open_turns: dict[int, list[Written]] = {}

    def close(channel: int) -> None:
        own = open_turns.pop(channel, None)
        if own:
            turns.append(
                Turn(
                    text=vocabulary.decode([one.symbol for one in own]),
                    start_s=layout.end_s(own[0].step),
                    end_s=layout.end_s(own[-1].step),
                    channel=channel,
                )
            )

    for one in written:
        if one.symbol == start:
            close(one.channel)
        open_turns.setdefault(one.channel, []).append(one)
        if one.symbol == end:
            close(one.channel)
    for channel in list(open_turns):
        close(channel)
    return sorted(turns, key=lambda turn: (turn.times[0], turn.channel))
