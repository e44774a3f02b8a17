"""Results as data: JSON holds them, gives them back, and refuses what it does not know."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core import UNDEFINED, UNKNOWN, Estimate, Partition, audit_from, sha256_of
from fairasr.core.errors import IngestError
from fairasr.core.estimate import estimate_from, plain


def test_an_estimate_goes_through_json_and_back() -> None:
    for estimate in (Estimate(value=0.1, lo=-0.2, hi=0.4), UNDEFINED, Estimate(value=0.1, lo=math.nan, hi=math.nan)):
        again = estimate_from(json.loads(json.dumps(plain(estimate), allow_nan=False)))
        np.testing.assert_array_equal([again.value, again.lo, again.hi], [estimate.value, estimate.lo, estimate.hi])


def test_an_estimate_is_known_when_its_value_and_both_ends_are() -> None:
    assert Estimate(value=1, lo=0, hi=2).is_known
    assert not Estimate(value=1, lo=0, hi=math.inf).is_known
    assert not UNDEFINED.is_known


def test_whatever_a_result_holds_becomes_plain_data() -> None:
    value = {
        1: [np.int64(3), np.float32(0.5), np.bool_(True), math.nan, math.inf],
        "table": pd.DataFrame({"a": [1, 2], "b": [0.5, math.nan]}),
        "missing": (None, pd.NA, pd.NaT),
        "text": "x",
    }
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == {
        "1": [3, 0.5, True, None, None],
        "table": [{"a": 1, "b": 0.5}, {"a": 2, "b": None}],
        "missing": [None, None, None],
        "text": "x",
    }


def test_cohorts_are_sorted_with_the_unknown_last() -> None:
    labels = pd.Series(["z", UNKNOWN, "a", "z"], index=list("1234"))
    assert Partition(method="made", labels=labels, descriptions={}, used_scores=False).cohorts == ["a", "z", UNKNOWN]


@pytest.mark.parametrize(
    ("data", "message"),
    [({}, "this is not an audit result"), ({"format": "fairasr-audit", "format_version": 99}, "format version 99")],
    ids=str,
)
def test_what_is_no_audit_of_this_version_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(IngestError, match=message):
        audit_from(data)


def test_every_fault_of_a_damaged_audit_is_counted_and_the_first_is_told() -> None:
    report = {"cohorts": [{"cohort": "a", "description": "", "role": "", "suppressed": ""}], "map": None}
    bad = {"cohorts": [], "map": {"kind": "globe"}}
    data = {"format": "fairasr-audit", "format_version": 1, "focus": "two"}
    with pytest.raises(IngestError, match=r"its focus 'two' is none of its 0 systems \(1 such faults\)"):
        audit_from({**data, "systems": []})
    systems = [{"system": "two", "reports": {"geo-tree": report, "made": bad}}]
    with pytest.raises(IngestError, match=r"'made' of 'two' has no cohorts, .* \(2 such faults\)\. Run the audit again"):
        audit_from({**data, "systems": systems})
    systems = [{"system": "two", "reports": {"geo-tree": {**report, "map": {"kind": "globe"}}}}]
    with pytest.raises(IngestError, match="is of kind 'globe', none of boxes, areas, points, projection"):
        audit_from({**data, "systems": systems})


def test_the_hash_of_a_file_is_its_sha256_and_that_of_a_folder_knows_names_and_contents(tmp_path: Path) -> None:
    """SHA-256 of "abc" as printed in FIPS 180-4."""
    (tmp_path / "one").mkdir()
    file = tmp_path / "one" / "a"
    file.write_bytes(b"abc")
    assert sha256_of(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    of_folder = sha256_of(tmp_path / "one")
    file.rename(tmp_path / "one" / "b")
    renamed = sha256_of(tmp_path / "one")
    (tmp_path / "one" / "b").write_bytes(b"abd")
    assert len({of_folder, renamed, sha256_of(tmp_path / "one")}) == 3
