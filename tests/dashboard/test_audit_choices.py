"""What an audit's page lets one choose: the grouping stays when the system changes, and characters are called so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from example import example, system_result
from kept_world import audit_of, write_audit, write_kept

from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.audit_choices import audit_address
from fairasr.dashboard.results import Library
from fairasr.report.headline import supported_report


def test_choosing_another_system_keeps_the_grouping() -> None:
    other = system_result("other")
    unsure = {**other.reports, "geo-tree": replace(other.reports["geo-tree"], p_adjusted=0.5)}
    first = example().system(example().focus)
    result = example(systems=(first, replace(other, reports=unsure)), comparisons=())
    supported = [supported_report(system) for system in result.systems]
    assert [None if report is None else report.method for report in supported] == ["geo-tree", "zip-demographics"]
    assert audit_address("/result/a", result, {})["method"] == "geo-tree"
    chosen = audit_address("/result/a", result, {"system": "other"})
    assert chosen["method"] == "geo-tree"
    assert "r00" in chosen.choices["cohort"].options


def test_a_system_without_the_grouping_has_no_groups_to_choose() -> None:
    bare = replace(system_result("other"), reports={})
    result = example(systems=(example().system(example().focus), bare), comparisons=())
    address = audit_address("/result/a", result, {"system": "other"})
    assert (address["method"], address.choices["cohort"].options) == ("geo-tree", {})


def test_characters_are_called_characters_where_they_are_counted(tmp_path: Path) -> None:
    texts = {}
    for rate_name in ("WER", "CER"):
        folder = tmp_path / rate_name
        write_kept(folder, write_audit(folder, rate_name=rate_name))
        client = application(Library(tmp_path), Access(host="127.0.0.1")).test_client()
        answer = client.get(f"/result/{rate_name}?cohort=r00", headers={"Host": "127.0.0.1:8050"})
        assert answer.status_code == 200
        texts[rate_name] = answer.get_data(as_text=True)
    said = ("{0}s left out", "wrong {0}s", "1 error in 2 {0}s", "of the {0}s said")
    for rate_name, unit, other in (("WER", "word", "character"), ("CER", "character", "word")):
        for words in said:
            assert words.format(unit) in texts[rate_name], words
            assert words.format(other) not in texts[rate_name], words


def test_confusions_are_told_per_thousand_of_what_is_counted(tmp_path: Path) -> None:
    write_kept(tmp_path / "a", write_audit(tmp_path / "a", rate_name="CER"))
    client = application(Library(tmp_path), Access(host="127.0.0.1")).test_client()
    text = client.get("/result/a", headers={"Host": "127.0.0.1:8050"}).get_data(as_text=True)
    assert "Wrong characters, per 1,000 characters said" in text
    assert audit_of("CER").systems[0].rate_name == "CER"
