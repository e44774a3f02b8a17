"""Training of a speaker encoder on a manifest's recordings, with speakers kept out to audit it on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairasr.core import Manifest
from fairasr.core.atomic import write_file
from fairasr.core.errors import TrainingError
from fairasr.verifying.training_speakers import TrainingSpeakers, chosen_speakers

if TYPE_CHECKING:
    import numpy as np

    from fairasr.verification.encoder import EncoderSettings
    from fairasr.verification.reweighting import Formulation
    from fairasr.verification.training import EncoderBudget

HELD_OUT = "held_out.csv"
RECORD = "job.json"
RUNS = "runs"
FORMAT, VERSION = "fairasr-speaker-encoder-training", 1


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """What a training of a speaker encoder leaves.

    Attributes:
        folder: of the encoder, for `fairasr verify embed`.
        run: folder of the run: its history and settings.
        name: of the encoder, as embeddings carry it.
        n_speakers: trained on.
        n_utterances: trained on.
        n_single: speakers trained on with one usable utterance: two stretches of it stand for two utterances, which are easier
            to match.
        parts: who was held out or excluded, and what was set aside.
        held_out: file of the utterances of the speakers held out; None where there are none.
    """

    folder: Path
    run: Path
    name: str
    n_speakers: int
    n_utterances: int
    n_single: int
    parts: TrainingSpeakers
    held_out: Path | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader needs to know, a sentence each."""
        notes = []
        if self.n_single:
            notes.append(
                f"{self.n_single:,} of {self.n_speakers:,} speakers have no second utterance: two stretches of the one were used."
            )
        if self.parts.set_aside:
            first, why = next(iter(self.parts.set_aside.items()))
            n = len(self.parts.set_aside)
            notes.append(f"{n:,} of {n + self.n_utterances:,} recordings were set aside (first: {first!r}: {why}).")
        return tuple(notes)


def train_speaker_encoder(
    manifest: Manifest,
    *,
    audio_root: str | Path,
    folder: str | Path,
    formulation: Formulation,
    seed: int,
    budget: EncoderBudget | None = None,
    settings: EncoderSettings | None = None,
    held_out_share: float = 0.2,
    excluded: frozenset[str] = frozenset(),
    progress: Callable[[str, int, int], None] | None = None,
    use_cpu: bool = False,
) -> TrainedOn:
    """Train a speaker encoder, or go on with the training that was interrupted in `folder`.

    Args:
        manifest: needs `audio_path`; its groups are not looked at.
        audio_root: folder of the recordings; no file outside it is opened.
        folder: for the encoder (fairasr.json, model.safetensors), held_out.csv, job.json and runs/.
        formulation: how losses are weighed; see `fairasr.verification.reweighting`.
        seed: of the first weights, of the speakers held out, of every batch.
        budget: steps and rates.
        settings: size of the encoder.
        held_out_share: of the speakers, kept out of training for the audit.
        excluded: speakers not to be trained on, besides; they are not in held_out.csv.
        progress: told what is being done, how much is done, how much there is.
        use_cpu: leave a GPU alone.

    Raises:
        IngestError: no `audio_path`, or no such folder.
        TrainingError: too few speakers, settings that cannot be, an encoder in `folder` that other settings were used for, or a
            loss that is no finite number; the last checkpoint is still there.
        OutputError: something cannot be written.
        MissingExtraError: torch or soundfile is not installed.
    """
    from fairasr.models.architectures import extra_needed

    with extra_needed():
        from fairasr.verification.encoder_model import STRETCH_S, TrainedSpeakerEncoder
        from fairasr.verification.reweighting import settings_of
        from fairasr.verification.speaker_batches import RecordedStretches, SpeakerBatches
        from fairasr.verification.training import EncoderBudget, train_encoder
    from fairasr.models import Recordings

    budget, folder = budget or EncoderBudget(), Path(folder)
    encoder = TrainedSpeakerEncoder.initialised(seed=seed, settings=settings, label=f"speaker-tdnn-{formulation.name}")
    recordings = Recordings(manifest, audio_root=audio_root, sample_rate_hz=encoder.sample_rate_hz)
    parts = chosen_speakers(manifest, recordings, held_out_share=held_out_share, excluded=excluded, seed=seed, progress=progress)
    part = Manifest(table=manifest.table.iloc[parts.rows].reset_index(drop=True), source=manifest.source)
    speakers = part.table["speaker_id"].to_numpy(dtype=str)
    batches = SpeakerBatches(speakers=speakers, n_speakers=budget.n_speakers, seed=seed)
    fingerprint = {
        "method": formulation.name,
        **settings_of(formulation),
        "encoder": dataclasses.asdict(encoder.settings),
        "stretch_s": STRETCH_S,
        "held_out_share": held_out_share,
        "training_utterances_sha256": _digest(part.table["utterance_id"].to_numpy(dtype=str), speakers),
    }
    settings_digest = hashlib.sha256(json.dumps([fingerprint, dataclasses.asdict(budget)], sort_keys=True).encode()).hexdigest()
    run = folder / RUNS / f"{formulation.name}-{settings_digest[:8]}-seed{seed}"
    _begin(folder, run)
    held_out = _write_held_out(manifest, parts, folder)
    train_encoder(
        encoder.module,
        RecordedStretches(manifest=part, recordings=recordings.of_rows(parts.rows), log_mel=encoder.log_mel, stretch_s=STRETCH_S),
        batches,
        formulation.term(encoder.dimension, period=batches.period, batch_size=2 * budget.n_speakers, seed=seed),
        budget,
        folder=run,
        fingerprint=fingerprint,
        progress=progress,
        use_cpu=use_cpu,
    )
    encoder.save(folder)
    found = TrainedOn(
        folder=folder,
        run=run,
        name=encoder.name,
        n_speakers=len(batches.rows_by_speaker),
        n_utterances=len(part),
        n_single=batches.n_single,
        parts=parts,
        held_out=held_out,
    )
    _write_record(folder, _record(found, fingerprint=fingerprint, budget=budget, seed=seed, manifest=manifest))
    return found


def _begin(folder: Path, run: Path) -> None:
    """Say what is in the folder, for the dashboard; refuse one that holds a training with other settings.

    Raises:
        TrainingError: it does.
    """
    others = sorted(path.name for path in (folder / RUNS).glob("*") if path.is_dir() and path != run and path.name[0] != ".")
    if others:
        raise TrainingError(
            f"{folder} holds a training with other settings or on other recordings ({len(others)}, first: {others[0]!r}). "
            f"Go back to what it was begun with, or train in another folder."
        )
    run.mkdir(parents=True, exist_ok=True)
    if not (folder / RECORD).is_file():
        _write_record(folder, {"format": FORMAT, "format_version": VERSION})


def _write_held_out(manifest: Manifest, parts: TrainingSpeakers, folder: Path) -> Path | None:
    """Utterances of the speakers held out, as the manifest has them but for `audio_path`, which is relative to another folder."""
    if not parts.held_out:
        return None
    table = manifest.table[manifest.table["speaker_id"].isin(parts.held_out)].drop(columns="audio_path")
    return write_file(folder / HELD_OUT, table.to_csv(index=False, lineterminator="\n").encode())


def _record(
    found: TrainedOn, *, fingerprint: dict[str, Any], budget: EncoderBudget, seed: int, manifest: Manifest
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "encoder": found.name,
        "seed": seed,
        "source": Path(manifest.source).name,
        "settings": fingerprint,
        "budget": dataclasses.asdict(budget),
        "n_speakers": found.n_speakers,
        "n_utterances": found.n_utterances,
        "n_single": found.n_single,
        "speakers_held_out": list(found.parts.held_out),
        "n_excluded": len(found.parts.excluded),
        "set_aside": dict(Counter(found.parts.set_aside.values()).most_common()),
    }


def _write_record(folder: Path, content: dict[str, Any]) -> None:
    write_file(folder / RECORD, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _digest(utterances: np.ndarray, speakers: np.ndarray) -> str:
    lines = "\n".join(f"{utterance}\t{speaker}" for utterance, speaker in zip(utterances, speakers, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
