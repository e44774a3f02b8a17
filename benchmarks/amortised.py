"""What closed gates save in the amortised Transformer encoder: operations and time, beside running all and multiplying by zero.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/amortised.py

The encoder of the default size, 4 layers of 96 channels and a window of 33 frames, on one thread, with gates opened at random at
several rates. "all and multiply" is how it trains; "open ones alone" is how it transcribes; "dense" has no gates and attends in the
large tiles of training, which are faster and run more masked products. Operations are counted by PyTorch, not by our formula, which
is printed beside. They take turns, so that whatever else the machine does falls on all. At the end, a training step of 16
recordings of 80 frames.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from fairasr.models.streaming.amortised_encoder import AmortisedEncoded, AmortisedEncoder
from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.initialising import initialised

N_FEATURES = 120
RATES = (1.0, 0.75, 0.5, 0.25, 0.1)
SHAPES = {"a batch of recordings": (16, 80), "a long recording": (1, 3_000), "a chunk of a stream": (1, 10)}
ROUNDS = 15


def made(**settings: object) -> AmortisedEncoder:
    return initialised(lambda: AmortisedEncoder(AmortisedSettings(**settings), n_features=N_FEATURES), seed=0)  # type: ignore[arg-type]


def heard(n: int, n_frames: int) -> torch.Tensor:
    return torch.randn(n, n_frames, N_FEATURES, generator=torch.Generator().manual_seed(0))


def open_ones_alone(encoder: AmortisedEncoder, frames: torch.Tensor) -> AmortisedEncoded:
    with torch.no_grad():
        return encoder(frames, encoder.start(len(frames)))  # type: ignore[no-any-return]


def all_and_multiply(encoder: AmortisedEncoder, frames: torch.Tensor) -> AmortisedEncoded:
    """With gradients, which is what the encoder goes by, but for no weight, so that no graph is kept."""
    with torch.enable_grad():
        return encoder(frames, encoder.start(len(frames)))  # type: ignore[no-any-return]


def counted(run: Callable[[], AmortisedEncoded]) -> float:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def cpu_ms(runs: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """CPU milliseconds of each, median over rounds."""
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(rounds + 2):
        for name, run in runs.items():
            start = time.process_time()
            run()
            # The first rounds warm up.
            if i >= 2:
                spent[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(own) for name, own in spent.items()}


def table(name: str, n: int, n_frames: int) -> None:
    frames = heard(n, n_frames)
    dense = made(gates="open").requires_grad_(False)
    gated = {rate: made(gates="random", gate_rate=rate).requires_grad_(False) for rate in RATES}
    runs: dict[str, Callable[[], object]] = {"dense": lambda: all_and_multiply(dense, frames)}
    for rate, encoder in gated.items():
        runs[f"multiply {rate}"] = lambda encoder=encoder: all_and_multiply(encoder, frames)  # type: ignore[misc]
        runs[f"alone {rate}"] = lambda encoder=encoder: open_ones_alone(encoder, frames)  # type: ignore[misc]
    took = cpu_ms(runs)
    full = open_ones_alone(dense, frames).flops.sum()
    print(f"\n{name}: {n} x {n_frames} frames; dense: {took['dense']:.2f} CPU ms, {float(full) / 1e6:.1f} MFLOP by the formula")
    print("  open  formula  counted  multiplied  all and multiply  open ones alone  of dense")
    for rate, encoder in gated.items():
        encoded = open_ones_alone(encoder, frames)
        formula = float(encoded.flops.sum() / full)
        own = counted(lambda encoder=encoder: open_ones_alone(encoder, frames)) / float(full)  # type: ignore[misc]
        multiplied = counted(lambda encoder=encoder: all_and_multiply(encoder, frames)) / float(full)  # type: ignore[misc]
        alone = took[f"alone {rate}"]
        print(
            f"{encoded.gates.float().mean():6.0%} {formula:8.1%} {own:8.1%} {multiplied:11.1%} "
            f"{took[f'multiply {rate}']:14.2f} ms {alone:13.2f} ms {alone / took['dense']:9.0%}"
        )


def training_step(encoder: AmortisedEncoder, frames: torch.Tensor) -> None:
    encoder.train().zero_grad()
    encoded = encoder(frames, encoder.start(len(frames)))
    (encoded.steps.square().mean() + encoded.flops.mean() / encoder.full_flops).backward()


def main() -> None:
    torch.set_num_threads(1)
    for name, (n, n_frames) in SHAPES.items():
        table(name, n, n_frames)
    frames = heard(16, 80)
    learned, dense = made(), made(gates="open")
    took = cpu_ms({"learned gates": lambda: training_step(learned, frames), "dense": lambda: training_step(dense, frames)})
    print("\na training step of 16 x 80 frames")
    for name, milliseconds in took.items():
        print(f"{name:15} {milliseconds:7.1f} CPU ms")


if __name__ == "__main__":
    main()
