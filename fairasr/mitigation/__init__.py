"""Mitigations: methods that become hooks of the training loop, one file each in `methods/`. Importing this loads no torch."""

from __future__ import annotations

from typing import Any

from fairasr.mitigation.base import Mitigation, Simple
from fairasr.mitigation.registry import METHODS, Method, method_of, settings_of

__all__ = ["METHODS", "Method", "Mitigation", "Simple", "method_of", "settings_of"]


def __getattr__(name: str) -> Any:
    """The settings class of a method, such as `fairasr.mitigation.EWC`; its file is imported when it is asked for."""
    for method in METHODS.values():
        if method.settings == name:
            return method.load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
