"""Separator-transducer-segmenter (Sklyar et al. 2022): two output channels for speech that overlaps, and marks of where turns end.

Each channel is a transducer's text of its own; encoder, predictor and joint network are the same for both. References and what is
heard are written as turns (`fairasr.core.turns`). What a batch or an output holds for a channel is beside what it holds for the
other, below the same recording, so that a loss is that of a recording: -log p of all its channels together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from fairasr.core.turns import read_turns, write_turns
from fairasr.models.hugging_face import evaluating
from fairasr.models.log_mel import padded
from fairasr.models.recogniser import Batch, Outputs
from fairasr.models.streaming.auxiliary import second_losses
from fairasr.models.streaming.latency_penalty import end_bias
from fairasr.models.streaming.lattice import unpacked
from fairasr.models.streaming.recogniser import TransducerRecognizer
from fairasr.models.streaming.search import SymbolBySymbol, Written, drawn
from fairasr.models.streaming.segmenter_settings import SegmenterSettings
from fairasr.models.streaming.separator_encoder import SeparatorEncoder, SeparatorSettings
from fairasr.models.streaming.settings import TransducerSettings
from fairasr.models.streaming.turn_reading import turns_of
from fairasr.models.streaming.turn_targets import END, START, UNKNOWN, batched, channel_targets, turns_obstacle
from fairasr.models.transducer_loss import transducer_loss
from fairasr.models.vocabulary import BLANK
from fairasr.models.word_vocabulary import WordVocabulary


class SeparatorTransducerSegmenter(TransducerRecognizer):
    """A transducer of several channels; a `Trainable` that has auxiliary losses."""

    architecture = "separator-transducer-segmenter"
    encoder_settings = SeparatorSettings
    transducer_settings = SegmenterSettings
    settings: SegmenterSettings
    vocabulary: WordVocabulary

    @staticmethod
    def make_encoder(settings: SeparatorSettings, *, n_features: int) -> SeparatorEncoder:
        """The encoder of these settings, without weights yet."""
        return SeparatorEncoder(settings, n_features=n_features)

    @classmethod
    def vocabulary_of(cls, references: Iterable[str], settings: TransducerSettings) -> WordVocabulary:
        """The words of all turns, and the marks of where turns start and end.

        Raises:
            ModelError: there is no word.
            SchemaError: turns that are broken.
        """
        return WordVocabulary.of((turn.text for text in references for turn in read_turns(text)), special=(START, END))

    @property
    def n_channels(self) -> int:
        """Turns that may be spoken at once."""
        return self.module.encoder.n_channels

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Why a recording cannot be trained on, in words that complete "it ..."; None where it can."""
        return turns_obstacle(reference, self.vocabulary, n_channels=self.n_channels)

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """Features float32 (n, frames, n_features), their lengths int64 (n,), and what `turn_targets.batched` gives.

        Raises:
            ModelError: a reference has words outside the vocabulary.
            SchemaError: broken turns, or more of them at once than there are channels.
        """
        features, lengths = padded([self.layout.features(samples) for samples in recordings])
        targets = [
            channel_targets(reference, self.vocabulary, self.layout, n_frames=n_frames, n_channels=self.n_channels)
            for reference, n_frames in zip(references, lengths.tolist(), strict=True)
        ]
        return {"features": features, "feature_lengths": lengths, **batched(targets, n_frames=features.shape[1])}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities at the packed points of a recording's lattices, the first channel's, then the next one's.

        The others are "flops" (n, frames), "activity" scores (n, frames, n_channels), "ctc" (n, n_channels, frames, n_symbols).
        """
        self.module.count_pass()
        n = len(batch["features"])
        encoded = self.module.encoder(batch["features"], self.module.encoder.start(n))
        log_probs, lengths = self.module.points(encoded.steps, self._row_steps(batch), *_rows(batch, "targets", "target_lengths"))
        others = {"flops": encoded.flops, "activity": encoded.activity}
        if self.module.ctc is not None:
            others["ctc"] = self.module.ctc(encoded.steps).float().log_softmax(dim=-1).unflatten(0, (n, -1))
        return Outputs(log_probs=log_probs, lengths=lengths, others=others)

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """-log p(all turns | recording), summed over channels and alignments, float32 (n,) [nats].

        While it is trained, FastEmit acts on the gradient, and each alignment counts less by its penalty on late or early ends.
        """
        steps = self._row_steps(batch)
        targets, labels = _rows(batch, "targets", "target_lengths")
        lattice = unpacked(outputs.log_probs, steps=steps, labels=labels, n_labels=targets.shape[1])
        settings, bias = self.settings, None
        if self.module.training and (settings.late_weight or settings.early_weight):
            ends = batch["turn_ends"].flatten(0, 1)
            bias = end_bias(ends, n_frames=lattice.shape[1], frame_s=self.layout.frame_s, settings=settings)
        losses = transducer_loss(
            lattice, targets, steps, labels, blank=BLANK, fastemit=self._fastemit, label_bias=bias, reduction="none"
        )
        return losses.view(-1, self.n_channels).sum(dim=1)

    def auxiliary_losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """Of the second output, mean of the channels, and of where each channel speaks: float32 (n,), weights included."""
        frames, activity = batch["feature_lengths"], batch["activity"]
        added = torch.zeros(len(frames), device=frames.device)
        if "ctc" in outputs.others:
            targets, labels = _rows(batch, "targets", "target_lengths")
            log_probs = outputs.others["ctc"].flatten(0, 1)
            paths = second_losses(log_probs, steps=self._row_steps(batch), targets=targets, target_lengths=labels)
            added = added + self.settings.ctc_weight * paths.view(-1, self.n_channels).mean(dim=1)
        known = activity != UNKNOWN
        wrong = torch.nn.functional.binary_cross_entropy_with_logits(
            outputs.others["activity"].float(), activity.clamp(min=0), reduction="none"
        )
        mean = torch.where(known, wrong, 0.0).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
        return added + self.settings.activity_weight * mean

    def auxiliary_parameters(self) -> frozenset[str]:
        """Those of the second output, and of where each channel speaks."""
        return self._below("ctc", "encoder.activity")

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Symbols of all channels, marks included, int64 (n,); 1 for silence."""
        return batch["target_lengths"].sum(dim=1).clamp(min=1)

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with the targets of every channel replaced by a draw; when its turns end is then not known."""
        features = batch["features"]
        with evaluating(self.module), torch.no_grad():
            steps = self.module.encoder(features, self.module.encoder.start(len(features))).steps
            choose = drawn(torch.Generator().manual_seed(seed))
            search = SymbolBySymbol(self.module, n=len(steps), most=self.settings.symbols_per_frame, choose=choose)
            search.push(steps, self._row_steps(batch))
        return {**batch, **self._as_targets(search.written(), like=batch["targets"])}

    def _as_targets(self, written: list[list[Written]], *, like: torch.Tensor) -> dict[str, torch.Tensor]:
        from fairasr.models.ctc_paths import padded_targets

        drawn_targets = padded_targets([[one.symbol for one in own] for own in written])
        both = {name: tensor.view(-1, self.n_channels, *tensor.shape[1:]).to(like.device) for name, tensor in drawn_targets.items()}
        return {**both, "turn_ends": torch.full_like(both["targets"], UNKNOWN)}

    def _read(self, written: list[Written]) -> str:
        return write_turns(turns_of(written, self.vocabulary, self.layout))

    def _row_steps(self, batch: Batch) -> torch.Tensor:
        """Frames of each channel of each recording, int64 (n * n_channels,)."""
        return batch["feature_lengths"].repeat_interleave(self.n_channels)


def _rows(batch: Batch, *names: str) -> tuple[Any, ...]:
    """Parts of a batch with a row for each channel of each recording."""
    return tuple(batch[name].flatten(0, 1) for name in names)
