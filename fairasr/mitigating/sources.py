"""What a job rests on, looked for before any work: a sentence on everything that is not there, or cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fairasr.core.errors import FairasrError, ModelError
from fairasr.ingest import Corpus
from fairasr.mitigating.cohorts import require_rule
from fairasr.mitigating.job import CohortChoice, CorpusChoice
from fairasr.mitigating.only import wanted
from fairasr.mitigating.spoken import audio_folder, manifest_of_rows, read_corpus
from fairasr.models.load import require_model
from fairasr.scoring.normalisers import named


def model_problems(folder: Path) -> list[str]:
    """What is wrong with the folder of the base model, as far as it can be told without loading it."""
    try:
        require_model(folder)
    except ModelError as error:
        return [f"'model': {error}"]
    return []


def corpus_problems(choice: CorpusChoice, *, table: str) -> tuple[list[str], Corpus | None]:
    """What is wrong with the files of a corpus; and the utterances that are wanted of it, None where something is.

    Args:
        choice: of the job file, paths absolute.
        table: of the job file that it stands in, for messages.
    """
    files = {"source": choice.source, "hypotheses": choice.hypotheses}
    problems = [f"[{table}] {key}: there is no '{path}'" for key, path in files.items() if path is not None and not path.exists()]
    try:
        if choice.normaliser:
            named(choice.normaliser)
    except FairasrError as error:
        problems.append(_sentence(table, error))
    if not choice.source.exists() or (choice.hypotheses is not None and not choice.hypotheses.exists()):
        return problems, None
    try:
        corpus = read_corpus(choice)
        rows = np.flatnonzero(wanted(corpus.manifest.table, choice.only))
    except FairasrError as error:
        return [*problems, _sentence(table, error)], None
    corpus = replace(corpus, manifest=manifest_of_rows(corpus.manifest, rows))
    problems += _recording_problems(corpus, audio_folder(choice), table=table)
    return problems, None if problems else corpus


def cohort_problems(choice: CohortChoice, corpus: Corpus | None) -> list[str]:
    """What is wrong with the audit, rule or discovery method that names the cohorts.

    Args:
        choice: of the job file, paths absolute.
        corpus: of the job; None where it cannot be read.
    """
    try:
        require_rule(choice, corpus)
    except FairasrError as error:
        return [_sentence("cohorts", error)]
    return []


def _recording_problems(corpus: Corpus, folder: Path, *, table: str) -> list[str]:
    utterances = corpus.manifest.table
    if "audio_path" not in utterances:
        return [f"[{table}] source: '{corpus.manifest.source}' has no column 'audio_path', so there is nothing to listen to"]
    paths = [folder / path for path in utterances["audio_path"].dropna()]
    if any(path.is_file() for path in paths):
        return []
    first = f" (first: '{paths[0]}')" if paths else ""
    return [
        f"[{table}] source: none of the {len(utterances):,} utterances of '{corpus.manifest.source}' has its recording{first}; "
        "the column 'audio_path' is relative to the folder of the table"
    ]


def _sentence(table: str, error: FairasrError) -> str:
    lines = str(error).replace("\n", "\n    ")
    return f"[{table}] {lines}"
