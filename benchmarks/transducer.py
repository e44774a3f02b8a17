"""Cost of the transducer loss beside other implementations, in one run: time, memory, and whether they agree.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/transducer.py

Loss and gradient by the logits of 16 utterances of up to 80 frames and 12 labels of 40 symbols, on one thread; the aim is at most
14 ms. Peers: a recursion along rows by cumulative log-sums that autograd goes through, always; and `warprnnt_numba`, whose CPU side
is plain Python, on a small batch where it is installed. The others take turns, so that whatever else the machine does falls on all.
Memory is the peak of a process of its own above what it held with its logits made, as a multiple of the logits; Linux only.
"""

from __future__ import annotations

import importlib
import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import pad

from fairasr.models.transducer_loss import transducer_loss

ROUNDS = 30
SIZE = {"n": 16, "n_frames": 80, "n_labels": 12, "n_symbols": 40}
SMALL = {"n": 3, "n_frames": 12, "n_labels": 4, "n_symbols": 6}
LARGE = {"n": 16, "n_frames": 200, "n_labels": 40, "n_symbols": 64}

Loss = Callable[..., torch.Tensor]


def made_batch(*, n: int, n_frames: int, n_labels: int, n_symbols: int) -> tuple[torch.Tensor, ...]:
    """Logits, targets, and lengths of both; the first utterance is the longest."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, n_frames, n_labels + 1, n_symbols, generator=generator)
    targets = torch.randint(1, n_symbols, (n, n_labels), generator=generator)
    frames = torch.randint(n_frames // 2, n_frames + 1, (n,), generator=generator)
    labels = torch.randint(1, n_labels + 1, (n,), generator=generator)
    frames[0], labels[0] = n_frames, n_labels
    return logits, targets, frames, labels


def ours(logits: torch.Tensor, targets: torch.Tensor, frames: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return transducer_loss(logits, targets, frames, labels, reduction="sum")


def by_rows(logits: torch.Tensor, targets: torch.Tensor, frames: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """All positions of a frame at once: along them labels add up, so the row is a cumulative log-sum less what has added up."""
    log_probs = logits.log_softmax(-1)
    n, n_frames, n_positions, _ = logits.shape
    blanks = log_probs[..., 0]
    index = targets[:, None, :, None].expand(n, n_frames, n_positions - 1, 1)
    added = pad(log_probs[:, :, :-1].gather(-1, index).squeeze(-1).cumsum(-1), (1, 0))
    rows = [added[:, 0]]
    for t in range(1, n_frames):
        rows.append(added[:, t] + torch.logcumsumexp(rows[-1] + blanks[:, t - 1] - added[:, t], dim=-1))
    each = torch.arange(n)
    return -(torch.stack(rows)[frames - 1, each, labels] + blanks[each, frames - 1, labels]).sum()


def numba_loss() -> Loss | None:
    """The loss of `warprnnt_numba`, None where it is absent."""
    try:
        peer: Any = importlib.import_module("warprnnt_numba")
    except ImportError:
        return None

    def loss(logits: torch.Tensor, targets: torch.Tensor, frames: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        summed: torch.Tensor = peer.RNNTLossNumba(blank=0, reduction="sum")(logits, targets.int(), frames.int(), labels.int())
        return summed.sum()

    return loss


def with_gradient(loss: Loss, batch: tuple[torch.Tensor, ...], kind: torch.dtype = torch.float32) -> tuple[float, torch.Tensor]:
    logits = batch[0].to(kind, copy=True).requires_grad_()
    value = loss(logits, *batch[1:])
    value.backward()
    assert logits.grad is not None
    return value.item(), logits.grad


def timed(contenders: dict[str, Loss], batch: tuple[torch.Tensor, ...], rounds: int) -> dict[str, float]:
    """CPU milliseconds of one loss with its gradient, median over rounds."""
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for i in range(rounds + 1):
        for name, loss in contenders.items():
            start = time.process_time()
            with_gradient(loss, batch)
            # The first round warms up.
            if i:
                spent[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(own) for name, own in spent.items()}


def peak_over_logits(loss: Loss) -> float:
    torch.set_num_threads(1)
    with_gradient(loss, made_batch(**SMALL))
    logits, *rest = made_batch(**LARGE)
    logits.requires_grad_()
    # Sets the mark of the highest memory back to what is held now.
    Path("/proc/self/clear_refs").write_text("5")
    held = highest_bytes()
    loss(logits, *rest).backward()
    return (highest_bytes() - held) / logits.nbytes


def highest_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def table(contenders: dict[str, Loss], size: dict[str, int], rounds: int) -> None:
    batch = made_batch(**size)
    exact, exact_gradient = with_gradient(by_rows, batch, torch.float64)
    print(f"\n{size}; off: float32 from rows in float64")
    print(f"{'loss and gradient':20} {'CPU ms':>9} {'loss off by':>12} {'gradient off by':>16}")
    for name, milliseconds in timed(contenders, batch, rounds).items():
        value, gradient = with_gradient(contenders[name], batch)
        off = (gradient - exact_gradient).abs().max().item()
        print(f"{name:20} {milliseconds:9.2f} {abs(value / exact - 1):12.1e} {off:16.1e}")


def main() -> None:
    torch.set_num_threads(1)
    contenders: dict[str, Loss] = {"ours": ours, "rows by autograd": by_rows}
    table(contenders, SIZE, ROUNDS)
    table(contenders, LARGE, ROUNDS // 6)
    table(contenders, SMALL, ROUNDS)
    peer = numba_loss()
    if peer is None:
        print("\nwarprnnt_numba is not installed: left out.")
    else:
        # By itself: what runs right after its interpreted Python is ten times slower than alone.
        table({"warprnnt_numba": peer}, SMALL, 3)
    print(f"\n{'peak memory':20} times the logits, {LARGE}")
    for name, loss in contenders.items():
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            print(f"{name:20} {alone.apply(peak_over_logits, (loss,)):.2f}")


if __name__ == "__main__":
    main()
