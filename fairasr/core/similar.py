"""Did you mean: of the names there are, the one that a misspelt name may stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" with the name most like it; "" where none is like it, for a message to go on with what there is.

    Examples:
        >>> did_you_mean("geo-tre", ["declared", "geo-tree"])
        "; did you mean 'geo-tree'?"
        >>> did_you_mean("astrology", ["declared", "geo-tree"])
        ''
    """
    similar = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{similar[0]}'?" if similar else ""
