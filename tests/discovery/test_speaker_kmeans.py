"""Clusters of voices: planted ones are recovered, scikit-learn agrees, their number is chosen on left-out speakers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.agreement import adjusted_rand
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.discovery.held_out_deviance import HeldOutDeviance
from fairasr.discovery.over_represented import over_represented
from fairasr.discovery.speaker_kmeans import KMeansRule, SpeakerKMeans
from fairasr.discovery.speaker_vectors import speaker_vectors
from fairasr.discovery.spherical_kmeans import SAMPLE_PER_CLUSTER, nearest, spherical_kmeans, unit_rows
from fairasr.discovery.voice_clusters import joined


def planted(n: int, k: int, *, noise: float, seed: int = 0, dimension: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around k random directions, and which direction each belongs to."""
    random = np.random.default_rng(seed)
    centres = unit_rows(random.normal(size=(k, dimension)))
    truth = random.integers(k, size=n)
    return unit_rows(centres[truth] + noise * random.normal(size=(n, dimension))), truth


def manifest_of(vectors: np.ndarray, **columns: object) -> Manifest:
    n = len(vectors)
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:05d}" for i in range(n)],
            "speaker_id": [f"s{i:05d}" for i in range(n)],
            "reference": "a",
            **columns,
        }
    )
    return Manifest(table=table, embeddings=vectors)


def inertia(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Sum of squared distances to the clusters' means, as scikit-learn's `inertia_`."""
    return float(sum(((vectors[labels == k] - vectors[labels == k].mean(axis=0)) ** 2).sum() for k in np.unique(labels)))


def test_planted_clusters_are_recovered() -> None:
    for seed in range(10):
        vectors, truth = planted(600, 8, noise=0.08, seed=seed)
        assert adjusted_rand_score(truth, spherical_kmeans(vectors, n_clusters=8, seed=seed).labels) > 0.999


@pytest.mark.parametrize(("n", "k", "noise"), [(800, 5, 0.1), (1500, 20, 0.12), (600, 10, 0.5)])
def test_inertia_is_within_half_a_percent_of_ten_starts_of_scikit_learn(n: int, k: int, noise: float) -> None:
    vectors, _ = planted(n, k, noise=noise, seed=k)
    found = spherical_kmeans(vectors, n_clusters=k, seed=0)
    oracle = KMeans(n_clusters=k, n_init=10, random_state=0).fit(vectors)
    assert inertia(vectors, found.labels) <= 1.005 * oracle.inertia_


def test_a_large_set_is_clustered_on_a_sample_as_well_as_on_all() -> None:
    k = 10
    vectors, truth = planted(SAMPLE_PER_CLUSTER * k * 8, k, noise=0.1, seed=3)
    found = spherical_kmeans(vectors, n_clusters=k, seed=0)
    assert adjusted_rand_score(truth, found.labels) > 0.999
    assert len(found.labels) == len(vectors)


def test_labels_are_the_nearest_centroids_and_inertia_their_distances() -> None:
    vectors, _ = planted(300, 6, noise=0.4)
    found = spherical_kmeans(vectors, n_clusters=6, seed=1)
    distance = ((vectors[:, None, :].astype(float) - found.centroids[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(found.labels, distance.argmin(axis=1))
    assert found.inertia == pytest.approx(distance.min(axis=1).sum(), rel=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-6)


def test_repeated_vectors_do_not_break_k_means() -> None:
    vectors = unit_rows(np.repeat(np.eye(3, 4), [50, 30, 1], axis=0))
    found = spherical_kmeans(vectors, n_clusters=3, seed=0)
    assert adjusted_rand_score(np.repeat([0, 1, 2], [50, 30, 1]), found.labels) == 1
    more = spherical_kmeans(vectors, n_clusters=5, seed=0)
    assert np.isfinite(more.centroids).all()
    assert more.inertia == pytest.approx(0, abs=1e-4)


def test_adjusted_rand_equals_scikit_learn() -> None:
    random = np.random.default_rng(0)
    for levels in (1, 2, 5, 40):
        first, second = random.integers(levels, size=60), random.integers(4, size=60)
        assert adjusted_rand(first, second) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)
        assert adjusted_rand(first, 10 - first) == 1


def test_rows_of_no_direction_become_missing() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0], [np.nan, 1], [np.inf, 1], [1e30, 0]]))
    np.testing.assert_allclose(rows[0], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(rows[4], [1, 0])
    assert np.isnan(rows[1:4]).all()


def test_a_speaker_is_the_direction_of_the_sum_weighted_by_duration() -> None:
    table = pd.DataFrame(
        {
            "utterance_id": list("abcde"),
            "speaker_id": ["x", "x", "y", "y", "z"],
            "reference": "a",
            "duration_s": [3.0, 4.0, None, 1.0, 2.0],
        }
    )
    embeddings = np.array([[2, 0], [0, 5], [1, 0], [0, 1], [0, 0]], dtype=np.float32)
    found = speaker_vectors(Manifest(table=table, embeddings=embeddings))
    # y: the median of 1, 2, 3, 4 s stands for the missing duration: 2.5 east and 1 north.
    np.testing.assert_allclose(found.vectors[:2], [[0.6, 0.8], np.array([2.5, 1]) / np.hypot(2.5, 1)], rtol=1e-6)
    assert found.known.tolist() == [True, True, False]
    assert found.notes == (
        "1 of 5 utterances have no usable embedding (missing, zero or not finite).",
        "1 of 3 speakers have no usable embedding and are in cohort 'unknown'.",
    )


def test_the_order_of_rows_cannot_change_the_last_digit() -> None:
    # Summed in one order the 1 is lost beside 1e16, in another the two long utterances cancel out first and it stays.
    table = pd.DataFrame({"utterance_id": list("abcd"), "speaker_id": "s", "reference": "a", "duration_s": [1e16, 1.0, 1e16, 1.0]})
    embeddings = np.array([[1, 0], [1, 0], [-1, 0], [0, 1]], dtype=np.float32)
    orders = [[0, 1, 2, 3], [1, 0, 2, 3], [3, 2, 1, 0]]
    found = [speaker_vectors(Manifest(table=table.iloc[order], embeddings=embeddings[order])).vectors.tolist() for order in orders]
    assert found[0] == found[1] == found[2]


def test_the_number_of_clusters_that_foretells_errors_is_chosen() -> None:
    vectors, truth = planted(800, 10, noise=0.08)
    random = np.random.default_rng(1)
    rates = np.linspace(0.05, 0.5, 10)
    words = random.integers(100, 300, 800)
    search = SpeakerKMeans(candidates=(2, 10, 40)).search(manifest_of(vectors), seed=0)
    chosen = []
    for _ in range(5):
        errors = random.poisson(rates[random.permutation(10)][truth] * random.gamma(10, 0.1, 800) * words)
        rule = search.fit(errors, words)
        assert rule.used_scores
        assert len(rule.fitted_speakers) == 800
        chosen.append(len(rule.clusters.centroids))
    assert chosen == [10] * 5


def test_held_out_deviance_equals_the_formula_by_a_loop() -> None:
    random = np.random.default_rng(0)
    n, folds, clusterings = 30, 3, 2
    errors, words = random.integers(0, 9, n), random.integers(0, 40, n)
    errors[words == 0] = 0
    fold, labels = random.integers(folds, size=n), random.integers(4, size=(clusterings, folds, n))
    overall, prior = errors.sum() / words.sum(), words.sum() / n
    expected = []
    for c in range(clusterings):
        deviance = 0.0
        for s in range(n):
            others = (fold != fold[s]) & (labels[c, fold[s]] == labels[c, fold[s], s])
            expectation = words[s] * (errors[others].sum() + prior * overall) / (words[others].sum() + prior)
            deviance += 2 * ((errors[s] * np.log(errors[s] / expectation) if errors[s] else 0) - (errors[s] - expectation))
        expected.append(deviance)
    np.testing.assert_allclose(HeldOutDeviance(fold=fold, labels=labels)(errors, words), expected, rtol=1e-10)


def test_no_errors_and_no_words_have_a_finite_deviance() -> None:
    measure = HeldOutDeviance(fold=np.array([0, 1]), labels=np.zeros((1, 2, 2), dtype=int))
    assert measure(np.zeros(2, int), np.array([5, 5])) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(measure(np.zeros(2, int), np.zeros(2, int))).all()


def test_a_given_number_of_clusters_looks_at_no_errors() -> None:
    vectors, truth = planted(300, 4, noise=0.1)
    search = SpeakerKMeans(n_clusters=4).search(manifest_of(vectors), seed=0)
    rule = search.fit(np.ones(300, int), np.full(300, 10))
    assert search.fit(np.arange(300), np.full(300, 999)) is rule
    partition = rule.assign(manifest_of(vectors))
    assert not partition.used_scores
    assert partition.fitted_speakers == frozenset()
    assert adjusted_rand_score(truth, partition.labels) > 0.999
    # Numbered by size, largest first.
    sizes = partition.labels.value_counts().sort_index()
    assert sizes.index.tolist() == ["voices 1", "voices 2", "voices 3", "voices 4"]
    assert sizes.is_monotonic_decreasing


def test_other_speakers_go_to_the_nearest_centroid() -> None:
    vectors, truth = planted(400, 5, noise=0.1)
    rule = SpeakerKMeans(n_clusters=5).search(manifest_of(vectors[:200]), seed=0).fit(np.ones(200, int), np.ones(200, int))
    assert adjusted_rand_score(truth[200:], rule.assign(manifest_of(vectors[200:])).labels) > 0.999


def test_small_clusters_join_their_nearest_neighbour() -> None:
    centroids = unit_rows(np.array([[1, 0], [0.9, 0.1], [-1, 0], [0, 1]]))
    assert joined(centroids, np.array([30, 3, 50, 20]), min_speakers=10).tolist() == [1, 1, 0, 2]
    assert joined(centroids, np.array([30, 3, 50, 9]), min_speakers=10).tolist() == [1, 1, 0, 1]
    assert joined(centroids, np.array([1, 1, 1, 1]), min_speakers=10).tolist() == [0, 0, 0, 0]
    # 4 speakers of a voice of their own among 96 of another two.
    vectors = unit_rows(np.repeat(np.eye(3), [60, 36, 4], axis=0) + 1e-3 * np.random.default_rng(0).normal(size=(100, 3)))
    rule = SpeakerKMeans(n_clusters=3).search(manifest_of(vectors), seed=0).fit(np.ones(100, int), np.ones(100, int))
    partition = rule.assign(manifest_of(vectors))
    assert partition.labels.nunique() == 2
    assert "1 of 3 clusters had fewer than 10 discovery speakers" in " ".join(partition.notes)


def test_json_round_trip_assigns_identically_and_names_no_speaker() -> None:
    vectors, _ = planted(300, 6, noise=0.3)
    manifest = manifest_of(vectors)
    rule = SpeakerKMeans(encoder="e-1").search(manifest, seed=0).fit(np.arange(300) % 9, np.full(300, 20))
    text = json.dumps(rule.to_json(), allow_nan=False)
    again = KMeansRule.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    np.testing.assert_array_equal(again.clusters.centroids, rule.clusters.centroids)
    pd.testing.assert_series_equal(again.assign(manifest).labels, rule.assign(manifest).labels)
    assert again.map_layer() == rule.map_layer()
    assert not any(speaker in text for speaker in manifest.speaker_ids)


def test_row_order_does_not_matter_and_inputs_stay_as_they_are() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{i:04d}" for i in range(600)],
            "speaker_id": [f"s{i % 150:03d}" for i in range(600)],
            "reference": "a",
            "duration_s": random.uniform(1, 9, 600),
        }
    )
    embeddings = random.normal(size=(600, 16)).astype(np.float32)
    before = table.copy(), embeddings.copy()
    order = random.permutation(600)
    rules = [
        SpeakerKMeans(n_clusters=5).search(manifest, seed=3).fit(np.ones(150, int), np.ones(150, int)).to_json()
        for manifest in (
            Manifest(table=table, embeddings=embeddings),
            Manifest(table=table.iloc[order], embeddings=embeddings[order]),
        )
    ]
    assert rules[0] == rules[1]
    pd.testing.assert_frame_equal(table, before[0])
    np.testing.assert_array_equal(embeddings, before[1])


def test_the_map_keeps_the_distances_of_centres_in_a_plane() -> None:
    angles = np.radians([0, 60, 200])
    centres = np.column_stack([np.cos(angles), np.sin(angles), np.ones(3)]) / np.sqrt(2)
    vectors = unit_rows(np.repeat(centres, [40, 30, 20], axis=0))
    rule = SpeakerKMeans(n_clusters=3).search(manifest_of(vectors), seed=0).fit(np.ones(90, int), np.ones(90, int))
    layer = rule.map_layer()
    assert layer["kind"] == "projection"
    assert len(layer["axes"]) == 2
    points = np.array([layer["points"][f"voices {i}"] for i in (1, 2, 3)])
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.linalg.norm(points[i] - points[j]) == pytest.approx(np.linalg.norm(centres[i] - centres[j]), abs=1e-5)


def test_what_is_common_in_a_cluster_is_said_without_small_counts() -> None:
    groups = np.repeat([0, 1, 2], [40, 40, 15])
    sex = np.array(["f"] * 36 + ["m"] * 4 + ["f"] * 8 + ["m"] * 32 + ["f"] * 3 + ["m"] * 12)
    # 12 speakers share the value x, 9 of them in the first group: too few to be named there.
    rare = np.array(["x"] * 9 + ["y"] * 31 + ["x"] * 3 + ["y"] * 52)
    manifest = manifest_of(np.ones((95, 2)), sex=sex, sex_code=np.where(sex == "f", 1, 2), rare=rare, age=np.arange(95) + 0.5)
    found = over_represented(manifest, groups, 3)
    # 36 of the 47 women are among the 40 of 95 in the first group: 36 / (40 * 47 / 95) = 1.8 times their share.
    assert found[0] == ["sex f (1.8 times its share, 30 or more speakers)"]
    assert found[1] == ["sex m (1.6 times its share, 30 or more speakers)"]
    assert found[2] == ["sex m (1.6 times its share, 10 or more speakers)"]


def test_voices_without_an_embedding_are_unknown_and_counted() -> None:
    vectors, _ = planted(100, 3, noise=0.1)
    vectors[:5], vectors[5] = np.nan, 0
    manifest = manifest_of(vectors)
    partition = SpeakerKMeans(n_clusters=3).search(manifest, seed=0).fit(np.ones(100, int), np.ones(100, int)).assign(manifest)
    assert (partition.labels == UNKNOWN).sum() == 6
    assert "6 of 100 speakers have no usable embedding and are in cohort 'unknown'." in partition.notes


@pytest.mark.parametrize(
    ("vectors", "settings", "why"),
    [
        (None, {}, "there are no speaker embeddings"),
        (np.full((50, 4), np.nan), {}, "0 of 50 discovery speakers have an embedding"),
        (np.ones((50, 4)), {}, "the 50 discovery speakers have only 1 different embeddings"),
        (np.eye(15), {}, "15 of 15 discovery speakers have an embedding; two clusters need 20"),
        (np.eye(30), {"n_clusters": 31}, "n_clusters is 31, and only 30 discovery speakers"),
        (np.repeat(np.eye(4), 10, axis=0), {"n_clusters": 5}, "only 4 different embeddings"),
    ],
)
def test_voices_that_cannot_be_clustered_are_refused_in_words(
    vectors: np.ndarray | None, settings: dict[str, int], why: str
) -> None:
    manifest = manifest_of(np.ones((2, 2))) if vectors is None else manifest_of(vectors)
    if vectors is None:
        manifest = Manifest(table=manifest.table)
    discoverer = SpeakerKMeans(**settings)
    assert why in str(discoverer.obstacle(manifest))
    with pytest.raises(DiscoveryError, match="speaker-kmeans cannot run"):
        discoverer.search(manifest, seed=0)


def test_embeddings_of_another_length_or_none_cannot_be_assigned() -> None:
    vectors, _ = planted(60, 3, noise=0.1)
    rule = SpeakerKMeans(n_clusters=3).search(manifest_of(vectors), seed=0).fit(np.ones(60, int), np.ones(60, int))
    with pytest.raises(DiscoveryError, match=r"have 8 dimensions, those of the clusters 32"):
        rule.assign(manifest_of(np.ones((5, 8))))
    with pytest.raises(DiscoveryError, match="has no speaker embeddings"):
        rule.assign(Manifest(table=manifest_of(vectors).table))


def test_settings_out_of_range_are_named_together() -> None:
    with pytest.raises(DiscoveryError, match=r"n_clusters is 1.*min_speakers is 0.*restarts is 0.*folds is 1"):
        SpeakerKMeans(n_clusters=1, min_speakers=0, restarts=0, folds=1)
    with pytest.raises(DiscoveryError, match="candidates"):
        SpeakerKMeans(candidates=())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"centroids": [[1, 0], [0]]}, "ValueError"),
        ({"centroids": [[1.0, 1.0]] * 3}, "rows of length 1"),
        ({"cohorts": [0, 1]}, "do not fit"),
        ({"cohorts": [0, 1, 5]}, "do not fit"),
        ({"descriptions": None}, "TypeError"),
    ],
)
def test_a_broken_rule_says_what_is_wrong(change: dict[str, object], why: str) -> None:
    vectors, _ = planted(60, 3, noise=0.05)
    data = SpeakerKMeans(n_clusters=3).search(manifest_of(vectors), seed=0).fit(np.ones(60, int), np.ones(60, int)).to_json()
    with pytest.raises(RuleError, match=why):
        KMeansRule.from_json({**data, **change})


def test_nearest_is_the_same_in_blocks() -> None:
    vectors, _ = planted(20_000, 4, noise=0.5, dimension=4)
    labels, cosines = nearest(vectors, vectors[:4])
    similarity = vectors @ vectors[:4].T
    np.testing.assert_array_equal(labels, similarity.argmax(axis=1))
    np.testing.assert_allclose(cosines, similarity.max(axis=1), atol=1e-6)
