"""Maps of a verifier's equal error rates, and of a recogniser's word error rates, over the same groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fairasr.core import Estimate, GroupReport
from fairasr.report.maps import map_svg
from fairasr.report.maps.rates import report_of_rates
from fairasr.report.wording import clipped, method_in_words

RATES = {"eer": "Equal error rates", "wer": "Word error rates"}


def rate_map(
    report: GroupReport,
    *,
    rate: Literal["eer", "wer"],
    system: str,
    overall: Estimate,
    min_speakers: int | None,
    links: Mapping[str, str] | None = None,
    selected: str = "",
    has_style: bool = True,
) -> str | None:
    """Groups coloured by one of their rates against that of all; None where they have no place on a map, or no such rate.

    Args:
        report: the groups.
        rate: "eer" of the verifier, or "wer" of the recogniser for the same speakers.
        system: the verifier or the recogniser.
        overall: its rate over all.
        min_speakers: the least number of speakers a shown group has.
        links: label -> where its shape leads.
        selected: label of the shape that stands out.
        has_style: as in `map_svg`.
    """
    if report.map is None or not report.groups[rate].notna().any():
        return None
    cohorts = report.groups.assign(
        rate=report.groups[rate], rate_lo=report.groups[f"{rate}_lo"], rate_hi=report.groups[f"{rate}_hi"], role=""
    )
    columns = ["cohort", "suppressed", "role", "n_speakers", "rate", "rate_lo", "rate_hi"]
    drawn = report_of_rates(
        cohorts[columns].sort_values("rate", ascending=False, kind="stable", ignore_index=True),
        method=report.method,
        system=system,
        rate_name=rate.upper(),
        overall=overall,
        layer=dict(report.map),
    )
    return map_svg(
        drawn,
        title=f"{RATES[rate]} of {clipped(system)} by “{method_in_words(report.method)}”",
        min_speakers=min_speakers,
        links=links,
        selected=selected,
        has_style=has_style,
    )
