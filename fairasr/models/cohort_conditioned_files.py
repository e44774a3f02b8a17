"""Files of a recogniser that is told cohorts, beside those of its base: settings and weights, checked while they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch

from fairasr.core.errors import ModelError

FORMAT = "fairasr-cohort-conditioned"
VERSION = 1


def read_settings(path: Path) -> tuple[list[str], float]:
    """Labels and dropout.

    Raises:
        ModelError: the file cannot be read, is of another version, or lacks something.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the model's settings {path}: {error}. Use the folder as it was written.") from error
    found = (settings.get("format"), settings.get("version")) if isinstance(settings, Mapping) else None
    if found != (FORMAT, VERSION):
        raise ModelError(f"{path} is {found}, not {(FORMAT, VERSION)}. Use the version of fairasr that wrote it.")
    labels, dropout = settings.get("labels"), settings.get("dropout")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels) or not isinstance(dropout, int | float):
        raise ModelError(f"{path} has no list of labels, or no dropout. Use the folder as it was written.")
    return labels, float(dropout)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, on the CPU.

    Raises:
        ModelError: the file cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return dict(load(path.read_bytes()))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read the model's weights {path}: {error}. Use the folder as it was written.") from error
