"""The angular prototypical loss (Chung et al. 2020, arXiv 2003.11982): each voice against the other utterance of every speaker."""

from __future__ import annotations

from math import log

import torch
from torch import nn

FIRST_SCALE, FIRST_OFFSET = 10.0, -5.0
"""Where the paper starts w and b."""


class AngularPrototypical(nn.Module):
    """Similarities S_jk = w cos(q_j, c_k) + b of the utterances of a batch, with w and b learnt.

    w is kept above 0 by learning its logarithm; the paper cuts it off instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(log(FIRST_SCALE)))
        self.offset = nn.Parameter(torch.tensor(FIRST_OFFSET))

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """S, float (n_speakers, n_speakers): row j is q_j, the first utterance of speaker j; column k is c_k, the second of k.

        Args:
            embeddings: vectors of length 1, float (n_speakers, 2, dimension).
        """
        cosines = embeddings[:, 0] @ embeddings[:, 1].T
        return self.log_scale.exp() * cosines + self.offset


def row_losses(similarities: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of row j with target j, float (n,) [nats], of similarities (n, n)."""
    return nn.functional.cross_entropy(similarities, torch.arange(len(similarities), device=similarities.device), reduction="none")


def pair_losses(similarities: torch.Tensor) -> torch.Tensor:
    """The same loss parted among the strangers of each row, float (n, n) [nats]: row j sums to its loss, the diagonal is 0.

    The loss of row j is log(1 + sum_k exp(S_jk - S_jj)) over k other than j, and its slope that of sum_k p_jk (S_jk - S_jj), p_jk
    being the row's softmax held fast. Pair (j, k) has that slope of its own, and for its value the loss times p_jk / (1 - p_jj).
    """
    matched = torch.eye(len(similarities), dtype=torch.bool, device=similarities.device)
    against = similarities - similarities.diagonal()[:, None]
    slopes = torch.softmax(similarities.detach(), dim=1) * against
    shares = torch.softmax(similarities.detach().masked_fill(matched, -torch.inf), dim=1)
    values = shares * row_losses(similarities.detach())[:, None]
    return slopes + (values - slopes).detach()
