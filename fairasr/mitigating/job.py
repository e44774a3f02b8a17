"""Job: what one fine-tuning job is asked to do, read from a TOML file and checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fairasr.core.errors import JobError
from fairasr.mitigating.method_blocks import MethodBlock, method_blocks
from fairasr.mitigating.sections import read_toml, section
from fairasr.training import Budget

TABLES = ("corpus", "cohorts", "speakers", "budget", "method", "selection", "forgetting", "tracking")
KEYS = ("title", "notes", "model", "seed", "seeds", *TABLES)


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


def read_job(path: str | Path) -> Job:
    """The job of a TOML file.

    Raises:
        JobError: it cannot be read, or breaks rules: all of them in one message.
    """
    path = Path(path)
    return job_from(read_toml(path), folder=path.parent, name=str(path))


def job_from(data: Mapping[str, Any], *, folder: Path = Path(), name: str = "job") -> Job:
    """The job that plain data describes; its paths are relative to `folder`. Raises as `read_job`."""
    problems = [f"there is no key '{key}'; there are {', '.join(KEYS)}" for key in data if key not in KEYS]
    model = data.get("model")
    if not isinstance(model, str) or not model:
        problems.append("'model' must be the folder of the base model")
    notes = data.get("notes", [])
    if not isinstance(notes, list | tuple) or not all(isinstance(note, str) for note in notes):
        problems.append(f"'notes' is {notes!r}; it must be a list of sentences")
    seeds = data.get("seeds", [0, 1, 2])
    if not isinstance(seeds, list | tuple) or not seeds or not all(is_seed(one) for one in seeds) or len({*seeds}) < len(seeds):
        problems.append(f"'seeds' is {seeds!r}; it must be a list of different whole numbers, 0 or more")
    if not is_seed(data.get("seed", 0)):
        problems.append(f"'seed' is {data['seed']!r}; it must be a whole number, 0 or more")

    corpus = section(CorpusChoice, data.get("corpus"), name="corpus", problems=problems)
    cohorts = section(CohortChoice, data.get("cohorts"), name="cohorts", problems=problems)
    speakers = section(SpeakerShares, data.get("speakers"), name="speakers", problems=problems)
    budget = section(Budget, data.get("budget"), name="budget", problems=problems)
    selection = section(SelectionRule, data.get("selection"), name="selection", problems=problems)
    tracking = section(Tracking, data.get("tracking"), name="tracking", problems=problems)
    forgetting = {
        key: section(CorpusChoice, value, name=f"forgetting.{key}", problems=problems)
        for key, value in _table(data, "forgetting", problems).items()
    }
    methods = method_blocks(data.get("method"), problems)
    if budget is not None:
        problems += budget_problems(budget)
    if problems:
        raise JobError(f"the job file '{name}' cannot be run:\n" + "\n".join(f"  - {line}" for line in problems))
    assert corpus is not None and cohorts is not None and speakers is not None and budget is not None  # noqa: PT018
    assert selection is not None and tracking is not None and isinstance(model, str)  # noqa: PT018
    return Job(
        title=str(data.get("title", "Fine-tuning for the worst cohorts")),
        model=folder / model,
        notes=tuple(notes),
        corpus=located(corpus, folder),
        cohorts=replace(cohorts, **_absolute(cohorts, ("audit", "rule"), folder)),
        methods=methods,
        seed=int(data.get("seed", 0)),
        seeds=tuple(seeds),
        speakers=speakers,
        budget=budget,
        selection=selection,
        forgetting={key: located(one, folder) for key, one in forgetting.items() if one},
        tracking=tracking,
        plain=data,
    )


def is_seed(value: object) -> bool:
    """Whether `value` is a whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _table(data: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, Mapping):
        problems.append(f"[{name}] must be a table of tables, such as [{name}.news]")
        return {}
    return value


def _absolute(choice: Any, names: tuple[str, ...], folder: Path) -> dict[str, Any]:
    return {name: folder / getattr(choice, name) for name in names if getattr(choice, name) is not None}


def located(choice: CorpusChoice, folder: Path) -> CorpusChoice:
    """`choice` with its paths relative to `folder`."""
    recipe = choice.recipe
    if recipe.endswith(".toml") and (folder / recipe).exists():
        recipe = str(folder / recipe)
    return replace(choice, recipe=recipe, **_absolute(choice, ("source", "hypotheses"), folder))


def budget_problems(budget: Budget) -> list[str]:
    """A sentence on each value that is out of range, with the range."""
    rules: dict[str, tuple[bool, str]] = {
        "n_steps": (budget.n_steps >= 1, "1 or more"),
        "batch_size": (budget.batch_size >= 1, "1 or more"),
        "accumulation": (
            budget.accumulation >= 1 and budget.batch_size % budget.accumulation == 0,
            f"1 or more, and batch_size ({budget.batch_size}) a multiple of it",
        ),
        "learning_rate": (budget.learning_rate > 0, "above 0"),
        "warmup_steps": (budget.warmup_steps >= 0, "0 or more"),
        "weight_decay": (budget.weight_decay >= 0, "0 or more"),
        "clip_norm": (budget.clip_norm >= 0, "0 or more (0: no clipping)"),
        "checkpoint_every": (budget.checkpoint_every >= 1, "1 or more"),
        "n_snapshots": (
            1 <= budget.n_snapshots <= max(1, budget.n_steps),
            f"1 or more, and at most n_steps ({budget.n_steps})",
        ),
    }
    return [
        f"[budget] {name} is {getattr(budget, name)!r}; it must be {range_}" for name, (holds, range_) in rules.items() if not holds
    ]
