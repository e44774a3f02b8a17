"""How well clusters foretell the errors of speakers who were left out of finding them."""

from __future__ import annotations

import numpy as np

TINIEST_RATE = 1e-12
"""Where there are no errors at all, what keeps the logarithm finite."""


class HeldOutDeviance:
    """Poisson deviance of left-out speakers' errors under several clusterings, prepared once for many counts.

    Args:
        fold: of each speaker, from 0: int array (n_speakers,).
        labels: cluster of each speaker, for each clustering and left-out fold: int array (n_clusterings, n_folds, n_speakers).
    """

    def __init__(self, *, fold: np.ndarray, labels: np.ndarray) -> None:
        n_clusterings, n_folds, _ = labels.shape
        n_clusters = int(labels.max()) + 1
        # One cell per clustering, left-out fold, cluster, and whether the speaker is in that fold: one bincount sums them all.
        block = np.arange(n_clusterings * n_folds).reshape(n_clusterings, n_folds, 1)
        is_left_out = fold == np.arange(n_folds)[:, None]
        self._cells = ((block * n_clusters + labels) * 2 + is_left_out).ravel()
        self._shape = (n_clusterings, n_folds, n_clusters, 2)

    def __call__(self, numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
        """Deviance of each clustering, float array (n_clusterings,); smaller is better.

        D = 2 sum_s [E_s ln(E_s / (N_s r)) - (E_s - N_s r)], r the error rate of the speaker's cluster over the other folds,
        drawn to the overall rate by one average speaker's words, so that a cluster without errors does not promise none for
        ever [ours]. Speakers without words have nothing to foretell and add nothing.

        Args:
            numerators, denominators: errors E and words N of each speaker: int arrays (n_speakers,).
        """
        has_words = denominators > 0
        numerators = np.where(has_words, numerators, 0)
        errors, words = self._sums(numerators), self._sums(denominators)
        overall = numerators.sum() / max(denominators.sum(), 1)
        prior_words = max(denominators.mean(), 1)
        rate = np.maximum((errors[..., 0] + prior_words * overall) / (words[..., 0] + prior_words), TINIEST_RATE)
        fair = np.where(numerators > 0, numerators / np.maximum(denominators, 1), 1.0)
        saturated = float((numerators * np.log(fair) - numerators).sum())
        return np.asarray(2 * (saturated - (errors[..., 1] * np.log(rate) - words[..., 1] * rate).sum(axis=(1, 2))))

    def _sums(self, counts: np.ndarray) -> np.ndarray:
        repeated = np.tile(counts.astype(float), self._shape[0] * self._shape[1])
        return np.bincount(self._cells, weights=repeated, minlength=int(np.prod(self._shape))).reshape(self._shape)
