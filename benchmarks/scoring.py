"""Rows per CPU second of scoring and of normalising, each beside the tool it replaces, on the same synthetic rows.

Every round runs every candidate once, after one uncounted round. A ratio is the median of the ratios within rounds, so that a busy
machine slows both sides alike. CPU time is that of all threads of the process.

    python -m benchmarks.scoring
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import jiwer
import numpy as np
import pandas as pd
from whisper_normalizer.english import EnglishTextNormalizer

from fairasr.core import Hypotheses, Manifest
from fairasr.scoring import normalise, score
from fairasr.scoring.counting import count_edits

N_ROWS, N_ENGLISH_ROWS, N_CORPUS_ROWS = 50_000, 4_000, 100_000
ROUNDS = 3
VOCABULARY, ZIPF_EXPONENT, MEAN_WORDS, MOST_WORDS = 20_000, 1.1, 8.0, 60
CORRECT_ROWS = 0.635
ERROR_RATE = 0.3
DRESSED_ROWS = 0.3
DRESSINGS = ("it's", "Mr. Smith", "twenty-five", "um,", "$3.50", "won't", "colour")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Synthetic references and hypotheses."""

    references: list[str]
    hypotheses: list[str]


def synthetic_rows(*, n_rows: int, seed: int) -> Rows:
    """Rows of 8 words on average from a Zipf vocabulary; 63.5 % recognised exactly, about 12 % of all words wrong."""
    generator = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(generator.choice(letters, size=n)) for n in generator.integers(2, 9, size=VOCABULARY)]
    weights = np.arange(1, VOCABULARY + 1) ** -ZIPF_EXPONENT
    stock = iter(generator.choice(VOCABULARY, p=weights / weights.sum(), size=int(n_rows * MEAN_WORDS * 3)).tolist())
    lengths = np.minimum(generator.geometric(1 / MEAN_WORDS, size=n_rows), MOST_WORDS)
    references, hypotheses = [], []
    for length in lengths.tolist():
        said = [words[next(stock)] for _ in range(length)]
        heard = list(said)
        if generator.random() > CORRECT_ROWS:
            kinds = generator.choice(4, p=[1 - ERROR_RATE, ERROR_RATE * 0.65, ERROR_RATE * 0.2, ERROR_RATE * 0.15], size=length)
            heard = []
            for word, kind in zip(said, kinds.tolist(), strict=True):
                heard += [[word], [words[next(stock)]], [], [word, words[next(stock)]]][kind]
        references.append(" ".join(said))
        hypotheses.append(" ".join(heard) or said[0])
    return Rows(references=references, hypotheses=hypotheses)


def dressed(texts: list[str], *, seed: int) -> list[str]:
    """The texts, 30 % of them with a contraction, title, number, filler, currency or British spelling in front."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, len(DRESSINGS), size=len(texts))
    is_dressed = generator.random(len(texts)) < DRESSED_ROWS
    return [f"{DRESSINGS[choice]} {text}" if yes else text for text, choice, yes in zip(texts, chosen, is_dressed, strict=True)]


def with_jiwer(rows: Rows) -> int:
    """Errors of all rows as jiwer counts them."""
    out = jiwer.process_words(rows.references, rows.hypotheses)
    return int(out.substitutions + out.deletions + out.insertions)


def with_fairasr(rows: Rows) -> int:
    """Errors of all rows as fairasr counts them; the substitutions, deletions and loops of each row come with them."""
    counts = count_edits(rows.references, rows.hypotheses)
    return int(sum(counts[name].sum() for name in ("substitutions", "deletions", "insertions")))


def english_original(texts: list[str]) -> list[str]:
    """Texts through the original normaliser, one by one."""
    original = EnglishTextNormalizer()
    return [" ".join(original(text).split()) for text in texts]


def english_fairasr(texts: list[str]) -> list[str]:
    """Texts through fairasr's."""
    return normalise(texts, profile="english")


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads; what the call before left behind is collected first."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(title: str, *, n_rows: int, peer: Callable[[], object], own: Callable[[], object]) -> None:
    """Print rows per CPU second of both and the ratio."""
    if peer() != own():
        raise SystemExit(f"{title}: the two sides give different results")
    rounds = [(cpu_seconds(peer), cpu_seconds(own)) for _ in range(ROUNDS)]
    ratio = median(theirs / ours for theirs, ours in rounds)
    theirs, ours = (median(column) for column in zip(*rounds, strict=True))
    print(f"{title:<44}{n_rows / theirs:>14,.0f}{n_rows / ours:>14,.0f}{ratio:>10.1f}x")


def main() -> None:
    rows = synthetic_rows(n_rows=N_ROWS, seed=0)
    texts = dressed(synthetic_rows(n_rows=N_ENGLISH_ROWS, seed=1).references, seed=2)
    print(f"{'rows per CPU second':<44}{'peer':>14}{'fairasr':>14}{'ratio':>11}")
    compare("counts per utterance, peer jiwer", n_rows=N_ROWS, peer=lambda: with_jiwer(rows), own=lambda: with_fairasr(rows))
    compare(
        "English normaliser, peer whisper-normalizer",
        n_rows=N_ENGLISH_ROWS,
        peer=lambda: english_original(texts),
        own=lambda: english_fairasr(texts),
    )
    corpus = synthetic_rows(n_rows=N_CORPUS_ROWS, seed=3)
    ids = [f"u{row}" for row in range(N_CORPUS_ROWS)]
    speakers = [f"s{row // 20}" for row in range(N_CORPUS_ROWS)]
    manifest = Manifest(table=pd.DataFrame({"utterance_id": ids, "speaker_id": speakers, "reference": corpus.references}))
    hypotheses = Hypotheses(system="synthetic", texts=dict(zip(ids, corpus.hypotheses, strict=True)))
    for normaliser in ("basic", "english"):
        seconds = min(
            cpu_seconds(lambda normaliser=normaliser: score(manifest, hypotheses, normaliser=normaliser)) for _ in range(3)
        )
        print(f"score() of {N_CORPUS_ROWS:,} utterances, {normaliser}: {seconds:.2f} CPU s")


if __name__ == "__main__":
    main()
