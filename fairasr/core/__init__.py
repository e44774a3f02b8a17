"""The types that flow. Data goes one way; a stage is a function from core types to a core type, and no stage knows another.

files            -> ingest      -> Manifest, Hypotheses
Manifest, Hypotheses -> scoring -> Counts
Manifest, Counts -> discovery   -> rule;  rule, Manifest -> Partition
Counts, Partition -> statistics -> DisparityReport, ChangeReport
all of these     -> audit       -> AuditResult
Trainable, rule  -> mitigation  -> MitigationResult
AuditResult, Comparison, MitigationResult -> report -> files
"""

from fairasr.core.audit import AuditResult, SystemResult, audit_from
from fairasr.core.comparison import Comparison, SystemChange, Verdict, comparison_from
from fairasr.core.counts import Counts
from fairasr.core.disparity import ChangeReport, DisparityReport, Gaps, Spread
from fairasr.core.estimate import UNDEFINED, Estimate
from fairasr.core.hypotheses import Hypotheses
from fairasr.core.manifest import Manifest
from fairasr.core.mitigation import MitigationResult, mitigation_from
from fairasr.core.partition import UNKNOWN, Partition
from fairasr.core.provenance import Provenance, sha256_of
from fairasr.core.rate import Rate, rate_from
from fairasr.core.verification import GroupReport, VerificationResult, VerifierResult, verification_from

__all__ = [
    "UNDEFINED",
    "UNKNOWN",
    "AuditResult",
    "ChangeReport",
    "Comparison",
    "Counts",
    "DisparityReport",
    "Estimate",
    "Gaps",
    "GroupReport",
    "Hypotheses",
    "Manifest",
    "MitigationResult",
    "Partition",
    "Provenance",
    "Rate",
    "Spread",
    "SystemChange",
    "SystemResult",
    "Verdict",
    "VerificationResult",
    "VerifierResult",
    "audit_from",
    "comparison_from",
    "mitigation_from",
    "rate_from",
    "sha256_of",
    "verification_from",
]
