"""Pretrained models: recognisers and speaker encoders. Importing this loads none of them; torch comes only when one is made."""

from fairasr.models.architectures import ARCHITECTURES, initialised
from fairasr.models.base import Embeddings, SpeakerEncoder, UnreadableAudioError
from fairasr.models.embed import embed_manifest, embed_to_file
from fairasr.models.embedding_file import read_embeddings, write_embeddings
from fairasr.models.hypothesis_file import HypothesisFile, read_hypotheses, write_hypotheses
from fairasr.models.load import load
from fairasr.models.recogniser import (
    Batch,
    HasAuxiliaryLosses,
    Outputs,
    Part,
    Recognizer,
    TakesCohorts,
    Trainable,
    TrainsWithoutDropout,
)
from fairasr.models.recordings import Recordings
from fairasr.models.resemblyzer import ResemblyzerEncoder
from fairasr.models.transcribe import Transcripts, transcribe_manifest, transcribe_to_file

__all__ = [
    "ARCHITECTURES",
    "Batch",
    "Embeddings",
    "HasAuxiliaryLosses",
    "HypothesisFile",
    "Outputs",
    "Part",
    "Recognizer",
    "Recordings",
    "ResemblyzerEncoder",
    "SpeakerEncoder",
    "TakesCohorts",
    "Trainable",
    "TrainsWithoutDropout",
    "Transcripts",
    "UnreadableAudioError",
    "embed_manifest",
    "embed_to_file",
    "initialised",
    "load",
    "read_embeddings",
    "read_hypotheses",
    "transcribe_manifest",
    "transcribe_to_file",
    "write_embeddings",
    "write_hypotheses",
]
