"""The adversary of the reweightings: weights of at least 1 and 2 on average, raised where losses are large."""

from __future__ import annotations

from collections.abc import Mapping

import torch

LEAST_MEAN = 1e-4
"""Its mean output is divided by no less than this, so that weights stay finite when it says "none" (Lahoti et al. 2020)."""


class Adversary:
    """A plane through what it sees: f_i = sigmoid(v.x_i), weight lambda_i = 1 + f_i / mean of the batch's f.

    It climbs the mean of lambda_i h_i by Adagrad, h_i being the loss of sample i; what a plane cannot tell apart gains no weight.

    Args:
        n_features: of x_i.
        learning_rate: of its optimiser; 0 leaves every weight at 2.
    """

    def __init__(self, n_features: int, *, learning_rate: float) -> None:
        self._learning_rate = learning_rate
        self._plane = torch.zeros(n_features, dtype=torch.float64)
        self._squares = torch.zeros_like(self._plane)

    def weights(self, features: torch.Tensor) -> torch.Tensor:
        """lambda of a batch, float64 (n,): at least 1, on average 2.

        Args:
            features: float64 (n, n_features).
        """
        said = torch.sigmoid(features @ self._plane)
        return 1 + said / said.mean().clamp_min(LEAST_MEAN)

    def ascend(self, features: torch.Tensor, losses: torch.Tensor) -> None:
        """One step up the mean of lambda_i h_i.

        Args:
            features: float64 (n, n_features).
            losses: h, float64 (n,), without gradient.
        """
        said = torch.sigmoid(features @ self._plane)
        slopes = (said * (1 - said))[:, None] * features
        mean_said = float(said.mean())
        divisor = max(mean_said, LEAST_MEAN)
        slope = (losses @ slopes) / len(losses) / divisor
        if mean_said > LEAST_MEAN:
            slope = slope - (said * losses).mean() * slopes.mean(dim=0) / divisor**2
        self._squares = self._squares + slope**2
        self._plane = self._plane + self._learning_rate * slope / (self._squares.sqrt() + 1e-10)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The plane and its optimiser's sums of squares."""
        return {"plane": self._plane.clone(), "squares": self._squares.clone()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        self._plane, self._squares = (state[name].detach().to("cpu", copy=True) for name in ("plane", "squares"))
