"""A recogniser of one word, utterances made of a few numbers, and a plain training loop: to see what reweighting does."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from fairasr.core import Manifest
from fairasr.models import Outputs, Recordings, Trainable
from fairasr.training import Hooks, Step, TrainingData

FRAME = 3
"""Samples of a frame."""


class MadeRecordings:
    """Samples that never were in a file."""

    sample_rate_hz = 16_000

    def __init__(self, samples: Sequence[np.ndarray]) -> None:
        self._samples = samples

    def read(self, row: int) -> np.ndarray:
        return self._samples[row]


def data_of(
    cohorts: Sequence[str],
    *,
    target: Sequence[bool] | None = None,
    samples: Sequence[np.ndarray] | None = None,
    references: Sequence[str] | None = None,
) -> TrainingData:
    """Utterances of these cohorts; the first cohort is the target unless told otherwise."""
    n = len(cohorts)
    names = [f"u{i}" for i in range(n)]
    table = pd.DataFrame({"utterance_id": names, "speaker_id": names, "reference": references or ["yes"] * n})
    recordings = MadeRecordings(samples if samples is not None else [np.zeros(FRAME, dtype=np.float32)] * n)
    return TrainingData(
        manifest=Manifest(table=table),
        recordings=cast(Recordings, recordings),
        cohorts=np.array(cohorts),
        target=np.array(target if target is not None else [cohort == cohorts[0] for cohort in cohorts]),
    )


def step_of(
    losses: torch.Tensor | Sequence[float],
    rows: Sequence[int],
    *,
    lengths: Sequence[int] | None = None,
    global_size: int | None = None,
) -> Step:
    """A batch of which only the losses are known."""
    losses = losses if isinstance(losses, torch.Tensor) else torch.tensor(losses, dtype=torch.float32, requires_grad=True)
    return Step(
        model=cast(Trainable, None),
        rows=np.array(rows),
        batch={},
        outputs=Outputs(log_probs=torch.empty(0), lengths=torch.empty(0)),
        losses=losses,
        lengths=torch.tensor(lengths or [1] * len(rows)),
        global_size=global_size or len(rows),
    )


class OneWord:
    """Frames through a layer, their mean, a word: a `Trainable`. Takes recordings of any number of whole frames."""

    name = "one-word"
    sample_rate_hz = 16_000
    frame_layer = "frames"
    frame_axis = 1

    def __init__(self, words: Sequence[str], *, seed: int, width: int = 8, one_by_one: bool = False) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.words = list(words)
        self.one_by_one = one_by_one
        self.module = torch.nn.Module()
        self.module.frames = torch.nn.Conv1d(FRAME, width, kernel_size=2, padding=1)
        self.module.word = torch.nn.Linear(width, len(self.words))
        for parameter in self.module.parameters():
            parameter.data.normal_(0, 0.5, generator=generator)
        self.module.eval()

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        return None if reference in self.words else "is another word"

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        lengths = [len(samples) // FRAME for samples in recordings]
        features = torch.zeros(len(recordings), FRAME, max(lengths))
        for i, samples in enumerate(recordings):
            features[i, :, : lengths[i]] = torch.tensor(samples.reshape(-1, FRAME).T)
        targets = torch.tensor([self.words.index(reference) for reference in references])
        return {"features": features, "n_frames": torch.tensor(lengths), "targets": targets}

    def _scores(self, features: torch.Tensor, n_frames: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.module.frames(features))
        inside = torch.arange(hidden.shape[2]) <= n_frames[:, None]
        return self.module.word((hidden * inside[:, None]).sum(dim=2) / (1 + n_frames)[:, None])

    def outputs(self, batch: Any) -> Outputs:
        given = [batch["features"], batch["n_frames"]]
        parts = [[part[i : i + 1] for part in given] for i in range(len(given[0]))] if self.one_by_one else [given]
        scores = torch.cat([self._scores(*part) for part in parts])
        return Outputs(log_probs=scores.log_softmax(dim=-1)[:, None], lengths=torch.ones(len(scores), dtype=torch.int64))

    def losses(self, outputs: Outputs, batch: Any) -> torch.Tensor:
        return -outputs.log_probs[:, 0].gather(1, batch["targets"][:, None])[:, 0]

    def target_lengths(self, batch: Any) -> torch.Tensor:
        return torch.ones_like(batch["targets"])

    def sampled(self, batch: Any, *, seed: int) -> dict[str, torch.Tensor]:
        chances = self.outputs(batch).log_probs[:, 0].exp()
        drawn = torch.multinomial(chances, 1, generator=torch.Generator().manual_seed(seed))[:, 0]
        return {**batch, "targets": drawn}

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """The longest first, to see that order is nobody's business."""
        order = sorted(range(len(recordings)), key=lambda i: -len(recordings[i]))
        with torch.no_grad():
            batch = self.batch([recordings[i] for i in order], [self.words[0]] * len(order))
            best = self.outputs(batch).log_probs[:, 0].argmax(dim=1).tolist()
        heard = dict(zip(order, best, strict=True))
        return [self.words[heard[i]] for i in range(len(recordings))]

    def part_of(self, parameter: str) -> str:
        return "language" if parameter.startswith("word.") else "acoustic"

    def clone(self) -> OneWord:
        return copy.deepcopy(self)

    def save(self, folder: Path) -> None:
        save_file(self.module.state_dict(), folder / "one_word.safetensors")
        (folder / "one_word.json").write_text(json.dumps(self.words))

    @classmethod
    def load(cls, folder: Path) -> OneWord:
        model = cls(json.loads((folder / "one_word.json").read_text()), seed=0)
        model.module.load_state_dict(load_file(folder / "one_word.safetensors"))
        return model


def trained(model: Any, data: TrainingData, hooks: Hooks, *, n_steps: int, seed: int, rate: float = 0.3) -> Any:
    """The model after `n_steps` of plain gradient descent on batches of 16 rows, drawn as the hooks say."""
    weights = hooks.sampling_weights if hooks.sampling_weights is not None else data.target.astype(float)
    generator = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model.module.train()
    for _ in range(n_steps):
        rows = generator.choice(len(data), size=16, p=weights / weights.sum())
        batch = data.batch(model, rows)
        outputs = model.outputs(batch)
        step = Step(
            model=model,
            rows=rows,
            batch=batch,
            outputs=outputs,
            losses=model.losses(outputs, batch),
            lengths=model.target_lengths(batch),
            global_size=len(rows),
        )
        loss = hooks.reduce(step) if hooks.reduce else step.losses_per_symbol.mean()
        parameters = list(model.module.parameters())
        for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.data -= rate * slope
    model.module.eval()
    return model
