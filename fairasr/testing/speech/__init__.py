"""Made-up speech in eight accents on a map, from a synthesiser: recordings to train and audit a small recogniser on."""

from fairasr.testing.speech.accents import ACCENTS, MAJORITY, Accent, Town
from fairasr.testing.speech.corpus import CAUTION, RECIPE, TABLE, write_speech_corpus
from fairasr.testing.speech.sentences import WORDS

__all__ = ["ACCENTS", "CAUTION", "MAJORITY", "RECIPE", "TABLE", "WORDS", "Accent", "Town", "write_speech_corpus"]
