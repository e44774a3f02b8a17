"""What every `Trainable` must hold; a test class per recogniser inherits it and gives a model, recordings and references."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from fairasr.models import Trainable

TOLERANCE = 1e-4
"""Of float32 sums over a sequence [nats], relative and absolute."""


def voice(seed: int, *, n_samples: int) -> np.ndarray:
    """Noise that swells and fades: float32 (n_samples,), read-only as `Recordings` gives it."""
    rng = np.random.default_rng(seed)
    swell = 1 + np.sin(np.linspace(0, 2 + 9 * rng.random(), n_samples))
    samples = np.asarray(0.1 * swell * rng.normal(size=n_samples), dtype=np.float32)
    samples.flags.writeable = False
    return samples


def training_with_dropout(model: Trainable) -> Trainable:
    """A clone in training mode, whose network drops half of what it can."""
    twin = model.clone()
    for part in twin.module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.5
        elif isinstance(getattr(part, "dropout", None), float):
            part.dropout = 0.5
    twin.module.train()
    return twin


def forward_algorithm(log_probs: np.ndarray, target: list[int], *, blank: int) -> float:
    """-log of the summed probability of all paths, float64 (Graves et al. 2006, section 4.1)."""
    labels = [blank]
    for symbol in target:
        labels += [symbol, blank]
    reached = np.full(len(labels), -np.inf)
    reached[:2] = log_probs[0, labels[:2]]
    for step in log_probs[1:]:
        before = reached.copy()
        for s, label in enumerate(labels):
            ways = [before[s]] + ([before[s - 1]] if s >= 1 else [])
            if s >= 2 and label not in (blank, labels[s - 2]):
                ways.append(before[s - 2])
            reached[s] = np.logaddexp.reduce(ways) + step[label]
    return -float(np.logaddexp.reduce(reached[-2:]))


class TrainableContract:
    """Inherit and override what raises NotImplementedError. At least three recordings of different length."""

    recordings: Sequence[np.ndarray]
    references: Sequence[str]

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> Trainable:
        """The recogniser; no test changes it."""
        raise NotImplementedError

    def load(self, folder: Path) -> Trainable:
        """What reads a folder that `save` wrote."""
        raise NotImplementedError

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """-log p(reference | recording) [nats], computed without `losses`."""
        raise NotImplementedError

    def losses(self, model: Trainable, rows: Sequence[int]) -> torch.Tensor:
        batch = model.batch([self.recordings[row] for row in rows], [self.references[row] for row in rows])
        return model.losses(model.outputs(batch), batch)

    @property
    def rows(self) -> list[int]:
        assert len(self.recordings) == len(self.references) >= 3
        assert len({len(samples) for samples in self.recordings}) >= 3
        return list(range(len(self.recordings)))

    def test_a_loss_is_what_another_way_to_compute_it_gives(self, model: Trainable) -> None:
        with torch.no_grad():
            losses = self.losses(model, self.rows)
        expected = [self.loss_by_other_means(model, self.recordings[row], self.references[row]) for row in self.rows]
        assert losses.dtype == torch.float32
        np.testing.assert_allclose(losses.numpy(), expected, rtol=TOLERANCE, atol=TOLERANCE)

    def test_neither_padding_nor_the_others_of_a_batch_change_a_loss_or_an_output(self, model: Trainable) -> None:
        with torch.no_grad():
            together = model.batch(self.recordings, self.references)
            outputs = model.outputs(together)
            losses = model.losses(outputs, together)
            for row in self.rows:
                single = model.batch([self.recordings[row]], [self.references[row]])
                alone = model.outputs(single)
                n_steps = int(alone.lengths[0])
                assert int(outputs.lengths[row]) == n_steps
                torch.testing.assert_close(
                    outputs.log_probs[row, :n_steps], alone.log_probs[0, :n_steps], rtol=TOLERANCE, atol=TOLERANCE
                )
                torch.testing.assert_close(losses[row], model.losses(alone, single)[0], rtol=TOLERANCE, atol=TOLERANCE)

    def test_gradients_of_a_batch_are_the_sum_of_those_of_its_utterances(self, model: Trainable) -> None:
        def gradients(rows: Sequence[int]) -> dict[str, torch.Tensor]:
            model.module.zero_grad(set_to_none=True)
            self.losses(model, rows).sum().backward()
            return {name: p.grad.clone() for name, p in model.module.named_parameters() if p.grad is not None}

        together = gradients(self.rows)
        singles = [gradients([row]) for row in self.rows]
        model.module.zero_grad(set_to_none=True)
        assert together
        largest = max(float(gradient.abs().max()) for gradient in together.values())
        assert largest > 0
        for name, gradient in together.items():
            torch.testing.assert_close(gradient, sum(s[name] for s in singles), rtol=1e-3, atol=1e-4 * largest)

    def test_log_probabilities_of_a_step_add_up_to_one(self, model: Trainable) -> None:
        with torch.no_grad():
            outputs = model.outputs(model.batch(self.recordings, self.references))
        assert outputs.log_probs.dtype == torch.float32
        for log_probs, length in zip(outputs.log_probs, outputs.lengths.tolist(), strict=True):
            torch.testing.assert_close(log_probs[:length].exp().sum(dim=-1), torch.ones(length))

    def test_no_reference_is_learned_as_silence_and_counts_one_symbol(self, model: Trainable) -> None:
        batch = model.batch([self.recordings[0]], [""])
        assert model.obstacle(n_samples=len(self.recordings[0]), reference="") is None
        assert int(model.target_lengths(batch)[0]) == 1
        with torch.no_grad():
            assert torch.isfinite(model.losses(model.outputs(batch), batch)).all()

    def test_target_lengths_are_at_least_one_and_grow_with_the_reference(self, model: Trainable) -> None:
        shorter, longer = self.references[0], f"{self.references[0]} {self.references[0]}"
        lengths = model.target_lengths(model.batch([self.recordings[-1]] * 3, ["", shorter, longer]))
        assert lengths.dtype == torch.int64
        assert 1 <= int(lengths[0]) < int(lengths[1]) < int(lengths[2])

    def test_one_sample_of_sound_gives_numbers(self, model: Trainable) -> None:
        batch = model.batch([self.recordings[0][:1], self.recordings[0]], ["", self.references[0]])
        with torch.no_grad():
            assert torch.isfinite(model.losses(model.outputs(batch), batch)).all()
        assert len(model.transcribe([self.recordings[0][:1]])) == 1

    def test_making_a_batch_and_its_losses_changes_no_input(self, model: Trainable) -> None:
        twin = model.clone()
        twin.module.train()
        recordings = [samples.copy() for samples in self.recordings]
        batch = twin.batch(recordings, self.references)
        before = {key: value.clone() for key, value in batch.items()}
        twin.losses(twin.outputs(batch), batch).sum().backward()
        for samples, original in zip(recordings, self.recordings, strict=True):
            np.testing.assert_array_equal(samples, original)
        for key, value in batch.items():
            torch.testing.assert_close(value, before[key], rtol=0, atol=0)
            assert len(value) == len(recordings), f"the first axis of {key} is not the utterance"

    def test_a_clone_shares_nothing(self, model: Trainable) -> None:
        before = {name: value.clone() for name, value in model.module.state_dict().items()}
        twin = model.clone()
        with torch.no_grad():
            assert torch.equal(self.losses(twin, self.rows), self.losses(model, self.rows))
            for parameter in twin.module.parameters():
                parameter.add_(1.0)
        twin.module.train()
        assert not model.module.training
        for name, value in model.module.state_dict().items():
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)

    def test_a_saved_model_loads_equal_to_the_bit(self, model: Trainable, tmp_path: Path) -> None:
        changed = model.clone()
        with torch.no_grad():
            for parameter in changed.module.parameters():
                parameter.mul_(1.001)
        changed.save(tmp_path)
        (tmp_path / "notes.txt").write_text("mine")
        changed.save(tmp_path)
        loaded = self.load(tmp_path)
        assert (tmp_path / "notes.txt").read_text() == "mine"
        assert not loaded.module.training
        assert {p.dtype for p in loaded.module.parameters()} == {torch.float32}
        assert loaded.sample_rate_hz == model.sample_rate_hz
        with torch.no_grad():
            assert torch.equal(self.losses(loaded, self.rows), self.losses(changed, self.rows))
            assert not torch.equal(self.losses(loaded, self.rows), self.losses(model, self.rows))
        assert loaded.transcribe(self.recordings[:2]) == changed.transcribe(self.recordings[:2])
        assert [name for name, _ in loaded.module.named_parameters()] == [name for name, _ in model.module.named_parameters()]
        assert not list(tmp_path.glob("*.bin")) + list(tmp_path.glob("*.pt"))

    def test_no_random_state_is_touched_in_eval_mode(self, model: Trainable, tmp_path: Path) -> None:
        torch.manual_seed(7)
        np.random.seed(7)
        before, numpy_before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
        batch = model.batch(self.recordings, self.references)
        model.losses(model.outputs(batch), batch)
        model.sampled(batch, seed=3)
        model.transcribe(self.recordings[:1])
        model.save(tmp_path)
        self.load(tmp_path).clone()
        assert torch.equal(torch.random.get_rng_state(), before)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)

    def test_sampled_targets_repeat_with_the_seed_and_are_as_likely_as_the_model_says(self, model: Trainable) -> None:
        batch = model.batch(self.recordings, self.references)
        with torch.no_grad():
            outputs = model.outputs(batch)
            first, again, other = (model.sampled(batch, seed=seed) for seed in (1, 1, 2))
            losses = model.losses(model.outputs(first), first)
        assert first.keys() == batch.keys()
        assert torch.isfinite(losses).all()
        assert (model.target_lengths(first) >= 1).all()
        in_training = training_with_dropout(model).sampled(batch, seed=1)
        for key in batch:
            assert torch.equal(first[key], again[key])
            assert torch.equal(first[key], in_training[key])
            assert len(first[key]) == len(batch[key])
        differ = [key for key in batch if first[key].shape != other[key].shape or not torch.equal(first[key], other[key])]
        assert differ, "two seeds gave the same draw"
        for key in set(batch) - set(differ):
            if batch[key].is_floating_point():
                assert torch.equal(first[key], batch[key])
        assert outputs.log_probs.shape[0] == len(losses)

    def test_every_parameter_is_of_one_part_and_both_parts_have_some(self, model: Trainable) -> None:
        names = [name for name, _ in model.module.named_parameters()]
        assert {model.part_of(name) for name in names} == {"acoustic", "language"}

    def test_the_frame_layer_meets_every_recording_once(self, model: Trainable) -> None:
        met: list[tuple[int, ...]] = []
        hook = model.module.get_submodule(model.frame_layer).register_forward_hook(
            lambda layer, _inputs, output: met.append((len(output), output.shape[model.frame_axis] == layer.weight.shape[0]))
        )
        try:
            with torch.no_grad():
                model.outputs(model.batch(self.recordings, self.references))
        finally:
            hook.remove()
        assert sum(n for n, _ in met) == len(self.recordings)
        assert all(is_channel_axis for _, is_channel_axis in met)

    def test_a_transcript_does_not_depend_on_the_batch_nor_on_the_mode(self, model: Trainable) -> None:
        texts = model.transcribe(self.recordings)
        assert all(text == " ".join(text.split()) for text in texts)
        assert model.transcribe(self.recordings[::-1]) == texts[::-1]
        assert [model.transcribe([samples])[0] for samples in self.recordings] == texts
        twin = training_with_dropout(model)
        assert twin.transcribe(self.recordings) == texts
        assert twin.module.training
        assert model.transcribe([]) == []

    def test_a_few_steps_lower_the_loss(self, model: Trainable) -> None:
        twin = model.clone()
        optimiser = torch.optim.Adam([p for p in twin.module.parameters() if p.requires_grad], lr=3e-3)
        history = []
        for _ in range(8):
            optimiser.zero_grad()
            loss = self.losses(twin, self.rows).mean()
            loss.backward()
            optimiser.step()
            history.append(float(loss.detach()))
        assert history[-1] < 0.9 * history[0]
