"""A result of any kind, read back from its folder or its report.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

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

Read = TypeVar("Read")

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
    return read_as(folder_or_json, _of_any_kind, what="a result of fairasr", remedy="Make the result again.")


def read_as(folder_or_json: str | Path, parse: Callable[[Mapping[str, Any]], Read], *, what: str, remedy: str) -> Read:
    """What `parse` makes of the report.json of a folder, or of the JSON file itself.

    Args:
        folder_or_json: where it is.
        parse: takes the data; may raise IngestError.
        what: is expected there, in words ("an audit").
        remedy: for a damaged one.

    Raises:
        IngestError: there is no such file, it is no JSON, not what was expected, of another version, or damaged.
    """
    path = Path(folder_or_json)
    path = path / JSON_NAME if path.is_dir() else path
    hint = f"Give the folder that {what} was written to, or its {JSON_NAME}."
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IngestError(f"cannot read {what} from {str(path)!r}: {error.strerror or error}. {hint}") from error
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{str(path)!r} is not JSON: {error}. {hint}") from error
    if not isinstance(data, dict):
        raise IngestError(f"{str(path)!r} holds a JSON {type(data).__name__}, not {what}. {hint}")
    try:
        return parse(data)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise IngestError(f"{str(path)!r} is damaged: {error!r} while reading it. {remedy}") from error


def _of_any_kind(data: Mapping[str, Any]) -> Result:
    name = data.get("format")
    if not isinstance(name, str) or name not in PARSERS:
        raise IngestError(f"this is no result of fairasr: its 'format' is none of {', '.join(PARSERS)}.")
    result = PARSERS[name](data)
    if isinstance(result, VerificationResult) and not result.systems:
        raise IngestError("this audit of speaker verification is damaged: it has no verifier. Make it again.")
    return result
