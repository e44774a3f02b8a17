"""audit_verification: scores of trials, or vectors of utterances, to the error rates of every group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from fairasr.core import Provenance, VerificationResult, VerifierResult
from fairasr.core.errors import StatisticsError
from fairasr.discovery import CohortRule
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing
from fairasr.ingest.trials import Source
from fairasr.verification import SortedTrials, TrialSpeakers, measured, n_replicates, speaker_counts
from fairasr.verifying.groups import group_report
from fairasr.verifying.partitions import Grouping, partitions_of
from fairasr.verifying.recognition import Recognition, recognition_of
from fairasr.verifying.trials import Scored, scored_trials
from fairasr.verifying.warnings import warnings_of
from fairasr.verifying.withholding import ListedTrials, withheld_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, how much there is."""

NO_SPEAKERS = (
    "the corpus names no speakers, so no trial is known to be of one speaker. Give a table with a column speaker_id, and read it "
    "with speaker_ids=True."
)


def audit_verification(
    corpus: Corpus,
    *,
    seed: int,
    scores: Mapping[str, Source] | None = None,
    trials: Source | None = None,
    embeddings: Mapping[str, str | Path] | None = None,
    groups: Sequence[str] = (),
    rules: Sequence[CohortRule | str | Path] = (),
    n_per_speaker: int = 20,
    p_target: float = 0.01,
    min_speakers: int = 10,
    recogniser: str = "",
    normaliser: str | None = None,
    unit: Literal["word", "character", "auto"] | None = None,
    missing: Missing = "error",
    allow_double_dipping: bool = False,
    title: str | None = None,
    command: str = "fairasr.audit_verification",
    progress: Progress | None = None,
) -> VerificationResult:
    """How often speaker verifiers err on each group of speakers (Jin et al. 2022), with intervals by speaker.

    A group's EER and minDCF are of the trials with both sides in it; its FAR and FRR are at ONE threshold, that of everyone's EER,
    because a deployed verifier has one. Intervals resample speakers, who bring all their trials on either side.

    Args:
        corpus: from `fairasr.read` or `read_recordings`: who speaks in each utterance, and the groups. References may be empty.
        seed: of made trials and of the resampling.
        scores: verifier -> its scored trials; see `read_trials`. The first verifier is the baseline that others stand beside.
        trials: a list of trials for scores, or for `embeddings`, that name no utterances themselves.
        embeddings: verifier -> file of its vectors (`fairasr embed`), scored by cosine. Without scores and trials, trials are
            made from the corpus.
        groups: columns of declared groups, "sex*accent" for two crossed. None, and no rules: the recipe's, else all that fit.
        rules: saved rules, or their files, of an audit of other speakers.
        n_per_speaker: made trials of a kind per speaker.
        p_target: prior of a target trial, of minDCF.
        min_speakers: groups with fewer, in all or in trials of one kind, show no number; see `verifying.withholding`.
        recogniser: system of the corpus whose word error rates stand beside; "": the only one, if there are hypotheses.
        normaliser: profile for its texts; None: the recipe's, else "basic".
        unit: "word", "character" or "auto"; None: the recipe's, else "word".
        missing: what an utterance without hypothesis is: an "error"; "deletions" of its words; or "set-aside".
        allow_double_dipping: take a rule that was found on these files all the same; the result says so.
        title: of the report; default: the corpus's.
        command: for the provenance.
        progress: told what is being done, how much is done, how much there is.

    Raises:
        IngestError: a file cannot be read, or trials break their rules.
        ScoringError: scores are not finite; the recogniser is not in the corpus.
        DiscoveryError: a column is not there, or a rule cannot be read.
        DoubleDippingError: a rule was found on these files.
        StatisticsError: the corpus names no speakers; trials are all of one kind; a setting is out of range.
    """
    if not corpus.manifest.has_speaker_ids:
        raise StatisticsError(NO_SPEAKERS)
    if not 0 < p_target < 1 or min_speakers < 2:
        raise StatisticsError(
            f"p_target is {p_target} and min_speakers {min_speakers}; the one must lie between 0 and 1, the other be at least 2."
        )
    tell = progress or (lambda what, done, total: None)
    found = partitions_of(corpus, groups=groups, rules=rules, allow_double_dipping=allow_double_dipping)
    words = recognition_of(corpus, recogniser=recogniser, normaliser=normaliser, unit=unit, missing=missing)
    tell("trials", 0, 1)
    given = scored_trials(
        corpus,
        scores=scores or {},
        trials=trials,
        embeddings=embeddings or {},
        labels={method: grouping.partition.labels for method, grouping in found.items()},
        n_per_speaker=n_per_speaker,
        seed=seed,
    )
    systems = _systems(given, found, words, seed=seed, p_target=p_target, min_speakers=min_speakers, tell=tell)
    return VerificationResult(
        title=title or corpus.title,
        data={
            "n_speakers": len(given.speaker_ids),
            "n_trials": len(given.is_target),
            "n_target": int(given.is_target.sum()),
            "n_nontarget": int((~given.is_target).sum()),
            "min_speakers": min_speakers,
            "p_target": p_target,
            "trials_from": given.trials_from,
            "n_replicates": n_replicates(len(given.is_target)),
            "wer": words.overall,
        },
        systems=tuple(systems),
        warnings=(*warnings_of(systems, given.scores, found), *given.notes, *words.notes),
        recogniser=words.recogniser,
        provenance=Provenance(
            command=command,
            seed=seed,
            inputs={**corpus.inputs, **given.inputs},
            settings={
                "verifiers": list(given.scores),
                "groups": list(found),
                "n_per_speaker": n_per_speaker if given.trials_from == "made" else None,
                "p_target": p_target,
                "min_speakers": min_speakers,
                "normaliser": normaliser,
                "unit": unit,
                "missing": missing,
                "allow_double_dipping": allow_double_dipping,
            },
        ),
    )


def _systems(
    given: Scored,
    found: Mapping[str, Grouping],
    words: Recognition,
    *,
    seed: int,
    p_target: float,
    min_speakers: int,
    tell: Progress,
) -> list[VerifierResult]:
    """Every verifier, under the same draws of speakers."""
    is_target = given.is_target
    if is_target.all() or not is_target.any():
        raise StatisticsError(
            f"{is_target.sum():,} of {len(is_target):,} trials are of one speaker: an equal error rate needs both kinds. "
            "Give target trials and non-target trials."
        )
    counts = speaker_counts(len(given.speaker_ids), n_replicates=n_replicates(len(is_target)), seed=seed)
    speakers = TrialSpeakers(first=given.first_speaker, second=given.second_speaker)
    withheld = withheld_of(
        {method: grouping.partition for method, grouping in found.items()},
        ListedTrials(first=given.first_speaker, second=given.second_speaker, is_target=is_target),
        speaker_ids=given.speaker_ids,
        min_speakers=min_speakers,
    )
    n_steps = len(given.scores) * (1 + len(found))
    systems: list[VerifierResult] = []
    for name, scores in given.scores.items():
        done = len(systems) * (1 + len(found))
        tell(f"{name}: everyone", done, n_steps)
        trials = SortedTrials(scores, is_target)
        who = speakers.of(trials.order)
        everyone = measured(trials, who, counts=counts, p_target=p_target)
        reports = {}
        for step, (method, grouping) in enumerate(found.items(), start=1):
            tell(f"{name}: {method}", done + step, n_steps)
            reports[method] = group_report(
                grouping,
                withheld[method],
                trials,
                who,
                everyone,
                speaker_ids=given.speaker_ids,
                counts=counts,
                p_target=p_target,
                min_speakers=min_speakers,
                words=words.by_speaker,
            )
        systems.append(
            VerifierResult(
                system=name,
                eer=everyone.eer,
                min_dcf=everyone.min_dcf,
                threshold=everyone.threshold,
                n_target=int(np.sum(is_target)),
                n_nontarget=int(np.sum(~is_target)),
                reports=reports,
            )
        )
    return systems
