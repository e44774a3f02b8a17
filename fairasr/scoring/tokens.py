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


def token_pairs(references: Sequence[str], hypotheses: Sequence[str]) -> TokenPairs:
    """Number the words of single-spaced texts, in order of appearance."""
    import pyarrow as pa

    reference_words, reference_lengths = _words(references)
    hypothesis_words, hypothesis_lengths = _words(hypotheses)
    encoded = pa.concat_arrays([reference_words, hypothesis_words]).dictionary_encode()
    ids = encoded.indices.to_numpy()
    return TokenPairs(
        references=Ragged(ids=ids[: len(reference_words)], lengths=reference_lengths),
        hypotheses=Ragged(ids=ids[len(reference_words) :], lengths=hypothesis_lengths),
        n_distinct=len(encoded.dictionary),
    )


def _words(texts: Sequence[str]) -> tuple[Any, np.ndarray]:
    """Words of all texts as one Arrow array, and how many each has: int64 array (n_texts,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        array = pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:
        # Half a surrogate pair, as broken JSON holds it, cannot be written as UTF-8. Spelled out it still differs from other words.
        array = pa.array([text.encode("utf-8", "backslashreplace").decode() for text in texts], type=pa.large_string())
    pieces = pc.split_pattern(array, " ")
    lengths = pc.list_value_length(pieces).to_numpy(zero_copy_only=False).astype(np.int64)
    words = pieces.flatten()
    # Arrow cuts "" into one piece, "".
    is_empty = pc.equal(array, "").to_numpy(zero_copy_only=False)
    if is_empty.any():
        lengths[is_empty] = 0
        words = words.filter(pc.not_equal(words, ""))
    return words, lengths
