"""Whole words as the symbols a model writes, and symbols that are no words, such as where a turn starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from fairasr.core.errors import ModelError
from fairasr.models.vocabulary import MARKS, folded, named_few


@dataclass(frozen=True, kw_only=True)
class WordVocabulary:
    """Words and their numbers: 0 is the blank, `special[i]` is i + 1, the words follow.

    Attributes:
        words: each once, as `folded` leaves them.
        special: symbols that no text holds and none is decoded to; each once.
        ignored: characters that are read as a space.

    Raises:
        ModelError: no word, one twice, one that folding changes and that could therefore never be written, or a special symbol
            that is a word.
    """

    words: tuple[str, ...]
    special: tuple[str, ...] = ()
    ignored: str = MARKS

    def __post_init__(self) -> None:
        if not self.words:
            raise ModelError("a vocabulary needs at least one word. Give references with text in them.")
        symbols = (*self.special, *self.words)
        repeated = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}) if len(set(symbols)) < len(symbols) else []
        if repeated:
            raise ModelError(f"{len(repeated)} of {len(symbols)} symbols of the vocabulary repeat (first: {repeated[0]!r}).")
        unreachable = [word for word in self.words if self.folded(word) != word or not word or " " in word]
        if unreachable:
            raise ModelError(
                f"{len(unreachable)} of {len(self.words)} words of the vocabulary are changed by folding or are several "
                f"(first: {unreachable[0]!r}), so no text could hold them. Give single lower-case words without ignored characters."
            )

    @classmethod
    def of(cls, references: Iterable[str], *, special: Sequence[str] = (), ignored: str = MARKS) -> Self:
        """The vocabulary of all words in `references`, sorted.

        Raises:
            ModelError: there are none.
        """
        words = {word for text in references for word in folded(text, ignored=ignored).split()}
        return cls(words=tuple(sorted(words)), special=tuple(special), ignored=ignored)

    def __len__(self) -> int:
        """Numbers in use: the symbols and the blank."""
        return 1 + len(self.special) + len(self.words)

    def number(self, symbol: str) -> int:
        """Number of a word or special symbol.

        Raises:
            ModelError: there is none such.
        """
        if symbol not in self._numbers:
            raise ModelError(f"the symbol {symbol!r} is none of the {len(self._numbers):,} of the vocabulary.")
        return self._numbers[symbol]

    def symbol(self, number: int) -> str:
        """The word or special symbol of a number above 0."""
        return self._symbols[number - 1]

    def folded(self, text: str) -> str:
        """`text` as it is learned: composed (NFC), lower case, ignored marks and runs of white space as one space."""
        return folded(text, ignored=self.ignored)

    def unknown(self, text: str) -> list[str]:
        """Words of the folded `text` that the vocabulary lacks, each once, in order of appearance."""
        return list(dict.fromkeys(word for word in self.folded(text).split() if not self._is_word(word)))

    def obstacle(self, text: str) -> str | None:
        """Why `text` cannot be learned, in words that complete "it ..."; None where it can."""
        unknown = self.unknown(text)
        return f"has words outside the vocabulary ({named_few(unknown)})" if unknown else None

    def encode(self, text: str) -> list[int]:
        """Numbers of the words of the folded `text`; [] for silence.

        Raises:
            ModelError: a word is not in the vocabulary.
        """
        obstacle = self.obstacle(text)
        if obstacle is not None:
            raise ModelError(
                f"the text {self.folded(text)[:40]!r} {obstacle}. Leave such utterances out, or train a vocabulary that has them."
            )
        return [self._numbers[word] for word in self.folded(text).split()]

    def decode(self, numbers: Sequence[int]) -> str:
        """Words of numbers without blanks, with single spaces; special symbols are left out."""
        first = 1 + len(self.special)
        return " ".join(self.words[number - first] for number in numbers if number >= first)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `from_json`."""
        return {"words": list(self.words), "special": list(self.special), "ignored": self.ignored}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The vocabulary that `to_json` gave.

        Raises:
            ModelError: it is none.
        """
        words, special, ignored = data.get("words"), data.get("special"), data.get("ignored")
        lists = isinstance(words, list) and isinstance(special, list) and all(isinstance(symbol, str) for symbol in words + special)
        if not lists or not isinstance(ignored, str):
            raise ModelError(
                "the vocabulary is broken: 'words' and 'special' must be lists of texts, 'ignored' a text. Save the model again."
            )
        return cls(words=tuple(words or ()), special=tuple(special or ()), ignored=ignored)

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        return (*self.special, *self.words)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: 1 + place for place, symbol in enumerate(self._symbols)}

    def _is_word(self, symbol: str) -> bool:
        return self._numbers.get(symbol, 0) > len(self.special)
