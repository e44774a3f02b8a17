"""Scoring as one audit does it: the same profile, unit and policy for every system, counts per speaker."""

from __future__ import annotations

from typing import Literal

from fairasr.auditing.plan import Progress
from fairasr.core import Counts, Hypotheses
from fairasr.core.errors import ScoringError
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing
from fairasr.scoring import score

Unit = Literal["word", "character", "auto"]


class Scoring:
    """How the systems of one corpus are scored; what is not said comes from the corpus's recipe."""

    def __init__(self, corpus: Corpus, *, normaliser: str | None, unit: Unit | None, missing: Missing, progress: Progress) -> None:
        self.corpus = corpus
        self.normaliser: str = normaliser or corpus.defaults.get("normaliser", "basic")
        self.unit: Unit = unit or corpus.defaults.get("unit", "word")
        self.missing = missing
        self.progress = progress

    def of_system(self, hypotheses: Hypotheses, normaliser: str | None = None) -> Counts:
        """Counts of one system, one row per speaker in the order of the manifest's `speaker_ids`."""
        return score(
            self.corpus.manifest,
            hypotheses,
            normaliser=normaliser or self.normaliser,
            unit=self.unit,
            missing="deletions" if self.missing == "deletions" else "error",
            progress=lambda done, total: self.progress(f"{hypotheses.system}: scoring", done, total),
        ).by_speaker()

    def of_all_systems(self) -> dict[str, Counts]:
        """Counts of every system by name, in the order given: scored, or those of the corpus's own rate.

        Raises:
            ScoringError: there is no system.
        """
        if self.corpus.rate is not None:
            return {counts.system: counts.by_speaker() for counts in self.corpus.counts}
        if not self.corpus.systems:
            raise ScoringError(f"'{self.corpus.manifest.source}' holds no hypotheses: give them in a column or in a second file.")
        return {hypotheses.system: self.of_system(hypotheses) for hypotheses in self.corpus.systems}
