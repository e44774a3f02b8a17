"""Two texts word by word, normalised as they were when they were scored."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from fairasr.scoring import Aligned, align
from fairasr.scoring.normalisers import named
from fairasr.scoring.units import spaced_characters

MOST_STEPS = 400
"""Words of one utterance that are aligned: more than fill a screen, and few enough that fifty such rows are quick."""


class AlignedWords:
    """Aligns texts under one normaliser and unit. Threads may share it."""

    def __init__(self, *, normaliser: str, unit: str) -> None:
        self._normaliser, self._unit = normaliser, unit
        self._apply: Callable[[str], str] | None = None
        self._lock = Lock()

    def aligned(self, *, reference: str, hypothesis: str) -> tuple[tuple[Aligned, ...], bool]:
        """The first `MOST_STEPS` steps from one text to the other, and whether that leaves some out.

        Args:
            reference: as given.
            hypothesis: as given.
        """
        said, heard = self._words(reference), self._words(hypothesis)
        if said == heard:
            steps = tuple(Aligned(kind="hit", reference=word, hypothesis=word) for word in said)
        else:
            steps = align(reference=" ".join(said[:MOST_STEPS]), hypothesis=" ".join(heard[:MOST_STEPS]))
        return steps[:MOST_STEPS], max(len(steps), len(said), len(heard)) > MOST_STEPS

    def _words(self, text: str) -> list[str]:
        with self._lock:  # a normaliser may remember words, and takes a while to build
            if self._apply is None:
                self._apply = named(self._normaliser).build()
            text = self._apply(text)
        return (spaced_characters(text) if self._unit == "character" else text).split()
