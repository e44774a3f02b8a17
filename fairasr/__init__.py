"""fairasr: find the speakers a recogniser fails, say honestly by how much, and mend it.

    import fairasr as fa
    audit = fa.audit("utterances.parquet", seed=0)
    audit.summary
    audit.write("reports/audit")

Names are imported when used, so that `import fairasr` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fairasr.version import __version__

if TYPE_CHECKING:
    from fairasr.auditing import Audit, audit
    from fairasr.comparing import compare_systems
    from fairasr.core import AuditResult, Comparison, Counts, Hypotheses, Manifest, MitigationResult, Partition, Rate
    from fairasr.discovery import read_rule
    from fairasr.ingest import Corpus, read
    from fairasr.mitigating import Mitigated, mitigate
    from fairasr.report import read_audit
    from fairasr.scoring import align, normalise, score
    from fairasr.statistics import compare

_HOMES = {
    "Audit": "fairasr.auditing",
    "AuditResult": "fairasr.core",
    "Comparison": "fairasr.core",
    "Corpus": "fairasr.ingest",
    "Counts": "fairasr.core",
    "Hypotheses": "fairasr.core",
    "Manifest": "fairasr.core",
    "Mitigated": "fairasr.mitigating",
    "MitigationResult": "fairasr.core",
    "Partition": "fairasr.core",
    "Rate": "fairasr.core",
    "VerificationResult": "fairasr.core",
    "align": "fairasr.scoring",
    "audit": "fairasr.auditing",
    "audit_verification": "fairasr.verifying",
    "compare": "fairasr.statistics",
    "compare_systems": "fairasr.comparing",
    "mitigate": "fairasr.mitigating",
    "normalise": "fairasr.scoring",
    "read": "fairasr.ingest",
    "read_audit": "fairasr.report",
    "read_result": "fairasr.report",
    "read_rule": "fairasr.discovery",
    "score": "fairasr.scoring",
}

__all__ = [
    "Audit",
    "AuditResult",
    "Comparison",
    "Corpus",
    "Counts",
    "Hypotheses",
    "Manifest",
    "Mitigated",
    "MitigationResult",
    "Partition",
    "Rate",
    "VerificationResult",
    "__version__",
    "align",
    "audit",
    "audit_verification",
    "compare",
    "compare_systems",
    "mitigate",
    "normalise",
    "read",
    "read_audit",
    "read_result",
    "read_rule",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fairasr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
