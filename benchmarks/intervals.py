"""The interval table of 126 cohorts beside a bootstrap of speakers, in one run: CPU seconds and agreement.

Two bootstraps stand beside the closed form: the usual one (draw speakers, sum, divide, in numpy) and the matrix product of
multinomial weights with the speaker x cohort sums. 50,000 speakers; 200 resamples each, scaled to 1,000.

    python -m benchmarks.intervals
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import sparse

from fairasr.statistics import pooled_rates, rate_interval

N_SPEAKERS, N_COHORTS, RESAMPLES, REPORTED = 50_000, 126, 200, 1_000


def main() -> None:
    """Print CPU seconds of each way and how their standard errors agree."""
    generator = np.random.default_rng(0)
    words = generator.integers(20, 400, size=N_SPEAKERS)
    errors = generator.binomial(words, np.clip(generator.gamma(4, 0.03, size=N_SPEAKERS), 0, 1))
    cohorts = generator.integers(N_COHORTS, size=N_SPEAKERS)

    def linearised() -> np.ndarray:
        rates = pooled_rates(errors, words, cohorts, N_COHORTS)
        for g in range(N_COHORTS):
            rate_interval(float(rates.rate[g]), float(rates.variance[g]), int(rates.n_speakers[g]))
        return np.sqrt(rates.variance)

    def resampled() -> np.ndarray:
        rates = np.empty((RESAMPLES, N_COHORTS))
        for r in range(RESAMPLES):
            drawn = generator.integers(N_SPEAKERS, size=N_SPEAKERS)
            e = np.bincount(cohorts[drawn], errors[drawn], N_COHORTS)
            rates[r] = e / np.bincount(cohorts[drawn], words[drawn], N_COHORTS)
        return rates.std(axis=0, ddof=1)

    def weighted() -> np.ndarray:
        rows = np.arange(N_SPEAKERS)
        e = sparse.csr_matrix((errors.astype(float), (rows, cohorts)), shape=(N_SPEAKERS, N_COHORTS))
        n = sparse.csr_matrix((words.astype(float), (rows, cohorts)), shape=(N_SPEAKERS, N_COHORTS))
        weights = generator.multinomial(N_SPEAKERS, np.full(N_SPEAKERS, 1 / N_SPEAKERS), size=RESAMPLES).astype(float)
        return np.asarray((weights @ e) / (weights @ n)).std(axis=0, ddof=1)

    own_seconds, own_error = cpu_seconds(linearised)
    print(f"{'':38}{'CPU s':>9}{'ratio':>10}{'mean SE':>11}")
    print(f"{'fairasr linearised, t intervals':38}{own_seconds:9.4f}{'1x':>10}{own_error.mean():11.6f}")
    for name, way in (("bootstrap of speakers, numpy", resampled), ("bootstrap of speakers, matrix product", weighted)):
        seconds, error = cpu_seconds(way)
        scaled = seconds * REPORTED / RESAMPLES
        print(f"{name + f', {REPORTED:,}':38}{scaled:9.2f}{scaled / own_seconds:9.0f}x{error.mean():11.6f}")


def cpu_seconds(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """CPU seconds of one call and what it gave."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


if __name__ == "__main__":
    main()
