"""Mixtures of several speakers: made of a corpus of single ones, and judged turn by turn.

Importing this loads neither torch nor soundfile; the sound waits for the first recording.
"""

from fairasr.mixtures.scored_turns import ScoredTurns, score_turns
from fairasr.mixtures.settings import MixtureSettings
from fairasr.mixtures.simulation import Simulated, simulate

__all__ = ["MixtureSettings", "ScoredTurns", "Simulated", "score_turns", "simulate"]
