"""score: a manifest and one system's hypotheses to counts of every utterance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from fairasr.core import Counts, Hypotheses, Manifest
from fairasr.core.errors import ScoringError
from fairasr.scoring.edit_counts import edit_counts
from fairasr.scoring.loops import loop_flags
from fairasr.scoring.normalisers import named, normalise
from fairasr.scoring.tokens import N_CODE_POINTS, arrow_texts, differ, n_words_of, token_pairs
from fairasr.scoring.units import chosen_unit, spaced_characters

ROWS_AT_ONCE = 1 << 16
COUNT_NAMES = ("hits", "substitutions", "deletions", "insertions", "n_loops")

Progress = Callable[[int, int], None]
"""Called with how many utterances are done and how many there are."""


def score(
    manifest: Manifest,
    hypotheses: Hypotheses,
    *,
    normaliser: str = "basic",
    unit: Literal["word", "character", "auto"] = "word",
    missing: Literal["error", "deletions"] = "error",
    progress: Progress | None = None,
) -> Counts:
    """Count the errors of one system on every utterance of `manifest`.

    Among the alignments with fewest errors the one with most hits counts, so that the counts are defined, not incidental (see
    `edit_counts`). Words said over an empty reference are insertions over 0 words: they enter the sums.

    Args:
        manifest: who said what.
        hypotheses: what the system wrote; texts of utterances that are not in the manifest are left alone.
        normaliser: name in `NORMALISERS`, applied to both texts.
        unit: "word"; "character" for grapheme clusters without white space, for languages that write no spaces between words (zh,
            ja, th, lo, km, my); "auto" for characters where white space does not divide the references into words.
        missing: what an utterance without hypothesis is: an "error", or "deletions" of its whole reference. "" is not missing:
            the system heard nothing.
        progress: told about progress.

    Returns:
        One row per utterance, in the order of the manifest; cell is the utterance_id. Columns n_utterances (1), n_ref_words
        (n_ref_characters, and rate_name "CER", for characters), hits, substitutions, deletions, insertions, and 0 or 1 for
        n_wrong (any error), n_missing, n_empty (a hypothesis without words), n_loops (see `loop_flags`).

    Raises:
        ScoringError: hypotheses are missing; every reference is empty; the references are not divided into words; there is no
            such normaliser, unit or rule for missing ones.
    """
    label = named(normaliser).label
    texts, is_missing = _hypotheses_of(manifest, hypotheses, missing=missing)
    normalised = normalise([*manifest.table["reference"], *texts], profile=normaliser)
    references, recognised = normalised[: len(manifest)], normalised[len(manifest) :]
    if not any(references):
        raise ScoringError(
            f"all {len(manifest):,} references of '{manifest.source}' have no word under normaliser {normaliser!r}: "
            f"no rate is defined. Give references, or another normaliser."
        )
    unit = chosen_unit(unit, references=references)
    if unit == "character":
        references = [spaced_characters(text) for text in references]
        recognised = [spaced_characters(text) for text in recognised]
    counts = count_edits(references, recognised, progress=progress)
    denominator = "n_ref_words" if unit == "word" else "n_ref_characters"
    table = pd.DataFrame(
        {
            "speaker_id": manifest.table["speaker_id"].to_numpy(),
            "cell": manifest.table["utterance_id"].to_numpy(),
            "n_utterances": np.ones(len(manifest), dtype=np.int64),
            denominator: counts["hits"] + counts["substitutions"] + counts["deletions"],
            **counts,
            "n_wrong": ((counts["substitutions"] + counts["deletions"] + counts["insertions"]) > 0).astype(np.int64),
            "n_missing": is_missing.astype(np.int64),
            "n_empty": np.fromiter((not text for text in recognised), dtype=np.int64, count=len(recognised)) * ~is_missing,
        }
    )
    return Counts(
        table=table,
        system=hypotheses.system,
        normaliser=label,
        rate_name="WER" if unit == "word" else "CER",
        denominator=denominator,
    )


def _hypotheses_of(manifest: Manifest, hypotheses: Hypotheses, *, missing: str) -> tuple[list[str], np.ndarray]:
    """Text of each utterance, "" where there is none, and whether there is none: bool array (n_utterances,)."""
    if missing not in ("error", "deletions"):
        raise ScoringError(f"there is no rule {missing!r} for missing hypotheses. Use 'error' or 'deletions'.")
    ids = manifest.table["utterance_id"].tolist()
    texts = [hypotheses.texts.get(utterance_id) for utterance_id in ids]
    is_missing = np.fromiter((text is None for text in texts), dtype=bool, count=len(texts))
    if missing == "error" and is_missing.any():
        raise ScoringError(
            f"{hypotheses.system!r} has no hypothesis for {is_missing.sum():,} of {len(ids):,} utterances "
            f"(first: {ids[int(is_missing.argmax())]!r}). Pass missing='deletions' to count them as deletions."
        )
    return [text or "" for text in texts], is_missing


def count_edits(references: Sequence[str], recognised: Sequence[str], *, progress: Progress | None = None) -> dict[str, np.ndarray]:
    """Counts of `COUNT_NAMES`, int64 arrays (n_utterances,), of single-spaced texts.

    Utterances recognised without error, most of them as a rule, need no alignment.

    Raises:
        ScoringError: one utterance has more than a million different words.
    """
    n_utterances = len(references)
    counts = {name: np.zeros(n_utterances, dtype=np.int64) for name in COUNT_NAMES}
    for start in range(0, n_utterances, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, n_utterances)
        said, heard = arrow_texts(references[start:stop]), arrow_texts(recognised[start:stop])
        counts["hits"][start:stop] = n_words_of(said)
        rows = np.flatnonzero(differ(said, heard))
        if len(rows):
            _count_rows(start + rows, said.take(rows), heard.take(rows), counts)
        if progress is not None:
            progress(stop, n_utterances)
    return counts


def _count_rows(rows: np.ndarray, said: Any, heard: Any, counts: dict[str, np.ndarray]) -> None:
    """Fill `counts` at `rows`; a batch with more distinct words than there are code points is halved."""
    pairs = token_pairs(said, heard)
    if pairs.n_distinct > N_CODE_POINTS:
        half = len(rows) // 2
        if not half:
            raise ScoringError(
                f"row {rows[0]:,} of the manifest has {pairs.n_distinct:,} different words in its two texts, more than the "
                f"{N_CODE_POINTS:,} that one utterance may have. Cut the recording into utterances."
            )
        _count_rows(rows[:half], said[:half], heard[:half], counts)
        _count_rows(rows[half:], said[half:], heard[half:], counts)
        return
    edits = edit_counts(pairs)
    for name in COUNT_NAMES[:-1]:
        counts[name][rows] = getattr(edits, name)
    counts["n_loops"][rows] = loop_flags(pairs, edits)
