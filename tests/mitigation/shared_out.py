"""One of two processes that share out the batches of the methods that reweight: `shared_out.py RANK MEETING_FILE RESULT_FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from toy_groups import step_of

from fairasr.mitigation.methods.adversarial_reweight import AgainstAdversary
from fairasr.mitigation.methods.ctc_dro import SmoothedMixture
from fairasr.mitigation.methods.group_dro import WorstMixture

N = 24
SPLIT = 5
"""Of eight rows; the second process has three."""


def ran(part: slice = slice(None)) -> dict[str, torch.Tensor]:
    """Losses and last state of each method after six batches, of which this process has a part."""
    cohorts = np.repeat(["a", "b", "c"], N // 3)
    features = np.random.default_rng(0).normal(size=(N, 4))
    terms: dict[str, Any] = {
        "group-dro": WorstMixture(cohorts=cohorts, step_size=0.5),
        "ctc-dro": SmoothedMixture(cohorts=cohorts, step_size=0.5, smoothing=0.2),
        "arl": AgainstAdversary(features=features, pretraining_steps=1, learning_rate=0.3),
    }
    found = {}
    for name, term in terms.items():
        generator = np.random.default_rng(1)
        losses = []
        for _ in range(6):
            rows, values = generator.permutation(N)[:8], generator.gamma(2.0, size=8)
            losses.append(term(step_of(values[part].tolist(), rows[part], global_size=8)).detach())
        found[f"{name}.losses"] = torch.stack(losses)
        found |= {f"{name}.state.{key}": value for key, value in term.state_dict().items()}
    return found


def main() -> None:
    """As one process of two."""
    rank, meeting, result = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    save_file(ran(slice(None, SPLIT) if rank == 0 else slice(SPLIT, None)), result)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
