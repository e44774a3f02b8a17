"""Penalty on marking the end of a turn too late or too early (after Li et al. 2020), as a bias on the label arcs of the lattice."""

from __future__ import annotations

import torch

from fairasr.models.streaming.segmenter_settings import SegmenterSettings
from fairasr.models.streaming.turn_targets import UNKNOWN


def end_bias(ends: torch.Tensor, *, n_frames: int, frame_s: float, settings: SegmenterSettings) -> torch.Tensor:
    """What is added to the log-probability of writing each symbol at each frame, float32 (n, n_frames, symbols) [nats].

    0 for all symbols but marks of ends whose time is known; for those -late_weight for each second past `late_after_s`, and
    -early_weight for each second before the end.

    Args:
        ends: frame in which the turn ends, int64 (n, symbols); UNKNOWN for other symbols.
        n_frames: of the lattice.
        frame_s: seconds of a frame.
        settings: the weights.
    """
    after_s = frame_s * (torch.arange(n_frames, device=ends.device)[:, None] - ends[:, None, :])
    late = settings.late_weight * (after_s - settings.late_after_s).clamp(min=0)
    early = settings.early_weight * (-after_s).clamp(min=0)
    return torch.where(ends[:, None, :] == UNKNOWN, 0.0, -(late + early)).float()
