"""Quadratic penalties: (strength / 2) <theta - theta*, P (theta - theta*)> with its gradient in closed form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch

from fairasr.core.errors import TrainingError
from fairasr.mitigation.parts import trainable_parameters
from fairasr.training import Step


class Precision(Protocol):
    """The matrix P and the point theta* of a penalty."""

    @property
    def names(self) -> Sequence[str]:
        """Parameters it covers."""

    def to(self, device: torch.device) -> None:
        """Move what it keeps."""

    def products(self, parameters: Sequence[torch.Tensor]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """theta - theta* and P (theta - theta*) of each of `names`, in the parameters' shapes: new tensors, the caller's own."""


class QuadraticPenalty:
    """The penalty as a term of the loop. It covers every trainable parameter and is float32 under mixed precision, too.

    The value is computed for the log; the gradient strength * P (theta - theta*) is computed directly in the backward pass, so that
    nothing but theta* and P is kept.

    Args:
        strength: lambda, above 0.
        precision: P and theta*.
    """

    def __init__(self, *, strength: float, precision: Precision) -> None:
        self._strength, self._precision = strength, precision
        self._module: torch.nn.Module | None = None
        self._parameters: list[torch.nn.Parameter] = []

    def __call__(self, step: Step) -> torch.Tensor:
        """The penalty at the module's weights, float32 ()."""
        if self._module is not step.model.module:
            self._parameters = _found(step.model.module, self._precision.names)
            self._module = step.model.module
        self._precision.to(self._parameters[0].device)
        value: torch.Tensor = _Quadratic.apply(self._strength, self._precision, *self._parameters)  # type: ignore[no-untyped-call]
        return value


def _found(module: torch.nn.Module, names: Sequence[str]) -> list[torch.nn.Parameter]:
    trainable = trainable_parameters(module)
    uncovered = sorted(set(trainable) - set(names))
    absent = sorted(set(names) - set(trainable))
    if uncovered or absent:
        what = "are not covered by the penalty" if uncovered else "are covered by the penalty and not trained"
        raise TrainingError(
            f"{len(uncovered or absent):,} of {len(trainable):,} trainable parameter tensors {what} (first: "
            f"'{(uncovered or absent)[0]}'). Make the hooks from the model that is trained."
        )
    return [trainable[name] for name in names]


class _Quadratic(torch.autograd.Function):
    """The value forwards and the closed form backwards; autograd would keep and walk a graph of five nodes per tensor."""

    @staticmethod
    def forward(ctx: Any, strength: float, precision: Precision, *parameters: torch.Tensor) -> torch.Tensor:
        ctx.strength, ctx.precision = strength, precision
        ctx.save_for_backward(*parameters)
        with torch.autocast(parameters[0].device.type, enabled=False):
            values = [torch.sum(delta.mul_(product)) for delta, product in precision.products(parameters)]
            # One sum per tensor is exact enough in float32; the sum over a hundred of them is kept wider.
            total = torch.stack(values).sum(dtype=torch.float64)
            return (total * (strength / 2)).to(parameters[0].dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        parameters = ctx.saved_tensors
        with torch.autocast(parameters[0].device.type, enabled=False), torch.no_grad():
            scale = gradients[0] * ctx.strength
            return (None, None, *(product.mul_(scale) for _, product in ctx.precision.products(parameters)))


class Diagonal:
    """P = diag(F), or the identity. Keeps theta* and F as one flat tensor each: two copies of the parameters, one without F.

    Args:
        anchor: theta*, by parameter.
        weights: F, by parameter; None: all ones.

    Raises:
        TrainingError: `weights` lacks a parameter of `anchor` or has another shape there.
    """

    def __init__(self, anchor: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor] | None = None) -> None:
        if weights is not None:
            wrong = [name for name, values in anchor.items() if name not in weights or weights[name].shape != values.shape]
            if wrong:
                raise TrainingError(
                    f"{len(wrong):,} of {len(anchor):,} trainable parameter tensors have no Fisher entry of their shape (first: "
                    f"'{wrong[0]}'). Compute the Fisher information on this model."
                )
        self.names: Sequence[str] = tuple(anchor)
        self._shapes = [values.shape for values in anchor.values()]
        self._anchor = _flat(anchor[name] for name in self.names)
        self._weights = None if weights is None else _flat(weights[name] for name in self.names)
        self._split()

    def to(self, device: torch.device) -> None:
        """Move both tensors, the first time that the device is another."""
        if self._anchor.device != device:
            self._anchor = self._anchor.to(device)
            self._weights = None if self._weights is None else self._weights.to(device)
            self._split()

    def products(self, parameters: Sequence[torch.Tensor]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """theta - theta* and F (theta - theta*), tensor by tensor."""
        for position, (parameter, anchor) in enumerate(zip(parameters, self._anchors, strict=True)):
            delta = parameter - anchor
            yield delta, delta * self._weight_views[position] if self._weights is not None else delta.clone()

    def _split(self) -> None:
        self._anchors = _views(self._anchor, self._shapes)
        self._weight_views = [] if self._weights is None else _views(self._weights, self._shapes)


def _flat(tensors: Iterator[torch.Tensor]) -> torch.Tensor:
    return torch.cat([values.detach().reshape(-1) for values in tensors])


def _views(flat: torch.Tensor, shapes: Sequence[torch.Size]) -> list[torch.Tensor]:
    parts = torch.split(flat, [shape.numel() for shape in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
