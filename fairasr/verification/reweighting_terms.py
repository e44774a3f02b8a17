"""The loss of a batch of speakers: the plain mean, or weighed by an adversary that learns beside the encoder."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from fairasr.verification.prototypical import pair_losses, row_losses
from fairasr.verification.reweighting import Parts
from fairasr.verification.reweighting_adversary import Adversary
from fairasr.verification.reweighting_regions import Regions


class Term:
    """The mean angular prototypical loss of a batch, every weight 1."""

    def __init__(self) -> None:
        self.last_weights: torch.Tensor | None = None
        """Weights of the last batch's samples, float64 (n,); None while every weight is 1."""

    def __call__(self, embeddings: torch.Tensor, similarities: torch.Tensor) -> torch.Tensor:
        """A scalar with gradient.

        Args:
            embeddings: vectors of length 1, float (n_speakers, 2, dimension).
            similarities: float (n_speakers, n_speakers).
        """
        return row_losses(similarities).mean()

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Nothing is learnt."""
        return {}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Nothing to go on from."""


class Weighing(Term):
    """The mean of lambda_i times loss over the batch's samples; then the adversary makes its own step.

    Args:
        parts: what is weighed.
        adversary: gives the weights.
        regions: what it sees of an embedding; None: the embedding itself, and a constant.
        pretraining_steps: steps with every weight 1.
    """

    def __init__(self, parts: Parts, *, adversary: Adversary, regions: Regions | None, pretraining_steps: int) -> None:
        super().__init__()
        self._parts: Parts = parts
        self._adversary, self._regions, self._pretraining_steps = adversary, regions, pretraining_steps
        self._steps = torch.zeros((), dtype=torch.int64)

    def __call__(self, embeddings: torch.Tensor, similarities: torch.Tensor) -> torch.Tensor:
        """A scalar with gradient; the adversary has climbed afterwards."""
        plain = super().__call__(embeddings, similarities)
        self._steps = self._steps + 1
        waits = int(self._steps) <= self._pretraining_steps or (self._regions is not None and not self._regions.ready)
        if waits:
            self.last_weights = None
            loss = plain
        else:
            losses, features = self.sample_losses(similarities), self._features(self.samples(embeddings))
            weights = self.last_weights = self._adversary.weights(features)
            # The mean of lambda_i h_i, written so that weights of 2 give twice the plain loss and slope to the last bit.
            loss = 2 * plain + ((weights - 2).to(losses) * losses).mean()
            self._adversary.ascend(features, losses.detach().to(device="cpu", dtype=torch.float64))
        if self._regions is not None:
            self._regions.keep(embeddings.detach().to(device="cpu", dtype=torch.float32).reshape(-1, embeddings.shape[2]))
        return loss

    def sample_losses(self, similarities: torch.Tensor) -> torch.Tensor:
        """Loss h of every weighed sample [nats], on average the plain loss.

        Of the rows, (n,); or sums of the pairs' losses over each row, then over each column, (2 n,), whose weighted mean is that of
        the pairs: mean_j sum_k (a_j + b_k) / 2 l_jk = (sum_j a_j sum_k l_jk + sum_k b_k sum_j l_jk) / (2 n).
        """
        if self._parts == "rows":
            return row_losses(similarities)
        pairs = pair_losses(similarities)
        return torch.cat([pairs.sum(dim=1), pairs.sum(dim=0)])

    def samples(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Embeddings of the weighed samples, in the order of `sample_losses`: float32 on the CPU, without gradient."""
        chosen = embeddings[:, 0] if self._parts == "rows" else embeddings.transpose(0, 1).reshape(-1, embeddings.shape[2])
        return chosen.detach().to(device="cpu", dtype=torch.float32)

    def weights(self, vectors: torch.Tensor) -> torch.Tensor:
        """lambda of some embeddings, float32 (n, dimension), as one batch, as the adversary is now: float64 (n,)."""
        return self._adversary.weights(self._features(vectors))

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Steps so far, the adversary, the regions."""
        state = {"steps": self._steps.clone()}
        state |= {f"adversary.{name}": value for name, value in self._adversary.state_dict().items()}
        if self._regions is not None:
            state |= {f"regions.{name}": value for name, value in self._regions.state_dict().items()}
        return state

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        self._steps = state["steps"].detach().to("cpu", copy=True)
        self._adversary.load_state_dict(_below("adversary.", state))
        if self._regions is not None:
            self._regions.load_state_dict(_below("regions.", state))

    def _features(self, samples: torch.Tensor) -> torch.Tensor:
        if self._regions is None:
            return torch.cat([samples, torch.ones(len(samples), 1)], dim=1).double()
        return torch.nn.functional.one_hot(self._regions.of(samples), self._regions.n_clusters).double()


def _below(prefix: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
