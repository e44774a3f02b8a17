"""The model card: where a model comes from, what it was trained on, how it does for whom, and what it is not good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from fairasr.core.errors import TrainingError

LIMITS = (
    "Error rates hold for the speakers measured and for speech like theirs; other speakers, microphones and topics were not.",
    "Cohorts are groups of speakers as the corpus or the audit names them. A cohort's mean says little of one speaker.",
    "A smaller gap between cohorts on one corpus has been seen to be larger on another: measure again on your own recordings.",
)
"""What every card says, besides what its caller knows."""


def model_card(
    *,
    name: str,
    base: str,
    method: str,
    settings: Mapping[str, Any],
    data: Mapping[str, float],
    hashes: Mapping[str, str],
    evaluation: Sequence[Mapping[str, Any]] = (),
    limits: Sequence[str] = (),
) -> str:
    """Markdown text of a model card.

    Args:
        name: of the model.
        base: the model it was trained from.
        method: that trained it.
        settings: of method and budget; nested mappings are written "budget.n_steps".
        data: what -> how many ("training speakers": 40): counts alone, so that no speaker can be named.
        hashes: what -> SHA-256 (of weights, corpus, job).
        evaluation: rows of a table, each with the same keys; numbers are written to four digits.
        limits: what else a user must know.

    Raises:
        TrainingError: `data` holds something that is no number, or the rows of `evaluation` differ in their keys.
    """
    named = [what for what, count in data.items() if isinstance(count, bool) or not isinstance(count, Real)]
    if named:
        raise TrainingError(
            f"{len(named)} of {len(data)} entries of a model card's data are not numbers (first: {named[0]!r}). "
            f"Give counts: a card names no speaker."
        )
    if len({tuple(row) for row in evaluation}) > 1:
        raise TrainingError("the rows of a model card's evaluation have different columns. Give each row the same keys.")
    sections = [
        f"# {_inline(name)}",
        f"Speech recogniser trained from **{_inline(base)}** by **{_inline(method)}** with fairasr.",
        "## Training",
        _table(("setting", "value"), _flat(settings)),
        "## Data",
        _table(("what", "how many"), [(what, _number(count)) for what, count in data.items()]),
        "## Evaluation",
        _evaluation(evaluation),
        "## Limits",
        "\n".join(f"- {_inline(limit)}" for limit in (*limits, *LIMITS)),
        "## Files",
        _table(("file", "SHA-256"), list(hashes.items())),
    ]
    return "\n\n".join(sections) + "\n"


def _evaluation(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "Not measured."
    return _table(tuple(rows[0]), [tuple(_number(value) for value in row.values()) for row in rows])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "None given."
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in line)} |" for line in lines)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in settings.items():
        flat += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", _number(value))]
    return flat


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _inline(text: str) -> str:
    """Text that cannot break out of its line or cell."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
