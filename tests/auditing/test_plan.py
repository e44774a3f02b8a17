"""The plan: every setting out of range is reported together, the basis follows the size of the corpus."""

from __future__ import annotations

import pytest

from fairasr.auditing import Plan
from fairasr.core.errors import StatisticsError


def test_all_settings_out_of_range_are_reported_together() -> None:
    with pytest.raises(StatisticsError) as raised:
        Plan(seed=-1, n_permutations=-2, folds=1, basis="guess", min_speakers=1, bottom_share=0.5)  # type: ignore[arg-type]
    for name in (
        "seed is -1",
        "n_permutations is -2",
        "folds is 1",
        "basis is 'guess'",
        "min_speakers is 1",
        "bottom_share is 0.5",
    ):
        assert name in str(raised.value)


def test_cross_fitting_without_the_permutations_that_calibrate_it_is_refused() -> None:
    Plan(seed=0, basis="cross-fit", n_permutations=99)
    with pytest.raises(StatisticsError, match="at least 99"):
        Plan(seed=0, basis="cross-fit", n_permutations=98)


@pytest.mark.parametrize(
    ("n_speakers", "n_permutations", "expected"),
    [(999, 99, "cross-fit"), (1_000, 99, "confirmation"), (999, 98, "confirmation")],
)
def test_small_corpora_are_cross_fitted_where_permutations_allow(n_speakers: int, n_permutations: int, expected: str) -> None:
    assert Plan(seed=0, n_permutations=n_permutations).basis_for(n_speakers) == expected


def test_a_basis_asked_for_is_the_basis() -> None:
    assert Plan(seed=0, basis="confirmation").basis_for(10) == "confirmation"
    assert Plan(seed=0, basis="cross-fit").basis_for(10**6) == "cross-fit"


@pytest.mark.parametrize(("asked", "n_methods", "expected"), [(199, 3, 199), (99, 3, 119), (19, 1, 39), (0, 20, 0)])
def test_permutations_suffice_for_the_smallest_p_to_survive_holm_over_the_methods(
    asked: int, n_methods: int, expected: int
) -> None:
    n_permutations = Plan(seed=0, n_permutations=asked).permutations_for(n_methods)
    assert n_permutations == expected
    assert not n_permutations or n_methods / (n_permutations + 1) <= 0.025
