"""Our own recogniser: log-mel features, a Conformer, characters by connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from fairasr.core.errors import ModelError
from fairasr.models.conformer import ConformerCTC, ConformerSettings, conformer_settings
from fairasr.models.ctc_paths import collapsed, drawn_paths, padded_targets, path_losses, steps_needed
from fairasr.models.hugging_face import device_of, evaluating
from fairasr.models.log_mel import LogMel, padded
from fairasr.models.long_audio import windows
from fairasr.models.plain_text import marker_obstacle, require_plain
from fairasr.models.recogniser import Batch, Outputs, Part
from fairasr.models.subsampling import subsampled_length
from fairasr.models.vocabulary import BLANK, Vocabulary
from fairasr.models.weights import ModelRecord, read_record, read_weights, save_model

ARCHITECTURE = "conformer-ctc"

BATCH_S = 160.0
"""Seconds of padded audio transcribed at once; more is not faster on a CPU."""
WINDOW_S = 60.0
"""Longer recordings are cut in pauses to be transcribed: attention costs the square of the length."""


class CTCRecognizer:
    """A Conformer that writes characters; a `Trainable`.

    Args:
        module: the network.
        settings: its size.
        vocabulary: what it writes.
        sample_rate_hz: of the recordings it wants.
        name: of the model, as it stands in reports.
    """

    frame_layer = "subsampling.first"
    frame_axis = 1

    def __init__(
        self, module: ConformerCTC, *, settings: ConformerSettings, vocabulary: Vocabulary, sample_rate_hz: int, name: str
    ) -> None:
        self.module = module
        self.settings = settings
        self.vocabulary = vocabulary
        self.sample_rate_hz = sample_rate_hz
        self.name = name
        self._log_mel = LogMel(n_mels=settings.n_mels, sample_rate_hz=sample_rate_hz)

    @classmethod
    def initialised(
        cls,
        *,
        vocabulary: Vocabulary,
        seed: int,
        settings: ConformerSettings | None = None,
        sample_rate_hz: int = 16_000,
        name: str = ARCHITECTURE,
    ) -> Self:
        """A model with random weights, to be trained: same seed, same weights."""
        settings = settings or ConformerSettings()
        module = ConformerCTC.initialised(settings, n_symbols=len(vocabulary), seed=seed)
        return cls(module, settings=settings, vocabulary=vocabulary, sample_rate_hz=sample_rate_hz, name=name)

    @classmethod
    def check_settings(cls, given: Mapping[str, Any]) -> None:
        """Refuse settings that `of` would refuse.

        Raises:
            ModelError: settings that do not exist or do not fit together.
        """
        conformer_settings(given)

    @classmethod
    def of(cls, references: Iterable[str], *, settings: Mapping[str, Any], sample_rate_hz: int, name: str, seed: int) -> Self:
        """A model with random weights that writes the characters of `references`; `settings` are fields of `ConformerSettings`.

        Raises:
            ModelError: settings that do not exist or do not fit together, or references without a character or with markers of
                turns.
        """
        return cls.initialised(
            vocabulary=Vocabulary.of(require_plain(references)),
            settings=conformer_settings(settings),
            sample_rate_hz=sample_rate_hz,
            name=name,
            seed=seed,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model that `save` wrote.

        Raises:
            ModelError: the folder holds no such model, or a damaged one.
        """
        record = read_record(folder)
        if record.architecture != ARCHITECTURE:
            raise ModelError(f"'{folder}' holds a model of architecture {record.architecture!r}, not {ARCHITECTURE!r}.")
        settings = conformer_settings(record.settings)
        vocabulary = Vocabulary.from_json(record.vocabulary)
        with torch.device("meta"):
            module = ConformerCTC(settings, n_symbols=len(vocabulary))
        shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        module.load_state_dict(read_weights(folder, record, shapes=shapes), assign=True)
        return cls(
            module.eval().requires_grad_(True),
            settings=settings,
            vocabulary=vocabulary,
            sample_rate_hz=record.sample_rate_hz,
            name=record.name,
        )

    def save(self, folder: Path) -> None:
        """Write record and weights into an existing folder, both or neither.

        Raises:
            OutputError: it cannot be written; the model that was there still is.
        """
        record = ModelRecord(
            architecture=ARCHITECTURE,
            name=self.name,
            sample_rate_hz=self.sample_rate_hz,
            settings=asdict(self.settings),
            vocabulary=self.vocabulary.to_json(),
        )
        save_model(folder, record, self.module.state_dict())

    def clone(self) -> Self:
        """A copy that shares nothing with this one."""
        return copy.deepcopy(self)

    def part_of(self, parameter: str) -> Part:
        """The output layer is the language side, all before it the acoustic: CTC has no other model of the text."""
        return "language" if parameter.startswith("output.") else "acoustic"

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Why an utterance cannot be trained on, in words that complete "it ..."; None where it can."""
        unknown = marker_obstacle(reference) or self.vocabulary.obstacle(reference)
        if unknown is not None:
            return unknown
        target = self.vocabulary.encode(reference)
        needed = steps_needed(target)
        there = subsampled_length(self._log_mel.n_frames(n_samples))
        if needed > there:
            return f"needs at least {needed} steps of 40 ms for its {len(target)} symbols and has {there}"
        return None

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """Features float32 (n, frames, n_mels), targets int64 (n, symbols), and the lengths of both, int64 (n,).

        Raises:
            ModelError: a reference has symbols outside the vocabulary.
        """
        targets = [self.vocabulary.encode(reference) for reference in references]
        return {**self._features(recordings), **padded_targets(targets)}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities of every symbol at every step of 40 ms."""
        scores, lengths = self.module(batch["features"], batch["feature_lengths"])
        return Outputs(log_probs=scores.float().log_softmax(dim=-1), lengths=lengths)

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """-log p(reference | recording) of each utterance, summed over all alignments, float32 (n,) [nats]."""
        return path_losses(outputs, targets=batch["targets"], target_lengths=batch["target_lengths"], blank=BLANK)

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Symbols of each reference, int64 (n,); 1 for silence."""
        return batch["target_lengths"].clamp(min=1)

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with each target replaced by a draw from p(y | recording): a symbol per step, then collapsed."""
        outputs = self._outputs_in_eval_mode(batch)
        targets = collapsed(drawn_paths(outputs, seed=seed), outputs.lengths, blank=BLANK)
        device = batch["targets"].device
        return {**batch, **{name: tensor.to(device) for name, tensor in padded_targets(targets).items()}}

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording by the likeliest symbol at each step; "" where nothing was heard."""
        cut = [windows(samples, sample_rate_hz=self.sample_rate_hz, longest_s=WINDOW_S) for samples in recordings]
        pieces = [piece for parts in cut for piece in parts]
        heard = [""] * len(pieces)
        device = device_of(self.module)
        for places in self._batches([len(piece) for piece in pieces]):
            batch = {name: part.to(device) for name, part in self._features([pieces[place] for place in places]).items()}
            outputs = self._outputs_in_eval_mode(batch)
            likeliest = outputs.log_probs.argmax(dim=-1)
            for place, symbols in zip(places, collapsed(likeliest, outputs.lengths, blank=BLANK), strict=True):
                heard[place] = self.vocabulary.decode(symbols)
        of_pieces = iter(heard)
        return [" ".join(filter(None, islice(of_pieces, len(parts)))) for parts in cut]

    def _features(self, recordings: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        features, lengths = padded([self._log_mel.features(samples) for samples in recordings])
        return {"features": features, "feature_lengths": lengths}

    def _outputs_in_eval_mode(self, batch: Batch) -> Outputs:
        with evaluating(self.module), torch.no_grad():
            return self.outputs(batch)

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Places of recordings of similar length, at most BATCH_S of padded audio together (one alone may be longer)."""
        most = BATCH_S * self.sample_rate_hz
        places: list[int] = []
        for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
            if places and lengths[place] * (len(places) + 1) > most:
                yield places
                places = []
            places.append(place)
        if places:
            yield places
