"""A small speaker encoder: dilated convolutions over log-mel frames, mean and spread over time, one vector (Snyder et al. 2018).

It differs from the paper's x-vector in two points: layer norm instead of batch norm between layers; and one layer after pooling
instead of two, since no classifier over speakers follows. Vectors are centred over the batch in training, by the running mean
afterwards: uncentred, those of a fresh network all but coincide, and in a trial of ours on real speech training never parted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import nn

from fairasr.core.errors import ModelError

DILATIONS = (1, 2, 3, 1)
"""Frames between the taps of each convolution, as in the paper, which has a last one of kernel 1."""

LEAST_VARIANCE = 1e-5
"""Added to the variance over time: its root has no slope at 0."""


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """Size of a speaker encoder. The default has 0.7 million weights; `TINY` is for tests.

    Attributes:
        n_mels: bands of the log-mel features.
        channels: of every convolution.
        pooled_channels: whose mean and spread over time are taken.
        kernel: taps of a convolution; odd.
        dimension: of the vector.

    Raises:
        ModelError: a size that cannot be.
    """

    n_mels: int = 40
    channels: int = 192
    pooled_channels: int = 512
    kernel: int = 3
    dimension: int = 192

    def __post_init__(self) -> None:
        sizes = {field.name: getattr(self, field.name) for field in fields(self)}
        wrong = [
            f"{name} is {size!r}, not a whole number above 0"
            for name, size in sizes.items()
            if not isinstance(size, int) or isinstance(size, bool) or size < 1
        ]
        if not wrong and self.kernel % 2 == 0:
            wrong.append(f"kernel {self.kernel} is not odd")
        if wrong:
            raise ModelError(f"{len(wrong)} settings of the speaker encoder are wrong: {'; '.join(wrong)}. Correct them.")


TINY = EncoderSettings(n_mels=8, channels=12, pooled_channels=16, kernel=1, dimension=8)


def encoder_settings(settings: Mapping[str, Any]) -> EncoderSettings:
    """`EncoderSettings` from plain data; what is not given has its default.

    Raises:
        ModelError: there is no such setting, or a size cannot be.
    """
    known = [field.name for field in fields(EncoderSettings)]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise ModelError(
            f"{len(unknown)} of {len(settings)} settings are none of a speaker encoder (first: {unknown[0]!r}); "
            f"there are {', '.join(known)}."
        )
    return EncoderSettings(**settings)


class SpeakerTDNN(nn.Module):
    """Log-mel frames to one vector of length 1.

    Args:
        settings: its size.
    """

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        widths = [settings.n_mels, *[settings.channels] * len(DILATIONS)]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(
                inward,
                outward,
                settings.kernel,
                dilation=dilation,
                padding=dilation * (settings.kernel // 2),
            )
            for inward, outward, dilation in zip(widths[:-1], widths[1:], DILATIONS, strict=True)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(settings.channels) for _ in DILATIONS)
        self.wider = nn.Linear(settings.channels, settings.pooled_channels)
        self.output = nn.Linear(2 * settings.pooled_channels, settings.dimension)
        self.centring = nn.BatchNorm1d(settings.dimension, affine=False)

    @classmethod
    def initialised(cls, settings: EncoderSettings, *, seed: int) -> Self:
        """One with random weights, in eval mode: same seed, same weights; no global random state is read or changed."""
        # Built without memory first, so that torch draws nothing from its global generator.
        with torch.device("meta"):
            module = cls(settings)
        module.to_empty(device="cpu")
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in module.modules():
                if isinstance(layer, nn.LayerNorm):
                    nn.init.ones_(layer.weight)
                    nn.init.zeros_(layer.bias)
                elif isinstance(layer, nn.BatchNorm1d):
                    layer.reset_running_stats()
                elif isinstance(layer, (nn.Linear, nn.Conv1d)):
                    width = (3 / layer.weight[0].numel()) ** 0.5
                    nn.init.uniform_(layer.weight, -width, width, generator=generator)
                    if layer.bias is not None:
                        nn.init.zeros_(layer.bias)
        return module.eval()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Vectors of length 1, float (n, dimension), of frames, float (n, frames, n_mels); all n are of one length."""
        hidden = features
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = nn.functional.relu(norm(convolution(hidden.transpose(1, 2)).transpose(1, 2)))
        hidden = nn.functional.relu(self.wider(hidden))
        mean = hidden.mean(dim=1)
        spread = ((hidden - mean[:, None]).square().mean(dim=1) + LEAST_VARIANCE).sqrt()
        return nn.functional.normalize(self.centring(self.output(torch.cat([mean, spread], dim=1))), dim=1)
