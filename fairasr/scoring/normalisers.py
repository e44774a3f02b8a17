"""The named normalisers: what is done to both texts before they are compared. A gap can turn on it, so the version is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairasr.core.errors import ScoringError
from fairasr.scoring.simple_normalisers import Basic, single_spaced, without_ascii_punctuation

WHISPER_NORMALIZER = "whisper-normalizer-0.1.15"


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """A profile: a name, the version of its rules, and how to make the function that applies them.

    Attributes:
        name: as users write it.
        version: of the rules; another version may give other words.
        description: one sentence for people.
        build: makes the function from a text to its words, single spaced; called once for each job, because some remember words.
    """

    name: str
    version: str
    description: str
    build: Callable[[], Callable[[str], str]]

    @property
    def label(self) -> str:
        """`name@version`, as results carry it."""
        return f"{self.name}@{self.version}"


def _english(*, with_additions: bool) -> Callable[[str], str]:
    from fairasr.scoring.english_normaliser import English

    return English(with_additions=with_additions)


NORMALISERS = {
    profile.name: profile
    for profile in (
        Normaliser(
            name="none",
            version="1",
            description="Words are what stands between white space; case and punctuation count.",
            build=lambda: single_spaced,
        ),
        Normaliser(
            name="basic",
            version=WHISPER_NORMALIZER,
            description="Lower case, no punctuation, no text in brackets; marks stay in their words, for every language.",
            build=lambda: Basic(keep_marks=True),
        ),
        Normaliser(
            name="english",
            version=WHISPER_NORMALIZER,
            description="Whisper's English: contractions, numbers, titles and British spellings written one way, fillers dropped.",
            build=lambda: _english(with_additions=True),
        ),
        Normaliser(
            name="ascii_punctuation",
            version="1",
            description="Lower case without ASCII punctuation, as several German papers score.",
            build=lambda: without_ascii_punctuation,
        ),
        Normaliser(
            name="whisper_basic",
            version=WHISPER_NORMALIZER,
            description="Whisper's own basic, which splits words at marks: only to compare with published figures.",
            build=lambda: Basic(keep_marks=False),
        ),
        Normaliser(
            name="whisper_english",
            version=f"{WHISPER_NORMALIZER}-without-its-additions",
            description="OpenAI's own English, which leaves kinda, sorta, dunno and cause: only to compare with published figures.",
            build=lambda: _english(with_additions=False),
        ),
    )
}
"""Name -> profile."""


def named(name: str) -> Normaliser:
    """The profile called `name`.

    Raises:
        ScoringError: there is none.
    """
    if name not in NORMALISERS:
        raise ScoringError(f"there is no normaliser {name!r}. Use one of {', '.join(NORMALISERS)}.")
    return NORMALISERS[name]


def normalise(texts: Iterable[str], *, profile: str) -> list[str]:
    """Each text's words under the profile, with one space between them; "" where no word is left. Equal texts are done once.

    Raises:
        ScoringError: there is no such profile, or it cannot read a text.
    """
    apply = named(profile).build()
    texts = list(texts)
    done = {text: apply(text) for text in dict.fromkeys(texts)}
    return [done[text] for text in texts]
