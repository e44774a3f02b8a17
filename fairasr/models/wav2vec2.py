"""CTC recognisers of the wav2vec 2.0 family (Baevski et al. 2020, arXiv 2006.11477) from Hugging Face folders."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
import transformers

from fairasr.core.errors import ModelError
from fairasr.models.ctc_paths import collapsed, drawn_paths, padded_targets, path_losses, steps_needed
from fairasr.models.hugging_face import (
    CONFIG_FILE,
    HuggingFaceModel,
    device_of,
    evaluating,
    quiet,
    read_companions,
    read_json,
    read_network,
)
from fairasr.models.letters import Letters
from fairasr.models.long_audio import windows
from fairasr.models.plain_text import marker_obstacle
from fairasr.models.recogniser import Batch, Outputs, Part

PREPROCESSOR_FILE = "preprocessor_config.json"
WINDOW_S = 60.0
"""Longer recordings are transcribed in pieces: attention over all frames costs memory with the square of the length."""
BATCH_S = 120.0
"""Seconds of padded audio transcribed at once."""
MASK_VECTOR = "masked_spec_embed"
"""What masked frames become in training. Published weights often lack it."""
BERT = "wav2vec2-bert"
"""Reads log-mel frames in pairs; the others read samples."""
MEL_WINDOW, MEL_HOP = 400, 160
"""Samples of a frame and between frames in the front end of wav2vec2-bert, at 16 kHz."""


class Wav2Vec2Recognizer(HuggingFaceModel):
    """Wav2vec 2.0, HuBERT, WavLM or w2v-BERT 2.0 with a CTC output layer. `load` makes one.

    Models whose first layer normalises over time (`feat_extract_norm` "group") were trained without padding and would hear it.
    Here that layer normalises each recording over its own frames, and padding is masked in all layers, so that neither padding
    nor the batch changes what is said.

    In training mode the config's dropout, layer drop and masking of spans act. Masking draws from numpy's global generator.

    Args:
        name: name of the model.
        module: a network for CTC.
        extractor: makes the network's input from samples.
        letters: what it writes.
        companions: files that are saved with it, by name.
    """

    def __init__(
        self, *, name: str, module: torch.nn.Module, extractor: Any, letters: Letters, companions: Mapping[str, bytes]
    ) -> None:
        super().__init__(name=name, module=module, companions=companions)
        self._extractor = extractor
        self._letters = letters
        self._config: Any = self._module.config
        self._blank = int(self._config.pad_token_id)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model in a folder, in eval mode, float32, on the CPU. Never a download.

        Args:
            folder: config.json, model.safetensors, preprocessor_config.json, vocab.json.

        Raises:
            ModelError: the folder is not there, lacks a file, or is of another model.
        """
        read_json(folder, PREPROCESSOR_FILE)
        letters = Letters.read(folder)
        module, lacking = read_network(transformers.AutoModelForCTC, folder, may_lack={MASK_VECTOR})
        front_end: Any = transformers.AutoFeatureExtractor
        with quiet():
            try:
                extractor = front_end.from_pretrained(folder, local_files_only=True)
            except (OSError, ValueError, LookupError) as error:
                raise ModelError(f"{PREPROCESSOR_FILE} in the model folder {folder} is of no known front end: {error}") from error
        for name in lacking:
            # Zero, as good as the random vector that transformers draws, and the same every time.
            torch.nn.init.zeros_(module.get_parameter(name))
        for name, parameter in module.named_parameters():
            # It stands in for masked frames in training alone: nothing that is measured depends on it, so it is not tuned.
            parameter.requires_grad_(not name.endswith(MASK_VECTOR))
        outside = [number for number in letters.numbers.values() if not 0 <= number < module.config.vocab_size]
        if outside or not 0 <= (module.config.pad_token_id or 0) < module.config.vocab_size:
            raise ModelError(
                f"the model in {folder} writes {module.config.vocab_size} symbols, and its vocabulary or {CONFIG_FILE} name "
                f"number {(outside or [module.config.pad_token_id])[0]}. Check that these files are of the same model."
            )
        return cls(
            name=folder.resolve().name, module=module, extractor=extractor, letters=letters, companions=read_companions(folder)
        )

    @property
    def sample_rate_hz(self) -> int:
        """Rate [Hz] at which samples are wanted."""
        return int(self._extractor.sampling_rate)

    @property
    def frame_layer(self) -> str:
        """The projection of the frames to the width of the attention layers."""
        return f"{self._module.base_model_prefix}.feature_projection.projection"

    @property
    def frame_axis(self) -> int:
        """Channels come last."""
        return -1

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording, the likeliest symbol at each step; those longer than `WINDOW_S` are cut at pauses (`windows`)."""
        pieces = [windows(samples, sample_rate_hz=self.sample_rate_hz, longest_s=WINDOW_S) for samples in recordings]
        flat = [piece for of_recording in pieces for piece in of_recording]
        texts = [""] * len(flat)
        with evaluating(self._module), torch.no_grad():
            for rows in self._rows_together([len(piece) for piece in flat]):
                outputs = self.outputs(self._features([flat[row] for row in rows]))
                paths = outputs.log_probs.argmax(dim=-1)
                for row, symbols in zip(rows, collapsed(paths, outputs.lengths, blank=self._blank), strict=True):
                    texts[row] = self._letters.decode(symbols)
        remaining = iter(texts)
        return [" ".join(filter(None, (next(remaining) for _ in of_recording))) for of_recording in pieces]

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Markers of turns, symbols outside the vocabulary, or fewer steps than the text needs; see `Trainable`."""
        outside = marker_obstacle(reference) or self._letters.obstacle(reference)
        if outside is not None:
            return outside
        target = self._letters.encode(reference)
        needed, n_steps = steps_needed(target), self._n_steps(max(n_samples, self._least_samples))
        if needed > n_steps:
            return f"needs at least {needed} steps for its {len(target)} symbols and has {n_steps}"
        return None

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """`features` float32 (n, samples), of w2v-BERT (n, frames, channels); `targets` int64 (n, symbols); lengths of both."""
        return {**self._features(recordings), **padded_targets([self._letters.encode(reference) for reference in references])}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities of every symbol at every step."""
        device = device_of(self._module)
        features, lengths = batch["features"].to(device), batch["feature_lengths"].to(device)
        mask = torch.arange(features.shape[1], device=device) < lengths[:, None]
        with self._normalised_alone(lengths), warnings.catch_warnings():
            # Of how transformers' WavLM calls torch; nothing that we could pass otherwise.
            warnings.filterwarnings("ignore", message="Support for mismatched key_padding_mask")
            logits = self._module(**{self._input_name: features}, attention_mask=mask.long()).logits
        return Outputs(log_probs=logits.float().log_softmax(dim=-1), lengths=self._output_lengths(lengths))

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """Summed over all alignments of the reference."""
        device = outputs.log_probs.device
        return path_losses(
            outputs, targets=batch["targets"].to(device), target_lengths=batch["target_lengths"].to(device), blank=self._blank
        )

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Letters and gaps between words; 1 for silence."""
        return batch["target_lengths"].clamp(min=1)

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with targets drawn: a symbol each step, then collapsed, which is a draw from p(y | recording)."""
        with evaluating(self._module), torch.no_grad():
            outputs = self.outputs(batch)
        targets = padded_targets(collapsed(drawn_paths(outputs, seed=seed), outputs.lengths, blank=self._blank))
        return {**batch, **{key: value.to(batch[key].device) for key, value in targets.items()}}

    def part_of(self, parameter: str) -> Part:
        """The output layer is language, all before it acoustic: CTC has no other model of the text."""
        return "language" if parameter.startswith("lm_head.") else "acoustic"

    @property
    def _input_name(self) -> str:
        return str(self._extractor.model_input_names[0])

    @property
    def _reads_frames(self) -> bool:
        return bool(self._config.model_type == BERT)

    @property
    def _least_samples(self) -> int:
        """Samples that give one step; shorter recordings are filled up with silence."""
        if self._reads_frames:
            return MEL_WINDOW + MEL_HOP
        return self._input_length(1)

    def _input_length(self, n_steps: int) -> int:
        """Fewest samples (frames, for w2v-BERT) that give `n_steps` steps before any adapter."""
        if self._reads_frames:
            return n_steps
        for kernel, stride in zip(reversed(self._config.conv_kernel), reversed(self._config.conv_stride), strict=True):
            n_steps = (n_steps - 1) * stride + kernel
        return n_steps

    def _n_steps(self, n_samples: int) -> int:
        n_inputs = (1 + (n_samples - MEL_WINDOW) // MEL_HOP) // 2 if self._reads_frames else n_samples
        return int(self._output_lengths(torch.tensor([n_inputs]))[0])

    def _output_lengths(self, lengths: torch.Tensor) -> torch.Tensor:
        steps: torch.Tensor = self._module._get_feat_extract_output_lengths(lengths).long()
        return steps

    def _features(self, recordings: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        made = [self._input_of(samples) for samples in recordings]
        lengths = torch.tensor([len(one) for one in made])
        # transformers refuses to mask spans in batches shorter than a span.
        longest = max(int(lengths.max()), self._input_length(int(self._config.mask_time_length)))
        features = torch.zeros(len(made), longest, *made[0].shape[1:])
        for row, one in zip(features, made, strict=True):
            row[: len(one)] = one
        return {"features": features, "feature_lengths": lengths}

    def _input_of(self, samples: np.ndarray) -> torch.Tensor:
        """Network input of one recording, normalised over it as the model's front end says: float32 (n_inputs, ...)."""
        filled = np.pad(samples, (0, max(0, self._least_samples - len(samples))))
        made = self._extractor(filled, sampling_rate=self.sample_rate_hz, return_attention_mask=True, return_tensors="np")
        n_inputs = int(made["attention_mask"][0].sum())
        return torch.from_numpy(np.array(made[self._input_name][0, :n_inputs], dtype=np.float32))

    @contextmanager
    def _normalised_alone(self, lengths: torch.Tensor) -> Iterator[None]:
        """Within it, a first layer that normalises over time does so over each recording's own frames."""
        if getattr(self._config, "feat_extract_norm", "") != "group":
            yield
            return
        n_frames = (lengths - self._config.conv_kernel[0]) // self._config.conv_stride[0] + 1

        def alone(layer: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
            return _normalised(inputs[0].float(), n_frames, layer).to(output.dtype)

        base = getattr(self._module, self._module.base_model_prefix)
        hook = base.feature_extractor.conv_layers[0].layer_norm.register_forward_hook(alone)
        try:
            yield
        finally:
            hook.remove()

    def _rows_together(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Rows of similar length, at most `BATCH_S` of padded audio together."""
        most = BATCH_S * self.sample_rate_hz
        rows: list[int] = []
        for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
            if rows and lengths[row] * (len(rows) + 1) > most:
                yield rows
                rows = []
            rows.append(row)
        if rows:
            yield rows


def _normalised(frames: torch.Tensor, n_frames: torch.Tensor, layer: Any) -> torch.Tensor:
    """Each channel of each row of `frames` (n, channels, steps) normalised over its first n_frames, then scaled as `layer` does."""
    counts = torch.arange(frames.shape[2], device=frames.device) < n_frames[:, None, None]
    mean = frames.masked_fill(~counts, 0.0).sum(dim=2, keepdim=True) / n_frames[:, None, None]
    centred = (frames - mean).masked_fill(~counts, 0.0)
    variance = centred.square().sum(dim=2, keepdim=True) / n_frames[:, None, None]
    scaled: torch.Tensor = centred * (variance + layer.eps).rsqrt() * layer.weight[:, None] + layer.bias[:, None]
    return scaled
