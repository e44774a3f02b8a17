"""Systems compared from their transcripts: by hand on a small corpus, and what two published corpora found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from fairasr import read
from fairasr.comparing import compare_systems
from fairasr.core import Comparison, Hypotheses, Manifest
from fairasr.core.errors import DiscoveryError, DoubleDippingError, ScoringError
from fairasr.discovery.geo_tree import GeoRule
from fairasr.ingest import Corpus

ROOT = Path(__file__).resolve().parents[2]
FINE_TUNED = "whisper-large-v2-swiss-german-baseline@20260625_092121"
FINE_TUNED_ON_GENERAL = "whisper-large-v2-swiss-german-baseline@20260619_092157"
EWC = "whisper-large-v2-swiss-german-ewc-lambda-30000"


def corpus(*, systems: Sequence[str] = ("old", "new"), n_speakers: int = 40) -> Corpus:
    """Speakers of ten words; the old system errs in 4 of them, the new one in 2 in the north and 4 in the south."""
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:02d}" for i in range(n_speakers)],
            "speaker_id": [f"s{i:02d}" for i in range(n_speakers)],
            "reference": "a b c d e f g h i j",
            "place": ["north" if i % 2 else "south" for i in range(n_speakers)],
        }
    )

    def texts(wrong: Sequence[int]) -> dict[str, str]:
        return {
            identifier: " ".join(["x"] * n + list("abcdefghij")[n:])
            for identifier, n in zip(table["utterance_id"], wrong, strict=True)
        }

    old = [4 + i % 3 - 1 for i in range(n_speakers)]
    new = [n - 2 if i % 2 else n for i, n in enumerate(old)]
    spoken = [Hypotheses(system=name, texts=texts(wrong)) for name, wrong in zip(systems, (old, new), strict=True)]
    return Corpus(
        manifest=Manifest(table=table), systems=tuple(spoken), inputs={"made.csv": "00"}, title="made", utterances_sha256=("00",)
    )


def test_groups_are_compared_on_the_same_utterances() -> None:
    comparison = compare_systems(corpus(), before="old", after=["new"], seed=0, group="place", target=["north"])
    rows = comparison.systems[0].change.changes.set_index("cohort")
    assert rows["change"].to_dict() == pytest.approx({"all": -0.1, "north": -0.2, "south": 0.0})
    assert comparison.cohort_method == "declared:place"
    assert comparison.descriptions == {"north": "place: north", "south": "place: south"}
    assert comparison.data["n_ref_words"] == 400
    assert comparison.provenance.inputs == {"made.csv": "00"}


def test_a_forgetting_set_may_call_the_systems_otherwise() -> None:
    other = corpus(systems=("alt", "neu"), n_speakers=20)
    comparison = compare_systems(
        corpus(),
        before="old",
        after=["new"],
        seed=0,
        forgetting={"general": other},
        forgetting_systems={"old": "alt", "new": "neu"},
    )
    assert comparison.systems[0].forgetting["general"].changes["change"].tolist() == pytest.approx([-0.1])
    assert comparison.data["forgetting"]["general"]["n_speakers"] == 20
    with pytest.raises(ScoringError, match="2 of 2 systems asked for are not in"):
        compare_systems(corpus(), before="old", after=["new"], seed=0, forgetting={"general": other})


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ScoringError, match="named twice"):
        compare_systems(corpus(), before="old", after=["old"], seed=0)
    with pytest.raises(ScoringError, match="not in"):
        compare_systems(corpus(), before="old", after=["newest"], seed=0)
    with pytest.raises(DiscoveryError, match="declared:age makes no cohorts here: there is no column 'age'"):
        compare_systems(corpus(), before="old", after=["new"], seed=0, group="age")
    with pytest.raises(DiscoveryError, match="both were given"):
        compare_systems(corpus(), before="old", after=["new"], seed=0, group="place", rule="rule.json")


def test_a_rule_found_on_these_files_is_refused_unless_allowed(tmp_path: Path) -> None:
    import json

    from fairasr.core import Counts
    from fairasr.discovery import fit, rule_record
    from fairasr.discovery.geo_tree import GeoTree

    placed = corpus()
    table = placed.manifest.table.assign(
        latitude_deg=[40.0 + i % 8 for i in range(40)], longitude_deg=[-100.0 + i % 5 for i in range(40)]
    )
    manifest = Manifest(table=table)
    counts = Counts(
        table=pd.DataFrame(
            {"speaker_id": table["speaker_id"], "cell": "", "n_ref_words": 10, "errors": [i % 5 for i in range(40)]}
        ),
        system="old",
        normaliser="none",
        numerator=("errors",),
    )
    rule = fit(GeoTree(min_speakers=10), manifest, counts, seed=0)
    assert isinstance(rule, GeoRule)
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule_record(rule, found_on=["00"])))
    placed = Corpus(**{**vars(placed), "manifest": manifest})
    with pytest.raises(DoubleDippingError, match="found on 1 of the 1 files compared here"):
        compare_systems(placed, before="old", after=["new"], seed=0, rule=path)
    elsewhere = Corpus(**{**vars(placed), "utterances_sha256": ("11",)})
    comparison = compare_systems(elsewhere, before="old", after=["new"], seed=0, rule=path)
    assert comparison.cohort_method == "geo-tree"
    assert comparison.map == rule.map_layer()


@pytest.fixture(scope="module")
def swiss_german(request: pytest.FixtureRequest) -> Comparison:
    folder: Path = request.getfixturevalue("shared_data") / "swiss_german"
    dialects, general = (read(folder, recipe=ROOT / "data_manifests" / name) for name in ("swiss_german.toml", "cv_german.toml"))
    return compare_systems(
        dialects,
        before="whisper-large-v2",
        after=[FINE_TUNED, EWC],
        seed=0,
        group="canton",
        forgetting={"general German": general},
        forgetting_systems={FINE_TUNED: FINE_TUNED_ON_GENERAL},
        normaliser="ascii_punctuation",
    )


def test_swiss_german_rates_before_and_after_are_the_published_ones(swiss_german: Comparison) -> None:
    """Sources as in tests/scoring/test_published_figures.py."""
    found = {
        system.after: [
            round(100 * change.changes[column].iloc[0], 2)
            for change in (system.change, system.forgetting["general German"])
            for column in ("rate_before", "rate_after")
        ]
        for system in swiss_german.systems
    }
    assert found == {FINE_TUNED: [24.98, 20.77, 6.12, 9.05], EWC: [24.98, 20.49, 6.12, 7.33]}


def test_fine_tuning_is_rejected_for_forgetting_general_german_and_ewc_undoes_59_percent_of_it(swiss_german: Comparison) -> None:
    plain, ewc = swiss_german.systems
    for system in (plain, ewc):
        assert system.verdict.outcome == "rejected"
        assert system.verdict.harmed == ("general German",)
    assert "“general German” loses more than the margin" in plain.verdict.reasons[0]
    assert ewc.undone["general German"] == pytest.approx((9.05 - 7.33) / (9.05 - 6.12), abs=0.005)
    assert swiss_german.unit == "utterance"
    assert "names no speakers" in swiss_german.warnings[0]


def test_group_dro_against_erm_on_african_accents_is_inconclusive(shared_data: Path) -> None:
    corpus = read(shared_data / "afrispeech_mitigation", recipe=ROOT / "data_manifests" / "afrispeech_mitigation.toml")
    comparison = compare_systems(corpus, before="erm_final", after=["dro_tau05_step4200"], seed=0, group="accent")
    verdict = comparison.systems[0].verdict
    assert verdict.outcome == "inconclusive"
    assert verdict.harmed == ()
    assert verdict.n_more_speakers is not None
