"""A small Conformer (Gulati et al. 2020, arXiv 2005.08100) with a CTC output, made to be trained on two cores.

It differs from the paper where an utterance's result would depend on its batch or its padding, or where that is cheaper: layer
norm instead of batch norm in the convolution module, rotary instead of relative sinusoidal positions, convolutions over time alone
in front. Steps after an utterance's end are zero before every convolution and masked in attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn

from fairasr.models.attention import RotaryAttention
from fairasr.models.settings import number_problems, require_settings, settings_from, size_problems
from fairasr.models.subsampling import Subsampling, within


@dataclass(frozen=True, kw_only=True)
class ConformerSettings:
    """Size of a Conformer.

    Attributes:
        n_mels: bands of the log-mel features.
        d_model: channels of a step.
        n_blocks: blocks.
        n_heads: attention heads; d_model / n_heads is even.
        expansion: hidden channels of a feed-forward module, in d_model.
        kernel: steps of 40 ms that the convolution module looks at; odd.
        dropout: of the input of the first block and of what every module adds. None within modules: drawing it there costs a
            fifth of a training step.

    Raises:
        ModelError: sizes that do not fit together.
    """

    n_mels: int = 40
    d_model: int = 96
    n_blocks: int = 4
    n_heads: int = 4
    expansion: int = 4
    kernel: int = 15
    dropout: float = 0.1

    def __post_init__(self) -> None:
        wrong = size_problems(self, "n_mels", "d_model", "n_blocks", "n_heads", "expansion", "kernel")
        if not wrong and self.d_model % (2 * self.n_heads):
            wrong.append(f"d_model {self.d_model} is no even multiple of n_heads {self.n_heads}")
        if not wrong and self.kernel % 2 == 0:
            wrong.append(f"kernel {self.kernel} is not odd")
        require_settings([*wrong, *number_problems(self, "dropout", below=1)], what="the Conformer")


def conformer_settings(settings: Mapping[str, Any]) -> ConformerSettings:
    """`ConformerSettings` from plain data; what is not given has its default.

    Raises:
        ModelError: there is no such setting, or sizes do not fit together.
    """
    return settings_from(ConformerSettings, settings, what="a Conformer")


class ConformerCTC(nn.Module):
    """Log-mel frames to scores of symbols, one step each 40 ms.

    Args:
        settings: its size.
        n_symbols: numbers of the vocabulary, the blank among them.
    """

    def __init__(self, settings: ConformerSettings, *, n_symbols: int) -> None:
        super().__init__()
        self.subsampling = Subsampling(settings.n_mels, settings.d_model)
        self.dropout = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList(ConformerBlock(settings) for _ in range(settings.n_blocks))
        self.output = nn.Linear(settings.d_model, n_symbols)

    @classmethod
    def initialised(cls, settings: ConformerSettings, *, n_symbols: int, seed: int) -> Self:
        """A Conformer with random weights, in eval mode: same seed, same weights; no global random state is read or changed."""
        # Built without memory first, so that torch draws nothing from its global generator.
        with torch.device("meta"):
            module = cls(settings, n_symbols=n_symbols)
        module.to_empty(device="cpu")
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in module.modules():
                if isinstance(layer, nn.LayerNorm):
                    nn.init.ones_(layer.weight)
                    nn.init.zeros_(layer.bias)
                elif isinstance(layer, (nn.Linear, nn.Conv1d)):
                    width = layer.weight[0].numel() ** -0.5
                    nn.init.uniform_(layer.weight, -width, width, generator=generator)
                    if layer.bias is not None:
                        nn.init.zeros_(layer.bias)
        return module.eval()

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores before any softmax, float (n, steps, n_symbols), and how many steps are of each utterance, int64 (n,).

        Args:
            features: float (n, frames, n_mels).
            lengths: frames of each utterance, int64 (n,), at least 1.
        """
        hidden, lengths = self.subsampling(features, lengths)
        inside = within(lengths, hidden.shape[1])
        hidden = self.dropout(hidden)
        for block in self.blocks:
            hidden = block(hidden, inside)
        return self.output(hidden), lengths


class ConformerBlock(nn.Module):
    """Half a feed-forward module, attention, convolution, half a feed-forward module, each around a residual path."""

    def __init__(self, settings: ConformerSettings) -> None:
        super().__init__()
        d_model, dropout = settings.d_model, settings.dropout
        self.feed_forward_before = FeedForward(d_model, settings.expansion, dropout)
        self.attention_norm = nn.LayerNorm(d_model)
        self.attention = RotaryAttention(d_model, settings.n_heads)
        self.convolution = Convolution(d_model, settings.kernel, dropout)
        self.feed_forward_after = FeedForward(d_model, settings.expansion, dropout)
        self.norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Steps (n, steps, d_model) to steps; `inside` is bool (n, steps)."""
        hidden = hidden + 0.5 * self.feed_forward_before(hidden)
        hidden = hidden + self.dropout(self.attention(self.attention_norm(hidden), inside))
        hidden = hidden + self.convolution(hidden, inside)
        hidden = hidden + 0.5 * self.feed_forward_after(hidden)
        return self.norm(hidden)  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """Norm, wider layer, SiLU, back."""

    def __init__(self, d_model: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.wider = nn.Linear(d_model, expansion * d_model)
        self.back = nn.Linear(expansion * d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Steps (n, steps, d_model) to steps."""
        return self.dropout(self.back(nn.functional.silu(self.wider(self.norm(hidden)))))  # type: ignore[no-any-return]


class Convolution(nn.Module):
    """Norm, gated linear unit, depthwise convolution over steps, norm, SiLU, linear."""

    def __init__(self, d_model: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.gated = nn.Linear(d_model, 2 * d_model)
        self.depthwise = nn.Conv1d(d_model, d_model, kernel, padding=kernel // 2, groups=d_model)
        self.depthwise_norm = nn.LayerNorm(d_model)
        self.output = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Steps (n, steps, d_model) to steps; what is not `inside`, bool (n, steps), is 0 for its neighbours."""
        gated = nn.functional.glu(self.gated(self.norm(hidden))) * inside[:, :, None]
        convolved = self.depthwise(gated.transpose(1, 2)).transpose(1, 2)
        return self.dropout(self.output(nn.functional.silu(self.depthwise_norm(convolved))))  # type: ignore[no-any-return]
