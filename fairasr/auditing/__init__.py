"""The main job, composed of the stages: Manifest, Hypotheses -> Audit."""

from fairasr.auditing.audit import audit
from fairasr.auditing.choice import fitting_methods, recommended_groups
from fairasr.auditing.discover import discover_rules
from fairasr.auditing.plan import Plan
from fairasr.auditing.result import Audit
from fairasr.ingest.selection import selected

__all__ = ["Audit", "Plan", "audit", "discover_rules", "fitting_methods", "recommended_groups", "selected"]
