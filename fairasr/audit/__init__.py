"""The main job, composed of the stages: Manifest, Hypotheses -> Audit."""

from fairasr.audit.audit import audit
from fairasr.audit.plan import Plan
from fairasr.audit.result import Audit

__all__ = ["Audit", "Plan", "audit"]
