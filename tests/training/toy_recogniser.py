"""A recogniser of a few hundred weights and made-up recordings, so that training takes milliseconds."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import torch

from fairasr.core import Manifest
from fairasr.models import Outputs, Recordings, UnreadableAudioError
from fairasr.training import TrainingData

FRAME = 4
SYMBOLS = "abc"


class ToyNet(torch.nn.Module):
    """Frames -> hidden -> symbols, with dropout, batch norm and a tied weight, as real networks have them."""

    def __init__(self, *, dropout: float, batch_norm: bool = False) -> None:
        super().__init__()
        self.enter = torch.nn.Linear(FRAME, 8)
        self.norm: torch.nn.Module = torch.nn.BatchNorm1d(8) if batch_norm else torch.nn.Identity()
        self.dropout = torch.nn.Dropout(dropout)
        self.leave = torch.nn.Linear(8, len(SYMBOLS) + 1)
        self.leave_again = torch.nn.Linear(8, len(SYMBOLS) + 1, bias=False)
        self.leave_again.weight = self.leave.weight

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.enter(frames))
        hidden = self.dropout(self.norm(hidden.transpose(1, 2)).transpose(1, 2))
        return torch.log_softmax(self.leave(hidden) + 0.1 * self.leave_again(hidden), dim=-1)


class Toy:
    """A Trainable whose loss is the cross-entropy of the first frames, one per symbol."""

    name = "toy"
    sample_rate_hz = 100
    frame_layer = "enter"
    frame_axis = -1

    def __init__(self, *, seed: int = 0, dropout: float = 0.0, batch_norm: bool = False) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.module: Any = ToyNet(dropout=dropout, batch_norm=batch_norm)
        self.module.eval()

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        return None

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        longest = max(len(samples) for samples in recordings) // FRAME
        frames = torch.zeros(len(recordings), longest, FRAME)
        targets = torch.full((len(recordings), longest), -1)
        for i, (samples, reference) in enumerate(zip(recordings, references, strict=True)):
            own = torch.from_numpy(np.array(samples[: len(samples) // FRAME * FRAME])).reshape(-1, FRAME)
            frames[i, : len(own)] = own
            targets[i, : len(reference)] = torch.tensor([SYMBOLS.index(symbol) for symbol in reference])
        return {"frames": frames, "targets": targets}

    def outputs(self, batch: Mapping[str, torch.Tensor]) -> Outputs:
        return Outputs(self.module(batch["frames"]), self.target_lengths(batch))

    def losses(self, outputs: Outputs, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        targets = batch["targets"]
        scores = outputs.log_probs.gather(2, targets.clamp(min=0)[:, :, None])[:, :, 0]
        return -(scores * (targets >= 0)).sum(dim=1)

    def target_lengths(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return (batch["targets"] >= 0).sum(dim=1)

    def sampled(self, batch: Mapping[str, torch.Tensor], *, seed: int) -> dict[str, torch.Tensor]:
        raise NotImplementedError

    def part_of(self, parameter: str) -> Literal["acoustic", "language"]:
        return "acoustic" if parameter.startswith("enter") else "language"

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        raise NotImplementedError

    def clone(self) -> Toy:
        return copy.deepcopy(self)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


class ToyRecordings:
    """Made-up samples; row `broken` cannot be read."""

    sample_rate_hz = 100

    def __init__(self, recordings: list[np.ndarray], *, broken: int | None = None) -> None:
        self.recordings, self.broken = recordings, broken

    def read(self, row: int) -> np.ndarray:
        if row == self.broken:
            raise UnreadableAudioError("the file ends after 3 bytes")
        return self.recordings[row]


def toy_data(*, n: int = 24, n_target: int = 24, seed: int = 1, broken: int | None = None) -> TrainingData:
    """`n` utterances of 2 to 6 symbols, the first `n_target` of them of the target cohort; sound and text go together."""
    generator = np.random.default_rng(seed)
    references = ["".join(generator.choice(list(SYMBOLS), size=generator.integers(2, 7))) for _ in range(n)]
    sounds = generator.normal(size=(len(SYMBOLS), FRAME))
    recordings = [
        (sounds[[SYMBOLS.index(symbol) for symbol in text]] + generator.normal(scale=0.3, size=(len(text), FRAME)))
        .ravel()
        .astype(np.float32)
        for text in references
    ]
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:02}" for i in range(n)],
            "speaker_id": [f"s{i % 4}" for i in range(n)],
            "reference": references,
        }
    )
    return TrainingData(
        manifest=Manifest(table=table),
        recordings=cast(Recordings, ToyRecordings(recordings, broken=broken)),
        cohorts=np.array(["near" if i % 2 else "far" for i in range(n)]),
        target=np.arange(n) < n_target,
    )


def weights_of(model: Toy) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in model.module.state_dict().items()}


def same_weights(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
