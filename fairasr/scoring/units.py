"""What is counted: words, or characters where a language writes no spaces between its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairasr.core.errors import ScoringError

Unit = Literal["word", "character"]

UNSPACED_SCRIPTS = {
    "Thai": (0x0E00, 0x0E7F),
    "Lao": (0x0E80, 0x0EFF),
    "Tibetan": (0x0F00, 0x0FFF),
    "Burmese": (0x1000, 0x109F),
    "Khmer": (0x1780, 0x17FF),
    "kana": (0x3040, 0x30FF),
    "Han": (0x3400, 0x9FFF),
    "Han, supplementary": (0x20000, 0x3FFFF),
}
"""Scripts whose writing puts no space between words -> first and last code point of their block (Unicode 16, Blocks.txt)."""

LONGEST_MEAN_WORD = 8.0
"""[characters] Text in an unspaced script with longer pieces than this between its spaces is not cut into words. Words of segmented
Chinese average under 2 characters, of segmented Thai and Burmese under 6; sentences and phrases have more than 10."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a corpus is written.

    Attributes:
        unspaced_share: share of its non-space characters, 0..1, that are of a script without spaces between words; 0 of nothing.
        mean_word_characters: mean length of what stands between white space; 0 of nothing.
    """

    unspaced_share: float
    mean_word_characters: float

    @property
    def has_words(self) -> bool:
        """Whether white space divides it into words."""
        return self.unspaced_share <= 0.5 or self.mean_word_characters <= LONGEST_MEAN_WORD


def writing_of(texts: Sequence[str]) -> Writing:
    """How `texts` (single spaced) are written."""
    joined = " ".join(texts)
    n_words = sum(1 for _ in texts if _) + joined.count(" ") - max(len(texts) - 1, 0)
    n_characters = len(joined) - joined.count(" ")
    if not n_characters:
        return Writing(unspaced_share=0.0, mean_word_characters=0.0)
    mean_word_characters = n_characters / n_words
    if joined.isascii():
        return Writing(unspaced_share=0.0, mean_word_characters=mean_word_characters)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    n_unspaced = sum(int(np.count_nonzero((codes >= first) & (codes <= last))) for first, last in UNSPACED_SCRIPTS.values())
    return Writing(unspaced_share=n_unspaced / n_characters, mean_word_characters=mean_word_characters)


def chosen_unit(unit: str, *, references: Sequence[str]) -> Unit:
    """The unit to count in: as asked, or for "auto" characters where white space does not divide the references into words.

    Args:
        unit: "word", "character" or "auto".
        references: single-spaced texts.

    Raises:
        ScoringError: no such unit, or words were asked for and the references are not divided into words.
    """
    if unit not in ("word", "character", "auto"):
        raise ScoringError(f"there is no unit {unit!r}. Use 'word', 'character' or 'auto'.")
    if unit == "character":
        return "character"
    writing = writing_of(references)
    if writing.has_words:
        return "word"
    if unit == "auto":
        return "character"
    raise ScoringError(
        f"the references are not divided into words: {writing.unspaced_share:.0%} of their characters are of a script without "
        f"spaces, and {writing.mean_word_characters:.0f} characters stand between spaces on average. "
        f"Pass unit='character' for the character error rate, or cut the texts into words first."
    )


def spaced_characters(text: str) -> str:
    """The characters of `text` with one space between: grapheme clusters (Unicode annex 29), so a letter and its marks are one.

    White space is no character.
    """
    joined = text.replace(" ", "")
    if joined.isascii():
        return " ".join(joined)
    import regex  # type: ignore[import-untyped]

    return " ".join(regex.findall(r"\X", joined))
