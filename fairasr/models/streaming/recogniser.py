"""Streaming transducers of our own: frames of 30 ms, an encoder that sees nothing of the future, words or characters."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from fairasr.core.errors import ModelError
from fairasr.models.ctc_paths import padded_targets
from fairasr.models.hugging_face import evaluating
from fairasr.models.log_mel import padded
from fairasr.models.plain_text import marker_obstacle, require_plain
from fairasr.models.recogniser import Batch, Outputs, Part
from fairasr.models.settings import settings_from
from fairasr.models.streaming.auxiliary import compute_shares, second_losses
from fairasr.models.streaming.encoder import StreamingEncoder
from fairasr.models.streaming.frames import STACKED
from fairasr.models.streaming.initialising import initialised
from fairasr.models.streaming.lattice import unpacked
from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.search import SymbolBySymbol, drawn
from fairasr.models.streaming.settings import TransducerSettings
from fairasr.models.streaming.transcribing import StreamingTranscriber
from fairasr.models.transducer_loss import transducer_loss
from fairasr.models.vocabulary import BLANK, Vocabulary
from fairasr.models.weights import ModelRecord, read_record, read_weights, save_model
from fairasr.models.word_vocabulary import WordVocabulary


class TransducerRecognizer(StreamingTranscriber):
    """A streaming transducer; a `Trainable` that has auxiliary losses. An architecture is a class that says which encoder it has.

    Made by `of` or `load`; the arguments are those of `StreamingTranscriber`.
    """

    architecture: ClassVar[str]
    """Its name in ARCHITECTURES."""
    encoder_settings: ClassVar[type]
    """Dataclass of the encoder's settings; all have defaults, and values that cannot be raise ModelError."""
    transducer_settings: ClassVar[type[TransducerSettings]] = TransducerSettings
    """Of the other settings."""

    @staticmethod
    def make_encoder(settings: Any, *, n_features: int) -> StreamingEncoder:
        """The encoder of these settings, without weights yet, for frames of `n_features` numbers."""
        raise NotImplementedError

    @classmethod
    def vocabulary_of(cls, references: Iterable[str], settings: TransducerSettings) -> Vocabulary | WordVocabulary:
        """The vocabulary of all that is in `references`.

        Raises:
            ModelError: there is nothing in them, or they have markers of turns.
        """
        texts = require_plain(references)
        return WordVocabulary.of(texts) if settings.units == "words" else Vocabulary.of(texts)

    @classmethod
    def check_settings(cls, given: Mapping[str, Any]) -> None:
        """Refuse settings that `of` would refuse.

        Raises:
            ModelError: settings that do not exist or do not fit together.
        """
        cls._settings(given)

    @classmethod
    def of(cls, references: Iterable[str], *, settings: Mapping[str, Any], sample_rate_hz: int, name: str, seed: int) -> Self:
        """A model with random weights that writes what is in `references`: same seed, same weights.

        Args:
            references: texts whose words or characters it shall be able to write.
            settings: fields of `transducer_settings`; under "encoder" a mapping of fields of `encoder_settings`.
            sample_rate_hz: of the recordings it will want.
            name: of the model, as it will stand in reports.
            seed: of the weights.

        Raises:
            ModelError: settings that do not exist or do not fit together, or references without a word or with markers of turns.
        """
        others, of_encoder = cls._settings(settings)
        vocabulary = cls.vocabulary_of(references, others)
        return cls(
            cls._network(others, of_encoder, n_symbols=len(vocabulary), seed=seed),
            settings=others,
            settings_of_encoder=of_encoder,
            vocabulary=vocabulary,
            sample_rate_hz=sample_rate_hz,
            name=name,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model that `save` wrote.

        Raises:
            ModelError: the folder holds no such model, or a damaged one.
        """
        record = read_record(folder)
        if record.architecture != cls.architecture:
            raise ModelError(f"'{folder}' holds a model of architecture {record.architecture!r}, not {cls.architecture!r}.")
        settings, of_encoder = cls._settings(record.settings)
        kind = WordVocabulary if settings.units == "words" else Vocabulary
        vocabulary = kind.from_json(record.vocabulary)
        # Made whole first, since an encoder may have tensors that are not saved.
        module = cls._network(settings, of_encoder, n_symbols=len(vocabulary), seed=0)
        shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        module.load_state_dict(read_weights(folder, record, shapes=shapes))
        return cls(
            module,
            settings=settings,
            settings_of_encoder=of_encoder,
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
            architecture=self.architecture,
            name=self.name,
            sample_rate_hz=self.sample_rate_hz,
            settings={**asdict(self.settings), "encoder": asdict(self.settings_of_encoder)},
            vocabulary=self.vocabulary.to_json(),
        )
        save_model(folder, record, self.module.state_dict())

    def clone(self) -> Self:
        """A copy that shares nothing with this one."""
        return copy.deepcopy(self)

    @property
    def frame_layer(self) -> str:
        """Name in `module` of the encoder's submodule that meets the frames first."""
        return f"encoder.{self.module.encoder.frame_layer}"

    @property
    def frame_axis(self) -> int:
        """Channel axis of that submodule's output."""
        return self.module.encoder.frame_axis

    def part_of(self, parameter: str) -> Part:
        """The encoder is the acoustic side, all after it the language side."""
        return "acoustic" if parameter.startswith("encoder.") else "language"

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Why an utterance cannot be trained on, in words that complete "it ..."; None where it can. None is too short."""
        return marker_obstacle(reference) or self.vocabulary.obstacle(reference)

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """Features float32 (n, frames, n_features), targets int64 (n, symbols), and the lengths of both, int64 (n,).

        Raises:
            ModelError: a reference has words or characters outside the vocabulary.
        """
        targets = [self.vocabulary.encode(reference) for reference in references]
        features, lengths = padded([self.layout.features(samples) for samples in recordings])
        return {"features": features, "feature_lengths": lengths, **padded_targets(targets)}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities at the packed points of each utterance's lattice; see `TransducerNetwork`.

        The others are "flops" of each frame, float (n, frames), and "ctc", log-probabilities of each step (n, frames, n_symbols).
        """
        self.module.count_pass()
        features = batch["features"]
        encoded = self.module.encoder(features, self.module.encoder.start(len(features)))
        log_probs, lengths = self.module.points(encoded.steps, batch["feature_lengths"], batch["targets"], batch["target_lengths"])
        others = {"flops": encoded.flops}
        if self.module.ctc is not None:
            others["ctc"] = self.module.ctc(encoded.steps).float().log_softmax(dim=-1)
        return Outputs(log_probs=log_probs, lengths=lengths, others=others)

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """-log p(reference | recording) of each utterance, summed over all alignments, float32 (n,) [nats].

        While it is trained, FastEmit acts on the gradient; in eval mode that is the gradient of the likelihood alone.
        """
        steps, labels = batch["feature_lengths"], batch["target_lengths"]
        lattice = unpacked(outputs.log_probs, steps=steps, labels=labels, n_labels=batch["targets"].shape[1])
        return transducer_loss(lattice, batch["targets"], steps, labels, blank=BLANK, fastemit=self._fastemit, reduction="none")

    def auxiliary_losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """What is added to each utterance's loss per symbol while it is trained, weights included: float32 (n,).

        The loss of the second output per symbol, 0 for an utterance that is too short for it, and the share of the encoder's full
        computation that is spent on the utterance.
        """
        frames = batch["feature_lengths"]
        added = torch.zeros(len(frames), device=frames.device)
        if "ctc" in outputs.others:
            added = added + self.settings.ctc_weight * second_losses(
                outputs.others["ctc"], steps=frames, targets=batch["targets"], target_lengths=batch["target_lengths"]
            )
        weight = self.settings.compute_weight * self.settings.compute_share(int(self.module.steps_trained))
        if weight:
            shares = compute_shares(outputs.others["flops"], frames=frames, full_flops=self.module.encoder.full_flops)
            added = added + weight * shares
        return added

    def auxiliary_parameters(self) -> frozenset[str]:
        """Those of the second output."""
        return self._below("ctc")

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Symbols of each reference, int64 (n,); 1 for silence."""
        return batch["target_lengths"].clamp(min=1)

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with each target replaced by a draw from p(y | recording), symbol by symbol.

        No more than `symbols_per_frame` are drawn at a frame: the rest of a frame's probability goes to the next frame.
        """
        features, lengths = batch["features"], batch["feature_lengths"]
        with evaluating(self.module), torch.no_grad():
            steps = self.module.encoder(features, self.module.encoder.start(len(features))).steps
            choose = drawn(torch.Generator().manual_seed(seed))
            search = SymbolBySymbol(self.module, n=len(features), most=self.settings.symbols_per_frame, choose=choose)
            search.push(steps, lengths)
        targets = padded_targets([[own.symbol for own in written] for written in search.written()])
        return {**batch, **{name: tensor.to(lengths.device) for name, tensor in targets.items()}}

    @property
    def _fastemit(self) -> float:
        return self.settings.fastemit if self.module.training else 0.0

    def _below(self, *modules: str) -> frozenset[str]:
        """Names of the parameters of these submodules of `module`."""
        starts = tuple(f"{name}." for name in modules)
        return frozenset(name for name, _ in self.module.named_parameters() if name.startswith(starts))

    @classmethod
    def _network(cls, settings: TransducerSettings, of_encoder: Any, *, n_symbols: int, seed: int) -> TransducerNetwork:
        def make() -> TransducerNetwork:
            encoder = cls.make_encoder(of_encoder, n_features=STACKED * settings.n_mels)
            return TransducerNetwork(encoder, settings, n_symbols=n_symbols)

        return initialised(make, seed=seed)

    @classmethod
    def _settings(cls, given: Mapping[str, Any]) -> tuple[TransducerSettings, Any]:
        of_encoder = given.get("encoder", {})
        if not isinstance(of_encoder, Mapping):
            raise ModelError(f"the setting 'encoder' is {of_encoder!r}, not a table of the encoder's settings.")
        others = {name: value for name, value in given.items() if name != "encoder"}
        return (
            settings_from(cls.transducer_settings, others, what="a transducer"),
            settings_from(cls.encoder_settings, of_encoder, what=f"the encoder of {cls.architecture!r}"),
        )
