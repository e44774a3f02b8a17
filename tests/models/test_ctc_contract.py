"""The contract of recognisers on our own Conformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from trainable_contract import TrainableContract, forward_algorithm, voice

from fairasr.models import Trainable, load
from fairasr.models.conformer import ConformerSettings
from fairasr.models.ctc import CTCRecognizer
from fairasr.models.vocabulary import BLANK, Vocabulary


class TestConformerHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((9_000, 16_000, 5_000, 12_345)))
    references = ("Hello, you", "o'clock", "all", "")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
        settings = ConformerSettings(n_mels=20, d_model=16, n_blocks=1, n_heads=2)
        folder = tmp_path_factory.mktemp("conformer")
        CTCRecognizer.initialised(vocabulary=Vocabulary.of(cls.references), seed=0, settings=settings).save(folder)
        return load(folder)

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """By the forward algorithm over what is said of the recording alone."""
        letters = sorted({letter for text in self.references for letter in text.lower() if letter != ","})
        target = [1 + letters.index(letter) for letter in reference.lower() if letter != ","]
        with torch.no_grad():
            log_probs = model.outputs(model.batch([recording], [""])).log_probs[0]
        return forward_algorithm(log_probs.double().numpy(), target, blank=BLANK)
