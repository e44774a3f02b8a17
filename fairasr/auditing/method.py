"""One method on one system: discovery, confirmation, cross-fitting, tests -> DisparityReport."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.auditing.plan import Plan, Progress
from fairasr.auditing.procedure import Arm, Found, Procedure, arm
from fairasr.auditing.set_aside import set_aside_by_cohort
from fairasr.core import UNKNOWN, Counts, DisparityReport, Gaps, Manifest, Partition
from fairasr.core.agreement import adjusted_rand
from fairasr.discovery import CohortRule, Discoverer, HasPartitions, areas_of, settings_of
from fairasr.statistics import (
    BOTTOM,
    MIDDLE,
    TOP,
    ProcedureTest,
    band_gaps,
    cohort_table,
    overall_rate,
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
    """A report, the rule behind it with the cohorts it puts the speakers in, and what the headline rests on.

    That is the band of each speaker (-2: not judged) and its widening.
    """

    report: DisparityReport
    rule: CohortRule
    partition: Partition
    bands: np.ndarray
    widening: float


def prepare(discoverer: Discoverer, manifest: Manifest, words: np.ndarray, plan: Plan) -> Prepared:
    """Split the speakers and prepare the method on every part.

    Raises:
        DiscoveryError: the method cannot run on the discovery speakers.
    """
    parts = split_speakers(words, n_parts=2, seed=plan.seed)
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
    split = _procedure((first,), plan)
    split_bands, (found,) = split.speaker_bands(e, n)
    procedure, bands, all_found = split, split_bands, [found]
    if prepared.folds:
        procedure = _procedure(prepared.folds, plan)
        bands, all_found = procedure.speaker_bands(e, n)
    test = _tested(procedure, prepared, counts, plan, progress)
    widening = test.widening if prepared.folds else 1.0

    rule = found.rule
    partition, discovered = rule.assign(prepared.manifest), rule.assign(first.discovery)
    is_fixed = all(one.rule == rule for one in all_found)
    roles = _roles(all_found if is_fixed else [found])
    discovery_rates = _rates_by_label(counts, first.discovery_positions, discovered, min_speakers=plan.min_speakers)
    is_everyone = not partition.used_scores or plan.allow_double_dipping
    estimated = counts if is_everyone else _rows(counts, first.confirmation_positions)
    set_aside = set_aside_by_cohort(rule, partition, prepared.manifest, unusable)
    table = cohort_table(
        estimated,
        partition,
        min_speakers=plan.min_speakers,
        seed=plan.seed + 2,
        bands=roles,
        apparent=discovery_rates if partition.used_scores else None,
        set_aside=set_aside,
        allow_double_dipping=plan.allow_double_dipping,
        # Where systems share cohorts, a companion hidden under one and shown under another would give the small one's size away.
        keeps_worst=plan.n_systems == 1 or partition.used_scores,
    )
    hidden = set(table.loc[table["suppressed"] != "", "cohort"])

    def gaps(of_bands: np.ndarray, basis: str, of_found: Sequence[Found], roles: dict[str, int], widening: float = 1.0) -> Gaps:
        judged = of_bands > -2
        is_telling = any(band in (BOTTOM, TOP) and label in hidden for one in of_found for label, band in one.bands.items())
        # Rates of crossed cohorts and the totals of their lines are equations enough to solve for a hidden one.
        shown = np.full(int(judged.sum()), -1) if is_telling and partition.components else of_bands[judged]
        return band_gaps(
            e[judged],
            n[judged],
            shown,
            basis=basis,
            bottom=_ranked(roles, BOTTOM, discovery_rates),
            top=_ranked(roles, TOP, discovery_rates),
            min_speakers=plan.min_speakers,
            widening=widening,
            is_withholding=is_telling,
        )

    apparent_bands = np.full(len(e), -2)
    apparent_bands[first.discovery_positions] = [found.bands.get(label, -1) for label in discovered.labels]
    # Bands of folds whose rules differ are no unions of the table's cohorts, so they give none away.
    telling = all_found if is_fixed or not prepared.folds else ()
    report = DisparityReport(
        method=prepared.discoverer.method,
        system=counts.system,
        rate_name=counts.rate_name,
        cohorts=table,
        honest=gaps(bands, "cross-fit" if prepared.folds else "confirmation", telling, roles, widening),
        apparent=gaps(apparent_bands, "apparent", [found], found.bands),
        other=(gaps(split_bands, "confirmation", [found], found.bands),) if prepared.folds else (),
        spread=spread_of(table),
        cohorts_basis="everyone" if is_everyone else "confirmation",
        cohorts_overall=overall_rate(estimated.numerators, estimated.denominators),
        p_value=None if np.isnan(test.p_value) else test.p_value,
        n_permutations=plan.n_permutations,
        stability=_stability(prepared, rule, discovery_rates, counts, plan),
        settings=settings_of(prepared.discoverer),
        notes=(*_shown_notes(partition, hidden), *_notes(table, partition, plan, set_aside)),
        map=rule.map_layer(),
        areas=_areas(rule, prepared.manifest, estimated, plan),
        partitions=_partitions(rule, prepared, counts, plan),
    )
    return Audited(report=report, rule=rule, partition=partition, bands=bands, widening=widening)


def _procedure(arms: Sequence[Arm], plan: Plan) -> Procedure:
    return Procedure(arms=arms, share=plan.bottom_share, min_speakers=plan.min_speakers)


def _roles(found: Sequence[Found]) -> dict[str, int]:
    """Band of each cohort: the end that more than half of the arms put it at; where none has so many, the most often put there."""
    labels = sorted({label for one in found for label in one.bands})
    roles = dict.fromkeys(labels, MIDDLE)
    for end in (TOP, BOTTOM):
        votes = {label: sum(one.bands.get(label) == end for one in found) for label in labels}
        most = max(votes.values(), default=0)
        needed = min(most, len(found) // 2 + 1)
        roles |= {label: end for label in labels if votes[label] >= max(needed, 1)}
    return roles


def _shown_notes(partition: Partition, hidden: set[str]) -> tuple[str, ...]:
    """The partition's notes, without counts where they would be the size of the hidden cohort of the unplaced."""
    if UNKNOWN not in hidden:
        return partition.notes
    return tuple(re.sub(r"(fewer than )?[\d,]+ of ([\d,]+) speakers", r"some of \2 speakers", note) for note in partition.notes)


def _ranked(roles: dict[str, int], band: int, rates: dict[str, float]) -> tuple[str, ...]:
    """Labels of one band, the most extreme first."""
    sign = 1 if band == TOP else -1
    extreme_first = {label: sign * np.nan_to_num(rates.get(label, np.nan)) for label in roles if roles[label] == band}
    return tuple(sorted(extreme_first, key=lambda label: (extreme_first[label], label)))


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


def _rates_by_label(counts: Counts, positions: np.ndarray, partition: Partition, *, min_speakers: int) -> dict[str, float]:
    """Rate of each cohort of these speakers; NaN below `min_speakers`."""
    codes, names = partition.coded
    rates = pooled_rates(counts.numerators[positions], counts.denominators[positions], codes, len(names))
    return dict(zip(names, np.where(rates.n_speakers >= min_speakers, rates.rate, np.nan).tolist(), strict=True))


def _stability(
    prepared: Prepared, rule: CohortRule, discovery_rates: dict[str, float], counts: Counts, plan: Plan
) -> dict[str, float]:
    """Agreement of cohort rates between the halves, and of the rules that either half finds; the latter not for given cohorts."""
    first, second = prepared.halves
    confirmed = _rates_by_label(
        counts, first.confirmation_positions, rule.assign(first.confirmation), min_speakers=plan.min_speakers
    )
    shared = [label for label in discovery_rates if label in confirmed]
    correlation = rank_correlation(
        np.array([discovery_rates[label] for label in shared]), np.array([confirmed[label] for label in shared])
    )
    other = second.search.fit(counts.numerators[second.discovery_positions], counts.denominators[second.discovery_positions])
    if other == rule:
        return {"rank_correlation": correlation}
    one, two = (each.assign(prepared.manifest).coded[0] for each in (rule, other))
    placed = (one >= 0) & (two >= 0)
    return {"rank_correlation": correlation, "adjusted_rand": adjusted_rand(one[placed], two[placed])}


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
            "Cohort figures include the speakers the cohorts were found on: they lie further apart than they would on others, and "
            "p-values are too small."
        )
    return notes


def _areas(rule: CohortRule, manifest: Manifest, counts: Counts, plan: Plan) -> pd.DataFrame | None:
    areas = areas_of(rule, manifest)
    if areas is None:
        return None
    return cohort_table(counts, areas, min_speakers=plan.min_speakers, seed=plan.seed, n_permutations=0)


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
