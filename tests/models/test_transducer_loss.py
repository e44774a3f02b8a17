"""The transducer loss: by enumeration of alignments, by hand, and against a plain recursion that autograd goes through."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from fairasr.core.errors import TrainingError  # noqa: E402
from fairasr.models.transducer_loss import transducer_loss  # noqa: E402

N_SYMBOLS = 4


def lattice(
    *, frames: list[int], labels: list[int], seed: int = 0, blank: int = 0, n_symbols: int = N_SYMBOLS, kind: Any = torch.float64
) -> dict[str, Any]:
    """Drawn logits and targets of a batch, padded to the longest."""
    generator = torch.Generator().manual_seed(seed)
    n, positions = len(frames), max(labels) + 1
    logits = 2 * torch.randn(n, max(frames), positions, n_symbols, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, n_symbols - 1, (n, positions - 1), generator=generator)
    return {
        "logits": logits.to(kind),
        "targets": targets + (targets >= blank),
        "logit_lengths": torch.tensor(frames),
        "target_lengths": torch.tensor(labels),
    }


def bias_of(case: dict[str, Any], *, seed: int = 9) -> Any:
    n, frames, positions, _ = case["logits"].shape
    return torch.randn(n, frames, positions - 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_gradient(case: dict[str, Any], **settings: Any) -> tuple[Any, Any]:
    """Losses of each utterance, and the gradient of their sum by the logits."""
    logits = case["logits"].clone().requires_grad_()
    losses = transducer_loss(**{**case, "logits": logits}, reduction="none", **settings)
    losses.sum().backward()
    return losses.detach(), logits.grad


def enumerated(case: dict[str, Any], i: int, *, blank: int = 0, bias: Any = None) -> float:
    """-log of the summed probability of every order of blanks and labels that ends with a blank."""
    n_frames, n_labels = int(case["logit_lengths"][i]), int(case["target_lengths"][i])
    log_probs = case["logits"][i].log_softmax(-1)
    total = 0.0
    for places in itertools.combinations(range(n_frames - 1 + n_labels), n_labels):
        t = u = 0
        log_p = 0.0
        for step in range(n_frames + n_labels):
            if step in places:
                log_p += float(log_probs[t, u, case["targets"][i, u]]) + (0.0 if bias is None else float(bias[i, t, u]))
                u += 1
            else:
                log_p += float(log_probs[t, u, blank])
                t += 1
        assert (t, u) == (n_frames, n_labels)
        total += math.exp(log_p)
    return -math.log(total)


class ScaledGradient(torch.autograd.Function):
    """The number itself; its gradient times a factor."""

    @staticmethod
    def forward(ctx: Any, number: Any, factor: float) -> Any:
        ctx.factor = factor
        return number.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        return gradient * ctx.factor, None


def recursion(case: dict[str, Any], i: int, *, logits: Any, blank: int = 0, fastemit: float = 0.0, bias: Any = None) -> Any:
    """The loss point by point, for autograd; gradients of label arcs times 1 + fastemit."""
    n_frames, n_labels = int(case["logit_lengths"][i]), int(case["target_lengths"][i])
    log_probs = logits[i].log_softmax(-1)
    alpha: dict[tuple[int, int], Any] = {(0, 0): torch.zeros((), dtype=logits.dtype)}
    for t, u in itertools.product(range(n_frames), range(n_labels + 1)):
        arriving = []
        if t:
            arriving.append(alpha[t - 1, u] + log_probs[t - 1, u, blank])
        if u:
            arc = log_probs[t, u - 1, case["targets"][i, u - 1]] + (0.0 if bias is None else bias[i, t, u - 1])
            arriving.append(alpha[t, u - 1] + ScaledGradient.apply(arc, 1 + fastemit))
        if arriving:
            alpha[t, u] = torch.logsumexp(torch.stack(arriving), 0)
    return -(alpha[n_frames - 1, n_labels] + log_probs[n_frames - 1, n_labels, blank])


EVERY_SMALL_SIZE = [*itertools.product(range(1, 5), range(4))]


@pytest.mark.parametrize("blank", range(N_SYMBOLS))
@pytest.mark.parametrize("biased", [False, True])
def test_the_loss_is_minus_log_p_summed_over_all_alignments(blank: int, biased: bool) -> None:
    frames, labels = map(list, zip(*EVERY_SMALL_SIZE, strict=True))
    assert len(frames) == 16
    case = lattice(frames=frames, labels=labels, blank=blank)
    bias = bias_of(case) if biased else None
    losses = transducer_loss(**case, blank=blank, label_bias=bias, reduction="none")
    expected = [enumerated(case, i, blank=blank, bias=bias) for i in range(len(frames))]
    assert losses.tolist() == pytest.approx(expected, rel=1e-12)


def test_two_frames_and_one_label_by_hand() -> None:
    """Two symbols; the label is written at frame 0, 1/4 * 1/4 * 2/3, or at frame 1, 3/4 * 1/2 * 2/3."""
    blanks = torch.tensor([[[3 / 4, 1 / 4], [1 / 2, 2 / 3]]], dtype=torch.float64)
    case = {
        "logits": torch.stack([blanks.log(), (1 - blanks).log()], dim=-1),
        "targets": torch.tensor([[1]]),
        "logit_lengths": torch.tensor([2]),
        "target_lengths": torch.tensor([1]),
    }
    losses, gradient = with_gradient(case)
    assert math.exp(-losses.item()) == pytest.approx(1 / 24 + 1 / 4)
    # One seventh of the probability writes the label at once. By the logit of the blank at (0, 0): 3/4 less the 6/7 that take it.
    assert gradient[0, 0, 0].tolist() == pytest.approx([3 / 4 - 6 / 7, 1 / 4 - 1 / 7])
    assert gradient[0, 0, 1].tolist() == pytest.approx([(1 / 4 - 1) / 7, (3 / 4 - 0) / 7])
    assert gradient[0, 1, 1].tolist() == pytest.approx([2 / 3 - 1, 1 / 3])


@pytest.mark.parametrize("sizes", [([4, 2, 3], [3, 1, 0]), ([1, 1], [3, 0]), ([3, 2], [0, 0]), ([1], [0])])
def test_gradients_are_those_of_finite_differences(sizes: tuple[list[int], list[int]]) -> None:
    case = lattice(frames=sizes[0], labels=sizes[1])
    bias = bias_of(case).requires_grad_()

    def losses(logits: Any, bias: Any) -> Any:
        return transducer_loss(**{**case, "logits": logits}, label_bias=bias, reduction="none")

    assert torch.autograd.gradcheck(losses, (case["logits"].requires_grad_(), bias))


@pytest.mark.parametrize("fastemit", [0.0, 0.01, 1.5])
def test_fastemit_scales_the_gradient_of_label_arcs_and_leaves_the_loss(fastemit: float) -> None:
    case = lattice(frames=[5, 3, 1, 4], labels=[3, 2, 2, 0], blank=2)
    bias = bias_of(case)
    ours, theirs = bias.clone().requires_grad_(), bias.clone().requires_grad_()
    losses, gradient = with_gradient(case, blank=2, fastemit=fastemit, label_bias=ours)
    logits = case["logits"].clone().requires_grad_()
    expected = torch.stack([recursion(case, i, logits=logits, blank=2, fastemit=fastemit, bias=theirs) for i in range(4)])
    expected.sum().backward()
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient, logits.grad, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-10, atol=1e-12)
    assert torch.equal(losses, transducer_loss(**case, blank=2, label_bias=bias, reduction="none"))


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_padding_changes_no_bit_and_gets_no_gradient(kind: str) -> None:
    """Alone or beside longer ones, and with NaN in all that does not count."""
    generator = torch.Generator().manual_seed(2)
    frames = [60, 1, 1, *torch.randint(1, 60, (60,), generator=generator).tolist()]
    labels = [37, 3, 0, *torch.randint(0, 37, (60,), generator=generator).tolist()]
    case = lattice(frames=frames, labels=labels, n_symbols=5, kind=getattr(torch, kind))
    bias = bias_of(case)
    for i, (n_frames, n_labels) in enumerate(zip(frames, labels, strict=True)):
        case["logits"][i, n_frames:] = torch.nan
        case["logits"][i, :, n_labels + 1 :] = torch.inf
        case["targets"][i, n_labels:] = 99
        bias[i, n_frames:] = torch.nan
        bias[i, :, n_labels:] = torch.nan
    losses, gradient = with_gradient(case, label_bias=bias, fastemit=0.1)
    for i, (n_frames, n_labels) in enumerate(zip(frames, labels, strict=True)):
        alone = {
            "logits": case["logits"][i : i + 1, :n_frames, : n_labels + 1],
            "targets": case["targets"][i : i + 1, :n_labels],
            "logit_lengths": torch.tensor([n_frames]),
            "target_lengths": torch.tensor([n_labels]),
        }
        loss, own = with_gradient(alone, label_bias=bias[i : i + 1, :n_frames, :n_labels], fastemit=0.1)
        assert torch.equal(losses[i], loss[0])
        assert torch.equal(gradient[i, :n_frames, : n_labels + 1], own[0])
        assert not gradient[i, n_frames:].any()
        assert not gradient[i, :, n_labels + 1 :].any()


@pytest.mark.parametrize("blank", [1, 3])
def test_the_blank_may_have_any_number(blank: int) -> None:
    case = lattice(frames=[6, 4], labels=[3, 2])
    losses, gradient = with_gradient(case)
    # Symbol 0, the blank, goes to its new number, and those before it move down by one.
    order = [*range(1, blank + 1), 0, *range(blank + 1, N_SYMBOLS)]
    renamed = {**case, "logits": case["logits"][..., order], "targets": torch.tensor(order).argsort()[case["targets"]]}
    others, moved = with_gradient(renamed, blank=blank)
    torch.testing.assert_close(others, losses, rtol=1e-13, atol=0)
    torch.testing.assert_close(moved, gradient[..., order], rtol=1e-10, atol=1e-13)


def test_two_thousand_frames_stay_exact() -> None:
    """All symbols alike: as many alignments as ways to choose the labels' places, each of the same probability."""
    n_frames, n_labels, n_symbols = 2000, 60, 8
    case = {
        "logits": torch.zeros(1, n_frames, n_labels + 1, n_symbols),
        "targets": torch.ones(1, n_labels, dtype=torch.int64),
        "logit_lengths": torch.tensor([n_frames]),
        "target_lengths": torch.tensor([n_labels]),
    }
    losses, gradient = with_gradient(case)
    steps = n_frames + n_labels
    expected = steps * math.log(n_symbols) - math.log(math.comb(steps - 1, n_labels))
    assert losses.item() == pytest.approx(expected, rel=1e-7)
    # Each alignment takes the blank 2000 times and the label 60 times, and goes through 2060 points.
    assert -gradient[..., 0].double().sum().item() == pytest.approx(n_frames - steps / n_symbols, rel=1e-5)
    assert -gradient[..., 1].double().sum().item() == pytest.approx(n_labels - steps / n_symbols, rel=1e-5)


def test_extreme_logits_give_finite_gradients() -> None:
    case = lattice(frames=[6, 4], labels=[3, 2], kind=torch.float32)
    case["logits"] *= 500
    losses, gradient = with_gradient(case)
    assert losses.tolist() == pytest.approx([float(recursion(case, i, logits=case["logits"].double())) for i in range(2)], rel=1e-4)
    assert gradient.isfinite().all()


@pytest.mark.parametrize(("kind", "near"), [("bfloat16", 2e-2), ("float16", 2e-3)])
def test_half_precision_is_worked_out_in_float32(kind: str, near: float) -> None:
    case = lattice(frames=[30, 21], labels=[6, 4], kind=getattr(torch, kind))
    losses, gradient = with_gradient(case)
    exact, other = with_gradient({**case, "logits": case["logits"].float()})
    assert losses.dtype == torch.float32
    assert gradient.dtype == case["logits"].dtype
    assert torch.equal(losses, exact)
    torch.testing.assert_close(gradient.float(), other, rtol=near, atol=1e-4)


def test_logits_may_lie_in_memory_as_they_like() -> None:
    case = lattice(frames=[4, 2], labels=[3, 1])
    losses, gradient = with_gradient(case)
    turned = {**case, "logits": case["logits"].permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0)}
    assert not turned["logits"].is_contiguous()
    others, moved = with_gradient(turned)
    torch.testing.assert_close(others, losses, rtol=1e-13, atol=0)
    torch.testing.assert_close(moved, gradient, rtol=1e-10, atol=1e-13)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_what_the_cpu_gives() -> None:
    case = lattice(frames=[50, 1, 20], labels=[9, 3, 0])
    losses, gradient = with_gradient(case, fastemit=0.1, label_bias=bias_of(case))
    others, moved = with_gradient({**case, "logits": case["logits"].cuda()}, fastemit=0.1, label_bias=bias_of(case))
    torch.testing.assert_close(others.cpu(), losses, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(moved.cpu(), gradient, rtol=1e-10, atol=1e-12)


def test_reductions_are_over_utterances() -> None:
    case = lattice(frames=[4, 2], labels=[3, 0])
    first, second = transducer_loss(**case, reduction="none").tolist()
    assert transducer_loss(**case).item() == pytest.approx((first + second) / 2)
    assert transducer_loss(**case, reduction="sum").item() == pytest.approx(first + second)


def test_each_utterance_gets_the_gradient_of_its_own_loss() -> None:
    case = lattice(frames=[4, 2], labels=[3, 1])
    _, plain = with_gradient(case)
    logits = case["logits"].clone().requires_grad_()
    losses = transducer_loss(**{**case, "logits": logits}, reduction="none")
    (losses * torch.tensor([2.0, -3.0])).sum().backward(retain_graph=True)
    torch.testing.assert_close(logits.grad, plain * torch.tensor([2.0, -3.0])[:, None, None, None])
    first, logits.grad = logits.grad, None
    (losses * torch.tensor([2.0, -3.0])).sum().backward()
    assert torch.equal(logits.grad, first)


def test_a_bias_of_one_number_is_that_of_every_arc() -> None:
    case = lattice(frames=[4, 2], labels=[3, 1])
    plain = transducer_loss(**case, reduction="none")
    biased = transducer_loss(**case, label_bias=-0.7, reduction="none")
    torch.testing.assert_close(biased, plain + 0.7 * case["target_lengths"])


def test_a_forbidden_arc_is_taken_by_no_alignment_and_no_way_left_is_inf_with_no_gradient() -> None:
    case = lattice(frames=[3, 3], labels=[1, 1])
    bias = torch.zeros(2, 3, 1)
    bias[0, :2] = bias[1] = -torch.inf
    losses, gradient = with_gradient(case, label_bias=bias)
    log_probs = case["logits"][0].log_softmax(-1)
    label = case["targets"][0, 0]
    only = log_probs[0, 0, 0] + log_probs[1, 0, 0] + log_probs[2, 0, label] + log_probs[2, 1, 0]
    assert losses.tolist() == pytest.approx([-only.item(), math.inf])
    assert not gradient[1].any()
    assert gradient[0].isfinite().all()
    assert gradient[0, 2].any()


def test_no_graph_is_kept_of_the_recursion() -> None:
    case = lattice(frames=[4], labels=[2])
    loss = transducer_loss(**{**case, "logits": case["logits"].requires_grad_()}, reduction="none")
    assert [kind.__class__.__name__ for kind, _ in loss.grad_fn.next_functions if kind is not None] == ["AccumulateGrad"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": torch.zeros(2, 4, 4)}, r"logits are torch.float32 of shape \(2, 4, 4\)"),
        ({"logits": torch.zeros(2, 4, 4, 4, dtype=torch.int64)}, "logits are torch.int64"),
        ({"logits": torch.zeros(2, 0, 4, 4)}, r"symbols\), none 0"),
        (
            {"targets": torch.ones(2, 4, dtype=torch.int64)},
            r"targets are torch.int64 of shape \(2, 4\).* integers of shape \(2, 3\)",
        ),
        ({"targets": torch.ones(2, 3)}, "targets are torch.float32"),
        ({"logit_lengths": torch.tensor([4])}, r"logit_lengths are torch.int64 of shape \(1,\)"),
        ({"target_lengths": torch.tensor([True, True])}, "target_lengths are torch.bool"),
        ({"logit_lengths": torch.tensor([4, 0])}, r"logit_lengths of 1 of 2 .* between 1 and 4 \(first: utterance 1 has 0\)"),
        ({"logit_lengths": torch.tensor([5, 9])}, r"logit_lengths of 2 of 2 .*\(first: utterance 0 has 5\)"),
        ({"target_lengths": torch.tensor([3, 4])}, r"target_lengths of 1 of 2 .* between 0 and 3 \(first: utterance 1 has 4\)"),
        ({"target_lengths": torch.tensor([3, -1])}, "utterance 1 has -1"),
        ({"targets": torch.tensor([[1, 2, 3], [1, 0, 0]])}, r"1 of 5 labels are the blank \(0\).*utterance 1, label 1 is 0"),
        ({"targets": torch.tensor([[1, 4, 3], [-1, 1, 0]])}, "2 of 5 labels .*utterance 0, label 1 is 4"),
        ({"blank": 4}, "the blank is 4, and there are 4 symbols"),
        ({"blank": -1}, "the blank is -1"),
        ({"fastemit": -0.1}, "fastemit is -0.1"),
        ({"fastemit": math.nan}, "fastemit is nan"),
        ({"label_bias": torch.zeros(2, 4, 4)}, r"label_bias has shape \(2, 4, 4\)"),
        ({"label_bias": torch.full((2, 4, 3), math.inf)}, "NaN or inf at 20 of 24 arcs"),
        ({"label_bias": math.nan}, "NaN or inf"),
        ({"reduction": "max"}, "no reduction 'max'"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    case: dict[str, Any] = lattice(frames=[4, 4], labels=[3, 2], kind=torch.float32)
    transducer_loss(**case)
    with pytest.raises(TrainingError, match=message):
        transducer_loss(**{**case, **change})
