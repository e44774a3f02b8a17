"""The whole audit of 100,000 utterances of 5,000 speakers: all discoveries, 199 permutations, report written. Goal: 60 s, 1 GiB.

The audit runs in a process of its own, from files to files, so that its peak memory is its own.

    python -m benchmarks.audit
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fairasr.models import Embeddings, write_embeddings
from fairasr.testing import demo_corpus, write_census

N_SPEAKERS, UTTERANCES_PER_SPEAKER = 5_000, (10, 30)
SYSTEM = "cloud-a"
SECONDS, MEBIBYTES = 60, 1024


def write_corpus(folder: Path) -> int:
    """Write the corpus as a user would bring it, with one system; number of utterances."""
    world = demo_corpus(0, n_speakers=N_SPEAKERS, utterances_per_speaker=UTTERANCES_PER_SPEAKER)
    (system,) = (one for one in world.systems if one.system == SYSTEM)
    table = world.manifest.table.assign(hypothesis=world.manifest.table["utterance_id"].map(system.texts))
    table.to_parquet(folder / "utterances.parquet", index=False)
    assert world.manifest.embeddings is not None
    ids = table["utterance_id"].to_numpy(dtype=str)
    write_embeddings(Embeddings(utterance_ids=ids, vectors=world.manifest.embeddings), folder / "embeddings.npz")
    assert world.census is not None
    write_census(folder, world.census)
    return len(table)


def main() -> None:
    """Print wall and CPU seconds and peak memory of the audit, and whether the goals are met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_utterances = write_corpus(folder)
        command = [sys.executable, "-m", "fairasr", "audit", "utterances.parquet", "--embeddings", "embeddings.npz"]
        command += ["--census", "census.toml", "--missing", "deletions", "--permutations", "199", "-o", "report"]
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - started
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = usage.ru_maxrss / 1024
        cpu = usage.ru_utime + usage.ru_stime
        print(f"audit of {n_utterances:,} utterances of {N_SPEAKERS:,} speakers, all discoveries, 199 permutations, files to files")
        print(f"  wall {wall:.1f} s (goal {SECONDS}: {'met' if wall <= SECONDS else 'missed'}), CPU {cpu:.1f} s")
        print(f"  peak {peak:.0f} MiB (goal {MEBIBYTES}: {'met' if peak <= MEBIBYTES else 'missed'})")


if __name__ == "__main__":
    main()
