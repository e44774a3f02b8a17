"""Pretrained models: recognisers and speaker encoders. Importing this loads none of them; torch comes only when one is made."""

from fairasr.models.base import Embeddings, SpeakerEncoder, UnreadableAudioError
from fairasr.models.embed import embed_manifest, embed_to_file
from fairasr.models.embedding_file import read_embeddings, write_embeddings
from fairasr.models.recogniser import Batch, Outputs, Part, Recognizer, Trainable
from fairasr.models.recordings import Recordings
from fairasr.models.resemblyzer import ResemblyzerEncoder

__all__ = [
    "Batch",
    "Embeddings",
    "Outputs",
    "Part",
    "Recognizer",
    "Recordings",
    "ResemblyzerEncoder",
    "SpeakerEncoder",
    "Trainable",
    "UnreadableAudioError",
    "embed_manifest",
    "embed_to_file",
    "read_embeddings",
    "write_embeddings",
]
