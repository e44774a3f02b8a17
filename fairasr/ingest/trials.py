"""Trials of speaker verifiers: which two utterances, whether of one speaker, and what each verifier scored."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Manifest, sha256_of
from fairasr.core.errors import IngestError
from fairasr.ingest.breach import Breach, committed
from fairasr.ingest.checks import refuse
from fairasr.ingest.numbers import numbers_in
from fairasr.ingest.parquet import read_parquet
from fairasr.ingest.table import JSON_LINES, PARQUET, read_table
from fairasr.ingest.text_file import read_text

Source = str | Path | pd.DataFrame

TARGET = frozenset({"1", "target", "true", "same"})
NONTARGET = frozenset({"0", "nontarget", "non-target", "false", "different", "imposter", "impostor"})
LABELS = TARGET | NONTARGET
PAIR = ["first", "second"]
OTHER_NAMES = {
    "first": ("utt1", "utterance1", "enrol", "enroll"),
    "second": ("utt2", "utterance2", "test"),
    "label": ("is_target",),
}
SHAPES = "'label first second [score]', 'first second label [score]', 'first second score' or 'score'"


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """Trials of one manifest, each verifier's score beside.

    Attributes:
        first: int array (n_trials,), row of the manifest's table.
        second: int array (n_trials,), row of the manifest's table.
        is_target: bool array (n_trials,), True where both are of one speaker.
        scores: verifier -> float array (n_trials,); NaN where its file has none or no number.
        inputs: file name -> SHA-256.
        notes: what was assumed and merged, in sentences.
    """

    first: np.ndarray
    second: np.ndarray
    is_target: np.ndarray
    scores: Mapping[str, np.ndarray]
    inputs: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_trials(scores: Mapping[str, Source], *, manifest: Manifest, trials: Source | None = None) -> Trials:
    """Read the trials of a manifest's utterances and what one or several verifiers scored.

    A text file has one trial per line, in fields parted by white space: `label first second [score]` as VoxCeleb writes them,
    `first second target|nontarget [score]` as Kaldi does, `first second score`, or a score alone, in the order of `trials`. A
    table (CSV, TSV, JSONL, Parquet) has columns first, second, score and label or is_target. Labels may be left out: the manifest
    knows whose utterances they are. Where they are given they must agree with it.

    Args:
        scores: verifier -> its file. All must have scored the same trials. May be empty where `trials` are given.
        manifest: the utterances.
        trials: the list of trials, where the score files lack the utterances; else those of the first file.

    Raises:
        IngestError: a file cannot be read as trials.
        SchemaError: trials break rules: unknown utterances, wrong labels, trials without score. All of them at once.
    """
    if not scores and trials is None:
        raise IngestError("there are no trials: neither scores nor a list of trials were given. Give one of them.")
    tables = {name: _read(source) for name, source in scores.items()}
    listed = None if trials is None else _read(trials)
    given = listed if listed is not None else next(iter(tables.values()))
    lead = "listed trials" if listed is not None else f"scores of {next(iter(scores))}"
    if not set(PAIR) <= set(given):
        raise IngestError(f"the {lead} do not name utterances, only numbers. Give the list of trials too, in the same order.")
    found, notes = _checked(given, manifest, what=lead)
    keys = _keys(found["first"], found["second"], len(manifest))
    kept = ~pd.Series(keys).duplicated().to_numpy()
    if not kept.all():
        notes.append(f"{(~kept).sum():,} of {len(kept):,} trials repeat an earlier one, in either order, and were counted once.")
    out = {
        name: _scores_of(name, table, given, found, keys, kept, manifest, is_given=table is given) for name, table in tables.items()
    }
    # Sorted by the utterances' names, so that the order of the lines cannot matter.
    rank = np.argsort(np.argsort(manifest.table["utterance_id"].to_numpy(dtype=str)))
    swapped = rank[found["first"]] > rank[found["second"]]
    first, second = (np.where(swapped, found[b], found[a])[kept] for a, b in (PAIR, PAIR[::-1]))
    order = np.lexsort((rank[second], rank[first]))
    files = [*scores.values(), *([] if trials is None else [trials])]
    return Trials(
        first=first[order],
        second=second[order],
        is_target=found["is_target"][kept][order],
        scores={name: values[order] for name, values in out.items()},
        inputs=_inputs(files),
        notes=tuple(notes),
    )


def _read(source: Source) -> pd.DataFrame:
    """Columns of text among first, second, label, score; as many as the source has."""
    if isinstance(source, (str, Path)) and Path(source).is_file() and not Path(source).stat().st_size:
        raise IngestError(f"'{Path(source).name}' is empty: there are no trials in it. Each line is {SHAPES}.")
    if isinstance(source, pd.DataFrame) or Path(source).suffix.lower() in (".csv", ".tsv", *JSON_LINES, *PARQUET):
        path = source if isinstance(source, pd.DataFrame) else Path(source)
        table = read_parquet(path) if isinstance(path, Path) and path.suffix.lower() in PARQUET else read_table(path)[0]
        return _named(table, "the DataFrame" if isinstance(path, pd.DataFrame) else f"'{path.name}'")
    path = Path(source)
    try:
        fields = pd.read_csv(
            io.StringIO(read_text(path)), sep=r"\s+", header=None, dtype=str, quoting=3, na_filter=False, engine="c"
        )
    except pd.errors.ParserError as error:
        raise IngestError(f"'{path.name}' is no file of trials: {error}. Each line is {SHAPES}.") from error
    return _in_fields(fields.rename(columns=str), path.name)


def _named(table: pd.DataFrame, what: str) -> pd.DataFrame:
    names = {name.lower(): name for name in table.columns}
    taken = {}
    for ours in (*PAIR, "label", "score"):
        theirs = next((names[name] for name in (ours, *OTHER_NAMES.get(ours, ())) if name in names), None)
        if theirs is not None:
            taken[theirs] = ours
    if not ({*PAIR} <= set(taken.values()) or "score" in taken.values()):
        raise IngestError(f"{what} has no columns first and second, and no score; it has {', '.join(table.columns)}. Name them so.")
    return table[list(taken)].rename(columns=taken)


def _in_fields(fields: pd.DataFrame, name: str) -> pd.DataFrame:
    """Name the fields of a text file by what stands in them."""
    width = fields.shape[1]
    short = fields.isna().any(axis=1).to_numpy() | (fields == "").any(axis=1).to_numpy()
    if short.any():
        raise IngestError(
            f"'{name}': {short.sum():,} of {len(fields):,} lines have fewer than {width} fields (first: line "
            f"{int(np.argmax(short)) + 1}). Each line is {SHAPES}."
        )
    is_label = [bool(fields[column].str.lower().isin(LABELS).all()) for column in fields]
    if width == 1:
        names = ["score"]
    elif width == 3:
        names = ["label", *PAIR] if is_label[0] and not is_label[2] else [*PAIR, "label" if is_label[2] else "score"]
    elif width == 4 and (is_label[0] or is_label[2]):
        names = ["label", *PAIR, "score"] if is_label[0] else [*PAIR, "label", "score"]
    else:
        raise IngestError(f"'{name}' has {width} fields per line, which are no trials. Each line is {SHAPES}.")
    return fields.set_axis(names, axis=1).astype(object)


def _checked(given: pd.DataFrame, manifest: Manifest, *, what: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Rows of both sides and the truth; refuses utterances that are not there and labels that cannot be.

    Raises:
        SchemaError: as said.
    """
    identifiers = pd.Index(manifest.table["utterance_id"])
    first, second = (identifiers.get_indexer(pd.Index(given[side])) for side in PAIR)
    known = (first >= 0) & (second >= 0)
    speakers = manifest.speaker_positions
    same = known & (speakers[first] == speakers[second])
    alike = "Write the ids alike in both files, or leave these trials out."
    breaches = [
        Breach(column="first", wording="name no utterance of the manifest", rows=first < 0, remedy=alike),
        Breach(column="second", wording="name no utterance of the manifest", rows=second < 0, remedy=alike),
        Breach(
            column="first", wording="compare an utterance with itself", rows=known & (first == second), remedy="Leave them out."
        ),
    ]
    notes = []
    if "label" in given:
        written = given["label"].astype(str).str.strip().str.lower()
        is_target = written.isin(TARGET).to_numpy()
        labelled = is_target | written.isin(NONTARGET).to_numpy()
        remedy = "Mend the label, or the speaker in the manifest."
        breaches += [
            Breach(column="label", wording="are not target (1) or nontarget (0)", rows=~labelled, remedy="Write one of these."),
            Breach(column="first", wording="are a target trial of two speakers", rows=known & is_target & ~same, remedy=remedy),
            Breach(
                column="first", wording="are a non-target trial of one speaker", rows=same & labelled & ~is_target, remedy=remedy
            ),
        ]
    else:
        notes.append("The trials carry no label; whether they are of one speaker was taken from the manifest.")
    refuse(what, [breach.sentence(given) for breach in committed(breaches)])
    return {"first": first, "second": second, "is_target": same}, notes


def _scores_of(
    name: str,
    table: pd.DataFrame,
    given: pd.DataFrame,
    found: Mapping[str, np.ndarray],
    keys: np.ndarray,
    kept: np.ndarray,
    manifest: Manifest,
    *,
    is_given: bool,
) -> np.ndarray:
    """Score of every trial kept: by the two utterances where the table names them, else by order."""
    if "score" not in table:
        raise IngestError(
            f"the file of {name!r} has no scores. "
            + ("A last field of labels alone, such as 0 and 1, is taken for the label. " if "label" in table else "")
            + f"Each line is {SHAPES}; scores of 0 and 1 alone can be given in a table with a column score."
        )
    scores = numbers_in(table["score"])
    if is_given or not set(PAIR) <= set(table):
        if len(scores) != len(given):
            raise IngestError(
                f"{name!r} has {len(scores):,} scores for {len(given):,} trials, and no utterances to join them by. Score every "
                "trial, in the order of the list."
            )
        own_keys = keys
    else:
        own, _ = _checked(table, manifest, what=f"scores of {name}")
        own_keys = _keys(own["first"], own["second"], len(manifest))
    distinct = pd.DataFrame({"key": own_keys, "score": scores}).drop_duplicates()
    twice = distinct["key"].duplicated(keep=False).to_numpy()
    if twice.any():
        row = manifest.table["utterance_id"]
        key = int(distinct["key"][twice].iloc[0])
        raise IngestError(
            f"{name!r} gives {distinct['key'][twice].nunique():,} of {distinct['key'].nunique():,} trials more than one score "
            f"(first: {row[key // len(manifest)]!r} {row[key % len(manifest)]!r}). Keep one."
        )
    position = pd.Index(distinct["key"]).get_indexer(pd.Index(keys[kept]))
    n_without, n_more = int((position < 0).sum()), len(distinct) - int((position >= 0).sum())
    if n_without or n_more:
        raise IngestError(
            f"{name!r} scored other trials than the list: {n_without:,} of {kept.sum():,} trials have no score of it, and "
            f"{n_more:,} of its scores are of no trial. Give all verifiers the same trials."
        )
    joined: np.ndarray = distinct["score"].to_numpy()[position]
    return joined


def _keys(first: np.ndarray, second: np.ndarray, n_utterances: int) -> np.ndarray:
    """One number per pair of rows, whichever stands first: a score says how alike the two are."""
    keys: np.ndarray = np.minimum(first, second).astype(np.int64) * n_utterances + np.maximum(first, second)
    return keys


def _inputs(sources: Sequence[Source]) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for source in sources:
        if isinstance(source, pd.DataFrame):
            name = f"DataFrame of {len(source):,} trials"
            inputs[name] = hashlib.sha256(source.to_csv(index=False).encode(errors="surrogatepass")).hexdigest()
        else:
            path = Path(source)
            inputs[path.name if path.name not in inputs else f"{path.parent.name}/{path.name}"] = sha256_of(path)
    return inputs
