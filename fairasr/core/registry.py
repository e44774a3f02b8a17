"""A registry: what there is by name, ours and what other packages register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry]):
    """Our entries and those of other packages, which are looked up each time; one of theirs cannot take the name of one of ours.

    Args:
        ours: name -> entry, in the order in which they are listed, after theirs.
        theirs: gives the entries that other packages register.
    """

    def __init__(self, ours: Mapping[str, Entry], *, theirs: Callable[[], Mapping[str, Entry]]) -> None:
        self._ours, self._theirs = dict(ours), theirs

    def _all(self) -> dict[str, Entry]:
        return {**self._theirs(), **self._ours}

    def __getitem__(self, name: str) -> Entry:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())
