"""The main job: an utterance table in, an honest disparity report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fairasr.auditing.choice import Choice, prepare_all, recommended_groups
from fairasr.auditing.method import Audited, audit_method
from fairasr.auditing.plan import Plan, Progress
from fairasr.auditing.rates import corpus_of, denominator_in_words
from fairasr.auditing.result import Audit
from fairasr.auditing.scoring import Scoring
from fairasr.auditing.sensitivity import sensitivity_table
from fairasr.auditing.set_aside import unusable_rows
from fairasr.auditing.utterances import kept_utterances, scored_utterances
from fairasr.auditing.warnings import headline_warnings
from fairasr.core import Counts, DisparityReport, Manifest, Provenance, Rate, SystemResult
from fairasr.core.errors import StatisticsError
from fairasr.discovery import CohortRule, Discoverer
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing, selected
from fairasr.statistics import compare, holm, overall_rate, split_speakers

FEWEST_IN_TWO_GROUPS = 8
"""Speakers: two groups of two, the fewest that are ever shown, among those who discover and among those who confirm."""


def audit(
    corpus: Corpus | str | Path | pd.DataFrame,
    *,
    seed: int,
    rate: Rate | None = None,
    systems: Sequence[str] = (),
    methods: Sequence[str | Discoverer] = (),
    groups: Sequence[str] = (),
    rules: Sequence[CohortRule | str | Path] = (),
    census: str | Path | None = None,
    method_settings: Mapping[str, Mapping[str, Any]] | None = None,
    normaliser: str | None = None,
    also_normalisers: Sequence[str] = (),
    unit: Literal["word", "character", "auto"] | None = None,
    missing: Missing = "error",
    focus: str | None = None,
    title: str | None = None,
    n_permutations: int = 199,
    folds: int = 5,
    basis: Literal["auto", "confirmation", "cross-fit"] = "auto",
    min_speakers: int = 10,
    bottom_share: float = 0.1,
    allow_double_dipping: bool = False,
    keep_utterances: bool = False,
    command: str = "fairasr.audit",
    progress: Progress | None = None,
) -> Audit:
    """Score, split the speakers, run every discovery the columns allow, estimate the gaps honestly.

    Args:
        corpus: from `fairasr.read`, or a table that `fairasr.read` needs no options for.
        seed: of every split, permutation and restart; the same seed gives the same result.
        rate: two columns of counts to audit instead of errors: no transcripts are then needed, and what is said of them
            (normaliser, unit, missing, keep_utterances) does not apply. None: the one the corpus was read with, else errors.
        systems: names of the systems to audit; empty: all.
        methods: discoverers or their names ("geo-tree", "declared:accent"); empty: all that the columns allow.
        groups: columns to audit as declared groups ("accent*gender" crosses two); empty, with no methods and rules: what the
            corpus's recipe names, else every attribute that groups enough speakers.
        rules: saved rules, or their files, to use as they are: cohorts of an earlier audit measured on this corpus.
        census: TOML card of a census table, for zip-demographics.
        method_settings: method name -> settings, for methods given by name.
        normaliser: profile for both texts; None: the recipe's, else "basic".
        also_normalisers: profiles under which the gaps are computed again, to see whether they flip.
        unit: "word" (WER), "character" (CER), or "auto"; None: the recipe's, else "word".
        missing: what an utterance without hypothesis is: an "error"; "deletions" of its words; or "set-aside" for every system,
            so that all are judged on the same utterances.
        focus: system whose cohorts are shown in full; default: the one with the lowest overall rate.
        title: of the report.
        n_permutations: permutations of the whole procedure per method and system; at least 40 per method, so that a gap can be
            significant after Holm's correction over the methods. 0 runs none.
        folds: K of cross-fitting.
        basis: of the headline; "auto" is "cross-fit" below 1,000 speakers, else "confirmation".
        min_speakers: cohorts with fewer speakers are suppressed in every output.
        bottom_share: the bottom and the top cohorts are pooled until each holds this share of speakers.
        allow_double_dipping: estimate cohorts on the speakers they were found on as well; the report says so.
        keep_utterances: `write` also writes every text with its errors, to be looked at in the dashboard. Off, because
            transcripts are private: no other result holds any.
        command: for the provenance.
        progress: told what is being done.

    Raises:
        IngestError: a rate was asked for, and the corpus was read without it or with another.
        ScoringError: a system lacks hypotheses, there are no reference words, or a rate was to be scored like transcripts.
        StatisticsError: there are too few speakers for an honest split, or a setting is out of range.
        DiscoveryError: no discovery can run, or one that was asked for by name cannot.
    """
    plan = Plan(
        seed=seed,
        n_permutations=n_permutations,
        folds=folds,
        basis=basis,
        min_speakers=min_speakers,
        bottom_share=bottom_share,
        allow_double_dipping=allow_double_dipping,
    )
    corpus = corpus_of(
        corpus, rate=rate, of_texts=(normaliser, unit, *also_normalisers), missing=missing, keep_utterances=keep_utterances
    )
    corpus = selected(corpus, systems=systems, missing=missing)
    manifest = corpus.manifest
    _require_speakers(manifest, plan)
    tell = progress or (lambda what, done, total: None)
    scoring = Scoring(corpus, normaliser=normaliser, unit=unit, missing=missing, progress=tell)
    scored = scored_utterances(scoring) if keep_utterances else None
    counts = scoring.of_all_systems() if scored is None else scored.counts
    words = next(iter(counts.values())).denominators
    prepared, skipped = prepare_all(
        manifest,
        words,
        plan,
        choice=Choice(
            methods=methods,
            groups=groups or (() if methods or rules else recommended_groups(corpus)),
            rules=rules,
            census=census,
            settings=method_settings or {},
            inputs=() if allow_double_dipping else corpus.utterances_sha256,
        ),
        progress=tell,
    )
    plan = replace(plan, n_permutations=plan.permutations_for(len(prepared)), n_systems=len(counts))
    unusable = unusable_rows(manifest)
    audited: dict[str, dict[str, Audited]] = {}
    for system, of_system in counts.items():
        audited[system] = {}
        for name, ready in prepared.items():
            tell(f"{system}: {name}", len(audited[system]), len(prepared))
            audited[system][name] = audit_method(ready, of_system, plan, unusable=unusable, progress=progress)
    results = tuple(_system_result(of_system, audited[system], corpus.rate) for system, of_system in counts.items())
    chosen = focus or min(results, key=lambda result: (result.overall.value, result.system)).system
    if chosen not in counts:
        raise StatisticsError(f"there is no system {chosen!r} to focus on; there are {', '.join(counts)}.")
    sensitivity = sensitivity_table(
        corpus,
        audited,
        also_normalisers,
        rescored=scoring.of_system,
        own=scoring.normaliser,
        plan=plan,
    )
    data = _data_summary(corpus, words, plan, unit=denominator_in_words(results[0].rate_name, corpus.rate))
    return Audit(
        title=title or corpus.title,
        data=data,
        warnings=headline_warnings(manifest, next(one for one in results if one.system == chosen), data, sensitivity),
        systems=results,
        focus=chosen,
        skipped=skipped,
        comparisons=tuple(
            compare(counts[chosen], other, seed=seed, min_speakers=min_speakers) for name, other in counts.items() if name != chosen
        ),
        sensitivity=sensitivity,
        provenance=Provenance(
            command=command,
            seed=seed,
            inputs=dict(corpus.inputs),
            settings={
                **(
                    {"normaliser": scoring.normaliser, "unit": scoring.unit, "missing": missing}
                    if corpus.rate is None
                    else {"rate": corpus.rate.to_json()}
                ),
                "n_permutations": plan.n_permutations,
                "folds": folds,
                "basis": basis,
                "min_speakers": min_speakers,
                "bottom_share": bottom_share,
                "allow_double_dipping": allow_double_dipping,
            },
        ),
        found_on=corpus.utterances_sha256,
        rules={method: one.rule for method, one in audited[chosen].items()},
        utterances=None if scored is None else kept_utterances(scoring, scored, audited, words, plan),
    )


def _require_speakers(manifest: Manifest, plan: Plan) -> None:
    n_speakers, needed = len(manifest.speaker_ids), 2 * plan.min_speakers
    if n_speakers < needed:
        remedies = ["Add speakers"]
        if n_speakers >= FEWEST_IN_TWO_GROUPS:
            remedies.append(f"lower min_speakers= to {n_speakers // 4} or less knowing what it means for privacy")
        if manifest.has_speaker_ids and len(manifest) >= needed:
            remedies.append(
                "take each utterance as a speaker, which says nothing of other people: speaker_ids=False (--no-speaker-ids)"
            )
        raise StatisticsError(
            f"'{manifest.source}' has {n_speakers:,} speaker(s) in {len(manifest):,} utterances; discovery and confirmation on "
            f"different speakers need at least {needed} ({plan.min_speakers} each). {', or '.join(remedies)}."
        )


def _system_result(counts: Counts, audited: Mapping[str, Audited], rate: Rate | None) -> SystemResult:
    # A method whose gap could not be tested was looked at all the same, so it counts in the correction.
    p_values = np.array([_counted_p(one.report) for one in audited.values()])
    adjusted = holm(p_values)
    return SystemResult(
        system=counts.system,
        overall=overall_rate(counts.numerators, counts.denominators),
        totals={column: int(counts.table[column].sum()) for column in counts.count_columns},
        reports={
            name: replace(one.report, p_adjusted=None if one.report.p_value is None else float(p), measure=rate)
            for (name, one), p in zip(audited.items(), adjusted, strict=True)
        },
        normaliser=counts.normaliser,
        rate_name=counts.rate_name,
        measure=rate,
    )


def _counted_p(report: DisparityReport) -> float:
    if report.p_value is None:
        return 1.0 if report.n_permutations else float("nan")
    return report.p_value


def _data_summary(corpus: Corpus, words: np.ndarray, plan: Plan, *, unit: str) -> dict[str, Any]:
    manifest = corpus.manifest
    parts = split_speakers(words, n_parts=2, seed=plan.seed)
    reasons = manifest.set_aside["reason"].value_counts()
    gaps = {column: int(manifest.table[column].isna().sum()) for column in manifest.table.columns}
    return {
        "n_utterances": len(manifest),
        "n_speakers": len(manifest.speaker_ids),
        "n_ref_words": int(words.sum()),
        "ref_unit": unit,
        "has_speaker_ids": manifest.has_speaker_ids,
        "discovery_speakers": int((parts == 0).sum()),
        "confirmation_speakers": int((parts == 1).sum()),
        "min_speakers": plan.min_speakers,
        "bottom_share": plan.bottom_share,
        "folds": plan.folds,
        "basis": plan.basis_for(len(manifest.speaker_ids)),
        "set_aside": {str(reason): int(n) for reason, n in reasons.items()},
        "missing": {column: n if n >= plan.min_speakers else None for column, n in gaps.items() if n},
        "notes": list(corpus.notes),
    }
