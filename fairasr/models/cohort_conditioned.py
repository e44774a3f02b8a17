"""A recogniser that is told the speaker's cohort: a learned vector of it comes with every acoustic frame (Dheram et al. 2022)."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch

from fairasr.core import UNKNOWN
from fairasr.core.atomic import write_file
from fairasr.core.errors import ModelError
from fairasr.models.cohort_conditioned_files import FORMAT, VERSION, read_settings, read_weights
from fairasr.models.computed import CountsCompute, Spent
from fairasr.models.recogniser import Batch, HasAuxiliaryLosses, Outputs, Part, Trainable
from fairasr.models.streamed import CanStream
from fairasr.models.told_stream import ToldStream

SETTINGS_FILE = "cohort_conditioned.json"
WEIGHTS_FILE = "cohort_conditioned.safetensors"
BASE_FOLDER = "base"
DIMENSIONS = 2
"""Of the cohort's vector (Dheram et al. 2022)."""
COHORT_KEY = "cohort"
"""In a batch: position of each utterance's cohort in the embedding, int64 (n,); 0 is unknown."""


class _Conditioned(torch.nn.Module):
    """The base network, the cohorts' vectors e (1 + n_labels, 2), unknown first, and U (n_channels, 2), by which they enter it."""

    def __init__(self, base: torch.nn.Module, *, embedding: torch.Tensor, projection: torch.Tensor) -> None:
        super().__init__()
        self.base = base
        self.embedding = torch.nn.Parameter(embedding)
        self.projection = torch.nn.Parameter(projection)
        self.training = base.training  # not .train(): that would change the mode of each layer below


class CohortConditioned:
    """A base recogniser whose frame layer also meets a vector e of the speaker's cohort.

    Appending e to each input frame of a linear or convolutional layer adds U e to each output frame, up to the padding at a
    recording's edges, so that is what is done: e is learned per cohort and U starts at zero. A new one is the base bit for bit.

    In training mode the cohort of an utterance is taken as unknown with chance `dropout`, drawn from torch's generator of the CPU,
    so that the model also works for speakers whose cohort nobody knows.

    Where the base can stream or count what it computes it has `stream` and `compute` too, for speakers of unknown cohort; the few
    operations for the cohort are not counted.

    Args:
        base: the recogniser; it is used, not copied.
        labels: cohorts to be told apart.
        dropout: chance, 0..1.

    Raises:
        ModelError: the base's frame layer has no weight to tell its channels by.
    """

    def __init__(self, base: Trainable, *, labels: Sequence[str], dropout: float = 0.1) -> None:
        self._base = base
        self._labels = tuple(sorted(set(labels) - {UNKNOWN}))
        self._positions = {label: 1 + i for i, label in enumerate(self._labels)}
        self._dropout = dropout
        weight = getattr(base.module.get_submodule(base.frame_layer), "weight", None)
        if weight is None:
            raise ModelError(
                f"{base.name!r} names {base.frame_layer!r} as the layer that meets the frames, which has no weight. "
                f"Cohorts can be told to models whose first layer is linear or convolutional."
            )
        embedding = torch.zeros(1 + len(self._labels), DIMENSIONS)
        for i in range(len(self._labels)):  # as far apart as a plane allows, without a draw; unknown in the middle
            angle = 2 * math.pi * i / len(self._labels)
            embedding[1 + i] = torch.tensor([math.cos(angle), math.sin(angle)])
        projection = torch.zeros(weight.shape[0], DIMENSIONS)
        self._module = _Conditioned(base.module, embedding=embedding.to(weight.device), projection=projection.to(weight.device))
        # Of the object and not of the class: whoever asks whether a recogniser can stream looks whether it has the method.
        if isinstance(base, CanStream):
            self.stream: Callable[[], ToldStream] = partial(self._stream, base)
        if isinstance(base, CountsCompute):
            self.compute: Callable[[Sequence[np.ndarray]], Sequence[Spent]] = partial(self._compute, base)

    @property
    def name(self) -> str:
        """Name of the base."""
        return self._base.name

    @property
    def sample_rate_hz(self) -> int:
        """Of the base [Hz]."""
        return self._base.sample_rate_hz

    @property
    def cohort_labels(self) -> tuple[str, ...]:
        """Cohorts it was made for, sorted."""
        return self._labels

    @property
    def module(self) -> torch.nn.Module:
        """The base's network as `base`, with `embedding` and `projection` beside it."""
        return self._module

    @property
    def frame_layer(self) -> str:
        """Of the base."""
        return f"base.{self._base.frame_layer}"

    @property
    def frame_axis(self) -> int:
        """Of the base."""
        return self._base.frame_axis

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Of the base."""
        return self._base.obstacle(n_samples=n_samples, reference=reference)

    def batch(
        self, recordings: Sequence[np.ndarray], references: Sequence[str], *, cohorts: Sequence[str] | None = None
    ) -> dict[str, torch.Tensor]:
        """The base's features and targets, and the position of each recording's cohort under `COHORT_KEY`."""
        positions = self._cohort_positions(cohorts, n=len(recordings))
        return {**self._base.batch(recordings, references), COHORT_KEY: torch.tensor(positions, dtype=torch.int64)}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities of the base, told the cohorts; in training mode some are withheld."""
        positions = batch[COHORT_KEY]
        if self._module.training and self._dropout > 0:
            withheld = torch.rand(len(positions)) < self._dropout
            positions = positions.masked_fill(withheld.to(positions.device), 0)
        with self._told(positions):
            return self._base.outputs(_of_base(batch))

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """Of the base: float32 (n,) [nats]."""
        return self._base.losses(outputs, _of_base(batch))

    def auxiliary_losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """Of the base, float32 (n,); 0 for one whose training has no more aims than the reference."""
        if isinstance(self._base, HasAuxiliaryLosses):
            return self._base.auxiliary_losses(outputs, _of_base(batch))
        return torch.zeros(len(outputs.lengths), device=outputs.lengths.device)

    def auxiliary_parameters(self) -> frozenset[str]:
        """Of the base."""
        own = self._base.auxiliary_parameters() if isinstance(self._base, HasAuxiliaryLosses) else ()
        return frozenset(f"base.{name}" for name in own)

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Of the base: int64 (n,)."""
        return self._base.target_lengths(_of_base(batch))

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with targets drawn by the base, told the cohorts."""
        with self._told(batch[COHORT_KEY]):
            return {**self._base.sampled(_of_base(batch), seed=seed), COHORT_KEY: batch[COHORT_KEY]}

    def transcribe(self, recordings: Sequence[np.ndarray], *, cohorts: Sequence[str] | None = None) -> list[str]:
        """Text of each recording, cohort by cohort: the base may cut, sort and batch recordings as it likes."""
        positions = self._cohort_positions(cohorts, n=len(recordings))
        texts = [""] * len(recordings)
        for position in sorted(set(positions)):
            members = [place for place, its in enumerate(positions) if its == position]
            with torch.no_grad(), self._told(torch.tensor([position], device=self._module.embedding.device)):
                heard = self._base.transcribe([recordings[member] for member in members])
            for member, text in zip(members, heard, strict=True):
                texts[member] = text
        return texts

    def part_of(self, parameter: str) -> Part:
        """Of the base; what is learned of cohorts is acoustic."""
        inside = parameter.removeprefix("base.")
        return self._base.part_of(inside) if inside != parameter else "acoustic"

    def clone(self) -> CohortConditioned:
        """A copy that shares nothing with this one."""
        other = CohortConditioned(self._base.clone(), labels=self._labels, dropout=self._dropout)
        other._module.embedding = copy.deepcopy(self._module.embedding)
        other._module.projection = copy.deepcopy(self._module.projection)
        other._module.training = self._module.training
        return other

    def save(self, folder: Path) -> None:
        """Write the base into `base/`, what is learned of cohorts beside it, and the settings last."""
        from safetensors.torch import save

        (folder / BASE_FOLDER).mkdir(exist_ok=True)
        self._base.save(folder / BASE_FOLDER)
        weights = {name: value.detach().cpu().contiguous() for name, value in self._own().items()}
        write_file(folder / WEIGHTS_FILE, save(weights))
        settings = {"format": FORMAT, "version": VERSION, "labels": self._labels, "dropout": self._dropout}
        write_file(folder / SETTINGS_FILE, (json.dumps(settings, indent=2, ensure_ascii=False) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the base is whatever model is in `base/`.

        Raises:
            ModelError: a file is missing, broken, of another version, or does not fit the base.
        """
        from fairasr.models.load import load

        return cls._of(load(folder / BASE_FOLDER), folder)

    @classmethod
    def _of(cls, base: Trainable, folder: Path) -> Self:
        labels, dropout = read_settings(folder / SETTINGS_FILE)
        model = cls(base, labels=labels, dropout=dropout)
        weights = read_weights(folder / WEIGHTS_FILE)
        for name, parameter in model._own().items():
            found = weights.get(name)
            if found is None or found.shape != parameter.shape:
                what = "is missing" if found is None else f"has shape {tuple(found.shape)}, not {tuple(parameter.shape)}"
                raise ModelError(
                    f"{folder / WEIGHTS_FILE} does not fit its settings and the model in {folder / BASE_FOLDER}: {name} {what}. "
                    f"Use the folder as it was written."
                )
            parameter.data.copy_(found)
        return model

    def _stream(self, base: CanStream) -> ToldStream:
        return ToldStream(base.stream(), told=self._told_nothing)

    def _compute(self, base: CountsCompute, recordings: Sequence[np.ndarray]) -> Sequence[Spent]:
        with self._told_nothing():
            return base.compute(recordings)

    def _own(self) -> dict[str, torch.nn.Parameter]:
        return {"embedding": self._module.embedding, "projection": self._module.projection}

    def _cohort_positions(self, cohorts: Sequence[str] | None, *, n: int) -> list[int]:
        if cohorts is not None and len(cohorts) != n:
            raise ModelError(f"{len(cohorts):,} cohorts are given for {n:,} recordings. Give one each, or none at all.")
        return [0] * n if cohorts is None else [self._positions.get(cohort, 0) for cohort in cohorts]

    @contextmanager
    def _told_nothing(self) -> Iterator[None]:
        """Within it, the cohort of every recording is unknown."""
        with torch.no_grad(), self._told(torch.zeros(1, dtype=torch.int64, device=self._module.embedding.device)):
            yield

    @contextmanager
    def _told(self, positions: torch.Tensor) -> Iterator[None]:
        """Within it, the frame layer adds U e of these cohorts, int64 (n,), to its output; (1,) is for any number of utterances.

        The layer may be called for parts of the batch, in order, and for the batch several times.
        """
        added = self._module.embedding[positions] @ self._module.projection.T
        axis, done = self.frame_axis, 0

        def add(_layer: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
            nonlocal done
            part = added
            if len(added) > 1:
                part = added[done : done + len(output)]
                if len(part) != len(output):
                    raise ModelError(
                        f"{self.name!r} passed {len(output)} utterances through {self.frame_layer!r} where {len(part)} of "
                        f"{len(added)} were left, so it is not known which cohort each is of. Such a model cannot be told cohorts."
                    )
                done = (done + len(output)) % len(added)
            shape = [1] * output.ndim
            shape[0], shape[axis] = len(part), output.shape[axis]
            return output + part.to(output.dtype).reshape(shape)

        hook = self._module.get_submodule(self.frame_layer).register_forward_hook(add)
        try:
            yield
        finally:
            hook.remove()


def _of_base(batch: Batch) -> dict[str, torch.Tensor]:
    return {key: value for key, value in batch.items() if key != COHORT_KEY}
