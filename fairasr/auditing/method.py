"""One method on one system: discovery, confirmation, cross-fitting, tests -> DisparityReport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from fairasr.auditing.plan import Plan, Progress
from fairasr.auditing.procedure import Arm, Found, Procedure, arm, run
from fairasr.auditing.set_aside import set_aside_by_cohort
from fairasr.core import Counts, DisparityReport, Gaps, Manifest, Partition
from fairasr.core.errors import DiscoveryError
from fairasr.discovery import CohortRule, Discoverer, HasAreas, HasPartitions, settings_of
from fairasr.statistics import (
    BOTTOM,
    TOP,
    ProcedureTest,
    adjusted_rand,
    band_gaps,
    cohort_table,
    partition_table,
    pooled_rates,
    procedure_test,
    rank_correlation,
    split_speakers,
    spread_of,
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One method made ready on one manifest: all that no system's errors change."""

    discoverer: Discoverer
    manifest: Manifest
    halves: tuple[Arm, Arm]
    folds: tuple[Arm, ...]


@dataclass(frozen=True, kw_only=True)
class Audited:
    """A report, the rule behind it, and what the headline rests on: the band of each speaker (-2: not judged), its widening."""

    report: DisparityReport
    rule: CohortRule
    bands: np.ndarray
    widening: float


def prepare(discoverer: Discoverer, manifest: Manifest, words: np.ndarray, plan: Plan) -> Prepared:
    """Split the speakers and prepare the method on every part.

    Raises:
        DiscoveryError: the method cannot run on the discovery speakers.
    """
    parts = split_speakers(words, n_parts=2, seed=plan.seed)
    obstacle = discoverer.obstacle(manifest.of_speakers(manifest.speaker_ids[parts == 0]))
    if obstacle:
        raise DiscoveryError(f"{discoverer.method} cannot run: {obstacle}.")
    halves = (arm(discoverer, manifest, parts == 0, seed=plan.seed), arm(discoverer, manifest, parts == 1, seed=plan.seed))
    folds: tuple[Arm, ...] = ()
    if plan.basis_for(len(manifest.speaker_ids)) == "cross-fit":
        fold = split_speakers(words, n_parts=plan.folds, seed=plan.seed + 1)
        folds = tuple(arm(discoverer, manifest, fold != k, seed=plan.seed) for k in range(plan.folds))
    return Prepared(discoverer=discoverer, manifest=manifest, halves=halves, folds=folds)


def audit_method(
    prepared: Prepared, counts: Counts, plan: Plan, *, unusable: Manifest | None = None, progress: Progress | None = None
) -> Audited:
    """Everything one method says of one system.

    Args:
        prepared: from `prepare`.
        counts: one row per speaker, ordered as the manifest's `speaker_ids`.
        plan: shared settings.
        unusable: the rows set aside, from `unusable_rows`.
        progress: told of the permutations.
    """
    e, n = counts.numerators, counts.denominators
    first = prepared.halves[0]
    split = Procedure(arms=(first,), share=plan.bottom_share, min_speakers=plan.min_speakers)
    split_bands, (found,) = split.speaker_bands(e, n)
    procedure, bands, all_found = split, split_bands, [found]
    if prepared.folds:
        procedure = Procedure(arms=prepared.folds, share=plan.bottom_share, min_speakers=plan.min_speakers)
        bands, all_found = procedure.speaker_bands(e, n)
    bottom, top = (_labels(found, band, counts, first) for band in (BOTTOM, TOP))

    def gaps(of_bands: np.ndarray, basis: str, widening: float = 1.0) -> Gaps:
        judged = of_bands > -2
        return band_gaps(
            e[judged],
            n[judged],
            of_bands[judged],
            basis=basis,
            bottom=bottom,
            top=top,
            min_speakers=plan.min_speakers,
            widening=widening,
        )

    test = _tested(procedure, prepared, counts, plan, progress)
    widening = test.widening if prepared.folds else 1.0
    discovery_partition = found.rule.assign(first.discovery)
    apparent_bands = np.full(len(e), -2)
    apparent_bands[first.discovery_positions] = [found.bands.get(label, -1) for label in discovery_partition.labels]
    partition = found.rule.assign(prepared.manifest)
    estimated = counts if not partition.used_scores or plan.allow_double_dipping else _rows(counts, first.confirmation_positions)
    set_aside = set_aside_by_cohort(found.rule, partition, prepared.manifest, unusable)
    apparent_rates = _rates_by_label(counts, first.discovery_positions, discovery_partition)
    table = cohort_table(
        estimated,
        partition,
        min_speakers=plan.min_speakers,
        seed=plan.seed + 2,
        bands=found.bands,
        apparent=apparent_rates if partition.used_scores else None,
        set_aside=set_aside,
        allow_double_dipping=plan.allow_double_dipping,
    )
    rule = found.rule
    report = DisparityReport(
        method=prepared.discoverer.method,
        system=counts.system,
        rate_name=counts.rate_name,
        cohorts=table,
        honest=gaps(bands, "cross-fit" if prepared.folds else "confirmation", widening),
        apparent=gaps(apparent_bands, "apparent"),
        other=(gaps(split_bands, "confirmation"),) if prepared.folds else (),
        spread=spread_of(table),
        p_value=None if np.isnan(test.p_value) else test.p_value,
        n_permutations=plan.n_permutations,
        stability=_stability(prepared, found.rule, all_found, apparent_rates, counts, plan),
        settings=settings_of(prepared.discoverer),
        notes=(*partition.notes, *_notes(table, partition, plan, set_aside)),
        map=rule.map_layer(),
        areas=_areas(rule, prepared.manifest, estimated, plan),
        partitions=_partitions(rule, prepared, counts, plan),
    )
    return Audited(report=report, rule=rule, bands=bands, widening=widening)


def _tested(procedure: Procedure, prepared: Prepared, counts: Counts, plan: Plan, progress: Progress | None) -> ProcedureTest:
    """The permutation test of the headline's procedure; without permutations, no p and no widening."""
    if not plan.n_permutations:
        return ProcedureTest(p_value=float("nan"), widening=1.0)
    what = f"{counts.system}: {prepared.discoverer.method}, permutations"
    return procedure_test(
        procedure.statistic,
        counts.numerators,
        counts.denominators,
        n_permutations=plan.n_permutations,
        seed=plan.seed + 3,
        progress=None if progress is None else lambda done, total: progress(what, done, total),
    )


def _rows(counts: Counts, positions: np.ndarray) -> Counts:
    return counts.of_speakers(pd.Index(counts.table["speaker_id"].to_numpy()[positions]))


def _rates_by_label(counts: Counts, positions: np.ndarray, partition: Partition) -> dict[str, float]:
    codes, names = partition.coded
    rates = pooled_rates(counts.numerators[positions], counts.denominators[positions], codes, len(names))
    return dict(zip(names, rates.rate.tolist(), strict=True))


def _labels(found: Found, band: int, counts: Counts, first: Arm) -> tuple[str, ...]:
    """Labels of one band, the most extreme first."""
    rates = _rates_by_label(counts, first.discovery_positions, found.rule.assign(first.discovery))
    labels = [label for label, of_label in found.bands.items() if of_label == band]
    return tuple(sorted(labels, key=lambda label: (rates[label] if band == TOP else -rates[label], label)))


def _stability(
    prepared: Prepared,
    rule: CohortRule,
    found: Sequence[Found],
    discovery_rates: dict[str, float],
    counts: Counts,
    plan: Plan,
) -> dict[str, float]:
    """Agreement of rules fitted on different speakers, and of cohort rates between the halves."""
    first, second = prepared.halves
    rules = [one.rule for one in found]
    if len(rules) == 1:
        rules.append(
            run(second, counts.numerators, counts.denominators, share=plan.bottom_share, min_speakers=plan.min_speakers).rule
        )
    labelings = [one.assign(prepared.manifest).labels.to_numpy() for one in rules]
    agreement = [adjusted_rand(a, b) for a, b in combinations(labelings, 2)]
    confirmed = _rates_by_label(counts, first.confirmation_positions, rule.assign(first.confirmation))
    shared = [label for label in discovery_rates if label in confirmed]
    correlation = rank_correlation(
        np.array([discovery_rates[label] for label in shared]), np.array([confirmed[label] for label in shared])
    )
    return {"rank_correlation": correlation, "adjusted_rand": float(np.mean(agreement))}


def _notes(table: pd.DataFrame, partition: Partition, plan: Plan, set_aside: dict[str, int]) -> list[str]:
    notes = []
    n_aside, n_shown = sum(set_aside.values()), int(table["n_set_aside"].fillna(0).sum())
    if n_aside > n_shown:
        notes.append(
            f"{n_aside - n_shown:,} of {n_aside:,} rows set aside belong to groups that are suppressed or have no usable speaker."
        )
    small = int((table["suppressed"] == "small").sum())
    complementary = int((table["suppressed"] == "complementary").sum())
    if small:
        notes.append(f"{small:,} of {len(table):,} cohorts have fewer than {plan.min_speakers} speakers and are suppressed.")
    if complementary:
        notes.append(f"{complementary:,} more cohorts are suppressed because a small one could be had by subtraction.")
    if partition.used_scores and plan.allow_double_dipping:
        notes.append(
            "Cohort figures include the speakers the cohorts were found on: they look worse than they are, and "
            "p-values are too small."
        )
    return notes


def _areas(rule: CohortRule, manifest: Manifest, counts: Counts, plan: Plan) -> pd.DataFrame | None:
    layer = rule.map_layer()
    if layer is None or layer["kind"] != "areas" or not isinstance(rule, HasAreas):
        return None
    return cohort_table(counts, rule.areas(manifest), min_speakers=plan.min_speakers, seed=plan.seed, n_permutations=0)


def _partitions(rule: CohortRule, prepared: Prepared, counts: Counts, plan: Plan) -> pd.DataFrame | None:
    if not isinstance(rule, HasPartitions):
        return None
    first = prepared.halves[0]
    return partition_table(
        _rows(counts, first.confirmation_positions),
        _rows(counts, first.discovery_positions),
        rule.partitions(prepared.manifest),
        min_speakers=plan.min_speakers,
    )
