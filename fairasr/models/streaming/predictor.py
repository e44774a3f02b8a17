"""The part of a transducer that knows the text: from the symbols written so far to what may come next."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from fairasr.models.recurrent import run_lstm


@dataclass(frozen=True)
class PredictorState:
    """What is remembered of the symbols so far.

    Attributes:
        hidden: float (n, width).
        cell: float (n, width).
    """

    hidden: torch.Tensor
    cell: torch.Tensor

    def at(self, rows: torch.Tensor) -> PredictorState:
        """Of some texts: `rows` int64 (m,), or bool (n,)."""
        return PredictorState(self.hidden[rows], self.cell[rows])

    def replaced(self, rows: torch.Tensor, state: PredictorState) -> PredictorState:
        """With the state of some texts, `rows` int64 (m,), replaced."""
        return PredictorState(self.hidden.index_copy(0, rows, state.hidden), self.cell.index_copy(0, rows, state.cell))


class Predictor(nn.Module):
    """Embedding and LSTM; before the first symbol it reads the blank.

    Args:
        n_symbols: numbers of the vocabulary, the blank among them.
        embedding: channels of a symbol.
        width: channels of what it says.
        dropout: of what it says.
    """

    def __init__(self, n_symbols: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_symbols, embedding)
        self.lstm = nn.LSTM(embedding, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    @property
    def width(self) -> int:
        """Channels of what it says."""
        return self.lstm.hidden_size

    @property
    def flops(self) -> float:
        """Floating-point operations of a symbol; the embedding is a look-up."""
        return 2.0 * 4 * self.lstm.hidden_size * (self.lstm.input_size + self.lstm.hidden_size)

    def start(self, n: int) -> PredictorState:
        """Before anything is read, of `n` texts."""
        zeros = self.embedding.weight.new_zeros(n, self.width)
        return PredictorState(zeros, zeros)

    def forward(self, symbols: torch.Tensor, state: PredictorState) -> tuple[torch.Tensor, PredictorState]:
        """What may come after each symbol, float (n, symbols, width), and the state after the last.

        Args:
            symbols: the next symbols of each text, int64 (n, symbols).
            state: what `start` or the last call gave; it is not changed.
        """
        said, (hidden, cell) = run_lstm(self.lstm, self.embedding(symbols), (state.hidden[None], state.cell[None]))
        return self.dropout(said), PredictorState(hidden[0], cell[0])
