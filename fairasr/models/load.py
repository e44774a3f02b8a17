"""A recogniser from its folder, ours or in the Hugging Face layout; never from anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fairasr.core.errors import ModelError
from fairasr.models.architectures import ARCHITECTURES, class_at, extra_needed
from fairasr.models.hugging_face import CONFIG_FILE, MODEL_TYPES, require_weights
from fairasr.models.recogniser import Trainable
from fairasr.models.weights import RECORD_FILE

COHORTS_FILE = "cohort_conditioned.json"
COHORTS = "fairasr.models.cohort_conditioned:CohortConditioned"


def load(folder: str | Path) -> Trainable:
    """The recogniser in `folder`: in eval mode, in float32, on the CPU. Nothing is ever downloaded.

    Args:
        folder: one that `save` wrote, or a Hugging Face model with its configuration, weights, tokeniser and feature extractor.

    Raises:
        ModelError: no such folder, no model in it, one of an unknown architecture, or a damaged one.
        MissingExtraError: the libraries that models need are not installed.
    """
    folder = Path(folder)
    where = _class_of(folder)
    with extra_needed():
        model: Trainable = class_at(where).load(folder)
    return model


def require_model(folder: Path) -> None:
    """Refuse a folder without a model of a known kind and its weights, which are not read: this takes no time.

    Raises:
        ModelError: no such folder, no model in it, one of an unknown architecture, or one without weights.
    """
    if _class_of(folder) != COHORTS:
        require_weights(folder)


def _class_of(folder: Path) -> str:
    if not folder.is_dir():
        raise ModelError(
            f"there is no model folder '{folder}'. Give a folder on this machine that holds {RECORD_FILE} or {CONFIG_FILE}; "
            f"models are never downloaded."
        )
    if (folder / RECORD_FILE).is_file():
        return _chosen(folder / RECORD_FILE, "architecture", ARCHITECTURES)
    if (folder / COHORTS_FILE).is_file():
        return COHORTS
    if (folder / CONFIG_FILE).is_file():
        return _chosen(folder / CONFIG_FILE, "model_type", MODEL_TYPES)
    raise ModelError(
        f"'{folder}' holds no model: there is neither {RECORD_FILE} nor {CONFIG_FILE} in it. Give the folder of a saved model."
    )


def _chosen(path: Path, key: str, known: Mapping[str, str]) -> str:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"'{path}' cannot be read: {error}. Copy or save the model again.") from error
    kind = data.get(key) if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in known:
        raise ModelError(f"'{path}' names the {key} {kind!r}, which is not known here; there are {', '.join(sorted(known))}.")
    return known[kind]
