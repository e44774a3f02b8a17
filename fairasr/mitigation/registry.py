"""The methods there are. A new one is a file in `methods/` and a line in METHODS, or an entry point of another package."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, get_type_hints

from fairasr.core.errors import JobError
from fairasr.core.registry import Registry
from fairasr.mitigation.base import Mitigation
from fairasr.mitigation.settings import in_words, typed

ENTRY_POINTS = "fairasr.mitigation"


@dataclass(frozen=True)
class Method:
    """Where one method lives; imported when used, so that naming the methods loads neither them nor torch.

    Attributes:
        module: the file's module.
        settings: its settings class, the method itself.
    """

    module: str
    settings: str

    def load(self) -> type[Any]:
        """The settings class."""
        loaded: type[Any] = getattr(import_module(self.module), self.settings)
        return loaded


def _registered() -> dict[str, Method]:
    """Methods of other packages, registered as `name = "module:Class"`."""
    return {point.name: Method(*point.value.split(":", 1)) for point in entry_points(group=ENTRY_POINTS)}


_FOLDER = "fairasr.mitigation.methods"

METHODS: Mapping[str, Method] = Registry(
    {
        "fine-tuning": Method(f"{_FOLDER}.finetune", "FineTuning"),
        "mix": Method(f"{_FOLDER}.mix", "TargetGeneralMix"),
        "ewc": Method(f"{_FOLDER}.ewc", "EWC"),
        "l2-sp": Method(f"{_FOLDER}.l2_sp", "L2SP"),
        "kfac-ewc": Method(f"{_FOLDER}.kfac_ewc", "KFACEWC"),
        "interpolation": Method(f"{_FOLDER}.interpolate", "Interpolation"),
        "replay": Method(f"{_FOLDER}.replay", "Replay"),
        "distillation": Method(f"{_FOLDER}.distill", "Distillation"),
        "freezing": Method(f"{_FOLDER}.freeze", "Freezing"),
        "lora": Method(f"{_FOLDER}.lora", "LoRA"),
        "oversampling": Method(f"{_FOLDER}.oversample", "Oversampling"),
        "cohort-embedding": Method(f"{_FOLDER}.cohort_embedding", "CohortEmbedding"),
        "group-dro": Method(f"{_FOLDER}.group_dro", "GroupDRO"),
        "ctc-dro": Method(f"{_FOLDER}.ctc_dro", "CTCDRO"),
        "arl": Method(f"{_FOLDER}.adversarial_reweight", "AdversarialReweighting"),
        "combined": Method("fairasr.mitigation.combined", "Combined"),
    },
    theirs=_registered,
)
"""Method name -> where it lives."""


def method_of(name: str, settings: Mapping[str, Any]) -> Mitigation:
    """The method of that name with these settings, plain data as a job file has it; the others keep their defaults.

    Raises:
        JobError: there is no such method, or settings are unknown, of the wrong type or out of range; all of it in one message.
    """
    if name not in METHODS:
        raise JobError(f"there is no method {name!r}; there are {', '.join(METHODS)}.")
    kind = METHODS[name].load()
    hints = get_type_hints(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    wrong: list[str] = []
    fitting: dict[str, Any] = {}
    for setting, value in settings.items():
        if setting not in known:
            wrong.append(f"there is no setting {setting!r}; there are {', '.join(known) or 'none'}")
            continue
        try:
            fitting[setting] = typed(value, hints[setting])
        except TypeError:
            wrong.append(f"{setting} is {value!r}, not {in_words(hints[setting])}")
    needed = [field.name for field in known.values() if field.default is field.default_factory is dataclasses.MISSING]
    wrong += [f"{setting} is missing" for setting in needed if setting not in settings]
    made: Mitigation | None = None
    # Also with what fits alone, so that values out of range are told together with the rest.
    if all(setting in fitting for setting in needed):
        try:
            made = kind(**fitting)
        except JobError as error:
            if not wrong:
                raise
            raise JobError(f"{_cannot(name, wrong)} {error}") from error
    if wrong or made is None:
        raise JobError(_cannot(name, wrong))
    return made


def settings_of(method: Mitigation) -> dict[str, Any]:
    """Settings of a method as plain data, which `method_of` makes the same method of."""
    return {field.name: _plain(getattr(method, field.name)) for field in dataclasses.fields(method)}  # type: ignore[arg-type]


def _cannot(name: str, wrong: list[str]) -> str:
    return f"{name} cannot run with these settings: {'; '.join(wrong)}."


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and hasattr(value, "method"):
        return {"name": value.method, **settings_of(value)}  # type: ignore[arg-type]
    return value
