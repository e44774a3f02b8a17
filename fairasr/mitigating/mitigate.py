"""The main job: fine-tune for the worst cohorts, choose by rule, and measure the same cohorts on speakers never used before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fairasr.comparing import compared
from fairasr.core import Comparison, Counts, MitigationResult, Provenance
from fairasr.discovery import areas_of
from fairasr.mitigating.candidates import Candidate, target_share, trained_candidates
from fairasr.mitigating.identity import shareable
from fairasr.mitigating.job import Job
from fairasr.mitigating.job_file import read_job
from fairasr.mitigating.league import Entry, curve_table, league_table
from fairasr.mitigating.measuring import Measured, Progress, counts_of
from fairasr.mitigating.preparing import Prepared, prepared_job
from fairasr.mitigating.result import Mitigated
from fairasr.mitigating.selection import candidate_table, chosen_by_method, rates_of
from fairasr.models import Trainable

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
        JobError: the job file breaks rules; a cohort is empty or too small; the folder is another job's, or holds the base
            model where the recommended one goes.
        ModelError: the base model is not there or cannot be read.
        TrainingError: training cannot go on; what was trained before is kept.
    """
    job = job if isinstance(job, Job) else read_job(job)
    prepared = prepared_job(job, folder=Path(folder), progress=progress or (lambda what, done, total: None))
    candidates = _trained(prepared)
    in_target = prepared.in_target(prepared.development)
    rates = [rates_of(_counts(prepared, one, prepared.development), in_target) for one in candidates]
    base = rates_of(prepared.counts_of_base(prepared.development), in_target)
    table = candidate_table(candidates, rates)
    chosen = chosen_by_method(table, job.selection, base_overall=base.overall)
    entries = [_entry(prepared, row, candidates) for _, row in chosen.iterrows()]
    comparison = _comparison(prepared, entries, command)
    verdicts = {one.after: one.verdict for one in comparison.systems}
    first = entries[0].method
    recommended = first if verdicts[first].outcome == "accepted" and entries[0].row["within_cap"] else ""
    least = job.cohorts.min_speakers
    result = MitigationResult(
        comparison=comparison,
        league=league_table(
            entries,
            in_target=prepared.in_shown_target,
            in_development_target=in_target,
            min_speakers=least,
            verdicts=verdicts,
            recommended=recommended,
        ),
        curve=curve_table(table, chosen, base=base, in_target=in_target, min_speakers=least),
        recommended=recommended,
        rule=job.selection.wording,
        job=shareable(job.plain),
        speakers=prepared.n_speakers,
        seeds=job.seeds,
        runs=tuple(_run(prepared, one) for one in candidates),
    )
    return Mitigated(
        result=result,
        rule=prepared.cohorts.rule,
        found_on=prepared.cohorts.found_on,
        model=_best_of_seeds(prepared, entries[0], table) if recommended else None,
    )


def _trained(prepared: Prepared) -> list[Candidate]:
    """Every candidate; their runs rest on the base model, the corpus and the target."""
    rests_on = {key: prepared.identity[key] for key in ("model", "inputs")} | {"target": list(prepared.cohorts.target)}
    return list(
        trained_candidates(
            prepared.job, prepared.base, prepared.data, inputs=rests_on, folder=prepared.folder, progress=prepared.tell
        )
    )


def _counts(prepared: Prepared, candidate: Candidate, part: Measured) -> Counts:
    model = candidate.model(prepared.base, prepared.data)
    return counts_of(model, part, system=candidate.system, folder=prepared.folder, progress=prepared.tell)


def _entry(prepared: Prepared, row: pd.Series, candidates: Sequence[Candidate]) -> Entry:
    picked = [one for one in candidates if (one.block, one.setting, one.step) == (row["block"], row["setting"], row["step"])]
    return Entry(
        method=f"{row['block']} ({row['setting']})" if row["setting"] else str(row["block"]),
        row=row,
        candidates=picked,
        test=[_counts(prepared, one, prepared.test) for one in picked],
        forgetting={name: [_counts(prepared, one, part) for one in picked] for name, part in prepared.forgetting.items()},
    )


def _comparison(prepared: Prepared, entries: Sequence[Entry], command: str) -> Comparison:
    job, rule, manifest = prepared.job, prepared.cohorts.rule, prepared.test.spoken.manifest
    forgetting: dict[str, tuple[Counts, dict[str, list[Counts]]]] = {}
    for name, part in prepared.forgetting.items():
        forgetting[name] = prepared.counts_of_base(part), {entry.method: list(entry.forgetting[name]) for entry in entries}
    comparison = compared(
        prepared.counts_of_base(prepared.test),
        {entry.method: list(entry.test) for entry in entries},
        rule.assign(manifest),
        before=prepared.base.name,
        against=next((entry.method for entry in entries if entry.row["block"] == PLAIN), ""),
        target=prepared.cohorts.target,
        forgetting=forgetting,
        areas=areas_of(rule, manifest),
        map_layer=rule.map_layer(),
        seed=job.seed,
        margin=job.selection.margin,
        min_speakers=job.cohorts.min_speakers,
        has_speaker_ids=manifest.has_speaker_ids,
        title=job.title,
        notes=prepared.notes,
        provenance=Provenance(command=command, seed=job.seed, inputs=prepared.inputs, settings={"job": shareable(job.plain)}),
    )
    return replace(comparison, warnings=(*job.notes, *comparison.warnings))


def _run(prepared: Prepared, one: Candidate) -> dict[str, object]:
    return {
        "method": one.block,
        "setting": one.setting,
        "seed": one.seed,
        "step": one.step,
        "folder": str(one.folder.relative_to(prepared.folder)),
        "audio_s": one.trained.audio_s,
        "wall_s": one.trained.wall_s,
        "target_share": target_share(one.trained, prepared.data),
    }


def _best_of_seeds(prepared: Prepared, entry: Entry, table: pd.DataFrame) -> Trainable:
    """Of the chosen candidates of a method the one with the lowest rate of the target on development speakers."""
    keys = ["block", "setting", "step"]
    same = (table[keys] == entry.row[keys]).all(axis=1)
    worst = dict(zip(table.loc[same, "seed"], table.loc[same, "worst"], strict=True))
    best = min(entry.candidates, key=lambda one: (worst[one.seed], one.seed))
    return best.model(prepared.base, prepared.data)
