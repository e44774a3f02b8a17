"""The processes of one data-parallel run (torchrun): who we are, what all know. Without torchrun there is one process."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from fairasr.core.errors import TrainingError

Value = TypeVar("Value")


def rank() -> int:
    """Number of this process, 0 for the main one."""
    return dist.get_rank() if dist.is_initialized() else int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this is the one process that writes."""
    return rank() == 0


def connect(*, use_cpu: bool = False) -> None:
    """Meet the other processes that torchrun has started; nothing where there is one or they have met."""
    if world_size() > 1 and not dist.is_initialized():
        on_gpu = torch.cuda.is_available() and not use_cpu
        if on_gpu:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group(backend="nccl" if on_gpu else "gloo")


def device_kind(*, use_cpu: bool, precision: str) -> str:
    """Kind of device there is to train on: "cpu", "cuda" or another that torch knows.

    Raises:
        TrainingError: it cannot train in this precision.
    """
    found = None if use_cpu or not torch.accelerator.is_available() else torch.accelerator.current_accelerator()
    kind = found.type if found else "cpu"
    if precision == "fp16" and kind == "cpu":
        raise TrainingError("precision fp16 needs a GPU, and there is none to be used. Choose float32 or bf16.")
    if precision == "bf16" and kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise TrainingError("precision bf16 is not known to this GPU. Choose float32 or fp16.")
    return kind


def barrier() -> None:
    """Wait until all processes are here."""
    if dist.is_initialized() and world_size() > 1:
        dist.barrier()


def gathered(tensor: torch.Tensor) -> torch.Tensor:
    """The tensors of all processes one after the other along the first axis, in the order of their ranks.

    First axes may differ in length; a scalar counts as one of length 1 where there are several processes. Gradients flow to this
    process's own part alone, so a loss that uses the others' parts takes them as numbers. With one process, `tensor` itself.
    """
    if not dist.is_initialized() or world_size() == 1:
        return tensor
    tensor = tensor.reshape(1) if tensor.ndim == 0 else tensor
    # NCCL moves nothing that is not on a GPU.
    carrier = torch.device("cuda") if dist.get_backend() == "nccl" else tensor.device
    lengths = [torch.zeros(1, dtype=torch.int64, device=carrier) for _ in range(world_size())]
    dist.all_gather(lengths, torch.tensor([len(tensor)], device=carrier))
    longest = max(int(length) for length in lengths)
    padded = torch.zeros((longest, *tensor.shape[1:]), dtype=tensor.dtype, device=carrier)
    padded[: len(tensor)] = tensor.detach()
    padded_parts = [torch.empty_like(padded) for _ in lengths]
    dist.all_gather(padded_parts, padded)
    parts = [part[: int(length)].to(tensor.device) for part, length in zip(padded_parts, lengths, strict=True)]
    parts[rank()] = tensor
    return torch.cat(parts)


def gathered_objects(value: Value) -> list[Value]:
    """What each process has, by rank."""
    if not dist.is_initialized() or world_size() == 1:
        return [value]
    values: list[Any] = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


def told_by_main(function: Callable[[], Value]) -> Value:
    """What `function` gives on the main process, on every process; what it raises there is raised on all."""
    if not dist.is_initialized() or world_size() == 1:
        return function()
    told: list[Any] = [None, None]
    if is_main():
        try:
            told[0] = function()
        except Exception as error:  # noqa: BLE001 - the others would wait for ever; raised again below, on all of them
            told[1] = error
    dist.broadcast_object_list(told, src=0)
    if told[1] is not None:
        raise told[1]
    value: Value = told[0]
    return value
