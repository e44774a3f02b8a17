"""The state of an encoder made of parts: the tensors of all parts in one mapping, named as submodules are."""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.models.streaming.encoder import State


def nested(parts: Mapping[str, State]) -> State:
    """States of parts as one: tensor "sum" of part "squeeze" is "squeeze.sum"."""
    return {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.items()}


def inner(state: State, part: str) -> State:
    """The state of one part out of what `nested` gave; empty if it has none."""
    return {name.removeprefix(f"{part}."): tensor for name, tensor in state.items() if name.startswith(f"{part}.")}
