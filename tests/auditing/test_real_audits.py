"""Audits of corpora nobody here made, by their recipes: every discovery runs, and what is known to be there is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fairasr as fa

RECIPES = Path(__file__).resolve().parents[2] / "data_manifests"
PERMUTATIONS = 99


@pytest.fixture(scope="module")
def accent_archive(shared_data: Path) -> fa.Corpus:
    return fa.read(shared_data / "speech_accent_archive", recipe=RECIPES / "speech_accent_archive.toml")


def test_amazon_on_the_accent_archive_fails_a_region_and_not_a_sex(accent_archive: fa.Corpus):
    audit = fa.audit(
        accent_archive,
        seed=0,
        systems=["amazon_en-GB"],
        missing="set-aside",
        methods=["geo-tree", "declared:sex"],
        n_permutations=PERMUTATIONS,
    )
    assert audit.data["n_speakers"] == 438
    assert audit.data["set_aside"] == {"no hypothesis of amazon_en-GB": 449}
    region = audit["geo-tree"]
    assert region.honest.basis == "cross-fit"
    assert region.honest.relative_to_top.lo > 0.5  # Markl 2022: far worse for speakers from East Asia than from Britain
    assert "China" in region.by_cohort.loc[region.worst, "description"]
    assert region.p_adjusted is not None
    assert region.p_adjusted < 0.05
    assert not audit["declared:sex"].honest.relative_to_top.lo > 0


def test_zip_demographics_divide_the_us_born_of_the_accent_archive(accent_archive: fa.Corpus):
    audit = fa.audit(
        accent_archive,
        seed=0,
        systems=["pocketsphinx_en-us"],
        missing="set-aside",
        methods=["zip-demographics"],
        census=RECIPES / "us_census.toml",
        n_permutations=PERMUTATIONS,
    )
    report = audit["zip-demographics"]
    assert report.partitions is not None
    assert len(report.partitions) >= 6
    assert report.areas is not None
    shown = report.areas[report.areas["suppressed"] == ""]
    assert (shown["n_speakers"] >= 10).all()
    assert any("not a person" in note for note in report.notes)


def test_an_audit_of_afrispeech_warns_that_gender_contradicts_itself(shared_data: Path):
    corpus = fa.read(shared_data / "afrispeech200", recipe=RECIPES / "afrispeech200.toml")
    audit = fa.audit(
        corpus,
        seed=0,
        systems=["openai_whisper_large", "microsoft_azure_speech_api"],
        methods=["geo-tree", "declared:gender", "declared:country"],
        n_permutations=0,
    )
    assert any("156 of 735 speakers carry more than one gender" in note for note in audit["declared:gender"].notes)
    assert set(audit.summary["system"]) == {"openai_whisper_large", "microsoft_azure_speech_api"}
    regions = audit["geo-tree"].cohorts
    assert np.nansum(regions["n_speakers"]) <= audit.data["confirmation_speakers"]
    (change,) = audit.comparisons
    assert change.changes.loc[0, "change_lo"] > 0  # Azure is worse than Whisper large on this corpus
