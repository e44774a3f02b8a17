"""The methods that reweight, over two processes: what each learns is what one process learns from the whole batches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from shared_out import ran


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    script = Path(__file__).with_name("shared_out.py")
    results = [tmp_path / f"{rank}.safetensors" for rank in range(2)]
    workers = [
        subprocess.Popen([sys.executable, script, str(rank), tmp_path / "meeting", result], stderr=subprocess.PIPE, text=True)
        for rank, result in enumerate(results)
    ]
    errors = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    first, second = (load_file(result) for result in results)
    alone = ran()
    assert len(alone) > 6
    for name, expected in alone.items():
        if name.endswith(".losses"):
            np.testing.assert_allclose(first[name] + second[name], expected, rtol=1e-5, err_msg=name)
            assert not np.allclose(first[name], expected)
        else:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)
            np.testing.assert_allclose(first[name], expected, rtol=1e-9, atol=1e-12, err_msg=name)
