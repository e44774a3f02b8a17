"""Several methods at once, such as oversampling with elastic weight consolidation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import torch

from fairasr.core.errors import JobError, TrainingError
from fairasr.mitigation.base import Mitigation, Simple
from fairasr.mitigation.registry import method_of
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import HasState, Hooks, Step, Term, TrainingData


@dataclass(frozen=True, kw_only=True)
class Combined(Simple):
    """Methods whose hooks do not contradict each other. Penalties add up.

    A method that draws everyone alike (cohort embedding) leaves what is drawn to another (oversampling), as in Dheram et al. 2022.
    Models are prepared in the order given and finished in the reverse, so a method that works on the final weights (interpolation)
    comes before one that changes the architecture meanwhile (LoRA).

    Attributes:
        methods: at least two; from plain data, tables with a `name` and the settings of that method.
    """

    method: ClassVar[str] = "combined"
    methods: tuple[Any, ...]

    def __post_init__(self) -> None:
        made: list[Mitigation] = []
        wrong: list[str] = []
        for one in self.methods:
            try:
                made.append(_made(one))
            except JobError as error:
                wrong.append(str(error).removesuffix("."))
        if not wrong and len(made) < 2:
            wrong = [f"methods are {len(made)}, not at least 2"]
        require(self.method, dict.fromkeys(wrong, False))
        object.__setattr__(self, "methods", tuple(made))

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """The first of theirs."""
        return next(filter(None, (one.obstacle(model, data) for one in self.methods)), None)

    def trained_as(self) -> Mitigation:  # type: ignore[override]
        """All of them as they are trained."""
        return Combined(methods=tuple(one.trained_as() for one in self.methods))

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone prepared by one after the other."""
        for one in self.methods:
            model = one.prepared(model, data)
        return model

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Theirs together.

        Raises:
            TrainingError: two of them choose what is drawn, or two of them reduce the losses.
        """
        return merged([(one.method, one.hooks(model, data, seed=seed, cache=cache)) for one in self.methods])

    def finished(self, trained: Trainable, *, base: Trainable) -> Trainable:
        """Finished by one after the other, the last first."""
        for one in reversed(self.methods):
            trained = one.finished(trained, base=base)
        return trained


def merged(hooks: Sequence[tuple[str, Hooks]]) -> Hooks:
    """Hooks of several methods, given with their names, as one.

    Raises:
        TrainingError: two of them choose what is drawn, and not everyone alike, or two of them reduce the losses.
    """
    chosen: dict[str, Any] = {}
    # Weights and groups are both about what is drawn: those of two methods would undo each other.
    for what, parts in {"choose what is drawn": ("sampling_weights", "batch_groups"), "reduce the losses": ("reduce",)}.items():
        able = [(name, one) for name, one in hooks if any(getattr(one, part) is not None for part in parts)]
        if len(able) > 1 and what == "choose what is drawn":
            able = [(name, one) for name, one in able if not _draws_everyone_alike(one)] or able[:1]
        if len(able) > 1:
            names = " and ".join(name for name, _ in able)
            raise TrainingError(
                f"{len(able)} of {len(hooks)} combined methods {what} ({names}), and only one can. "
                f"Combine methods of different kinds."
            )
        for _, one in able:
            chosen |= {part: getattr(one, part) for part in parts}
    penalties = [one.penalty for _, one in hooks if one.penalty is not None]
    if penalties:
        chosen["penalty"] = penalties[0] if len(penalties) == 1 else Penalties(penalties)
    assert set(chosen) <= {field.name for field in fields(Hooks)}
    return Hooks(**chosen)


def _draws_everyone_alike(hooks: Hooks) -> bool:
    weights = hooks.sampling_weights
    return hooks.batch_groups is None and weights is not None and bool((weights == weights[0]).all())


class Penalties:
    """The sum of several penalties; its state is theirs, numbered."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(terms)

    def __call__(self, step: Step) -> torch.Tensor:
        """Their sum, a scalar."""
        return torch.stack([term(step) for term in self._terms]).sum()

    def state_dict(self) -> dict[str, torch.Tensor]:
        """State of those that have one."""
        return {
            f"{number}.{name}": values
            for number, term in enumerate(self._terms)
            if isinstance(term, HasState)
            for name, values in term.state_dict().items()
        }

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        for number, term in enumerate(self._terms):
            if isinstance(term, HasState):
                prefix = f"{number}."
                term.load_state_dict({name.removeprefix(prefix): state[name] for name in state if name.startswith(prefix)})


def _made(given: Any) -> Mitigation:
    if hasattr(given, "trained_as"):
        made: Mitigation = given
        return made
    if not isinstance(given, Mapping):
        raise JobError(f"{given!r} is not a table with a name and settings")
    settings = {str(key): value for key, value in given.items() if key != "name"}
    return method_of(str(given.get("name")), settings)
