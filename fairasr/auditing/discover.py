"""Rules found on every speaker of a corpus, for use on other speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairasr.auditing.choice import Choice, chosen_discoverers, recommended_groups
from fairasr.auditing.plan import Progress
from fairasr.auditing.scoring import Scoring, Unit
from fairasr.core.errors import DiscoveryError, StatisticsError
from fairasr.discovery import CohortRule, Discoverer, fit
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing, selected


def discover_rules(
    corpus: Corpus,
    *,
    seed: int,
    systems: Sequence[str] = (),
    methods: Sequence[str | Discoverer] = (),
    census: str | Path | None = None,
    method_settings: Mapping[str, Mapping[str, Any]] | None = None,
    normaliser: str | None = None,
    unit: Unit | None = None,
    missing: Missing = "error",
    min_speakers: int = 10,
    progress: Progress | None = None,
) -> dict[str, CohortRule]:
    """Method -> rule, fitted on all speakers under one system, the corpus's only one or that in `systems`. Settings as in `audit`.

    Raises:
        StatisticsError: the corpus has several systems; cohorts are those of one.
        DiscoveryError: a method that was asked for cannot run, or none can.
    """
    corpus = selected(corpus, systems=systems, missing=missing)
    if len(corpus.systems) > 1:
        raise StatisticsError(
            f"{len(corpus.systems)} systems were given ({', '.join(h.system for h in corpus.systems)}); cohorts are those of one. "
            f"Name the system, or run an audit, which finds cohorts for each."
        )
    tell = progress or (lambda what, done, total: None)
    scoring = Scoring(corpus, normaliser=normaliser, unit=unit, missing=missing, progress=tell)
    (counts,) = scoring.of_all_systems().values()
    choice = Choice(
        methods=methods,
        groups=() if methods else recommended_groups(corpus),
        census=census,
        settings=method_settings or {},
    )
    rules: dict[str, CohortRule] = {}
    discoverers, lacking = chosen_discoverers(corpus.manifest, choice, min_speakers=min_speakers)
    obstacles = list(lacking.values())
    for done, discoverer in enumerate(discoverers):
        tell(f"finding cohorts by {discoverer.method}", done, len(discoverers))
        obstacle = discoverer.obstacle(corpus.manifest)
        if obstacle:
            obstacles.append(f"{discoverer.method} cannot run: {obstacle}.")
        else:
            rules[discoverer.method] = fit(discoverer, corpus.manifest, counts, seed=seed)
    if obstacles and (methods or not rules):
        raise DiscoveryError("\n".join(obstacles))
    return rules
