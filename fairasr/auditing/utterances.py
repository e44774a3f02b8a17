"""The utterances of an audit: scored from texts that are normalised once, and which cohort each may be listed under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fairasr.auditing.method import Audited
from fairasr.auditing.plan import Plan
from fairasr.auditing.scoring import Scoring
from fairasr.core import Counts, Hypotheses, Manifest
from fairasr.report.utterance_file import COUNT_COLUMNS, KeptSystem, KeptUtterances, ListedCohorts
from fairasr.scoring import score
from fairasr.scoring.confusions import CONFUSION_COLUMNS, confusions, word_errors
from fairasr.scoring.normalisers import named
from fairasr.scoring.tokens import arrow_texts
from fairasr.scoring.units import spaced_characters
from fairasr.statistics import split_speakers


@dataclass(frozen=True, kw_only=True)
class ScoredUtterances:
    """Every system scored, with what `score` sums away.

    Attributes:
        counts: system -> counts per speaker, those of `Scoring.of_all_systems`.
        errors: system -> `COUNT_COLUMNS` -> int array (n_utterances,).
        references: words of each reference, single spaced, as an Arrow array (n_utterances,).
        recognised: system -> likewise; "" where there was no output.
    """

    counts: Mapping[str, Counts]
    errors: Mapping[str, Mapping[str, np.ndarray]]
    references: Any
    recognised: Mapping[str, Any]


def scored_utterances(scoring: Scoring) -> ScoredUtterances:
    """Score as `scoring` would, and keep the normalised texts, which take longer to make than to score.

    Raises:
        ScoringError: as `Scoring.of_all_systems`.
    """
    manifest, systems = scoring.corpus.manifest, scoring.corpus.systems
    profile = named(scoring.normaliser)
    apply = profile.build()
    given, ids = manifest.table["reference"].tolist(), manifest.table["utterance_id"].tolist()
    done = {text: apply(text) for text in dict.fromkeys(given)}
    references = [done[text] for text in given]
    if not systems or not any(references):
        scoring.of_all_systems()  # says what is wrong
    columns = {"utterance_id": ids, "speaker_id": manifest.table["speaker_id"].tolist(), "reference": references}
    normalised = Manifest(
        table=pd.DataFrame(columns, dtype=object), source=manifest.source, has_speaker_ids=manifest.has_speaker_ids
    )
    counts: dict[str, Counts] = {}
    errors: dict[str, dict[str, np.ndarray]] = {}
    recognised: dict[str, Any] = {}
    is_spaced = False
    for hypotheses in systems:
        own: dict[str, str] = {}
        texts = {}
        for key in ids:
            text = hypotheses.texts.get(key)
            if text is not None:
                words = done.get(text)
                if words is None and (words := own.get(text)) is None:
                    words = own[text] = apply(text)
                texts[key] = words
        scored = replace(
            score(
                normalised,
                Hypotheses(system=hypotheses.system, texts=texts),
                normaliser="none",  # which leaves what is normalised as it is
                unit=scoring.unit,
                missing="deletions" if scoring.missing == "deletions" else "error",
                progress=partial(scoring.progress, f"{hypotheses.system}: scoring"),
            ),
            normaliser=profile.label,
        )
        counts[hypotheses.system] = scored.by_speaker()
        errors[hypotheses.system] = {
            name: scored.table[scored.denominator if name == "n_ref" else name].to_numpy().astype(np.uint32)
            for name in COUNT_COLUMNS
        }
        is_spaced = scored.rate_name == "CER"
        heard = [texts.get(key, "") for key in ids]
        recognised[hypotheses.system] = arrow_texts([spaced_characters(text) for text in heard] if is_spaced else heard)
    said = [spaced_characters(text) for text in references] if is_spaced else references
    return ScoredUtterances(counts=counts, errors=errors, references=arrow_texts(said), recognised=recognised)


def kept_utterances(
    scoring: Scoring, scored: ScoredUtterances, audited: Mapping[str, Mapping[str, Audited]], words: np.ndarray, plan: Plan
) -> KeptUtterances:
    """What is written of the utterances: cohorts where they may be told, and the confusions of each.

    Args:
        scoring: of the audit.
        scored: from `scored_utterances`.
        audited: system -> method -> what was found.
        words: reference words of each speaker: int array (n_speakers,).
        plan: of the audit.
    """
    manifest = scoring.corpus.manifest
    is_confirmation = split_speakers(words, n_parts=2, seed=plan.seed) == 1
    listed = {
        method: listed_cohorts(
            {system: of_system[method] for system, of_system in audited.items()}, is_confirmation, min_speakers=plan.min_speakers
        )
        for method in next(iter(audited.values()))
    }
    systems, tables = [], []
    for hypotheses in scoring.corpus.systems:
        name = hypotheses.system
        scoring.progress(f"{name}: confusions", 0, 1)
        errors = scored.errors[name]
        found = confusions(
            word_errors(
                scored.references,
                scored.recognised[name],
                substitutions=errors["substitutions"],
                errors=errors["substitutions"] + errors["deletions"] + errors["insertions"],
            ),
            speakers=manifest.speaker_positions,
        )
        cohorts = {method: of_systems[name] for method, of_systems in listed.items()}
        for method, one in cohorts.items():
            judged = _judged(audited[name][method], is_confirmation)
            table = found.table(codes=one.codes, labels=one.labels, is_judged=judged, n_ref_words=words)
            table.insert(0, "method", pd.Series([method] * len(table), dtype="string"))
            table.insert(0, "system", pd.Series([name] * len(table), dtype="string"))
            tables.append(table)
        systems.append(KeptSystem(system=name, texts=hypotheses.texts, counts=errors, cohorts=cohorts))
    empty = pd.DataFrame(columns=["system", "method", *CONFUSION_COLUMNS])
    return KeptUtterances(
        manifest=manifest,
        systems=tuple(systems),
        is_confirmation=is_confirmation,
        normaliser=scoring.normaliser,
        unit="character" if next(iter(scored.counts.values())).rate_name == "CER" else "word",
        confusions=pd.concat(tables, ignore_index=True) if tables else empty,
    )


def listed_cohorts(audited: Mapping[str, Audited], is_confirmation: np.ndarray, *, min_speakers: int) -> dict[str, ListedCohorts]:
    """Under which cohort of one method each speaker may be listed, system by system.

    No suppressed cohort is listed. Nor may the lists of several systems together give one away: two systems can each hide a
    small cohort among different others, and who is hidden by both would be the small one. So whoever one system hides, all
    hide; a cohort that is then left with fewer than `min_speakers` judged speakers is hidden whole; so is one from which only a
    few were cut, fewer than `min_speakers` in all, of those judged or of the others: its numbers in the report minus those of its
    list would be theirs; and among all speakers, and in either half of them, a suppressed cohort is never hidden alone, nor with
    fewer than `min_speakers` in all.

    Args:
        audited: system -> what the method found.
        is_confirmation: whether a speaker is of the confirmation half: bool array (n_speakers,).
        min_speakers: fewest that may be shown.
    """
    found = {system: _Found.of(one, _judged(one, is_confirmation)) for system, one in audited.items()}
    is_hidden = np.zeros(len(is_confirmation), dtype=bool)
    for one in found.values():
        is_hidden |= one.codes < 0
    halves = (np.ones(len(is_hidden), dtype=bool), is_confirmation, ~is_confirmation)
    while any(
        _hide_more(one, is_hidden, min_speakers=min_speakers)
        or any(_hide_companion(one, is_hidden, half, min_speakers=min_speakers) for half in halves)
        for one in found.values()
    ):
        pass
    return {system: one.listed(is_hidden) for system, one in found.items()}


def _judged(one: Audited, is_confirmation: np.ndarray) -> np.ndarray:
    """The speakers that the cohort table rests on: bool array (n_speakers,)."""
    return np.ones(len(is_confirmation), dtype=bool) if one.report.cohorts_basis == "everyone" else is_confirmation


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Cohorts of one system: those shown, in the report's order; `every` is also of those suppressed, by number."""

    labels: tuple[str, ...]
    codes: np.ndarray
    every: np.ndarray
    is_judged: np.ndarray

    @classmethod
    def of(cls, one: Audited, is_judged: np.ndarray) -> _Found:
        table = one.report.cohorts
        labels = tuple(table.loc[table["suppressed"] == "", "cohort"])
        return cls(
            labels=labels,
            codes=pd.Index(labels, dtype=object).get_indexer(pd.Index(one.partition.labels, dtype=object)),
            every=pd.factorize(one.partition.labels)[0],
            is_judged=is_judged,
        )

    def listed(self, is_hidden: np.ndarray) -> ListedCohorts:
        codes = np.where(is_hidden, -1, self.codes)
        left, cut = set(codes[codes >= 0].tolist()), set(self.codes[is_hidden & (self.codes >= 0)].tolist())
        kept = [position for position in range(len(self.labels)) if position in left]
        places = np.full(len(self.labels) + 1, -1)
        places[kept] = np.arange(len(kept))
        return ListedCohorts(
            labels=tuple(self.labels[position] for position in kept),
            codes=places[codes],
            partial=tuple(self.labels[position] for position in kept if position in cut),
        )


def _hide_more(one: _Found, is_hidden: np.ndarray, *, min_speakers: int) -> bool:
    """Hide, in place, the cohorts that too few judged speakers are left of, or too few were cut from; whether there were any."""
    shown = ~is_hidden & (one.codes >= 0)
    if not shown.any():
        return False
    n_judged = np.bincount(one.codes[shown & one.is_judged], minlength=len(one.labels))
    is_bare = n_judged < min_speakers
    for part in (np.ones(len(is_hidden), dtype=bool), one.is_judged, ~one.is_judged):
        n_cut = np.bincount(one.codes[is_hidden & part & (one.codes >= 0)], minlength=len(one.labels))
        is_bare |= (n_cut > 0) & (n_cut < min_speakers)
    few = shown & is_bare[one.codes]
    is_hidden |= few
    return bool(few.any())


def _hide_companion(one: _Found, is_hidden: np.ndarray, half: np.ndarray, *, min_speakers: int) -> bool:
    """Hide, in place, the smallest cohort shown where a suppressed one of these speakers is too bare; whether one was hidden."""
    hidden, shown = is_hidden & half, ~is_hidden & half
    is_suppressed = (one.codes < 0) & half
    if not is_suppressed.any() or not shown.any():
        return False
    if hidden.sum() >= min_speakers and len(np.unique(one.every[hidden])) >= 2:
        return False
    sizes = np.bincount(one.codes[shown], minlength=len(one.labels))
    smallest = int(np.argmin(np.where(sizes > 0, sizes, len(half) + 1)))
    is_hidden |= one.codes == smallest
    return True
