"""From packed points of a batch's lattices to the padded lattices that the transducer loss takes."""

from __future__ import annotations

import torch


def unpacked(packed: torch.Tensor, *, steps: torch.Tensor, labels: torch.Tensor, n_labels: int) -> torch.Tensor:
    """Padded lattices (rows, most steps, n_labels + 1, n_symbols); what is beyond a row's own lattice is whatever is there.

    Args:
        packed: (n, most points, n_symbols): point k of a lattice is of step k // (labels + 1), position k % (labels + 1). With
            several output channels, the lattices of a recording follow each other.
        steps: of each row, int64 (rows,); rows are the channels of the recordings, a recording's together.
        labels: of each row, int64 (rows,).
        n_labels: columns of the padded targets.
    """
    n, most, n_symbols = packed.shape
    n_points = (steps * (labels + 1)).view(n, -1)
    first = (n_points.cumsum(dim=1) - n_points).flatten()
    step = torch.arange(int(steps.max()), device=packed.device)[:, None]
    position = torch.arange(n_labels + 1, device=packed.device)
    places = (first[:, None, None] + step * (labels[:, None, None] + 1) + position).clamp(max=most - 1).reshape(n, -1)
    lattice = packed.gather(1, places[:, :, None].expand(-1, -1, n_symbols))
    return lattice.view(len(steps), len(step), n_labels + 1, n_symbols)
