"""Texts to integers: every distinct word of a batch gets a number, so that comparing words is comparing numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

FIRST_SURROGATE, N_SURROGATES = 0xD800, 0x800
N_CODE_POINTS = 0x110000 - N_SURROGATES
"""How many different words can be written as one code point each."""


@dataclass(frozen=True, kw_only=True)
class Ragged:
    """Word numbers of several texts, end to end.

    Attributes:
        ids: int array (n_words,).
        lengths: words of each text, int64 array (n_texts,).
    """

    ids: np.ndarray
    lengths: np.ndarray

    @property
    def bounds(self) -> np.ndarray:
        """Where each text starts, and where the last ends: int64 array (n_texts + 1,)."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    def where(self, chosen: np.ndarray) -> Ragged:
        """The texts that `chosen`, bool array (n_texts,), is true for."""
        return Ragged(ids=self.ids[np.repeat(chosen, self.lengths)], lengths=self.lengths[chosen])

    def as_texts(self) -> list[str]:
        """Each text with one code point for each word (`ids` below `N_CODE_POINTS`); surrogates are no characters."""
        codes = (self.ids + N_SURROGATES * (self.ids >= FIRST_SURROGATE)).astype("<u4")
        joined = codes.tobytes().decode("utf-32-le")
        bounds = self.bounds.tolist()
        return [joined[start:stop] for start, stop in pairwise(bounds)]


@dataclass(frozen=True, kw_only=True)
class TokenPairs:
    """References and hypotheses of a batch under one numbering of words; `n_distinct` of them."""

    references: Ragged
    hypotheses: Ragged
    n_distinct: int


def arrow_texts(texts: Sequence[str]) -> Any:
    """Single-spaced texts as one Arrow array (n_texts,)."""
    import pyarrow as pa

    try:
        return pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:
        # Half a surrogate pair, as broken JSON holds it, cannot be written as UTF-8. Spelled out it still differs from other words.
        return pa.array([text.encode("utf-8", "backslashreplace").decode() for text in texts], type=pa.large_string())


def n_words_of(texts: Any) -> np.ndarray:
    """Words of each text of an Arrow array, 0 for "": int64 array (n_texts,)."""
    _, offset_buffer, character_buffer = texts.buffers()
    if character_buffer is None:
        return np.zeros(len(texts), dtype=np.int64)
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    # No byte of a longer UTF-8 character looks like a space.
    spaces = np.flatnonzero(np.frombuffer(character_buffer, dtype=np.uint8)[: offsets[-1]] == ord(" "))
    return np.diff(np.searchsorted(spaces, offsets)) + (np.diff(offsets) > 0)


def differ(texts: Any, others: Any) -> np.ndarray:
    """Whether each text differs from the other one, of two Arrow arrays: bool array (n_texts,)."""
    import pyarrow.compute as pc

    different: np.ndarray = pc.not_equal(texts, others).to_numpy(zero_copy_only=False)
    return different


def token_pairs(references: Any, hypotheses: Any) -> TokenPairs:
    """Number the words of two Arrow arrays of single-spaced texts (see `arrow_texts`), in order of appearance."""
    import pyarrow as pa

    reference_words, hypothesis_words = _words(references), _words(hypotheses)
    encoded = pa.concat_arrays([reference_words, hypothesis_words]).dictionary_encode()
    ids = encoded.indices.to_numpy()
    return TokenPairs(
        references=Ragged(ids=ids[: len(reference_words)], lengths=n_words_of(references)),
        hypotheses=Ragged(ids=ids[len(reference_words) :], lengths=n_words_of(hypotheses)),
        n_distinct=len(encoded.dictionary),
    )


def _words(texts: Any) -> Any:
    """Words of all texts, end to end, as one Arrow array."""
    import pyarrow.compute as pc

    words = pc.split_pattern(texts, " ").flatten()
    # Arrow cuts "" into one piece, "".
    return words.filter(pc.not_equal(words, "")) if pc.any(pc.equal(texts, "")).as_py() else words
