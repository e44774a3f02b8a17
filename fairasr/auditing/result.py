"""Audit: what an audit found, with the rules behind it and the ways to write it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairasr.core import AuditResult
from fairasr.discovery import CohortRule, rule_record
from fairasr.report.utterance_file import KeptUtterances


@dataclass(frozen=True, kw_only=True)
class Audit(AuditResult):
    """An AuditResult fresh from `fairasr.auditing`.

    Attributes:
        found_on: SHA-256 of the files whose utterances the rules were found on.
        rules: method -> rule as found for the focus system; assigns cohorts on any other manifest.
        utterances: every text and its errors, for `write`; None where they are not kept.
    """

    found_on: tuple[str, ...] = ()
    rules: Mapping[str, CohortRule] = field(default_factory=dict)
    utterances: KeptUtterances | None = field(default=None, repr=False, compare=False)

    def write(self, folder: str | Path) -> list[Path]:
        """Write report.html, report.json, cohorts.parquet, regions.geojson and rules/ into `folder`, all or nothing.

        Utterances that are kept go to utterances.arrow and confusions.parquet.

        Raises:
            OutputError: the folder cannot be written; what was there before still is.
        """
        from fairasr.report import write_audit

        return write_audit(
            self,
            folder,
            rules={method: rule_record(rule, found_on=self.found_on) for method, rule in self.rules.items()},
            utterances=self.utterances,
        )

    def write_html(self, path: str | Path) -> Path:
        """Write the report page alone.

        Raises:
            OutputError: the file cannot be written; what was there before still is.
        """
        from fairasr.report import write_html

        return write_html(self, path)
