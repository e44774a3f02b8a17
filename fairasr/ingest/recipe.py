"""Recipe: a small TOML file that says how one corpus is read. Its keys are explained in data_manifests/README.md."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairasr.core.errors import IngestError
from fairasr.ingest.text_file import read_text

FOLDER = "data_manifests"

SECTIONS: Mapping[str, Mapping[str, type]] = {
    "corpus": {"title": str, "source": str, "licence": str, "citation": str, "language": str, "notes": list},
    "files": {"utterances": str, "hypotheses": str, "embeddings": str, "layout": str, "joins": list},
    "options": {
        "normaliser": str,
        "unit": str,
        "speaker_ids": bool,
        "groups": list,
        "attributes": list,
        "drop_markers": str,
        "points_on_land": bool,
    },
    "columns": {},
    "hypotheses": {},
    "values": {},
    "variants": {},
}
"""Table of the TOML -> its keys and their types. Tables without keys here take names of columns, values or variants."""

JOIN: Mapping[str, type] = {"file": str, "on": str, "columns": dict}
VARIANT: Mapping[str, type] = {"columns": dict, "hypotheses": dict, "options": dict}


@dataclass(frozen=True, kw_only=True)
class Join:
    """A side table: its rows are brought to the utterances whose `on` they carry.

    Attributes:
        file: relative to the corpus folder.
        on: column of the utterances and of the side table.
        columns: column to make -> column of the side table.
    """

    file: str
    on: str
    columns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one corpus is read. Without a recipe file every field is empty and changes nothing.

    Attributes:
        title, source, licence, citation, language, notes: of the corpus.
        files: utterances, hypotheses and embeddings, relative to the corpus folder, and the layout.
        joins: side tables, in order.
        columns: fairasr's name -> column of the utterances.
        hypotheses: utterance_id, system, hypothesis -> column of the hypotheses.
        values: column -> value as written -> value to use.
        options: normaliser, unit, speaker_ids, groups, attributes, drop_markers, points_on_land.
        path: the recipe's own file; None without one.
    """

    title: str = ""
    source: str = ""
    licence: str = ""
    citation: str = ""
    language: str = ""
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    hypotheses: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None


def read_recipe(recipe: str | Path, *, near: Path | None = None, variant: str | None = None) -> Recipe:
    """The recipe at a path, or of that name below `data_manifests` here or beside the corpus, or in the corpus folder `near`.

    Args:
        recipe: a path, or a name with or without ".toml".
        near: the corpus folder.
        variant: which of the recipe's [variants] to apply over its [columns], [hypotheses] and [options].

    Raises:
        IngestError: there is no such recipe or variant, it is not TOML, or has keys or types that no recipe has: all of them named.
    """
    path = _found(Path(recipe), near)
    try:
        content = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise IngestError(f"recipe '{path.name}' is not TOML: {error}. Mend that line.") from error
    problems = _problems(content)
    if problems:
        raise IngestError(f"recipe '{path.name}' breaks its format:\n" + "\n".join(f"  - {problem}" for problem in problems))
    chosen = _variant(path.name, content.get("variants", {}), variant)
    corpus, files = content.get("corpus", {}), content.get("files", {})
    return Recipe(
        **{key: value for key, value in corpus.items() if key != "notes"},
        notes=tuple(corpus.get("notes", ())),
        files={key: value for key, value in files.items() if key != "joins"},
        joins=tuple(Join(**join) for join in files.get("joins", ())),
        columns=content.get("columns", {}) | chosen.get("columns", {}),
        hypotheses=content.get("hypotheses", {}) | chosen.get("hypotheses", {}),
        values=content.get("values", {}),
        options=content.get("options", {}) | chosen.get("options", {}),
        path=path,
    )


def _found(recipe: Path, near: Path | None) -> Path:
    folders = [Path(), Path(FOLDER), *([near, near / FOLDER, near.parent / FOLDER] if near else [])]
    names = [recipe, recipe.with_name(recipe.name + ".toml")]
    tried = [folder / name for name in names for folder in folders]
    for path in tried:
        if path.is_file():
            return path
    raise IngestError(
        f"there is no recipe '{recipe}': looked for {', '.join(repr(str(path)) for path in dict.fromkeys(tried))}. Give the "
        "path of a TOML file."
    )


def _problems(content: Mapping[str, Any]) -> list[str]:
    unknown = [key for key in content if key not in SECTIONS]
    problems = [f"unknown table [{key}]; a recipe has {', '.join(f'[{name}]' for name in SECTIONS)}" for key in unknown]
    for section, keys in SECTIONS.items():
        given = content.get(section, {})
        if not isinstance(given, dict):
            problems.append(f"[{section}] must be a table")
        elif keys:
            problems += _key_problems(section, given, keys)
        elif section in ("columns", "hypotheses"):
            problems += [
                f"[{section}] {key} must be the name of a column" for key, value in given.items() if not isinstance(value, str)
            ]
        else:
            problems += [f"[{section}.{key}] must be a table" for key, value in given.items() if not isinstance(value, dict)]
    for position, join in enumerate(_tables(content.get("files", {}), "joins")):
        problems += _key_problems(f"files.joins {position}", join, JOIN)
        problems += [f"[files.joins {position}] lacks {key}" for key in JOIN if key not in join]
    for name, table in _named_tables(content.get("variants", {})).items():
        problems += _key_problems(f"variants.{name}", table, VARIANT)
        problems += _key_problems(f"variants.{name}.options", _table(table, "options"), SECTIONS["options"])
    for name, table in _named_tables(content.get("values", {})).items():
        problems += [f"[values.{name}] {key!r} must be text" for key, value in table.items() if not isinstance(value, str)]
    return problems


def _key_problems(section: str, given: Mapping[str, Any], keys: Mapping[str, type]) -> list[str]:
    unknown = [f"[{section}] has the unknown key '{key}'; it may have {', '.join(keys)}" for key in given if key not in keys]
    words = {str: "text", list: "a list", bool: "true or false", dict: "a table"}
    wrong = [
        f"[{section}] {key} must be {words[keys[key]]}" for key in given if key in keys and not isinstance(given[key], keys[key])
    ]
    return unknown + wrong


def _table(section: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = section.get(key, {})
    return table if isinstance(table, dict) else {}


def _tables(section: Any, key: str) -> list[Mapping[str, Any]]:
    tables = section.get(key, []) if isinstance(section, dict) else []
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _named_tables(section: Any) -> dict[str, Mapping[str, Any]]:
    return {name: table for name, table in section.items() if isinstance(table, dict)} if isinstance(section, dict) else {}


def _variant(name: str, variants: Mapping[str, Any], variant: str | None) -> Mapping[str, Any]:
    if variant is None:
        return {}
    if variant not in variants:
        raise IngestError(
            f"recipe '{name}' has no variant {variant!r}; it has {', '.join(variants) or 'none'}. Name one of these, or none."
        )
    chosen: Mapping[str, Any] = variants[variant]
    return chosen
