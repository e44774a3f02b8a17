"""Adversarial reweighting for speaker verification without group labels, three formulations (Jin et al. 2022, arXiv 2207.07776).

Where the paper leaves open what an individual weight is, it is that of adversarially reweighted learning (Lahoti et al. 2020): at
least 1, on average 2. A constant adversary therefore doubles the loss and keeps its direction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from fairasr.core.errors import TrainingError

if TYPE_CHECKING:
    from fairasr.verification.reweighting_terms import Term

Parts = Literal["rows", "pairs"]
"""What is weighed of the angular prototypical loss: each row of similarities, or each pair of strangers within a row."""


class Formulation(Protocol):
    """How the losses of a batch become the one that is minimised. Settings only: what is learnt is in the term."""

    name: ClassVar[str]

    def term(self, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
        """A fresh term.

        Args:
            dimension: of the embeddings.
            period: batches of an epoch.
            batch_size: embeddings of a batch.
            seed: of the first clusters.
        """


@dataclass(frozen=True, kw_only=True)
class Plain:
    """No reweighting: the mean angular prototypical loss."""

    name: ClassVar[str] = "plain"

    def term(self, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
        """The mean."""
        from fairasr.verification.reweighting_terms import Term

        return Term()


@dataclass(frozen=True, kw_only=True)
class Accumulated:
    """Accumulated pairwise similarity: a row's loss is weighed by an adversary that sees the embedding whose row it is.

    Attributes:
        adversary_learning_rate: of the adversary's own optimiser (Adagrad).
        pretraining_steps: steps before it comes in; until then the loss is the plain mean.
    """

    name: ClassVar[str] = "accumulated"
    adversary_learning_rate: float = 0.1
    pretraining_steps: int = 50

    def __post_init__(self) -> None:
        _require(self.name, _common(self.adversary_learning_rate, self.pretraining_steps))

    def term(self, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
        """The adversary sees the embedding."""
        from fairasr.verification.reweighting_adversary import Adversary
        from fairasr.verification.reweighting_terms import Weighing

        adversary = Adversary(dimension + 1, learning_rate=self.adversary_learning_rate)
        return Weighing("rows", adversary=adversary, regions=None, pretraining_steps=self.pretraining_steps)


@dataclass(frozen=True, kw_only=True)
class PseudoLabel:
    """Pseudo-labels: a row's loss is weighed by an adversary that sees which k-means region its embedding lies in.

    Attributes:
        adversary_learning_rate: of the adversary's own optimiser (Adagrad).
        pretraining_steps: steps before it comes in, and it waits for the end of the first epoch, when regions are known.
        n_clusters: regions.
    """

    name: ClassVar[str] = "pseudo-label"
    adversary_learning_rate: float = 0.1
    pretraining_steps: int = 50
    n_clusters: int = 8

    def __post_init__(self) -> None:
        _require(self.name, _common(self.adversary_learning_rate, self.pretraining_steps, self.n_clusters))

    def term(self, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
        """The adversary sees the region of the embedding."""
        return _by_region("rows", self, dimension, period=period, batch_size=batch_size, seed=seed)


@dataclass(frozen=True, kw_only=True)
class Pairwise:
    """Pairwise weighting: a pair's loss is weighed by the sum of its two samples' weights, each told by its k-means region.

    lambda_jk = (lambda_j + lambda_k) / 2, lambda_j and lambda_k being at least 1 and on average 2 over the batch's samples; the
    division makes lambda_jk so too over the batch's pairs. The loss is the mean over rows j of sum_k lambda_jk l_jk, l_jk being
    what the stranger k adds to the angular prototypical loss of row j (`prototypical.pair_losses`).

    Attributes:
        adversary_learning_rate: of the adversary's own optimiser (Adagrad).
        pretraining_steps: steps before it comes in, and it waits for the end of the first epoch, when regions are known.
        n_clusters: regions.
    """

    name: ClassVar[str] = "pairwise"
    adversary_learning_rate: float = 0.1
    pretraining_steps: int = 50
    n_clusters: int = 8

    def __post_init__(self) -> None:
        _require(self.name, _common(self.adversary_learning_rate, self.pretraining_steps, self.n_clusters))

    def term(self, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
        """The adversary sees the regions of both."""
        return _by_region("pairs", self, dimension, period=period, batch_size=batch_size, seed=seed)


FORMULATIONS: Mapping[str, type[Any]] = {kind.name: kind for kind in (Plain, Accumulated, PseudoLabel, Pairwise)}
"""Name -> settings. A new one is a class here."""

MOST_KEPT = 4096
"""Embeddings that are clustered: where an epoch has more, the latest, and clusters are renewed after so many."""


def formulation_of(name: str, settings: Mapping[str, Any] | None = None) -> Formulation:
    """The formulation of that name; what is not given has its default.

    Raises:
        TrainingError: there is no such formulation or setting, or values are out of range.
    """
    if name not in FORMULATIONS:
        raise TrainingError(f"there is no formulation {name!r}; there are {', '.join(FORMULATIONS)}.")
    kind = FORMULATIONS[name]
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = [setting for setting in settings or {} if setting not in known]
    if unknown:
        raise TrainingError(
            f"{len(unknown)} of {len(settings or {})} settings are none of {name} (first: {unknown[0]!r}); "
            f"there are {', '.join(known) or 'none: leave them out'}."
        )
    defaults = kind()
    wrong = [
        f"{setting} is {value!r}, not {_KINDS[type(getattr(defaults, setting))]}"
        for setting, value in (settings or {}).items()
        if not _fits(value, type(getattr(defaults, setting)))
    ]
    if wrong:
        raise TrainingError(f"{name} cannot run with these settings: {'; '.join(wrong)}. Change them.")
    made: Formulation = kind(**(settings or {}))
    return made


def settings_of(formulation: Formulation) -> dict[str, Any]:
    """Settings of a formulation as plain data."""
    return {field.name: getattr(formulation, field.name) for field in dataclasses.fields(type(formulation))}  # type: ignore[arg-type]


_KINDS = {int: "a whole number", float: "a number"}


def _fits(value: object, kind: type) -> bool:
    return isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)


def _by_region(parts: Parts, settings: PseudoLabel | Pairwise, dimension: int, *, period: int, batch_size: int, seed: int) -> Term:
    from fairasr.verification.reweighting_adversary import Adversary
    from fairasr.verification.reweighting_regions import Regions
    from fairasr.verification.reweighting_terms import Weighing

    period = min(period, max(1, MOST_KEPT // batch_size))
    regions = Regions(dimension, n_clusters=settings.n_clusters, n_kept=period * batch_size, period=period, seed=seed)
    adversary = Adversary(settings.n_clusters, learning_rate=settings.adversary_learning_rate)
    return Weighing(parts, adversary=adversary, regions=regions, pretraining_steps=settings.pretraining_steps)


def _common(learning_rate: float, pretraining_steps: int, n_clusters: int = 2) -> dict[str, bool]:
    return {
        f"adversary_learning_rate is {learning_rate}, not a number of at least 0": 0 <= learning_rate < float("inf"),
        f"pretraining_steps is {pretraining_steps}, not at least 0": pretraining_steps >= 0,
        f"n_clusters is {n_clusters}, not at least 2": n_clusters >= 2,
    }


def _require(name: str, rules: Mapping[str, bool]) -> None:
    wrong = [breach for breach, kept in rules.items() if not kept]
    if wrong:
        raise TrainingError(f"{name} cannot run with these settings: {'; '.join(wrong)}. Change them.")
