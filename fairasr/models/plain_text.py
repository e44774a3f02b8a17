"""References that say who speaks when: only a segmenter reads them; to other recognisers their markers would be words."""

from __future__ import annotations

from collections.abc import Iterable

from fairasr.core.errors import ModelError
from fairasr.core.turns import MARKER


def marker_obstacle(reference: str) -> str | None:
    """Why a reference with markers of turns cannot be learned, in words that complete "it ..."; None for one without."""
    marker = MARKER.search(reference)
    return f"has markers of turns (first: '{marker[0]}'), which only a separator-transducer-segmenter reads" if marker else None


def require_plain(references: Iterable[str]) -> list[str]:
    """The references, none of which has markers of turns.

    Raises:
        ModelError: some have.
    """
    texts = list(references)
    marked = [text for text in texts if MARKER.search(text)]
    if marked:
        raise ModelError(
            f"{len(marked):,} of {len(texts):,} references have markers of turns (first: {marked[0][:40]!r}), which would be "
            f"learned as words. Train the architecture 'separator-transducer-segmenter' on them, or leave them out."
        )
    return texts
