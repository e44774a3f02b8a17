"""The encoder of ConvRNN-T: nothing of the future, parts equal the whole, padding changes nothing, the equations hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from fairasr.models.streaming.conv_encoder import ConvEncoder
from fairasr.models.streaming.conv_settings import ConvEncoderSettings
from fairasr.models.streaming.global_cnn import GlobalBlock, GlobalCNN
from fairasr.models.streaming.initialising import initialised
from fairasr.models.streaming.local_cnn import LocalCNN
from fairasr.models.streaming.nested_state import inner
from fairasr.models.streaming.squeeze_excite import SqueezeExcite

N_FEATURES = 36
SETTINGS = ConvEncoderSettings(channels=(4, 6, 4, 5), width=16, n_blocks=3, reduction=4, lstm_width=24)
VARIANTS = {
    "both": SETTINGS,
    "global": replace(SETTINGS, local=False),
    "local": replace(SETTINGS, global_context=False),
    "lstm": replace(SETTINGS, local=False, global_context=False),
    "no squeeze": replace(SETTINGS, squeeze="none"),
}
every_variant = pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)


def encoder(settings: ConvEncoderSettings = SETTINGS) -> ConvEncoder:
    return initialised(lambda: ConvEncoder(settings, n_features=N_FEATURES), seed=1)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


def encoded(module: ConvEncoder, frames: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return module(frames, module.start(len(frames))).steps


def changed_earlier(module: ConvEncoder, *, moment: int) -> float:
    """The most that a step before `moment` changes when all frames from it on are others."""
    frames = noise(2, 90, N_FEATURES)
    others = frames.clone()
    others[:, moment:] = 3.0 - others[:, moment:]
    return float((encoded(module, frames) - encoded(module, others))[:, :moment].abs().max())


class LeakySqueezeExcite(SqueezeExcite):
    """The published form: every step is weighted by the mean over all."""

    def gates(self, steps: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        everywhere = steps.mean(dim=1, keepdim=True).expand_as(steps)
        return self.excite(torch.relu(self.squeeze(everywhere))).sigmoid(), state


@every_variant
@pytest.mark.parametrize("moment", [1, 17, 40, 89])
def test_what_comes_later_changes_no_earlier_step_by_anything(settings: ConvEncoderSettings, moment: int) -> None:
    assert changed_earlier(encoder(settings), moment=moment) == 0.0


@pytest.mark.parametrize("moment", [1, 17, 40, 89])
def test_a_squeeze_over_all_steps_is_caught(moment: int) -> None:
    module = encoder()
    for block in module.global_context.blocks:
        block.squeeze.__class__ = LeakySqueezeExcite
    assert changed_earlier(module, moment=moment) > 0.0


@every_variant
@pytest.mark.parametrize("chunk", [1, 7, 33])
def test_parts_give_the_steps_and_the_state_of_the_whole(settings: ConvEncoderSettings, chunk: int) -> None:
    module, frames = encoder(settings), noise(3, 100, N_FEATURES)
    with torch.no_grad():
        whole = module(frames, module.start(3))
        state, parts = module.start(3), []
        for part in frames.split(chunk, dim=1):
            before = {name: tensor.clone() for name, tensor in state.items()}
            now = module(part, state)
            assert all(torch.equal(state[name], before[name]) for name in before)
            parts.append(now.steps)
            state = now.state
    torch.testing.assert_close(torch.cat(parts, dim=1), whole.steps, rtol=0, atol=1e-5)
    assert {name: tensor.shape for name, tensor in state.items()} == {n: t.shape for n, t in module.start(3).items()}
    for name, tensor in state.items():
        torch.testing.assert_close(tensor, whole.state[name], rtol=1e-5, atol=1e-4)


@every_variant
def test_neither_padding_nor_the_others_of_a_batch_change_a_step(settings: ConvEncoderSettings) -> None:
    module, frames = encoder(settings).train(), noise(3, 60, N_FEATURES)
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    lengths = [60, 31, 7]
    for row, length in enumerate(lengths):
        frames[row, length:] = 100.0
    together = encoded(module, frames)
    for row, length in enumerate(lengths):
        alone = encoded(module, frames[row : row + 1, :length])
        torch.testing.assert_close(together[row, :length], alone[0], rtol=0, atol=1e-5)


def test_a_recordings_state_is_its_row_of_the_batchs() -> None:
    module, frames = encoder(), noise(3, 30, N_FEATURES)
    with torch.no_grad():
        state = module(frames[:, :11], module.start(3)).state
        steps = module(frames[:, 11:], state).steps
        alone = module(frames[2:, 11:], {name: tensor[2:] for name, tensor in state.items()}).steps
    torch.testing.assert_close(alone, steps[2:], rtol=0, atol=1e-5)


def test_a_state_holds_no_more_memory_than_it_needs() -> None:
    module = encoder()
    with torch.no_grad():
        state = module(noise(1, 500, N_FEATURES), module.start(1)).state
    held = sum(tensor.untyped_storage().nbytes() for tensor in state.values())
    assert held == sum(tensor.nbytes for tensor in state.values())


def frames_that_count(part: Callable[[torch.Tensor], torch.Tensor], frames: torch.Tensor, *, step: int) -> list[int]:
    """Frames by which a step has a gradient that is not 0."""
    frames = frames.clone().requires_grad_()
    part(frames)[0, step].square().sum().backward()
    return frames.grad[0].abs().amax(dim=-1).nonzero().flatten().tolist()  # type: ignore[union-attr]


def test_the_local_part_sees_seventeen_frames_and_no_later_one() -> None:
    module = initialised(lambda: LocalCNN(N_FEATURES, channels=(8, 8, 8, 8), width=16), seed=0)
    seen = frames_that_count(lambda frames: module(frames, module.start(1))[0], noise(1, 60, N_FEATURES), step=40)
    assert module.receptive_field == 17
    assert seen == list(range(24, 41))


@pytest.mark.parametrize(("n_blocks", "reach"), [(1, 2), (4, 30), (6, 126)])
def test_six_global_blocks_reach_back_126_steps(n_blocks: int, reach: int) -> None:
    module = initialised(lambda: GlobalCNN(16, n_blocks=n_blocks, squeeze="none", reduction=4, dropout=0.0), seed=0)
    seen = frames_that_count(lambda steps: module(steps, module.start(1))[0], noise(1, 180, 16), step=150)
    assert module.receptive_field == reach + 1
    assert seen == list(range(150 - reach, 151))


def test_by_the_squeeze_a_step_depends_on_all_before_it() -> None:
    module = initialised(lambda: GlobalCNN(16, n_blocks=1, squeeze="cumulative", reduction=4, dropout=0.0), seed=0)
    seen = frames_that_count(lambda steps: module(steps, module.start(1))[0], noise(1, 80, 16), step=60)
    assert seen == list(range(61))


def arrays(module: torch.nn.Module) -> dict[str, Any]:
    return {name: value.detach().double().numpy() for name, value in module.named_parameters()}


def test_a_global_block_computes_its_equations() -> None:
    width, dilation, n_steps = 6, 3, 12
    block = GlobalBlock(width, dilation=dilation, squeeze="cumulative", reduction=2, dropout=0.3)
    block = initialised(lambda: block, seed=4)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(5)))
        found = block(noise(1, n_steps, width), block.start(1))[0][0].numpy()
    w, steps = arrays(block), noise(1, n_steps, width)[0].double().numpy()

    def normed(x: Any, name: str) -> Any:
        return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

    wide = [normed(np.maximum(w["wider.weight"] @ step + w["wider.bias"], 0), "wider_norm") for step in steps]
    said: list[Any] = []
    for t, step in enumerate(steps):
        seen = w["depthwise.bias"].copy()
        for tap in range(3):
            if (at := t - (2 - tap) * dilation) >= 0:
                seen += w["depthwise.weight"][:, 0, tap] * wide[at]
        said.append(w["back.weight"] @ normed(np.maximum(seen, 0), "depthwise_norm") + w["back.bias"])
        narrow = np.maximum(w["squeeze.squeeze.weight"] @ np.mean(said, axis=0) + w["squeeze.squeeze.bias"], 0)
        gate = 1 / (1 + np.exp(-(w["squeeze.excite.weight"] @ narrow + w["squeeze.excite.bias"])))
        np.testing.assert_allclose(found[t], step + gate * said[t], atol=1e-5)


def test_the_local_part_computes_its_equations() -> None:
    module = initialised(lambda: LocalCNN(12, channels=(3, 2), width=5), seed=4)
    with torch.no_grad():
        module.first.bias.fill_(0.1)
        found = module(noise(1, 7, 12), module.start(1))[0][0].numpy()
    w = arrays(module)
    planes = noise(1, 7, 12)[0].double().numpy().reshape(7, 3, 4).transpose(1, 0, 2)  # channels, frames, bands
    for name in ("first", "others.0"):
        padded = np.pad(planes, ((0, 0), (4, 0), (2, 2)))
        after = np.empty((len(w[f"{name}.weight"]), *planes.shape[1:]))
        for t in range(7):
            for band in range(4):
                window = padded[:, t : t + 5, band : band + 5]
                after[:, t, band] = np.tensordot(w[f"{name}.weight"], window, 3) + w[f"{name}.bias"]
        planes = np.maximum(after, 0)
    for t in range(7):
        # Bands one after another, the channels of each together.
        np.testing.assert_allclose(found[t], w["output.weight"] @ planes[:, t].T.reshape(-1) + w["output.bias"], atol=1e-5)


def test_first_weights_keep_frames_at_their_size_through_the_convolutions() -> None:
    module = initialised(lambda: LocalCNN(120, channels=(32, 32, 32, 32), width=16), seed=0)
    met: list[torch.Tensor] = []
    module.output.register_forward_hook(lambda _layer, inputs, _output: met.append(inputs[0]))
    with torch.no_grad():
        module(noise(4, 60, 120), module.start(4))
    assert 0.5 < float(met[0].square().mean().sqrt()) < 2


def test_gates_settle_while_all_sounds_alike_and_move_when_it_changes() -> None:
    module = initialised(lambda: SqueezeExcite(16, reduction=4), seed=0)
    alike = noise(4, 200, 16)
    other = alike.clone()
    other[:, 100:] += 3.0 * noise(16)
    with torch.no_grad():
        settled, moved = (module.gates(steps, module.start(4))[0] for steps in (alike, other))
    per_step = settled.diff(dim=1).abs().mean(dim=(0, 2))
    assert float(per_step[:10].mean()) > 5 * float(per_step[-50:].mean()) > 0
    assert torch.equal(settled[:, :100], moved[:, :100])
    since = [float((gate[:, 199] - gate[:, 99]).abs().mean()) for gate in (settled, moved)]
    assert since[1] > 5 * since[0]


def test_gates_of_the_encoder_differ_from_step_to_step() -> None:
    module, gates = encoder(), []
    for block in module.global_context.blocks:
        block.squeeze.excite.register_forward_hook(lambda _layer, _inputs, output: gates.append(output.sigmoid()))
    encoded(module, noise(4, 100, N_FEATURES))
    assert len(gates) == SETTINGS.n_blocks
    for gate in gates:
        assert float(gate.std(dim=1).min()) > 0


@every_variant
def test_the_frame_layer_is_the_first_and_its_channels_are_where_it_says(settings: ConvEncoderSettings) -> None:
    module = encoder(settings)
    layer = module.get_submodule(module.frame_layer)
    met: list[torch.Tensor] = []
    layer.register_forward_hook(lambda _layer, _inputs, output: met.append(output))
    encoded(module, noise(3, 20, N_FEATURES))
    (output,) = met
    assert len(output) == 3
    assert output.shape[module.frame_axis] == layer.weight.shape[0]


def test_states_of_parts_are_found_again_by_name() -> None:
    module = encoder()
    state = module.start(2)
    assert set(inner(state, "lstm")) == {"hidden", "cell"}
    assert set(inner(inner(state, "global_context"), "1")) == {"tail", "squeeze.sum", "squeeze.count"}
    assert not inner(state, "loc")
