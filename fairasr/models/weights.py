"""A model of ours on disk: `fairasr.json` says what it is, `model.safetensors` holds its weights; both appear together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairasr.core.atomic import replace_files
from fairasr.core.errors import ModelError

if TYPE_CHECKING:
    import torch

FORMAT = "fairasr-model"
FORMAT_VERSION = 1
RECORD_FILE = "fairasr.json"
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """What a saved model is, besides its weights.

    Attributes:
        architecture: its name in `ARCHITECTURES`.
        name: of the model, as it stands in reports.
        sample_rate_hz: of the recordings it wants.
        settings: of its architecture, plain data.
        vocabulary: plain data.
        weights_sha256: of the file of weights.
    """

    architecture: str
    name: str
    sample_rate_hz: int
    settings: Mapping[str, Any]
    vocabulary: Mapping[str, Any]
    weights_sha256: str = ""


def save_model(folder: Path, record: ModelRecord, weights: Mapping[str, torch.Tensor]) -> None:
    """Write a model into `folder`, all of it or nothing; files of others there stay.

    Raises:
        OutputError: it cannot be written; the model that was there still is.
    """
    from safetensors.torch import save

    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()})
    data = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **vars(record),
        "weights_sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    files = {Path(RECORD_FILE): text.encode(), Path(WEIGHTS_FILE): content}
    replace_files(folder, files, owned=lambda place: [path for path in files if (place / path).is_file()])


def weights_sha256(model: object) -> str:
    """SHA-256 of the weights of a recogniser's `module`, by name, type, shape and value; "" for one without a module."""
    module: torch.nn.Module | None = getattr(model, "module", None)
    if module is None:
        return ""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def read_record(folder: Path) -> ModelRecord:
    """What the model in `folder` is.

    Raises:
        ModelError: no record, a broken one, or one of another version.
    """
    path = folder / RECORD_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"'{path}' cannot be read as a model's record: {error}. Copy or save the model again.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelError(f"'{path}' is no model's record: it has no 'format' {FORMAT!r}. Give the folder of a saved model.")
    if data.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"'{path}' has format version {data.get('format_version')!r}; this fairasr reads version {FORMAT_VERSION}. "
            f"Save the model again with this version."
        )
    kinds = {"architecture": str, "name": str, "sample_rate_hz": int, "settings": dict, "vocabulary": dict, "weights_sha256": str}
    broken = [name for name, kind in kinds.items() if not isinstance(data.get(name), kind)]
    if broken:
        raise ModelError(
            f"'{path}' is broken: {len(broken)} of {len(kinds)} entries are missing or of another kind (first: {broken[0]!r}). "
            f"Copy or save the model again."
        )
    return ModelRecord(**{name: data[name] for name in kinds})


def read_weights(folder: Path, record: ModelRecord, *, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """The weights of the model in `folder`, which must be those that `record` was written with.

    Args:
        folder: of the model.
        record: what `read_record` gave.
        shapes: name -> shape of every tensor that the architecture has.

    Raises:
        ModelError: no weights, a damaged file, or weights of another architecture; names the first that does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / WEIGHTS_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"'{path}' cannot be read: {error.strerror}. Copy or save the model again.") from error
    if hashlib.sha256(content).hexdigest() != record.weights_sha256:
        raise ModelError(
            f"'{path}' ({len(content):,} bytes) is not the file that was saved with '{RECORD_FILE}': its SHA-256 is another. "
            f"It is damaged, cut short or of another model: copy or save the model again."
        )
    try:
        weights: dict[str, torch.Tensor] = load(content)
    except SafetensorError as error:
        raise ModelError(f"'{path}' cannot be read as weights ({error}). Copy or save the model again.") from error
    require_shapes(weights, shapes=shapes, where=f"'{path}'")
    return weights


def require_shapes(weights: Mapping[str, torch.Tensor], *, shapes: Mapping[str, tuple[int, ...]], where: str) -> None:
    """Refuse weights that are not exactly the tensors of an architecture.

    Raises:
        ModelError: a tensor is missing, too many, or of another shape.
    """
    missing = sorted(shapes.keys() - weights.keys())
    strange = sorted(weights.keys() - shapes.keys())
    other = sorted(name for name in shapes.keys() & weights.keys() if tuple(weights[name].shape) != shapes[name])
    wrong = [
        *(f"{name!r} is missing" for name in missing),
        *(f"{name!r} is not of this architecture" for name in strange),
        *(f"{name!r} has shape {tuple(weights[name].shape)}, not {shapes[name]}" for name in other),
    ]
    if wrong:
        raise ModelError(
            f"{where} does not fit the model: {len(wrong)} of {len(shapes)} tensors do not (first: {wrong[0]}). "
            f"Give weights of the same architecture and settings."
        )
