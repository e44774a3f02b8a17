"""Which discoveries an audit runs: those asked for by name, else all that the columns allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.auditing.method import Prepared, prepare
from fairasr.auditing.plan import Plan, Progress
from fairasr.core import Manifest
from fairasr.core.errors import DiscoveryError, DoubleDippingError
from fairasr.core.similar import did_you_mean
from fairasr.discovery import METHODS, CohortRule, Discoverer, FrozenRule, frozen_rule
from fairasr.discovery.base import DECLARED
from fairasr.ingest import Corpus

MOST_COLUMNS = 8
"""Declared columns audited unasked: more would mostly spend the correction for looking often."""

OF_UTTERANCES = frozenset({"utterance_id", "speaker_id", "reference", "duration_s", "audio_path"})
"""Columns that no discovery groups speakers by. An audit of a rate has an empty `reference` that its file lacks."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was asked for.

    Attributes:
        methods: discoverers or their names; empty with no rules: all that fit.
        groups: columns of declared groups, "accent*gender" for two crossed; empty: all that fit.
        rules: saved rules or their files.
        census: TOML card of a census table.
        settings: method name -> settings, for methods given by name.
        inputs: SHA-256 of the files the utterances are in; a saved rule found on one of them is refused.
    """

    methods: Sequence[str | Discoverer] = ()
    groups: Sequence[str] = ()
    rules: Sequence[CohortRule | str | Path] = ()
    census: str | Path | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Collection[str] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing was asked for by name, so that what cannot run is skipped."""
        return not self.methods and not self.rules


def chosen_discoverers(manifest: Manifest, choice: Choice, *, min_speakers: int) -> tuple[list[Discoverer], dict[str, str]]:
    """What to run, in the order of the report, and what cannot be made ready, with the reason.

    What was asked for, else every method and every column that groups speakers. What was asked for must be there.

    Raises:
        DiscoveryError: a method that was asked for is unknown, or lacks what it needs.
    """
    absent = [column for group in choice.groups for column in group.split("*") if column not in manifest.table]
    if absent:
        raise DiscoveryError(
            f"{len(absent)} of the columns to group by are not there (first: '{absent[0]}'); attributes are "
            f"{', '.join(manifest.attributes) or 'none'}."
        )
    if choice.is_open:
        columns = choice.groups or _groupable(manifest, min_speakers=min_speakers)
        wanted: list[str | Discoverer] = [method for method in METHODS if method != DECLARED]
    else:
        columns = choice.groups
        wanted = [_saved(rule, choice) for rule in choice.rules]
        wanted += choice.methods
    wanted += [group for column in columns if (group := f"{DECLARED}:{column}") not in wanted]
    made: list[Discoverer] = []
    lacking: dict[str, str] = {}
    for one in wanted:
        try:
            made.append(named_method(one, choice) if isinstance(one, str) else one)
        except DiscoveryError as error:
            if not choice.is_open:
                raise
            lacking[str(one)] = str(error)
    return made, lacking


def _saved(rule: CohortRule | str | Path, choice: Choice) -> FrozenRule:
    if not isinstance(rule, (str, Path)):
        return FrozenRule(rule=rule)
    saved = frozen_rule(rule)
    if n_shared := saved.n_found_on(choice.inputs):
        raise DoubleDippingError(
            f"the rule in '{rule}' was found on {n_shared} of the {len(choice.inputs)} files audited here, so its cohorts would "
            "look worse on them than they are. Audit other speakers with it, or pass allow_double_dipping=True."
        )
    return saved


def recommended_groups(corpus: Corpus) -> list[str]:
    """Columns that the corpus's recipe recommends for groups, as far as this release of the corpus has them."""
    return [
        group for group in corpus.defaults.get("groups", ()) if all(column in corpus.manifest.table for column in group.split("*"))
    ]


def named_method(name: str, choice: Choice) -> Discoverer:
    """Discoverer for a method name: "geo-tree", "declared:accent", "declared:accent*gender".

    Raises:
        DiscoveryError: the name is not in METHODS, or a setting is not the method's.
    """
    base, _, columns = name.partition(":")
    if base not in METHODS:
        known = f"; there are {', '.join(METHODS)}."
        raise DiscoveryError(f"there is no discovery method {base!r}{did_you_mean(base, METHODS) or known}")
    options = dict(choice.settings.get(base, {}))
    if base == DECLARED:
        if not columns:
            raise DiscoveryError("'declared' needs a column: declared:accent, or declared:accent*gender for two crossed.")
        options["columns"] = tuple(columns.split("*"))
    if base == "zip-demographics":
        if choice.census is None:
            raise DiscoveryError(
                "zip-demographics needs a census table: pass census= (on the command line --census) with its TOML card."
            )
        options["census"] = choice.census
    settings = METHODS[base].load()
    unknown = set(options) - {field.name for field in fields(settings)}
    if unknown:
        raise DiscoveryError(
            f"{base} has no setting {', '.join(sorted(unknown))}; it has {', '.join(f.name for f in fields(settings))}."
        )
    try:
        discoverer: Discoverer = settings(**options)
    except TypeError as error:
        raise DiscoveryError(f"a setting of {base} is of the wrong kind: {error}. See `fairasr methods`.") from error
    return discoverer


def fitting_methods(
    manifest: Manifest, *, census: str | Path | None = None, groups: Sequence[str] = (), min_speakers: int = 10
) -> dict[str, str | None]:
    """Every method an audit would try, with what stands in its way on this manifest, None for nothing."""
    made, lacking = chosen_discoverers(manifest, Choice(groups=groups, census=census), min_speakers=min_speakers)
    found = {**{discoverer.method: discoverer.obstacle(manifest) for discoverer in made}, **lacking}
    if not any(name.startswith(f"{DECLARED}:") for name in found):
        found[DECLARED] = _why_nothing_is_declared(manifest, min_speakers=min_speakers)
    return found


def prepare_all(
    manifest: Manifest, words: np.ndarray, plan: Plan, *, choice: Choice, progress: Progress
) -> tuple[dict[str, Prepared], dict[str, str]]:
    """Methods made ready, and those that cannot run with the reason. A method asked for by name must run.

    Raises:
        DiscoveryError: a method that was asked for cannot run, or none can.
    """
    ready: dict[str, Prepared] = {}
    discoverers, skipped = chosen_discoverers(manifest, choice, min_speakers=plan.min_speakers)
    for done, discoverer in enumerate(discoverers):
        progress(f"preparing {discoverer.method}", done, len(discoverers))
        if discoverer.method in ready:
            raise DiscoveryError(
                f"two of {len(discoverers)} discoveries are called '{discoverer.method}', and a report has one place for each. "
                f"Audit them one by one."
            )
        try:
            ready[discoverer.method] = prepare(discoverer, manifest, words, plan)
        except DiscoveryError as error:
            if not choice.is_open:
                raise
            skipped[discoverer.method] = str(error)
    if not ready:
        reasons = "\n".join(f"  - {reason}" for reason in skipped.values())
        columns = [column for column in manifest.table.columns if column not in OF_UTTERANCES]
        raise DiscoveryError(
            f"no discovery method can run on '{manifest.source}': groups are looked for among half of its "
            f"{len(manifest.speaker_ids):,} speakers, by these columns: {', '.join(columns) or 'none'}.\n{reasons}\n"
            f"Add a column, or map one to its name with columns=."
        )
    return ready, skipped


def _why_nothing_is_declared(manifest: Manifest, *, min_speakers: int) -> str:
    columns = manifest.attributes
    if not columns:
        return "there is no column of groups, such as accent or gender"
    shown = ", ".join(columns[:MOST_COLUMNS]) + (", ..." if len(columns) > MOST_COLUMNS else "")
    return (
        f"0 of {len(columns)} columns have two values that {min_speakers} speakers each keep, and values for half of the speakers "
        f"at most ({shown})"
    )


def _groupable(manifest: Manifest, *, min_speakers: int) -> list[str]:
    """Attribute columns of which at least two values are kept by `min_speakers` speakers each, at most MOST_COLUMNS."""
    columns = []
    for column in manifest.attributes:
        values, _ = manifest.values_by_speaker(column)
        sizes = values.dropna().astype(str).value_counts()
        if (sizes >= min_speakers).sum() >= 2 and len(sizes) <= 0.5 * len(values):
            columns.append(column)
    return columns[:MOST_COLUMNS]
