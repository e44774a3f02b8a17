"""Causal attention over the last frames only, for all frames at once or for some of them, with keys and values carried on.

A score depends on how far back its key is, by one learned number for each head and distance, and on no place in the recording: a
stream can go on for ever. Both ways to attend are written as matrix products, so that their operations can be counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import nn
from torch.nn.functional import pad

LEAST_TILE = 64
"""Frames that attend together where a gradient is kept, at least: smaller tiles save fewer operations than their overhead costs."""
TILES_AT_ONCE = 1024
"""Tiles whose keys and values are copied together where none is kept: 30 MB at 37 slots of 96 channels."""


@dataclass(frozen=True)
class Absent:
    """Of the `window` - 1 frames before the new ones, how many are not there because the recording had not begun.

    Attributes:
        n: of each recording, int64 (n,).
        least: of all recordings.
        most: likewise.
    """

    n: torch.Tensor
    least: int
    most: int

    @classmethod
    def after(cls, n_before: torch.Tensor, *, window: int) -> Self:
        """Of recordings with `n_before` frames so far, int64 (n,)."""
        n = (window - 1 - n_before).clamp(min=0)
        least, most = torch.stack(torch.aminmax(n)).tolist()
        return cls(n, least, most)


@dataclass(frozen=True)
class Memory:
    """Keys and values of the frames to attend to: those from before, then the new ones.

    Attributes:
        keys: float (n, window - 1 + frames, d_model).
        values: of the same shape.
        absent: which of those from before do not count.
    """

    keys: torch.Tensor
    values: torch.Tensor
    absent: Absent


class WindowedAttention(nn.Module):
    """Multi-head attention of each frame to itself and to the `window` - 1 frames before it.

    Args:
        d_model: channels of a frame; a multiple of `n_heads`.
        n_heads: heads.
        window: frames that a frame attends to, itself among them.
    """

    def __init__(self, d_model: int, n_heads: int, window: int) -> None:
        super().__init__()
        self.n_heads, self.window = n_heads, window
        self.scale = (d_model // n_heads) ** -0.5
        self.query = nn.Linear(d_model, d_model)
        self.keys_values = nn.Linear(d_model, 2 * d_model)
        self.output = nn.Linear(d_model, d_model)
        # Added to a score, by head and by how many frames back from the oldest: the last is the frame itself.
        self.by_distance = nn.Parameter(torch.empty(n_heads, window))

    def initialise(self, generator: torch.Generator) -> None:
        """Let every head look less far than the next one to begin with (Press et al. 2022, arXiv 2108.12409); draws nothing."""
        del generator
        slopes = 2.0 ** -torch.linspace(1, 8, self.n_heads, device=self.by_distance.device)
        back = torch.arange(self.window - 1, -1, -1, device=self.by_distance.device)
        self.by_distance.data.copy_(-slopes[:, None] * back)

    def remembered(self, frames: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, absent: Absent) -> Memory:
        """What `frames` (n, frames, d_model) can attend to.

        Args:
            frames: normalised.
            keys: of the `window` - 1 frames before, (n, window - 1, d_model).
            values: of the same shape.
            absent: which of those do not count.
        """
        new_keys, new_values = self.keys_values(frames).chunk(2, dim=-1)
        return Memory(torch.cat([keys, new_keys], dim=1), torch.cat([values, new_values], dim=1), absent)

    def forward(self, frames: torch.Tensor, memory: Memory) -> torch.Tensor:
        """What every frame attends to: (n, frames, d_model) to the same shape, in time and memory that grow with the frames.

        Without gradients no more is run than `some` runs; with them tiles are larger, and most of their slots are masked.
        """
        n, n_frames, d_model = frames.shape
        if not torch.is_grad_enabled():
            return self.some(frames, torch.arange(n * n_frames, device=frames.device), memory).view_as(frames)
        before, absent = self.window - 1, memory.absent
        tile, skipped = self._tile(n_frames, absent)
        n_tiles = -(-n_frames // tile)
        # What is added behind the last frame lies in the future of every frame that is kept.
        surplus = n_tiles * tile - n_frames
        queries = pad(self.query(frames) * self.scale, (0, 0, 0, surplus)).view(n, n_tiles, tile, self.n_heads, -1).transpose(2, 3)
        keys, values = (self._tiles(part[:, skipped:], tile, n_tiles) for part in (memory.keys, memory.values))
        scores = queries @ keys.transpose(-1, -2) + self._band(tile)[..., skipped:]
        if absent.most > skipped:
            # Tiles shorter than the window reach back to before the recording in more than the first.
            starts = torch.arange(0, min(before, n_tiles * tile), tile, device=frames.device)
            slots = starts[:, None] + torch.arange(skipped, before, device=frames.device)
            masked = (slots < absent.n[:, None, None])[:, :, None, None]
            # Out of sight of autograd: the gradient of a score of -inf is 0 in any case.
            with torch.no_grad():
                scores[:, : len(starts), ..., : before - skipped].masked_fill_(masked, -torch.inf)
        attended = (scores.softmax(dim=-1) @ values).transpose(2, 3).reshape(n, n_tiles * tile, d_model)
        return self.output(attended[:, :n_frames])  # type: ignore[no-any-return]

    def some(self, frames: torch.Tensor, places: torch.Tensor, memory: Memory) -> torch.Tensor:
        """What some frames attend to, for the operations of those alone: float (len(places), d_model).

        Frames that stand close together share a copy of the slots that they attend to, so a few more products are made than the
        window has: at most an eighth. Slots from before a recording began are left out.

        Args:
            frames: all of them, (n, frames, d_model).
            places: which, as recording * frames + frame, int64, ascending; at least one.
            memory: of all frames.
        """
        n_frames, device = frames.shape[1], frames.device
        tile = min(n_frames, 1 + self.window // 8)
        # Tiles of all recordings in one row, each recording's slots filled up to whole tiles.
        tiles_each = -(-memory.keys.shape[1] // tile)
        keys, values = (self._tiles_in_a_row(part, tile, tiles_each) for part in (memory.keys, memory.values))
        queries = (self.query(frames.flatten(0, 1).index_select(0, places)) * self.scale).view(len(places), self.n_heads, -1)
        recordings, frame = places // n_frames, places % n_frames
        tiles, counts = torch.unique_consecutive(recordings * tiles_each + frame // tile, return_counts=True)
        firsts = counts.cumsum(0) - counts
        absent = (memory.absent.n[tiles // tiles_each] - tiles % tiles_each * tile).clamp(min=0)
        band = self._band(tile).transpose(0, 1).contiguous()
        attended = torch.empty_like(queries)
        # Tiles with equally many of the frames and of absent slots fit into one tensor without padding. One index along one axis
        # copies whole windows; any other way to say the same takes six times as long.
        shapes = counts * self.window + absent
        for kind in shapes.unique().tolist():
            count, skipped = divmod(kind, self.window)
            for some in (shapes == kind).nonzero().squeeze(-1).split(TILES_AT_ONCE):
                own, shape = tiles[some], (len(some), count, *queries.shape[1:])
                rows = (firsts[some][:, None] + torch.arange(count, device=device)).flatten()
                own_keys, own_values = (part.index_select(0, own)[:, :, skipped:] for part in (keys, values))
                scores = queries.index_select(0, rows).view(shape).transpose(1, 2) @ own_keys.mT
                scores += band.index_select(0, frame[rows] % tile)[..., skipped:].view(*shape[:3], -1).transpose(1, 2)
                attended.index_copy_(0, rows, (scores.softmax(dim=-1) @ own_values).transpose(1, 2).flatten(0, 1))
        return self.output(attended.flatten(1))  # type: ignore[no-any-return]

    def _tile(self, n_frames: int, absent: Absent) -> tuple[int, int]:
        """Frames that attend together, and how many of the slots before them no recording has a frame for, where that saves any."""
        tile = max(self.window - 1, LEAST_TILE)
        # Only one tile can do without the slots that are absent: those of others are frames of the recording.
        return (n_frames, absent.least) if n_frames <= 2 * tile else (tile, 0)

    def _tiles_in_a_row(self, remembered: torch.Tensor, tile: int, tiles_each: int) -> torch.Tensor:
        """Keys or values that start at every `tile`-th slot, (n * tiles_each, heads, slots, head size), without a copy of each."""
        n, n_slots, d_model = remembered.shape
        length = tiles_each * tile
        # Room behind, so that the last slots begin a whole tile.
        lined_up = remembered.new_zeros(self.n_heads, n * length + self.window - 1, d_model // self.n_heads)
        by_head = remembered.view(n, n_slots, self.n_heads, -1).permute(2, 0, 1, 3)
        lined_up[:, : n * length].view(self.n_heads, n, length, -1)[:, :, :n_slots] = by_head
        return lined_up.unfold(1, self.window - 1 + tile, tile).permute(1, 0, 3, 2)

    def _tiles(self, remembered: torch.Tensor, tile: int, n_tiles: int) -> torch.Tensor:
        """Keys or values of every tile, (n, tiles, heads, slots, head size): its own and those of the window before it."""
        n, n_slots, _ = remembered.shape
        heads = remembered.view(n, n_slots, self.n_heads, -1).transpose(1, 2)
        if n_tiles == 1:
            return heads[:, None]
        surplus = self.window - 1 + n_tiles * tile - n_slots
        return pad(heads, (0, 0, 0, surplus)).unfold(2, self.window - 1 + tile, tile).permute(0, 2, 1, 4, 3)

    def _band(self, tile: int) -> torch.Tensor:
        """What is added to the scores of a tile, (heads, tile, window - 1 + tile): -inf outside the window."""
        # Rows of one place too many, read on as rows without it: every row stands one place further right than the one above.
        row = pad(self.by_distance, (0, tile), value=-torch.inf)
        rows = row[:, None].expand(-1, tile, -1).flatten(1)
        return rows[:, :-tile].view(self.n_heads, tile, self.window + tile - 1)
