"""Cost of adversarial reweighting beside plain training of a speaker encoder, and of scoring trials, in one run.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/verification.py

Steps are of the default encoder on one thread: made-up features of 64 stretches of 2 s, forward, loss, backward, clipping, AdamW.
Contenders alternate, so that whatever else the machine does falls on all; the ratio is the median over rounds of the ratio within a
round. The aim is at most 1.10. k-means, renewed once an epoch, falls into the steps as it does in training.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from fairasr.verification.encoder import EncoderSettings, SpeakerTDNN
from fairasr.verification.made_trials import cosine_scores
from fairasr.verification.rates import SortedTrials
from fairasr.verification.reweighting import Accumulated, Formulation, Pairwise, Plain, PseudoLabel
from fairasr.verification.training import EncoderTraining

N_SPEAKERS, N_FRAMES, ROUNDS, PERIOD = 32, 200, 30, 10
N_TRIALS = 1_000_000


def stepper(formulation: Formulation, features: torch.Tensor) -> Callable[[], None]:
    settings = EncoderSettings()
    network = EncoderTraining(SpeakerTDNN.initialised(settings, seed=0)).train()
    term = formulation.term(settings.dimension, period=PERIOD, batch_size=2 * N_SPEAKERS, seed=0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def step() -> None:
        loss = term(*network(features))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()

    return step


def steps() -> None:
    features = torch.randn(2 * N_SPEAKERS, N_FRAMES, EncoderSettings().n_mels, generator=torch.Generator().manual_seed(0))
    contenders = {
        "plain": stepper(Plain(), features),
        "accumulated": stepper(Accumulated(pretraining_steps=0), features),
        "pseudo-label": stepper(PseudoLabel(pretraining_steps=0), features),
        "pairwise": stepper(Pairwise(pretraining_steps=0), features),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(2):
        for work in contenders.values():
            work()
    for _ in range(ROUNDS):
        for name, work in contenders.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    print(f"{'step':14} {'CPU ms':>8} {'over plain':>11}")
    for name, own in seconds.items():
        ratio = statistics.median(mine / other for mine, other in zip(own, seconds["plain"], strict=True))
        print(f"{name:14} {1000 * statistics.median(own):8.1f} {ratio:11.3f}")


def trials() -> None:
    """Scores of pairs of vectors, then EER, minDCF and DET of a million trials."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(10_000, EncoderSettings().dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = random.integers(len(vectors), size=(2, N_TRIALS))
    is_target = random.random(N_TRIALS) < 0.5
    print(f"\n{'trials':24} {'CPU s':>6} {'a second':>12}")
    start = time.process_time()
    scores = cosine_scores(vectors, first, second)
    _tell("scored by cosine", time.process_time() - start)
    scores = np.asarray(scores, dtype=float) + 0.2 * is_target
    start = time.process_time()
    curve = SortedTrials(scores, is_target).curve()
    found = curve.crossing[0], curve.least_cost(p_target=0.01)[0], len(curve.det())
    _tell("EER, minDCF and DET", time.process_time() - start)
    assert 0 < found[0] < 0.5


def _tell(what: str, seconds: float) -> None:
    print(f"{what:24} {seconds:6.2f} {N_TRIALS / seconds:12,.0f}")


def main() -> None:
    torch.set_num_threads(1)
    steps()
    trials()


if __name__ == "__main__":
    main()
