"""Rate: two counts of every utterance whose ratio is audited, where it is no error rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fairasr.core.errors import SchemaError

ERROR_RATES = ("WER", "CER")
"""Names that mean errors counted from transcripts; a rate of other counts may not bear them."""

RESERVED = frozenset({"utterance_id", "speaker_id", "cell", "reference", "system", "hypothesis", "embedding", "n_utterances"})
"""Columns that mean something else to fairasr, so that they hold no counts."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Numerator / denominator, each the name of a column of whole numbers >= 0 with one value per utterance.

    Sums over sums, as with errors and words: compute per second of a group is all its operations over all its time.

    Attributes:
        name: what the rate is called in reports ("compute per second of audio").
        numerator: column; `NUMERATOR:SYSTEM` columns hold those of several systems.
        denominator: column; the same for every system.
        unit: of numerator / denominator ("Gflop/s"), written behind every value; "" for none.
        share: whether the numerator is a part of the denominator (lost turns of turns), and the rate shown in percent.

    Raises:
        SchemaError: it has no name, one that means errors, a unit beside a share, or columns that cannot hold its counts.
    """

    name: str
    numerator: str
    denominator: str
    unit: str = ""
    share: bool = False

    def __post_init__(self) -> None:
        columns = (self.numerator, self.denominator)
        rules = {
            "it has no name": self.name.strip() != "",
            f"it is called {self.name!r}, which means errors in transcripts": self.name.strip().upper() not in ERROR_RATES,
            "a column has no name": all(column.strip() for column in columns),
            f"numerator and denominator are the same column {self.numerator!r}": self.numerator != self.denominator,
            f"a column is one of {', '.join(sorted(RESERVED))}, which hold no counts": not RESERVED & set(columns),
            f"it is a share, in percent, and has the unit {self.unit!r}": not (self.share and self.unit),
        }
        broken = [wording for wording, kept in rules.items() if not kept]
        if broken:
            raise SchemaError(
                f"the rate {self.numerator!r} / {self.denominator!r} breaks {len(broken)} of {len(rules)} rules: "
                f"{'; '.join(broken)}. Name two columns of whole numbers and what their ratio is."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data; `rate_from` reads it back."""
        return asdict(self)


def rate_from(data: Mapping[str, Any] | None) -> Rate | None:
    """The Rate that `to_json` wrote; None of None, which stands for an error rate."""
    return None if data is None else Rate(**data)
