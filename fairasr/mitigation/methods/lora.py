"""LoRA: low-rank additions to the linear layers are trained, and merged into them at the end (Hu et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from fairasr.core.errors import MissingExtraError
from fairasr.mitigation.base import Simple
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData

WRAPPED = ".base_layer."
"""What peft puts into the name of a layer's own weights."""


@dataclass(frozen=True, kw_only=True)
class LoRA(Simple):
    """Freeze the model and train W + (alpha / rank) B A in its linear layers (Hu et al. 2021, arXiv 2106.09685, eq. 3).

    A is drawn by the seed and B starts at 0, so training starts at the base model. What is measured and saved has the base model's
    architecture: the additions are merged.

    Attributes:
        rank: of the additions.
        alpha: scale; the addition is multiplied by alpha / rank.
        dropout: on the additions' input while training.
        targets: linear layers whose name in the module ends with one of these, whole parts between dots; empty: all of them.
            Layers whose weight is tied to another's are passed over, as the merged addition would change both.
    """

    method: ClassVar[str] = "lora"
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"rank is {self.rank}, not at least 1": self.rank >= 1,
                f"alpha is {self.alpha}, not a number above 0": 0 < self.alpha < float("inf"),
                f"dropout is {self.dropout}, not at least 0 and below 1": 0 <= self.dropout < 1,
                "targets hold an empty text": all(self.targets),
            },
        )

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there is nothing to train on, or no linear layer to add to."""
        if not linear_layers(model.module, ()):
            return "the model has no linear layers"
        if not linear_layers(model.module, self.targets):
            first = ", ".join(linear_layers(model.module, ())[:3])
            return f"no linear layer's name ends with one of {list(self.targets)} (there are {first}, ...)"
        return super().obstacle(model, data)

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone with additions, of which only they are trained.

        Raises:
            MissingExtraError: peft is not installed.
        """
        peft = _peft()
        clone = model.clone()
        settings = peft.LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=linear_layers(model.module, self.targets),
        )
        # peft draws A from the global generator; `hooks` draws it anew by the seed.
        with torch.random.fork_rng(devices=[]):
            peft.inject_adapter_in_model(settings, clone.module)
        clone.module.eval()
        return clone

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """None; A is drawn by the seed, as peft draws it: uniformly, with variance 1 / (3 * inputs)."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in _additions(model.module).values():
                first = layer.lora_A["default"].weight
                bound = first.shape[1] ** -0.5
                first.copy_(torch.empty(first.shape).uniform_(-bound, bound, generator=generator))
        return Hooks()

    def finished(self, trained: Trainable, *, base: Trainable) -> Trainable:
        """The base model's architecture with the additions merged."""
        additions = _additions(trained.module)
        weights = {name.replace(WRAPPED, "."): values for name, values in trained.module.state_dict().items()}
        merged = base.clone()
        names = merged.module.state_dict().keys()
        for name, layer in additions.items():
            weights[f"{name}.weight"] = weights[f"{name}.weight"] + layer.get_delta_weight("default").detach()
        merged.module.load_state_dict({name: weights[name] for name in names})
        return merged


def linear_layers(module: torch.nn.Module, targets: tuple[str, ...]) -> list[str]:
    """Names of the linear layers that have a weight of their own and, if there are `targets`, end with one of them."""
    uses: dict[int, int] = {}
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            uses[id(parameter)] = uses.get(id(parameter), 0) + 1
    return [
        name
        for name, part in module.named_modules()
        # Subclasses of Linear may not be called as layers (the output projection of MultiheadAttention is not).
        if type(part) is torch.nn.Linear
        and name
        and uses[id(part.weight)] == 1
        and (not targets or any(f".{name}".endswith(f".{target}") for target in targets))
    ]


def _additions(module: torch.nn.Module) -> dict[str, Any]:
    """Layers that have an addition, by the name of the layer added to."""
    return {name: part for name, part in module.named_modules() if hasattr(part, "lora_A") and hasattr(part, "get_delta_weight")}


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError('LoRA needs peft: pip install "fairasr[train]"') from error
    return peft
