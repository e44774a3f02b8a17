"""Windows of long recordings: where they are cut, by hand; and what holds of any recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.models.long_audio import windows


def noise(n_samples: int, *, quiet: list[tuple[int, int]] = (), seed: int = 0) -> np.ndarray:  # type: ignore[assignment]
    samples = np.random.default_rng(seed).normal(size=n_samples).astype(np.float32)
    for start, end in quiet:
        samples[start:end] *= 1e-3
    return samples


def test_a_recording_that_fits_is_one_window() -> None:
    samples = noise(30_000)
    (window,) = windows(samples, sample_rate_hz=1_000, longest_s=30)
    np.testing.assert_array_equal(window, samples)


def test_the_cut_is_in_the_middle_of_the_quietest_fifth_of_a_second() -> None:
    # The pauses at 10 s and at 31 s are outside the last 8 s before the limit of 30 s; of the two inside, one is of 0.2 s.
    samples = noise(40_000, quiet=[(10_000, 11_000), (24_000, 24_100), (26_500, 26_700), (31_000, 32_000)])
    assert [len(window) for window in windows(samples, sample_rate_hz=1_000, longest_s=30)] == [26_600, 13_400]


def test_of_equal_silences_the_last_is_taken_so_that_windows_are_long() -> None:
    assert [len(window) for window in windows(np.zeros(70_000, np.float32), sample_rate_hz=1_000, longest_s=30)] == [
        29_900,
        29_900,
        10_200,
    ]


def test_a_short_window_is_searched_in_its_second_half() -> None:
    # Limit 3 s: searched from 1.5 s, so the pause at 1 s does not count.
    samples = noise(5_000, quiet=[(900, 1_200), (2_000, 2_200)])
    assert [len(window) for window in windows(samples, sample_rate_hz=1_000, longest_s=3)] == [2_100, 2_900]


@settings(max_examples=40, deadline=None)
@given(
    n_samples=st.integers(1, 20_000),
    rate=st.sampled_from([100, 1_000]),
    longest_s=st.sampled_from([0.5, 1, 3, 30]),
    seed=st.integers(0, 99),
)
def test_windows_join_to_the_recording_and_none_is_empty_or_too_long(
    n_samples: int, rate: int, longest_s: float, seed: int
) -> None:
    samples = noise(n_samples, seed=seed)
    pieces = windows(samples, sample_rate_hz=rate, longest_s=longest_s)
    np.testing.assert_array_equal(np.concatenate(pieces), samples)
    assert all(0 < len(piece) <= longest_s * rate for piece in pieces)


def test_an_unchangeable_recording_is_cut_as_any_other() -> None:
    samples = noise(5_000)
    samples.flags.writeable = False
    assert sum(len(window) for window in windows(samples, sample_rate_hz=1_000, longest_s=2)) == 5_000
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1
