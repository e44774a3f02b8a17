"""Transducer loss (Graves 2012, arXiv 1211.3711): -log p of a target, summed over all ways to place its labels among the frames.

A path starts at frame 0 with no label written. At (t, u), frame t with u labels written, it takes a blank to (t + 1, u) or the next
label to (t, u + 1), and it ends with the blank at the last frame once all labels are written. All points with the same t + u are
worked out together, for the whole batch, and the backward variables beside the forward ones: they are the forward variables of the
lattice turned around, so T + U steps do for both. The gradient follows from the two without a graph of the recursion.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from fairasr.core.errors import TrainingError

Reduction = Literal["mean", "sum", "none"]

NEVER = -torch.inf
WIDTH = 16
"""Positions of a diagonal are padded to a multiple of this. Vectorised and scalar logarithms of one machine differ in the last bit;
with no rest left over after whole vectors, an utterance's loss does not depend on how far its batch is padded."""


def transducer_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    logit_lengths: torch.Tensor,
    target_lengths: torch.Tensor,
    *,
    blank: int = 0,
    fastemit: float = 0.0,
    label_bias: torch.Tensor | float | None = None,
    reduction: Reduction = "mean",
) -> torch.Tensor:
    """-log p(target | logits), summed over all alignments [nats]: (n,) if `reduction` is "none", else one number.

    Works in float32, or float64 if the logits are; the lattice, small beside the logits, is always float64, because after 2,000
    frames a float32 logarithm has only three digits after the point left. Backward makes one tensor of the logits' size.

    Args:
        logits: scores before the softmax, (n, frames, positions, symbols) with positions = 1 + columns of `targets`. What lies
            beyond an utterance's lengths changes nothing, be it NaN, and gets a gradient of 0.
        targets: labels, integers (n, labels), padded with anything; (n, 0) where all are empty.
        logit_lengths: frames that count, integers (n,), at least 1.
        target_lengths: labels that count, integers (n,); 0 for silence.
        blank: its number; any symbol may be it.
        fastemit: lambda of FastEmit (Yu et al. 2021, arXiv 2010.11148), at least 0. The gradient by the log-probability of every
            label arc is multiplied by 1 + lambda and goes through the softmax; blank arcs stay as they are, and so does the
            loss, which some multiply too.
        label_bias: added to the log-probability of writing label u at frame t, (n, frames, labels) or one number [nats]; it gets
            gradients. Below 0 it puts a label off, at -inf it forbids it. Biased arcs need not be probabilities, so the loss may be
            below 0.
        reduction: "mean" over utterances (not over labels), "sum", or "none".

    Returns:
        The loss, of the type of the logits, but at least float32. It is inf, with a gradient of 0, where no alignment is possible.

    Raises:
        TrainingError: shapes or types that do not fit, lengths beyond the tensors or below 1 frame, labels that are the blank or no
            symbol, a negative `fastemit`, a bias that is NaN or inf, or an unknown reduction.
    """
    if reduction not in ("mean", "sum", "none"):
        raise TrainingError(f"there is no reduction {reduction!r}. Choose mean, sum or none.")
    if not 0 <= fastemit < torch.inf:
        raise TrainingError(f"fastemit is {fastemit}. Give a number of at least 0.")
    _check_shapes(logits, targets, logit_lengths, target_lengths, blank=blank)
    n, n_frames, n_positions, _ = logits.shape
    frames, labels = logit_lengths.to(logits.device, torch.int64), target_lengths.to(logits.device, torch.int64)
    _check_lengths(frames, name="logit_lengths", least=1, most=n_frames)
    _check_lengths(labels, name="target_lengths", least=0, most=n_positions - 1)
    targets = _checked_targets(targets.to(logits.device, torch.int64), labels, blank=blank, n_symbols=logits.shape[-1])
    bias = _checked_bias(label_bias, shape=(n, n_frames, n_positions - 1), frames=frames, labels=labels, like=logits)
    arguments = (logits, targets, frames, labels, bias, blank, fastemit)
    losses: torch.Tensor = _TransducerLoss.apply(*arguments)  # type: ignore[no-untyped-call]
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


class _TransducerLoss(torch.autograd.Function):
    """Loss of each utterance, with the gradient in closed form (Graves 2012, eq. 20)."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        targets: torch.Tensor,
        frames: torch.Tensor,
        labels: torch.Tensor,
        bias: torch.Tensor | None,
        blank: int,
        fastemit: float,
    ) -> torch.Tensor:
        n_labels = targets.shape[1]
        kind = _at_least_float32(logits)
        log_probs = torch.log_softmax(logits, dim=-1, dtype=kind)
        blank_arcs = log_probs[..., blank].double()
        label_arcs = log_probs[:, :, :n_labels].gather(-1, _symbols(targets, logits.shape[1])).squeeze(-1).double()
        # Free the one big tensor before the lattice is made: with it gone the peak is one tensor of the logits' size.
        del log_probs
        if bias is not None:
            label_arcs = label_arcs + bias
        outside = _outside(frames, labels, shape=blank_arcs.shape)
        blank_arcs.masked_fill_(outside, NEVER)
        # One position more, as wide as the blanks: the last label has no arc.
        label_arcs = pad(label_arcs, (0, 1), value=NEVER).masked_fill_(outside, NEVER)
        label_arcs.scatter_(2, labels[:, None, None].expand(-1, label_arcs.shape[1], 1), NEVER)
        alpha, beta = _forward_and_backward(blank_arcs, label_arcs, frames, labels)
        beta = beta.masked_fill(outside, NEVER)
        log_likelihood = beta[:, 0, 0]
        if any(ctx.needs_input_grad):
            # Where nothing is possible every arc is at -inf: any finite likelihood makes its share 0 and not NaN.
            towards = alpha - log_likelihood.masked_fill(log_likelihood == NEVER, 0.0)[:, None, None]
            past_blank = pad(beta[:, 1:], (0, 0, 0, 1), value=NEVER)
            past_blank[torch.arange(len(frames), device=frames.device), frames - 1, labels] = 0.0
            past_label = pad(beta[:, :, 1:], (0, 1), value=NEVER)
            blanks = (towards + blank_arcs + past_blank).exp()
            written = (towards + label_arcs + past_label)[:, :, :n_labels].exp().mul_(1.0 + fastemit)
            ctx.save_for_backward(logits, targets, outside, blanks, written)
            ctx.blank = blank
            ctx.bias_kind = None if bias is None else bias.dtype
        return -log_likelihood.to(kind)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_loss: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        logits, targets, outside, blanks, written = ctx.saved_tensors
        kind = by_loss.dtype
        scale = by_loss.double()[:, None, None]
        blanks, written = blanks * scale, written * scale
        to_logits = to_bias = None
        if ctx.needs_input_grad[0]:
            # Rounded first and then added: the parts of an arc's gradient cancel in the sum over symbols.
            to_blanks, to_labels = blanks.to(kind), written.to(kind)
            n_labels = targets.shape[1]
            through = to_blanks.clone()
            through[:, :, :n_labels] += to_labels
            to_logits = torch.softmax(logits, dim=-1, dtype=kind).mul_(through[..., None])
            to_logits[..., ctx.blank] -= to_blanks
            to_logits[:, :, :n_labels].scatter_add_(-1, _symbols(targets, logits.shape[1]), -to_labels[..., None])
            # Not by the share of 0 alone: padding may be NaN, and 0 times NaN is NaN.
            to_logits = to_logits.masked_fill_(outside[..., None], 0.0).to(logits.dtype)
        if ctx.needs_input_grad[4]:
            to_bias = -written.to(ctx.bias_kind)
        return to_logits, None, None, None, to_bias, None, None


def _forward_and_backward(
    blank_arcs: torch.Tensor, label_arcs: torch.Tensor, frames: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """log p of coming to each point, and of going from there to the end: float64 (n, frames, positions) each.

    Args:
        blank_arcs: log-probability of the blank at each point, (n, frames, positions); -inf outside the utterance's own lattice.
        label_arcs: of the next label, of the same shape; -inf also where all are written.
        frames: (n,).
        labels: (n,).
    """
    n, n_frames, n_positions = blank_arcs.shape
    width = -(-n_positions // WIDTH) * WIDTH
    # Point (t, u) of an utterance turned around is (frames - 1 - t, labels - u). Points that turn around to nowhere get whatever
    # is there: they come after all others, so nothing of theirs flows back.
    t = torch.arange(n_frames, device=frames.device)[None, :, None]
    u = torch.arange(n_positions, device=frames.device)
    turned = ((frames[:, None, None] - 1 - t) * n_positions + labels[:, None, None] - u).clamp(min=0).flatten(1)

    def around(points: torch.Tensor) -> torch.Tensor:
        return points.flatten(1).gather(1, turned).view(n, n_frames, n_positions)

    # What arrives from the label before is 0 and from the frame before is 1, in each diagonal of either direction.
    arcs = blank_arcs.new_full((n_frames + n_positions - 1, 2 * n, 2, width), NEVER)
    points = _points(arcs, n_frames, n_positions)
    forward, backward = points[:n], points[n:]
    forward[:, :, 1:, 0] = label_arcs[:, :, :-1]
    forward[:, 1:, :, 1] = blank_arcs[:, :-1]
    backward[..., 0] = around(label_arcs)
    backward[..., 1] = around(blank_arcs)
    # One position more in front, at -inf, for the points that no label leads to.
    states = blank_arcs.new_full((arcs.shape[0], 2 * n, width + 1), NEVER)
    states[0, :n, 1] = 0.0
    states[0, n:, 1] = blank_arcs[torch.arange(n, device=frames.device), frames - 1, labels]
    both = states.unfold(-1, width, 1)
    arriving = torch.empty_like(arcs[0])
    for before, arc, state in zip(both[:-1].unbind(), arcs[1:].unbind(), states[1:, :, 1:].unbind(), strict=True):
        torch.add(before, arc, out=arriving)
        torch.logaddexp(arriving[:, 0], arriving[:, 1], out=state)
    reached = _points(states[:, :, None, 1:], n_frames, n_positions)[..., 0]
    return reached[:n], around(reached[n:])


def _points(diagonals: torch.Tensor, n_frames: int, n_positions: int) -> torch.Tensor:
    """View of (diagonals, n, k, width) as (n, frames, positions, k): point (t, u) lies on diagonal t + u."""
    by_diagonal, by_utterance, by_k, by_position = diagonals.stride()
    _, n, k, _ = diagonals.shape
    strides = (by_utterance, by_diagonal, by_diagonal + by_position, by_k)
    return diagonals.as_strided((n, n_frames, n_positions, k), strides, diagonals.storage_offset())


def _symbols(targets: torch.Tensor, n_frames: int) -> torch.Tensor:
    """Targets as an index into log-probabilities, (n, frames, labels, 1)."""
    return targets[:, None, :, None].expand(-1, n_frames, -1, 1)


def _outside(frames: torch.Tensor, labels: torch.Tensor, *, shape: tuple[int, ...]) -> torch.Tensor:
    """Points beyond an utterance's own lengths, bool (n, frames, positions)."""
    t = torch.arange(shape[1], device=frames.device)[:, None]
    u = torch.arange(shape[2], device=frames.device)
    return (t >= frames[:, None, None]) | (u > labels[:, None, None])


def _at_least_float32(tensor: torch.Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


def _check_shapes(
    logits: torch.Tensor, targets: torch.Tensor, logit_lengths: torch.Tensor, target_lengths: torch.Tensor, *, blank: int
) -> None:
    if logits.ndim != 4 or not logits.is_floating_point() or 0 in logits.shape:
        raise TrainingError(
            f"logits are {logits.dtype} of shape {tuple(logits.shape)}. Give floats (n, frames, positions, symbols), none 0."
        )
    n, _, n_positions, n_symbols = logits.shape
    wanted = {"targets": (n, n_positions - 1), "logit_lengths": (n,), "target_lengths": (n,)}
    for (name, shape), tensor in zip(wanted.items(), (targets, logit_lengths, target_lengths), strict=True):
        if tuple(tensor.shape) != shape or tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
            raise TrainingError(
                f"{name} are {tensor.dtype} of shape {tuple(tensor.shape)}, and logits of shape {tuple(logits.shape)} need "
                f"integers of shape {shape}: one label fewer than positions. Pad targets to the same width as the logits."
            )
    if not 0 <= blank < n_symbols:
        raise TrainingError(f"the blank is {blank}, and there are {n_symbols} symbols. Choose 0 to {n_symbols - 1}.")


def _check_lengths(lengths: torch.Tensor, *, name: str, least: int, most: int) -> None:
    wrong = ((lengths < least) | (lengths > most)).nonzero().flatten().tolist()
    if wrong:
        raise TrainingError(
            f"{name} of {len(wrong)} of {len(lengths)} utterances are not between {least} and {most} (first: utterance {wrong[0]} "
            f"has {int(lengths[wrong[0]])}). Give the lengths before padding, of this very tensor."
        )


def _checked_targets(targets: torch.Tensor, labels: torch.Tensor, *, blank: int, n_symbols: int) -> torch.Tensor:
    """Targets with padding replaced by a symbol that exists."""
    counts = torch.arange(targets.shape[1], device=targets.device) < labels[:, None]
    wrong = (counts & ((targets == blank) | (targets < 0) | (targets >= n_symbols))).nonzero().tolist()
    if wrong:
        utterance, place = wrong[0]
        raise TrainingError(
            f"{len(wrong)} of {int(labels.sum())} labels are the blank ({blank}) or not among {n_symbols} symbols (first: "
            f"utterance {utterance}, label {place} is {int(targets[utterance, place])}). Give labels and their lengths, no blanks."
        )
    return targets.masked_fill(~counts, blank)


def _checked_bias(
    bias: torch.Tensor | float | None,
    *,
    shape: tuple[int, int, int],
    frames: torch.Tensor,
    labels: torch.Tensor,
    like: torch.Tensor,
) -> torch.Tensor | None:
    """The bias at every label arc, 0 where an utterance has none."""
    if bias is None:
        return None
    whole = torch.as_tensor(bias, device=like.device)
    if whole.ndim and tuple(whole.shape) != shape:
        raise TrainingError(f"label_bias has shape {tuple(whole.shape)}. Give one number or {shape}: utterances, frames, labels.")
    whole = whole.to(_at_least_float32(whole)).expand(shape)
    whole = whole.masked_fill(_outside(frames, labels - 1, shape=shape), 0.0)
    wrong = (whole.isnan() | (whole == torch.inf)).sum().item()
    if wrong:
        raise TrainingError(
            f"label_bias is NaN or inf at {int(wrong)} of {whole.numel()} arcs. Give finite numbers, or -inf to forbid an arc."
        )
    return whole
