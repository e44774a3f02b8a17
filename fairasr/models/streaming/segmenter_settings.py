"""Settings of a separator-transducer-segmenter, besides those of its encoder."""

from __future__ import annotations

from dataclasses import dataclass

from fairasr.models.settings import number_problems
from fairasr.models.streaming.settings import TransducerSettings


@dataclass(frozen=True, kw_only=True)
class SegmenterSettings(TransducerSettings):
    """What a separator-transducer-segmenter has besides.

    Attributes:
        activity_weight: of the loss that says in which frames each channel speaks, mean over frames and channels, per utterance.
        late_weight: penalty on the log-probability of an end-of-turn mark for each second after the turn's end [nats].
        early_weight: the same for each second before it.
        late_after_s: seconds after the end that are not late.
    """

    activity_weight: float = 0.5
    late_weight: float = 0.0
    early_weight: float = 0.0
    late_after_s: float = 0.0

    def problems(self) -> list[str]:
        """What is wrong, a line each."""
        wrong = super().problems() + number_problems(self, "activity_weight", "late_weight", "early_weight", "late_after_s")
        if self.units != "words":
            wrong.append(f"units is {self.units!r}; a segmenter writes words")
        return wrong
