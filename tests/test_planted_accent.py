"""A recogniser, really trained, meets a planted accent: fine-tuning forgets, and EWC keeps most for the same gain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from planted_accent import ACCENT, RATE_HZ, PlantedAccent, planted_accent

from fairasr.core import Hypotheses
from fairasr.mitigation import EWC, L2SP, FineTuning, Mitigation, settings_of
from fairasr.models import Trainable, initialised
from fairasr.models.log_mel import LogMel
from fairasr.scoring import score
from fairasr.training import Budget, Hooks, TrainingData, load_snapshot, train

pytest.importorskip("transformers", reason="training needs an extra: train")
pytestmark = pytest.mark.rates

SEEDS = (1, 2, 3, 4, 5)
NETWORK = {"n_mels": 24, "d_model": 32, "n_blocks": 1, "n_heads": 2, "expansion": 2, "kernel": 7, "dropout": 0.0}
BASE = Budget(n_steps=350, batch_size=16, learning_rate=6e-3, warmup_steps=40, schedule="linear", checkpoint_every=350)
TUNING = Budget(
    n_steps=100, batch_size=16, learning_rate=1e-3, warmup_steps=5, schedule="linear", checkpoint_every=100, n_snapshots=4
)
EWC_STRENGTHS, L2SP_STRENGTHS = (0.3, 1.0, 3.0), (0.1, 0.3, 1.0)
MATCHED_GAINS = (0.4, 0.6)
"""Shares of plain fine-tuning's whole gain on the accent at which the methods are compared."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """WER of one model on the accent and on general speech."""

    accent: float
    general: float


def rates_of(model: Trainable, test: TrainingData) -> Rates:
    texts = model.transcribe([test.recordings.read(row) for row in range(len(test))])
    ids = test.manifest.table["utterance_id"]
    counts = score(test.manifest, Hypotheses(system="it", texts=dict(zip(ids, texts, strict=True)))).by_speaker()
    in_accent = counts.table["speaker_id"].str.startswith(ACCENT).to_numpy()
    errors, words = counts.numerators, counts.denominators
    return Rates(
        accent=errors[in_accent].sum() / words[in_accent].sum(), general=errors[~in_accent].sum() / words[~in_accent].sum()
    )


@dataclass(frozen=True, kw_only=True)
class World:
    """What one world gave: the rates before, and each method's candidates, from the base to the end of plain fine-tuning."""

    base: Rates
    plain: list[Rates]
    ewc: list[Rates]
    l2_sp: list[Rates]


def trained_base(data: TrainingData, *, seed: int, folder: Path) -> Trainable:
    model = initialised(
        "conformer-ctc",
        references=list(data.manifest.table["reference"]),
        settings=NETWORK,
        sample_rate_hz=RATE_HZ,
        seed=seed,
    )
    train(model, data, Hooks(), BASE, seed=seed, folder=folder, use_cpu=True)
    return model


def tuned(method: Mitigation, base: Trainable, world: PlantedAccent, *, seed: int, folder: Path) -> list[Rates]:
    """Rates at every snapshot of the method's training, the last of them its end."""
    model = method.prepared(base, world.adaptation)
    hooks = method.hooks(model, world.adaptation, seed=seed, cache=folder / "cache")
    name = "-".join(str(value) for value in (method.method, *settings_of(method).values()))
    trained = train(model, world.adaptation, hooks, TUNING, seed=seed, folder=folder / f"run-{name}", use_cpu=True)
    rates = []
    for step in sorted(trained.snapshots) if isinstance(method, FineTuning) else [TUNING.n_steps]:
        load_snapshot(model, trained.snapshots[step])
        rates.append(rates_of(method.finished(model, base=base), world.test))
    return rates


def one_world(folder: Path, seed: int) -> World:
    world = planted_accent(folder, seed=seed, n_base=400, n_accent=160, n_general=200, n_test=200)
    base = trained_base(world.base, seed=seed, folder=folder / "run-base")
    run = partial(tuned, base=base, world=world, seed=seed, folder=folder)
    before = rates_of(base, world.test)
    plain = [before, *run(FineTuning())]
    return World(
        base=before,
        plain=plain,
        ewc=[before, *(run(EWC(strength=strength, n_fisher=200))[0] for strength in EWC_STRENGTHS), plain[-1]],
        l2_sp=[before, *(run(L2SP(strength=strength))[0] for strength in L2SP_STRENGTHS), plain[-1]],
    )


def general_at(candidates: list[Rates], *, accent: float) -> float:
    """Least general WER for an accent WER of at most `accent`, on the line through the candidates from best to worst for it.

    The line is what interpolating between neighbouring strengths, or steps of plain fine-tuning, would give.
    """
    ordered = sorted(candidates, key=lambda one: one.accent)
    reached = [one.general for one in ordered if one.accent <= accent]
    for better, worse in pairwise(ordered):
        if better.accent <= accent < worse.accent:
            share = (accent - better.accent) / (worse.accent - better.accent)
            reached.append(better.general + share * (worse.general - better.general))
    return min(reached)


def test_the_general_rate_at_a_matched_gain_is_read_off_the_line() -> None:
    candidates = [Rates(accent=0.8, general=0.1), Rates(accent=0.4, general=0.3), Rates(accent=0.2, general=0.6)]
    assert general_at(candidates, accent=0.6) == pytest.approx(0.2)
    assert general_at(candidates, accent=0.3) == pytest.approx(0.45)
    assert general_at(candidates, accent=0.4) == pytest.approx(0.3)
    # A candidate that is better in both is taken as it is.
    assert general_at([*candidates, Rates(accent=0.5, general=0.05)], accent=0.6) == pytest.approx(0.05)


def remembering(features: Callable[[LogMel, np.ndarray], torch.Tensor]) -> Callable[[LogMel, np.ndarray], torch.Tensor]:
    """The same features, computed once per recording: a third of the time here goes into computing them again."""
    known: dict[int, tuple[np.ndarray, torch.Tensor]] = {}

    def remembered(log_mel: LogMel, samples: np.ndarray) -> torch.Tensor:
        if id(samples) not in known:
            # The samples are kept with their features, so that no other recording can come to have their id.
            known[id(samples)] = samples, features(log_mel, samples)
        return known[id(samples)][1]

    return remembered


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    found = []
    for seed in SEEDS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LogMel, "features", remembering(LogMel.features))
            found.append(one_world(tmp_path_factory.mktemp(f"accent-{seed}"), seed))
    torch.set_num_threads(before)
    return found


def wer_of(rates: list[Rates]) -> str:
    return " ".join(f"{one.accent:.2f}/{one.general:.2f}" for one in rates)


def test_the_recogniser_knows_general_speech_and_not_the_accent(worlds: list[World]) -> None:
    assert len(worlds) == len(SEEDS) >= 5
    for world in worlds:
        print(f"accent/general WER: plain {wer_of(world.plain)}; EWC {wer_of(world.ewc)}; L2-SP {wer_of(world.l2_sp)}")
    assert np.median([world.base.general for world in worlds]) < 0.1
    assert np.median([world.base.accent for world in worlds]) > 0.5


def test_plain_fine_tuning_learns_the_accent_and_forgets_general_speech(worlds: list[World]) -> None:
    assert np.median([world.base.accent - world.plain[-1].accent for world in worlds]) > 0.2
    assert np.median([world.plain[-1].general - world.base.general for world in worlds]) > 0.1


@pytest.mark.parametrize("gain", MATCHED_GAINS)
def test_at_a_matched_gain_ewc_forgets_less_than_l2_sp_and_plain_fine_tuning(worlds: list[World], gain: float) -> None:
    less_than = {"l2-sp": [], "fine-tuning": []}
    for world in worlds:
        accent = world.base.accent - gain * (world.base.accent - world.plain[-1].accent)
        ewc = general_at(world.ewc, accent=accent)
        less_than["l2-sp"].append(general_at(world.l2_sp, accent=accent) - ewc)
        less_than["fine-tuning"].append(general_at(world.plain, accent=accent) - ewc)
    for method, differences in less_than.items():
        print(f"general WER of {method} less that of EWC at {gain:.0%} of the gain: {np.round(differences, 3)}")
        assert np.median(differences) >= 0, method
