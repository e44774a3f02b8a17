"""Speaker verifiers: how often they err, group by group."""

from fairasr.verifying.audit import audit_verification

__all__ = ["audit_verification"]
