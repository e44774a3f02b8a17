"""simulate: a corpus of single speakers to a folder of mixtures of known turns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from fairasr.core import Manifest, Provenance
from fairasr.core.errors import IngestError, OutputError
from fairasr.ingest import Corpus
from fairasr.mixtures.division import TEST, TRAIN, divided
from fairasr.mixtures.placing import Material, Mixture, drawn_mixture, require_enough
from fairasr.mixtures.settings import MixtureSettings
from fairasr.mixtures.sounding import mixed_samples
from fairasr.mixtures.usable_recordings import Progress, files_of, usable_durations_s
from fairasr.mixtures.writing import (
    AUDIO,
    MIXTURE_COLUMNS,
    TURN_COLUMNS,
    mixture_tables,
    require_rate,
    sound_bytes,
    write_mixtures,
)
from fairasr.models import Recordings

OWN_COLUMNS = frozenset(MIXTURE_COLUMNS) | frozenset(TURN_COLUMNS) | {"embedding", "hypothesis"}


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What was made.

    Attributes:
        mixtures: one row per mixture, as in mixtures.csv.
        turns: one row per turn, as in turns.csv.
        files: all that was written, sorted.
        notes: what was left out, in sentences.
    """

    mixtures: pd.DataFrame
    turns: pd.DataFrame
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def simulate(
    corpus: Corpus,
    settings: MixtureSettings | None = None,
    *,
    audio_root: str | Path,
    folder: str | Path,
    seed: int,
    sample_rate_hz: int | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> Simulated:
    """Make mixtures of the recordings of a corpus in which one person speaks in each recording. Same arguments, same bytes.

    Times of turns are those of the recordings: silence at their ends counts as speech.

    Args:
        corpus: who says what in which recording.
        settings: of the mixtures.
        audio_root: folder of the corpus's recordings.
        folder: gets mixtures.csv, turns.csv, mixtures.json and audio/; what an earlier run wrote there is replaced in the end.
        seed: of every draw.
        sample_rate_hz: of the mixtures; None: that of the first recording.
        command: as typed, for the provenance.
        progress: told about progress.

    Raises:
        IngestError: no recordings, or too few for what is asked; a rate that the format cannot have; turns that the notation of
            turns does not give back.
        MissingExtraError: soundfile is not installed.
        OutputError: the folder cannot be written; what was there before still is.
    """
    settings, folder, audio_root = settings or MixtureSettings(), Path(folder), Path(audio_root)
    tell = progress or (lambda what, done, total: None)
    manifest = corpus.manifest
    if folder.resolve() == audio_root.resolve():
        raise OutputError(f"'{folder}' is the folder of the corpus itself. Choose another one for the mixtures.")
    rate_hz = sample_rate_hz or _rate_of_first(manifest, audio_root)
    require_rate(rate_hz, audio_format=settings.audio_format)
    recordings = Recordings(manifest, audio_root=audio_root, sample_rate_hz=rate_hz)
    durations_s, notes = usable_durations_s(manifest, recordings, tell=tell)
    speakers, left_out = _speaker_columns(manifest)
    notes += left_out
    if not settings.share_held_out:
        notes.append(
            "Nothing was held out: these mixtures are made of all recordings, those too that a later run would test on. Name a "
            "share to hold out; the same seed and share hold out the same recordings then."
        )
    generator = np.random.default_rng(seed)
    mixtures = _drawn(manifest, durations_s, settings, generator, audio_root=audio_root)
    of_mixtures, of_turns = mixture_tables(mixtures, speakers=speakers, audio_format=settings.audio_format)
    counted = _Counted(tell=tell, total=len(mixtures))
    files = write_mixtures(
        folder,
        mixtures=of_mixtures,
        turns=of_turns,
        recordings={
            f"{AUDIO}/{mixture.mixture_id}.{settings.audio_format}": partial(
                _write_sound, mixture=mixture, recordings=recordings, settings=settings, counted=counted
            )
            for mixture in mixtures
        },
        provenance=Provenance(
            command=command,
            seed=seed,
            inputs=corpus.inputs,
            settings={**asdict(settings), "held_out": settings.share_held_out, "sample_rate_hz": rate_hz},
        ),
        notes=notes,
    )
    return Simulated(mixtures=of_mixtures, turns=of_turns, files=tuple(files), notes=tuple(notes))


class _Counted:
    """Tells how many recordings are written."""

    def __init__(self, *, tell: Progress, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0

    def one_more(self) -> None:
        self._done += 1
        self._tell("mixing", self._done, self._total)


def _write_sound(
    stream: BinaryIO, *, mixture: Mixture, recordings: Recordings, settings: MixtureSettings, counted: _Counted
) -> None:
    samples = mixed_samples(mixture, recordings, equalised=settings.level_db is not None)
    stream.write(sound_bytes(samples, sample_rate_hz=recordings.sample_rate_hz, audio_format=settings.audio_format))
    counted.one_more()


def _rate_of_first(manifest: Manifest, audio_root: Path) -> int:
    """Rate of the first recording that can be read [Hz]."""
    from fairasr.models.audio import soundfile_module

    soundfile = soundfile_module()
    if "audio_path" not in manifest.table:
        raise IngestError(f"'{manifest.source}' has no column 'audio_path', so there is nothing to mix. Name the recordings in it.")
    for path in manifest.table["audio_path"]:
        try:
            return int(soundfile.info(str(audio_root / path)).samplerate) if isinstance(path, str) else 0
        except (soundfile.LibsndfileError, OSError):
            continue
    raise IngestError(
        f"none of the {len(manifest):,} recordings of '{manifest.source}' can be read (first: "
        f"{manifest.table['audio_path'].iloc[0]!r}). See that the column 'audio_path' starts from the folder of the table."
    )


def _speaker_columns(manifest: Manifest) -> tuple[pd.DataFrame, list[str]]:
    """What the corpus says of each speaker, by speaker_id: the columns that never disagree, and what was left out."""
    table = manifest.table
    names = [
        column for column in table.columns if column not in ("utterance_id", "speaker_id", "reference", "audio_path", "duration_s")
    ]
    constant = [name for name in names if not len(manifest.values_by_speaker(name)[1])]
    clashing = [name for name in constant if name in OWN_COLUMNS or name.startswith("hypothesis:")]
    columns = {name: manifest.values_by_speaker(name)[0] for name in constant if name not in clashing}
    notes = [f"Columns of the corpus that mixtures have of their own were left out: {', '.join(clashing)}."] if clashing else []
    return pd.DataFrame(columns, index=manifest.speaker_ids), notes


def _drawn(
    manifest: Manifest, durations_s: np.ndarray, settings: MixtureSettings, generator: np.random.Generator, *, audio_root: Path
) -> list[Mixture]:
    usable = np.flatnonzero(np.isfinite(durations_s))
    speakers = manifest.table["speaker_id"].to_numpy(dtype=object)
    references = manifest.table["reference"].tolist()
    parts = np.full(len(manifest), "", dtype=object)
    parts[usable] = TRAIN
    if settings.share_held_out:
        parts[usable] = divided(
            speakers=speakers[usable],
            references=manifest.table["reference"].to_numpy(dtype=object)[usable],
            files=files_of(manifest.table["audio_path"].iloc[usable], audio_root=audio_root),
            held_out=settings.share_held_out,
            hold_out=settings.hold_out,
            generator=generator,
        )
    mixtures = []
    for part, n_mixtures in ((TRAIN, settings.n_train), (TEST, settings.n_test)):
        if not n_mixtures:
            continue
        rows: dict[str, np.ndarray] = {
            name: np.flatnonzero((speakers == name) & (parts == part)) for name in sorted(set(speakers[parts == part]))
        }
        material = Material(rows=rows, references=references, durations_s=durations_s)
        require_enough(material, settings, part=part)
        width = len(str(n_mixtures))
        mixtures += [
            drawn_mixture(material, settings, mixture_id=f"{part}-{number:0{width}d}", part=part, generator=generator)
            for number in range(1, n_mixtures + 1)
        ]
    return mixtures
