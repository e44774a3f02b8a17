"""Messages name the library's arguments; on the command line these are options."""

from __future__ import annotations

import re

OPTIONS = {
    "speaker_ids=False (--no-speaker-ids)": "--no-speaker-ids",
    "census= (on the command line --census)": "--census",
    "bad_rows=": "--bad-rows ",
    "allow_double_dipping=True": "--allow-double-dipping",
    "missing=": "--missing ",
    "encoding=": "--encoding ",
    "delimiter=": "--delimiter ",
    "columns=": "--column NAME=COLUMN",
    "recipe=": "--recipe ",
    "layout=": "--layout ",
    "min_speakers=": "--min-speakers ",
    "unit=": "--unit ",
}
"""How a message names an argument -> the option that sets it."""

_NAMED = re.compile(rf"(?<![\w-])({'|'.join(re.escape(name) for name in OPTIONS)})(?:'([\w-]+)')?")


def as_options(message: str) -> str:
    """`message` with the arguments it names as options: "missing='deletions'" is "--missing deletions"."""
    return _NAMED.sub(lambda found: f"{OPTIONS[found[1]]}{found[2]}" if found[2] else OPTIONS[found[1]].rstrip(), message)
