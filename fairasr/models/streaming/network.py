"""A transducer (Graves 2012, arXiv 1211.3711): encoder of what is heard, predictor of what is written, joint network of both.

The points of an utterance's lattice are packed: point k is of frame k // (U + 1) with k % (U + 1) symbols written, U being the
length of its own target. So no point is computed that the loss does not need, and a point's place does not depend on the batch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from fairasr.models.streaming.encoder import StreamingEncoder
from fairasr.models.streaming.joint import Joint
from fairasr.models.streaming.predictor import Predictor
from fairasr.models.streaming.settings import TransducerSettings
from fairasr.models.vocabulary import BLANK


class TransducerNetwork(nn.Module):
    """All that is trained.

    It is being trained while it is in training mode, whatever mode its dropout is in. Then passes are counted, gates are drawn, and
    what acts on the gradient alone acts; in eval mode losses and gradients are those of the likelihood.

    Args:
        encoder: of frames.
        settings: of the rest.
        n_symbols: numbers of the vocabulary, the blank among them.
    """

    steps_trained: torch.Tensor
    """Passes in training mode so far, int64 (): saved with the weights, so that training goes on where it was.

    A pass is a batch that goes through at once: with accumulation there are several to a step, in parallel each process counts its
    own.
    """

    def __init__(self, encoder: StreamingEncoder, settings: TransducerSettings, *, n_symbols: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.predictor = Predictor(n_symbols, embedding=settings.embedding, width=settings.predictor, dropout=settings.dropout)
        self.joint = Joint(
            encoder_width=encoder.width, predictor_width=settings.predictor, width=settings.joint, n_symbols=n_symbols
        )
        self.ctc = nn.Linear(encoder.width, n_symbols) if settings.ctc_weight else None
        self.register_buffer("steps_trained", torch.zeros((), dtype=torch.int64))

    def initialise(self, generator: torch.Generator) -> None:
        """Fill what is its own: no passes yet."""
        self.steps_trained.zero_()

    def count_pass(self) -> None:
        """Count a pass, if it is in training mode."""
        if self.training:
            self.steps_trained += 1

    def train_without_dropout(self) -> None:
        """Training mode, with everything that drops at random in eval mode."""
        self.train()
        for layer in self.modules():
            if isinstance(layer, nn.modules.dropout._DropoutNd) or (isinstance(layer, nn.RNNBase) and layer.dropout > 0):
                layer.eval()

    def points(
        self, steps: torch.Tensor, step_lengths: torch.Tensor, targets: torch.Tensor, target_lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities at the packed points, float32 (n, most points, n_symbols), and how many there are, int64 (n,).

        With several output channels, each is a row of what is given, and a recording's points are those of its rows in order.

        Args:
            steps: of the encoder, float (rows, frames, width).
            step_lengths: of each row, int64 (rows,).
            targets: int64 (rows, symbols), padded with anything that is a number of the vocabulary.
            target_lengths: int64 (rows,).
        """
        n = len(steps)
        history = nn.functional.pad(targets, (1, 0), value=BLANK)
        said, _ = self.predictor(history, self.predictor.start(n))
        heard, written = self.joint.of_steps(steps), self.joint.of_text(said)
        places = list(zip(step_lengths.tolist(), target_lengths.tolist(), strict=True))
        hidden = [
            (own_heard[:n_steps, None] + own_written[None, : n_labels + 1]).flatten(0, 1)
            for own_heard, own_written, (n_steps, n_labels) in zip(heard.unbind(), written.unbind(), places, strict=True)
        ]
        scores = self.joint.output(torch.cat(hidden).tanh()).float().log_softmax(dim=-1)
        n_points = (step_lengths * (target_lengths + 1)).view(-1, self.encoder.n_channels).sum(dim=1)
        return pad_sequence(scores.split(n_points.tolist()), batch_first=True), n_points
