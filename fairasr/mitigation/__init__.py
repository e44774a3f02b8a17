"""Mitigations: methods that become hooks of the training loop, one file each in `methods/`."""

from fairasr.mitigation.base import Mitigation, Simple

__all__ = ["Mitigation", "Simple"]
