"""Transcripts of the system in use and of the new ones to a Comparison: no model is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fairasr.comparing.compared import Seeds, compared
from fairasr.core import Comparison, Counts, Provenance
from fairasr.core.errors import DiscoveryError, DoubleDippingError, ScoringError
from fairasr.discovery import METHODS, CohortRule, FrozenRule, areas_of, frozen_rule
from fairasr.discovery.base import DECLARED
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing, selected
from fairasr.scoring import score

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, how much there is."""


def compare_systems(
    corpus: Corpus,
    *,
    before: str,
    after: Sequence[str],
    seed: int,
    group: str | None = None,
    rule: CohortRule | str | Path | None = None,
    target: Sequence[str] = (),
    forgetting: Mapping[str, Corpus] | None = None,
    forgetting_systems: Mapping[str, str] | None = None,
    margin: float = 0.01,
    normaliser: str | None = None,
    unit: Literal["word", "character", "auto"] | None = None,
    missing: Missing = "error",
    min_speakers: int = 10,
    allow_double_dipping: bool = False,
    title: str | None = None,
    command: str = "fairasr.compare_systems",
    progress: Progress | None = None,
) -> Comparison:
    """Judge new systems against the one in use, on the same utterances, cohort by cohort.

    The cohorts are declared groups or those of a rule found on other utterances. Without a target everyone is: the worst cohorts
    of these speakers are not picked here, because on the speakers they were picked on they would seem to gain whatever was done
    (regression to the mean). Name the cohorts that an audit of other speakers found.

    Args:
        corpus: from `fairasr.read`.
        before: name of the system in use.
        after: names of the new systems; the others are compared with the first too (plain fine-tuning).
        seed: of the permutations.
        group: column of declared groups, "accent*gender" for two crossed.
        rule: a saved rule or its file, instead of a group.
        target: labels of the cohorts that were to gain; empty: everyone.
        forgetting: name -> corpus on which nothing should be lost: general speech, another corpus.
        forgetting_systems: name of a system -> its name in the forgetting sets, where it is another.
        margin: relative loss that is tolerated of every other cohort and forgetting set.
        normaliser: profile for all texts; None: each corpus's own recipe's, else "basic".
        unit: "word", "character" or "auto"; None: each recipe's, else "word".
        missing: what an utterance without hypothesis is: an "error"; "deletions" of its words; or "set-aside" for all systems.
        min_speakers: cohorts with fewer speakers show no number.
        allow_double_dipping: take a rule that was found on these files all the same; the result says so.
        title: of the report; default: the corpus's.
        command: for the provenance.
        progress: told what is being done, how much is done, how much there is.

    Raises:
        ScoringError: a system is not in a corpus, is named twice, or lacks hypotheses.
        DiscoveryError: the column or rule makes no cohorts here, or both were given.
        DoubleDippingError: the rule was found on these files.
        StatisticsError: no target cohort holds a speaker.
    """
    systems = [before, *after]
    twice = [name for name in dict.fromkeys(systems) if systems.count(name) > 1]
    if twice:
        raise ScoringError(f"{len(twice)} of {len(set(systems))} systems are named twice (first: {twice[0]!r}). Name each once.")
    tell = progress or (lambda what, done, total: None)
    scoring = _Scoring(normaliser=normaliser, unit=unit, missing=missing, tell=tell)
    found = _rule(corpus, group=group, rule=rule, allow_double_dipping=allow_double_dipping)
    own, chosen = scoring.counts(corpus, {name: name for name in systems})
    sets: dict[str, tuple[Counts, dict[str, Seeds]]] = {}
    names = {name: (forgetting_systems or {}).get(name, name) for name in systems}
    for known, other in (forgetting or {}).items():
        counts, _ = scoring.counts(other, names)
        sets[known] = counts[before], {name: [counts[name]] for name in after}
    tell("judging", 0, 1)
    manifest = chosen.manifest
    result_notes = [*corpus.notes, *(f"{known}: {note}" for known, other in (forgetting or {}).items() for note in other.notes)]
    return compared(
        own[before],
        {name: [own[name]] for name in after},
        None if found is None else found.assign(manifest),
        seed=seed,
        target=target,
        forgetting=sets,
        areas=None if found is None else areas_of(found, manifest),
        map_layer=None if found is None else found.map_layer(),
        margin=margin,
        min_speakers=min_speakers,
        has_speaker_ids=manifest.has_speaker_ids,
        allow_double_dipping=allow_double_dipping,
        title=title or corpus.title,
        notes=result_notes,
        provenance=Provenance(
            command=command,
            seed=seed,
            inputs={
                **corpus.inputs,
                **{
                    f"{known}: {file}": digest
                    for known, other in (forgetting or {}).items()
                    for file, digest in other.inputs.items()
                },
            },
            settings={
                "group": group,
                "rule": None if rule is None or group else (found.method if found else None),
                "target": list(target),
                "margin": margin,
                "normaliser": normaliser,
                "unit": unit,
                "missing": missing,
                "min_speakers": min_speakers,
                "forgetting_systems": dict(forgetting_systems or {}),
                "allow_double_dipping": allow_double_dipping,
            },
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Scoring:
    """How every corpus of one comparison is scored; what is not said comes from the corpus's recipe."""

    normaliser: str | None
    unit: Literal["word", "character", "auto"] | None
    missing: Missing
    tell: Progress

    def counts(self, corpus: Corpus, names: Mapping[str, str]) -> tuple[dict[str, Counts], Corpus]:
        """Counts by speaker of each system (our name -> its name in the corpus), and the utterances they are of."""
        chosen = selected(corpus, systems=list(names.values()), missing=self.missing)
        texts = {hypotheses.system: hypotheses for hypotheses in chosen.systems}
        counts = {}
        for done, (name, theirs) in enumerate(names.items()):
            self.tell(f"{name}: scoring", done, len(names))
            counts[name] = score(
                chosen.manifest,
                texts[theirs],
                normaliser=self.normaliser or corpus.defaults.get("normaliser", "basic"),
                unit=self.unit or corpus.defaults.get("unit", "word"),
                missing="deletions" if self.missing == "deletions" else "error",
            ).by_speaker()
        return counts, chosen


def _rule(
    corpus: Corpus, *, group: str | None, rule: CohortRule | str | Path | None, allow_double_dipping: bool
) -> CohortRule | None:
    if group and rule is not None:
        raise DiscoveryError("cohorts are either those of a group or those of a rule, and both were given. Give one.")
    if group:
        declared = METHODS[DECLARED].load()(columns=tuple(group.split("*")))
        if obstacle := declared.obstacle(corpus.manifest):
            raise DiscoveryError(f"{declared.method} makes no cohorts here: {obstacle}.")
        made: CohortRule = declared.search(corpus.manifest, seed=0).rule
        return made
    if rule is None:
        return None
    frozen = frozen_rule(rule) if isinstance(rule, (str, Path)) else FrozenRule(rule=rule)
    n_shared = frozen.n_found_on(corpus.utterances_sha256)
    if n_shared and not allow_double_dipping:
        raise DoubleDippingError(
            f"the rule in '{rule}' was found on {n_shared} of the {len(corpus.utterances_sha256)} files compared here, so its "
            "worst cohorts would seem to gain whatever was done. Compare on other speakers, or pass allow_double_dipping=True."
        )
    return frozen.rule
