"""Does a gap hold under another text normaliser? Several audits in the literature flipped on this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from fairasr.auditing.method import Audited
from fairasr.auditing.plan import Plan
from fairasr.core import Counts, Estimate, Hypotheses
from fairasr.ingest import Corpus
from fairasr.statistics import band_gaps


def sensitivity_table(
    corpus: Corpus,
    audited: Mapping[str, Mapping[str, Audited]],
    normalisers: Sequence[str],
    *,
    rescored: Callable[[Hypotheses, str], Counts],
    own: str,
    plan: Plan,
) -> pd.DataFrame | None:
    """The honest gap of every system x method under every normaliser, cohorts as found under the audit's own.

    Columns: normaliser, system, method, relative_to_top, lo, hi, flips (sign or significance differs from the audit's
    own normaliser). None where no other normaliser is asked for.
    """
    others = [name for name in dict.fromkeys(normalisers) if name != own]
    if not others:
        return None
    rows = []
    for hypotheses in corpus.systems:
        reports = audited[hypotheses.system]
        rows += [_row(own, hypotheses.system, method, one.report.honest.relative_to_top, None) for method, one in reports.items()]
        for name in others:
            counts = rescored(hypotheses, name)
            for method, one in reports.items():
                judged = one.bands > -2
                own_gap = one.report.honest
                gap = band_gaps(
                    counts.numerators[judged],
                    counts.denominators[judged],
                    one.bands[judged],
                    basis=own_gap.basis,
                    bottom=own_gap.bottom,
                    top=own_gap.top,
                    min_speakers=plan.min_speakers,
                    widening=one.widening,
                )
                rows.append(_row(name, hypotheses.system, method, gap.relative_to_top, own_gap.relative_to_top))
    return pd.DataFrame(rows)


def _row(normaliser: str, system: str, method: str, gap: Estimate, own: Estimate | None) -> dict[str, object]:
    return {
        "normaliser": normaliser,
        "system": system,
        "method": method,
        "relative_to_top": gap.value,
        "lo": gap.lo,
        "hi": gap.hi,
        "flips": own is not None and _verdict(gap) != _verdict(own),
    }


def _verdict(gap: Estimate) -> int:
    """Sign of a gap whose interval excludes 0, else 0."""
    if not gap.is_known or gap.lo <= 0 <= gap.hi:
        return 0
    return int(np.sign(gap.value))
