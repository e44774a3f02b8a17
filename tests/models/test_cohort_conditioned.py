"""A recogniser that is told cohorts holds the contract of every `Trainable`, whatever its base. What it tells: tests/mitigation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_hugging_face import ctc_folder
from trainable_contract import TrainableContract, voice

from fairasr.models import Trainable, load
from fairasr.models.cohort_conditioned import CohortConditioned
from fairasr.models.conformer import ConformerSettings
from fairasr.models.ctc import CTCRecognizer
from fairasr.models.vocabulary import Vocabulary


class ToldContract(TrainableContract):
    """Cohorts unknown, which is a vector like the others: what it adds to each frame, a bias could add."""

    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((9_000, 16_000, 5_000, 12_345)))
    references = ("a bad face", "gag", "head", "")

    @classmethod
    def base(cls, place: Path) -> Trainable:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> CohortConditioned:
        model = CohortConditioned(cls.base(tmp_path_factory.mktemp("models")), labels=["north", "south"])
        generator = torch.Generator().manual_seed(0)
        for name in ("embedding", "projection"):
            parameter = model.module.get_parameter(name)
            parameter.data = torch.randn(parameter.shape, generator=generator)
        return model

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        assert isinstance(model, CohortConditioned)
        base = model._base.clone()
        added = model.module.get_parameter("projection") @ model.module.get_parameter("embedding")[0]
        base.module.get_parameter(f"{base.frame_layer}.bias").data += added
        batch = base.batch([recording], [reference])
        return base.losses(base.outputs(batch), batch).item()


class TestToldConformer(ToldContract):
    @classmethod
    def base(cls, place: Path) -> Trainable:
        settings = ConformerSettings(n_mels=8, d_model=16, n_blocks=1, n_heads=2, kernel=3)
        return CTCRecognizer.initialised(vocabulary=Vocabulary.of(["abcd efgh"]), settings=settings, seed=5)


class TestToldWav2Vec2ThatTakesRecordingsOneByOne(ToldContract):
    @classmethod
    def base(cls, place: Path) -> Trainable:
        return load(ctc_folder(place / "tiny", config_class="Wav2Vec2Config", feat_extract_norm="group"))
