"""Hugging Face folders of models so small that a test can make one: random weights, hand-made tokenisers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>")


def whisper_folder(folder: Path, *, multilingual: bool = False, **settings: Any) -> Path:
    """A Whisper with a window of 1 s; its tokeniser writes bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    number = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    end, start = number["<|endoftext|>"], number["<|startoftranscript|>"]
    config = transformers.WhisperConfig(
        **{
            "vocab_size": tokenizer.get_vocab_size(),
            "num_mel_bins": 8,
            "d_model": 16,
            "encoder_layers": 1,
            "decoder_layers": 2,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 32,
            "decoder_ffn_dim": 32,
            "max_source_positions": 50,
            "max_target_positions": 64,
            "decoder_start_token_id": start,
            "bos_token_id": end,
            "eos_token_id": end,
            "pad_token_id": end,
            "suppress_tokens": None,
            "begin_suppress_tokens": [220, end],
            "init_std": 0.5,  # so that what is said depends on what is heard
            **settings,
        }
    )
    torch.manual_seed(0)
    module = transformers.WhisperForConditionalGeneration(config)
    languages = {"lang_to_id": {token: number[token] for token in ("<|en|>", "<|de|>")}} if multilingual else {}
    module.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=[1, 2, start],
        begin_suppress_tokens=[220, end],
        is_multilingual=multilingual,
        no_timestamps_token_id=number["<|notimestamps|>"],
        max_length=64,
        **languages,
    )
    module.save_pretrained(folder)
    transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=1).save_pretrained(folder)
    return folder


LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", "'", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def ctc_folder(folder: Path, *, config_class: str, letters: tuple[str, ...] = LETTERS, **settings: Any) -> Path:
    """A model for CTC of transformers' class `config_class`, whose blank is number 0."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    config = getattr(transformers, config_class)(
        **{
            "vocab_size": len(letters),
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "conv_dim": [8, 8, 8],
            "conv_kernel": [10, 8, 4],
            "conv_stride": [5, 8, 4],
            "num_feat_extract_layers": 3,
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 2,
            "pad_token_id": 0,
            "layerdrop": 0.0,
            "feature_projection_input_dim": 160,
            "initializer_range": 0.3,
            **settings,
        }
    )
    torch.manual_seed(0)
    transformers.AutoModelForCTC.from_config(config).save_pretrained(folder)
    if config.model_type == "wav2vec2-bert":
        extractor = transformers.SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, stride=2)
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False)
    extractor.save_pretrained(folder)
    return folder
