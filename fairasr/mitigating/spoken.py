"""A corpus with recordings, as a job uses it: what is left out and why, and how it is scored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Counts, Hypotheses, Manifest
from fairasr.core.errors import JobError
from fairasr.ingest import Corpus, read
from fairasr.mitigating.division import drawn_speakers
from fairasr.mitigating.job import CorpusChoice
from fairasr.mitigating.only import in_words, wanted
from fairasr.models import Recordings, Trainable, UnreadableAudioError
from fairasr.scoring import score


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Utterances with their recordings.

    Attributes:
        corpus: its manifest holds only utterances whose recording can be read.
        recordings: rows as in the manifest.
        normaliser: profile for both texts.
        base_hypotheses: what the base model wrote, where the job names a file.
        notes: what was left out, and why, in sentences.
    """

    corpus: Corpus
    recordings: Recordings
    normaliser: str
    base_hypotheses: Hypotheses | None
    notes: tuple[str, ...]

    @property
    def manifest(self) -> Manifest:
        """The utterances."""
        return self.corpus.manifest

    @cached_property
    def words(self) -> np.ndarray:
        """Reference words of each speaker, int (n_speakers,), ordered as the manifest's `speaker_ids`."""
        nothing = Hypotheses(system="nothing", texts={})
        return score(self.manifest, nothing, normaliser=self.normaliser, missing="deletions").by_speaker().denominators

    def rows_of(self, speakers: pd.Index) -> np.ndarray:
        """Rows of the utterances of `speakers`, int (n_rows,)."""
        return np.flatnonzero(self.manifest.table["speaker_id"].isin(speakers).to_numpy())

    def of_rows(self, rows: np.ndarray) -> Spoken:
        """Some of the utterances."""
        corpus = replace(self.corpus, manifest=manifest_of_rows(self.manifest, rows))
        return replace(self, corpus=corpus, recordings=self.recordings.of_rows(rows))

    def score(self, hypotheses: Hypotheses) -> Counts:
        """Counts per speaker, ordered as the manifest's `speaker_ids`; an utterance without hypothesis is deleted words."""
        return score(self.manifest, hypotheses, normaliser=self.normaliser, missing="deletions").by_speaker()


def manifest_of_rows(manifest: Manifest, rows: np.ndarray) -> Manifest:
    """Some of the utterances of `manifest`."""
    return Manifest(
        table=manifest.table.iloc[rows],
        embeddings=None if manifest.embeddings is None else manifest.embeddings[rows],
        source=manifest.source,
        has_speaker_ids=manifest.has_speaker_ids,
    )


def read_corpus(choice: CorpusChoice) -> Corpus:
    """All utterances of the corpus that `choice` names. Raises as `fairasr.ingest.read`."""
    return read(
        # What a table names is put below its folder: relative to where one stands, the folder would be there twice.
        choice.source.absolute(),
        recipe=choice.recipe or None,
        columns=choice.columns,
        hypotheses=choice.hypotheses,
        speaker_ids=choice.speaker_ids,
    )


def audio_folder(choice: CorpusChoice) -> Path:
    """The folder that the recordings lie below, absolute."""
    source = choice.source.absolute()
    return source if source.is_dir() else source.parent


def read_spoken(choice: CorpusChoice, *, sample_rate_hz: int, seed: int) -> Spoken:
    """The corpus that `choice` describes, without the utterances whose recording is missing, broken or too long.

    Raises:
        JobError: no utterance has a recording that can be read.
        FairasrError: the corpus cannot be read.
    """
    corpus = read_corpus(choice)
    recordings = Recordings(corpus.manifest, audio_root=audio_folder(choice), sample_rate_hz=sample_rate_hz)
    table = corpus.manifest.table
    notes: list[str] = []
    chosen = wanted(table, choice.only)
    if not chosen.all():
        notes.append(f"{chosen.sum():,} of {len(table):,} utterances are used: those with {in_words(choice.only)}.")
    named = table["audio_path"].notna().to_numpy() | ~chosen
    if not named.all():
        notes.append(f"{(~named).sum():,} of {len(table):,} utterances have no recording and are left out.")
    kept = chosen & named & _short_enough(table, choice.longest_s, notes)
    reasons = _unreadable(recordings, np.flatnonzero(kept))
    kept[list(reasons)] = False
    notes += [f"{n:,} of {len(table):,} recordings are left out: {why}." for why, n in Counter(reasons.values()).most_common()]
    if not kept.any():
        first = next(iter(reasons.values()), "no recording is named")
        raise JobError(
            f"none of the {len(table):,} utterances of '{corpus.manifest.source}' has a usable recording (first: "
            f"{table['utterance_id'].iloc[0]!r}: {first}). Check the column 'audio_path'."
        )
    spoken = Spoken(
        corpus=corpus,
        recordings=recordings,
        normaliser=choice.normaliser or corpus.defaults.get("normaliser", "basic"),
        base_hypotheses=corpus.systems[0] if choice.hypotheses is not None and corpus.systems else None,
        notes=(),
    ).of_rows(np.flatnonzero(kept))
    speakers = drawn_speakers(spoken.manifest, at_most=choice.at_most, seed=seed)
    if len(speakers) < len(spoken.manifest.speaker_ids):
        notes.append(f"{len(speakers):,} of {len(spoken.manifest.speaker_ids):,} speakers, drawn by seed, are used, to save time.")
        spoken = spoken.of_rows(spoken.rows_of(speakers))
    return replace(spoken, notes=tuple(notes))


def _short_enough(table: pd.DataFrame, longest_s: float, notes: list[str]) -> np.ndarray:
    if not longest_s or "duration_s" not in table:
        return np.ones(len(table), dtype=bool)
    short = ~(table["duration_s"] > longest_s).to_numpy()
    if not short.all():
        notes.append(f"{(~short).sum():,} of {len(table):,} utterances are longer than {longest_s:g} s and are left out.")
    return short


def _unreadable(recordings: Recordings, rows: np.ndarray) -> dict[int, str]:
    """Row -> why its recording cannot be read."""
    reasons = {}
    for row in rows:
        try:
            recordings.read(int(row))
        except UnreadableAudioError as error:
            reasons[int(row)] = str(error)
    return reasons


def trainable_rows(model: Trainable, spoken: Spoken) -> tuple[np.ndarray, dict[str, int]]:
    """Rows that `model` can be trained on, int (n_rows,); and why the others cannot: reason -> how many.

    Raises:
        JobError: there is none.
    """
    references = spoken.manifest.table["reference"]
    obstacles = [_obstacle(model, spoken.recordings.read(row), reference) for row, reference in enumerate(references)]
    rows = np.flatnonzero([obstacle is None for obstacle in obstacles])
    if not len(rows):
        raise JobError(
            f"{model.name} can be trained on none of the {len(obstacles):,} training utterances (first: "
            f"{spoken.manifest.table['utterance_id'].iloc[0]!r} {obstacles[0]}). Give shorter recordings, or references that the "
            "model can spell."
        )
    return rows, dict(Counter(obstacle for obstacle in obstacles if obstacle is not None))


def _obstacle(model: Trainable, samples: np.ndarray, reference: str) -> str | None:
    if reference.strip() and not samples.any():
        return "is silent (every sample is 0) though its reference has words"
    return model.obstacle(n_samples=len(samples), reference=reference)
