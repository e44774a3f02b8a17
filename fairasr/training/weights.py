"""Tensors in safetensors files: the same tensors give the same bytes, tied ones are written once, damage is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairasr.core.errors import ModelError
from fairasr.models import Trainable
from fairasr.training.whole_folder import whole_file

if TYPE_CHECKING:
    import torch

METADATA = "fairasr"
"""All metadata is JSON under this one key: safetensors writes several keys in an order that changes from run to run."""


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors to a new file. Names of one tensor (tied weights) are kept, its numbers written once.

    Args:
        path: of the file.
        tensors: name -> tensor, on any device.
    """
    from safetensors.torch import save_file

    first: dict[tuple[Any, ...], str] = {}
    tied: dict[str, str] = {}
    kept: dict[str, torch.Tensor] = {}
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if tensor.numel() and place in first:
            tied[name] = first[place]
            continue
        first[place] = name
        kept[name] = _alone(tensor)
    about = {"sha256": tensors_digest(kept), "tied": tied}
    save_file(kept, path, metadata={METADATA: json.dumps(about, sort_keys=True)})


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors that `write_tensors` wrote, on the CPU.

    Raises:
        ModelError: no such file, or not as it was written.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(f"there are no weights {path}. Give a file that a training run has written.")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[METADATA])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        sha256, tied = about["sha256"], dict(about["tied"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is damaged or holds no weights of a training run ({error}). Train again, or use another."
        ) from error
    if tensors_digest(tensors) != sha256:
        raise ModelError(f"{path} is damaged: its numbers are not those that were written. Train again, or use another.")
    return tensors | {name: tensors[first] for name, first in tied.items()}


def write_snapshot(path: Path, module: torch.nn.Module) -> None:
    """Write all weights of `module`, whole or not at all.

    Raises:
        OutputError: they cannot be written; an older file is still there.
    """
    with whole_file(path) as staged:
        write_tensors(staged, module.state_dict())


def load_snapshot(model: Trainable, path: str | Path) -> None:
    """Give `model` the weights that a training run kept.

    Args:
        model: of the architecture that was trained; changed in place.
        path: one of `Trained.snapshots`.

    Raises:
        ModelError: no such file, a damaged one, or one of another architecture; `model` is as it was.
    """
    path = Path(path)
    load_weights(model.module, read_tensors(path), what=str(path))


def load_weights(module: torch.nn.Module, weights: Mapping[str, torch.Tensor], *, what: str) -> None:
    """Give `module` these weights, if they are its own names and shapes.

    Raises:
        ModelError: they are of another architecture.
    """
    wanted = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: list(tensor.shape) for name, tensor in weights.items()}
    differing = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    if differing:
        name = differing[0]
        raise ModelError(
            f"{what} is of another architecture: {len(differing)} of {len(wanted.keys() | given.keys())} weights differ "
            f"(first: {name!r}, {given.get(name, 'absent')} there, {wanted.get(name, 'absent')} in the model). "
            f"Load it into the model it was trained from."
        )
    module.load_state_dict(dict(weights))


def tensors_digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, kinds, shapes and numbers: 64 hex digits."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _alone(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor on the CPU in storage of its own, which safetensors demands; no copy where it is so already."""
    tensor = tensor.cpu().contiguous()
    return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()
