"""Settings of a streaming transducer, besides those of its encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairasr.models.settings import number_problems, require_settings, size_problems

Units = Literal["words", "characters"]


@dataclass(frozen=True, kw_only=True)
class TransducerSettings:
    """What all streaming transducers have.

    Attributes:
        n_mels: bands of the log-mel features, three times as many numbers in a frame of 30 ms.
        units: what is written: whole words, or characters.
        embedding: channels of a symbol written.
        predictor: channels of the predictor's LSTM.
        joint: channels of the joint network.
        dropout: of what the predictor says, so that it does not learn the training texts by heart.
        ctc_weight: of the loss of a second output, straight from the encoder (Graves et al. 2006), per symbol; 0: no such output.
        fastemit: lambda of FastEmit: how much more writing early counts in the gradient while it is trained.
        compute_weight: of the share of the encoder's full computation that is spent; for encoders that choose what to compute.
        compute_ramp: training passes at which that weight starts to rise from 0, and at which it is whole. A pass is a batch that
            goes through at once: with accumulation there are several to a step.
        symbols_per_frame: most symbols written at a frame: one that is hardly trained would write on for ever.
        beam: hypotheses kept while transcribing; 1 takes the likeliest symbol each time.

    Raises:
        ModelError: sizes or numbers that cannot be.
    """

    n_mels: int = 40
    units: Units = "words"
    embedding: int = 64
    predictor: int = 64
    joint: int = 64
    dropout: float = 0.1
    ctc_weight: float = 1.0
    fastemit: float = 0.0
    compute_weight: float = 0.0
    compute_ramp: tuple[int, int] = (0, 0)
    symbols_per_frame: int = 3
    beam: int = 1

    def __post_init__(self) -> None:
        require_settings(self.problems(), what="the transducer")

    def problems(self) -> list[str]:
        """What is wrong, a line each; a class with more fields adds its own."""
        sizes = ("n_mels", "embedding", "predictor", "joint", "symbols_per_frame", "beam")
        wrong = size_problems(self, *sizes) + number_problems(self, "dropout", below=1)
        wrong += number_problems(self, "ctc_weight", "fastemit", "compute_weight")
        if self.units not in ("words", "characters"):
            wrong.append(f"units is {self.units!r}, neither 'words' nor 'characters'")
        ramp = self.compute_ramp
        whole = isinstance(ramp, tuple) and len(ramp) == 2 and all(type(step) is int and step >= 0 for step in ramp)
        if not whole or ramp[0] > ramp[1]:
            wrong.append(f"compute_ramp is {ramp!r}, not two whole numbers of at least 0, the first not above the second")
        return wrong

    def compute_share(self, steps_trained: int) -> float:
        """Share of `compute_weight` that counts after so many training passes, 0..1."""
        start, whole = self.compute_ramp
        if steps_trained >= whole:
            return 1.0
        # Where the two are one, it is whole at once, which it is not yet here.
        return (steps_trained - start) / (whole - start) if steps_trained > start else 0.0
