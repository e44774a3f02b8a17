"""Fisher information kept between the runs of a job, in safetensors, under a digest of all that it was computed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError

from fairasr.core.atomic import write_file
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable
from fairasr.training import TrainingData

VERSION = 1
"""Of how the information is computed: raised when that changes, so that older files are not taken for it."""


def kept(cache: Path | None, key: str, compute: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The tensors of `key` from the folder `cache`; computed, and written there, where it has none.

    A file that cannot be read is computed anew.

    Raises:
        OutputError: it cannot be written.
    """
    if cache is None:
        return compute()
    path = cache / f"fisher-{key}.safetensors"
    if path.is_file():
        try:
            return safetensors.torch.load(path.read_bytes())
        except (OSError, SafetensorError):
            pass
    tensors = compute()
    write_file(path, safetensors.torch.save({name: values.contiguous() for name, values in tensors.items()}))
    return tensors


def fisher_key(model: Trainable, data: TrainingData, rows: np.ndarray, settings: Mapping[str, object]) -> str:
    """Digest of the weights, of what is trainable, of the utterances used and of the settings: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    used = data.manifest.table.iloc[rows]
    plain = {
        "version": VERSION,
        "model": [model.name, model.sample_rate_hz, type(model).__name__],
        "trainable": list(trainable_parameters(model.module)),
        "utterances": used["utterance_id"].tolist(),
        "references": used["reference"].tolist(),
        "settings": dict(settings),
    }
    digest.update(json.dumps(plain, sort_keys=True).encode())
    for name, values in model.module.state_dict().items():
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
