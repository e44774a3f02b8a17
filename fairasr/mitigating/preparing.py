"""What a job rests on before anything is trained: the model, the corpus, who is in which part, and the cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.core import Counts
from fairasr.core.errors import JobError
from fairasr.mitigating.cohorts import Cohorts, discovery_speakers, found_cohorts
from fairasr.mitigating.division import Division, divided
from fairasr.mitigating.identity import claim, identity_of
from fairasr.mitigating.job import Job
from fairasr.mitigating.measuring import Measured, Progress, counts_of_base
from fairasr.mitigating.result import MODEL
from fairasr.mitigating.selection import splits_openly
from fairasr.mitigating.spoken import Spoken, read_spoken, trainable_rows
from fairasr.models import Trainable, load
from fairasr.models.weights import weights_sha256
from fairasr.statistics import shown_target
from fairasr.training import TrainingData
from fairasr.training.world import connect, told_by_main

BASE_WEIGHTS = "weights of the base model"
"""Their name among the inputs of the result."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One job made ready.

    Attributes:
        job: what is asked for.
        folder: of its runs and hypotheses.
        tell: told what is being done.
        base: the model before; never changed.
        identity: what every run rests on, as `identity_of` gives it.
        spoken: the whole corpus.
        cohorts: the rule and the target.
        data: utterances to train on.
        left_out: why training utterances cannot be trained on -> how many.
        development: chooses.
        test: what is measured in the end.
        forgetting: name -> utterances on which nothing should be lost.
    """

    job: Job
    folder: Path
    tell: Progress
    base: Trainable
    identity: Mapping[str, Any]
    spoken: Spoken
    cohorts: Cohorts
    data: TrainingData
    left_out: Mapping[str, int]
    development: Measured
    test: Measured
    forgetting: Mapping[str, Measured]

    @property
    def inputs(self) -> dict[str, str]:
        """SHA-256 of every file that was read, forgetting sets included, and of the base model's weights."""
        of_sets = {
            f"{name}: {file}": digest
            for name, part in self.forgetting.items()
            for file, digest in part.spoken.corpus.inputs.items()
        }
        return {**self.spoken.corpus.inputs, **of_sets, BASE_WEIGHTS: str(self.identity["model"])}

    def in_target(self, part: Measured) -> np.ndarray:
        """Which speakers of `part` are in the target cohorts: bool (n_speakers,), ordered as its `speaker_ids`."""
        return _in_target(self.cohorts, part)

    @cached_property
    def in_shown_target(self) -> np.ndarray:
        """Which test speakers are in target cohorts whose rate gives no suppressed cohort away: bool (n_speakers,)."""
        partition = self.cohorts.rule.assign(self.test.spoken.manifest)
        shown = shown_target(partition, target=self.cohorts.target, min_speakers=self.job.cohorts.min_speakers)
        return np.asarray(partition.labels.reindex(self.test.spoken.manifest.speaker_ids).isin(shown))

    def counts_of_base(self, part: Measured) -> Counts:
        """What the base model does on `part`, per speaker."""
        return counts_of_base(self.base, part, folder=self.folder, progress=self.tell)

    @property
    def n_speakers(self) -> dict[str, int]:
        """Speakers of each part, and those of them in the target cohorts where neither these nor the others are few."""
        by_speaker = self.data.manifest.table.assign(target=self.data.target).groupby("speaker_id")["target"].any()
        sizes = {}
        for name, in_target in (
            ("training", by_speaker.to_numpy()),
            (self.development.name, self.in_target(self.development)),
            (self.test.name, self.in_shown_target),
        ):
            sizes[name] = len(in_target)
            if splits_openly(in_target, min_speakers=self.job.cohorts.min_speakers):
                sizes[f"{name} target"] = int(in_target.sum())
        return sizes

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, recognised and withheld, in sentences."""
        notes = [*self.spoken.corpus.notes, *self.spoken.notes, *self.cohorts.notes]
        notes += [f"{n:,} training utterances cannot be trained on: each {why}." for why, n in self.left_out.items()]
        for name, part in self.forgetting.items():
            notes += [f"{name}: {note}" for note in part.spoken.notes]
        return (*notes, *self._withheld())

    def _withheld(self) -> list[str]:
        least, shown = self.job.cohorts.min_speakers, self.in_shown_target
        notes = [
            f"Fewer than {least} {name} speakers are in the target cohorts that can be shown, or outside: rates are withheld."
            for name, in_target in ((self.development.name, self.in_target(self.development)), (self.test.name, shown))
            if not splits_openly(in_target, min_speakers=least)
        ]
        if shown.any() and (shown != self.in_target(self.test)).any():
            notes.append(
                "The target of the league table leaves out target cohorts that are suppressed among the test speakers: its rate "
                "would give theirs away."
            )
        return notes


def prepared_job(job: Job, *, folder: Path, progress: Progress) -> Prepared:
    """Read the model and the corpora, divide the speakers, find the cohorts, and take `folder` for the job.

    Raises:
        JobError: a cohort is empty or too small; the folder is another job's, or the base model is where a recommended one goes.
        ModelError: the base model is not there or cannot be read.
        FairasrError: a corpus cannot be read.
    """
    connect()
    progress("loading the model and the corpus", 0, 1)
    _require_other_place(job, folder)
    base = load(job.model)
    spoken = read_spoken(job.corpus, sample_rate_hz=base.sample_rate_hz, seed=job.seed)
    division = _divided(job, spoken)
    identity = identity_of(job, weights=weights_sha256(base), inputs=spoken.corpus.inputs)
    told_by_main(lambda: claim(folder, identity))
    training = Measured(name="training", spoken=spoken.of_rows(spoken.rows_of(division.training)))
    cohorts = found_cohorts(
        job.cohorts,
        training.spoken.manifest,
        lambda: counts_of_base(base, training, folder=folder, progress=progress),
        inputs=spoken.corpus.utterances_sha256,
        seed=job.seed,
    )
    data, left_out = _training_data(base, training.spoken, cohorts)
    parts = {}
    for name, speakers in {"development": division.development, "test": division.test}.items():
        part = spoken.of_rows(spoken.rows_of(speakers))
        parts[name] = Measured(name=name, spoken=part, cohorts=cohorts.of_utterances(part.manifest))
    _require_target_speakers(job, cohorts, data, parts)
    forgetting = {
        name: Measured(name=name, spoken=read_spoken(choice, sample_rate_hz=base.sample_rate_hz, seed=job.seed))
        for name, choice in job.forgetting.items()
    }
    return Prepared(
        job=job,
        folder=folder,
        tell=progress,
        base=base,
        identity=identity,
        spoken=spoken,
        cohorts=cohorts,
        data=data,
        left_out=left_out,
        **parts,
        forgetting=forgetting,
    )


def _require_other_place(job: Job, folder: Path) -> None:
    if (folder / MODEL).resolve() == job.model.resolve():
        raise JobError(
            f"the base model is in '{folder / MODEL}', where the recommended model would replace it. Give another folder for the "
            "job, or keep the base model elsewhere."
        )


def _divided(job: Job, spoken: Spoken) -> Division:
    return divided(
        spoken.manifest,
        spoken.words,
        training=job.speakers.training,
        development=job.speakers.development,
        seed=job.seed,
        discovery=discovery_speakers(job.cohorts, spoken.manifest, spoken.words),
    )


def _training_data(base: Trainable, training: Spoken, cohorts: Cohorts) -> tuple[TrainingData, dict[str, int]]:
    rows, left_out = trainable_rows(base, training)
    usable = training.of_rows(rows)
    of_utterances = cohorts.of_utterances(usable.manifest)
    data = TrainingData(
        manifest=usable.manifest,
        recordings=usable.recordings,
        cohorts=of_utterances,
        target=np.isin(of_utterances, cohorts.target),
    )
    return data, left_out


def _in_target(cohorts: Cohorts, part: Measured) -> np.ndarray:
    labels = cohorts.rule.assign(part.spoken.manifest).labels.reindex(part.spoken.manifest.speaker_ids)
    return np.asarray(labels.isin(cohorts.target))


def _require_target_speakers(job: Job, cohorts: Cohorts, data: TrainingData, parts: Mapping[str, Measured]) -> None:
    least = job.speakers.min_target
    counted = {"training": data.manifest.table.loc[data.target, "speaker_id"].nunique()}
    counted |= {name: int(_in_target(cohorts, parts[name]).sum()) for name in ("test", "development")}
    few = [f"{n} {name}" for name, n in counted.items() if n < (1 if name == "development" else least)]
    if few:
        raise JobError(
            f"the target cohorts ({', '.join(cohorts.target)}) have too few speakers: {', '.join(few)} speaker(s), where "
            f"{least} are asked for (1 to choose on). Add speakers, choose more cohorts, or lower [speakers] min_target."
        )
    if data.target.all():
        raise JobError(
            f"all {len(data):,} training utterances are of the target cohorts, so there is no general population to "
            "protect. Choose fewer cohorts."
        )
