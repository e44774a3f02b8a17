"""Systems judged against the one they would replace, from transcripts alone."""

from fairasr.comparing.compared import compared
from fairasr.comparing.systems import compare_systems

__all__ = ["compare_systems", "compared"]
