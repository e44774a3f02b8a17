"""Recipes: every key does what data_manifests/README.md says, and what no recipe has is refused by name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from fairasr.core.errors import IngestError, SchemaError
from fairasr.ingest import read
from fairasr.ingest.recipe import SECTIONS

FOLDER = Path(__file__).resolve().parents[2] / "data_manifests"
RECIPES = sorted(path for path in FOLDER.glob("*.toml") if "[corpus]" in path.read_text(encoding="utf-8"))
"""The folder holds cards of census tables too; a recipe is what has a corpus."""
EXAMPLE = FOLDER / "example"


def recipe(folder: Path, text: str) -> Path:
    path = folder / "r.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def corpus_folder(good: pd.DataFrame, tmp_path: Path) -> Path:
    good.to_csv(tmp_path / "utterances.csv", index=False)
    return tmp_path


def test_the_example_is_read_as_its_keys_say(real_land: None) -> None:
    corpus = read(EXAMPLE, recipe=EXAMPLE / "example.toml")
    assert corpus.manifest.table.to_dict("list") == {
        "utterance_id": ["u1", "u2", "u3", "u4"],
        "speaker_id": ["ann", "ann", "ben", "ben"],
        "reference": ["Good morning.", "How are you?", "It is raining.", "Yes, it is."],
        "latitude_deg": [-1.2921, -1.2921, 5.6037, 5.6037],
        "longitude_deg": [36.8219, 36.8219, -0.187, -0.187],
        "town": ["Nairobi", "Nairobi", "Accra", "Accra"],
    }
    assert [(system.system, system.texts["u4"]) for system in corpus.systems] == [("first", "Yes, it is."), ("second", "")]
    assert corpus.title == "Example"
    assert corpus.defaults == {"normaliser": "english", "unit": "word", "groups": ["town"]}
    assert "Sentences that every report on this corpus should carry." in corpus.notes
    assert set(corpus.inputs) == {"utterances.csv", "hypotheses.csv", "towns.csv", "example.toml"}


def test_a_variant_reads_other_columns_of_the_same_corpus(real_land: None) -> None:
    corpus = read(EXAMPLE, recipe=EXAMPLE / "example.toml", variant="plain")
    assert corpus.manifest.table["reference"][0] == "good morning"
    assert corpus.systems[0].texts["u0".replace("0", "1")] == "good morning"
    assert corpus.defaults["normaliser"] == "none"
    with pytest.raises(IngestError, match="no variant 'fancy'; it has plain"):
        read(EXAMPLE, recipe=EXAMPLE / "example.toml", variant="fancy")


def test_the_example_has_every_key_a_recipe_may_have() -> None:
    content = tomllib.loads((EXAMPLE / "example.toml").read_text(encoding="utf-8"))
    assert set(content) == set(SECTIONS)
    for section, keys in SECTIONS.items():
        assert set(keys) - set(content[section]) <= {"embeddings"}, section


def test_the_readme_lists_each_recipe_with_its_title() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", readme, flags=re.MULTILINE))
    titles = {path.name: tomllib.loads(path.read_text(encoding="utf-8"))["corpus"]["title"] for path in RECIPES}
    assert titles
    assert rows == titles


def test_every_recipe_says_where_from_under_which_licence_and_whom_to_cite() -> None:
    assert RECIPES
    for path in RECIPES:
        corpus = tomllib.loads(path.read_text(encoding="utf-8"))["corpus"]
        assert all(corpus[key] for key in ("title", "source", "licence", "citation", "language")), path.name


def test_unknown_keys_and_wrong_types_are_all_named(corpus_folder: Path) -> None:
    path = recipe(
        corpus_folder,
        """
        speakers = 3
        [corpus]
        titel = "x"
        [columns]
        reference = 3
        [options]
        speaker_ids = "no"
        [[files.joins]]
        file = "a.csv"
        onn = "x"
        [values]
        accent = "x"
        [variants.v]
        colums = {}
        options = { normalizer = "none" }
        """,
    )
    with pytest.raises(IngestError) as error:
        read(corpus_folder / "utterances.csv", recipe=path)
    for part in (
        "unknown table [speakers]",
        "[corpus] has the unknown key 'titel'; it may have title, source",
        "[columns] reference must be the name of a column",
        "[options] speaker_ids must be true or false",
        "[files.joins 0] has the unknown key 'onn'",
        "[files.joins 0] lacks on",
        "[files.joins 0] lacks columns",
        "[values.accent] must be a table",
        "[variants.v] has the unknown key 'colums'",
        "[variants.v.options] has the unknown key 'normalizer'",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[corpus\n", r"recipe 'r\.toml' is not TOML: .*line 1"),
        ('[values.dialect]\na = "b"\n', r"\[values\] names the column 'dialect', which the corpus lacks; it has"),
        ('[options]\nattributes = ["dialect"]\n', r"\[options\] attributes names the column 'dialect'"),
        ('[options]\ndrop_markers = "<[^"\n', r"drop_markers is no regular expression: '<\[\^'"),
        (
            '[[files.joins]]\nfile = "side.csv"\non = "accent"\ncolumns = {a = "b"}\n',
            r"'side\.csv' lacks b, which the recipe joins",
        ),
        (
            '[[files.joins]]\nfile = "twice.csv"\non = "accent"\ncolumns = {a = "a"}\n',
            r"'twice\.csv': 1 of 2 rows repeat .*'north'",
        ),
        ('[[files.joins]]\nfile = "none.csv"\non = "accent"\ncolumns = {a = "a"}\n', r"none\.csv' does not exist"),
        ('[files]\nutterances = "none.csv"\n', r"none\.csv' does not exist"),
    ],
)
def test_a_recipe_that_does_not_fit_the_corpus_is_one_clear_error(corpus_folder: Path, text: str, message: str) -> None:
    (corpus_folder / "side.csv").write_text("accent,a\nnorth,1\n", encoding="utf-8")
    (corpus_folder / "twice.csv").write_text("accent,a\nnorth,1\nnorth,2\n", encoding="utf-8")
    path = recipe(corpus_folder, text)
    with pytest.raises(IngestError, match=message):
        read(corpus_folder if "utterances" in text else corpus_folder / "utterances.csv", recipe=path)


def test_a_side_table_leaves_unmatched_rows_without_a_value_and_counts_them(corpus_folder: Path) -> None:
    (corpus_folder / "side.csv").write_text("accent,country\nnorth,NA\nwest,DE\n", encoding="utf-8")
    path = recipe(corpus_folder, '[[files.joins]]\nfile = "side.csv"\non = "accent"\ncolumns = { country = "country" }\n')
    corpus = read(corpus_folder / "utterances.csv", recipe=path)
    assert corpus.manifest.table["country"].isna().tolist() == [False, False, True, True]
    assert corpus.manifest.table["country"][0] == "NA"
    assert any("2 of 4 rows have no match there (first: 'south')" in note for note in corpus.notes)


def test_arguments_win_over_the_recipe(corpus_folder: Path, good: pd.DataFrame) -> None:
    path = recipe(corpus_folder, '[columns]\nreference = "accent"\n')
    corpus = read(corpus_folder / "utterances.csv", recipe=path, columns={"reference": "reference"})
    assert list(corpus.manifest.table["reference"]) == list(good["reference"])


def test_a_recipe_is_found_by_name_beside_the_corpus(corpus_folder: Path) -> None:
    recipe(corpus_folder, '[corpus]\ntitle = "Found"\n[files]\nutterances = "utterances.csv"\n')
    assert read(corpus_folder, recipe="r").title == "Found"


def test_a_recipe_may_say_that_no_speakers_are_named(corpus_folder: Path, good: pd.DataFrame) -> None:
    good.drop(columns="speaker_id").to_csv(corpus_folder / "utterances.csv", index=False)
    path = recipe(corpus_folder, "[options]\nspeaker_ids = false\n")
    corpus = read(corpus_folder / "utterances.csv", recipe=path)
    assert not corpus.manifest.has_speaker_ids
    assert any("names no speakers" in note for note in corpus.notes)


def test_points_at_sea_pass_only_where_the_recipe_says_they_are_centroids(corpus_folder: Path, good: pd.DataFrame) -> None:
    good.assign(longitude_deg="-30").to_csv(corpus_folder / "utterances.csv", index=False)
    with pytest.raises(SchemaError, match="lie in the sea"):
        read(corpus_folder / "utterances.csv")
    path = recipe(corpus_folder, "[options]\npoints_on_land = false\n")
    assert len(read(corpus_folder / "utterances.csv", recipe=path).manifest) == 4
