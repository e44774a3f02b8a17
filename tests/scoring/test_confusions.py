"""Every error of a corpus as a pair of words: the same errors that are counted, and whose they are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from fairasr.scoring.confusions import FEWEST_WHO_CONFUSE, MOST_CONFUSIONS, WordErrors, confusions, word_errors
from fairasr.scoring.counting import count_edits
from fairasr.scoring.tokens import arrow_texts

WORDS = ["a", "b", "ba", "größe", "नमस्ते", "東京", "🙂", "Ω", "ı", "e\u0301", "\u200dx", "-1"]


def errors_of(said: list[str], heard: list[str]) -> WordErrors:
    counts = count_edits(said, heard)
    return word_errors(
        arrow_texts(said),
        arrow_texts(heard),
        substitutions=counts["substitutions"],
        errors=counts["substitutions"] + counts["deletions"] + counts["insertions"],
    )


def random_texts(n: int, *, seed: int, n_words: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS[:n_words], size=generator.integers(0, 12))) for _ in range(n)]


@pytest.mark.parametrize("n_words", [2, 4, len(WORDS)])
def test_errors_aligned_are_the_errors_counted_on_any_texts(n_words: int) -> None:
    said, heard = random_texts(800, seed=1, n_words=n_words), random_texts(800, seed=2, n_words=n_words)
    counts, found = count_edits(said, heard), errors_of(said, heard)
    kinds = {
        "insertions": found.said == -1,
        "deletions": found.heard == -1,
        "substitutions": (found.said >= 0) & (found.heard >= 0),
    }
    for name, chosen in kinds.items():
        assert np.bincount(found.rows[chosen], minlength=800).tolist() == counts[name].tolist(), name
    assert counts["substitutions"].sum() > 100
    for row in range(800):
        mine = found.rows == row
        lost = Counter(found.words[word] for word in found.said[mine] if word >= 0)
        made = Counter(found.words[word] for word in found.heard[mine] if word >= 0)
        assert Counter(said[row].split()) - lost == Counter(heard[row].split()) - made, "what is no error is a hit"


def test_of_alignments_with_as_few_errors_the_one_with_most_hits_is_told() -> None:
    found = errors_of(["a b"], ["b c"])
    told = {
        (None if s < 0 else found.words[s], None if h < 0 else found.words[h]) for s, h in zip(found.said, found.heard, strict=True)
    }
    assert told == {("a", None), (None, "c")}


def everyone(n: int) -> np.ndarray:
    return np.ones(n, dtype=bool)


def test_confusions_of_a_cohort_are_those_it_makes_more_often_than_all() -> None:
    """Eight speakers say "b" twice each. In x three of four hear "p" once; in y one, and another drops a word."""
    said = ["b b"] * 8
    heard = ["p b", "b p", "p b", "b b", "b p", "b", "b b", "b b"]
    found = confusions(errors_of(said, heard), speakers=np.arange(8))
    table = found.table(codes=np.repeat([0, 1], 4), labels=("x", "y"), is_judged=everyone(8), n_ref_words=np.full(8, 2))
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["", "substitution", "b", "p", 4, 4, 1000 * 4 / 16, 1000 * 4 / 16],
        ["x", "substitution", "b", "p", 3, 3, 1000 * 3 / 8, 1000 * 4 / 16],
    ]


def test_what_fewer_than_three_speakers_confuse_is_not_told() -> None:
    assert FEWEST_WHO_CONFUSE == 3
    said, heard = ["a"] * 6 + ["b"] * 6, ["x"] * 6 + ["y"] * 6
    speakers = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2])
    table = confusions(errors_of(said, heard), speakers=speakers).table(
        codes=np.zeros(3, dtype=int), labels=(), is_judged=everyone(3), n_ref_words=np.full(3, 4)
    )
    assert table[["reference", "hypothesis", "n", "n_speakers"]].to_numpy().tolist() == [["b", "y", 6, 3]]


def test_speakers_who_are_not_judged_are_in_no_figure() -> None:
    said, heard = ["a b"] * 8, ["x b"] * 8
    judged = np.arange(8) < 5
    table = confusions(errors_of(said, heard), speakers=np.arange(8)).table(
        codes=np.zeros(8, dtype=int), labels=("one",), is_judged=judged, n_ref_words=np.full(8, 2)
    )
    assert table.loc[0, ["n", "n_speakers", "per_1000"]].tolist() == [5, 5, 500.0]


def random_confusions(seed: int) -> tuple[WordErrors, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    said = random_texts(3000, seed=seed, n_words=9)
    heard = [" ".join(word if generator.random() > 0.2 else WORDS[generator.integers(9)] for word in text.split()) for text in said]
    speakers = generator.integers(0, 60, size=3000)
    words = np.bincount(speakers, weights=[len(text.split()) for text in said], minlength=60).astype(int)
    return errors_of(said, heard), speakers, generator.integers(-1, 4, size=60), words


def test_the_table_is_that_of_counting_rows_with_pandas() -> None:
    errors, speakers, codes, words = random_confusions(3)
    judged = np.random.default_rng(0).random(60) < 0.6
    labels = ("p", "q", "r", "s")
    table = confusions(errors, speakers=speakers).table(codes=codes, labels=labels, is_judged=judged, n_ref_words=words)

    names = [*errors.words, ""]
    rows = pd.DataFrame(
        {"speaker": speakers[errors.rows], "said": [names[w] for w in errors.said], "heard": [names[w] for w in errors.heard]}
    )
    rows = rows[judged[rows["speaker"]]]
    of_all = rows.groupby(["said", "heard"]).size() / words[judged].sum()
    for position, label in enumerate(["", *labels]):
        members = judged if not label else judged & (codes == position - 1)
        mine = rows[members[rows["speaker"]]].groupby(["said", "heard"])["speaker"].agg(["size", "nunique"])
        mine["excess"] = mine["size"] - words[members].sum() * of_all.reindex(mine.index)
        mine = mine[(mine["nunique"] >= 3) & (not label or mine["excess"] > 1e-9)]
        expected = mine.sort_values("excess" if label else "size", ascending=False).head(MOST_CONFUSIONS)
        got = table[table["cohort"] == label].fillna({"reference": "", "hypothesis": ""}).set_index(["reference", "hypothesis"])
        assert len(got) == len(expected) > 10
        shared = expected.loc[got.index.intersection(expected.index)]
        assert len(shared) >= len(got) - 3, "only ties at the end of the list may differ"
        got = got.loc[shared.index]
        assert got["n"].tolist() == shared["size"].tolist()
        assert got["n_speakers"].tolist() == shared["nunique"].tolist()
        assert got["per_1000"].tolist() == pytest.approx((1000 * shared["size"] / words[members].sum()).tolist())
        assert got["per_1000_all"].tolist() == pytest.approx((1000 * of_all.loc[shared.index]).tolist())


def test_the_order_of_the_utterances_does_not_matter() -> None:
    said, heard = random_texts(500, seed=5, n_words=9), random_texts(500, seed=6, n_words=9)
    speakers, order = np.arange(500) % 40, np.random.default_rng(7).permutation(500)
    options = {"codes": np.arange(40) % 3, "labels": ("p", "q", "r"), "is_judged": everyone(40), "n_ref_words": np.full(40, 70)}
    first = confusions(errors_of(said, heard), speakers=speakers).table(**options)
    mixed = errors_of([said[i] for i in order], [heard[i] for i in order])
    pd.testing.assert_frame_equal(first, confusions(mixed, speakers=speakers[order]).table(**options))


def test_without_errors_there_is_an_empty_table() -> None:
    table = confusions(errors_of(["a b", ""], ["a b", ""]), speakers=np.array([0, 1])).table(
        codes=np.array([0, 0]), labels=("x",), is_judged=everyone(2), n_ref_words=np.array([2, 0])
    )
    assert len(table) == 0
    assert str(table["n"].dtype) == "Int64"
