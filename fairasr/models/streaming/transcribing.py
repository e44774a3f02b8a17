"""What every streaming transducer can do once it is there: transcribe files and streams, and say what that took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fairasr.models.hugging_face import device_of
from fairasr.models.log_mel import padded
from fairasr.models.streaming.beam import BeamSearch
from fairasr.models.streaming.compute import ComputeSpent, compute_spent
from fairasr.models.streaming.frames import FrameLayout
from fairasr.models.streaming.hearing import Hearing
from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.search import Search, SymbolBySymbol, Written
from fairasr.models.streaming.settings import TransducerSettings
from fairasr.models.streaming.stream import Stream
from fairasr.models.vocabulary import Vocabulary
from fairasr.models.word_vocabulary import WordVocabulary

BATCH_S = 160.0
"""Seconds of padded audio transcribed at once."""
CHUNK_FRAMES = 500
"""Frames of each recording that the encoder is given at once while transcribing, 15 s: memory does not grow with the length."""


class StreamingTranscriber:
    """A network, and what is needed to read recordings and to write text.

    Args:
        module: the network.
        settings: all but the encoder's.
        settings_of_encoder: of its encoder's own kind.
        vocabulary: what it writes.
        sample_rate_hz: of the recordings it wants.
        name: of the model, as it stands in reports.
    """

    def __init__(
        self,
        module: TransducerNetwork,
        *,
        settings: TransducerSettings,
        settings_of_encoder: Any,
        vocabulary: Vocabulary | WordVocabulary,
        sample_rate_hz: int,
        name: str,
    ) -> None:
        self.module = module
        self.settings = settings
        self.settings_of_encoder = settings_of_encoder
        self.vocabulary = vocabulary
        self.sample_rate_hz = sample_rate_hz
        self.name = name
        self.layout = FrameLayout(n_mels=settings.n_mels, sample_rate_hz=sample_rate_hz)

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording; "" where nothing was heard. Of any length, with memory for the features and one chunk."""
        texts = [""] * len(recordings)
        for places, hearing in self._heard(recordings):
            for place, text in zip(places, hearing.texts(), strict=True):
                texts[place] = text
        return texts

    def compute(self, recordings: Sequence[np.ndarray]) -> list[ComputeSpent]:
        """What transcribing each recording takes; a beam of several hypotheses takes more of predictor and joint network."""
        spent: dict[int, ComputeSpent] = {}
        for places, hearing in self._heard(recordings):
            for place, encoder_flops, written in zip(places, hearing.encoder_flops(), hearing.written(), strict=True):
                n_samples = len(recordings[place])
                spent[place] = compute_spent(
                    self.module,
                    encoder_flops=encoder_flops,
                    n_frames=self.layout.n_frames(n_samples),
                    n_written=len(written),
                    audio_s=n_samples / self.sample_rate_hz,
                )
        return [spent[place] for place in range(len(recordings))]

    def stream(self) -> Stream:
        """A recording to be heard while it is spoken."""
        return Stream(self)

    def hearing(self, n: int) -> Hearing:
        """`n` recordings of which nothing is heard yet."""
        return Hearing(self.module, n=n, search=lambda: self._search(n, n_channels=self.module.encoder.n_channels), read=self._read)

    def _search(self, n: int, *, n_channels: int) -> Search:
        rows, most, width = n * n_channels, self.settings.symbols_per_frame, self.settings.beam
        if width == 1:
            return SymbolBySymbol(self.module, n=rows, most=most, n_channels=n_channels)
        return BeamSearch(self.module, n=rows, most=most, width=width, n_channels=n_channels)

    def _read(self, written: list[Written]) -> str:
        return self.vocabulary.decode([own.symbol for own in written])

    def _heard(self, recordings: Sequence[np.ndarray]) -> Iterator[tuple[list[int], Hearing]]:
        """Places of some recordings of similar length, and what is heard of them: chunk by chunk to the end."""
        device = device_of(self.module)
        for places in _by_length([len(samples) for samples in recordings], most=BATCH_S * self.sample_rate_hz):
            features, lengths = padded([self.layout.features(recordings[place]) for place in places])
            hearing = self.hearing(len(places))
            for start in range(0, features.shape[1], CHUNK_FRAMES):
                chunk = features[:, start : start + CHUNK_FRAMES]
                hearing.push(chunk.to(device), (lengths - start).clamp(min=0, max=chunk.shape[1]).to(device))
            yield places, hearing


def _by_length(lengths: Sequence[int], *, most: float) -> Iterator[list[int]]:
    """Places of recordings of similar length, padded at most `most` long together (one alone may be longer)."""
    places: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if places and lengths[place] * (len(places) + 1) > most:
            yield places
            places = []
        places.append(place)
    if places:
        yield places
