"""Normalisers that need no language: white space only, ASCII punctuation, and Whisper's basic one with and without marks.

Each takes one text and returns its words with single spaces between them and none at the ends.
"""

from __future__ import annotations

import re
import string
import unicodedata

BRACKETED = re.compile(r"[<\[][^>\]]*[>\]]")
PARENTHESISED = re.compile(r"\(([^)]+?)\)")
OPENERS = re.compile(r"[<\[(]")
_WITHOUT_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def single_spaced(text: str) -> str:
    """The words of `text`, as Python's `str.split` finds them, with one space between."""
    return " ".join(text.split())


def without_ascii_punctuation(text: str) -> str:
    """Lower case without the 32 characters of `string.punctuation`; guillemets, dashes and curly quotes stay."""
    return single_spaced(text.lower().translate(_WITHOUT_ASCII_PUNCTUATION))


def without_asides(text: str) -> str:
    """`text` without what stands in <>, [] or (); both of Whisper's normalisers begin so (Radford et al. 2022, appendix C)."""
    if OPENERS.search(text) is None:
        return text
    return PARENTHESISED.sub("", BRACKETED.sub("", text))


class _SpaceInsteadOf(dict[int, str]):
    """Table for `str.translate`: a space for characters of the given Unicode categories, filled as characters are met."""

    def __init__(self, categories: str) -> None:
        super().__init__()
        self.categories = categories

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = " " if unicodedata.category(character)[0] in self.categories else character
        return self[code]


class Basic:
    """Whisper's basic normaliser (Radford et al. 2022, appendix C): asides dropped, symbols and punctuation to spaces, lower case.

    Args:
        keep_marks: leave combining marks in their words. Whisper's own replaces them by spaces, which breaks Hindi, Burmese
            and pointed Arabic words in pieces, so that there are more words and fewer of them wrong ("What is lost in
            normalization?", arXiv:2409.02449). whisper-normalizer calls this `preserve_marks`.
    """

    def __init__(self, *, keep_marks: bool) -> None:
        self._table = _SpaceInsteadOf("SP" if keep_marks else "MSP")

    def __call__(self, text: str) -> str:
        """The words of `text` as this normaliser writes them."""
        text = without_asides(text.lower())
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        return single_spaced(text.translate(self._table).lower())
