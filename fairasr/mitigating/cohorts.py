"""The cohorts of a job: the rule, found on no speaker that is measured, and which of its cohorts are to gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.auditing.choice import Choice, named_method
from fairasr.core import UNKNOWN, AuditResult, Counts, Manifest
from fairasr.core.errors import DoubleDippingError, JobError
from fairasr.discovery import CohortRule, Discoverer, FrozenRule, fit, frozen_rule
from fairasr.discovery.base import DECLARED
from fairasr.ingest import Corpus
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
        found_on: SHA-256 of the files whose utterances the rule was found on.
        notes: how they came about, in sentences.
    """

    rule: CohortRule
    target: tuple[str, ...]
    descriptions: Mapping[str, str]
    found_on: tuple[str, ...]
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
    found, note = _rule(choice, training, base_counts, inputs=inputs, seed=seed)
    rule = found.rule
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
    return Cohorts(
        rule=rule,
        target=target,
        descriptions=dict(partition.descriptions),
        found_on=found.found_on,
        notes=(note, *partition.notes),
    )


def require_rule(choice: CohortChoice, corpus: Corpus | None) -> None:
    """Refuse what cannot give cohorts, as far as it can be told before the speakers are divided.

    Args:
        choice: of the job file, paths absolute.
        corpus: of the job; None where it cannot be read, and what cannot be told without it is left out.

    Raises:
        FairasrError: the audit or the rule cannot be read, there is no such method, or it cannot run on this corpus.
    """
    if choice.audit is not None:
        _rule_of_audit(choice.audit, choice.method)
    elif choice.rule is not None:
        _saved_rule(choice.rule, inputs=() if corpus is None else corpus.utterances_sha256)
    else:
        discoverer = _discoverer(choice)
        if corpus is not None:
            _require_fit(discoverer, corpus.manifest, speakers="speakers")


def _rule(
    choice: CohortChoice, training: Manifest, base_counts: Callable[[], Counts], *, inputs: tuple[str, ...], seed: int
) -> tuple[FrozenRule, str]:
    """The rule with what it was found on, and how it came about, in a sentence."""
    if choice.audit is not None:
        # The audit may have read the same utterances from another file, so both files know the rule.
        of_audit = _rule_of_audit(choice.audit, choice.method)
        found_on = tuple(sorted({*of_audit.found_on, *inputs}))
        return replace(of_audit, found_on=found_on), "Cohorts are those of the audit, found on the training speakers."
    if choice.rule is not None:
        return _saved_rule(choice.rule, inputs=inputs), "Cohorts are those of a saved rule, found on another corpus."
    discoverer = _discoverer(choice)
    _require_fit(discoverer, training, speakers="training speakers")
    if choice.method.partition(":")[0] == DECLARED:
        # What the corpus says needs no errors, so the base model need not transcribe the training speakers for it.
        nothing = np.zeros(len(training.speaker_ids), dtype=np.int64)
        declared = discoverer.search(training, seed=seed).fit(nothing, nothing)
        return FrozenRule(rule=declared, found_on=inputs), "Cohorts are declared by the corpus."
    found = fit(discoverer, training, base_counts(), seed=seed)
    note = "Cohorts were found on the training speakers with what the base model wrote."
    return FrozenRule(rule=found, found_on=inputs), note


def _saved_rule(path: Path, *, inputs: tuple[str, ...]) -> FrozenRule:
    saved = frozen_rule(path)
    if n_shared := saved.n_found_on(inputs):
        raise DoubleDippingError(
            f"the rule in '{path}' was found on {n_shared} of the {len(inputs)} files of "
            "this job, so its cohorts may hold test speakers. Name the audit it is from, or a discovery method."
        )
    return saved


def _discoverer(choice: CohortChoice) -> Discoverer:
    return named_method(choice.method, Choice(settings={choice.method.partition(":")[0]: choice.settings}))


def _require_fit(discoverer: Discoverer, manifest: Manifest, *, speakers: str) -> None:
    obstacle = discoverer.obstacle(manifest)
    if obstacle:
        raise JobError(f"{discoverer.method} cannot find cohorts among the {speakers}: {obstacle}. Name another method.")


def _rule_of_audit(folder: Path, method: str) -> FrozenRule:
    audit: AuditResult = read_audit(folder)
    rules = {one.method: one for one in (frozen_rule(path) for path in sorted((Path(folder) / RULES).glob("*.json")))}
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
