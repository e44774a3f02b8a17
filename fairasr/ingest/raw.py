"""RawCorpus: what a layout's reader hands on, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class RawCorpus:
    """Utterances and hypotheses as text.

    Attributes:
        utterances: table of text, one row per utterance (or per utterance x system), columns named as in the source
            except those the layout defines, which have fairasr's names already.
        folder: audio paths are relative to it and must stay below it.
        files: every file read, as given.
        hypotheses: table of text `utterance_id`, `system`, `hypothesis`; None where they are columns of `utterances` or not given.
        set_aside: rows the layout itself says are not to be scored, with `reason`.
        notes: what was recognised and assumed, in sentences.
    """

    utterances: pd.DataFrame
    folder: Path
    files: tuple[Path, ...] = ()
    hypotheses: pd.DataFrame | None = None
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"reason": pd.Series(dtype=object)}))
    notes: tuple[str, ...] = ()
