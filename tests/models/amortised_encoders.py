"""Small amortised encoders, and ways to run them: whole or in parts, leaving blocks out or multiplying them by zero."""

from __future__ import annotations

import numpy as np
import torch

from fairasr.models.streaming.amortised_encoder import AmortisedEncoded, AmortisedEncoder
from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.gates import Arbitrator
from fairasr.models.streaming.initialising import initialised

N_FEATURES = 12
SMALL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_feed_forward": 32, "window": 5, "arbitrator_size": 4}


def made(*, seed: int = 0, kind: type[AmortisedEncoder] = AmortisedEncoder, **settings: object) -> AmortisedEncoder:
    """A small encoder; where gates are learned, about half of them are open."""
    given = AmortisedSettings(**{**SMALL, **settings})
    encoder = initialised(lambda: kind(given, n_features=N_FEATURES), seed=seed)
    for arbitrator in arbitrators(encoder):
        arbitrator.bias.data.zero_()
        arbitrator.score.weight.data.mul_(3.0)
    return encoder


def arbitrators(encoder: AmortisedEncoder) -> list[Arbitrator]:
    return [part for part in encoder.modules() if isinstance(part, Arbitrator)]


def set_scores(encoder: AmortisedEncoder, score: float) -> None:
    for arbitrator in arbitrators(encoder):
        arbitrator.score.weight.data.zero_()
        arbitrator.bias.data.fill_(score)


def heard(n: int, n_frames: int, *, seed: int = 0, n_features: int = N_FEATURES) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(n, n_frames, n_features)), dtype=torch.float32)


def whole(encoder: AmortisedEncoder, frames: torch.Tensor, *, sparse: bool = False) -> AmortisedEncoded:
    """All at once, by multiplied or by left-out blocks; without a graph."""
    with torch.set_grad_enabled(not sparse):
        encoded = encoder(frames, encoder.start(len(frames)))
    return AmortisedEncoded(encoded.steps.detach(), encoded.state, encoded.flops.detach(), encoded.gates)


def in_parts(encoder: AmortisedEncoder, frames: torch.Tensor, size: int, *, sparse: bool = True) -> AmortisedEncoded:
    state, parts = encoder.start(len(frames)), []
    for part in frames.split(size, dim=1):
        with torch.set_grad_enabled(not sparse):
            parts.append(encoder(part, state))
        state = {name: tensor.detach() for name, tensor in parts[-1].state.items()}
    joined = [torch.cat([getattr(part, name).detach() for part in parts], dim=1) for name in ("steps", "flops", "gates")]
    return AmortisedEncoded(joined[0], state, joined[1], joined[2])


def sees_the_future(encoder: AmortisedEncoder) -> bool:
    """Whether changing frames from some time on changes any bit of what was said before."""
    frames = heard(2, 40)
    before = whole(encoder, frames)
    for start in (1, 2, 9, 23, 39):
        changed = frames.clone()
        changed[:, start:] = 10 * heard(2, 40 - start, seed=start)
        after = whole(encoder, changed)
        assert not torch.equal(after.steps[:, start:], before.steps[:, start:])
        for name in ("steps", "flops", "gates"):
            if not torch.equal(getattr(after, name)[:, :start], getattr(before, name)[:, :start]):
                return True
    return False
