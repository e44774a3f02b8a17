"""The tiny Hugging Face models of tests/models are used here too, and one thread is enough for what is tiny."""

from __future__ import annotations

import sys
from pathlib import Path

from one_thread import one_thread as one_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))
