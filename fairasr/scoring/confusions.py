"""What was said and what was written instead: every error of a corpus as a pair of words, and which pairs are a cohort's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fairasr.scoring.alignment import align

ROWS_AT_ONCE = 1 << 16
NO_WORD = -1
FEWEST_WHO_CONFUSE = 3
"""Speakers who must have made a mistake before it is told. What one or two said says nothing of a cohort, and may name them."""

MOST_CONFUSIONS = 50
"""Kept of each cohort: more than a person reads, and a bound on the file."""

CONFUSION_COLUMNS = {
    "cohort": "string",
    "kind": "string",
    "reference": "string",
    "hypothesis": "string",
    "n": "Int64",
    "n_speakers": "Int64",
    "per_1000": "float64",
    "per_1000_all": "float64",
}
"""Column -> dtype of `Confusions.table`."""


@dataclass(frozen=True, kw_only=True)
class WordErrors:
    """Every error of many utterances, one entry each.

    Attributes:
        rows: which utterance, int64 array (n_errors,), ascending.
        said: number of the reference word in `words`, NO_WORD for an insertion: int64 array (n_errors,).
        heard: number of the hypothesis word, NO_WORD for a deletion: int64 array (n_errors,).
        words: the distinct words of the erroneous utterances, sorted.
    """

    rows: np.ndarray
    said: np.ndarray
    heard: np.ndarray
    words: Sequence[str]


class _Numbers(dict[str, int]):
    """Word -> number, in order of appearance."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def word_errors(references: Any, recognised: Any, *, substitutions: np.ndarray, errors: np.ndarray) -> WordErrors:
    """Align every utterance that has errors, by the rule of `score`: fewest errors, then most hits.

    Args:
        references: normalised, single-spaced texts, an Arrow array (n_utterances,).
        recognised: likewise.
        substitutions: of each utterance, as `score` counted them: int array (n_utterances,).
        errors: likewise.
    """
    from rapidfuzz.distance.Levenshtein import editops

    numbers = _Numbers()
    number_of = numbers.__getitem__
    wrong = np.flatnonzero(errors)
    parts: list[np.ndarray] = []
    for start in range(0, len(wrong), ROWS_AT_ONCE):
        rows = wrong[start : start + ROWS_AT_ONCE]
        entries: list[tuple[int, int, int]] = []
        texts = zip(references.take(rows).to_pylist(), recognised.take(rows).to_pylist(), strict=True)
        for row, n_substitutions, (reference, hypothesis) in zip(rows.tolist(), substitutions[rows].tolist(), texts, strict=True):
            said, heard = list(map(number_of, reference.split())), list(map(number_of, hypothesis.split()))
            steps: Any = editops(said, heard).as_list()
            if sum(kind == "replace" for kind, _, _ in steps) != n_substitutions:
                # Of the alignments with fewest errors this one has not the most hits: one in a hundred, at 12 % errors.
                entries += _errors_of(row, reference, hypothesis, numbers)
                continue
            entries += [
                (row, NO_WORD if kind == "insert" else said[i], NO_WORD if kind == "delete" else heard[j]) for kind, i, j in steps
            ]
        parts.append(np.array(entries, dtype=np.int64).reshape(-1, 3))
    found = np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.int64)
    words = sorted(numbers)
    # Numbers in the order of the alphabet, and one place more for NO_WORD at the end, which is where -1 points.
    order = np.full(len(words) + 1, NO_WORD, dtype=np.int64)
    order[[numbers[word] for word in words]] = np.arange(len(words))
    return WordErrors(rows=found[:, 0], said=order[found[:, 1]], heard=order[found[:, 2]], words=words)


def _errors_of(row: int, reference: str, hypothesis: str, numbers: _Numbers) -> list[tuple[int, int, int]]:
    return [
        (
            row,
            NO_WORD if step.reference is None else numbers[step.reference],
            NO_WORD if step.hypothesis is None else numbers[step.hypothesis],
        )
        for step in align(reference=reference, hypothesis=hypothesis)
        if step.kind != "hit"
    ]


@dataclass(frozen=True, kw_only=True)
class Confusions:
    """The errors of one system by pair of words and speaker.

    Attributes:
        said, heard: the two words of each pair as numbers in `words`: int64 arrays (n_pairs,).
        pairs, speakers, times: one entry per pair and speaker who made it: position of either, and how often; int64 arrays.
        words: the words.
    """

    said: np.ndarray
    heard: np.ndarray
    pairs: np.ndarray
    speakers: np.ndarray
    times: np.ndarray
    words: Sequence[str]

    def table(self, *, codes: np.ndarray, labels: Sequence[str], is_judged: np.ndarray, n_ref_words: np.ndarray) -> pd.DataFrame:
        """The most telling confusions, columns `CONFUSION_COLUMNS`: of everyone (cohort ""), most frequent first, then by cohort.

        A cohort's are those it makes more often than everyone judged does, by how many more: n minus its reference words times
        the overall rate. `per_1000` and `per_1000_all` are per 1,000 reference words of the cohort and of everyone judged.
        Those of fewer than `FEWEST_WHO_CONFUSE` speakers are left out.

        Args:
            codes: cohort of each speaker, a position in `labels`, -1 for none: int array (n_speakers,).
            labels: cohorts, in the order they come out.
            is_judged: whether a speaker counts: bool array (n_speakers,).
            n_ref_words: of each speaker: int array (n_speakers,).
        """
        judged = is_judged[self.speakers]
        pairs, speakers, times = self.pairs[judged], self.speakers[judged], self.times[judged]
        n_pairs = len(self.said)
        n_all = np.bincount(pairs, weights=times, minlength=n_pairs)
        words_all = max(float(n_ref_words[is_judged].sum()), 1.0)
        enough = np.bincount(pairs, minlength=n_pairs) >= FEWEST_WHO_CONFUSE
        everyone = np.flatnonzero(enough)
        everyone = everyone[np.argsort(-n_all[everyone], kind="stable")][:MOST_CONFUSIONS]
        n_speakers = np.bincount(pairs, minlength=n_pairs)[everyone]
        frames = [self._frame("", everyone, n_all[everyone], n_speakers, words=words_all, per_word=n_all / words_all)]
        if not len(labels):
            return frames[0]

        # A pair that too few speakers made in all was made by too few in every cohort.
        placed = (codes[speakers] >= 0) & enough[pairs]
        keys, inverse = np.unique(codes[speakers[placed]].astype(np.int64) * max(n_pairs, 1) + pairs[placed], return_inverse=True)
        cohort, pair = keys // max(n_pairs, 1), keys % max(n_pairs, 1)
        n = np.bincount(inverse, weights=times[placed], minlength=len(keys))
        n_speakers = np.bincount(inverse, minlength=len(keys))
        words = np.bincount(codes[is_judged & (codes >= 0)], weights=n_ref_words[is_judged & (codes >= 0)], minlength=len(labels))
        excess = n - words[cohort] * n_all[pair] / words_all
        telling = np.flatnonzero((excess > 0) & (n_speakers >= FEWEST_WHO_CONFUSE))
        telling = telling[np.lexsort((pair[telling], -excess[telling], cohort[telling]))]
        starts = np.searchsorted(cohort[telling], np.arange(len(labels) + 1))
        for position, label in enumerate(labels):
            chosen = telling[starts[position] : starts[position + 1]][:MOST_CONFUSIONS]
            frames.append(
                self._frame(
                    label, pair[chosen], n[chosen], n_speakers[chosen], words=max(words[position], 1.0), per_word=n_all / words_all
                )
            )
        return pd.concat(frames, ignore_index=True)

    def _frame(
        self, label: str, pair: np.ndarray, n: np.ndarray, n_speakers: np.ndarray, *, words: float, per_word: np.ndarray
    ) -> pd.DataFrame:
        said, heard = self.said[pair], self.heard[pair]
        return pd.DataFrame(
            {
                "cohort": [label] * len(pair),
                "kind": np.where(said == NO_WORD, "insertion", np.where(heard == NO_WORD, "deletion", "substitution")),
                "reference": [None if word == NO_WORD else self.words[word] for word in said],
                "hypothesis": [None if word == NO_WORD else self.words[word] for word in heard],
                "n": n.astype(np.int64),
                "n_speakers": n_speakers.astype(np.int64),
                "per_1000": 1000 * n / words,
                "per_1000_all": 1000 * per_word[pair],
            }
        ).astype(CONFUSION_COLUMNS)


def confusions(errors: WordErrors, *, speakers: np.ndarray) -> Confusions:
    """Count every pair of words by speaker.

    Args:
        errors: of one system.
        speakers: position of each utterance's speaker, int array (n_utterances,).
    """
    n_words, n_speakers = len(errors.words) + 1, int(speakers.max(initial=0)) + 1
    keys, pairs = np.unique((errors.said + 1) * n_words + errors.heard + 1, return_inverse=True)
    made, times = np.unique(pairs * n_speakers + speakers[errors.rows], return_counts=True)
    return Confusions(
        said=keys // n_words - 1,
        heard=keys % n_words - 1,
        pairs=made // n_speakers,
        speakers=made % n_speakers,
        times=times,
        words=errors.words,
    )
