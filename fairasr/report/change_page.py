"""A comparison, or a fine-tuning job with its comparison, as one HTML page: no script, no request, nothing beside it."""

from __future__ import annotations

from typing import Any

from fairasr.core import Comparison, MitigationResult, SystemChange
from fairasr.core.comparison import EVERYONE
from fairasr.report.rendering import rendered

STYLES = ("page.css", "change.css")
MOST_OPEN = 3
"""New systems whose cohorts are shown unfolded, with maps: a job may have tried fifteen methods."""


def render_comparison(comparison: Comparison) -> str:
    """The page of a comparison: self-contained, no script. Same comparison, same text."""
    from fairasr.report.change_headline import comparison_headline

    view = {
        **_view(comparison, first=[system.after for system in comparison.systems]),
        "kicker": "Speech recognisers compared",
        "headline": comparison_headline(comparison),
        "job": None,
    }
    return rendered("change.html.jinja", view, styles=STYLES)


def render_mitigation(result: MitigationResult) -> str:
    """The page of a fine-tuning job: what to ship, the league, the trade-off, and the comparison. Same result, same text."""
    from fairasr.report.change_headline import mitigation_headline

    order = [result.recommended, *result.league["method"]]
    view = {
        **_view(result.comparison, first=order),
        "kicker": "Fine-tuning for the worst-served groups",
        "headline": mitigation_headline(result),
        "job": _job(result),
    }
    return rendered("change.html.jinja", view, styles=STYLES)


def _view(comparison: Comparison, *, first: list[str]) -> dict[str, Any]:
    """All that the template prints of a comparison, its new systems in the order of `first`."""
    from fairasr.report import change_overview, changes, numbers, overview, wording

    systems = sorted(comparison.systems, key=lambda system: first.index(system.after) if system.after in first else len(first))
    data = comparison.data
    units = "speakers" if comparison.unit == "speaker" else "utterances, each counted as a speaker"
    figures = [
        (numbers.count(data.get("n_speakers")), units, ""),
        (numbers.count(data.get("n_utterances")), "utterances", ""),
        (
            numbers.count(data.get("n_ref_words")),
            "reference words" if comparison.rate_name == "WER" else "reference characters",
            "",
        ),
    ]
    provenance = comparison.provenance
    tables = (
        overview.inputs_table(provenance.inputs),
        overview.settings_table(provenance.settings, caption="Settings of the comparison."),
    )
    return {
        "title": comparison.title,
        "comparison": comparison,
        "rate_in_words": wording.rate_in_words(comparison.rate_name),
        "grouping": wording.method_in_words(comparison.cohort_method) if comparison.cohort_method else "",
        "target": [] if comparison.target == (EVERYONE,) else _named(comparison),
        "warnings": comparison.warnings,
        "figures": figures if comparison.unit == "speaker" else figures[:1] + figures[2:],
        "systems_table": change_overview.systems_table(comparison),
        "forgetting_table": change_overview.forgetting_table(comparison),
        "systems": [_system(system, comparison, is_open=position < MOST_OPEN) for position, system in enumerate(systems)],
        "between": [changes.between_table(change, descriptions=comparison.descriptions) for change in comparison.between],
        "margin": f"{100 * comparison.systems[0].verdict.margin:g}{numbers.SPACE}%",
        "min_speakers": comparison.min_speakers,
        "notes": comparison.notes,
        "provenance": provenance,
        "provenance_tables": [table for table in tables if table is not None],
    }


def _named(comparison: Comparison) -> list[str]:
    from fairasr.report.wording import group_in_words

    return [group_in_words(label=label, description=comparison.descriptions.get(label, ""))[0] for label in comparison.target]


def _system(system: SystemChange, comparison: Comparison, *, is_open: bool) -> dict[str, Any]:
    """What the template prints of one new system."""
    from fairasr.report import change_wording, changes, wording
    from fairasr.report.change_maps import map_pair

    verdict = system.verdict
    return {
        "name": wording.clipped(system.after),
        "outcome": change_wording.OUTCOMES[verdict.outcome],
        "reasons": verdict.reasons,
        "tables": changes.change_tables(system, comparison=comparison),
        "maps": map_pair(comparison, system) if is_open else None,
        "is_open": is_open,
    }


def _job(result: MitigationResult) -> dict[str, Any]:
    """What the template prints of a fine-tuning job."""
    from fairasr.report import curve, league, overview
    from fairasr.report.wording import clipped

    names = {"worst": "target groups", "overall": "all development speakers", "forgetting": "forgetting set"}
    drawn = {
        across: curve.curve_svg(result.curve, across=across, names=names, rate_name=result.comparison.rate_name)
        for across in ("overall", "forgetting")
    }
    return {
        "league": league.league_table(result),
        "rule": result.rule,
        "recommended": clipped(result.recommended),
        "figures": league.speaker_figures(result),
        "seeds": ", ".join(map(str, result.seeds)),
        "curves": [(f"Target groups against {names[across]}", svg) for across, svg in drawn.items() if svg],
        "candidates": league.candidates_table(result),
        "settings": overview.settings_table(result.job, caption="The job file."),
        "n_runs": len(result.runs),
    }
