"""A job file as a job: every rule that it breaks is told at once, and every source of it that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairasr.core.errors import JobError
from fairasr.mitigating.job import CohortChoice, CorpusChoice, Job, SelectionRule, SpeakerShares, Tracking
from fairasr.mitigating.method_blocks import MethodBlock, method_blocks
from fairasr.mitigating.sections import read_toml, section
from fairasr.mitigating.sources import cohort_problems, corpus_problems, model_problems
from fairasr.training import Budget

TABLES = ("corpus", "cohorts", "speakers", "budget", "method", "selection", "forgetting", "tracking")
KEYS = ("title", "notes", "model", "seed", "seeds", *TABLES)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What can be read of a job file, paths absolute, and what is wrong with the rest.

    Attributes:
        data: the file as plain data.
        problems: a sentence for each broken rule.
        model, corpus, cohorts, speakers, budget, selection, tracking: as of `Job`; None where a rule is broken there.
        forgetting, methods: as of `Job`, without those that break rules.
    """

    data: Mapping[str, Any]
    problems: tuple[str, ...]
    model: Path | None
    corpus: CorpusChoice | None
    cohorts: CohortChoice | None
    speakers: SpeakerShares | None
    budget: Budget | None
    selection: SelectionRule | None
    tracking: Tracking | None
    forgetting: Mapping[str, CorpusChoice]
    methods: tuple[MethodBlock, ...]


def read_job(path: str | Path) -> Job:
    """The job of a TOML file, whose sources are there and can be read; the base model is not loaded.

    Raises:
        JobError: it cannot be read, breaks rules, or names what is not there: all of it in one message.
    """
    path = Path(path)
    draft = _draft(read_toml(path), folder=path.parent)
    return _job(replace(draft, problems=(*draft.problems, *_source_problems(draft))), name=str(path))


def job_from(data: Mapping[str, Any], *, folder: Path = Path(), name: str = "job") -> Job:
    """The job that plain data describes; its paths are relative to `folder`, and nothing is looked for there.

    Raises:
        JobError: it breaks rules: all of them in one message.
    """
    return _job(_draft(data, folder=folder), name=name)


def refused(name: str, problems: Iterable[str]) -> JobError:
    """The error of a job file with these problems."""
    return JobError(f"the job file '{name}' cannot be run:\n" + "\n".join(f"  - {line}" for line in problems))


def _draft(data: Mapping[str, Any], *, folder: Path) -> Draft:
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
    return Draft(
        data=data,
        problems=tuple(problems),
        model=folder / model if isinstance(model, str) and model else None,
        corpus=None if corpus is None else located(corpus, folder),
        cohorts=None if cohorts is None else replace(cohorts, **_absolute(cohorts, ("audit", "rule"), folder)),
        speakers=speakers,
        budget=budget,
        selection=selection,
        tracking=tracking,
        forgetting={key: located(one, folder) for key, one in forgetting.items() if one},
        methods=methods,
    )


def _source_problems(draft: Draft) -> list[str]:
    """A sentence on everything that the job rests on and that is not there, or cannot be used."""
    problems = [] if draft.model is None else model_problems(draft.model)
    wrong, corpus = ([], None) if draft.corpus is None else corpus_problems(draft.corpus, table="corpus")
    problems += wrong
    problems += [] if draft.cohorts is None else cohort_problems(draft.cohorts, corpus)
    for name, choice in draft.forgetting.items():
        problems += corpus_problems(choice, table=f"forgetting.{name}")[0]
    return problems


def _job(draft: Draft, *, name: str) -> Job:
    if draft.problems:
        raise refused(name, draft.problems)
    assert draft.model is not None and draft.corpus is not None and draft.cohorts is not None  # noqa: PT018
    assert draft.speakers is not None and draft.budget is not None  # noqa: PT018
    assert draft.selection is not None and draft.tracking is not None  # noqa: PT018
    data = draft.data
    return Job(
        title=str(data.get("title", "Fine-tuning for the worst cohorts")),
        model=draft.model,
        notes=tuple(data.get("notes", ())),
        corpus=draft.corpus,
        cohorts=draft.cohorts,
        methods=draft.methods,
        seed=int(data.get("seed", 0)),
        seeds=tuple(data.get("seeds", (0, 1, 2))),
        speakers=draft.speakers,
        budget=draft.budget,
        selection=draft.selection,
        forgetting=draft.forgetting,
        tracking=draft.tracking,
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
