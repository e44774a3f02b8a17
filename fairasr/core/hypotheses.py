"""Hypotheses: what one system wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairasr.core.errors import SchemaError


@dataclass(frozen=True, kw_only=True)
class Hypotheses:
    """What one system wrote: utterance_id -> text. "" heard nothing; an absent utterance is a failed one.

    Raises:
        SchemaError: the system has no name, or a text is not a string.
    """

    system: str
    texts: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.system:
            raise SchemaError("hypotheses need the name of the system that wrote them; it is ''.")
        wrong = [key for key, text in self.texts.items() if not isinstance(text, str)]
        if wrong:
            raise SchemaError(
                f"{self.system!r}: {len(wrong):,} of {len(self.texts):,} hypotheses are not text (first: {wrong[0]!r}). "
                f"Leave a failed utterance out; '' means the system heard nothing."
            )

    def __len__(self) -> int:
        return len(self.texts)
