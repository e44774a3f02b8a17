"""Manifest, Hypotheses -> Counts: normalise both texts, count the errors of every utterance, flag loops.

Importing this loads neither rapidfuzz nor whisper_normalizer; both wait for the first use.
"""

from fairasr.scoring.alignment import Aligned, align
from fairasr.scoring.counting import score
from fairasr.scoring.normalisers import NORMALISERS, Normaliser, normalise

__all__ = ["NORMALISERS", "Aligned", "Normaliser", "align", "normalise", "score"]
