"""The main job: fine-tune for the worst cohorts, choose by rule, and measure the same cohorts on speakers never used before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.comparing import compared
from fairasr.core import Comparison, Counts, MitigationResult, Provenance
from fairasr.core.errors import JobError
from fairasr.mitigating.candidates import Candidate, target_share, trained_candidates
from fairasr.mitigating.cohorts import Cohorts, discovery_speakers, found_cohorts
from fairasr.mitigating.division import Division, divided
from fairasr.mitigating.identity import claim, identity_of, shareable
from fairasr.mitigating.job import Job, read_job
from fairasr.mitigating.league import Entry, curve_table, league_table
from fairasr.mitigating.measuring import Measured, Progress, counts_of
from fairasr.mitigating.result import Mitigated
from fairasr.mitigating.selection import candidate_table, chosen_by_method, rates_of, splits_openly
from fairasr.mitigating.spoken import Spoken, read_spoken, trainable_rows
from fairasr.models import Trainable, load
from fairasr.statistics import shown_target
from fairasr.training import TrainingData
from fairasr.training.world import connect, told_by_main

PLAIN = "fine-tuning"


def mitigate(
    job: Job | str | Path, *, folder: str | Path, command: str = "fairasr.mitigate", progress: Progress | None = None
) -> Mitigated:
    """Run a fine-tuning job, or go on with it where it stopped.

    Args:
        job: a job, or its TOML file.
        folder: for runs, hypotheses and the report. An interrupted job goes on there.
        command: for the provenance.
        progress: told what is being done.

    Returns:
        What was found; `write` puts report.html, report.json, league.csv, ... and the recommended model into a folder.

    Raises:
        JobError: the job file breaks rules; a cohort is empty or too small; the folder is another job's.
        ModelError: the base model is not there or cannot be read.
        TrainingError: training cannot go on; what was trained before is kept.
    """
    job = job if isinstance(job, Job) else read_job(job)
    return _Work(job, folder=Path(folder), progress=progress or (lambda what, done, total: None)).result(command)


class _Work:
    """One job on its way; each step needs those before it."""

    def __init__(self, job: Job, *, folder: Path, progress: Progress) -> None:
        self.job, self.folder, self.tell = job, folder, progress
        connect()
        progress("loading the model and the corpus", 0, 1)
        self.base: Trainable = load(job.model)
        self.spoken = read_spoken(job.corpus, sample_rate_hz=self.base.sample_rate_hz, seed=job.seed)
        self.division = self._divided()
        self.inputs = dict(self.spoken.corpus.inputs)
        told_by_main(lambda: claim(folder, identity_of(job, inputs=self.inputs)))
        training = self._part("training", self.division.training)
        self.cohorts: Cohorts = found_cohorts(
            job.cohorts,
            training.spoken.manifest,
            lambda: self._base_counts(training),
            inputs=self.spoken.corpus.utterances_sha256,
            seed=job.seed,
        )
        self.data, self.left_out = self._training_data(training.spoken)
        self.development = self._part("development", self.division.development, with_cohorts=True)
        self.test = self._part("test", self.division.test, with_cohorts=True)
        self._require_target_speakers()
        self.forgetting = {
            name: Measured(name=name, spoken=read_spoken(choice, sample_rate_hz=self.base.sample_rate_hz, seed=job.seed))
            for name, choice in job.forgetting.items()
        }

    def _divided(self) -> Division:
        spoken, shares = self.spoken, self.job.speakers
        return divided(
            spoken.manifest,
            spoken.words,
            training=shares.training,
            development=shares.development,
            seed=self.job.seed,
            discovery=discovery_speakers(self.job.cohorts, spoken.manifest, spoken.words),
        )

    def _part(self, name: str, speakers: pd.Index, *, with_cohorts: bool = False) -> Measured:
        part = self.spoken.of_rows(self.spoken.rows_of(speakers))
        return Measured(name=name, spoken=part, cohorts=self.cohorts.of_utterances(part.manifest) if with_cohorts else None)

    def _training_data(self, training: Spoken) -> tuple[TrainingData, dict[str, int]]:
        rows, left_out = trainable_rows(self.base, training)
        usable = training.of_rows(rows)
        of_utterances = self.cohorts.of_utterances(usable.manifest)
        data = TrainingData(
            manifest=usable.manifest,
            recordings=usable.recordings,
            cohorts=of_utterances,
            target=np.isin(of_utterances, self.cohorts.target),
        )
        return data, left_out

    def _in_target(self, part: Measured) -> np.ndarray:
        """Which speakers of `part` are in the target cohorts: bool (n_speakers,), ordered as its `speaker_ids`."""
        labels = self.cohorts.rule.assign(part.spoken.manifest).labels.reindex(part.spoken.manifest.speaker_ids)
        return np.asarray(labels.isin(self.cohorts.target))

    def _in_shown_target(self) -> np.ndarray:
        """Which test speakers are in target cohorts whose rate gives no suppressed cohort away: bool (n_speakers,)."""
        partition = self.cohorts.rule.assign(self.test.spoken.manifest)
        shown = shown_target(partition, target=self.cohorts.target, min_speakers=self.job.cohorts.min_speakers)
        return np.asarray(partition.labels.reindex(self.test.spoken.manifest.speaker_ids).isin(shown))

    def _require_target_speakers(self) -> None:
        least = self.job.speakers.min_target
        table = self.data.manifest.table
        n_training = table.loc[self.data.target, "speaker_id"].nunique()
        counted = {"training": n_training, "test": int(self._in_target(self.test).sum())}
        counted |= {"development": int(self._in_target(self.development).sum())}
        few = [f"{n} {name}" for name, n in counted.items() if n < (1 if name == "development" else least)]
        if few:
            raise JobError(
                f"the target cohorts ({', '.join(self.cohorts.target)}) have too few speakers: {', '.join(few)} speaker(s), where "
                f"{least} are asked for (1 to choose on). Add speakers, choose more cohorts, or lower [speakers] min_target."
            )
        if self.data.target.all():
            raise JobError(
                f"all {len(self.data):,} training utterances are of the target cohorts, so there is no general population to "
                "protect. Choose fewer cohorts."
            )

    def _base_counts(self, part: Measured) -> Counts:
        known = part.spoken.base_hypotheses
        if known is not None and set(part.spoken.manifest.table["utterance_id"]) <= set(known.texts):
            return part.spoken.score(known)
        return counts_of(self.base, part, system=f"base-{self.base.name}", folder=self.folder, progress=self.tell)

    def _counts(self, candidate: Candidate, part: Measured) -> Counts:
        model = candidate.model(self.base, self.data)
        return counts_of(model, part, system=candidate.system, folder=self.folder, progress=self.tell)

    def result(self, command: str) -> Mitigated:
        """Train, choose, measure, judge."""
        candidates = list(
            trained_candidates(self.job, self.base, self.data, inputs=self._fingerprint(), folder=self.folder, progress=self.tell)
        )
        in_target = self._in_target(self.development)
        rates = [rates_of(self._counts(one, self.development), in_target) for one in candidates]
        base = rates_of(self._base_counts(self.development), in_target)
        table = candidate_table(candidates, rates)
        chosen = chosen_by_method(table, self.job.selection, base_overall=base.overall)
        entries = [self._entry(row, candidates) for _, row in chosen.iterrows()]
        comparison = self._comparison(entries, command)
        verdicts = {one.after: one.verdict for one in comparison.systems}
        first = entries[0].method
        recommended = first if verdicts[first].outcome == "accepted" and entries[0].row["within_cap"] else ""
        result = MitigationResult(
            comparison=comparison,
            league=league_table(
                entries,
                in_target=self._in_shown_target(),
                in_development_target=in_target,
                min_speakers=self.job.cohorts.min_speakers,
                verdicts=verdicts,
                recommended=recommended,
            ),
            curve=curve_table(table, chosen, base=base, in_target=in_target, min_speakers=self.job.cohorts.min_speakers),
            recommended=recommended,
            rule=self.job.selection.wording,
            job=shareable(self.job.plain),
            speakers=self._n_speakers(),
            seeds=self.job.seeds,
            runs=tuple(self._run(one) for one in candidates),
        )
        return Mitigated(result=result, rule=self.cohorts.rule, model=self._recommended_model(entries[0], recommended, table))

    def _fingerprint(self) -> dict[str, object]:
        identity = identity_of(self.job, inputs=self.inputs)
        return {"model": identity["model"], "inputs": identity["inputs"], "target": list(self.cohorts.target)}

    def _entry(self, row: pd.Series, candidates: list[Candidate]) -> Entry:
        picked = [one for one in candidates if (one.block, one.setting, one.step) == (row["block"], row["setting"], row["step"])]
        return Entry(
            method=f"{row['block']} ({row['setting']})" if row["setting"] else str(row["block"]),
            row=row,
            candidates=picked,
            test=[self._counts(one, self.test) for one in picked],
            forgetting={name: [self._counts(one, part) for one in picked] for name, part in self.forgetting.items()},
        )

    def _comparison(self, entries: list[Entry], command: str) -> Comparison:
        forgetting: dict[str, tuple[Counts, dict[str, list[Counts]]]] = {}
        for name, part in self.forgetting.items():
            forgetting[name] = (self._base_counts(part), {entry.method: list(entry.forgetting[name]) for entry in entries})
        comparison = compared(
            self._base_counts(self.test),
            {entry.method: list(entry.test) for entry in entries},
            self.cohorts.rule.assign(self.test.spoken.manifest),
            before=self.base.name,
            against=next((entry.method for entry in entries if entry.row["block"] == PLAIN), ""),
            target=self.cohorts.target,
            forgetting=forgetting,
            seed=self.job.seed,
            margin=self.job.selection.margin,
            min_speakers=self.job.cohorts.min_speakers,
            has_speaker_ids=self.spoken.manifest.has_speaker_ids,
            title=self.job.title,
            map_layer=self.cohorts.rule.map_layer(),
            notes=self._notes(),
            provenance=Provenance(
                command=command, seed=self.job.seed, inputs=self.inputs, settings={"job": shareable(self.job.plain)}
            ),
        )
        return replace(comparison, warnings=(*self.job.notes, *comparison.warnings))

    def _notes(self) -> tuple[str, ...]:
        least = self.job.cohorts.min_speakers
        notes = [*self.spoken.corpus.notes, *self.spoken.notes, *self.cohorts.notes]
        notes += [f"{n:,} training utterances cannot be trained on: each {why}." for why, n in self.left_out.items()]
        for name, part in self.forgetting.items():
            notes += [f"{name}: {note}" for note in part.spoken.notes]
        for part in (self.development, self.test):
            if not splits_openly(self._in_target(part), min_speakers=least):
                notes.append(f"Fewer than {least} {part.name} speakers are in the target cohorts, or outside: rates are withheld.")
        return tuple(notes)

    def _n_speakers(self) -> dict[str, int]:
        """Speakers of each part, and those of them in the target cohorts where these are not few."""
        table = self.data.manifest.table
        n_target = int(table.loc[self.data.target, "speaker_id"].nunique())
        sizes = {"training": int(table["speaker_id"].nunique()), "training target": n_target}
        for part, in_target in ((self.development, self._in_target(self.development)), (self.test, self._in_shown_target())):
            sizes[part.name] = len(in_target)
            if splits_openly(in_target, min_speakers=self.job.cohorts.min_speakers):
                sizes[f"{part.name} target"] = int(in_target.sum())
        return sizes

    def _run(self, one: Candidate) -> dict[str, object]:
        return {
            "method": one.block,
            "setting": one.setting,
            "seed": one.seed,
            "step": one.step,
            "folder": str(one.folder.relative_to(self.folder)),
            "audio_s": one.trained.audio_s,
            "wall_s": one.trained.wall_s,
            "target_share": target_share(one.trained, self.data),
        }

    def _recommended_model(self, entry: Entry, recommended: str, table: pd.DataFrame) -> Trainable | None:
        """Of the recommended method's seeds the one with the lowest rate of the target on development speakers."""
        if not recommended:
            return None
        same = (
            (table["block"] == entry.row["block"])
            & (table["setting"] == entry.row["setting"])
            & (table["step"] == entry.row["step"])
        )
        worst = dict(zip(table.loc[same, "seed"], table.loc[same, "worst"], strict=True))
        best = min(entry.candidates, key=lambda one: (worst[one.seed], one.seed))
        return best.model(self.base, self.data)
