"""Whisper from a Hugging Face folder (Radford et al. 2022, arXiv 2212.04356): attention decoder over a fixed window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

from fairasr.core.errors import ModelError
from fairasr.models.hugging_face import (
    HuggingFaceModel,
    device_of,
    evaluating,
    quiet,
    read_companions,
    read_json,
    read_network,
    read_text,
)
from fairasr.models.long_audio import windows
from fairasr.models.plain_text import marker_obstacle
from fairasr.models.recogniser import Batch, Outputs, Part
from fairasr.models.whisper_decoding import Choose, decode, drawn, likeliest
from fairasr.models.whisper_prompt import prompt_of

PREPROCESSOR_FILE = "preprocessor_config.json"
TOKENIZER_FILE = "tokenizer.json"
END = "<|endoftext|>"
LARGEST_BATCH = 32
"""Windows transcribed at once; on a CPU 8 % faster than 16, and 16 is 9 % faster than 8 (Whisper tiny.en, one thread)."""
BATCH_BYTES = 1 << 30
"""Room for the keys and values of a batch; a window takes 18 MB of it in the smallest model and 490 MB in the largest."""
IGNORED = -100
"""Target of a step that does not count."""


class WhisperRecognizer(HuggingFaceModel):
    """Whisper, English-only or multilingual. `load` makes one.

    A text is learned with a space before its first word, as the published models write it, and as it stands: with its case and its
    punctuation. Loss is over the text's tokens and the end; the prompt (language, task, no time stamps) is given, not learned.

    Every recording is padded to the model's window (30 s as published). `context_s` makes the window shorter, and training as much
    faster; a published model needs its full window until it was fine-tuned with the shorter one.

    In training mode the config's dropout, layer drop and masking of spans act. Masking draws from numpy's global generator.

    Args:
        name: name of the model.
        module: a WhisperForConditionalGeneration.
        extractor: makes log-mel frames.
        tokenizer: of the same folder.
        prompt: tokens that every text begins with.
        companions: files that are saved with it, by name.
    """

    def __init__(
        self,
        *,
        name: str,
        module: torch.nn.Module,
        extractor: WhisperFeatureExtractor,
        tokenizer: Tokenizer,
        prompt: Sequence[int],
        companions: Mapping[str, bytes],
    ) -> None:
        super().__init__(name=name, module=module, companions=companions)
        self._extractor: Any = extractor
        self._tokenizer = tokenizer
        self._prompt = list(prompt)
        end = tokenizer.token_to_id(END)
        assert end is not None  # load has seen to it
        self._end: int = end

    @classmethod
    def load(cls, folder: Path, *, context_s: int | None = None, language: str | None = None) -> Self:
        """The model in a folder, in eval mode, float32, on the CPU. Never a download.

        Args:
            folder: config.json, generation_config.json, model.safetensors, preprocessor_config.json, tokenizer.json.
            context_s: window [s], at most the model's own, which None means.
            language: code of the language ("de"), for multilingual models; None: the one in
                generation_config.json. It is saved there.

        Raises:
            ModelError: the folder is not there, lacks a file, is of another model, or the language or window cannot be.
        """
        read_json(folder, PREPROCESSOR_FILE)
        tokenizer = _tokenizer(folder)
        with quiet():
            extractor: Any = WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
        extractor.dither = 0.0  # features hold no randomness
        module, _ = read_network(WhisperForConditionalGeneration, folder)
        prompt = prompt_of(module, tokenizer=tokenizer, language=language, folder=folder)
        companions = read_companions(folder)
        if context_s is not None:
            _shorten(module, extractor, context_s=context_s)
            companions[PREPROCESSOR_FILE] = extractor.to_json_string().encode()
        return cls(
            name=folder.resolve().name,
            module=module,
            extractor=extractor,
            tokenizer=tokenizer,
            prompt=prompt,
            companions=companions,
        )

    @property
    def sample_rate_hz(self) -> int:
        """Rate [Hz] at which samples are wanted."""
        return int(self._extractor.sampling_rate)

    @property
    def context_s(self) -> int:
        """Length of the window [s]; longer recordings are transcribed in pieces."""
        return int(self._extractor.chunk_length)

    @property
    def frame_layer(self) -> str:
        """The first convolution of the encoder."""
        return "model.encoder.conv1"

    @property
    def frame_axis(self) -> int:
        """Channels come before frames."""
        return 1

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording, by greedy decoding; those longer than the window are cut at pauses (`windows`)."""
        pieces = [windows(samples, sample_rate_hz=self.sample_rate_hz, longest_s=self.context_s) for samples in recordings]
        flat = [piece for of_recording in pieces for piece in of_recording]
        texts: list[str] = []
        size = self._batch_size
        with evaluating(self._module):
            for first in range(0, len(flat), size):
                features = self._features(flat[first : first + size])
                texts += [self._text(tokens) for tokens in self._decoded(features, choose=self._likeliest())]
        remaining = iter(texts)
        return [" ".join(filter(None, (next(remaining) for _ in of_recording))) for of_recording in pieces]

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Longer than the window, markers of turns, or more tokens than the decoder has positions; see `Trainable`."""
        if n_samples > self._extractor.n_samples:
            return f"is {n_samples / self.sample_rate_hz:.1f} s long, longer than the model's window of {self.context_s} s"
        n_tokens, room = len(self._tokens(reference)), self._module.config.max_target_positions - len(self._prompt)
        if n_tokens > room:
            return f"has {n_tokens} tokens, more than the {room} that the model can write"
        return marker_obstacle(reference)

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """`features` float32 (n, n_mels, n_frames); `targets` int64 (n, steps): tokens of the text and the end, then IGNORED."""
        targets = [[*self._tokens(reference), self._end] for reference in references]
        return {"features": self._features(recordings), "targets": _padded(targets)}

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities of each target token, given the recording and the targets before it."""
        device = device_of(self._module)
        features, targets = batch["features"].to(device), batch["targets"].to(device)
        if self._module.training:
            features = features.clone()  # transformers masks spans in place, which would change the batch
        prompt = torch.tensor([self._prompt], device=device).expand(len(targets), -1)
        # What stands at IGNORED steps is read by no step that counts: the decoder sees only what came before.
        given = torch.cat([prompt, targets[:, :-1].masked_fill(targets[:, :-1] == IGNORED, self._end)], dim=1)
        logits = self._module(input_features=features, decoder_input_ids=given, use_cache=False).logits
        logits = logits[:, len(self._prompt) - 1 :]
        return Outputs(log_probs=logits.float().log_softmax(dim=-1), lengths=(targets != IGNORED).sum(dim=1))

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """Cross-entropy summed over the tokens of the text and its end."""
        targets = batch["targets"].to(outputs.log_probs.device)
        counts = targets != IGNORED
        of_targets = outputs.log_probs.gather(2, targets.masked_fill(~counts, 0)[:, :, None])[:, :, 0]
        return -of_targets.masked_fill(~counts, 0.0).sum(dim=1)

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Tokens of the text and its end."""
        return (batch["targets"] != IGNORED).sum(dim=1)

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with targets drawn token by token from all that the model can write; cut where `_limit` is reached."""
        with evaluating(self._module):
            texts = self._decoded(batch["features"], choose=drawn(seed=seed))
        return {**batch, "targets": _padded(texts).to(batch["targets"].device)}

    def part_of(self, parameter: str) -> Part:
        """The encoder is acoustic; the decoder, whose embedding also is the output layer, is language."""
        return "acoustic" if parameter.startswith("model.encoder.") else "language"

    @property
    def _limit(self) -> int:
        """Most tokens that are written for one window: half of the positions, as in the published decoder."""
        return int(self._module.config.max_target_positions) // 2

    @property
    def _batch_size(self) -> int:
        config, float_bytes = self._module.config, 4
        bytes_each: int = 2 * config.decoder_layers * config.max_source_positions * config.d_model * float_bytes
        return max(1, min(LARGEST_BATCH, BATCH_BYTES // bytes_each))

    def _likeliest(self) -> Choose:
        settings = self._module.generation_config
        return likeliest(settings.suppress_tokens or (), never_first=settings.begin_suppress_tokens or ())

    def _decoded(self, features: torch.Tensor, *, choose: Choose) -> list[list[int]]:
        features = features.to(device_of(self._module))
        return decode(self._module, features, prompt=self._prompt, end=self._end, limit=self._limit, choose=choose)

    def _features(self, recordings: Sequence[np.ndarray]) -> torch.Tensor:
        """Log-mel frames of recordings that fit the window, each padded to it: float32 (n, n_mels, n_frames)."""
        # One by one: transformers' own batch would hold all of them several times over.
        made = [self._extractor(one, sampling_rate=self.sample_rate_hz, return_tensors="np") for one in recordings]
        return torch.from_numpy(np.concatenate([one["input_features"] for one in made]).astype(np.float32, copy=False))

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer.encode(f" {text.strip()}" if text.strip() else "", add_special_tokens=False).ids
        return tokens

    def _text(self, tokens: Sequence[int]) -> str:
        # In every Whisper vocabulary the end is the first special token: languages, tasks and time stamps follow it.
        return str(self._tokenizer.decode([token for token in tokens if token < self._end])).strip()


def _tokenizer(folder: Path) -> Tokenizer:
    text = read_text(folder, TOKENIZER_FILE)
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises a bare Exception for whatever is wrong
        raise ModelError(f"{TOKENIZER_FILE} in the model folder {folder} is broken: {error}. Copy the folder again.") from error
    if tokenizer.token_to_id(END) is None:
        raise ModelError(
            f"{TOKENIZER_FILE} in the model folder {folder} has no {END!r}, so it is not Whisper's. Copy the folder again."
        )
    # A reference may hold the letters of a special token; they are letters there.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _shorten(module: Any, extractor: Any, *, context_s: int) -> None:
    """Make the window shorter, in place: fewer frames, and only the first of the encoder's positions (which are not trained)."""
    if not 1 <= context_s <= extractor.chunk_length:
        raise ModelError(
            f"context_s is {context_s}; the model's window is {extractor.chunk_length} s. Choose 1 to that many whole seconds."
        )
    extractor.chunk_length = context_s
    extractor.n_samples = context_s * extractor.sampling_rate
    extractor.nb_max_frames = extractor.n_samples // extractor.hop_length
    n_positions = extractor.nb_max_frames // 2
    module.config.max_source_positions = n_positions
    encoder = module.model.encoder
    encoder.max_source_positions = module.model.decoder.max_source_positions = n_positions
    kept = encoder.embed_positions.weight[:n_positions].detach().clone()
    positions = torch.nn.Embedding(len(kept), kept.shape[1], _weight=kept)
    encoder.embed_positions = positions.requires_grad_(encoder.embed_positions.weight.requires_grad)


def _padded(targets: Sequence[Sequence[int]]) -> torch.Tensor:
    """Targets as int64 (n, steps), IGNORED behind the shorter ones."""
    tensors = [torch.tensor(target, dtype=torch.long) for target in targets]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=IGNORED)
