"""Whisper's English normaliser, word for word, at a fraction of its cost.

The original runs some seventy regular expressions over every text. Most words cannot be touched by any of them, so a text is cut
into plain chunks, which need at most an American spelling, and runs of the others, which go through the original between
two plain words and are remembered. Where a rule reaches further than a run, the whole text goes through the original. The
original is given only those of its replacements whose literal is in the text.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from fairasr.core.errors import ScoringError
from fairasr.scoring.simple_normalisers import single_spaced, without_asides

if TYPE_CHECKING:
    from whisper_normalizer.english import EnglishTextNormalizer

PLAIN_WORD = "x"
"""Stands for the plain neighbour of a run: no rule of the original knows it."""

ADDITIONS = ("kinda", "sorta", "dunno", "cause")
"""Words that whisper-normalizer 0.1.15 writes out ("kind of") and OpenAI's own normaliser leaves. On the seven audited accents of
EdAcc they move a WER by up to 0.3 points."""

HALF = "half"
"""Where "and a half" stands, one rule reaches around the plain word "a"."""

NUMBER_SUFFIXES = frozenset({"st", "nd", "rd", "th", "s"})
"""Words that the original joins to a number before them."""

_PLAIN_CHARACTERS = re.compile(r'[a-z.,?!;:"/-]+')
_LETTERS = re.compile(r"[a-z]+")


def _literal(pattern: str) -> str:
    """What a replacement's pattern looks for: all of them are plain text between word boundaries."""
    return pattern.replace(r"\b", "")


def _words_with_rules(original: EnglishTextNormalizer) -> frozenset[str]:
    """Words of letters alone that some rule of the original rewrites, drops, or looks for beside another word."""
    words = set(original.standardize_numbers.words) | NUMBER_SUFFIXES | {HALF}
    words.update(_LETTERS.findall(original.ignore_patterns.replace(r"\b", " ")))
    for pattern in original.replacers:
        literal = _literal(pattern)
        if "'" not in literal:
            words.add(literal)
        elif " " in literal:
            words.add(literal.split(" ")[1])
    return frozenset(words)


class _PlainChunks(dict[str, str | None]):
    """Chunk (no white space in it) -> its words as the original writes them wherever it stands, None where that depends."""

    def __init__(self, original: EnglishTextNormalizer) -> None:
        super().__init__()
        self._ruled = _words_with_rules(original)
        self._spellings: dict[str, str] = original.standardize_spellings.mapping

    def __missing__(self, chunk: str) -> str | None:
        self[chunk] = self._classify(chunk)
        return self[chunk]

    def _classify(self, chunk: str) -> str | None:
        # Of two periods in a row the original keeps one, so that what follows decides.
        if _PLAIN_CHARACTERS.fullmatch(chunk) is None or ".." in chunk:
            return None
        words = _LETTERS.findall(chunk)
        if not words or not self._ruled.isdisjoint(words):
            return None
        return " ".join(self._spellings.get(word, word) for word in words)


class _FarReaching(dict[str, bool]):
    """Chunk -> whether a rule of the original may reach from it past plain words."""

    def __init__(self, original: EnglishTextNormalizer) -> None:
        super().__init__()
        # White space before an apostrophe goes away, also where a filler in between was dropped: " uh's" joins the word before.
        self._joins_word_before = re.compile(rf"(?:{original.ignore_patterns})?'")

    def __missing__(self, chunk: str) -> bool:
        from whisper_normalizer.basic import remove_symbols_and_diacritics

        has_half = HALF in remove_symbols_and_diacritics(chunk)
        self[chunk] = has_half or self._joins_word_before.match(chunk) is not None
        return self[chunk]


class English:
    """Whisper's English normaliser (Radford et al. 2022, appendix C) as whisper-normalizer 0.1.15 has it.

    The output equals that of the original with white space at the ends removed. Keeps what it has met: make one for each job.

    Args:
        with_additions: write out `ADDITIONS` too, as the package does; False leaves them, as OpenAI's own does.
    """

    def __init__(self, *, with_additions: bool = True) -> None:
        from whisper_normalizer.english import EnglishTextNormalizer

        self._original = EnglishTextNormalizer()
        if not with_additions:
            for word in ADDITIONS:
                del self._original.replacers[rf"\b{word}\b"]
        self._replacements = [(_literal(pattern), pattern, text) for pattern, text in self._original.replacers.items()]
        self._plain = _PlainChunks(self._original)
        self._far_reaching = _FarReaching(self._original)
        self._runs: dict[tuple[str, bool, bool], str | None] = {}

    def __call__(self, text: str) -> str:
        """The words of `text` as the original writes them.

        Raises:
            ScoringError: a number has more digits than the original can read.
        """
        try:
            return self._words(text)
        except (AssertionError, ValueError) as error:
            shown = repr(text) if len(text) <= 60 else f"{text[:60]!r}..."
            raise ScoringError(
                f"normaliser 'english' cannot read a number in {shown}: it has more than {sys.get_int_max_str_digits():,} digits. "
                f"Take the utterance out, or use normaliser 'basic'."
            ) from error

    def _words(self, text: str) -> str:
        lowered = without_asides(text.lower())
        chunks = lowered.split()
        words = [self._plain[chunk] for chunk in chunks]
        if None in words:
            return self._with_runs(lowered, chunks, words)
        return " ".join(words)  # type: ignore[arg-type]  # no None among them

    def _with_runs(self, lowered: str, chunks: list[str], words: list[str | None]) -> str:
        if any(self._far_reaching[chunk] for chunk, word in zip(chunks, words, strict=True) if word is None):
            return self._by_original(lowered)
        # "he'd been" is one rule with exactly one space in it.
        if "'" in lowered and " ".join(chunks) != lowered.strip():
            return self._by_original(lowered)
        parts: list[str] = []
        start = 0
        while start < len(chunks):
            word = words[start]
            stop = start + 1
            if word is None:
                while stop < len(chunks) and words[stop] is None:
                    stop += 1
                word = self._run(" ".join(chunks[start:stop]), start == 0, stop == len(chunks))
                if word is None:
                    return self._by_original(lowered)
            if word:
                parts.append(word)
            start = stop
        return " ".join(parts)

    def _run(self, run: str, is_first: bool, is_last: bool) -> str | None:
        """What the original makes of `run` between plain words; None where it touched those."""
        key = (run, is_first, is_last)
        if key not in self._runs:
            before, after = ("" if is_first else f"{PLAIN_WORD} "), ("" if is_last else f" {PLAIN_WORD}")
            self._runs[key] = _without_neighbours(self._by_original(f"{before}{run}{after}"), is_first=is_first, is_last=is_last)
        return self._runs[key]

    def _by_original(self, lowered: str) -> str:
        """What the original makes of a text that is in lower case and without asides, single spaced."""
        # A letters-only literal stands in the text or nowhere: no other rule makes one. Apostrophes may meet letters on the way.
        self._original.replacers = {
            pattern: replacement
            for literal, pattern, replacement in self._replacements
            if literal in lowered or ("'" in literal and "'" in lowered)
        }
        return single_spaced(self._original(lowered))


def _without_neighbours(text: str, *, is_first: bool, is_last: bool) -> str | None:
    words = text.split()
    if not is_first and (not words or words.pop(0) != PLAIN_WORD):
        return None
    if not is_last and (not words or words.pop() != PLAIN_WORD):
        return None
    return " ".join(words)
