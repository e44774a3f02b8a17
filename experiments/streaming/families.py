"""Which runs each experiment is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from runs import Run

from fairasr.models.streaming.conv_ablation import of_equal_size
from fairasr.models.streaming.conv_settings import ConvEncoderSettings

SEEDS = (0, 1, 2)
LSTM_ALONE = {"local": False, "global_context": False}


def ablation() -> Iterator[Run]:
    """ConvRNN-T with and without its two convolutional parts, at equal parameters."""
    variants = of_equal_size(ConvEncoderSettings(), n_features=120)
    for seed in SEEDS:
        for name, settings in variants.items():
            yield Run(family="ablation", name=name, architecture="conv-rnnt", encoder=asdict(settings), seed=seed, n_steps=800)


WEIGHTS = (0.0, 0.3, 1.0, 3.0, 10.0)
"""Of compute."""


def compute() -> Iterator[Run]:
    """The amortised Transformer: what computation buys. The dense model, then learned gates at several weights of compute."""
    common = {"family": "compute", "architecture": "amortised-transducer", "n_steps": 700}
    for seed in SEEDS:
        yield Run(name="dense", seed=seed, encoder={"gates": "open"}, **common)
        for weight in WEIGHTS:
            settings = {"compute_weight": weight, "compute_ramp": (175, 350)}
            yield Run(name=f"learned-{weight:g}", seed=seed, encoder={"anneal_passes": 700}, settings=settings, **common)


def equal_compute() -> Iterator[Run]:
    """Without looking, at what learned gates left to compute at a weight of 3: random, every k-th frame, a thinner model.

    A shorter window is the fourth; scores and sums are so small a part of this model that even two frames save only a twentieth.
    """
    common = {"family": "equal-compute", "architecture": "amortised-transducer", "n_steps": 700}
    variants = {
        "random-0.15": {"gates": "random", "gate_rate": 0.15},
        "every-6": {"gates": "every", "every": 6},
        "thinner-56": {"gates": "open", "d_model": 56, "d_feed_forward": 224},
        "window-2": {"gates": "open", "window": 2},
    }
    for seed in SEEDS:
        for name, encoder in variants.items():
            yield Run(name=name, seed=seed, encoder=encoder, **common)


ONE_OUTPUT = {**LSTM_ALONE, "lstm_width": 168, "n_lstm_layers": 3}
"""As many parameters as the segmenter has."""


def turns() -> Iterator[Run]:
    """The separator-transducer-segmenter on mixtures, and a transducer of one output of as many parameters."""
    variants: dict[str, dict[str, float]] = {
        "segmenter-fastemit": {"fastemit": 0.01},
        "segmenter-late": {"late_weight": 5.0, "early_weight": 5.0, "late_after_s": 0.1},
        "segmenter-no-activity": {"activity_weight": 0.0},
    }
    for seed in SEEDS:
        yield from one_and_two_outputs("turns", seed=seed, n_steps=1200)
        for name, settings in variants.items():
            yield segmenter("turns", name, seed=seed, n_steps=1200, settings=settings)


def turns_longer() -> Iterator[Run]:
    """Two outputs and one, trained three times as long."""
    for seed in SEEDS:
        yield from one_and_two_outputs("turns-longer", seed=seed, n_steps=3600)


def one_and_two_outputs(family: str, *, seed: int, n_steps: int) -> Iterator[Run]:
    yield segmenter(family, "segmenter", seed=seed, n_steps=n_steps, settings={})
    yield Run(
        family=family,
        name="one-output",
        seed=seed,
        n_steps=n_steps,
        architecture="conv-rnnt",
        encoder=ONE_OUTPUT,
        speech="mixtures-as-one",
    )


def segmenter(family: str, name: str, *, seed: int, n_steps: int, settings: dict[str, float]) -> Run:
    return Run(
        family=family,
        name=name,
        seed=seed,
        n_steps=n_steps,
        architecture="separator-transducer-segmenter",
        settings=settings,
        speech="mixtures",
    )


FAMILIES = {
    "ablation": ablation,
    "compute": compute,
    "equal-compute": equal_compute,
    "turns": turns,
    "turns-longer": turns_longer,
}
