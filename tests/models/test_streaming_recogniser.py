"""Streaming transducers: streams equal files, the parts of the loss, settings, what is saved, what it costs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streaming_stand_in import StandIn, StandInEncoder, StandInSettings, stand_in, talkative
from torch import nn
from trainable_contract import forward_algorithm, voice

from fairasr.core.errors import ModelError
from fairasr.models.streaming.encoder import Encoded, State
from fairasr.models.streaming.initialising import initialise, initialised
from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.recogniser import TransducerRecognizer
from fairasr.models.streaming.settings import TransducerSettings
from fairasr.models.streaming.stream import Heard, Stream
from fairasr.models.vocabulary import Vocabulary
from fairasr.models.word_vocabulary import WordVocabulary

REFERENCES = ("one two three", "four", "")
RECORDINGS = [voice(seed, n_samples=n) for seed, n in enumerate((5_000, 2_345, 361))]


def streamed(model: TransducerRecognizer, samples: np.ndarray, *, chunk: int) -> list[Heard]:
    stream = Stream(model)
    heard = [stream.push(samples[start : start + chunk]) for start in range(0, len(samples), chunk)]
    return [*heard, stream.finish()]


@pytest.mark.parametrize("settings", [{}, {"beam": 3}, {"units": "characters"}], ids=["likeliest", "beam", "characters"])
@pytest.mark.parametrize("chunk", [1, 7, 33, 240, 4_999, 5_001])
def test_a_stream_hears_what_the_whole_recording_gives(settings: dict[str, Any], chunk: int) -> None:
    model = talkative(REFERENCES, **settings)
    texts = model.transcribe(RECORDINGS)
    assert len(set(texts)) == 3
    rows = range(3) if chunk > 1 else [2]
    assert [streamed(model, RECORDINGS[row], chunk=chunk)[-1].text for row in rows] == [texts[row] for row in rows]


def test_words_come_while_one_speaks_and_stay() -> None:
    heard = streamed(talkative(REFERENCES), RECORDINGS[0], chunk=100)
    assert all(later.text.startswith(earlier.text) for earlier, later in pairwise(heard))
    assert len({own.text for own in heard}) >= 4
    for n_chunks, own in enumerate(heard[:-1], start=1):
        assert all(token.time_s <= n_chunks * 100 / 8_000 for token in own.tokens)
        assert " ".join(token.symbol for token in own.tokens) == own.text
    # Each word is there with the chunk that completes its frame, of 30 ms and 45 ms of samples: 360 samples, then every 240.
    first = next(own for own in heard if own.tokens)
    assert first.tokens[0].time_s * 8_000 % 240 == pytest.approx(120)
    assert heard.index(first) == np.ceil(first.tokens[0].time_s * 80) - 1


@pytest.mark.parametrize("n_samples", [0, 1, 359, 360, 361])
def test_a_stream_of_less_than_a_frame_or_a_bit_more_ends_well(n_samples: int) -> None:
    model, samples = talkative(REFERENCES), RECORDINGS[1][:n_samples]
    stream = Stream(model)
    stream.push(samples)
    assert stream.finish().text == model.transcribe([samples])[0]


def test_a_stream_that_is_over_takes_no_more() -> None:
    stream = Stream(talkative(REFERENCES))
    stream.push(RECORDINGS[1])
    heard = stream.finish()
    assert stream.finish() == heard
    with pytest.raises(ModelError, match="nothing can follow"):
        stream.push(RECORDINGS[1])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_stream_refuses_samples_that_are_no_numbers_and_goes_on_without_them(broken: float) -> None:
    model, samples = talkative(REFERENCES), RECORDINGS[0].copy()
    samples[3_100] = broken
    stream = Stream(model)
    stream.push(samples[:3_000])
    with pytest.raises(ModelError, match=r"1 of 2,000 samples are not finite numbers \(first: sample 100\).* Put 0 in their place"):
        stream.push(samples[3_000:])
    stream.push(RECORDINGS[0][3_000:])
    assert stream.finish().text == model.transcribe(RECORDINGS[:1])[0]


def test_silence_is_heard_out() -> None:
    model, silence = talkative(REFERENCES), np.zeros(9_000, dtype=np.float32)
    assert streamed(model, silence, chunk=500)[-1].text == model.transcribe([silence])[0]


def test_a_stream_leaves_the_network_in_its_mode_and_without_gradients() -> None:
    model = talkative(REFERENCES)
    model.module.train()
    streamed(model, RECORDINGS[0], chunk=1_000)
    assert all(part.training for part in model.module.modules())
    assert int(model.module.steps_trained) == 0
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_long_recordings_go_through_in_chunks_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model = talkative(REFERENCES)
    texts, spent = model.transcribe(RECORDINGS), model.compute(RECORDINGS)
    sizes: list[int] = []
    model.module.encoder.first.register_forward_hook(lambda _layer, inputs, _output: sizes.append(inputs[0].shape[1]))
    monkeypatch.setattr("fairasr.models.streaming.transcribing.CHUNK_FRAMES", 4)
    monkeypatch.setattr("fairasr.models.streaming.transcribing.BATCH_S", 0.5)
    assert model.transcribe(RECORDINGS) == texts
    assert model.compute(RECORDINGS) == spent
    assert len(sizes) > 4
    assert max(sizes) == 4


def early_words(model: TransducerRecognizer) -> list[list[tuple[str, float]]]:
    """Words within 3,000 samples, of a whole recording and of one that goes on otherwise."""
    other = RECORDINGS[0].copy()
    other[3_000:] = 0.7
    words = []
    for samples in (RECORDINGS[0], other):
        heard = streamed(model, samples, chunk=len(samples))[-1]
        words.append([(token.symbol, token.time_s) for token in heard.tokens if token.time_s <= 3_000 / 8_000])
    return words


class LeakyEncoder(StandInEncoder):
    """Takes the mean over all frames that it is given from each."""

    def forward(self, frames: torch.Tensor, state: State) -> Encoded:
        return super().forward(frames - frames.mean(dim=1, keepdim=True), state)


def test_what_comes_later_changes_no_word_that_is_written() -> None:
    model = talkative(REFERENCES)
    before, after = early_words(model)
    assert before == after != []
    leaky = LeakyEncoder(StandInSettings(), n_features=18)
    leaky.load_state_dict(model.module.encoder.state_dict())
    model.module.encoder = leaky.eval()
    before, after = early_words(model)
    assert before != after, "the check does not see an encoder that looks ahead"


def test_a_stream_knows_nothing_of_what_follows() -> None:
    model = talkative(REFERENCES)
    other = RECORDINGS[0].copy()
    other[3_000:] = 0.7
    stream, altered = Stream(model), Stream(model)
    assert stream.push(RECORDINGS[0][:3_000]) == altered.push(other[:3_000]) != Heard("", ())
    assert stream.push(RECORDINGS[0][3_000:]) != altered.push(other[3_000:])


def test_points_are_those_of_the_whole_lattice_in_order() -> None:
    model = stand_in(REFERENCES)
    batch = model.batch(RECORDINGS, REFERENCES)
    net = model.module
    with torch.no_grad():
        outputs = model.outputs(batch)
        steps = net.encoder(batch["features"], net.encoder.start(3)).steps
        for row, (n_frames, n_labels) in enumerate(zip(batch["feature_lengths"], batch["target_lengths"], strict=True)):
            said, _ = net.predictor(torch.tensor([[0, *batch["targets"][row, :n_labels]]]), net.predictor.start(1))
            k = 0
            for t in range(int(n_frames)):
                for u in range(int(n_labels) + 1):
                    scores = net.joint(net.joint.of_steps(steps[row, t]), net.joint.of_text(said[0, u]))
                    torch.testing.assert_close(outputs.log_probs[row, k], scores.log_softmax(-1), rtol=1e-4, atol=1e-5)
                    k += 1
            assert k == int(outputs.lengths[row])


def test_the_second_output_is_a_ctc_loss_per_symbol_with_its_weight() -> None:
    model = stand_in(REFERENCES, ctc_weight=0.5)
    batch = model.batch(RECORDINGS, REFERENCES)
    with torch.no_grad():
        outputs = model.outputs(batch)
        added = model.auxiliary_losses(outputs, batch)
    for row, n_frames in enumerate(batch["feature_lengths"].tolist()):
        target = batch["targets"][row, : int(batch["target_lengths"][row])].tolist()
        log_probs = outputs.others["ctc"][row, :n_frames].double().numpy()
        np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1, rtol=1e-5)
        expected = 0.5 * forward_algorithm(log_probs, target, blank=0) / max(1, len(target))
        assert float(added[row]) == pytest.approx(expected, rel=1e-4)


def test_an_utterance_too_short_for_the_second_output_is_trained_without_it() -> None:
    model = stand_in(REFERENCES)
    recording = RECORDINGS[0][:100]
    assert model.obstacle(n_samples=100, reference="one two three") is None
    batch = model.batch([recording], ["one two three"])
    outputs = model.outputs(batch)
    loss, added = model.losses(outputs, batch), model.auxiliary_losses(outputs, batch)
    assert torch.isfinite(loss).all()
    assert float(added.detach()) == 0.0
    (loss + added).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.module.parameters() if p.grad is not None)


def test_the_weight_of_the_compute_rises_with_the_passes_trained() -> None:
    """The stand-in spends half of what it could on each frame: a weight of 3 adds 1.5 in full."""
    model = stand_in(REFERENCES, ctc_weight=0.0, compute_weight=3.0, compute_ramp=[2, 4])
    batch = model.batch(RECORDINGS, REFERENCES)
    model.module.train()
    added = [model.auxiliary_losses(model.outputs(batch), batch).tolist() for _ in range(5)]
    assert added == [pytest.approx([share] * 3) for share in (0.0, 0.0, 0.75, 1.5, 1.5)]
    model.module.eval()
    model.outputs(batch)
    assert int(model.module.steps_trained) == 5


def test_a_weight_of_the_compute_may_be_there_at_once() -> None:
    settings = TransducerSettings(compute_ramp=(5, 5))
    assert [settings.compute_share(passes) for passes in (0, 4, 5, 6)] == [0.0, 0.0, 1.0, 1.0]


def test_compute_counts_frames_of_the_utterance_alone() -> None:
    model = stand_in(REFERENCES, ctc_weight=0.0, compute_weight=1.0)
    batch = model.batch(RECORDINGS, REFERENCES)
    outputs = model.outputs(batch)
    flops = torch.full_like(outputs.others["flops"], 1e9)
    for row, n_frames in enumerate(batch["feature_lengths"].tolist()):
        flops[row, :n_frames] = 100.0 * (row + 1)
    added = model.auxiliary_losses(replace(outputs, others={"flops": flops}), batch)
    assert added.tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_without_other_aims_nothing_is_added() -> None:
    model = stand_in(REFERENCES, ctc_weight=0.0)
    batch = model.batch(RECORDINGS, REFERENCES)
    assert model.auxiliary_losses(model.outputs(batch), batch).tolist() == [0.0] * 3
    assert not any("ctc" in name for name, _ in model.module.named_parameters())


def test_fastemit_changes_gradients_in_training_and_not_the_loss() -> None:
    def taken(fastemit: float, *, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        model = stand_in(REFERENCES, fastemit=fastemit, dropout=0.0)
        model.module.train(training)
        batch = model.batch(RECORDINGS, REFERENCES)
        losses = model.losses(model.outputs(batch), batch)
        losses.sum().backward()
        return losses.detach(), model.module.joint.output.weight.grad

    plain, early = taken(0.0, training=True), taken(0.5, training=True)
    assert torch.equal(plain[0], early[0])
    assert not torch.allclose(plain[1], early[1])
    # In eval mode the gradient is that of the likelihood, as Fisher information wants it.
    assert all(torch.equal(one, other) for one, other in zip(plain, taken(0.5, training=False), strict=True))


def test_passes_trained_are_saved_with_the_weights(tmp_path: Path) -> None:
    model = stand_in(REFERENCES, compute_ramp=(1, 2))
    model.module.train()
    for _ in range(3):
        model.outputs(model.batch(RECORDINGS[:1], REFERENCES[:1]))
    model.save(tmp_path)
    loaded = StandIn.load(tmp_path)
    assert int(loaded.module.steps_trained) == 3
    assert loaded.settings == model.settings
    assert loaded.settings_of_encoder == StandInSettings()
    assert loaded.vocabulary == model.vocabulary


def test_compute_of_a_recording_is_that_of_its_frames_and_symbols() -> None:
    """Linear layers 2 * in * out each, the LSTM 8 * h * (in + h); a point also adds two vectors of 9."""
    model = talkative(REFERENCES)
    spent = model.compute(RECORDINGS)
    for samples, own in zip(RECORDINGS, spent, strict=True):
        n_words = len(model.transcribe([samples])[0].split())
        n_frames = 1 + max(0, int(np.ceil((len(samples) - 360) / 240)))
        assert own.encoder == 500.0 * n_frames
        assert own.predictor == (1 + n_words) * 8 * 7 * (5 + 7)
        n_points = n_frames + n_words
        assert own.joint == n_frames * 2 * 12 * 9 + (1 + n_words) * 2 * 7 * 9 + n_points * (2 * 9 * len(model.vocabulary) + 9)
        assert own.audio_s == len(samples) / 8_000
        assert own.total == own.encoder + own.predictor + own.joint


def test_words_outside_the_vocabulary_are_named_before_training() -> None:
    model = stand_in(["one two"])
    assert model.obstacle(n_samples=8_000, reference="Two, one!") is None
    obstacle = model.obstacle(n_samples=8_000, reference="one five two six five")
    assert obstacle == "has words outside the vocabulary ('five', 'six')"
    with pytest.raises(ModelError, match=r"'one five' has words outside the vocabulary \('five'\)"):
        model.batch(RECORDINGS[:1], ["one five"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"n_mel": 3},
            r"1 of 1 settings are none of a transducer \(first: 'n_mel'; did you mean 'n_mels'\?\); there are n_mels, units",
        ),
        ({"encoder": {"size": 3}}, r"1 of 1 settings are none of the encoder of 'stand-in' \(first: 'size'\); there are hidden"),
        ({"encoder": 3}, "'encoder' is 3, not a table"),
        ({"joint": 0, "beam": 1.5}, "2 settings of the transducer are wrong: joint is 0, .*; beam is 1.5"),
        ({"dropout": 1.0}, "dropout is 1.0, not a number in 0..1"),
        ({"ctc_weight": -1}, "ctc_weight is -1, not a number of at least 0"),
        ({"units": "syllables"}, "units is 'syllables'"),
        ({"compute_ramp": [3, 2]}, "compute_ramp is"),
        ({"compute_ramp": 3}, "compute_ramp is 3"),
        ({"compute_ramp": [False, True]}, "compute_ramp is"),
        ({"encoder": {"hidden": True}}, "hidden is True"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        StandIn.of(REFERENCES, settings=settings, sample_rate_hz=8_000, name="small", seed=0)


def test_references_without_a_word_are_refused() -> None:
    with pytest.raises(ModelError, match="at least one word"):
        stand_in(["", " ?"])


def test_a_model_of_another_architecture_is_not_loaded(tmp_path: Path) -> None:
    class Other(StandIn):
        architecture = "other"

    stand_in(REFERENCES).save(tmp_path)
    with pytest.raises(ModelError, match="architecture 'stand-in', not 'other'"):
        Other.load(tmp_path)


def test_units_say_which_vocabulary_there_is() -> None:
    assert stand_in(["b a"]).vocabulary == WordVocabulary(words=("a", "b"))
    assert stand_in(["b a"], units="characters").vocabulary == Vocabulary(symbols=" ab")


def test_the_same_seed_gives_the_same_weights_and_no_other_does() -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, again, other = (stand_in(REFERENCES, seed=seed).module.state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["joint.output.weight"], other["joint.output.weight"])
    assert all(torch.isfinite(tensor).all() for tensor in first.values())


def test_a_layer_that_nothing_fills_is_an_error() -> None:
    with pytest.raises(TypeError, match="BatchNorm1d has weights that nothing fills"):
        initialise(nn.BatchNorm1d(3), seed=0)
    with pytest.raises(TypeError, match="GRU"):
        initialise(nn.Sequential(nn.Linear(2, 2), nn.GRU(2, 2)), seed=0)


def test_the_predictor_carries_its_state() -> None:
    net = initialised(
        lambda: TransducerNetwork(StandInEncoder(StandInSettings(), n_features=3), TransducerSettings(), n_symbols=6), seed=0
    )
    symbols = torch.tensor([[0, 1, 2, 3], [0, 5, 5, 4]])
    with torch.no_grad():
        whole, end = net.predictor(symbols, net.predictor.start(2))
        first, state = net.predictor(symbols[:, :2], net.predictor.start(2))
        second, last = net.predictor(symbols[:, 2:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(last.hidden, end.hidden)
    torch.testing.assert_close(last.cell, end.cell)
