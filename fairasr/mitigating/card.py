"""The model card of the model that a job recommends."""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.core import MitigationResult
from fairasr.report.numbers import records
from fairasr.training import model_card

OF_SEEDS = "Rates are means over the seeds trained; this model is one of them."
"""On every card that a job writes, and on no other: a later job knows by it what it may replace."""


def card_of(result: MitigationResult, *, weights: Mapping[str, str]) -> str:
    """Markdown: what the recommended model was trained from and how, how it does for whom, and what is not known of it.

    Args:
        result: of the job.
        weights: file of the model -> SHA-256.
    """
    comparison = result.comparison
    chosen = records(result.league[result.league["chosen"]])[0]
    change = next(one for one in comparison.systems if one.after == result.recommended)
    shown = change.change.changes[change.change.changes["suppressed"] == ""]
    return model_card(
        name=f"{comparison.before}, fine-tuned: {result.recommended}",
        base=comparison.before,
        method=result.recommended,
        settings={"step": chosen["step"], "budget": dict(result.job.get("budget", {})), "selection": result.rule},
        data={f"{part} speakers": count for part, count in result.speakers.items()},
        hashes={**weights, **comparison.provenance.inputs},
        evaluation=[
            {
                "cohort": row["cohort"],
                "speakers": int(row["n_speakers"]),
                f"{comparison.rate_name} before": float(row["rate_before"]),
                f"{comparison.rate_name} after": float(row["rate_after"]),
                "95 % interval of the change": f"{row['change_lo']:+.4f} .. {row['change_hi']:+.4f}",
            }
            for row in records(shown)
        ],
        limits=[*change.verdict.reasons, *comparison.warnings, OF_SEEDS],
    )
