"""score_turns: a corpus of mixtures and what a recogniser wrote of them to a table of turns and their figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from fairasr.core import Hypotheses, Provenance
from fairasr.core.atomic import replace_files
from fairasr.core.errors import IngestError, OutputError, ScoringError
from fairasr.core.plural import counted
from fairasr.core.turns import Turn, overlap_band, turn_overlaps
from fairasr.ingest import Corpus
from fairasr.ingest.selection import selected
from fairasr.mixtures.reference_turns import ReferenceTurn, ReferenceTurns, reference_turns, turns_of
from fairasr.scoring import NORMALISERS, normalise
from fairasr.scoring.orc import distance_in_time
from fairasr.scoring.turn_metrics import Heard, TurnMetrics, turn_metrics

TABLE, METRICS = "turns.csv", "metrics.json"
COLUMNS = (
    "utterance_id",
    "system",
    "mixture_id",
    "speaker_id",
    "reference",
    "hypothesis",
    "channel",
    "start_s",
    "end_s",
    "overlap",
    "overlap_band",
    "n_turns",
    "lost",
    "n_ref_words",
    "n_errors",
    "start_latency_s",
    "latency_s",
    "n_ended",
    "late_ms",
    "early_ms",
)


@dataclass(frozen=True, kw_only=True)
class ScoredTurns:
    """What one recogniser made of mixtures.

    Attributes:
        system: its name.
        table: one row per reference turn: columns of COLUMNS, then what is known of the turn's speaker. Its reference and
            hypothesis, scored as any utterance, have the errors that optimal reference combination gives the turn. Words in
            a channel that no turn was assigned to have rows of their own, with an empty reference and n_turns 0, of the speaker
            whose turn is nearest in time: the sum over all rows is the ORC-WER.
        metrics: of all mixtures, then by band of overlap.
        provenance: what it was made with.
        notes: what was left out or assumed, in sentences.
    """

    system: str
    table: pd.DataFrame
    metrics: tuple[TurnMetrics, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()

    def write(self, folder: str | Path) -> list[Path]:
        """Write turns.csv and metrics.json into `folder`: both or nothing.

        Raises:
            OutputError: it cannot be written, or holds mixtures whose own turns.csv would be lost.
        """
        folder = Path(folder)
        if (folder / "mixtures.csv").exists():
            raise OutputError(f"'{folder}' holds mixtures, whose turns.csv would be lost. Choose another folder for the scores.")
        about = {
            "system": self.system,
            "bands": [_plain(metrics) for metrics in self.metrics],
            "notes": list(self.notes),
            "provenance": asdict(self.provenance),
        }
        return replace_files(
            folder,
            {
                Path(TABLE): self.table.to_csv(index=False, lineterminator="\n").encode(),
                Path(METRICS): (json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(),
            },
            owned=lambda place: [Path(name) for name in (TABLE, METRICS) if (place / name).is_file()],
        )


def score_turns(
    corpus: Corpus,
    *,
    turns: str | Path | None = None,
    system: str = "",
    part: str = "",
    normaliser: str = "basic",
    missing: Literal["error", "deletions", "set-aside"] = "error",
    command: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> ScoredTurns:
    """Score what a recogniser wrote of mixtures, turn by turn, by optimal reference combination (see `orc_score`).

    Hypotheses are in the notation of turns, with channels; one without it is a single turn in one channel, of unknown times.

    Args:
        corpus: mixtures, their references in the notation of turns or plain, and hypotheses.
        turns: table of the turns with their speakers, as `simulate` writes it; None: everything is known from the references alone.
        system: which of the systems; "": the only one.
        part: only mixtures with this value in the column `part`; "": all.
        normaliser: applied to both texts of every turn.
        missing: what a mixture without hypothesis is: an error; its words deleted; or set aside.
        command: as typed, for the provenance.
        progress: told about progress.

    Raises:
        IngestError: turns and references do not fit together, or there is no such part.
        SchemaError: a text breaks the notation of turns.
        ScoringError: no hypotheses, several systems and none chosen, no turns at all, or too many words at once.
    """
    tell = progress or (lambda what, done, total: None)
    corpus = selected(_of_part(corpus, part), systems=[system] if system else (), missing=missing)
    written = _only_system(corpus)
    manifest = corpus.manifest
    spoken = reference_turns(manifest, turns=turns)
    identifiers = manifest.table["utterance_id"].tolist()
    absent = [identifier for identifier in identifiers if identifier not in written.texts]
    if absent and missing == "error":
        raise ScoringError(
            f"{written.system!r} has no hypothesis for {len(absent):,} of {len(identifiers):,} mixtures (first: {absent[0]!r}). "
            "Pass missing='deletions' to count their words as deleted, or score one part."
        )
    heard = _heard(identifiers, spoken, written, normaliser=normaliser)
    rows: list[dict[str, Any]] = []
    speakers = dict(zip(identifiers, manifest.table["speaker_id"], strict=True))
    for done, (identifier, mixture) in enumerate(zip(identifiers, heard, strict=True)):
        tell("scoring", done, len(identifiers))
        rows += _rows(identifier, mixture, spoken.of[identifier], speaker_id=speakers[identifier])
    rows = [{**row, "system": written.system} for row in rows]
    columns = [column for column in spoken.columns if column not in COLUMNS]
    return ScoredTurns(
        system=written.system,
        table=pd.DataFrame(rows, columns=[*COLUMNS, *columns]).astype({"channel": "Int64"}),
        metrics=turn_metrics(heard),
        provenance=Provenance(
            command=command,
            seed=0,
            inputs={**corpus.inputs, **spoken.inputs},
            settings={"normaliser": NORMALISERS[normaliser].label, "part": part, "missing": missing},
        ),
        notes=(
            *([f"{len(absent):,} of {len(identifiers):,} mixtures without hypothesis count as deleted."] if absent else []),
            *([f"Set aside: {counted(len(manifest.set_aside), 'mixture')}."] if len(manifest.set_aside) else []),
            *([] if turns is not None else _of_unknown_speakers(identifiers, spoken, speakers)),
        ),
    )


def _of_unknown_speakers(identifiers: list[str], spoken: ReferenceTurns, speakers: dict[str, str]) -> list[str]:
    """A note on mixtures of several turns, whose speakers are known as one name alone."""
    several = [identifier for identifier in identifiers if len(spoken.of[identifier]) > 1]
    if not several:
        return []
    return [
        f"{len(several):,} of {counted(len(identifiers), 'mixture')} have several turns, and nothing says who speaks which: each "
        f"has the speaker of its mixture (first: '{speakers[several[0]]}'), and an audit counts that as one person. "
        "Give a table of turns, on the command line with --turns FILE."
    ]


def _of_part(corpus: Corpus, part: str) -> Corpus:
    if not part:
        return corpus
    table = corpus.manifest.table
    kept = (table["part"] == part).to_numpy() if "part" in table else None
    if kept is None or not kept.any():
        there = ", ".join(sorted(table["part"].dropna().unique())) if kept is not None else "no column 'part'"
        raise IngestError(f"'{corpus.manifest.source}' has no mixtures of the part {part!r}; it has {there}.")
    embeddings = corpus.manifest.embeddings
    manifest = replace(corpus.manifest, table=table[kept], embeddings=None if embeddings is None else embeddings[kept])
    return replace(corpus, manifest=manifest)


def _only_system(corpus: Corpus) -> Hypotheses:
    if not corpus.systems:
        raise ScoringError(
            f"'{corpus.manifest.source}' has no hypotheses: give what a recogniser wrote of the mixtures, on the command line "
            "with --hypotheses FILE."
        )
    if len(corpus.systems) > 1:
        raise ScoringError(
            f"there are hypotheses of {len(corpus.systems)} systems, {', '.join(one.system for one in corpus.systems)}: each gives "
            "a table of its own. Choose one."
        )
    return corpus.systems[0]


def _heard(identifiers: Sequence[str], spoken: ReferenceTurns, written: Hypotheses, *, normaliser: str) -> list[Heard]:
    """Both sides of every mixture, with normalised texts: equal texts are normalised once for all of them."""
    references = [tuple(one.turn for one in spoken.of[identifier]) for identifier in identifiers]
    hypotheses = [
        turns_of(written.texts.get(identifier, ""), what=f"the hypothesis of {identifier!r}") for identifier in identifiers
    ]
    texts = list(dict.fromkeys(turn.text for turns in (*references, *hypotheses) for turn in turns))
    words = dict(zip(texts, normalise(texts, profile=normaliser), strict=True))

    def normalised(turns: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(replace(turn, text=words[turn.text]) for turn in turns)

    return [
        Heard(reference=normalised(reference), hypothesis=normalised(hypothesis))
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]


def _rows(identifier: str, heard: Heard, spoken: Sequence[ReferenceTurn], *, speaker_id: str) -> list[dict[str, Any]]:
    """One row per reference turn, then one per turn of the hypothesis whose words belong to none."""
    rows: list[dict[str, Any]] = []
    shares = turn_overlaps(heard.reference)
    for one, turn, score, share, lost, started_s, ended_s in zip(
        spoken,
        heard.reference,
        heard.orc.turns,
        shares,
        heard.lost,
        heard.start_latencies_s,
        heard.end_latencies_s,
        strict=True,
    ):
        rows.append(
            {
                **one.columns,
                "utterance_id": one.turn_id,
                "mixture_id": identifier,
                "speaker_id": turn.speaker_id,
                "reference": turn.text,
                "hypothesis": " ".join(score.hypothesis),
                "channel": score.channel,
                "start_s": turn.start_s,
                "end_s": turn.end_s,
                "overlap": round(share, 4),
                "overlap_band": overlap_band(share),
                "n_turns": 1,
                "lost": int(lost),
                "n_ref_words": len(score.reference),
                "n_errors": score.n_errors,
                "start_latency_s": started_s,
                "latency_s": ended_s,
                **_counted(ended_s),
            }
        )
    for number, (position, words) in enumerate(heard.orc.unassigned.items(), start=1):
        inserted = heard.hypothesis[position]
        nearest = min(rows[: len(spoken)], key=lambda row: _distance(row, inserted), default={"speaker_id": speaker_id})
        rows.append(
            {
                **nearest,
                "utterance_id": f"{identifier}-inserted-{number}",
                "mixture_id": identifier,
                "reference": "",
                "hypothesis": " ".join(words),
                "channel": inserted.channel or 0,
                "start_s": inserted.start_s,
                "end_s": inserted.end_s,
                "n_turns": 0,
                "lost": 0,
                "n_ref_words": 0,
                "n_errors": len(words),
                "start_latency_s": math.nan,
                "latency_s": math.nan,
                **_counted(math.nan),
            }
        )
    return rows


def _counted(latency_s: float) -> dict[str, int]:
    """An end latency as whole numbers, of which an audit makes rates: milliseconds late and early, over turns that ended."""
    is_known = math.isfinite(latency_s)
    latency_ms = round(1000 * latency_s) if is_known else 0
    return {"n_ended": int(is_known), "late_ms": max(0, latency_ms), "early_ms": max(0, -latency_ms)}


def _distance(row: dict[str, Any], inserted: Turn) -> float:
    return distance_in_time(Turn(text="", start_s=row["start_s"], end_s=row["end_s"]), inserted)


def _plain(metrics: TurnMetrics) -> dict[str, Any]:
    """Figures as plain data; what is not known is null."""
    figures = {**asdict(metrics), "orc_wer": metrics.orc_wer, "lost_rate": metrics.lost_rate}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in figures.items()}
