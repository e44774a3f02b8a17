"""Speech from espeak-ng, as numbers: same requests in the same order, same samples."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np

from fairasr.core.errors import MissingExtraError, ModelError

WORKER = Path(__file__).with_name("espeak_worker.py")


@dataclass(frozen=True, kw_only=True)
class Saying:
    """One thing to be said.

    Attributes:
        voice: espeak-ng's name of an accent, with "+variant" for another throat.
        rate_wpm: words per minute.
        pitch: 0..100.
        pitch_range: 0..100, 0 is a monotone.
        seed: of breath noise and flutter.
        text: English.
    """

    voice: str
    rate_wpm: int
    pitch: int
    pitch_range: int
    seed: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Mono samples, int16 (n_samples,), and their rate [Hz]."""

    samples: np.ndarray
    sample_rate_hz: int


def synthesised(sayings: Sequence[Saying]) -> Iterator[Spoken]:
    """What each saying sounds like, in their order, one at a time.

    espeak-ng carries some state from one utterance to the next, so the samples are those of the whole sequence: the same
    sequence gives the same samples, another order need not.

    Raises:
        MissingExtraError: espeakng-loader is not installed.
        ModelError: espeak-ng has no such voice, or gave up.
    """
    if find_spec("espeakng_loader") is None:
        raise MissingExtraError("making speech needs espeak-ng: pip install 'fairasr[speech-demo]'")
    with tempfile.TemporaryFile() as requests:
        # A file, not a pipe: who writes all requests before reading any answer would wait for ever once both pipes are full.
        requests.write("".join(json.dumps(asdict(saying)) + "\n" for saying in sayings).encode())
        requests.seek(0)
        # -P: the folder of the worker must not shadow installed modules.
        command = [sys.executable, "-P", str(WORKER)]
        with subprocess.Popen(command, stdin=requests, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                yield from _answers(process.stdout, sayings)
            finally:
                process.kill()


def _answers(stream: IO[bytes] | None, sayings: Sequence[Saying]) -> Iterator[Spoken]:
    assert stream is not None
    sample_rate_hz = _integer(stream, 0, len(sayings))
    for done, saying in enumerate(sayings):
        n_samples = _integer(stream, done, len(sayings))
        if n_samples < 0:
            raise ModelError(f"espeak-ng has no voice {saying.voice!r}. The demo was made for espeakng-loader 0.2.4: install that.")
        samples = np.frombuffer(_exactly(stream, 2 * n_samples, done, len(sayings)), dtype="<i2")
        yield Spoken(samples=samples.astype(np.int16), sample_rate_hz=sample_rate_hz)


def _integer(stream: IO[bytes], done: int, total: int) -> int:
    return int(struct.unpack("<i", _exactly(stream, 4, done, total))[0])


def _exactly(stream: IO[bytes], n_bytes: int, done: int, total: int) -> bytes:
    content = stream.read(n_bytes)
    if len(content) < n_bytes:
        raise ModelError(
            f"espeak-ng gave up after {done:,} of {total:,} utterances. Its library may not fit this computer: "
            "try `python -c 'import espeakng_loader; espeakng_loader.load_library()'`."
        )
    return content
