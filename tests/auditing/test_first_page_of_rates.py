"""Which audit the first page shows, and what it says of it beside others: errors before other rates, but a gap before none."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from counted_world import COMPUTE, LOST, counted

import fairasr as fa
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.report.export import json_bytes


def without_gap(data: Any) -> Any:
    """The same result with every p far from significant."""
    if isinstance(data, dict):
        return {key: 0.9 if key in ("p_value", "p_adjusted") else without_gap(value) for key, value in data.items()}
    return [without_gap(value) for value in data] if isinstance(data, list) else data


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """report.json of an audit of errors, the same without a gap that is shown, and audits of two other rates."""
    table = counted()
    n_lost = 2 * table["lost"] + table.index // 6 % 2  # not alike within a group, or there is no interval
    texts = table.assign(reference="a b c d e f g h", hypothesis=["a b c d e f g h"[2 * number :] for number in n_lost])
    options: Any = {"seed": 0, "n_permutations": 99, "methods": ("declared:accent",)}
    audits = {
        "errors": fa.audit(texts, title="Audit of errors", **options),
        "compute": fa.audit(
            counted(), rate=COMPUTE, title="Audit of compute", **{**options, "methods": ("geo-tree", *options["methods"])}
        ),
        "lost": fa.audit(counted(), rate=LOST, title="Audit of lost", **options),
    }
    plain = {name: json.loads(json_bytes(result.to_json())) for name, result in audits.items()}
    return {**plain, "no-gap": without_gap(plain["errors"])}


def first_page(folder: Path, results: dict[str, Any]) -> str:
    for name, data in results.items():
        (folder / name).mkdir()
        (folder / name / "report.json").write_text(json.dumps(data), encoding="utf-8")
    client = application(Library(folder), Access(host="127.0.0.1")).test_client()
    page = client.get("/", headers={"Host": "127.0.0.1:8050"}).get_data(as_text=True)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))


def page_of(folder: Path, results: dict[str, Any], *names: str) -> str:
    return first_page(folder, {f"{number}-{name}": results[name] for number, name in enumerate(names)})


def test_an_audit_of_errors_comes_first_and_is_compared_with_errors_alone(results: dict[str, Any], tmp_path: Path) -> None:
    said = page_of(tmp_path, results, "compute", "errors", "no-gap")
    assert "Who is served worst" in said
    assert ", of 2 audits of errors the one with the largest gap that is shown." in said
    assert "Who is ranked highest" not in said


def test_a_gap_of_another_rate_comes_before_errors_without_one(results: dict[str, Any], tmp_path: Path) -> None:
    said = page_of(tmp_path, results, "no-gap", "compute", "compute")
    assert "From 1-compute (Audit of compute), of 2 audits of this rate the one with the largest gap that is shown." in said
    assert "Who is ranked highest" in said
    assert "Who is served worst" not in said
    assert "what they said" not in said, "a rate has no texts"


def test_rates_of_different_units_are_not_compared(results: dict[str, Any], tmp_path: Path) -> None:
    assert "largest gap" not in page_of(tmp_path, results, "compute", "lost")


def test_without_a_gap_that_is_shown_none_is_called_the_largest(results: dict[str, Any], tmp_path: Path) -> None:
    said = page_of(tmp_path, results, "no-gap", "no-gap")
    assert "From " in said
    assert "largest gap" not in said


def test_all_audits_of_one_kind_are_counted_together(results: dict[str, Any], tmp_path: Path) -> None:
    assert ", of 2 audits the one with the largest gap that is shown." in page_of(tmp_path, results, "errors", "no-gap")
