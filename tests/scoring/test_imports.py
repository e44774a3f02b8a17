"""Importing the scoring stage is cheap."""

from __future__ import annotations

import subprocess
import sys


def test_importing_scoring_loads_no_scorer_and_no_normaliser() -> None:
    heavy = "{'rapidfuzz', 'whisper_normalizer', 'regex', 'torch', 'scipy', 'sklearn'}"
    code = f"import sys, fairasr.scoring; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
