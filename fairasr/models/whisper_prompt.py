"""The tokens that every text of Whisper begins with: start, and for multilingual models language and task, no time stamps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from fairasr.core.errors import ModelError

GENERATION_FILE = "generation_config.json"


def prompt_of(module: Any, *, tokenizer: Tokenizer, language: str | None, folder: Path) -> list[int]:
    """Prompt of a model to transcribe in `language`, which is noted in the module's generation settings.

    Args:
        module: a WhisperForConditionalGeneration.
        tokenizer: of the same folder.
        language: code such as "de"; None: what the generation settings say.
        folder: of the model, for messages.

    Raises:
        ModelError: the language is not said, not known, or given to a model that knows only English; or settings are missing.
    """
    settings = module.generation_config
    no_timestamps = getattr(settings, "no_timestamps_token_id", None)
    if no_timestamps is None:
        raise ModelError(f"the model folder {folder} has no {GENERATION_FILE} with no_timestamps_token_id. Give the whole folder.")
    start = [int(module.config.decoder_start_token_id)]
    if not getattr(settings, "is_multilingual", False):
        if language not in (None, "en"):
            raise ModelError(f"the model in {folder} knows only English, not {language!r}. Choose a multilingual model.")
        return [*start, int(no_timestamps)]
    said = language or getattr(settings, "language", None)
    if said is None:
        raise ModelError(
            f"the model in {folder} is multilingual, and guessing the language would mix languages. Say which, such as "
            f'language="de", or write "language" into its {GENERATION_FILE}.'
        )
    token = tokenizer.token_to_id(f"<|{str(said).strip('<|>').lower()}|>")
    task = tokenizer.token_to_id("<|transcribe|>")
    languages = getattr(settings, "lang_to_id", None) or {}
    if token is None or task is None or token not in languages.values():
        known = ", ".join(sorted(name.strip("<|>") for name in languages))
        raise ModelError(f"the model in {folder} does not know the language {said!r}. Give one of its codes: {known}.")
    settings.language = f"<|{str(said).strip('<|>').lower()}|>"
    return [*start, token, task, int(no_timestamps)]
