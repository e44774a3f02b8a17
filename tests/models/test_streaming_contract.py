"""The contract of recognisers on a streaming transducer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from streaming_stand_in import StandIn, stand_in
from trainable_contract import TrainableContract, voice

from fairasr.models import Trainable


def transducer_by_recursion(log_probs: np.ndarray, target: list[int], *, n_frames: int) -> float:
    """-log p by the forward recursion, point by point, float64; packed points (n_frames * (labels + 1), n_symbols), blank 0."""
    n_positions = len(target) + 1
    reached = np.full((n_frames, n_positions), -np.inf)
    for t in range(n_frames):
        for u in range(n_positions):
            ways = [0.0] if t == u == 0 else []
            if t:
                ways.append(reached[t - 1, u] + log_probs[(t - 1) * n_positions + u, 0])
            if u:
                ways.append(reached[t, u - 1] + log_probs[t * n_positions + u - 1, target[u - 1]])
            reached[t, u] = np.logaddexp.reduce(ways)
    return -float(reached[-1, -1] + log_probs[-1, 0])


class TestTransducerHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((4_500, 8_000, 2_500, 6_173)))
    references = ("Hello, you", "o'clock", "all you", "")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
        folder = tmp_path_factory.mktemp("transducer")
        stand_in(cls.references).save(folder)
        return StandIn.load(folder)

    def load(self, folder: Path) -> Trainable:
        return StandIn.load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """By the recursion over what is said of the recording alone."""
        words = sorted({word for text in self.references for word in text.lower().replace(",", "").split()})
        target = [1 + words.index(word) for word in reference.lower().replace(",", "").split()]
        with torch.no_grad():
            batch = model.batch([recording], [reference])
            outputs = model.outputs(batch)
        return transducer_by_recursion(outputs.log_probs[0].double().numpy(), target, n_frames=int(batch["feature_lengths"][0]))


class TestCharactersHoldTheContract(TestTransducerHoldsTheContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> Trainable:
        return stand_in(cls.references, units="characters", ctc_weight=0.0, beam=2, symbols_per_frame=2)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        letters = sorted({letter for text in self.references for letter in text.lower() if letter != ","})
        target = [1 + letters.index(letter) for letter in reference.lower() if letter != ","]
        with torch.no_grad():
            batch = model.batch([recording], [reference])
            outputs = model.outputs(batch)
        return transducer_by_recursion(outputs.log_probs[0].double().numpy(), target, n_frames=int(batch["feature_lengths"][0]))
