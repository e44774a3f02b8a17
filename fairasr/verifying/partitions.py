"""The ways of grouping speakers that were asked for: declared columns, and rules of audits of other speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairasr.core import Partition
from fairasr.core.errors import DiscoveryError, DoubleDippingError
from fairasr.discovery import METHODS, CohortRule, FrozenRule, frozen_rule
from fairasr.discovery.base import DECLARED
from fairasr.ingest import Corpus
from fairasr.ingest.columns import OTHER_NAMES

NO_GROUPS = frozenset(name for ours in ("utterance_id", "reference", "hypothesis", "audio_path") for name in OTHER_NAMES[ours])
"""Columns of texts and files under other tools' names: they are groups only if they are asked for."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """One way of grouping the speakers.

    Attributes:
        partition: group of each speaker of the manifest.
        layer: what a map of it shows, as `CohortRule.map_layer` gives it, or None.
        found_here: whether the groups were found by errors on these files, so that their rates are too high or too low.
    """

    partition: Partition
    layer: Mapping[str, Any] | None = None
    found_here: bool = False


def partitions_of(
    corpus: Corpus, *, groups: Sequence[str], rules: Sequence[CohortRule | str | Path], allow_double_dipping: bool
) -> dict[str, Grouping]:
    """Method -> its groups, in the order asked for: columns, then rules.

    Where nothing is asked for: the columns that the recipe recommends, else every column that groups the speakers and is known
    under no name of texts or files.

    Raises:
        DiscoveryError: a column is not there, or one way of grouping is named twice.
        RuleError: a rule cannot be read.
        DoubleDippingError: a rule was found on these files.
    """
    manifest = corpus.manifest
    is_default = not groups and not rules
    grouping = [column for column in manifest.attributes if column.lower() not in NO_GROUPS]
    wanted = list(groups) or (list(corpus.defaults.get("groups", grouping)) if is_default else [])
    found: dict[str, Grouping] = {}
    for columns in wanted:
        declared = METHODS[DECLARED].load()(columns=tuple(str(columns).split("*")))
        if is_default and declared.obstacle(manifest):
            continue
        absent = [column for column in declared.columns if column not in manifest.table]
        if absent:
            raise DiscoveryError(f"{declared.method} makes no groups here: {declared.obstacle(manifest)}.")
        rule: CohortRule = declared.search(manifest, seed=0).rule
        _add(found, rule.method, Grouping(partition=rule.assign(manifest), layer=rule.map_layer()))
    for given in rules:
        frozen = frozen_rule(given) if isinstance(given, (str, Path)) else FrozenRule(rule=given)
        n_shared = frozen.n_found_on(corpus.utterances_sha256)
        if n_shared and not allow_double_dipping:
            raise DoubleDippingError(
                f"the rule in '{given}' was found on {n_shared} of the {len(corpus.utterances_sha256)} files audited here, so its "
                "worst groups would look worse than they are. Audit other speakers, or pass allow_double_dipping=True."
            )
        partition = frozen.rule.assign(manifest)
        _add(found, frozen.method, Grouping(partition=partition, layer=frozen.rule.map_layer(), found_here=bool(n_shared)))
    return found


def _add(found: dict[str, Grouping], method: str, grouping: Grouping) -> None:
    if method in found:
        raise DiscoveryError(f"{method!r} groups the speakers twice, among {len(found) + 1} ways of grouping. Name each once.")
    found[method] = grouping
