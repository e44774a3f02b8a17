"""Kronecker-factored Fisher information of linear and convolutional layers (Martens & Grosse 2015; Grosse & Martens 2016)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from fairasr.mitigation.fisher import add_squares, complete, require_rows
from fairasr.mitigation.gradients import Progress, likelihood_gradients
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable
from fairasr.training import TrainingData


@dataclass(frozen=True, kw_only=True)
class Factors:
    """The block of one layer: F[(i, j), (k, l)] = outputs[i, k] * inputs[j, l] for its weights W (n_out, n_in).

    Attributes:
        inputs: Q, float32 (n_in, n_in); the last row and column are of the bias if there is one.
        outputs: H, float32 (n_out, n_out).
    """

    inputs: torch.Tensor
    outputs: torch.Tensor

    @property
    def diagonal_sum(self) -> float:
        """Sum of the diagonal of the whole block."""
        return float(self.inputs.trace()) * float(self.outputs.trace())

    @property
    def n_parameters(self) -> int:
        """Weights and biases of the layer."""
        return len(self.inputs) * len(self.outputs)


@dataclass(frozen=True, kw_only=True)
class KroneckerFisher:
    """Fisher information: a block of each layer, and the diagonal of all other parameters.

    Attributes:
        layers: layer -> its factors; they cover its weight and, if it is trained, its bias.
        diagonal: parameter -> F of the others, as in `Fisher`.
        variant: how it was estimated.
        n_utterances: utterances it is the mean over.
    """

    layers: dict[str, Factors]
    diagonal: dict[str, torch.Tensor]
    variant: Literal["empirical", "sample"]
    n_utterances: int

    @property
    def raw_mean(self) -> float:
        """Mean of the whole matrix' diagonal, before any normalisation."""
        total = sum(factors.diagonal_sum for factors in self.layers.values())
        total += sum(float(values.sum(dtype=torch.float64)) for values in self.diagonal.values())
        n = sum(factors.n_parameters for factors in self.layers.values())
        return total / (n + sum(values.numel() for values in self.diagonal.values()))

    def normalised(self) -> KroneckerFisher:
        """Divided by that mean, so that strengths compare with those of EWC."""
        mean = self.raw_mean
        return KroneckerFisher(
            layers={name: Factors(inputs=one.inputs, outputs=one.outputs / mean) for name, one in self.layers.items()},
            diagonal={name: values / mean for name, values in self.diagonal.items()},
            variant=self.variant,
            n_utterances=self.n_utterances,
        )

    def tensors(self) -> dict[str, torch.Tensor]:
        """As flat names and tensors, for a file."""
        parts = {f"diagonal {name}": values for name, values in self.diagonal.items()}
        for name, factors in self.layers.items():
            parts |= {f"inputs {name}": factors.inputs, f"outputs {name}": factors.outputs}
        return parts

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, torch.Tensor], *, variant: Literal["empirical", "sample"], n_utterances: int
    ) -> KroneckerFisher:
        """What `tensors` gave."""
        parts: dict[str, dict[str, torch.Tensor]] = {"diagonal": {}, "inputs": {}, "outputs": {}}
        for name, values in tensors.items():
            kind, _, rest = name.partition(" ")
            parts[kind][rest] = values
        layers = {name: Factors(inputs=values, outputs=parts["outputs"][name]) for name, values in parts["inputs"].items()}
        return cls(layers=layers, diagonal=parts["diagonal"], variant=variant, n_utterances=n_utterances)


def kronecker_fisher(
    model: Trainable,
    data: TrainingData,
    rows: np.ndarray,
    *,
    variant: Literal["empirical", "sample"],
    seed: int,
    largest: int,
    progress: Progress | None = None,
) -> KroneckerFisher:
    """Kronecker-factored Fisher information at the model's present weights.

    A layer's gradient of an utterance is the sum over its frames of g a^T, a being the layer's input in a frame (with a 1 for the
    bias) and g the gradient of the utterance's log p by its output there. Frames are taken as independent of each other and g as
    independent of a (Grosse & Martens 2016, arXiv 1602.01407, section 3), which gives

        F = Q (x) H,   Q = (1 / utterances) sum over frames of a a^T,   H = (1 / frames) sum over frames of g g^T

    With one frame an utterance these are the two expectations of Martens & Grosse (2015, arXiv 1503.05671).

    Args:
        model: whose trainable parameters are covered.
        data: the utterances.
        rows: int (n,): of the general population.
        variant: as of `fisher_diagonal`.
        seed: of the draws of "sample".
        largest: a layer with more inputs or outputs than this gets the diagonal, as does everything that is no linear or ungrouped
            convolutional layer with a weight of its own.
        progress: called with (done, total) utterances.

    Raises:
        TrainingError: as `fisher_diagonal`.
    """
    require_rows(rows)
    names = list(trainable_parameters(model.module))
    sums: dict[str, torch.Tensor] = {}
    with _watched(model.module, largest) as watches:
        for n, gradients in likelihood_gradients(model, data, rows, variant=variant, seed=seed, progress=progress):
            add_squares(sums, names, gradients, weight=n / len(rows))
    diagonal = complete(sums, model, len(rows))
    layers = {}
    for name, watch in watches.items():
        if watch.n_frames:
            layers[name] = Factors(inputs=watch.inputs.cpu() / len(rows), outputs=watch.outputs.cpu() / watch.n_frames)
            for parameter in ("weight", "bias"):
                diagonal.pop(f"{name}.{parameter}", None)
    return KroneckerFisher(layers=layers, diagonal=diagonal, variant=variant, n_utterances=len(rows))


@dataclass
class _Watch:
    """Sums of one layer over all frames seen."""

    bias: bool
    n_frames: int = 0
    inputs: torch.Tensor = field(default_factory=lambda: torch.zeros(()))
    outputs: torch.Tensor = field(default_factory=lambda: torch.zeros(()))

    def forward(self, layer: torch.nn.Module, arguments: tuple[Any, ...], output: torch.Tensor) -> None:
        # A model that draws its own targets also runs without gradients; those frames are not counted.
        if not output.requires_grad:
            return
        inputs = _input_frames(layer, arguments[0].detach())
        if self.bias:
            inputs = torch.cat([inputs, inputs.new_ones(len(inputs), 1)], dim=1)
        output.register_hook(lambda gradient: self.backward(inputs, _output_frames(layer, gradient)))  # type: ignore[no-untyped-call]

    def backward(self, inputs: torch.Tensor, gradients: torch.Tensor) -> None:
        self.inputs = self.inputs.to(inputs.device) + inputs.T @ inputs
        self.outputs = self.outputs.to(gradients.device) + gradients.T @ gradients
        self.n_frames += len(gradients)


@contextmanager
def _watched(module: torch.nn.Module, largest: int) -> Iterator[dict[str, _Watch]]:
    """Sums of every layer that a block can be made of, filled while gradients are taken."""
    trainable = trainable_parameters(module)
    uses: dict[int, int] = {}
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            uses[id(parameter)] = uses.get(id(parameter), 0) + 1
    watches, handles = {}, []
    for name, layer in module.named_modules():
        if not _has_frames(layer):
            continue
        own = dict(layer.named_parameters(recurse=False))
        n_out, n_in = own["weight"].flatten(1).shape
        shared = any(uses[id(parameter)] > 1 for parameter in own.values())
        if shared or f"{name}.weight" not in trainable or max(n_out, n_in + 1) > largest:
            continue
        watches[name] = _Watch(bias=f"{name}.bias" in trainable)
        handles.append(layer.register_forward_hook(watches[name].forward))
    try:
        yield watches
    finally:
        for handle in handles:
            handle.remove()


def _has_frames(layer: torch.nn.Module) -> bool:
    if type(layer) is torch.nn.Linear:
        return True
    if type(layer) not in (torch.nn.Conv1d, torch.nn.Conv2d):
        return False
    return bool(layer.groups == 1 and layer.padding_mode == "zeros" and not isinstance(layer.padding, str))


def _input_frames(layer: Any, inputs: torch.Tensor) -> torch.Tensor:
    """What the layer's weights are multiplied with, one row per frame: float32 (frames, n_in)."""
    if isinstance(layer, torch.nn.Linear):
        return inputs.reshape(-1, inputs.shape[-1]).float()
    kernel, dilation, padding, stride = layer.kernel_size, layer.dilation, layer.padding, layer.stride
    if isinstance(layer, torch.nn.Conv1d):
        # unfold knows images only: a sequence is one of height 1.
        inputs = inputs.unsqueeze(-2)
        kernel, dilation, padding, stride = (1, *kernel), (1, *dilation), (0, *padding), (1, *stride)
    patches = torch.nn.functional.unfold(inputs.float(), kernel, dilation, padding, stride)
    return patches.transpose(1, 2).flatten(0, 1)


def _output_frames(layer: torch.nn.Module, gradients: torch.Tensor) -> torch.Tensor:
    """Gradients by the layer's outputs, one row per frame: float32 (frames, n_out)."""
    if isinstance(layer, torch.nn.Linear):
        return gradients.reshape(-1, gradients.shape[-1]).float()
    return gradients.flatten(2).transpose(1, 2).flatten(0, 1).float()
