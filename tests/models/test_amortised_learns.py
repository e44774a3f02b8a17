"""The compute-amortised transducer learns to recognise, and to do so with less: words made of tones, twenty seconds of one core."""

from __future__ import annotations

import torch
from tone_words import RATE_HZ, corpus

from fairasr.models.streaming.amortised import AmortisedTransducer

N_PASSES = 240
ENCODER = {"d_model": 64, "d_feed_forward": 256, "n_layers": 3, "window": 17, "anneal_passes": N_PASSES}
SETTINGS = {"n_mels": 24, "compute_weight": 3.0, "compute_ramp": (N_PASSES // 4, N_PASSES // 2), "encoder": ENCODER}


def test_it_learns_words_and_stops_computing_what_they_do_not_need() -> None:
    recordings, references = corpus(600, seed=0)
    model = AmortisedTransducer.of(references, settings=SETTINGS, sample_rate_hz=RATE_HZ, name="tones", seed=0)
    optimiser = torch.optim.Adam(model.module.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, N_PASSES)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    model.module.train()
    for _ in range(N_PASSES):
        rows = torch.randint(len(recordings), (16,), generator=generator).tolist()
        batch = model.batch([recordings[row] for row in rows], [references[row] for row in rows])
        outputs = model.outputs(batch)
        per_symbol = model.losses(outputs, batch) / model.target_lengths(batch)
        optimiser.zero_grad()
        (per_symbol + model.auxiliary_losses(outputs, batch)).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    model.module.eval()
    others, said = corpus(60, seed=1)
    n_right = sum(heard == own for heard, own in zip(model.transcribe(others), said, strict=True))
    spent = sum(own.encoder for own in model.compute(others))
    n_frames = sum(model.layout.n_frames(len(samples)) for samples in others)
    # Seen: 52 of 60, and 54 % of the full computation; all gates open take 99 %, since windows are short at first.
    assert n_right >= 40
    assert spent / (n_frames * model.module.encoder.full_flops) < 0.75
