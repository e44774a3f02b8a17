"""What `fairasr turns` prints: readable in 80 columns, and every share with what it is a share of."""

from __future__ import annotations

import math

import pytest

from fairasr.cli.turns_summary import END_HEADINGS, WORD_HEADINGS, print_turns
from fairasr.scoring.turn_metrics import TurnMetrics


def metrics(band: str, *, n_ended: int, early_rate: float) -> TurnMetrics:
    """Figures as wide as they get: everything is lost or late."""
    known = 12.34 if n_ended else math.nan
    return TurnMetrics(
        band=band,
        n_mixtures=100_000,
        n_turns=200_105,
        n_ref_words=400_000,
        n_errors=400_000,
        counting_accuracy=1.0,
        majority_n_turns=2,
        majority_accuracy=1.0,
        counting_error=-10.5,
        n_lost=200_105,
        n_started=n_ended,
        start_latency_median_s=known,
        start_latency_p90_s=known,
        n_ended=n_ended,
        end_latency_median_s=known,
        end_latency_p90_s=known,
        early_rate=early_rate,
    )


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    bands = (metrics("all", n_ended=1, early_rate=1.0), metrics("20-40 %", n_ended=0, early_rate=math.nan))
    print_turns("sts", bands, ())
    return capsys.readouterr().out.splitlines()


def test_no_word_is_broken_and_no_row_takes_two_lines_in_80_columns(printed: list[str]) -> None:
    words = {word for line in printed for word in line.split()}
    headings = {word for heading in (*WORD_HEADINGS, *END_HEADINGS) for word in heading.split()}
    assert headings <= words
    assert len([line for line in printed if line.startswith("all ")]) == 2
    assert len([line for line in printed if line.startswith("20-40 % ")]) == 2
    rules = [position for position, line in enumerate(printed) if line.startswith("──")]
    assert [printed[rule + 1].split()[0] for rule in rules] == ["all", "all"]
    assert [printed[rule + 2].split()[0] for rule in rules] == ["20-40", "20-40"]
    assert max(map(len, printed)) <= 80


def test_the_share_ended_early_stands_beside_the_turns_it_is_of(printed: list[str]) -> None:
    row = next(line for line in reversed(printed) if line.startswith("all "))
    assert row.split() == ["all", "1", "of", "200,105", "12.34", "s", "12.34", "s", "100.0", "%"]
