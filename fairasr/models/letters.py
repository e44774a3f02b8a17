"""The letters of a CTC model from a Hugging Face folder: how a reference becomes numbers, and numbers a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from fairasr.core.errors import ModelError
from fairasr.models.hugging_face import read_json
from fairasr.models.vocabulary import MARKS

VOCABULARY_FILE = "vocab.json"
DELIMITER = "|"
"""What Wav2Vec2CTCTokenizer writes between words unless its settings say otherwise."""
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
"""Tokens of Wav2Vec2CTCTokenizer that are no letters, unless its settings name others."""
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Symbols of a model and their numbers.

    Attributes:
        numbers: symbol -> its number, special ones left out. Texts are read character by character, so only symbols of one
            character are ever learned; longer ones can be written.
        delimiter: the symbol between words; "": words are not separated.
    """

    numbers: Mapping[str, int]
    delimiter: str

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Of a model folder: vocab.json, and what the tokeniser's settings say of it if they are there.

        Raises:
            ModelError: there is no vocab.json, or it is not one of symbols and numbers.
        """
        vocabulary = read_json(folder, VOCABULARY_FILE)
        settings = {
            key: value
            for name in ("special_tokens_map.json", "tokenizer_config.json")
            if (folder / name).is_file()
            for key, value in read_json(folder, name).items()
        }
        if (folder / "added_tokens.json").is_file():
            vocabulary |= read_json(folder, "added_tokens.json")
        wrong = [symbol for symbol, number in vocabulary.items() if not isinstance(number, int) or isinstance(number, bool)]
        if wrong:
            raise ModelError(
                f"{len(wrong)} of {len(vocabulary)} entries of {VOCABULARY_FILE} in {folder} have no number (first: {wrong[0]!r}). "
                f"If it holds several languages, save the model with one of them."
            )
        special = {_content(settings.get(key) or usual) for key, usual in SPECIAL.items()}
        special |= {_content(token) for token in settings.get("additional_special_tokens") or ()}
        wanted = _content(settings.get("word_delimiter_token") or DELIMITER)
        return cls(
            numbers={symbol: number for symbol, number in vocabulary.items() if symbol not in special},
            delimiter=next((symbol for symbol in (wanted, " ") if symbol in vocabulary), ""),
        )

    @cached_property
    def _symbols(self) -> dict[int, str]:
        return {number: symbol for symbol, number in self.numbers.items()}

    @cached_property
    def _case(self) -> str:
        """The only case that the letters have: "upper", "lower", or "" where they have both or none."""
        single = [symbol for symbol in self.numbers if len(symbol) == 1]
        upper, lower = any(symbol.isupper() for symbol in single), any(symbol.islower() for symbol in single)
        return "" if upper == lower else "upper" if upper else "lower"

    def folded(self, text: str) -> str:
        """`text` as it is learned: composed (NFC), in the vocabulary's case, marks it lacks and white space as one space."""
        if "’" not in self.numbers:
            text = text.replace("’", "'")
        text = unicodedata.normalize("NFC", text)
        text = text.upper() if self._case == "upper" else text.lower() if self._case == "lower" else text
        lacking = {ord(mark): " " for mark in MARKS if mark not in self.numbers or mark == self.delimiter}
        return " ".join(text.translate(lacking).split())

    def obstacle(self, text: str) -> str | None:
        """Why `text` cannot be learned, in words that complete "it ..."; None where it can."""
        unknown = list(dict.fromkeys(letter for letter in self.folded(text) if letter != " " and letter not in self.numbers))
        if not unknown:
            return None
        first = ", ".join(map(repr, unknown[:SHOWN])) + (f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else "")
        return f"has symbols outside the vocabulary ({first})"

    def encode(self, text: str) -> list[int]:
        """Numbers of the folded `text`; [] for silence.

        Raises:
            ModelError: a character is not in the vocabulary.
        """
        obstacle = self.obstacle(text)
        if obstacle is not None:
            raise ModelError(f"the text {text[:40]!r} {obstacle}. Leave such utterances out, or use a model that has them.")
        between = [self.numbers[self.delimiter]] if self.delimiter else []
        words = [[self.numbers[letter] for letter in word] for word in self.folded(text).split()]
        return _joined(words, between)

    def decode(self, numbers: Sequence[int]) -> str:
        """Text of numbers without blanks, with single spaces and none at the ends; special symbols say nothing."""
        symbols = (self._symbols.get(number, "") for number in numbers)
        return " ".join("".join(" " if symbol == self.delimiter else symbol for symbol in symbols).split())


def _joined(words: Iterable[list[int]], between: list[int]) -> list[int]:
    joined: list[int] = []
    for word in words:
        joined += [*between, *word] if joined else word
    return joined


def _content(token: Any) -> str:
    """Text of a token as settings give it: plain, or with how it is stripped."""
    return str(token.get("content", "")) if isinstance(token, Mapping) else str(token)
