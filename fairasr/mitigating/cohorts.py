"""The cohorts of a job: the rule, found on no speaker that is measured, and which of its cohorts are to gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.auditing.choice import Choice, named_method
from fairasr.core import UNKNOWN, AuditResult, Counts, Manifest
from fairasr.core.errors import DoubleDippingError, JobError
from fairasr.discovery import CohortRule, fit, frozen_rule
from fairasr.mitigating.job import CohortChoice
from fairasr.report import read_audit
from fairasr.statistics import BOTTOM, rank_bands, split_speakers

RULES = "rules"


@dataclass(frozen=True, kw_only=True)
class Cohorts:
    """What the job works for.

    Attributes:
        rule: speaker -> cohort.
        target: labels of the cohorts to improve, worst first.
        descriptions: label -> who they are.
        notes: how they came about, in sentences.
    """

    rule: CohortRule
    target: tuple[str, ...]
    descriptions: Mapping[str, str]
    notes: tuple[str, ...]

    def of_utterances(self, manifest: Manifest) -> np.ndarray:
        """Cohort of each utterance's speaker, str (n_utterances,)."""
        labels = self.rule.assign(manifest).labels.reindex(manifest.speaker_ids).fillna(UNKNOWN).to_numpy(dtype=object)
        return np.asarray(labels[manifest.speaker_positions].astype(str))


def discovery_speakers(choice: CohortChoice, manifest: Manifest, words: np.ndarray) -> pd.Index | None:
    """Speakers on whom the audit of the job found its cohorts; None without an audit.

    An audit keeps no speakers, but it keeps the seed it divided them by.

    Raises:
        JobError: the audit is of another corpus, or of another part of it.
    """
    if choice.audit is None:
        return None
    audit = read_audit(choice.audit)
    seed, expected = audit.provenance.seed, int(audit.data["discovery_speakers"])
    speakers: pd.Index = manifest.speaker_ids[split_speakers(words, n_parts=2, seed=seed) == 0]
    if int(audit.data["n_speakers"]) != len(manifest.speaker_ids) or int(audit.data["n_ref_words"]) != int(words.sum()):
        raise JobError(
            f"the audit in '{choice.audit}' is of {audit.data['n_speakers']:,} speakers and {audit.data['n_ref_words']:,} words, "
            f"the job's corpus has {len(manifest.speaker_ids):,} and {int(words.sum()):,}, so who discovered the cohorts cannot "
            "be told. Audit the corpus of the job with the same normaliser, or name a discovery method under [cohorts]."
        )
    assert len(speakers) == expected
    return speakers


def found_cohorts(
    choice: CohortChoice, training: Manifest, base_counts: Callable[[], Counts], *, inputs: tuple[str, ...], seed: int
) -> Cohorts:
    """The rule and the target cohorts.

    Args:
        choice: of the job file.
        training: utterances of the training speakers.
        base_counts: gives what the base model does on them; called only where it is needed.
        inputs: SHA-256 of the files the utterances are in; a saved rule found on one of them is refused.
        seed: of discovery.

    Raises:
        JobError: a target cohort is not there, or the targets leave no general population.
        DoubleDippingError: a saved rule was found on this corpus.
        DiscoveryError: the method cannot run on the training speakers.
    """
    rule, note = _rule(choice, training, base_counts, inputs=inputs, seed=seed)
    partition = rule.assign(training)
    present = [label for label in partition.cohorts if label != UNKNOWN]
    absent = [label for label in choice.target if label not in partition.cohorts]
    if absent:
        raise JobError(
            f"{len(absent)} of the {len(choice.target)} target cohorts have no training speaker (first: {absent[0]!r}); "
            f"there are {', '.join(map(repr, present)) or 'none'}. Name others under [cohorts] target."
        )
    target = choice.target or _worst(choice, partition.coded, base_counts())
    if not set(partition.labels) - set(target):
        raise JobError(
            f"the target cohorts ({', '.join(target)}) hold all {len(partition.labels):,} training speakers, so there is no "
            "general population to protect or to estimate a Fisher information on. Choose fewer cohorts, or another rule."
        )
    notes = (note, *partition.notes)
    return Cohorts(rule=rule, target=target, descriptions=dict(partition.descriptions), notes=tuple(one for one in notes if one))


def _rule(
    choice: CohortChoice, training: Manifest, base_counts: Callable[[], Counts], *, inputs: tuple[str, ...], seed: int
) -> tuple[CohortRule, str]:
    if choice.audit is not None:
        return _rule_of_audit(choice.audit, choice.method), "Cohorts are those of the audit, found on the training speakers."
    if choice.rule is not None:
        saved = frozen_rule(choice.rule)
        if set(saved.found_on) & set(inputs) and saved.method.partition(":")[0] != "declared":
            raise DoubleDippingError(
                f"the rule in '{choice.rule}' was found on {len(set(saved.found_on) & set(inputs))} of the {len(inputs)} files of "
                "this job, so its cohorts may hold test speakers. Name the audit it is from, or a discovery method."
            )
        return saved.rule, "Cohorts are those of a saved rule, found on another corpus."
    discoverer = named_method(choice.method, Choice(settings={choice.method.partition(":")[0]: choice.settings}))
    obstacle = discoverer.obstacle(training)
    if obstacle:
        raise JobError(f"{choice.method} cannot find cohorts among the training speakers: {obstacle}. Name another method.")
    note = "Cohorts were found on the training speakers with what the base model wrote."
    if choice.method.partition(":")[0] == "declared":
        counts = Counts(
            table=pd.DataFrame({"speaker_id": [], "cell": [], "errors": [], "words": []}).astype({"errors": int, "words": int}),
            system="none",
            normaliser="none",
            numerator=("errors",),
            denominator="words",
        )
        return fit(discoverer, training, counts, seed=seed), "Cohorts are declared by the corpus."
    return fit(discoverer, training, base_counts(), seed=seed), note


def _rule_of_audit(folder: Path, method: str) -> CohortRule:
    audit: AuditResult = read_audit(folder)
    rules = {one.rule.method: one.rule for one in (frozen_rule(path) for path in sorted((Path(folder) / RULES).glob("*.json")))}
    name = method or (next(iter(rules)) if len(rules) == 1 else "")
    if name not in rules:
        raise JobError(
            f"the audit in '{folder}' ({audit.title}) has no rule of {name or 'the method, which [cohorts] does not name'!r}; "
            f"it has {', '.join(rules) or 'none'}. Name one as [cohorts] method."
        )
    return rules[name]


def _worst(choice: CohortChoice, coded: tuple[np.ndarray, list[str]], counts: Counts) -> tuple[str, ...]:
    """Worst cohorts of the training speakers until they hold the share of them that is asked for, worst first."""
    codes, labels = coded
    bands = rank_bands(
        counts.numerators, counts.denominators, codes, len(labels), share=choice.bottom_share, min_speakers=choice.min_speakers
    )
    worst = [code for code in range(len(labels)) if bands[code] == BOTTOM]
    if not worst:
        sizes = np.bincount(codes[codes >= 0], minlength=len(labels))
        raise JobError(
            f"no worst cohort can be told: {int((sizes >= choice.min_speakers).sum())} of {len(labels)} cohorts have "
            f"{choice.min_speakers} or more training speakers, and two are needed. Lower [cohorts] min_speakers, or name the "
            "target."
        )
    rates = {code: counts.numerators[codes == code].sum() / counts.denominators[codes == code].sum() for code in worst}
    return tuple(labels[code] for code in sorted(worst, key=lambda code: -rates[code]))
