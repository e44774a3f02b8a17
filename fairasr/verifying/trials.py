"""Trials with a score of every verifier: from files, by the cosine of vectors, or made from the corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from fairasr.core import Manifest, sha256_of
from fairasr.core.errors import IngestError, ScoringError
from fairasr.core.privacy import speakers_in_words
from fairasr.ingest import Corpus
from fairasr.ingest.embeddings import aligned, read_embeddings
from fairasr.ingest.trials import Source, Trials, read_trials
from fairasr.verification import cosine_scores, made_trials


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Trials and what every verifier scored.

    Attributes:
        speaker_ids: speakers with a trial, sorted.
        first_speaker: int array (n_trials,), position in `speaker_ids`.
        second_speaker: int array (n_trials,), position in `speaker_ids`.
        is_target: bool array (n_trials,).
        scores: verifier -> float array (n_trials,), finite, in the order given.
        trials_from: "file" or "made".
        inputs: file name -> SHA-256.
        notes: sentences for the report.
    """

    speaker_ids: pd.Index
    first_speaker: np.ndarray
    second_speaker: np.ndarray
    is_target: np.ndarray
    scores: Mapping[str, np.ndarray]
    trials_from: Literal["file", "made"]
    inputs: Mapping[str, str]
    notes: tuple[str, ...]


def scored_trials(
    corpus: Corpus,
    *,
    scores: Mapping[str, Source],
    trials: Source | None,
    embeddings: Mapping[str, str | Path],
    labels: Mapping[str, pd.Series],
    n_per_speaker: int,
    seed: int,
) -> Scored:
    """The trials of `trials` or of the first file of `scores`; where neither is given they are made, balanced over `labels`.

    Raises:
        IngestError: there is no verifier, one is named twice, or a file cannot be read.
        ScoringError: a verifier's scores are not all finite numbers.
        StatisticsError: no trials can be made.
    """
    manifest = corpus.manifest
    twice = sorted(set(scores) & set(embeddings))
    if (not scores and not embeddings) or twice:
        raise IngestError(
            f"{len(twice)} of {len(set(scores) | set(embeddings))} verifiers are named twice (first: {twice[0]!r}). Name each once."
            if twice
            else "there is no verifier: neither scores nor embeddings were given. Give at least one, NAME=FILE."
        )
    notes: list[str] = []
    vectors = {name: _vectors(name, Path(path), manifest, notes) for name, path in embeddings.items()}
    inputs = {f"{name}: {Path(path).name}": sha256_of(path) for name, path in embeddings.items()}
    if scores or trials is not None:
        read = read_trials(scores, manifest=manifest, trials=trials)
    else:
        read = _made(manifest, vectors, labels, n_per_speaker=n_per_speaker, seed=seed)
    values = {**read.scores, **{name: cosine_scores(of, read.first, read.second) for name, of in vectors.items()}}
    for name, given in values.items():
        _require_finite(name, given, read, manifest)
    sides = manifest.speaker_positions[np.stack([read.first, read.second])]
    present, compact = np.unique(sides, return_inverse=True)
    first, second = compact.reshape(sides.shape)
    return Scored(
        speaker_ids=manifest.speaker_ids[present],
        first_speaker=first,
        second_speaker=second,
        is_target=read.is_target,
        scores=values,
        trials_from="file" if scores or trials is not None else "made",
        inputs={**read.inputs, **inputs},
        notes=(*notes, *read.notes, *_without_target(sides, read.is_target)),
    )


def _made(
    manifest: Manifest, vectors: Mapping[str, np.ndarray], labels: Mapping[str, pd.Series], *, n_per_speaker: int, seed: int
) -> Trials:
    usable = np.all([np.isfinite(of).all(axis=1) & (of != 0).any(axis=1) for of in vectors.values()], axis=0)
    made = made_trials(manifest, n_per_speaker=n_per_speaker, seed=seed, groups=labels, usable=usable)
    notes = []
    if made.n_without_any:
        notes.append(
            f"{speakers_in_words(made.n_without_any)} of {len(manifest.speaker_ids):,} speakers have no utterance with a vector of "
            "every verifier; they are in no trial."
        )
    return Trials(first=made.first, second=made.second, is_target=made.is_target, scores={}, inputs={}, notes=tuple(notes))


def _vectors(name: str, path: Path, manifest: Manifest, notes: list[str]) -> np.ndarray:
    """Vectors of the manifest's utterances, float array (n_utterances, dim), NaN where there is none; those of others are left."""
    given = read_embeddings(path)
    identifiers = given.table["utterance_id"]
    lengths = {len(vector) for vector in given.vectors if vector is not None}
    if len(lengths) > 1:
        raise IngestError(
            f"the vectors of {name!r} in '{path.name}' have {len(lengths)} lengths (first: {min(lengths):,} and {max(lengths):,} "
            "numbers), so they are not of one encoder. Compute them again."
        )
    twice = identifiers.duplicated().to_numpy()
    if twice.any():
        raise IngestError(
            f"{twice.sum():,} of {len(identifiers):,} vectors of {name!r} in '{path.name}' are a second one of their utterance "
            f"(first: {identifiers[twice].iloc[0]!r}). Keep one."
        )
    finite = np.array([vector is not None and bool(np.isfinite(vector).all()) for vector in given.vectors], dtype=bool)
    utterance_ids = list(manifest.table["utterance_id"])
    known = identifiers.isin(set(utterance_ids)).to_numpy()
    vectors = aligned(given, finite & known, utterance_ids)
    if vectors is None:
        raise IngestError(
            f"none of the {len(identifiers):,} vectors of {name!r} in '{path.name}' is of one of the {len(utterance_ids):,} "
            f"utterances and whole (first: {identifiers.iloc[0] if len(identifiers) else None!r}; "
            f"the utterances have {utterance_ids[0]!r}). Write the ids alike in both files."
        )
    without = int(np.isnan(vectors).all(axis=1).sum())
    if without:
        notes.append(f"{without:,} of {len(utterance_ids):,} utterances have no vector of {name}.")
    return vectors


def _require_finite(name: str, scores: np.ndarray, read: Trials, manifest: Manifest) -> None:
    wrong = ~np.isfinite(scores)
    if wrong.any():
        first = int(np.argmax(wrong))
        one, other = (manifest.table["utterance_id"].iloc[side[first]] for side in (read.first, read.second))
        raise ScoringError(
            f"{wrong.sum():,} of {len(scores):,} trials have no finite score of {name!r} (first: {one!r} with {other!r}: "
            f"{scores[first]}). Score them again, or leave them out of the list for every verifier."
        )


def _without_target(sides: np.ndarray, is_target: np.ndarray) -> list[str]:
    """A sentence on speakers who are in non-target trials alone."""
    speakers, targets = np.unique(sides), np.unique(sides[:, is_target])
    n_without = len(speakers) - len(targets)
    if not n_without:
        return []
    return [
        f"{speakers_in_words(n_without)} of {len(speakers):,} speakers have no target trial (no second utterance, or none listed): "
        "they count in false acceptances alone."
    ]
