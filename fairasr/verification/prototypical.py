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
    """Binary logistic loss of every pair, float (n, n) [nats], the n matched pairs and the others counting half each.

    -log sigmoid(S_jj) times n / 2 on the diagonal, -log(1 - sigmoid(S_jk)) times n / (2 (n - 1)) off it: rows and columns still
    count alike. Unbalanced, one pair of n is matched, and in trials of ours with n = 32 training then led to three times the
    error rate of cross-entropy.
    """
    n = len(similarities)
    same = torch.eye(n, device=similarities.device, dtype=similarities.dtype)
    share = same * (n / 2) + (1 - same) * (n / (2 * (n - 1)))
    return share * nn.functional.softplus((1 - 2 * same) * similarities)
