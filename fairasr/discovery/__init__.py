"""Discovery: Manifest, Counts -> rule; rule, Manifest -> Partition. One method per file, one line per method in METHODS."""

from fairasr.discovery.base import CohortRule, Discoverer, HasAreas, HasPartitions, Search, areas_of, fit
from fairasr.discovery.frozen import FrozenRule
from fairasr.discovery.registry import METHODS, Method, frozen_rule, read_rule, rule_record, settings_of

__all__ = [
    "METHODS",
    "CohortRule",
    "Discoverer",
    "FrozenRule",
    "HasAreas",
    "HasPartitions",
    "Method",
    "Search",
    "areas_of",
    "fit",
    "frozen_rule",
    "read_rule",
    "rule_record",
    "settings_of",
]
