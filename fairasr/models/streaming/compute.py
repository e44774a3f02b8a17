"""What it takes to transcribe a recording, in floating-point operations."""

from __future__ import annotations

from dataclasses import dataclass

from fairasr.models.streaming.network import TransducerNetwork


@dataclass(frozen=True, kw_only=True)
class ComputeSpent:
    """Floating-point operations for a recording, multiplications and additions apart.

    Attributes:
        encoder: as the encoder says itself.
        predictor: once at the start of each output channel and once per symbol written.
        joint: of a search frame by frame that takes the likeliest symbol each time: a point per frame of each output channel and
            per symbol.
        audio_s: length of the recording [s].
    """

    encoder: float
    predictor: float
    joint: float
    audio_s: float

    @property
    def total(self) -> float:
        """All three."""
        return self.encoder + self.predictor + self.joint


def compute_spent(
    network: TransducerNetwork, *, encoder_flops: float, n_frames: int, n_written: int, audio_s: float
) -> ComputeSpent:
    """For a recording of so many frames in which so many symbols were written, over all output channels."""
    joint, n_channels = network.joint, network.encoder.n_channels
    n_steps, n_texts = n_channels * n_frames, n_channels + n_written
    return ComputeSpent(
        encoder=encoder_flops,
        predictor=n_texts * network.predictor.flops,
        joint=n_steps * joint.step_flops + n_texts * joint.text_flops + (n_steps + n_written) * joint.point_flops,
        audio_s=audio_s,
    )
