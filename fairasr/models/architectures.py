"""The architectures of our own. A new one is a file in this folder and a line in ARCHITECTURES."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from fairasr.core.errors import MissingExtraError, ModelError
from fairasr.models.recogniser import Trainable

ARCHITECTURES: Mapping[str, str] = {
    "amortised-transducer": "fairasr.models.streaming.amortised:AmortisedTransducer",
    "conformer-ctc": "fairasr.models.ctc:CTCRecognizer",
    "conv-rnnt": "fairasr.models.streaming.conv_rnnt:ConvRNNT",
    "separator-transducer-segmenter": "fairasr.models.streaming.segmenter:SeparatorTransducerSegmenter",
}
"""Architecture, as in fairasr.json -> its class; importing it needs torch.

A class has `load(folder)`, `check_settings(given)` and `of(references, ...)`."""

EXTRA = ("torch", "transformers", "accelerate", "safetensors", "tokenizers", "peft")
INSTALL = 'pip install "fairasr[train]"'


def initialised(
    architecture: str,
    *,
    references: Sequence[str],
    seed: int,
    settings: Mapping[str, Any] | None = None,
    sample_rate_hz: int = 16_000,
    name: str = "",
) -> Trainable:
    """A recogniser with random weights, to be trained: same seed, same weights; no global random state is read or changed.

    Args:
        architecture: its name in ARCHITECTURES.
        references: texts whose symbols it shall be able to write.
        seed: of the weights.
        settings: of the architecture; those not given have their defaults.
        sample_rate_hz: of the recordings it will want.
        name: of the model, as it will stand in reports; "": the architecture's.

    Raises:
        ModelError: no such architecture, wrong settings, or references without a symbol.
        MissingExtraError: the libraries that models need are not installed.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"there is no architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}.")
    with extra_needed():
        model: Trainable = class_at(ARCHITECTURES[architecture]).of(
            references, settings=settings or {}, sample_rate_hz=sample_rate_hz, name=name or architecture, seed=seed
        )
    return model


def check_settings(architecture: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that `initialised` would refuse, before there are references.

    Args:
        architecture: a name in ARCHITECTURES.
        settings: of the architecture.

    Raises:
        ModelError: settings that do not exist or do not fit together.
        MissingExtraError: the libraries that models need are not installed.
    """
    with extra_needed():
        class_at(ARCHITECTURES[architecture]).check_settings(settings)


def class_at(where: str) -> Any:
    """The class that "module:Class" names."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


@contextmanager
def extra_needed() -> Iterator[None]:
    """Says what to install where a library of the extra `train` turns out to be absent.

    Raises:
        MissingExtraError: one is.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise MissingExtraError(f"recognisers need {error.name}: {INSTALL}") from error
