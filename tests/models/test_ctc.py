"""Our CTC recogniser: losses and draws by enumeration, obstacles at their edge, transcription, and that it learns."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tone_words import RATE_HZ, corpus

torch = pytest.importorskip("torch")

from trainable_contract import TrainableContract, voice  # noqa: E402

from fairasr.core.errors import ModelError  # noqa: E402
from fairasr.models import Trainable, initialised, load  # noqa: E402
from fairasr.models.conformer import ConformerSettings  # noqa: E402
from fairasr.models.ctc import CTCRecognizer  # noqa: E402
from fairasr.models.long_audio import windows  # noqa: E402
from fairasr.models.recogniser import Outputs  # noqa: E402
from fairasr.models.vocabulary import Vocabulary  # noqa: E402

SMALL = ConformerSettings(n_mels=12, d_model=16, n_blocks=1, n_heads=2, kernel=5)
STEP_SAMPLES = 4 * 80


def small(*, seed: int = 0, symbols: str = " abcdefgh") -> CTCRecognizer:
    return CTCRecognizer.initialised(vocabulary=Vocabulary(symbols=symbols), settings=SMALL, sample_rate_hz=RATE_HZ, seed=seed)


def noise(*n_samples: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=0.1, size=n).astype(np.float32) for n in n_samples]


def read_off(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a path of symbols says: repeats merged, blanks (0) left out."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def probabilities(log_probs: np.ndarray) -> Counter[tuple[int, ...]]:
    """Probability of every text, by enumeration of all paths over (steps, symbols)."""
    found: Counter[tuple[int, ...]] = Counter()
    for path in itertools.product(range(log_probs.shape[1]), repeat=log_probs.shape[0]):
        found[read_off(path)] += math.exp(sum(log_probs[step, symbol] for step, symbol in enumerate(path)))
    return found


def test_losses_are_minus_log_p_summed_over_all_paths() -> None:
    model = small(symbols="abc")
    recordings, references = noise(5 * STEP_SAMPLES - 80, 3 * STEP_SAMPLES, 100), ["abba"[:3], "a", ""]
    batch = model.batch(recordings, references)
    outputs = model.outputs(batch)
    assert outputs.lengths.tolist() == [5, 4, 1]
    for i, loss in enumerate(model.losses(outputs, batch).tolist()):
        texts = probabilities(outputs.log_probs[i, : outputs.lengths[i]].detach().double().numpy())
        assert sum(texts.values()) == pytest.approx(1)
        assert loss == pytest.approx(-math.log(texts[tuple(model.vocabulary.encode(references[i]))]), rel=1e-5)


def test_target_lengths_are_symbols_and_at_least_one() -> None:
    model = small()
    assert model.target_lengths(model.batch(noise(900, 900), ["a bad", ""])).tolist() == [5, 1]


class TestTheConformerHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((9_000, 16_000, 4_000, 12_345)))
    references = ("Bad face!", "a bad head", "gag", "")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> CTCRecognizer:
        return small(seed=5)

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """By the forward recursion of Graves et al. 2006, section 4.1, in float64."""
        assert isinstance(model, CTCRecognizer)
        features = model.batch([recording], [""])
        likely = model.outputs(features).log_probs[0].detach().double().exp().numpy()
        symbols = [0]
        for symbol in model.vocabulary.encode(reference):
            symbols += [symbol, 0]
        forward = np.zeros(len(symbols))
        forward[:2] = likely[0, symbols[:2]]
        for step in likely[1:]:
            before = forward.copy()
            forward[1:] += before[:-1]
            for i in range(2, len(symbols)):
                if symbols[i] not in (0, symbols[i - 2]):
                    forward[i] += before[i - 2]
            forward *= step[symbols]
        return -math.log(forward[-2:].sum())


@pytest.mark.parametrize(("reference", "needed"), [("bad", 3), ("abba", 5), ("aaa", 5), ("", 0)])
def test_an_obstacle_is_exactly_where_the_loss_is_infinite(reference: str, needed: int) -> None:
    model = small()
    for n_steps in range(1, 8):
        n_samples = n_steps * STEP_SAMPLES - 80
        batch = model.batch(noise(n_samples), [reference])
        assert math.isfinite(model.losses(model.outputs(batch), batch).item()) == (n_steps >= needed)
        obstacle = model.obstacle(n_samples=n_samples, reference=reference)
        if n_steps >= needed:
            assert obstacle is None
        else:
            assert obstacle == f"needs at least {needed} steps of 40 ms for its {len(reference)} symbols and has {n_steps}"


def test_symbols_outside_the_vocabulary_are_an_obstacle_and_never_silently_dropped() -> None:
    model = small()
    assert model.obstacle(n_samples=RATE_HZ, reference="a zebra") == "has symbols outside the vocabulary ('z', 'r')"
    with pytest.raises(ModelError, match="'z', 'r'"):
        model.batch(noise(RATE_HZ), ["a zebra"])


class Fixed(CTCRecognizer):
    """Says the same of every batch: probabilities (2 utterances, 3 steps, blank a b); the second has 2 steps."""

    PROBABILITIES = np.array([[[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]], [[0.5, 0.25, 0.25]] * 3])

    def outputs(self, batch: object) -> Outputs:
        return Outputs(log_probs=torch.tensor(np.log(self.PROBABILITIES), dtype=torch.float32), lengths=torch.tensor([3, 2]))


def test_draws_have_the_distribution_of_the_model() -> None:
    model = Fixed.initialised(vocabulary=Vocabulary(symbols="ab"), settings=SMALL, sample_rate_hz=RATE_HZ, seed=0)
    batch = model.batch(noise(900, 500), ["ab", "a"])
    kept = {name: tensor.clone() for name, tensor in batch.items()}
    n_draws = 2_000
    drawn: list[Counter[tuple[int, ...]]] = [Counter(), Counter()]
    for seed in range(n_draws):
        sampled = model.sampled(batch, seed=seed)
        for i, length in enumerate(sampled["target_lengths"].tolist()):
            drawn[i][tuple(sampled["targets"][i, :length].tolist())] += 1
    for i, n_steps in enumerate((3, 2)):
        expected = probabilities(np.log(self_probabilities := Fixed.PROBABILITIES[i, :n_steps]))
        assert len(self_probabilities) == n_steps
        for text, probability in expected.items():
            deviation = math.sqrt(probability * (1 - probability) / n_draws)
            assert abs(drawn[i][text] / n_draws - probability) < 5 * deviation, text
    assert all(torch.equal(batch[name], kept[name]) for name in batch), "the batch itself is not changed"


def test_draws_repeat_by_seed_can_be_trained_on_and_leave_random_state_and_mode_alone() -> None:
    model = small()
    model.module.train()
    batch = model.batch(noise(4_000, 100, 8_000), ["bad", "", "face"])
    before = torch.get_rng_state()
    first, again, other = (model.sampled(batch, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["targets"], other["targets"])
    assert torch.isfinite(model.losses(model.outputs(first), first)).all()
    assert all(part.training for part in model.module.modules())


def test_a_recording_longer_than_the_window_is_its_pieces_joined() -> None:
    model = small(seed=5)
    first, second = noise(55 * RATE_HZ, 30 * RATE_HZ)
    recording = np.concatenate([first, np.zeros(RATE_HZ // 2, dtype=np.float32), second])
    pieces = windows(recording, sample_rate_hz=RATE_HZ, longest_s=60)
    assert len(pieces) == 2
    assert 55 * RATE_HZ < len(pieces[0]) < 55.5 * RATE_HZ, "cut in the pause"
    texts = model.transcribe(pieces)
    assert min(map(len, texts)) > 20
    assert model.transcribe([recording, second]) == [" ".join(texts), model.transcribe([second])[0]]


def test_parts_are_the_output_layer_and_all_before_it() -> None:
    model = small()
    parts = {name: model.part_of(name) for name, _ in model.module.named_parameters()}
    assert {name for name, part in parts.items() if part == "language"} == {"output.weight", "output.bias"}
    assert len(parts) > 20


def test_what_enters_the_frame_layer_as_a_further_channel_is_a_shift_of_its_output() -> None:
    """The meaning of `frame_layer` and `frame_axis`, away from the edges."""
    model = small()
    layer = model.module.get_submodule(model.frame_layer)
    frames, constant = torch.randn(1, 12, 20), torch.tensor([0.7, -0.3])
    wider = torch.nn.Conv1d(14, 16, 3, stride=2, padding=1)
    wider.weight.data[:, :12], wider.bias.data = layer.weight.data, layer.bias.data
    appended = wider(torch.cat([frames, constant[None, :, None].expand(1, 2, 20)], dim=1))
    shift = (wider.weight[:, 12:].sum(dim=2) @ constant).unsqueeze(0).unsqueeze(-1)
    assert shift.shape[model.frame_axis] == 16
    torch.testing.assert_close((layer(frames) + shift)[:, :, 1:], appended[:, :, 1:], atol=1e-5, rtol=0)


def test_a_model_of_references_writes_their_characters() -> None:
    model = initialised(
        "conformer-ctc", references=["Ab c"], seed=0, settings={"d_model": 16, "n_heads": 2}, sample_rate_hz=8_000, name="mine"
    )
    assert isinstance(model, CTCRecognizer)
    assert (model.name, model.sample_rate_hz, model.vocabulary.symbols, model.settings.d_model) == ("mine", 8_000, " abc", 16)
    with pytest.raises(ModelError, match=r"no architecture 'transducer'; there are .*conformer-ctc"):
        initialised("transducer", references=["a"], seed=0)


def test_it_learns_words_of_tones() -> None:
    """A loop without any of our training code: 80 steps, held-out recordings, WER below 10 %."""
    recordings, references = corpus(160, seed=0)
    settings = ConformerSettings(n_mels=24, d_model=32, n_blocks=1, dropout=0.0)
    model = CTCRecognizer.initialised(vocabulary=Vocabulary.of(references), settings=settings, sample_rate_hz=RATE_HZ, seed=0)
    heldout, said = corpus(40, seed=1)
    optimiser = torch.optim.Adam(model.module.parameters(), lr=5e-3)
    batches = [model.batch(recordings[i : i + 16], references[i : i + 16]) for i in range(0, 160, 16)]
    model.module.train()
    for batch in batches * 8:
        loss = (model.losses(model.outputs(batch), batch) / model.target_lengths(batch)).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 1.0)
        optimiser.step()
    heard = model.transcribe(heldout)
    assert word_errors(said, heard) / sum(len(text.split()) for text in said) < 0.1


def word_errors(references: list[str], hypotheses: list[str]) -> int:
    from rapidfuzz.distance import Levenshtein

    return sum(Levenshtein.distance(said.split(), heard.split()) for said, heard in zip(references, hypotheses, strict=True))
