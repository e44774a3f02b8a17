"""The characters a model writes, and how a reference becomes numbers: folded, marks read as spaces, the rest one by one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from fairasr.core.errors import ModelError

BLANK = 0
"""Number of the CTC blank; the symbols follow it."""

MARKS = '.,;:!?¡¿…"“”„«»()[]{}<>/\\|_-‐‑‒–—―*#'
"""Read as a space, as scoring does: they are written, not spoken. An apostrophe is part of its word."""

SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Characters and their numbers: `symbols[i]` is i + 1, 0 is the blank.

    Attributes:
        symbols: the characters, each once, as `folded` leaves them.
        ignored: characters that are read as a space.

    Raises:
        ModelError: no symbol, one twice, or one that folding changes and that could therefore never be written.
    """

    symbols: str
    ignored: str = MARKS

    def __post_init__(self) -> None:
        if not self.symbols.strip():
            raise ModelError("a vocabulary needs at least one symbol besides the space. Give references with text in them.")
        repeated = sorted({symbol for symbol in self.symbols if self.symbols.count(symbol) > 1})
        if repeated:
            raise ModelError(f"{len(repeated)} of {len(self.symbols)} symbols of the vocabulary repeat (first: {repeated[0]!r}).")
        unreachable = [symbol for symbol in self.symbols if symbol != " " and self.folded(symbol) != symbol]
        if unreachable:
            raise ModelError(
                f"{len(unreachable)} of {len(self.symbols)} symbols of the vocabulary are changed by folding "
                f"(first: {unreachable[0]!r}), so no text could hold them. Give lower-case symbols that are not ignored."
            )

    @classmethod
    def of(cls, references: Iterable[str], *, ignored: str = MARKS) -> Self:
        """The vocabulary of all characters in `references`, sorted.

        Raises:
            ModelError: there are none.
        """
        return cls(
            symbols="".join(sorted({symbol for text in references for symbol in folded(text, ignored=ignored)})), ignored=ignored
        )

    def __len__(self) -> int:
        """Numbers in use: the symbols and the blank."""
        return len(self.symbols) + 1

    def symbol(self, number: int) -> str:
        """The character of a number above 0."""
        return self.symbols[number - 1]

    def folded(self, text: str) -> str:
        """`text` as it is learned: composed (NFC), lower case, ignored marks and runs of white space as one space."""
        return folded(text, ignored=self.ignored)

    def unknown(self, text: str) -> list[str]:
        """Characters of the folded `text` that the vocabulary lacks, each once, in order of appearance."""
        return list(dict.fromkeys(symbol for symbol in self.folded(text) if symbol not in self.symbols))

    def obstacle(self, text: str) -> str | None:
        """Why `text` cannot be learned, in words that complete "it ..."; None where it can."""
        unknown = self.unknown(text)
        return f"has symbols outside the vocabulary ({named_few(unknown)})" if unknown else None

    def encode(self, text: str) -> list[int]:
        """Numbers of the characters of the folded `text`; [] for silence.

        Raises:
            ModelError: a character is not in the vocabulary.
        """
        obstacle = self.obstacle(text)
        if obstacle is not None:
            raise ModelError(
                f"the text {self.folded(text)[:40]!r} {obstacle}. Leave such utterances out, or train a vocabulary that has them."
            )
        return [self.symbols.index(symbol) + 1 for symbol in self.folded(text)]

    def decode(self, numbers: Sequence[int]) -> str:
        """Text of numbers without blanks, with single spaces and none at the ends."""
        return " ".join("".join(self.symbols[number - 1] for number in numbers).split())

    def to_json(self) -> dict[str, Any]:
        """Plain data for `from_json`."""
        return {"symbols": self.symbols, "ignored": self.ignored}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The vocabulary that `to_json` gave.

        Raises:
            ModelError: it is none.
        """
        symbols, ignored = data.get("symbols"), data.get("ignored")
        if not isinstance(symbols, str) or not isinstance(ignored, str):
            raise ModelError("the vocabulary is broken: 'symbols' and 'ignored' must be texts. Save the model again.")
        return cls(symbols=symbols, ignored=ignored)


def folded(text: str, *, ignored: str) -> str:
    """`text` as it is learned: composed (NFC), lower case, `ignored` characters and runs of white space as one space."""
    spaced = text.replace("’", "'").translate(dict.fromkeys(map(ord, ignored), " "))
    return " ".join(unicodedata.normalize("NFC", spaced.lower()).split())


def named_few(unknown: Sequence[str]) -> str:
    """The first few of them, and how many more there are: "'a', 'b' and 3 more"."""
    more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
    return ", ".join(map(repr, unknown[:SHOWN])) + more
