"""What a trained recogniser does on the test part: errors and words of each recording or turn, and what was computed for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fairasr.mitigating.job import CorpusChoice
from fairasr.mitigating.spoken import Spoken, read_spoken
from fairasr.mixtures import score_turns
from fairasr.models import transcribe_manifest
from fairasr.models.hugging_face import evaluating
from fairasr.models.streaming.segmenter import SeparatorTransducerSegmenter
from fairasr.scoring import score

ACTIVE_SHARE = 0.1
"""A frame is speech where its level is above this share of the recording's loudest frame: strings of digits have silent gaps."""


def measured_strings(model: Any, test: CorpusChoice, *, sample_rate_hz: int) -> dict[str, Any]:
    """Word errors and words of each string, and floating-point operations where the model chooses what to compute."""
    spoken = read_spoken(test, sample_rate_hz=sample_rate_hz, seed=0)
    heard = transcribe_manifest(model, spoken.manifest, spoken.recordings)
    counts = score(spoken.manifest, heard.hypotheses, normaliser="basic", missing="deletions")
    recordings = [spoken.recordings.read(row) for row in range(len(spoken.manifest))]
    spent = model.compute(recordings)
    full = model.module.encoder.full_flops
    frames = np.array([model.layout.n_frames(len(samples)) for samples in recordings])
    found: dict[str, Any] = {
        "wer": counts.rate,
        "compute_share": float(sum(one.encoder for one in spent) / (full * frames.sum())),
        "encoder_mflop_per_s": float(sum(one.encoder for one in spent) / sum(one.audio_s for one in spent) / 1e6),
        "total_mflop_per_s": float(sum(one.total for one in spent) / sum(one.audio_s for one in spent) / 1e6),
        "strings": {
            "utterance_id": counts.table["cell"].tolist(),
            "errors": counts.numerators.tolist(),
            "words": counts.denominators.tolist(),
            "speaker": counts.table["speaker_id"].tolist(),
        },
        "compute": {
            "utterance_id": spoken.manifest.table["utterance_id"].tolist(),
            "speaker": spoken.manifest.table["speaker_id"].tolist(),
            "encoder_flops": [one.encoder for one in spent],
            "audio_s": [one.audio_s for one in spent],
        },
    }
    if hasattr(model, "open_gates"):
        found["gate_rate"] = _gate_rates(model, spoken, recordings)
    return found


def measured_turns(model: Any, test: CorpusChoice, *, mixtures: Path, sample_rate_hz: int) -> dict[str, Any]:
    """ORC-WER, turns counted and lost, latencies, by band of overlap; errors and words of each turn."""
    spoken = read_spoken(replace(test, source=mixtures / "mixtures.csv"), sample_rate_hz=sample_rate_hz, seed=0)
    heard = transcribe_manifest(model, spoken.manifest, spoken.recordings)
    corpus = replace(spoken.corpus, systems=(heard.hypotheses,))
    scored = score_turns(corpus, turns=mixtures / "turns.csv", missing="deletions")
    table = scored.table
    found: dict[str, Any] = {
        "wer": scored.metrics[0].orc_wer,
        "bands": [vars(metrics) | {"orc_wer": metrics.orc_wer} for metrics in scored.metrics],
        "turns": {
            name: table[name].tolist() for name in ("mixture_id", "speaker_id", "overlap_band", "n_ref_words", "n_errors", "lost")
        },
    }
    if isinstance(model, SeparatorTransducerSegmenter):
        found["activity"] = _activity(model, spoken)
    return found


def _activity(model: SeparatorTransducerSegmenter, spoken: Spoken) -> dict[str, float]:
    """How well the frames are found in which each channel speaks: F1 of both channels, and of saying that both always do."""
    said, true = [], []
    references = spoken.manifest.table["reference"]
    with evaluating(model.module), torch.no_grad():
        for row, reference in enumerate(references):
            batch = model.batch([spoken.recordings.read(row)], [reference])
            encoded = model.module.encoder(batch["features"], model.module.encoder.start(1))
            said.append(encoded.activity[0] > 0)
            true.append(batch["activity"][0] > 0)
    guesses, truth = torch.cat(said), torch.cat(true)
    hits = float((guesses & truth).sum())
    return {
        "f1": 2 * hits / float(guesses.sum() + truth.sum()),
        "f1_always": 2 * float(truth.sum()) / float(truth.numel() + truth.sum()),
    }


def _gate_rates(model: Any, spoken: Spoken, recordings: list[np.ndarray]) -> dict[str, float]:
    """Share of open gates in frames with speech and in others."""
    speech, pauses = [], []
    layout = model.layout
    for samples, gates in zip(recordings, model.open_gates(recordings), strict=True):
        filled = np.zeros(layout.frame_samples * len(gates))
        filled[: min(len(samples), len(filled))] = samples[: len(filled)]
        levels = np.abs(filled).reshape(len(gates), -1).mean(axis=1)
        loud = levels > ACTIVE_SHARE * levels.max()
        speech.append(gates[loud].reshape(-1))
        pauses.append(gates[~loud].reshape(-1))
    return {"speech": float(np.concatenate(speech).mean()), "pauses": float(np.concatenate(pauses).mean())}
