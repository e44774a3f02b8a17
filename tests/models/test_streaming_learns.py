"""A streaming transducer learns words from nothing; then streams, beams and times are looked at where they mean something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from streaming_stand_in import Learner
from tone_words import RATE_HZ, corpus, spoken

from fairasr.models.streaming.stream import Stream
from fairasr.scoring.alignment import align

N_STEPS = 220


@pytest.fixture(scope="module")
def learned() -> Learner:
    recordings, references = corpus(200, seed=0)
    settings = {"n_mels": 20, "encoder": {"hidden": 48}}
    model = Learner.of(references, settings=settings, sample_rate_hz=RATE_HZ, name="learner", seed=0)
    optimiser = torch.optim.Adam(model.module.parameters(), lr=5e-3)
    rng = np.random.default_rng(0)
    model.module.train()
    for _ in range(N_STEPS):
        rows = rng.choice(len(recordings), size=16, replace=False)
        batch = model.batch([recordings[row] for row in rows], [references[row] for row in rows])
        outputs = model.outputs(batch)
        loss = (model.losses(outputs, batch) / model.target_lengths(batch) + model.auxiliary_losses(outputs, batch)).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 5.0)
        optimiser.step()
    model.module.eval()
    return model


@pytest.fixture(scope="module")
def unheard() -> tuple[list[np.ndarray], list[str]]:
    return corpus(40, seed=1)


def error_rate(references: list[str], texts: list[str]) -> float:
    aligned = [pair for said, heard in zip(references, texts, strict=True) for pair in align(reference=said, hypothesis=heard)]
    return sum(pair.reference != pair.hypothesis for pair in aligned) / sum(len(text.split()) for text in references)


def test_it_learns_words_from_nothing(learned: Learner, unheard: tuple[list[np.ndarray], list[str]]) -> None:
    recordings, references = unheard
    assert error_rate(references, learned.transcribe(recordings)) < 0.15
    assert int(learned.module.steps_trained) == N_STEPS


def test_a_stream_of_speech_hears_the_same_words(learned: Learner, unheard: tuple[list[np.ndarray], list[str]]) -> None:
    recordings = unheard[0][:3]
    texts = learned.transcribe(recordings)
    assert all(texts)
    for chunk in (33, 1_001):
        for samples, text in zip(recordings, texts, strict=True):
            stream = Stream(learned)
            for start in range(0, len(samples), chunk):
                stream.push(samples[start : start + chunk])
            assert stream.finish().text == text


def test_where_the_model_is_sure_a_beam_agrees_with_the_likeliest_symbols(
    learned: Learner, unheard: tuple[list[np.ndarray], list[str]]
) -> None:
    recordings, references = unheard[0][:20], unheard[1][:20]
    wider = learned.clone()
    wider.settings = replace(learned.settings, beam=4)
    texts, by_beam = learned.transcribe(recordings), wider.transcribe(recordings)
    assert np.mean([one == other for one, other in zip(texts, by_beam, strict=True)]) >= 0.9
    assert error_rate(references, by_beam) <= error_rate(references, texts) + 0.05


def test_a_word_is_written_while_it_is_spoken_or_soon_after(learned: Learner) -> None:
    """The first word ends about 0.05 + 4 * 0.13 s into the recording, where two seconds of silence follow it."""
    rng = np.random.default_rng(5)
    samples = np.concatenate([spoken("head", rng), 0.01 * rng.normal(size=2 * RATE_HZ).astype(np.float32)])
    stream = Stream(learned)
    stream.push(samples)
    tokens = stream.finish().tokens
    assert [token.symbol for token in tokens] == ["head"]
    assert 0.2 < tokens[0].time_s < 1.0
