"""What an address asks to be shown. Everything that is chosen stands in it, so that it can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fairasr.report.wording import clipped

MOST_NAMED = 8
LONGEST_TEXT = 200
MOST_DIGITS = 10
"""Of a number in an address: Python refuses to read thousands of them."""

SAFE = "/~"
"""Characters of a path that an address holds as they are, besides letters, digits and "_.-"."""


class AddressError(Exception):
    """An address asks for what is not there; `parts` says so, one sentence each."""

    def __init__(self, parts: Iterable[str]) -> None:
        self.parts = tuple(parts)
        super().__init__(" ".join(self.parts))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing that can be chosen.

    Attributes:
        name: in the address.
        words: what it is called on the page.
        options: value -> what it is called.
        default: the value that the address need not say.
        is_text: whether any text of at most `LONGEST_TEXT` characters will do.
        is_number: whether the text is a number from 1.
        resets: names of choices that go back to their defaults when this one changes.
    """

    name: str
    words: str
    options: Mapping[str, str]
    default: str
    is_text: bool = False
    is_number: bool = False
    resets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One value of a choice on the page; `link` is "" where a page cannot lead anywhere."""

    words: str
    link: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Control:
    """A choice as the page offers it."""

    name: str
    words: str
    options: tuple[Option, ...]


class Address:
    """A path and the value of every choice.

    Args:
        path: without a query.
        choices: in the order they stand in the address.
        given: the query; names that are no choice are ignored.
        is_static: whether it is of a page that stands alone, whose links would lead nowhere: they are all "".

    Raises:
        AddressError: a value is none of a choice's options.
    """

    def __init__(self, path: str, choices: Iterable[Choice], given: Mapping[str, str], *, is_static: bool = False) -> None:
        self.path, self.is_static = path, is_static
        self.choices = {choice.name: choice for choice in choices}
        self.values = {name: given.get(name, choice.default) for name, choice in self.choices.items()}
        broken = [_broken(choice, self.values[name]) for name, choice in self.choices.items()]
        if any(broken):
            raise AddressError(part for part in broken if part)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def link(self, *, path: str | None = None, **changes: str) -> str:
        """The address with some choices changed, what depends on them reset, and defaults left out; "" on a static page."""
        if self.is_static:
            return ""
        values = dict(self.values)
        for name, value in changes.items():
            if values[name] != value:
                values |= {other: self.choices[other].default for other in self.choices[name].resets if other not in changes}
            values[name] = value
        query = urlencode({name: value for name, value in values.items() if value != self.choices[name].default})
        place = quote(self.path if path is None else path, safe=SAFE)
        return f"{place}?{query}" if query else place

    def beside(self, what: str) -> str:
        """The address of what this page can be taken away as: "csv" its table, "export" itself."""
        return self.link(path=f"/{what}/{self.path.removeprefix('/result/')}")

    @property
    def given_names(self) -> list[str]:
        """Names of the choices that are not at their defaults."""
        return [name for name, choice in self.choices.items() if self.values[name] != choice.default]

    def control(self, name: str) -> Control:
        """A choice with its options, each with its link."""
        choice = self.choices[name]
        return Control(
            name=name,
            words=choice.words,
            options=tuple(
                Option(words=words, link=self.link(**{name: value}), is_current=value == self.values[name])
                for value, words in choice.options.items()
            ),
        )


def whole_number(text: str) -> int | None:
    """The number that at most `MOST_DIGITS` digits of an address stand for; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _broken(choice: Choice, value: str) -> str:
    if choice.is_number:
        number = whole_number(value)
        return "" if number else f"{choice.words}: {clipped(value)!r} is no number from 1."
    if choice.is_text:
        too_long = len(value) > LONGEST_TEXT
        return f"{choice.words}: {len(value):,} characters are more than {LONGEST_TEXT}. Shorten it." if too_long else ""
    if value in choice.options or value == choice.default:
        return ""
    named = [clipped(option) for option in choice.options if option]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"{choice.words}: there is no {clipped(value)!r}; there are {', '.join(named[:MOST_NAMED])}{more}."
