"""The streaming recognisers on one thread: how much faster than real time they hear a stream, and how fast they train.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/streaming.py

Models of the default sizes with random weights, 8 kHz, whose blank is made likely: untrained, they would write at every frame.
The real-time factor is CPU seconds per second of audio, heard in chunks of 0.3 s; the peer is the same model over the whole
recording, the price of streaming. Training is a step of 16 recordings of 3 s with 3 words; the peer is the same step of a stack of
LSTM layers with as many parameters (ConvRNN-T without its convolutions). They take turns, so that whatever else the machine does
falls on all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from fairasr.models import initialised

RATE_HZ, CHUNK_S, RECORDING_S, BATCH = 8_000, 0.3, 6.0, 16
ROUNDS = 7
REFERENCES = ("one two three", "four five six", "seven eight nine zero")
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM layers (peer)": ("conv-rnnt", {"encoder": {"local": False, "global_context": False, "lstm_width": 150}}),
    "ConvRNN-T": ("conv-rnnt", {}),
    "amortised, dense": ("amortised-transducer", {"encoder": {"gates": "open"}}),
    "amortised, a quarter open": ("amortised-transducer", {"encoder": {"gates": "random", "gate_rate": 0.25}}),
    "separator-transducer-segmenter": ("separator-transducer-segmenter", {}),
}


def made(architecture: str, settings: dict[str, Any]) -> Any:
    model = initialised(architecture, references=REFERENCES, seed=0, sample_rate_hz=RATE_HZ, settings=settings)
    with torch.no_grad():
        model.module.joint.output.bias[0] = 5.0  # type: ignore[index, union-attr]
    return model


def noise(seconds: float, seed: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=int(seconds * RATE_HZ))).astype(np.float32)


def in_chunks(model: Any) -> None:
    samples, step, stream = noise(RECORDING_S, 0), int(CHUNK_S * RATE_HZ), model.stream()
    for start in range(0, len(samples), step):
        stream.push(samples[start : start + step])
    stream.finish()


def whole(model: Any) -> None:
    model.transcribe([noise(RECORDING_S, 0)])


def training_step(model: Any) -> Callable[[], None]:
    twin = model.clone()
    twin.module.train()
    optimiser = torch.optim.AdamW(twin.module.parameters(), lr=1e-4)
    recordings = [noise(3.0, seed) for seed in range(BATCH)]

    def step() -> None:
        batch = twin.batch(recordings, [REFERENCES[seed % 3] for seed in range(BATCH)])
        outputs = twin.outputs(batch)
        loss = (twin.losses(outputs, batch) / twin.target_lengths(batch)).mean() + twin.auxiliary_losses(outputs, batch).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def cpu_s(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    torch.set_num_threads(1)
    models = {name: made(*how) for name, how in MODELS.items()}
    works: dict[str, list[Callable[[], None]]] = {
        name: [lambda model=model: in_chunks(model), lambda model=model: whole(model), training_step(model)]  # type: ignore[misc]
        for name, model in models.items()
    }
    taken: dict[str, list[list[float]]] = {name: [[] for _ in own] for name, own in works.items()}
    for round_number in range(ROUNDS + 1):
        for name, own in works.items():
            for kind, work in enumerate(own):
                seconds = cpu_s(work)
                if round_number:
                    taken[name][kind].append(seconds)
    medians = {name: [statistics.median(times) for times in own] for name, own in taken.items()}
    peer = medians["LSTM layers (peer)"][2]
    print(
        f"{'':32} {'parameters':>10} {'RTF, stream':>12} {'RTF, whole':>11} {'audio s / CPU s, training':>26} {'step / peer':>12}"
    )
    for name, (stream, at_once, step) in medians.items():
        n_parameters = sum(weight.numel() for weight in models[name].module.parameters())
        trained = BATCH * 3.0 / step
        print(
            f"{name:32} {n_parameters:>10,} {stream / RECORDING_S:>12.3f} {at_once / RECORDING_S:>11.3f} {trained:>26.0f} "
            f"{step / peer:>12.2f}"
        )


if __name__ == "__main__":
    main()
