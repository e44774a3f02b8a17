"""Made-up voices as tiny mel patterns: a majority, and a minority that can be told by its sound and is harder to recognise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fairasr.verification.encoder import TINY, SpeakerTDNN
from fairasr.verification.reweighting import Formulation
from fairasr.verification.reweighting_terms import Term
from fairasr.verification.speaker_batches import SpeakerBatches
from fairasr.verification.training import EncoderBudget, train_encoder

N_FRAMES = 2
PER_SPEAKER = 6
SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class World:
    """Utterances: patterns float32 (n, N_FRAMES, n_mels), speaker of each str (n,), whether it is of the minority bool (n,)."""

    patterns: np.ndarray
    speakers: np.ndarray
    minority: np.ndarray

    def features(self, rows: np.ndarray, places: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.patterns[rows])

    def audio_s(self, rows: np.ndarray) -> float:
        return 0.01 * N_FRAMES * len(rows)


def made_world(*, n_speakers: int, seed: int, share: float = SHARE) -> World:
    """Band 0 tells the minority. The majority's voice is in bands 1..3, its nuisance in 4..6; the minority's the other way round,
    is weaker, and differs more between utterances of one speaker."""
    random = np.random.default_rng(seed)
    minority = np.arange(n_speakers) < share * n_speakers
    voice = np.where(minority, 1.0, 1.5)[:, None] * random.normal(size=(n_speakers, 3))
    who = np.repeat(np.arange(n_speakers), PER_SPEAKER)
    few = minority[who]
    within = np.where(few, 0.35, 0.15)[:, None] * random.normal(size=(len(who), 3))
    own, other = voice[who] + within, random.normal(size=(len(who), 3))
    flag = np.where(few, 1.0, -1.0)[:, None] + 0.2 * random.normal(size=(len(who), 1))
    blank = 0.2 * random.normal(size=(len(who), 1))
    bands = np.column_stack([flag, np.where(few[:, None], other, own), np.where(few[:, None], own, other), blank])
    patterns = bands[:, None, :] + 0.1 * random.normal(size=(len(who), N_FRAMES, 8))
    return World(patterns=patterns.astype(np.float32), speakers=np.array([f"s{number:04d}" for number in who]), minority=few)


def spoilt(world: World, *, share: float, seed: int) -> tuple[World, np.ndarray]:
    """The world with the speakers of some utterances exchanged among each other, and which: nothing in their sound tells."""
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(world.speakers), dtype=bool)
    wrong[random.choice(len(wrong), int(share * len(wrong)), replace=False)] = True
    speakers = world.speakers.copy()
    speakers[wrong] = random.permutation(speakers[wrong])
    return World(patterns=world.patterns, speakers=speakers, minority=world.minority), wrong


def trained_on(
    world: World, formulation: Formulation, budget: EncoderBudget, *, seed: int, folder: Path
) -> tuple[SpeakerTDNN, Term]:
    """The tiny encoder after training, and its loss."""
    encoder = SpeakerTDNN.initialised(TINY, seed=seed)
    batches = SpeakerBatches(speakers=world.speakers, n_speakers=budget.n_speakers, seed=seed)
    term = formulation.term(TINY.dimension, period=batches.period, batch_size=2 * budget.n_speakers, seed=seed)
    train_encoder(encoder, world, batches, term, budget, folder=folder, use_cpu=True)
    return encoder, term


def vectors_of(encoder: SpeakerTDNN, world: World) -> torch.Tensor:
    with torch.inference_mode():
        return encoder(torch.from_numpy(world.patterns))


def equal_error_rate(cosines: np.ndarray, same: np.ndarray) -> float:
    """Where false acceptances and false rejections are equally frequent, to the nearest trial."""
    order = np.argsort(-cosines, kind="stable")
    accepted = np.cumsum(~same[order]) / (~same).sum()
    rejected = 1 - np.cumsum(same[order]) / same.sum()
    at = int(np.abs(accepted - rejected).argmin())
    return float(accepted[at] + rejected[at]) / 2


def error_rates(encoder: SpeakerTDNN, world: World) -> tuple[float, float, float]:
    """Equal error rates over all pairs of utterances: of everyone, within the minority, within the majority."""
    vectors = vectors_of(encoder, world).numpy()
    first, second = np.triu_indices(len(vectors), k=1)
    cosines = (vectors @ vectors.T)[first, second]
    same = world.speakers[first] == world.speakers[second]
    few = world.minority[first] & world.minority[second]
    many = ~world.minority[first] & ~world.minority[second]
    return tuple(equal_error_rate(cosines[part], same[part]) for part in (np.ones_like(few), few, many))  # type: ignore[return-value]
