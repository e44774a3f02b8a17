"""Any table or corpus layout to a Manifest and Hypotheses."""

from fairasr.ingest.corpus import Corpus, read

__all__ = ["Corpus", "read"]
