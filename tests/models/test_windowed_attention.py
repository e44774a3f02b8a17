"""Attention to the last frames, for all frames and for some, against each frame worked out by itself."""

from __future__ import annotations

import math

import pytest
import torch
from amortised_encoders import heard

from fairasr.models.streaming.initialising import initialised
from fairasr.models.streaming.windowed_attention import Absent, Memory, WindowedAttention


def attended_one_by_one(attention: WindowedAttention, frames: torch.Tensor) -> torch.Tensor:
    """Each frame by itself, over the frames that are there, head by head."""
    queries = attention.query(frames)
    keys, values = attention.keys_values(frames).chunk(2, dim=-1)
    size = frames.shape[-1] // attention.n_heads
    rows = []
    for t in range(frames.shape[1]):
        first = max(0, t + 1 - attention.window)
        heads = []
        for head in range(attention.n_heads):
            channels = slice(head * size, (head + 1) * size)
            scores = (keys[:, first : t + 1, channels] @ queries[:, t, channels, None]).squeeze(-1) / math.sqrt(size)
            scores = scores + attention.by_distance[head, attention.window - (t + 1 - first) :]
            heads.append((scores.softmax(dim=-1)[..., None] * values[:, first : t + 1, channels]).sum(dim=1))
        rows.append(torch.cat(heads, dim=-1))
    return attention.output(torch.stack(rows, dim=1))


@pytest.mark.parametrize("window", [1, 4, 33, 90])
@pytest.mark.parametrize("n_frames", [1, 3, 64, 128, 129, 300])
def test_attention_is_that_of_each_frame_by_itself(n_frames: int, window: int) -> None:
    attention = initialised(lambda: WindowedAttention(8, 2, window), seed=0)
    attention.by_distance.data.copy_(heard(1, 2, n_features=window)[0])
    frames = heard(2, n_frames, n_features=8)
    absent = Absent.after(torch.zeros(2, dtype=torch.int64), window=window)
    nothing = torch.zeros(2, window - 1, 8)
    memory = attention.remembered(frames, nothing, nothing, absent)
    torch.testing.assert_close(attention(frames, memory), attended_one_by_one(attention, frames), rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        memory = attention.remembered(frames, nothing, nothing, absent)
        expected = attended_one_by_one(attention, frames)
        torch.testing.assert_close(attention(frames, memory), expected, rtol=1e-4, atol=1e-5)
        places = torch.arange(2 * n_frames)[::3]
        torch.testing.assert_close(attention.some(frames, places, memory), expected.flatten(0, 1)[places], rtol=1e-4, atol=1e-5)


def test_the_gradient_of_attention_is_that_of_each_frame_by_itself() -> None:
    attention = initialised(lambda: WindowedAttention(4, 2, 5), seed=0).double()
    frames = heard(2, 150, n_features=4).double()
    weights = heard(2, 150, n_features=4, seed=1).double()

    def gradients(attended: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad((attended * weights).sum(), tuple(attention.parameters()))

    absent = Absent.after(torch.zeros(2, dtype=torch.int64), window=5)
    nothing = torch.zeros(2, 4, 4, dtype=torch.float64)
    memory = attention.remembered(frames, nothing, nothing, absent)
    assert isinstance(memory, Memory)
    torch.testing.assert_close(gradients(attention(frames, memory)), gradients(attended_one_by_one(attention, frames)))
