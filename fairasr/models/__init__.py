"""Pretrained models: speaker encoders. Importing this loads none of them; torch comes only with `ResemblyzerEncoder(...)`."""

from fairasr.models.base import Embeddings, SpeakerEncoder
from fairasr.models.embed import embed_manifest, embed_to_file
from fairasr.models.embedding_file import read_embeddings, write_embeddings
from fairasr.models.resemblyzer import ResemblyzerEncoder

__all__ = [
    "Embeddings",
    "ResemblyzerEncoder",
    "SpeakerEncoder",
    "embed_manifest",
    "embed_to_file",
    "read_embeddings",
    "write_embeddings",
]
