"""Word error rates of the same speakers, to stand beside how often they are not recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairasr.core import Counts
from fairasr.core.errors import ScoringError
from fairasr.ingest import Corpus
from fairasr.ingest.selection import Missing, selected
from fairasr.scoring import score


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What a recogniser got wrong.

    Attributes:
        recogniser: its name; "" for none.
        by_speaker: counts, one row per speaker; None for none.
        notes: sentences for the report.
    """

    recogniser: str = ""
    by_speaker: Counts | None = None
    notes: tuple[str, ...] = ()

    @property
    def overall(self) -> float | None:
        """Pooled error rate of all speakers; None where there is none."""
        if self.by_speaker is None or not self.by_speaker.denominators.sum():
            return None
        return float(self.by_speaker.numerators.sum() / self.by_speaker.denominators.sum())


def recognition_of(
    corpus: Corpus,
    *,
    recogniser: str,
    normaliser: str | None,
    unit: Literal["word", "character", "auto"] | None,
    missing: Missing,
) -> Recognition:
    """Counts of the recogniser named, or of the only one there is; nothing where the corpus holds no hypotheses.

    Raises:
        ScoringError: it is not in the corpus, several are and none was named, or it lacks hypotheses.
    """
    names = [hypotheses.system for hypotheses in corpus.systems]
    if not recogniser:
        if not names:
            return Recognition()
        if len(names) > 1:
            raise ScoringError(
                f"{len(names)} recognisers are in '{corpus.manifest.source}' (first: {names[0]!r}) and one can stand beside. "
                f"Name it: {', '.join(names)}."
            )
        recogniser = names[0]
    chosen = selected(corpus, systems=[recogniser], missing=missing)
    n_aside = len(chosen.manifest.set_aside) - len(corpus.manifest.set_aside)
    counts = score(
        chosen.manifest,
        chosen.systems[0],
        normaliser=normaliser or corpus.defaults.get("normaliser", "basic"),
        unit=unit or corpus.defaults.get("unit", "word"),
        missing="deletions" if missing == "deletions" else "error",
    ).by_speaker()
    notes = (
        [
            f"{n_aside:,} of {len(corpus.manifest):,} utterances have no hypothesis of {recogniser} and are not in its word "
            "error rates."
        ]
        if n_aside
        else []
    )
    return Recognition(recogniser=recogniser, by_speaker=counts, notes=tuple(notes))
