"""What an audit is of: the errors of transcripts, or a rate of other counts, and never a mixture of the two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fairasr.core import Rate
from fairasr.core.errors import IngestError, ScoringError
from fairasr.ingest import Corpus, read
from fairasr.ingest.selection import Missing


def corpus_of(
    corpus: Corpus | str | Path | pd.DataFrame,
    *,
    rate: Rate | None,
    of_texts: Sequence[str | None],
    missing: Missing,
    keep_utterances: bool,
) -> Corpus:
    """The corpus, read if it is not yet, with the counts of `rate` where one is audited.

    Args:
        corpus: read, or what `fairasr.read` takes.
        rate: that was asked for; None: the corpus's own.
        of_texts: what was asked about texts (normalisers, unit), which a rate has none of; None for what was not asked.
        missing: what an utterance without hypothesis is; a rate has no hypotheses.
        keep_utterances: whether transcripts are to be kept; a rate has none.

    Raises:
        IngestError: the corpus was read without this rate.
        ScoringError: a rate was asked for together with what applies to transcripts alone.
    """
    if not isinstance(corpus, Corpus):
        corpus = read(corpus, rate=rate)
    if rate is not None and rate != corpus.rate:
        had = "for errors" if corpus.rate is None else f"for {corpus.rate.name!r}"
        raise IngestError(
            f"{rate.name!r} was asked for, and '{corpus.manifest.source}' was read {had}. Read it with this rate: "
            "read(..., rate=...)."
        )
    if corpus.rate is not None:
        asked = {
            "a normaliser or unit": any(one is not None for one in of_texts),
            f"missing={missing!r}": missing != "error",
            "keep_utterances": keep_utterances,
        }
        wrong = [name for name, is_asked in asked.items() if is_asked]
        if wrong:
            raise ScoringError(
                f"{corpus.rate.name!r} is audited from counts, and {len(wrong)} of {len(asked)} settings of transcripts were given "
                f"(first: {wrong[0]}). Leave them out."
            )
    return corpus


def denominator_in_words(rate_name: str, rate: Rate | None) -> str:
    """What the denominator counts: "words", "characters", or the column of a rate."""
    if rate is not None:
        return rate.denominator
    return "words" if rate_name == "WER" else "characters"
