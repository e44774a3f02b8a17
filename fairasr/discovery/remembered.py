"""Results per manifest, kept while it lives: permutation tests ask the same of the same manifest hundreds of times."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from fairasr.core import Manifest

Result = TypeVar("Result")


class Remembered(Generic[Result]):
    """A function of a manifest that computes once per manifest object. Manifests are frozen, so the answer cannot go stale."""

    def __init__(self, function: Callable[[Manifest], Result]) -> None:
        self._function = function
        self._results: dict[int, Result] = {}

    def __call__(self, manifest: Manifest) -> Result:
        """The function's result for `manifest`."""
        # Keyed by identity: a manifest holds a table and has no hash. The entry goes when the manifest does, before its id can
        # be given to another object.
        key = id(manifest)
        if key not in self._results:
            self._results[key] = self._function(manifest)
            weakref.finalize(manifest, self._results.pop, key, None)
        return self._results[key]
