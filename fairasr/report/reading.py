"""A result of any kind, read back from its folder or its report.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fairasr.core import (
    AuditResult,
    Comparison,
    MitigationResult,
    VerificationResult,
    audit_from,
    comparison_from,
    mitigation_from,
    verification_from,
)
from fairasr.core import audit as audit_format
from fairasr.core import comparison as comparison_format
from fairasr.core import mitigation as mitigation_format
from fairasr.core import verification as verification_format
from fairasr.core.errors import IngestError

JSON_NAME = "report.json"

Result = AuditResult | Comparison | MitigationResult | VerificationResult

PARSERS: Mapping[str, Callable[[Mapping[str, Any]], Result]] = {
    audit_format.FORMAT: audit_from,
    comparison_format.FORMAT: comparison_from,
    mitigation_format.FORMAT: mitigation_from,
    verification_format.FORMAT: verification_from,
}
"""Format name in the file -> what reads it."""


def read_result(folder_or_json: str | Path) -> Result:
    """The audit, comparison, fine-tuning job or audit of speaker verification that was written to a folder.

    Raises:
        IngestError: there is no such file, it is no JSON, no result of fairasr, of another version, or damaged.
    """
    path = Path(folder_or_json)
    path = path / JSON_NAME if path.is_dir() else path
    hint = f"Give the folder that a result was written to, or its {JSON_NAME}."
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IngestError(f"cannot read the result {str(path)!r}: {error.strerror or error}. {hint}") from error
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{str(path)!r} is not JSON: {error}. {hint}") from error
    if not isinstance(data, dict) or not isinstance(data.get("format"), str) or data["format"] not in PARSERS:
        raise IngestError(f"{str(path)!r} is no result of fairasr: its 'format' is none of {', '.join(PARSERS)}. {hint}")
    try:
        result = PARSERS[data["format"]](data)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise IngestError(f"{str(path)!r} is damaged: {error!r} while reading it. Make the result again.") from error
    if isinstance(result, VerificationResult) and not result.systems:
        raise IngestError(f"{str(path)!r} is damaged: it has no verifier. Make the result again.")
    return result
