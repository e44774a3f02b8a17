import math

import pandas as pd
import pytest

from fairasr.core import UNDEFINED, Estimate
from fairasr.report import numbers

RATE = Estimate(value=0.1234, lo=0.101, hi=0.149)


def ordinary(text: str) -> str:
    return text.replace(numbers.SPACE, " ").replace(numbers.MINUS, "-")


def test_a_rate_is_percent_with_one_decimal_and_its_interval_in_brackets() -> None:
    assert ordinary(numbers.percent_interval(RATE)) == "12.3 % [10.1, 14.9]"


def test_a_difference_is_signed_points() -> None:
    difference = Estimate(value=-0.0312, lo=-0.05, hi=0.01)
    assert ordinary(numbers.points_interval(difference)) == "-3.1 points [-5.0, +1.0]"


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT])
def test_a_missing_number_is_words_and_never_nan(missing: object) -> None:
    assert numbers.percent(missing, because="no reference words") == "not estimable (no reference words)"
    assert numbers.points(missing) == "not estimable"
    assert numbers.count(missing) == "not recorded"
    assert numbers.coefficient(missing) == "not estimable"


def test_an_undefined_estimate_gives_its_reason() -> None:
    assert numbers.percent_interval(UNDEFINED, because="too few speakers") == "not estimable (too few speakers)"
    assert numbers.points_interval(UNDEFINED) == "not estimable"


def test_a_value_without_interval_says_so() -> None:
    alone = Estimate(value=0.5, lo=math.nan, hi=math.nan)
    assert ordinary(numbers.percent_interval(alone)) == "50.0 % (no interval)"


@pytest.mark.parametrize(
    ("value", "in_text", "in_cell"),
    [
        (0.005, "p = 0.005", "0.005"),
        (0.0009, "p < 0.001", "< 0.001"),
        (0.001, "p = 0.001", "0.001"),
        (1.0, "p = 1.000", "1.000"),
        (None, "p not run", "not run"),
        (math.nan, "p not estimable", "not estimable"),
    ],
)
def test_p_values_are_written_as_a_reader_expects(value: float | None, in_text: str, in_cell: str) -> None:
    assert ordinary(numbers.p_equals(value)) == in_text
    assert ordinary(numbers.probability(value)) == in_cell


def test_no_sign_stands_before_a_zero_and_thousands_are_separated() -> None:
    assert numbers.decimal(-0.04) == "0.0"
    assert numbers.decimal(0.04, signed=True) == "0.0"
    assert numbers.decimal(-1234.56) == f"{numbers.MINUS}1,234.6"
    assert numbers.count(1_234_567) == "1,234,567"
