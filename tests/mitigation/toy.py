"""Recognisers small enough to be solved by hand, made-up utterances for them, and a plain training loop."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from fairasr.core import Manifest
from fairasr.mitigation import Mitigation
from fairasr.models import Batch, Outputs, Recordings, Trainable
from fairasr.training import Hooks, Step, TrainingData

FRAME = 80
"""Samples of a frame of `Frames`."""


class MadeUp:
    """Recordings that never were in a file."""

    sample_rate_hz = 8_000

    def __init__(self, samples: Sequence[np.ndarray]) -> None:
        self._samples = samples

    def read(self, row: int) -> np.ndarray:
        return self._samples[row]

    def __len__(self) -> int:
        return len(self._samples)


def data_of(
    samples: Sequence[np.ndarray],
    references: Sequence[str],
    *,
    target: Sequence[bool] | np.ndarray,
    cohorts: Sequence[str] | None = None,
    speakers: Sequence[str] | None = None,
) -> TrainingData:
    n = len(samples)
    named = [f"u{i}" for i in range(n)]
    table = pd.DataFrame(
        {
            "utterance_id": named,
            "speaker_id": list(speakers or named),
            "reference": list(references),
            "duration_s": [len(own) / MadeUp.sample_rate_hz for own in samples],
        }
    )
    cohorts = list(cohorts) if cohorts is not None else ["worst" if one else "rest" for one in target]
    return TrainingData(
        manifest=Manifest(table=table),
        recordings=cast(Recordings, MadeUp(samples)),
        cohorts=np.array(cohorts, dtype=object),
        target=np.array(target, dtype=bool),
    )


class Toy:
    """What all toys have in common."""

    name = "toy"
    sample_rate_hz = 8_000
    frame_axis = -1
    frame_layer = "layer"
    module: torch.nn.Module

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        return None

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        return torch.ones(len(batch["features"]), dtype=torch.int64)

    def part_of(self, parameter: str) -> str:
        return "language" if parameter.startswith("output.") else "acoustic"

    def clone(self) -> Any:
        return copy.deepcopy(self)

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        return [""] * len(recordings)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


class Gaussian(Toy):
    """y ~ N(W x, 1): a recording is x, a reference y. The Hessian of its mean loss is E[x x^T] (x) I. In float64."""

    def __init__(self, weight: np.ndarray) -> None:
        self.module = torch.nn.Module()
        self.module.layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=torch.float64)
        self.module.layer.weight.data = torch.tensor(weight, dtype=torch.float64)
        self.module.eval()

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        targets = [[float(part) for part in reference.split()] for reference in references]
        return {
            "features": torch.tensor(np.stack(recordings), dtype=torch.float64),
            "targets": torch.tensor(targets, dtype=torch.float64),
        }

    def outputs(self, batch: Batch) -> Outputs:
        said = self.module.layer(batch["features"])
        return Outputs(log_probs=said[:, None], lengths=torch.ones(len(said), dtype=torch.int64))

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        return ((outputs.log_probs[:, 0] - batch["targets"]) ** 2).sum(dim=1) / 2

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            mean = self.outputs(batch).log_probs[:, 0]
        noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed), dtype=mean.dtype)
        return {**batch, "targets": mean + noise}


class Logistic(Toy):
    """p(1) = sigmoid(w . x): one symbol an utterance."""

    def __init__(self, weight: np.ndarray) -> None:
        self.module = torch.nn.Module()
        self.module.layer = torch.nn.Linear(len(weight), 1, bias=False)
        self.module.layer.weight.data = torch.tensor(weight, dtype=torch.float32)[None]
        self.module.eval()

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        targets = torch.tensor([int(reference) for reference in references])
        return {"features": torch.tensor(np.stack(recordings), dtype=torch.float32), "targets": targets}

    def outputs(self, batch: Batch) -> Outputs:
        score = self.module.layer(batch["features"])[:, None]
        log_probs = torch.nn.functional.logsigmoid(torch.cat([-score, score], dim=2))
        return Outputs(log_probs=log_probs, lengths=torch.ones(len(score), dtype=torch.int64))

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        return -outputs.log_probs[:, 0].gather(1, batch["targets"][:, None])[:, 0]

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            chance = self.outputs(batch).log_probs[:, 0, 1].exp()
        drawn = torch.rand(len(chance), generator=torch.Generator().manual_seed(seed)) < chance
        return {**batch, "targets": drawn.long()}


class Frames(Toy):
    """One symbol a frame: frames through two layers with dropout between. Utterances of a batch are padded."""

    frame_layer = "hidden"

    def __init__(self, *, seed: int = 0, n_hidden: int = 5, symbols: str = "abc") -> None:
        generator = torch.Generator().manual_seed(seed)
        self._symbols = symbols
        self.module = FramesModule(n_hidden, len(symbols))
        for parameter in self.module.parameters():
            parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
        self.module.eval()

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        lengths = [len(reference) for reference in references]
        features = torch.zeros(len(recordings), max(lengths), FRAME)
        targets = torch.zeros(len(recordings), max(lengths), dtype=torch.int64)
        for row, (samples, reference) in enumerate(zip(recordings, references, strict=True)):
            features[row, : lengths[row]] = torch.tensor(samples.reshape(-1, FRAME)[: lengths[row]])
            targets[row, : lengths[row]] = torch.tensor([self._symbols.index(symbol) for symbol in reference])
        return {"features": features, "targets": targets, "lengths": torch.tensor(lengths)}

    def outputs(self, batch: Batch) -> Outputs:
        return Outputs(log_probs=self.module(batch["features"]), lengths=batch["lengths"])

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        per_frame = -outputs.log_probs.gather(2, batch["targets"][:, :, None])[:, :, 0]
        return (per_frame * self._inside(batch)).sum(dim=1)

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        return batch["lengths"]

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            chances = self.outputs(batch).log_probs.exp()
        drawn = torch.multinomial(chances.flatten(0, 1), 1, generator=torch.Generator().manual_seed(seed))
        return {**batch, "targets": drawn.view(chances.shape[:2])}

    def _inside(self, batch: Batch) -> torch.Tensor:
        return torch.arange(batch["features"].shape[1]) < batch["lengths"][:, None]


class FramesModule(torch.nn.Module):
    def __init__(self, n_hidden: int, n_symbols: int) -> None:
        super().__init__()
        self.hidden = torch.nn.Linear(FRAME, n_hidden)
        self.dropout = torch.nn.Dropout(0.2)
        self.output = torch.nn.Linear(n_hidden, n_symbols)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.log_softmax(self.output(self.dropout(torch.tanh(self.hidden(features)))), dim=-1)


def spoken(*, seed: int, n: int = 40, n_target: int = 12, symbols: str = "abc", shift: float = 0.5) -> TrainingData:
    """Utterances for `Frames`: each symbol a tone of its own, shifted in the target cohorts; two speakers a cohort.

    With a shift of 1 a tone means another symbol there, so that nobody can learn both.
    """
    random = np.random.default_rng(seed)
    target = np.arange(n) < n_target
    cohorts = [("north", "east")[i % 2] if target[i] else ("south", "west")[i % 2] for i in range(n)]
    samples, references = [], []
    for i in range(n):
        reference = "".join(random.choice(list(symbols), size=random.integers(4, 8)))
        tones = np.array([symbols.index(symbol) + shift * target[i] for symbol in reference])
        phase = np.arange(FRAME) / FRAME * 2 * np.pi
        waves = np.sin(phase * (2 + tones[:, None])) + 0.3 * random.standard_normal((len(tones), FRAME))
        samples.append(waves.astype(np.float32).reshape(-1) / 2)
        references.append(reference)
    speakers = [f"{cohorts[i]}{(i // 2) % 2}" for i in range(n)]
    return data_of(samples, references, target=target, cohorts=cohorts, speakers=speakers)


def step_of(model: Trainable, data: TrainingData, rows: Sequence[int] | np.ndarray) -> Step:
    """A batch after its forward pass."""
    rows = np.asarray(rows)
    batch = data.batch(model, rows)
    outputs = model.outputs(batch)
    losses = model.losses(outputs, batch)
    return Step(
        model=model,
        rows=rows,
        batch=batch,
        outputs=outputs,
        losses=losses,
        lengths=model.target_lengths(batch),
        global_size=len(rows),
    )


def train(
    model: Trainable, data: TrainingData, hooks: Hooks, *, n_steps: int = 12, batch_size: int = 6, rate: float = 0.05, seed: int = 0
) -> Trainable:
    """A plain loop: train `model.module` in place by stochastic gradient descent, with dropout."""
    random = np.random.default_rng(seed)
    weights = data.target.astype(float) if hooks.sampling_weights is None else hooks.sampling_weights
    optimiser = torch.optim.SGD([p for p in model.module.parameters() if p.requires_grad], lr=rate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.module.train()
        for _ in range(n_steps):
            chances = weights.copy()
            if hooks.batch_groups is not None:
                chances = chances if hooks.sampling_weights is not None else np.ones(len(data))
                chances[hooks.batch_groups != random.choice(np.unique(hooks.batch_groups.astype(str)))] = 0
            rows = random.choice(len(data), size=batch_size, p=chances / chances.sum())
            step = step_of(model, data, rows)
            loss = hooks.reduce(step) if hooks.reduce else step.losses_per_symbol.mean()
            loss = loss + hooks.penalty(step) if hooks.penalty else loss
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.module.eval()
    return model


def mitigated(method: Mitigation, model: Trainable, data: TrainingData, *, seed: int = 0, **loop: Any) -> Trainable:
    """The whole of a method, as a job runs it."""
    clone = method.prepared(model, data)
    hooks = method.hooks(clone, data, seed=seed)
    return method.finished(train(clone, data, hooks, seed=seed, **loop), base=model)


def weights_of(model: Trainable) -> dict[str, torch.Tensor]:
    return {name: values.detach().clone() for name, values in model.module.state_dict().items()}


def same_weights(first: Trainable, second: Trainable) -> bool:
    one, other = weights_of(first), weights_of(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def mean_loss(model: Trainable, data: TrainingData, rows: np.ndarray) -> float:
    with torch.no_grad():
        return float(step_of(model, data, rows).losses_per_symbol.mean())
