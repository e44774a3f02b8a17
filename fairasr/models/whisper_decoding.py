"""Whisper's decoder run token by token, for many recordings at once; those that have ended are taken out of the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

Choose = Callable[[torch.Tensor, bool], torch.Tensor]
"""Next token of each recording, int64 (n,), from logits (n, n_tokens); the flag says whether it is the first of its text."""

LIVE_SHARE = 0.75
"""The batch is made smaller once at most this share still runs: doing so copies all keys and values, 18 MB a recording for the
smallest model, so not at every end."""


@torch.no_grad()
def decode(module: Any, features: torch.Tensor, *, prompt: Sequence[int], end: int, limit: int, choose: Choose) -> list[list[int]]:
    """Tokens of each recording after the prompt, `end` included where it was reached within `limit` tokens.

    Args:
        module: a WhisperForConditionalGeneration.
        features: log-mel frames, float32 (n, n_mels, n_frames).
        prompt: tokens that every text begins with.
        end: token that ends a text.
        limit: most tokens of a text.
        choose: picks the next token.
    """
    # On a CPU one recording at a time: 30 % faster than sixteen, whose frames do not fit the cache.
    parts = [features[row : row + 1] for row in range(len(features))] if features.device.type == "cpu" else [features]
    encoded = torch.cat([module.get_encoder()(part).last_hidden_state for part in parts])
    texts: list[list[int]] = [[] for _ in range(len(features))]
    rows = torch.arange(len(features), device=features.device)  # the recording that each row of the batch is of
    ended = torch.zeros(len(rows), dtype=torch.bool, device=features.device)
    cache = EncoderDecoderCache(DynamicCache(config=module.config), DynamicCache(config=module.config))
    tokens = torch.tensor([list(prompt)], device=features.device).expand(len(rows), -1)
    for step in range(limit):
        logits = module(
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
            decoder_input_ids=tokens,
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]
        chosen = choose(logits.float(), step == 0)
        for row, token, over in zip(rows.tolist(), chosen.tolist(), ended.tolist(), strict=True):
            if not over:
                texts[row].append(token)
        ended = ended | (chosen == end)
        if ended.all():
            break
        live = (~ended).nonzero()[:, 0]
        if len(live) <= LIVE_SHARE * len(rows):
            cache.batch_select_indices(live)
            rows, encoded, chosen, ended = rows[live], encoded[live], chosen[live], ended[live]
        tokens = chosen[:, None]
    return texts


def likeliest(never: Sequence[int], *, never_first: Sequence[int]) -> Choose:
    """The most probable token each time, but none of `never`, and at a text's beginning none of `never_first` either."""

    def choose(logits: torch.Tensor, first: bool) -> torch.Tensor:
        forbidden = [*never, *never_first] if first else list(never)
        return logits.index_fill(1, torch.tensor(forbidden, dtype=torch.long, device=logits.device), -torch.inf).argmax(dim=1)

    return choose


def drawn(*, seed: int) -> Choose:
    """A draw from the model's own distribution over all tokens each time. Leaves torch's own generators alone."""
    generator = torch.Generator().manual_seed(seed)

    def choose(logits: torch.Tensor, first: bool) -> torch.Tensor:
        # On the CPU, so that a seed means the same draws wherever the model is.
        return torch.multinomial(logits.softmax(dim=1).cpu(), 1, generator=generator)[:, 0].to(logits.device)

    return choose
