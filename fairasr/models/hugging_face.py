"""Hugging Face folders: read without a network, refused when anything is missing, written back as they came."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fairasr.core.atomic import replace_files
from fairasr.core.errors import ModelError

if TYPE_CHECKING:
    import torch

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
SHARDS_FILE = "model.safetensors.index.json"

_CTC = "fairasr.models.wav2vec2:Wav2Vec2Recognizer"
MODEL_TYPES: Mapping[str, str] = {
    "hubert": _CTC,
    "wav2vec2": _CTC,
    "wav2vec2-bert": _CTC,
    "wavlm": _CTC,
    "whisper": "fairasr.models.whisper:WhisperRecognizer",
}
"""`model_type` in config.json -> where the class is that loads such a folder; importing it needs the extra `train`."""

COMPANIONS = (
    "added_tokens.json",
    "merges.txt",
    "normalizer.json",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
"""Files beside config and weights that say how recordings and texts become numbers; `save` writes them as they were read."""


def read_text(folder: Path, name: str) -> str:
    """Content of a file of a model folder.

    Raises:
        ModelError: there is no such folder, or no such file in it.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}. Give a local folder with {name}; models are never downloaded.")
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the model folder {folder} has no readable {name} ({getattr(error, 'strerror', None) or error}). "
            f"Give the whole folder; models are never downloaded."
        ) from error


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Content of a JSON file of a model folder.

    Raises:
        ModelError: there is no such folder or file, or it is no JSON object.
    """
    text = read_text(folder, name)
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ModelError(f"{name} in the model folder {folder} is not JSON: {error}. Copy the folder again.") from error
    if not isinstance(data, dict):
        raise ModelError(f"{name} in the model folder {folder} is not a JSON object. Copy the folder again.")
    return data


def read_companions(folder: Path) -> dict[str, bytes]:
    """Those of `COMPANIONS` that the folder has, by name."""
    return {name: (folder / name).read_bytes() for name in COMPANIONS if (folder / name).is_file()}


@contextmanager
def quiet() -> Iterator[None]:
    """Without what transformers prints while it works; its settings are afterwards as they were."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def require_weights(folder: Path) -> None:
    """Refuse a folder without safetensors weights.

    Raises:
        ModelError: there are none.
    """
    if not (folder / WEIGHTS_FILE).is_file() and not (folder / SHARDS_FILE).is_file():
        raise ModelError(
            f"the model folder {folder} has no {WEIGHTS_FILE}. Give the whole folder; pickled weights (.bin, .pt) are not read: "
            f"load them where you trust them and save them as safetensors."
        )


def read_network(model_class: Any, folder: Path, *, may_lack: Collection[str] = ()) -> tuple[Any, set[str]]:
    """The network of a folder in eval mode, float32, on the CPU, and which of the parameters `may_lack` it lacked.

    A parameter that the weights lack would be drawn at random by transformers, with a warning; here it is an error.

    Args:
        model_class: class of transformers with `from_pretrained`.
        folder: holds config.json and safetensors weights. Pickled weights are not read: a pickle can run code.
        may_lack: last parts of the names of parameters that may be missing; the caller gives them values.

    Raises:
        ModelError: weights are missing, broken, of another shape, or of another architecture.
    """
    import torch
    from safetensors import SafetensorError

    read_json(folder, CONFIG_FILE)
    require_weights(folder)
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            module, found = model_class.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"the model folder {folder} cannot be loaded: {_first_line(error)} Copy the folder again.") from error
    lacking = {name for name in found["missing_keys"] if name.rpartition(".")[2] in may_lack}
    wrong = sorted(found["missing_keys"] - lacking)
    if wrong:
        raise ModelError(
            f"the weights in {folder} lack {len(wrong)} of {len(module.state_dict())} tensors of {type(module).__name__} "
            f"(first: {wrong[0]!r}). Give a model that was trained to recognise speech, not only pretrained."
        )
    if found["unexpected_keys"]:
        extra = sorted(found["unexpected_keys"])
        raise ModelError(
            f"the weights in {folder} have {len(extra)} tensors that {type(module).__name__} does not know "
            f"(first: {extra[0]!r}). Check that config.json and the weights are of the same model."
        )
    return module.eval(), lacking


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0].rstrip('. ')}."


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """With the module in eval mode; afterwards every submodule is in the mode it was in."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:  # not .train(): that would also switch on what was off
            part.training = True


def device_of(module: torch.nn.Module) -> torch.device:
    """Where the module's parameters are."""
    return next(module.parameters()).device


class HuggingFaceModel:
    """What recognisers from Hugging Face folders share: name, network, copying and saving.

    Args:
        name: name of the model, as it will stand in reports.
        module: the network.
        companions: files that are saved with it, by name.
    """

    def __init__(self, *, name: str, module: torch.nn.Module, companions: Mapping[str, bytes]) -> None:
        self._name = name
        self._module: Any = module
        self._companions = dict(companions)

    @property
    def name(self) -> str:
        """Name of the model: of the folder it was loaded from."""
        return self._name

    @property
    def module(self) -> torch.nn.Module:
        """The network."""
        module: torch.nn.Module = self._module
        return module

    def clone(self) -> Self:
        """A copy whose network shares nothing with this one's."""
        twin = copy.copy(self)
        twin._module = copy.deepcopy(self._module)
        return twin

    def save(self, folder: Path) -> None:
        """Write config, weights and companions into an existing folder; other files there stay.

        Raises:
            OutputError: it cannot be written; what was there before still is.
        """
        with tempfile.TemporaryDirectory() as made, quiet():
            self._module.save_pretrained(made)
            contents = {Path(path.name): path.read_bytes() for path in sorted(Path(made).iterdir())}
        contents |= {Path(name): content for name, content in self._companions.items()}
        replace_files(folder, contents, owned=lambda place: _ours(place, contents))


def _ours(folder: Path, contents: Iterable[Path]) -> list[Path]:
    """What a save replaces or removes: files of the same names, and weights in another number of shards."""
    names = {path.name for path in contents} | set(COMPANIONS)
    weights = {path.name for path in folder.glob("model*.safetensors*")}
    return [Path(path.name) for path in folder.iterdir() if path.name in names | weights and path.is_file()]
