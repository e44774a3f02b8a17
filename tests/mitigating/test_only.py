"""`only` keeps utterances by their values; where none is left, the message says what there is."""

from __future__ import annotations

import pandas as pd
import pytest

from fairasr.core.errors import JobError
from fairasr.mitigating.only import as_toml, in_words, wanted

TABLE = pd.DataFrame({"part": ["train", "train", "test", None], "take": ["1", "2", "2", "2"]})


def test_an_utterance_needs_a_wanted_value_in_every_column() -> None:
    assert wanted(TABLE, {"part": ("train",), "take": (2, 3)}).tolist() == [False, True, False, False]
    assert wanted(TABLE, {}).tolist() == [True] * 4
    assert in_words({"part": ("train",), "take": (2, 3)}) == "part train; take 2, 3"


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ({"part": ("trian",)}, """none of the 4 utterances is left by only = { part = ["trian"] }: 'part' has 2 other values"""),
        ({"part": ("trian",)}, """has 2 other values ("test", "train"). Widen it."""),
        ({"part": ("test",), "take": (1,)}, """{ part = ["test"], take = [1] }: none has a wanted value in every column. Widen"""),
        ({"take": (True,), "part": ("a", "b")}, """'take' has 2 other values ("1", "2"); 'part' has 2 other values"""),
        ({"parts": ("test",)}, "'only' names 1 columns that are not there (first: 'parts'); there are part, take."),
    ],
)
def test_what_is_asked_for_in_vain_is_told_with_what_there_is(only: dict[str, tuple[object, ...]], message: str) -> None:
    with pytest.raises(JobError) as raised:
        wanted(TABLE, only)
    assert message in str(raised.value)


def test_of_many_values_the_first_are_named() -> None:
    table = pd.DataFrame({"speaker": [f"s{number:02d}" for number in range(30)]})
    with pytest.raises(JobError, match=r"""has 30 other values \("s00", "s01", .*"s07", \.\.\.\)"""):
        wanted(table, {"speaker": ("nobody",)})


def test_it_is_told_as_a_job_file_has_it() -> None:
    assert (
        as_toml({"native language": ("français", True, 3, 0.5)}) == """only = { "native language" = ["français", true, 3, 0.5] }"""
    )
