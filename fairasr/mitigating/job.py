"""Job: what one fine-tuning job is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairasr.core.errors import JobError
from fairasr.mitigating.method_blocks import MethodBlock
from fairasr.training import Budget


@dataclass(frozen=True, kw_only=True)
class CorpusChoice:
    """A corpus with recordings, which lie below its folder. Paths are relative to the job file.

    Attributes:
        source: table, or folder of a recipe's files.
        recipe: how it is read, by path or name.
        columns: fairasr's name -> column of the source, over the recipe's.
        speaker_ids: False where it names no speakers: each utterance then stands for one.
        normaliser: profile for both texts; "": the recipe's, else "basic".
        hypotheses: what the base model wrote, from `fairasr transcribe`; saves transcribing again.
        only: column -> values; only utterances with one of the values in each column are used. Empty: all.
        at_most: use only so many speakers, drawn by the job's seed; 0: all. Told in the report.
        longest_s: leave out longer recordings [s]; 0: none. Told in the report.
    """

    source: Path
    recipe: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    speaker_ids: bool = True
    normaliser: str = ""
    hypotheses: Path | None = None
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    at_most: int = 0
    longest_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class CohortChoice:
    """The cohorts, and which of them are to gain. One of `audit`, `rule` and `method` names the cohorts.

    Attributes:
        audit: folder of an audit of this corpus; its discovery speakers are then the ones trained on, never those measured.
        rule: a saved rule that was found on another corpus.
        method: a discovery method, run on the training speakers with what the base model wrote ("geo-tree", "declared:accent");
            with `audit`, which of its rules.
        settings: of the discovery method.
        target: labels of the cohorts to improve; empty: the worst ones of the training speakers.
        bottom_share: the worst cohorts are pooled until they hold this share of the training speakers.
        min_speakers: a cohort with fewer training speakers is not ranked; one with fewer test speakers is suppressed in the report.
    """

    audit: Path | None = None
    rule: Path | None = None
    method: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    target: tuple[str, ...] = ()
    bottom_share: float = 0.1
    min_speakers: int = 10

    def __post_init__(self) -> None:
        if (self.audit is not None) + (self.rule is not None) > 1 or not (self.audit or self.rule or self.method):
            raise JobError("[cohorts] names the cohorts by one of audit, rule and method (audit goes with a method)")
        if not 0 < self.bottom_share < 1 or self.min_speakers < 2:
            raise JobError("[cohorts] bottom_share must be above 0 and below 1, min_speakers 2 or more")


@dataclass(frozen=True, kw_only=True)
class SpeakerShares:
    """How the speakers are divided; the rest are test speakers. With an audit, `training` is what the audit discovered on.

    Attributes:
        training: share whose utterances are trained on, and on which cohorts are found.
        development: share on which strength and checkpoint are chosen.
        min_target: a job with fewer training or test speakers in the target cohorts is refused.
    """

    training: float = 0.5
    development: float = 0.2
    min_target: int = 10

    def __post_init__(self) -> None:
        if not (0 < self.training < 1 and 0 < self.development < 1 and self.training + self.development < 1):
            raise JobError("[speakers] training and development are shares above 0 whose sum leaves something below 1 to test on")
        if self.min_target < 1:
            raise JobError("[speakers] min_target must be 1 or more")


@dataclass(frozen=True, kw_only=True)
class SelectionRule:
    """How strength and checkpoint are chosen on development speakers, and what the verdict tolerates.

    The lowest rate of the target cohorts wins among candidates whose overall rate is at most `overall_cap` times the base
    model's; where none keeps the cap, the lowest overall rate.

    Attributes:
        overall_cap: on the overall rate, relative to the base model's.
        margin: relative loss tolerated of every other cohort and of the forgetting sets.
    """

    overall_cap: float = 1.0
    margin: float = 0.01

    def __post_init__(self) -> None:
        if self.overall_cap <= 0 or self.margin < 0:
            raise JobError("[selection] overall_cap must be above 0 and margin 0 or more")

    @property
    def wording(self) -> str:
        """The rule as a sentence for reports."""
        return (
            "Chosen on development speakers: the lowest error rate of the target cohorts among candidates whose overall rate is at "
            f"most {self.overall_cap:g} times the base model's; where none is, the lowest overall rate"
        )


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where metrics go besides the run folder.

    Attributes:
        mlflow: address of an MLflow store ("sqlite:///runs.db"); "": none.
    """

    mlflow: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A whole job; paths are absolute.

    Attributes:
        model: folder of the base model.
        notes: what a reader must know first, in sentences: what this job can show and what it cannot.
        seed: of the division of speakers and of every other draw outside training.
        seeds: of the training runs; every method is trained with each.
        methods: tried at the same budget.
        forgetting: name -> corpus on which the base model must not become worse.
        plain: the job file as it was read, for results and for telling whether a job has changed.
    """

    title: str
    model: Path
    corpus: CorpusChoice
    cohorts: CohortChoice
    methods: tuple[MethodBlock, ...]
    notes: tuple[str, ...] = ()
    seed: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)
    speakers: SpeakerShares = field(default_factory=SpeakerShares)
    budget: Budget = field(default_factory=Budget)
    selection: SelectionRule = field(default_factory=SelectionRule)
    forgetting: Mapping[str, CorpusChoice] = field(default_factory=dict)
    tracking: Tracking = field(default_factory=Tracking)
    plain: Mapping[str, Any] = field(default_factory=dict)
