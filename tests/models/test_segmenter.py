"""The separator-transducer-segmenter: targets of its channels, its losses, what it hears, in files and in streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_streaming_contract import transducer_by_recursion
from trainable_contract import TrainableContract, voice

from fairasr.core.turns import Turn, read_turns, write_turns
from fairasr.models import Trainable, initialised, load
from fairasr.models.streaming.frames import FrameLayout
from fairasr.models.streaming.latency_penalty import end_bias
from fairasr.models.streaming.search import Written
from fairasr.models.streaming.segmenter import SeparatorTransducerSegmenter
from fairasr.models.streaming.segmenter_settings import SegmenterSettings
from fairasr.models.streaming.turn_reading import turns_of
from fairasr.models.streaming.turn_targets import END, START, UNKNOWN, channel_targets
from fairasr.models.word_vocabulary import WordVocabulary

TINY = {"width": 12, "n_recogniser_layers": 1}
REFERENCES = ("<0.10-0.20> two three <0.30-0.40> one", "<0.00-0.20> one <0.15-0.40> two", "three", "")
VOCABULARY = WordVocabulary.of(["one two three"], special=(START, END))
LAYOUT = FrameLayout(n_mels=8, sample_rate_hz=8_000)
SOT, EOT = 1, 2
ONE, THREE, TWO = 3, 4, 5


def tiny(**settings: object) -> SeparatorTransducerSegmenter:
    """Untrained, of few numbers; its blank is made less likely, so that it writes something."""
    given = {"n_mels": 8, "embedding": 6, "predictor": 8, "joint": 10, "encoder": TINY, **settings}
    model = initialised("separator-transducer-segmenter", references=REFERENCES, seed=3, sample_rate_hz=8_000, settings=given)
    assert isinstance(model, SeparatorTransducerSegmenter)
    with torch.no_grad():
        model.module.joint.output.weight *= 6
    return model


# --- what the channels shall write


def test_overlapping_turns_go_to_two_channels_and_others_to_the_first() -> None:
    both = channel_targets("<0.00-0.20> one <0.15-0.40> two three", VOCABULARY, LAYOUT, n_frames=15, n_channels=2)
    assert both.symbols == [[SOT, ONE, EOT], [SOT, TWO, THREE, EOT]]
    apart = channel_targets("<0.00-0.20> one <0.20-0.40> two three", VOCABULARY, LAYOUT, n_frames=15, n_channels=2)
    assert apart.symbols == [[SOT, ONE, EOT, SOT, TWO, THREE, EOT], []]


def test_swapping_who_starts_first_swaps_the_channels() -> None:
    first = channel_targets("<0.00-0.30> one <0.10-0.40> two", VOCABULARY, LAYOUT, n_frames=15, n_channels=2)
    other = channel_targets("<0.10-0.40> one <0.00-0.30> two", VOCABULARY, LAYOUT, n_frames=15, n_channels=2)
    assert first.symbols == other.symbols[::-1] == [[SOT, ONE, EOT], [SOT, TWO, EOT]]


def test_ends_and_activity_are_the_frames_of_30_ms_in_which_the_turn_is() -> None:
    targets = channel_targets("<0.06-0.20> one <0.15-9.00> two", VOCABULARY, LAYOUT, n_frames=10, n_channels=2)
    assert targets.ends == [[UNKNOWN, UNKNOWN, 6], [UNKNOWN, UNKNOWN, 9]]  # 0.20 s is in frame 6; the recording ends with frame 9
    assert targets.activity[:, 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]  # middles .075 to .195 s
    assert targets.activity[:, 1].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_a_text_without_times_is_one_turn_and_an_empty_one_is_silence() -> None:
    plain = channel_targets("one two", VOCABULARY, LAYOUT, n_frames=4, n_channels=2)
    assert plain.symbols == [[SOT, ONE, TWO, EOT], []]
    assert plain.ends[0] == [UNKNOWN] * 4
    assert (plain.activity == UNKNOWN).all()
    silence = channel_targets("", VOCABULARY, LAYOUT, n_frames=4, n_channels=2)
    assert silence.symbols == [[], []]
    assert (silence.activity == 0).all()


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("<0.0-1.0> one <0.1-1.0> two <0.2-1.0> three", "3 turns at once, and the model has 2 channels"),
        ("<0.0-1.0> one four", "words outside the vocabulary.*'four'"),
        ("<1.0-0.5> one", "broken turns"),
        ("one <0.0-1.0> two", "broken turns"),
        ("<0.0-2.0> one <0.0-2.0> two <1.0-1.0> three", "for which there is no channel .*'three' at 1.00 s.*2 channels"),
    ],
)
def test_what_cannot_be_learned_is_said(reference: str, why: str) -> None:
    obstacle = tiny().obstacle(n_samples=8_000, reference=reference)
    assert obstacle is not None
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(obstacle)


# --- losses


class TestSegmenterHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((4_500, 8_000, 2_500, 3_173)))
    references = REFERENCES

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
        folder = tmp_path_factory.mktemp("segmenter")
        tiny().save(folder)
        return load(folder)

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """Each channel by the recursion, over its own part of what is said of the recording alone."""
        targets = {
            REFERENCES[0]: [[SOT, TWO, THREE, EOT, SOT, ONE, EOT], []],
            REFERENCES[1]: [[SOT, ONE, EOT], [SOT, TWO, EOT]],
            REFERENCES[2]: [[SOT, THREE, EOT], []],
            REFERENCES[3]: [[], []],
        }[reference]
        with torch.no_grad():
            batch = model.batch([recording], [reference])
            points = model.outputs(batch).log_probs[0].double().numpy()
        n_frames = int(batch["feature_lengths"][0])
        first = n_frames * (len(targets[0]) + 1)
        parts = (points[:first], points[first : first + n_frames * (len(targets[1]) + 1)])
        return sum(transducer_by_recursion(part, own, n_frames=n_frames) for part, own in zip(parts, targets, strict=True))


def test_the_penalty_of_an_end_is_its_seconds_late_or_early() -> None:
    settings = SegmenterSettings(late_weight=2.0, early_weight=1.0, late_after_s=0.06)
    bias = end_bias(torch.tensor([[UNKNOWN, 2]]), n_frames=6, frame_s=0.03, settings=settings)
    assert bias[0, :, 0].tolist() == [0] * 6
    torch.testing.assert_close(bias[0, :, 1], torch.tensor([-0.06, -0.03, 0, 0, 0, -0.06]))


def test_late_ends_cost_in_training_and_not_when_measured() -> None:
    recordings, references = [voice(0, n_samples=8_000)], [REFERENCES[1]]
    plain, strict = tiny(dropout=0.0), tiny(dropout=0.0, late_weight=5.0)
    for model in (plain, strict):
        for part in model.module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
    batch = plain.batch(recordings, references)
    with torch.no_grad():
        assert torch.equal(plain.losses(plain.outputs(batch), batch), strict.losses(strict.outputs(batch), batch))
        plain.module.train()
        strict.module.train()
        assert (strict.losses(strict.outputs(batch), batch) > plain.losses(plain.outputs(batch), batch) + 0.1).all()
        unknown = {**batch, "turn_ends": torch.full_like(batch["turn_ends"], UNKNOWN)}
        assert torch.equal(strict.losses(strict.outputs(unknown), unknown), plain.losses(plain.outputs(unknown), unknown))


def test_fastemit_acts_in_training_alone() -> None:
    def gradient(fastemit: float, *, training: bool) -> torch.Tensor:
        model = tiny(dropout=0.0, fastemit=fastemit, encoder={**TINY, "dropout": 0.0})
        model.module.train(training)
        batch = model.batch([voice(0, n_samples=4_500)], REFERENCES[:1])
        return torch.autograd.grad(model.losses(model.outputs(batch), batch).sum(), model.module.joint.output.weight)[0]

    plain = gradient(0.0, training=True)
    assert not torch.allclose(gradient(0.5, training=True), plain)
    assert torch.equal(gradient(0.5, training=False), plain)


def test_activity_is_learned_from_known_frames_alone() -> None:
    model = tiny(ctc_weight=0.0)
    recordings = [voice(0, n_samples=4_500), voice(1, n_samples=2_500)]
    batch = model.batch(recordings, ["<0.00-0.20> one <0.15-0.40> two", "one"])
    with torch.no_grad():
        outputs = model.outputs(batch)
        losses = model.auxiliary_losses(outputs, batch)
    n_frames = int(batch["feature_lengths"][0])
    scores = outputs.others["activity"][0, :n_frames].double().numpy()
    activity = batch["activity"][0, :n_frames].double().numpy()
    by_hand = np.mean(np.log1p(np.exp(-(2 * activity - 1) * scores)))
    assert float(losses[0]) == pytest.approx(0.5 * by_hand, rel=1e-5)
    assert float(losses[1]) == 0


def test_a_channel_without_a_turn_learns_to_write_nothing() -> None:
    model = tiny()
    recordings = [voice(seed, n_samples=3_000) for seed in range(3)]
    batch = model.batch(recordings, ["<0.00-0.30> one"] * 3)
    assert batch["target_lengths"].tolist() == [[3, 0]] * 3
    optimiser = torch.optim.Adam(model.module.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        loss = model.losses(model.outputs(batch), batch).mean()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.5
    turns = [read_turns(text) for text in model.transcribe(recordings)]
    assert [[(turn.text, turn.channel) for turn in own] for own in turns] == [[("one", 0)]] * 3


# --- what is heard


def test_turns_are_read_from_what_the_channels_wrote() -> None:
    written = [
        Written(SOT, 0, 0),
        Written(ONE, 2, 0),
        Written(SOT, 3, 1),
        Written(EOT, 4, 0),
        Written(TWO, 5, 1),
        Written(SOT, 7, 0),
        Written(THREE, 8, 0),
        Written(SOT, 9, 0),
        Written(ONE, 9, 0),
    ]
    turns = turns_of(written, VOCABULARY, LAYOUT)
    found = [
        (turn.text, turn.channel, round((turn.times[0] - 0.045) / 0.03), round((turn.times[1] - 0.045) / 0.03)) for turn in turns
    ]
    # A frame needs 45 ms: three windows of 25 ms, 10 ms apart. The second turn of channel 0 and that of channel 1 have no end mark.
    assert found == [("one", 0, 0, 4), ("two", 1, 3, 5), ("three", 0, 7, 8), ("one", 0, 9, 9)]


def test_words_without_a_start_are_a_turn_of_their_own() -> None:
    turns = turns_of([Written(ONE, 1, 0), Written(EOT, 2, 0), Written(TWO, 5, 0)], VOCABULARY, LAYOUT)
    assert [turn.text for turn in turns] == ["one", "two"]
    assert turns_of([], VOCABULARY, LAYOUT) == []


@pytest.mark.parametrize("chunk", [1, 37, 240, 1_680, 5_000])
def test_a_stream_ends_with_what_the_file_gives(chunk: int) -> None:
    model = tiny()
    samples = voice(5, n_samples=6_011)
    stream = model.stream()
    for start in range(0, len(samples), chunk):
        stream.push(samples[start : start + chunk])
    heard = stream.finish()
    assert heard.text == model.transcribe([samples])[0]
    assert {token.channel for token in heard.tokens} == {0, 1}


def test_nothing_of_the_future_reaches_an_earlier_step_of_either_channel() -> None:
    model = tiny()
    encoder = model.module.encoder
    frames = torch.randn(2, 40, 24, generator=torch.Generator().manual_seed(0))
    other = frames.clone()
    other[:, 25:] += 1.0
    with torch.no_grad():
        first, second = (encoder(given, encoder.start(2)) for given in (frames, other))
    assert torch.equal(first.steps[:, :25], second.steps[:, :25])
    assert torch.equal(first.activity[:, :25], second.activity[:, :25])
    assert not torch.equal(first.steps[:, 25:], second.steps[:, 25:])


@pytest.mark.parametrize("chunk", [1, 7, 33])
def test_chunks_of_frames_give_the_steps_of_the_whole(chunk: int) -> None:
    encoder = tiny().module.encoder
    frames = torch.randn(3, 50, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = encoder(frames, encoder.start(3))
        state, steps, activity = encoder.start(3), [], []
        for start in range(0, 50, chunk):
            part = encoder(frames[:, start : start + chunk], state)
            state = part.state
            steps.append(part.steps)
            activity.append(part.activity)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole.steps, rtol=0, atol=1e-5)
    torch.testing.assert_close(torch.cat(activity, dim=1), whole.activity, rtol=0, atol=1e-5)
    assert whole.steps.shape[0] == 6
    assert (whole.flops == encoder.full_flops).all()


def test_a_turn_that_is_heard_is_written_with_its_channel() -> None:
    text = write_turns([Turn(text="one", start_s=0.1, end_s=0.5, channel=1)])
    assert text == "<0.10-0.50 1> one"


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(Exception, match="a segmenter writes words"):
        tiny(units="characters")
    with pytest.raises(Exception, match="late_weight is -1"):
        tiny(late_weight=-1.0)
