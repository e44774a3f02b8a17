"""Hypotheses: in the table, in long form, several systems, and ids that do not join."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fairasr.core.errors import SchemaError
from fairasr.ingest import read


def long_form(*rows: tuple[object, object, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["utterance_id", "system", "hypothesis"], dtype=object)


def test_one_hypothesis_column_is_one_system_with_the_name_given(good: pd.DataFrame) -> None:
    assert [system.system for system in read(good).systems] == ["system"]
    assert [system.system for system in read(good, system="whisper").systems] == ["whisper"]


def test_several_columns_are_several_systems(good: pd.DataFrame) -> None:
    table = good.drop(columns="hypothesis").assign(whisper_text="a", azure_text=["b", None, "", "c"])
    corpus = read(table, columns={"hypothesis:whisper": "whisper_text", "hypothesis:azure": "azure_text"})
    assert {system.system: dict(system.texts) for system in corpus.systems} == {
        "whisper": {"u0": "a", "u1": "a", "u2": "a", "u3": "a"},
        "azure": {"u0": "b", "u2": "", "u3": "c"},
    }
    assert corpus.manifest.attributes == ["accent"]
    assert "'azure' has no hypothesis for 1 of 4 utterances (first: 'u1')." in corpus.notes


def test_a_second_file_in_long_form_gives_each_system_its_texts(good: pd.DataFrame, tmp_path: Path) -> None:
    long = long_form(("u3", "b", "yes"), ("u0", "a", "good"), ("u1", "a", None), ("u2", "a", ""))
    long.to_parquet(tmp_path / "hypotheses.parquet")
    corpus = read(good.drop(columns="hypothesis"), hypotheses=tmp_path / "hypotheses.parquet")
    assert {system.system: dict(system.texts) for system in corpus.systems} == {"b": {"u3": "yes"}, "a": {"u0": "good", "u2": ""}}
    assert set(corpus.inputs) == {"DataFrame", "hypotheses.parquet"}


def test_a_second_file_may_go_by_the_tables_own_names(good: pd.DataFrame) -> None:
    table = good.drop(columns="hypothesis").rename(columns={"utterance_id": "uid"})
    long = pd.DataFrame({"uid": ["u0"], "engine": ["a"], "heard": ["good"]})
    corpus = read(table, hypotheses=long, columns={"utterance_id": "uid", "system": "engine", "hypothesis": "heard"})
    assert dict(corpus.systems[0].texts) == {"u0": "good"}
    assert corpus.systems[0].system == "a"


def test_one_file_per_system_takes_the_names_it_is_given(good: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("one", "two"):
        pd.DataFrame({"utterance_id": ["u0"], "hypothesis": [name]}).to_csv(tmp_path / f"{name}.csv", index=False)
    corpus = read(good.drop(columns="hypothesis"), hypotheses={"first": tmp_path / "one.csv", "second": tmp_path / "two.csv"})
    assert [(system.system, system.texts["u0"]) for system in corpus.systems] == [("first", "one"), ("second", "two")]


def test_a_table_of_one_row_per_utterance_and_system_is_taken_apart(good: pd.DataFrame) -> None:
    both = pd.concat([good.assign(system="a", confidence="0.9"), good.assign(system="b", hypothesis="", confidence="0.1")])
    corpus = read(both)
    assert len(corpus.manifest) == 4
    assert [(system.system, system.texts["u0"]) for system in corpus.systems] == [("a", "good morning"), ("b", "")]
    assert corpus.manifest.attributes == ["accent"]
    assert any("left out: confidence" in note for note in corpus.notes)


def test_systems_that_disagree_on_the_reference_are_refused(good: pd.DataFrame) -> None:
    both = pd.concat([good.assign(system="a"), good.assign(system="b", reference=["x", "", "it rains", "yes"])])
    with pytest.raises(SchemaError, match=r"'reference': 1 of 4 utterances have several values over their systems \(first: 'u0'\)"):
        read(both)


def test_ids_that_join_to_nothing_are_counted_on_both_sides(good: pd.DataFrame) -> None:
    table = good.drop(columns="hypothesis")
    long = long_form(("u0", "a", "x"), ("u01", "a", "x"), ("u02", "a", "x"))
    with pytest.raises(
        SchemaError,
        match=r"2 of 3 rows of the hypotheses join to no utterance \(rows 1, 2; first: 'u01'\)"
        r".*3 of 4 utterances have no hypothesis \(first: 'u1'\)",
    ):
        read(table, hypotheses=long)
    corpus = read(table, hypotheses=long, bad_rows="set-aside")
    assert dict(corpus.systems[0].texts) == {"u0": "x"}
    assert any("2 of 3 rows of the hypotheses join to no utterance" in note for note in corpus.notes)


def test_when_no_id_joins_setting_aside_is_an_error(good: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match=r"none of the 1 hypotheses joins an utterance \(first: 'U0'; the utterances have 'u0'\)"):
        read(good.drop(columns="hypothesis"), hypotheses=long_form(("U0", "a", "x")), bad_rows="set-aside")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("u0", "a", "again"), "1 of 2 rows of the hypotheses are a second one of the same system"),
        (("u1", "", "x"), "1 of 2 rows of the hypotheses name no system"),
        ((None, "a", "x"), "1 of 2 rows of the hypotheses have no id"),
    ],
)
def test_a_bad_row_of_hypotheses_is_refused_or_left_out(
    good: pd.DataFrame, row: tuple[object, object, object], message: str
) -> None:
    long = long_form(("u0", "a", "x"), row)
    with pytest.raises(SchemaError, match=message):
        read(good.drop(columns="hypothesis"), hypotheses=long)
    corpus = read(good.drop(columns="hypothesis"), hypotheses=long, bad_rows="set-aside")
    assert {system.system: dict(system.texts) for system in corpus.systems} == {"a": {"u0": "x"}}


def test_a_second_file_without_the_needed_columns_says_what_it_has(good: pd.DataFrame) -> None:
    table = good.drop(columns="hypothesis")
    with pytest.raises(SchemaError, match="has no column 'hypothesis'; it has utterance_id, text"):
        read(table, hypotheses=pd.DataFrame({"utterance_id": ["u0"], "text": ["x"]}))
    with pytest.raises(SchemaError, match="lacks 'utterance_id'; it has id, hypothesis"):
        read(table, hypotheses=pd.DataFrame({"id": ["u0"], "hypothesis": ["x"]}))


def test_a_table_without_hypotheses_has_no_systems(good: pd.DataFrame) -> None:
    assert read(good.drop(columns="hypothesis")).systems == ()
