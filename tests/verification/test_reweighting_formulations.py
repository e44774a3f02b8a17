"""Adversarial reweighting of speakers: its weights, its adversary against autograd, its regions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairasr.core.errors import TrainingError
from fairasr.verification.prototypical import AngularPrototypical, pair_losses, row_losses
from fairasr.verification.reweighting import FORMULATIONS, Accumulated, Formulation, Pairwise, Plain, PseudoLabel, formulation_of
from fairasr.verification.reweighting_adversary import Adversary
from fairasr.verification.reweighting_regions import Regions, clustered, first_centroids
from fairasr.verification.reweighting_terms import Term, Weighing

DIMENSION, M = 6, 12


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.nn.functional.normalize(torch.randn(M, 2, DIMENSION, generator=generator), dim=2)
    similarities = (3 * embeddings[:, 0] @ embeddings[:, 1].T - 1).requires_grad_()
    return embeddings, similarities


def term_of(formulation: Formulation, *, period: int = 1) -> Term:
    return formulation.term(DIMENSION, period=period, batch_size=2 * M, seed=0)


def reweighted(learning_rate: float, pretraining_steps: int = 0) -> list[Formulation]:
    settings = {"adversary_learning_rate": learning_rate, "pretraining_steps": pretraining_steps}
    kinds = [kind for kind in FORMULATIONS.values() if kind is not Plain]
    assert len(kinds) == 3
    return [kind(**settings) for kind in kinds]


# --- the loss


def test_similarities_and_losses_are_those_worked_out_by_hand() -> None:
    embeddings = torch.tensor([[[1.0, 0.0], [0.6, 0.8]], [[0.0, 1.0], [0.0, 1.0]]])
    similarities = AngularPrototypical()(embeddings)
    np.testing.assert_allclose(similarities.detach(), [[1.0, -5.0], [3.0, 5.0]], atol=1e-5)  # 10 x (.6, 0; .8, 1) - 5
    first, second = np.log1p(np.exp(-6)), np.log1p(np.exp(-2))
    np.testing.assert_allclose(row_losses(similarities).detach(), [first, second], rtol=1e-4)
    np.testing.assert_allclose(pair_losses(similarities).detach(), [[0, first], [second, 0]], rtol=1e-4)


def test_a_stranger_bears_the_share_of_the_rows_loss_that_its_similarity_gives_it() -> None:
    row = torch.log(torch.tensor([2.0, 1.0, 3.0]))  # odds of the own voice 2, of the strangers 1 and 3: loss log(6 / 2)
    losses = pair_losses(torch.stack([row, torch.zeros(3), torch.zeros(3)]))
    np.testing.assert_allclose(losses[0], [0, np.log(3) / 4, 3 * np.log(3) / 4], rtol=1e-5)
    np.testing.assert_allclose(losses[1], [np.log(3) / 2, 0, np.log(3) / 2], rtol=1e-5)


def test_the_pairs_of_a_row_add_up_to_its_loss_and_to_its_slope() -> None:
    similarities = batch(3)[1]
    pairs, rows = pair_losses(similarities), row_losses(similarities)
    np.testing.assert_allclose(pairs.sum(dim=1).detach(), rows.detach(), rtol=1e-5)
    [slope] = torch.autograd.grad(pairs.sum(), similarities)
    [expected] = torch.autograd.grad(rows.sum(), similarities)
    np.testing.assert_allclose(slope, expected, atol=1e-6)


def test_pairs_stay_finite_where_nobody_is_confused_and_where_everybody_is() -> None:
    for scale in (1000.0, -1000.0):
        similarities = (scale * torch.eye(4)).requires_grad_()
        losses = pair_losses(similarities)
        [slope] = torch.autograd.grad(losses.sum(), similarities)
        assert bool(torch.isfinite(losses).all())
        assert bool(torch.isfinite(slope).all())


def test_the_scale_stays_above_zero_however_far_it_is_pushed() -> None:
    loss = AngularPrototypical()
    optimiser = torch.optim.SGD(loss.parameters(), lr=5.0)
    for _ in range(5):
        optimiser.zero_grad()
        loss.log_scale.exp().backward()
        optimiser.step()
    assert loss.log_scale.exp().item() > 0


# --- weights


def test_a_constant_adversary_gives_exactly_twice_the_plain_loss_and_gradient() -> None:
    for formulation in reweighted(learning_rate=0.0):
        term = term_of(formulation)
        plain = term_of(Plain())
        term(*batch(0))  # regions are known after the first epoch
        (embeddings, similarities), (_, same) = batch(1), batch(1)
        loss, plain_loss = term(embeddings, similarities), plain(embeddings, same)
        assert loss.item() == 2 * plain_loss.item()
        loss.backward()
        plain_loss.backward()
        assert similarities.grad is not None
        assert same.grad is not None
        assert torch.equal(similarities.grad, 2 * same.grad)


def test_weights_are_at_least_one_and_two_on_average() -> None:
    for formulation in reweighted(learning_rate=2.0):
        term = term_of(formulation)
        for seed in range(12):
            term(*batch(seed))
        weights = term.last_weights
        assert weights is not None
        assert weights.min() >= 1
        assert weights.mean().item() == pytest.approx(2)
        assert weights.max() > 2.3  # else nothing was tested


def test_until_the_pretraining_is_over_every_weight_is_one() -> None:
    for formulation in reweighted(learning_rate=1.0, pretraining_steps=3):
        term = term_of(formulation)
        for seed in range(3):
            embeddings, similarities = batch(seed)
            assert torch.equal(term(embeddings, similarities), term_of(Plain())(embeddings, similarities))
            assert term.last_weights is None
        term(*batch(4))
        assert term.last_weights is not None


def test_a_row_weighs_what_the_adversary_says_of_its_embedding() -> None:
    term = term_of(Accumulated(adversary_learning_rate=1.0, pretraining_steps=0))
    for seed in range(5):
        term(*batch(seed))
    embeddings, similarities = batch(9)
    assert isinstance(term, Weighing)
    weights = term.weights(embeddings[:, 0]).numpy()
    assert weights.max() - weights.min() > 0.3  # else nothing was tested
    loss = term(embeddings, similarities)
    odds = np.exp(similarities.detach().double().numpy())
    assert loss.item() == pytest.approx(np.mean(weights * np.log(odds.sum(axis=1) / odds.diagonal())), rel=1e-5)


def test_a_pair_weighs_half_the_sum_of_its_two_samples_weights() -> None:
    term = term_of(Pairwise(adversary_learning_rate=1.0, pretraining_steps=0))
    for seed in range(5):
        term(*batch(seed))
    embeddings, similarities = batch(9)
    assert isinstance(term, Weighing)
    weights = term.weights(term.samples(embeddings)).numpy()
    assert weights.max() - weights.min() > 0.3  # else nothing was tested
    loss = term(embeddings, similarities)
    loss.backward()
    odds = np.exp(similarities.detach().double().numpy())
    told, slope = 0.0, np.zeros((M, M))
    for j in range(M):
        against = odds[j].sum() - odds[j, j]
        for k in set(range(M)) - {j}:
            weight = (weights[j] + weights[M + k]) / 2
            told += weight * odds[j, k] / against * np.log(odds[j].sum() / odds[j, j]) / M
            pull = weight * odds[j, k] / odds[j].sum() / M
            slope[j, k] += pull
            slope[j, j] -= pull
    assert loss.item() == pytest.approx(told, rel=1e-5)
    assert similarities.grad is not None
    np.testing.assert_allclose(similarities.grad, slope, atol=1e-7)


def test_the_weights_of_pairs_of_strangers_are_two_on_average() -> None:
    term = term_of(Pairwise(adversary_learning_rate=1.0, pretraining_steps=0))
    for seed in range(5):
        term(*batch(seed))
    assert term.last_weights is not None
    weights = term.last_weights.numpy()
    of_pairs = (weights[:M, None] + weights[None, M:]) / 2
    assert of_pairs[~np.eye(M, dtype=bool)].mean() == pytest.approx(2)


def test_the_adversary_climbs_the_slope_that_autograd_finds() -> None:
    generator = torch.Generator().manual_seed(0)
    adversary = Adversary(4, learning_rate=0.3)
    plane, squares = torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    for _ in range(5):
        features = torch.randn(20, 4, generator=generator, dtype=torch.float64)
        losses = torch.rand(20, generator=generator, dtype=torch.float64)
        free = plane.clone().requires_grad_()
        said = torch.sigmoid(features @ free)
        [slope] = torch.autograd.grad(((1 + said / said.mean()) * losses).mean(), free)
        squares = squares + slope**2
        plane = plane + 0.3 * slope / (squares.sqrt() + 1e-10)
        adversary.ascend(features, losses)
        np.testing.assert_allclose(adversary.state_dict()["plane"], plane, rtol=1e-8, atol=1e-12)


def test_a_term_gone_on_with_gives_the_same_losses_bit_for_bit() -> None:
    for formulation in reweighted(learning_rate=0.5, pretraining_steps=2):
        whole, first, second = (term_of(formulation, period=2) for _ in range(3))
        losses = [whole(*batch(seed)).item() for seed in range(8)]
        for seed in range(5):
            first(*batch(seed))
        state = first.state_dict()
        first(*batch(5))
        second.load_state_dict(state)
        assert [second(*batch(seed)).item() for seed in range(5, 8)] == losses[5:]


# --- regions


def clouds(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.eye(3, 4)
    belongs = torch.arange(90) % 3
    return torch.nn.functional.normalize(centres[belongs] + 0.1 * torch.randn(90, 4, generator=generator), dim=1), belongs


def test_regions_are_the_planted_clouds_and_keep_their_numbers() -> None:
    regions = Regions(4, n_clusters=3, n_kept=90, period=1, seed=0)
    vectors, belongs = clouds(0)
    assert not regions.ready
    regions.keep(vectors)
    first = regions.of(vectors)
    assert len({(int(a), int(b)) for a, b in zip(first, belongs, strict=True)}) == 3
    for seed in range(1, 4):
        regions.keep(clouds(seed)[0])
        assert torch.equal(regions.of(vectors), first)


def test_regions_wait_for_the_end_of_the_epoch() -> None:
    regions = Regions(4, n_clusters=3, n_kept=90, period=3, seed=0)
    for _ in range(2):
        regions.keep(clouds(0)[0][:30])
        assert not regions.ready
    regions.keep(clouds(0)[0][60:])
    assert regions.ready


def test_an_empty_region_moves_to_vectors_that_fit_worst() -> None:
    vectors, _ = clouds(0)
    centroids = torch.stack([torch.eye(4)[0], -torch.ones(4) / 2, -torch.ones(4) / 2])
    found = clustered(vectors, centroids)
    assert len((vectors @ found.T).argmax(dim=1).unique()) == 3


def test_vectors_that_are_all_alike_give_regions_without_a_number_lost() -> None:
    vectors = torch.eye(4)[:1].repeat(20, 1)
    found = clustered(vectors, first_centroids(vectors, n_clusters=3, seed=0))
    assert bool(torch.isfinite(found).all())


# --- settings


def test_wrong_settings_are_refused_together() -> None:
    with pytest.raises(TrainingError, match=r"adversary_learning_rate is -1.*pretraining_steps is -2.*n_clusters is 1"):
        Pairwise(adversary_learning_rate=-1, pretraining_steps=-2, n_clusters=1)
    with pytest.raises(TrainingError, match=r"first: 'loss'.*there are none"):
        formulation_of("plain", {"loss": "rows"})
    with pytest.raises(TrainingError, match="there is no formulation 'fair'"):
        formulation_of("fair")
    with pytest.raises(TrainingError, match="first: 'n_clusters'"):
        formulation_of("accumulated", {"n_clusters": 4})
    with pytest.raises(TrainingError, match="n_clusters is 'many', not a whole number"):
        formulation_of("pairwise", {"n_clusters": "many"})


def test_every_formulation_is_found_by_its_name() -> None:
    assert list(FORMULATIONS) == ["plain", "accumulated", "pseudo-label", "pairwise"]
    for name, kind in FORMULATIONS.items():
        assert formulation_of(name) == kind()
    assert formulation_of("pseudo-label", {"n_clusters": 5}) == PseudoLabel(n_clusters=5)
    assert formulation_of("accumulated", {"adversary_learning_rate": 1}) == Accumulated(adversary_learning_rate=1)
