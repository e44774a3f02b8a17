"""Figures that others published about corpora nobody here wrote; skipped where those are not beside the repository."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from fairasr.core import Counts, Hypotheses, Manifest
from fairasr.scoring import normalise, score

PARAKEET_ON_EDACC = {
    "Indian English": (0.08539583674807409, 12202),
    "Irish English": (0.10401349885500784, 8297),
    "Jamaican English": (0.18828867148731038, 7053),
    "Mainstream US English": (0.12911933415813745, 17782),
    "Nigerian English": (0.1727629366710256, 26765),
    "Spanish": (0.1656062212796041, 11316),
    "Vietnamese": (0.22174744180816372, 8893),
}
"""WER and words of the reference; parakeet-tdt-0.6b-v3/summary.json of the corpus' source, commit 5e83845a."""

EDACC_PERCENT = {
    "parakeet-tdt-0.6b-v2": (9.6, 11.1, 19.5, 14.7, 19.0, 18.0, 23.6),
    "distil-large-v3.5": (10.5, 12.1, 23.2, 16.8, 20.6, 20.4, 25.8),
    "whisper-large-v3-turbo": (10.5, 11.5, 22.7, 17.3, 22.5, 25.7, 28.4),
    "canary-qwen-2.5b": (20.5, 15.1, 28.7, 23.2, 20.9, 17.8, 24.5),
    "whisper-small": (34.2, 40.0, 87.9, 98.2, 82.0, 104.6, 102.9),
}
"""WER [%] of the accents of `PARAKEET_ON_EDACC`, in that order; section 1 of the source's RESULTS.md, commit 9b7d99fb."""

SWISS_GERMAN_PERCENT = {
    "seamless-m4t-v2-large": 45.404,
    "wav2vec2-1b-german-cv11": 70.675,
    "wav2vec2-german-with-lm": 69.664,
    "whisper-large-v3": 26.234,
    "whisper-large-v2": 24.976,
    "whisper-medium": 30.172,
    "whisper-large-v3-turbo": 27.856,
    "whisper-large-v2-swiss-german-ewc-lambda-300000-step1260": 21.215,
    "whisper-large-v2-swiss-german-ewc-lambda-300000": 20.992,
}
"""Corpus WER [%]; results/error_analysis/20260616_215923 and 20260626_123126 of the corpus' source."""

WHISPER_LARGE_V2_BY_CANTON_PERCENT = {"BE": 27.277252364360375, "ZH": 21.38927097661623, "SG": 26.051924798567594, "GL": 0.0}
"""per_dialect_wer of the same source's results/metrics/20260616_204244."""


def scored(utterances: pd.DataFrame, hypotheses: pd.Series, *, normaliser: str, speakers: str) -> Counts:
    """Counts of one system; `hypotheses` has the utterance_id as index."""
    table = utterances[["utterance_id", "reference"]].assign(speaker_id=utterances[speakers])
    return score(Manifest(table=table), Hypotheses(system="system", texts=hypotheses.to_dict()), normaliser=normaliser)


def read(folder: Path, *names: str) -> list[pd.DataFrame]:
    """Tables of one corpus."""
    return [pd.read_parquet(folder / f"{name}.parquet") for name in names]


@pytest.mark.parametrize(
    ("system", "wer"),
    [
        ("openai_whisper_large", 0.3058),
        ("microsoft_azure_speech_api", 0.3909),
        ("amazon_aws_transcribe_api", 0.4423),
        ("openai_whisper_medium_all", 0.2162),
    ],
)
def test_afrispeech_wer_of_the_normalised_columns_is_the_published_one(shared_data: Path, system: str, wer: float) -> None:
    utterances, hypotheses = read(shared_data / "afrispeech200", "utterances", "hypotheses")
    utterances = utterances.assign(reference=utterances["reference_normalized"])
    texts = hypotheses[hypotheses["system"] == system].set_index("utterance_id")["hypothesis_normalized"]
    assert round(scored(utterances, texts, normaliser="none", speakers="speaker_id").wer, 4) == wer


def edacc_wer(folder: Path, *, system: str) -> pd.DataFrame:
    """WER and words of each audited accent under the source's rules: OpenAI's English, which drops the <...> markers."""
    utterances, hypotheses = read(folder / "edacc", "utterances", "hypotheses")
    utterances = utterances[utterances["accent"].isin(list(PARAKEET_ON_EDACC))]
    texts = hypotheses[hypotheses["system"] == system].set_index("utterance_id")["hypothesis"]
    counts = scored(utterances, texts, normaliser="whisper_english", speakers="accent").by_speaker()
    return pd.DataFrame(
        {"wer": counts.numerators / counts.denominators, "words": counts.denominators}, index=counts.table["speaker_id"]
    )


def test_edacc_wer_and_words_by_accent_are_the_published_ones(shared_data: Path) -> None:
    rates = edacc_wer(shared_data, system="parakeet-tdt-0.6b-v3")
    assert rates["words"].to_dict() == {accent: words for accent, (_, words) in PARAKEET_ON_EDACC.items()}
    assert rates["wer"].to_dict() == pytest.approx({accent: wer for accent, (wer, _) in PARAKEET_ON_EDACC.items()}, abs=1e-12)


@pytest.mark.parametrize("system", EDACC_PERCENT)
def test_edacc_wer_of_other_systems_is_within_a_tenth_of_a_point(shared_data: Path, system: str) -> None:
    rates = edacc_wer(shared_data, system=system)["wer"] * 100
    published = dict(zip(PARAKEET_ON_EDACC, EDACC_PERCENT[system], strict=True))
    assert rates.to_dict() == pytest.approx(published, abs=0.1)


def test_swiss_german_corpus_wer_is_the_published_one_to_three_decimals(shared_data: Path) -> None:
    utterances, hypotheses = read(shared_data / "swiss_german", "utterances", "hypotheses")
    found = {}
    for system in SWISS_GERMAN_PERCENT:
        texts = hypotheses[hypotheses["system_id"] == system].set_index("utterance_id")["hypothesis"]
        found[system] = round(scored(utterances, texts, normaliser="ascii_punctuation", speakers="canton").wer * 100, 3)
    assert found == SWISS_GERMAN_PERCENT


def test_swiss_german_wer_by_canton_is_the_published_one(shared_data: Path) -> None:
    utterances, hypotheses = read(shared_data / "swiss_german", "utterances", "hypotheses")
    texts = hypotheses[hypotheses["system_id"] == "whisper-large-v2"].set_index("utterance_id")["hypothesis"]
    counts = scored(utterances, texts, normaliser="ascii_punctuation", speakers="canton").by_speaker()
    found = dict(zip(counts.table["speaker_id"], counts.numerators / counts.denominators * 100, strict=True))
    assert {canton: found[canton] for canton in WHISPER_LARGE_V2_BY_CANTON_PERCENT} == pytest.approx(
        WHISPER_LARGE_V2_BY_CANTON_PERCENT
    )


@pytest.mark.parametrize(
    ("prefix", "system", "percent"),
    [
        ("", "whisper-large-v2-swiss-german-baseline@20260625_092121", 20.77),
        ("", "whisper-large-v2-swiss-german-ewc-lambda-30000", 20.49),
        ("cv_german_", "whisper-large-v2", 6.12),
        ("cv_german_", "whisper-large-v2-swiss-german-baseline@20260619_092157", 9.05),
        ("cv_german_", "whisper-large-v2-swiss-german-ewc-lambda-30000", 7.33),
    ],
)
def test_forgetting_of_fine_tuned_whisper_is_the_published_one(shared_data: Path, prefix: str, system: str, percent: float) -> None:
    utterances, hypotheses = read(shared_data / "swiss_german", f"{prefix}utterances", f"{prefix}hypotheses")
    texts = hypotheses[hypotheses["system_id"] == system].set_index("utterance_id")["hypothesis"]
    counts = scored(utterances, texts, normaliser="ascii_punctuation", speakers="utterance_id")
    assert round(counts.wer * 100, 2) == percent


@pytest.mark.parametrize("corpus", ["edacc", "afrispeech200"])
def test_english_equals_the_original_on_real_texts(shared_data: Path, corpus: str) -> None:
    utterances, hypotheses = read(shared_data / corpus, "utterances", "hypotheses")
    texts = pd.concat([utterances["reference"], hypotheses["hypothesis"]]).drop_duplicates().sample(3_000, random_state=0).tolist()
    original = EnglishTextNormalizer()
    assert normalise(texts, profile="english") == [" ".join(original(text).split()) for text in texts]
