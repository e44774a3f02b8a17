import csv
import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from example import cohort, example, geo_tree, system_result, table

from fairasr.core import AuditResult
from fairasr.core.disparity import COHORT_COLUMNS
from fairasr.report.export import cohorts_csv, cohorts_parquet, cohorts_table, json_bytes, rule_names


def with_labels(*labels: str) -> AuditResult:
    report = replace(geo_tree("a"), cohorts=table([cohort(label, label, -0.1) for label in labels]))
    return example(systems=(replace(system_result("conformer-large"), reports={"geo-tree": report}),))


def rows_of(result: AuditResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(cohorts_csv(result).decode(), newline="")))


def test_the_tidy_table_has_a_row_for_every_system_method_and_cohort() -> None:
    tidy = cohorts_table(example())
    # 3 systems x (30 regions + unknown without r-numbers lost: 30, 3 zip groups, 8 clusters, 3 accents)
    assert len(tidy) == 3 * (30 + 3 + 8 + 3)
    assert list(tidy.columns) == ["system", "method", "rate_name", "basis", *COHORT_COLUMNS]


def test_a_withheld_cohort_has_no_number_in_any_export() -> None:
    parquet = pq.read_table(io.BytesIO(cohorts_parquet(example()))).to_pandas()
    hidden = parquet[parquet["suppressed"] != ""]
    assert len(hidden) == 3 * 3
    numbers = [name for name in COHORT_COLUMNS if name not in ("cohort", "description", "role", "suppressed")]
    assert hidden[numbers].isna().all().all()
    for row in rows_of(example()):
        if row["suppressed"]:
            assert {row[name] for name in numbers} == {""}


def test_parquet_keeps_counts_as_integers_and_rates_as_floats() -> None:
    schema = pq.read_schema(io.BytesIO(cohorts_parquet(example())))
    assert str(schema.field("n_speakers").type) == "int64"
    assert str(schema.field("rate").type) == "double"
    assert str(schema.field("cohort").type) == "string"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_run_as_a_formula_gets_an_apostrophe_and_numbers_stay_numbers(start: str) -> None:
    label = f"{start}HYPERLINK(1)"
    row = rows_of(with_labels(label))[0]
    assert row["cohort"] == f"'{label}"
    assert float(row["rate"]) == -0.1


def test_the_same_result_gives_the_same_bytes() -> None:
    assert cohorts_parquet(example()) == cohorts_parquet(example())
    assert cohorts_csv(example()) == cohorts_csv(example())
    assert json_bytes(example().to_json()) == json_bytes(example().to_json())


def test_json_is_strict_and_sorted() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in JSON")

    data = json.loads(json_bytes({"b": float("nan"), "a": float("inf")}), parse_constant=refuse)
    assert list(data.items()) == [("a", None), ("b", None)]
    json.loads(json_bytes(example().to_json()), parse_constant=refuse)


def test_rule_files_have_names_that_every_file_system_takes_and_no_two_alike() -> None:
    names = rule_names(["declared:a/b", "declared:a b", "Declared:A/B", "../../etc/passwd", "geo-tree", "…", "x" * 300])
    assert names["geo-tree"] == "geo-tree.json"
    assert len({name.lower() for name in names.values()}) == len(names) == 7
    for name in names.values():
        assert name.isascii()
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 100
