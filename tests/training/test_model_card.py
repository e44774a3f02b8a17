"""The model card says what it was told, names nobody, and cannot be broken by what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from fairasr.core.errors import TrainingError
from fairasr.training import model_card

GIVEN: dict[str, Any] = {
    "name": "tiny-midlands",
    "base": "tiny",
    "method": "ewc",
    "settings": {"strength": 10.0, "budget": {"n_steps": 200, "learning_rate": 0.0001}},
    "data": {"training speakers": 40, "training hours": 1.25},
    "hashes": {"model.safetensors": "ab" * 32},
    "evaluation": [
        {"cohort": "midlands", "speakers": 12, "before": 0.25678, "after": 0.2},
        {"cohort": "others", "speakers": 80, "before": 0.1, "after": 0.1},
    ],
    "limits": ["Read speech only."],
}


def test_a_card_says_all_it_was_told() -> None:
    card = model_card(**GIVEN)
    for line in (
        "# tiny-midlands",
        "| strength | 10 |",
        "| budget.n_steps | 200 |",
        "| budget.learning_rate | 0.0001 |",
        "| training speakers | 40 |",
        "| cohort | speakers | before | after |",
        "| midlands | 12 | 0.2568 | 0.2 |",
        "- Read speech only.",
        f"| model.safetensors | {'ab' * 32} |",
    ):
        assert line in card.splitlines(), line
    assert model_card(**GIVEN) == card


def test_a_card_of_a_model_that_was_not_measured_says_so() -> None:
    assert "Not measured." in model_card(**{**GIVEN, "evaluation": ()}).splitlines()


@pytest.mark.parametrize("value", ["s01, s02", True, ["s01"]])
def test_a_card_takes_counts_alone_of_the_data(value: object) -> None:
    with pytest.raises(TrainingError, match=r"1 of 2 .* not numbers \(first: 'speakers'\)"):
        model_card(**{**GIVEN, "data": {"n": 3, "speakers": value}})


def test_rows_of_the_evaluation_must_be_alike() -> None:
    with pytest.raises(TrainingError, match="different columns"):
        model_card(**{**GIVEN, "evaluation": [{"a": 1}, {"b": 1}]})


def test_no_text_breaks_out_of_its_cell() -> None:
    card = model_card(**{**GIVEN, "name": "x\n# y", "evaluation": [{"cohort": "a|b\n| <script>", "n": 1}]})
    assert "# x # y" in card.splitlines()
    assert "| a\\|b \\| &lt;script> | 1 |" in card.splitlines()
