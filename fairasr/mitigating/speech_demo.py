"""The speech demo: made-up speech, a small recogniser of its majority, an audit of it, a fine-tuning job for the worst region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from fairasr.auditing import Audit, audit
from fairasr.core.atomic import write_file
from fairasr.core.errors import OutputError
from fairasr.ingest import read
from fairasr.mitigating.from_scratch import train_recogniser
from fairasr.mitigating.measuring import Progress
from fairasr.mitigating.mitigate import mitigate
from fairasr.mitigating.result import Mitigated
from fairasr.models import Recordings, Trainable, transcribe_to_file
from fairasr.testing.speech import ACCENTS, MAJORITY, RECIPE, TABLE, write_speech_corpus
from fairasr.training.threads import chosen_threads
from fairasr.version import __version__

MADE_OF = "demo.json"
TITLE = "Speech demo: a synthesiser's accents"


@dataclass(frozen=True, kw_only=True)
class SpeechDemoSize:
    """How much is made, trained and tried. As it stands, one core needs about five minutes.

    Attributes:
        base_speakers: of the majority accent, whom the recogniser is trained on and nobody else ever is.
        base_utterances: of each of them.
        people: accent -> speakers who are audited; half of them are discovery and training speakers, the others choose and test.
        utterances: of each of them.
        forgetting_speakers: more of the majority accent, who only show what is forgotten.
        base_steps, base_batch: of the training from nothing.
        network: settings of the Conformer.
        steps: of each fine-tuning, of batches of 8.
        strengths: of EWC.
        shares: of the fine-tuned weights in interpolation.
        seeds: of the fine-tuning.
        region_speakers: fewest discovery speakers in a region.
        min_speakers: cohorts of fewer are shown nowhere.
    """

    base_speakers: int = 80
    base_utterances: int = 25
    people: Mapping[str, int] = field(
        default_factory=lambda: {accent.name: 110 if accent.name == MAJORITY else 56 for accent in ACCENTS}
    )
    utterances: int = 4
    forgetting_speakers: int = 50
    base_steps: int = 400
    base_batch: int = 16
    network: Mapping[str, int | float] = field(default_factory=dict)
    steps: int = 60
    strengths: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    shares: tuple[float, ...] = (0.25, 0.5, 0.75)
    seeds: tuple[int, ...] = (0,)
    region_speakers: int = 22
    min_speakers: int = 10


@dataclass(frozen=True, kw_only=True)
class SpeechDemo:
    """What the demo found.

    Attributes:
        audit: of the recogniser, over all accents.
        mitigated: what the fine-tuning job gave.
        audit_report, mitigation_report: the pages.
    """

    audit: Audit
    mitigated: Mitigated
    audit_report: Path
    mitigation_report: Path


def speech_demo(
    folder: str | Path,
    *,
    seed: int,
    size: SpeechDemoSize | None = None,
    n_permutations: int = 199,
    command: str = "fairasr demo --speech",
    progress: Progress | None = None,
) -> SpeechDemo:
    """Run the whole chain in `folder`, each stage through the function behind its own command. Interrupted, it goes on there.

    Every speaker is in one part only: the recogniser's training; discovery and fine-tuning; choosing; testing; or the forgetting
    set, which is of the majority accent alone.

    Args:
        folder: gets speech/ with base/, people/ and majority/; train.toml, base/, hypotheses.parquet, audit/, mitigate.toml and
            mitigation/.
        seed: of everything.
        size: how much; a test makes it small.
        n_permutations: of the audit, per method.
        command: for the provenance.
        progress: told what is being done.

    Raises:
        MissingExtraError: torch, the synthesiser or soundfile is not installed.
        OutputError: the folder cannot be written, or holds a demo of another seed, size or version.
    """
    folder, size, tell = Path(folder), size or SpeechDemoSize(), progress or (lambda what, done, total: None)
    # More threads would change the bits of the network. Who lacks torch is told here, before any speech is made.
    with chosen_threads(1):
        _claim(folder, seed, size)
        _write_corpora(folder, seed, size, tell)
        write_file(folder / "train.toml", _train_job(seed, size).encode())
        write_file(folder / "mitigate.toml", _mitigation_job(seed, size).encode())
        base = train_recogniser(folder / "train.toml", folder=folder / "base", progress=tell)
        found = _audited(folder, base, seed, size, n_permutations=n_permutations, command=command, tell=tell)
        found.write(folder / "audit")
        mitigated = mitigate(folder / "mitigate.toml", folder=folder / "mitigation", command=command, progress=tell)
        mitigated.write(folder / "mitigation")
    return SpeechDemo(
        audit=found,
        mitigated=mitigated,
        audit_report=folder / "audit" / "report.html",
        mitigation_report=folder / "mitigation" / "report.html",
    )


def _claim(folder: Path, seed: int, size: SpeechDemoSize) -> None:
    made_of = json.dumps({"version": __version__, "seed": seed, **asdict(size)}, indent=1, sort_keys=True)
    path = folder / MADE_OF
    if path.exists() and path.read_text(encoding="utf-8").strip() != made_of:
        raise OutputError(
            f"'{folder}' holds a speech demo of another seed, size or version, says its {MADE_OF}. Choose another folder, or "
            "remove it."
        )
    write_file(path, f"{made_of}\n".encode())


def _write_corpora(folder: Path, seed: int, size: SpeechDemoSize, tell: Progress) -> None:
    plans = {
        "base": ({MAJORITY: size.base_speakers}, size.base_utterances),
        "people": (size.people, size.utterances),
        "majority": ({MAJORITY: size.forgetting_speakers}, size.utterances),
    }
    seeds = np.random.SeedSequence(seed).generate_state(len(plans))
    for (name, (n_speakers, utterances)), part_seed in zip(plans.items(), seeds, strict=True):
        if (folder / "speech" / name / TABLE).exists():
            continue
        write_speech_corpus(
            folder / "speech" / name,
            seed=int(part_seed),
            n_speakers=n_speakers,
            utterances_per_speaker=utterances,
            prefix=name,
            progress=lambda done, total, name=name: tell(f"synthesising speech/{name}", done, total),  # type: ignore[misc]
        )


def _audited(
    folder: Path, base: Trainable, seed: int, size: SpeechDemoSize, *, n_permutations: int, command: str, tell: Progress
) -> Audit:
    people, recipe = folder / "speech" / "people", str(folder / "speech" / "people" / RECIPE)
    manifest = read(people, recipe=recipe).manifest
    transcribe_to_file(
        base,
        manifest,
        Recordings(manifest, audio_root=people, sample_rate_hz=base.sample_rate_hz, kept_bytes=0),
        path=folder / "hypotheses.parquet",
        progress=lambda done, total: tell("transcribing", done, total),
    )
    return audit(
        read(people, recipe=recipe, hypotheses=folder / "hypotheses.parquet"),
        seed=seed,
        methods=("geo-tree", "declared:accent"),
        method_settings={"geo-tree": {"min_speakers": size.region_speakers, "max_leaves": len(ACCENTS)}},
        missing="deletions",
        min_speakers=size.min_speakers,
        n_permutations=n_permutations,
        title=TITLE,
        command=command,
        progress=tell,
    )


def _train_job(seed: int, size: SpeechDemoSize) -> str:
    network = "".join(f"{name} = {value}\n" for name, value in size.network.items())
    return f"""\
# A recogniser from nothing, on speakers of the majority accent alone. Run it again: fairasr train train.toml -o base
name = "{MAJORITY} recogniser"
architecture = "conformer-ctc"
seed = {seed}

[corpus]
source = "speech/base"
recipe = "speech/base/{RECIPE}"

[settings]
{network}
[budget]
n_steps = {size.base_steps}
batch_size = {size.base_batch}
learning_rate = 2e-3
warmup_steps = {size.base_steps // 10}
schedule = "linear"
checkpoint_every = {max(1, size.base_steps // 5)}
"""


def _mitigation_job(seed: int, size: SpeechDemoSize) -> str:
    return f"""\
# Fine-tune for the worst region that the audit found. Run it again: fairasr mitigate mitigate.toml -o mitigation
title = "{TITLE}, fine-tuned for the worst region"
model = "base"
seed = {seed}
seeds = {list(size.seeds)}

[corpus]
source = "speech/people"
recipe = "speech/people/{RECIPE}"
hypotheses = "hypotheses.parquet"

[forgetting.majority]
source = "speech/majority"
recipe = "speech/majority/{RECIPE}"

[cohorts]
audit = "audit"
method = "geo-tree"
min_speakers = {size.min_speakers}
# A share that one region reaches: the worst one alone.
bottom_share = 0.05

[speakers]
training = 0.5
development = 0.2
min_target = {max(2, size.min_speakers // 2)}

[budget]
n_steps = {size.steps}
batch_size = 8
learning_rate = 1e-3
warmup_steps = {size.steps // 10}
schedule = "linear"
checkpoint_every = {size.steps}

[[method]]
name = "fine-tuning"

[[method]]
name = "ewc"
strength = {list(size.strengths)}

[[method]]
name = "mix"
share = 0.5

[[method]]
name = "interpolation"
alpha = {list(size.shares)}
"""
