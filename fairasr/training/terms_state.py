"""The state of the methods' terms that learn as they go (group weights, an adversary), for checkpoints."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from fairasr.training.base import HasState, Hooks

PLACES = ("reduce", "penalty")


def terms_state(hooks: Hooks) -> dict[str, torch.Tensor]:
    """State of the terms that have one, "reduce.<name>" and "penalty.<name>"; copies, which later steps do not change."""
    state: dict[str, torch.Tensor] = {}
    for place in PLACES:
        term = getattr(hooks, place)
        if isinstance(term, HasState):
            state |= {f"{place}.{name}": value.detach().clone() for name, value in term.state_dict().items()}
    return state


def set_terms_state(hooks: Hooks, state: Mapping[str, torch.Tensor], *, device: torch.device) -> None:
    """Give the terms their state back, on `device`."""
    for place in PLACES:
        term = getattr(hooks, place)
        if isinstance(term, HasState):
            own = f"{place}."
            term.load_state_dict(
                {name.removeprefix(own): value.to(device) for name, value in state.items() if name.startswith(own)}
            )
