"""The amortised Transformer encoder sees nothing of the future, and gives the same in parts as in one."""

from __future__ import annotations

import pytest
import torch
from amortised_encoders import heard, in_parts, made, sees_the_future, whole

from fairasr.models.streaming.amortised_encoder import AmortisedEncoder
from fairasr.models.streaming.amortised_settings import GATES
from fairasr.models.streaming.gates import Arbitrator
from fairasr.models.streaming.windowed_attention import WindowedAttention


@pytest.mark.parametrize("gates", GATES)
def test_the_future_changes_nothing_of_the_past(gates: str) -> None:
    assert not sees_the_future(made(gates=gates))


class NormalisedOverTime(AmortisedEncoder):
    """Takes the mean of the whole recording away, which nobody knows before its end."""

    def forward(self, frames, state):
        return super().forward(frames - frames.mean(dim=1, keepdim=True), state)


class OneAhead(WindowedAttention):
    """Its window ends with the next frame."""

    def _band(self, tile: int) -> torch.Tensor:
        return torch.roll(super()._band(tile), 1, dims=-1)


class ComparingArbitrator(Arbitrator):
    """Opens for frames whose score is above that of the recording's mean one."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        scores = super().forward(frames)
        return scores - scores.mean(dim=1, keepdim=True)


@pytest.mark.parametrize("leak", ["features", "attention", "arbitrator"])
def test_each_leak_from_the_future_is_noticed(leak: str) -> None:
    encoder = made(kind=NormalisedOverTime if leak == "features" else AmortisedEncoder)
    for layer in encoder.layers:
        if leak == "attention":
            layer.attention.__class__ = OneAhead
        for arbitrator in layer.arbitrators:
            if leak == "arbitrator":
                arbitrator.__class__ = ComparingArbitrator
    assert sees_the_future(encoder)


def test_left_out_blocks_do_not_look_ahead_either() -> None:
    # Other numbers of open frames may round products differently, so this is not to the bit.
    encoder, frames = made(), heard(2, 40)
    changed = torch.cat([frames[:, :20], 10 * heard(2, 20, seed=1)], dim=1)
    before, after = (whole(encoder, given, sparse=True).steps[:, :20] for given in (frames, changed))
    torch.testing.assert_close(before, after, rtol=0, atol=1e-6)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("gates", GATES)
@pytest.mark.parametrize("size", [1, 7, 33])
def test_parts_of_a_stream_give_what_the_whole_gives(size: int, gates: str, sparse: bool) -> None:
    encoder, frames = made(gates=gates), heard(2, 70)
    expected, got = whole(encoder, frames), in_parts(encoder, frames, size, sparse=sparse)
    torch.testing.assert_close(got.steps, expected.steps, rtol=1e-5, atol=1e-5)
    assert torch.equal(got.gates, expected.gates)
    assert torch.equal(got.flops, expected.flops)


def test_recordings_of_different_age_go_on_together_as_alone() -> None:
    encoder = made()
    older, younger = heard(1, 30, seed=1), heard(1, 12, seed=2)
    states = [whole(encoder, older[:, :20]).state, whole(encoder, younger[:, :2]).state]
    together = {name: torch.cat([state[name] for state in states]).detach() for name in states[0]}
    for sparse in (False, True):
        with torch.set_grad_enabled(not sparse):
            got = encoder(torch.cat([older[:, 20:], younger[:, 2:]]), together)
        torch.testing.assert_close(got.steps[0], whole(encoder, older).steps[0, 20:], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(got.steps[1], whole(encoder, younger).steps[0, 2:], rtol=1e-5, atol=1e-5)


def test_padding_and_the_others_of_a_batch_change_nothing() -> None:
    encoder, alone = made(), heard(1, 23)
    batch = torch.cat([torch.cat([alone, heard(1, 57, seed=1)], dim=1), heard(1, 80, seed=2)])
    for sparse in (False, True):
        got, expected = whole(encoder, batch, sparse=sparse), whole(encoder, alone, sparse=sparse)
        torch.testing.assert_close(got.steps[:1, :23], expected.steps, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(got.flops[:1, :23], expected.flops, rtol=0, atol=0)


def test_a_stream_may_have_gone_on_for_years() -> None:
    encoder, frames = made(), heard(1, 10)
    state = whole(encoder, heard(1, 20, seed=1)).state
    later = {**state, "n_before": state["n_before"] + 10**10}
    with torch.no_grad():
        soon, late = encoder(frames, state), encoder(frames, later)
    assert torch.equal(soon.steps, late.steps)
    assert torch.equal(soon.flops, late.flops)


def test_a_call_changes_neither_its_frames_nor_its_state() -> None:
    encoder, frames = made(), heard(1, 10)
    state = whole(encoder, frames).state
    kept = {name: tensor.clone() for name, tensor in state.items()}
    whole(encoder, frames)
    with torch.no_grad():
        encoder(frames, state)
    assert torch.equal(frames, heard(1, 10))
    assert all(torch.equal(state[name], tensor) for name, tensor in kept.items())
    assert all(len(tensor) == 1 for tensor in encoder(frames, state).state.values())


def test_no_frame_reaches_further_back_than_its_windows() -> None:
    encoder, frames = made(gates="open", window=4, n_layers=2), heard(1, 40)
    changed = frames.clone()
    changed[:, :10] += 1
    before, after = (whole(encoder, given).steps[0] for given in (frames, changed))
    # Two windows of 3 frames back and 2 frames of the convolution: frame 9 is heard until frame 17.
    assert torch.equal(before[18:], after[18:])
    assert not torch.equal(before[17], after[17])


def test_the_same_seed_gives_the_same_weights_and_touches_no_global_state() -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first, again, other = made(seed=1), made(seed=1), made(seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first.state_dict()[name], tensor) for name, tensor in again.state_dict().items())
    assert not torch.equal(first.input.weight, other.input.weight)
