"""The demo as files, in the layout a user would bring, so that it runs through the ordinary reader."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairasr.core.errors import OutputError
from fairasr.testing.census_card import CENSUS_CARD, CENSUS_TABLE, census_card
from fairasr.testing.demo import demo_corpus
from fairasr.testing.world import World, planted_to_json

ENCODER = "made up by fairasr.testing"


@dataclass(frozen=True, kw_only=True)
class DemoFiles:
    """Where the demo lies, and the truth about it.

    Attributes:
        world: what was drawn, with the planted gaps.
        utterances: CSV, one row per utterance.
        hypotheses: CSV in long form: utterance_id, system, hypothesis.
        embeddings: `.npz` with utterance_id and embedding.
        census: TOML card; its table lies beside it.
        planted: JSON of the gaps.
    """

    world: World
    utterances: Path
    hypotheses: Path
    embeddings: Path
    census: Path
    planted: Path


def write_demo(folder: str | Path, seed: int) -> DemoFiles:
    """Draw `demo_corpus(seed)` and write it into `folder`, which is made where it is missing. Same seed, same bytes.

    Each file replaces an earlier one in one step, and none does before all are written.

    Raises:
        OutputError: the folder cannot be written; files of the same names are as they were.
    """
    from fairasr.models import Embeddings, write_embeddings

    world = demo_corpus(seed)
    folder = Path(folder)
    files = DemoFiles(
        world=world,
        utterances=folder / "utterances.csv",
        hypotheses=folder / "hypotheses.csv",
        embeddings=folder / "embeddings.npz",
        census=folder / CENSUS_CARD,
        planted=folder / "planted.json",
    )
    assert world.manifest.embeddings is not None
    embeddings = Embeddings(
        utterance_ids=world.manifest.table["utterance_id"].to_numpy(dtype=str), vectors=world.manifest.embeddings, encoder=ENCODER
    )
    with _Unfinished(folder, what="the demo") as unfinished:
        _write_table(world.manifest.table, unfinished / files.utterances.name)
        _write_table(_long_form(world), unfinished / files.hypotheses.name)
        write_embeddings(embeddings, unfinished / files.embeddings.name)
        _write_census(world.census, unfinished)
        (unfinished / files.planted.name).write_text(_planted_text(world), encoding="utf-8")
    return files


def write_census(folder: str | Path, census: pd.DataFrame) -> Path:
    """Write a world's census with its card into `folder`; the card's path, as `ZipDemographics` takes it.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    with _Unfinished(folder, what="the census") as unfinished:
        _write_census(census, unfinished)
    return folder / CENSUS_CARD


class _Unfinished:
    """A hidden folder inside `folder`; what is written there moves up together, once all of it is there."""

    def __init__(self, folder: Path, *, what: str) -> None:
        self._folder, self._what = folder, what

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._temporary = tempfile.TemporaryDirectory(dir=self._folder, prefix=".unfinished-")
        except OSError as error:
            raise self._refused(error) from error
        return Path(self._temporary.name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with self._temporary as name:
            if isinstance(error, OSError):
                raise self._refused(error) from error
            if error is None:
                for file in sorted(Path(name).iterdir()):
                    os.replace(file, self._folder / file.name)

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._what} cannot be written to {self._folder} ({error.strerror or error}). "
            "Choose a folder with room that you may write to."
        )


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _write_census(census: pd.DataFrame, folder: Path) -> None:
    _write_table(census, folder / CENSUS_TABLE)
    (folder / CENSUS_CARD).write_text(census_card(), encoding="utf-8")


def _long_form(world: World) -> pd.DataFrame:
    """utterance_id, system, hypothesis; an utterance without a row is missing, one with an empty cell heard nothing."""
    return pd.concat(
        [
            pd.DataFrame({"utterance_id": list(system.texts), "system": system.system, "hypothesis": list(system.texts.values())})
            for system in world.systems
        ],
        ignore_index=True,
    )


def _planted_text(world: World) -> str:
    truth = {
        "note": "Made up: people, census and systems. Rates are those of the first system.",
        "seed": world.seed,
        "planted": planted_to_json(world.planted),
    }
    return json.dumps(truth, indent=2, allow_nan=False) + "\n"
