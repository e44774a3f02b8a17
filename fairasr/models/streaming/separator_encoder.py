"""The encoder of the separator-transducer-segmenter (Sklyar et al. 2022): one mixture in, the speech of each output channel out.

A mixture encoder, a separator of its own for every channel, and one recogniser for all of them, which is told the channel by a
label appended to every step. Of the paper we had the abstract and its lineage; sizes and residual paths of LSTM layers are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from fairasr.models.settings import number_problems, require_settings, size_problems
from fairasr.models.streaming.encoder import Encoded, State, StreamingEncoder
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.nested_state import inner, nested
from fairasr.models.streaming.residual_lstm import ResidualLSTM


@dataclass(frozen=True, kw_only=True)
class SeparatorSettings:
    """Size of the encoder.

    Attributes:
        width: channels of a step, and cells of every LSTM layer.
        n_mixture_layers: LSTM layers that hear the mixture.
        n_separator_layers: of each output channel.
        n_recogniser_layers: shared by the output channels.
        n_channels: turns that may be spoken at once.
        dropout: of what a layer adds.

    Raises:
        ModelError: sizes that cannot be.
    """

    width: int = 128
    n_mixture_layers: int = 1
    n_separator_layers: int = 1
    n_recogniser_layers: int = 2
    n_channels: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        sizes = ("width", "n_mixture_layers", "n_separator_layers", "n_recogniser_layers", "n_channels")
        problems = [*size_problems(self, *sizes), *number_problems(self, "dropout", below=1.0)]
        require_settings(problems, what="a separating encoder")


@dataclass(frozen=True)
class Separated(Encoded):
    """What the encoder makes of some frames of n mixtures; `steps` are float (n * n_channels, frames, width), a mixture's together.

    Attributes:
        activity: score of speech in each channel, before the sigmoid, float (n, frames, n_channels).
    """

    activity: torch.Tensor


class SeparatorEncoder(StreamingEncoder):
    """Frames -> mixture encoder -> a separator for each channel -> the one recogniser.

    Args:
        settings: its size.
        n_features: of a frame.
    """

    frame_layer = "input"
    frame_axis = 2

    def __init__(self, settings: SeparatorSettings, *, n_features: int) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.input = nn.Linear(n_features, width)
        self.mixture = ResidualLSTM(width, n_layers=settings.n_mixture_layers, dropout=dropout)
        self.separators = nn.ModuleList(
            ResidualLSTM(width, n_layers=settings.n_separator_layers, dropout=dropout) for _ in range(settings.n_channels)
        )
        self.activity = nn.Linear(width, 1)
        # A one-hot label appended to a step and then a linear layer: its columns for the label are this embedding.
        self.labels = nn.Embedding(settings.n_channels, width)
        self.labelled = nn.Linear(width, width)
        self.recogniser = ResidualLSTM(width, n_layers=settings.n_recogniser_layers, dropout=dropout)

    @property
    def width(self) -> int:
        """Channels of a step."""
        return self.recogniser.width

    @property
    def n_channels(self) -> int:
        """Output channels."""
        return len(self.separators)

    @property
    def full_flops(self) -> float:
        """Floating-point operations of every frame, of all channels together."""
        each = self.recogniser.flops + layer_flops(self.activity, self.labelled)
        separators = sum(separator.flops for separator in self.separators)  # type: ignore[misc]
        return layer_flops(self.input) + self.mixture.flops + separators + self.n_channels * each

    def start(self, n: int) -> State:
        """The state before the first frame of `n` mixtures."""
        parts = {"mixture": self.mixture.start(n), "recogniser": _by_mixture(self.recogniser.start(n * self.n_channels), n)}
        return nested(parts | {f"separators.{k}": self.separators[k].start(n) for k in range(self.n_channels)})  # type: ignore[operator]

    def forward(self, frames: torch.Tensor, state: State) -> Separated:
        """Steps and activity of the next frames, float (n, frames, n_features)."""
        n, n_frames = frames.shape[:2]
        parts: dict[str, State] = {}
        mixture, parts["mixture"] = self.mixture(self.input(frames), inner(state, "mixture"))
        separated = []
        for k, separator in enumerate(self.separators):
            steps, parts[f"separators.{k}"] = separator(mixture, inner(state, f"separators.{k}"))
            separated.append(steps)
        each = torch.stack(separated, dim=1)
        labelled = self.labelled(each) + self.labels.weight[:, None, :]
        rows = labelled.reshape(n * self.n_channels, n_frames, self.width)
        steps, after = self.recogniser(rows, _by_row(inner(state, "recogniser")))
        parts["recogniser"] = _by_mixture(after, n)
        return Separated(
            steps=steps,
            state=nested(parts),
            flops=torch.full((), self.full_flops, device=steps.device).expand(n, n_frames),
            activity=self.activity(each).squeeze(-1).transpose(1, 2),
        )


def _by_mixture(state: State, n: int) -> State:
    """State of n * n_channels rows as that of n mixtures."""
    return {name: tensor.view(n, -1, *tensor.shape[1:]) for name, tensor in state.items()}


def _by_row(state: State) -> State:
    """And back."""
    return {name: tensor.flatten(0, 1) for name, tensor in state.items()}
