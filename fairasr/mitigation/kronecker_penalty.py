"""The quadratic penalty of a Kronecker-factored Fisher information: <dW, H dW Q> of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from fairasr.mitigation.kronecker import Factors, KroneckerFisher
from fairasr.mitigation.penalty import Diagonal


class KroneckerPrecision:
    """P = the blocks and the diagonal; keeps theta* once and the factors, which are larger than a diagonal.

    Args:
        anchor: theta*, by parameter.
        fisher: covers every parameter of `anchor`.

    Raises:
        TrainingError: it lacks one.
    """

    def __init__(self, anchor: Mapping[str, torch.Tensor], fisher: KroneckerFisher) -> None:
        blocks = {layer: [name for name in (f"{layer}.weight", f"{layer}.bias") if name in anchor] for layer in fisher.layers}
        within = [name for names in blocks.values() for name in names]
        rest = {name: values for name, values in anchor.items() if name not in set(within)}
        wanted = next(iter(anchor.values())).dtype
        self._factors = [Factors(inputs=one.inputs.to(wanted), outputs=one.outputs.to(wanted)) for one in fisher.layers.values()]
        self._anchors = [_matrix([anchor[name] for name in names]).clone() for names in blocks.values()]
        self._sizes = [len(names) for names in blocks.values()]
        self._rest = Diagonal(rest, fisher.diagonal) if rest else None
        self.names: Sequence[str] = (*within, *rest)

    def to(self, device: torch.device) -> None:
        """Move everything, the first time that the device is another."""
        if self._anchors and self._anchors[0].device != device:
            self._anchors = [values.to(device) for values in self._anchors]
            self._factors = [Factors(inputs=one.inputs.to(device), outputs=one.outputs.to(device)) for one in self._factors]
        if self._rest is not None:
            self._rest.to(device)

    def products(self, parameters: Sequence[torch.Tensor]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """dW and H dW Q, layer by layer, then the others' theta - theta* and F (theta - theta*)."""
        start = 0
        for factors, anchor, size in zip(self._factors, self._anchors, self._sizes, strict=True):
            own = parameters[start : start + size]
            delta = _matrix(own) - anchor
            product = factors.outputs @ delta @ factors.inputs
            yield from zip(_parameters(delta, own), _parameters(product, own), strict=True)
            start += size
        if self._rest is not None:
            yield from self._rest.products(parameters[start:])


def _matrix(parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """Weight (n_out, ...) and, if given, bias (n_out,) as one matrix (n_out, n_in), the bias last."""
    return torch.cat([values.detach().reshape(len(values), -1) for values in parameters], dim=1)


def _parameters(matrix: torch.Tensor, like: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The matrix as the parameters it was made of."""
    columns = torch.split(matrix, [values[0].numel() for values in like], dim=1)
    return [part.reshape(values.shape).contiguous() for part, values in zip(columns, like, strict=True)]
