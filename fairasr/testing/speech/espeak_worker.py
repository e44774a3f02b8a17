"""The synthesiser's own process: requests come in on standard input, samples go out on standard output. Not to be imported.

espeak-ng draws breath noise and flutter at random and keeps that state in its process, so every corpus has a fresh process, and
every utterance sets the seed anew. It is licensed GPL-3: it runs here, behind a pipe, and no part of it is in this package.

In: one line of JSON per utterance, {"voice", "rate_wpm", "pitch", "pitch_range", "seed", "text"}. Out, before any request: the
rate of the samples [Hz] as one 32-bit integer; then for each utterance the number of samples as one, and the samples as 16-bit
integers. Everything is little-endian. -1 samples: espeak-ng has no such voice.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from array import array

import espeakng_loader

# From espeak-ng's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
CHARS_UTF8 = 1
PITCH, PITCH_RANGE, RATE = 3, 4, 1
NO_SUCH_VOICE = -1

ON_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Synthesiser:
    """espeak-ng's library, loaded and started."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        self._library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self.sample_rate_hz = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0
        )
        self._spoken = array("h")
        # Kept: the library calls it as long as it lives, and Python would free it.
        self._on_samples = ON_SAMPLES(self._take)
        self._library.espeak_SetSynthCallback(self._on_samples)

    def say(self, *, voice: str, rate_wpm: int, pitch: int, pitch_range: int, seed: int, text: str) -> array[int] | None:
        """Samples of `text`, or None where there is no such voice."""
        if self._library.espeak_SetVoiceByName(voice.encode()):
            return None
        for parameter, value in ((RATE, rate_wpm), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._library.espeak_ng_SetRandSeed(seed)
        del self._spoken[:]
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        return self._spoken

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], n_samples: int, events: int | None) -> int:
        if samples and n_samples > 0:
            self._spoken.frombytes(ctypes.string_at(samples, 2 * n_samples))
        return 0


def main() -> None:
    """Answer requests until there are no more."""
    synthesiser = Synthesiser()
    out = sys.stdout.buffer
    out.write(struct.pack("<i", synthesiser.sample_rate_hz))
    out.flush()
    for line in sys.stdin:
        samples = synthesiser.say(**json.loads(line))
        if samples is None:
            out.write(struct.pack("<i", NO_SUCH_VOICE))
        else:
            if sys.byteorder == "big":
                samples.byteswap()
            out.write(struct.pack("<i", len(samples)))
            out.write(samples.tobytes())
        out.flush()


if __name__ == "__main__":
    main()
