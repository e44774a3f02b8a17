"""An optimiser's state as tensors and plain data, so that it needs no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def parted(state: Mapping[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """A `state_dict` of an optimiser: its tensors, named "<parameter>.<what>", and the rest, fit for JSON."""
    tensors = {}
    rest: dict[str, Any] = {}
    for parameter, own in state["state"].items():
        for what, value in own.items():
            name = f"{parameter}.{what}"
            if isinstance(value, torch.Tensor):
                tensors[name] = value
            else:
                rest[name] = value
    return tensors, {"state": rest, "param_groups": state["param_groups"]}


def joined(tensors: Mapping[str, torch.Tensor], rest: Mapping[str, Any]) -> dict[str, Any]:
    """What `parted` took apart."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **rest["state"]}.items():
        parameter, _, what = name.partition(".")
        state.setdefault(int(parameter), {})[what] = value
    # JSON knows no tuples, and `betas` is one.
    groups = [
        {key: tuple(value) if isinstance(value, list) and key != "params" else value for key, value in group.items()}
        for group in rest["param_groups"]
    ]
    return {"state": state, "param_groups": groups}
