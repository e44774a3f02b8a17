"""The report as one HTML page: no script, no request, nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairasr.core import AuditResult, DisparityReport
from fairasr.core.atomic import write_file
from fairasr.report.rendering import rendered


def render_html(result: AuditResult) -> str:
    """The page: self-contained, opens from a file with no network, holds no script. Same result, same text."""
    return rendered("page.html.jinja", _view(result))


def write_html(result: AuditResult, path: str | Path) -> Path:
    """Write the page to `path`, all of it or nothing; the path written.

    Raises:
        OutputError: the file cannot be written; what was there before still is.
    """
    return write_file(Path(path), render_html(result).encode())


def _view(result: AuditResult) -> dict[str, Any]:
    """All that the template prints, in words."""
    from fairasr.report import comparison, headline, overview, wording
    from fairasr.report.rate_wording import writing_of

    system = result.system(result.focus)
    writing = writing_of(system)
    data = result.data
    min_speakers = data.get("min_speakers")
    reports = comparison.in_order(dict(system.reports))
    return {
        "title": result.title,
        "headline": headline.headline(result),
        "focus": system,
        "writing": writing,
        "n_systems": len(result.systems),
        "warnings": result.warnings,
        "figures": overview.figures(data, measure=system.measure),
        "data_notes": result.data.get("notes", ()),
        "left_out": [
            table
            for table in (
                overview.left_out_table(
                    data.get("set_aside", {}), caption="Rows set aside, and why.", heading="Reason", unit="Rows", total=None
                ),
                overview.left_out_table(
                    data.get("missing", {}),
                    caption="Utterances without a value, by column.",
                    heading="Column",
                    unit="Utterances",
                    total=data.get("n_utterances"),
                ),
            )
            if table is not None
        ],
        "systems": overview.systems_table(result),
        "paired": overview.comparison_table(result),
        "paired_by_cohort": [
            table
            for table in (
                overview.change_by_cohort_table(change, min_speakers=min_speakers, measure=system.measure)
                for change in result.comparisons
            )
            if table is not None
        ],
        "methods": comparison.methods_table(result) if reports else None,
        "sections": [_section(report, min_speakers=min_speakers) for report in reports],
        "everything": comparison.everything_table(result) if len(result.systems) > 1 and reports else None,
        "sensitivity": overview.sensitivity_table(result.sensitivity),
        "skipped": [(wording.method_in_words(method), result.skipped[method]) for method in sorted(result.skipped)],
        "min_speakers": min_speakers,
        "provenance": result.provenance,
        "provenance_tables": [
            table
            for table in (
                overview.inputs_table(result.provenance.inputs),
                overview.settings_table(result.provenance.settings, caption="Settings of the audit."),
            )
            if table is not None
        ],
    }


def _section(report: DisparityReport, *, min_speakers: int | None) -> dict[str, Any]:
    """What the template prints of one method."""
    from fairasr.report import cohorts, comparison, headline, numbers, overview, partitions, wording
    from fairasr.report.maps import map_svg
    from fairasr.report.rate_wording import writing_of

    words, writing = wording.method_in_words(report.method), writing_of(report)
    caption = f"{wording.clipped(report.rate_name)} of {wording.clipped(report.system)} by “{words}”"
    spread = report.spread
    return {
        "words": words,
        "method": report.method,
        "verdict": headline.verdict_in_words(report),
        "ranked": writing.worst,
        "worst": headline.worst_in_words(report),
        "estimate": headline.estimate_in_words(report),
        "cohorts": cohorts.cohort_tables(report, min_speakers=min_speakers),
        "conventions": comparison.conventions_table(report),
        "spread": ""
        if spread.n_cohorts == 0
        else f"Over the {numbers.count(spread.n_cohorts)} groups shown: mean {writing.name} {writing.rate(spread.mean)}, "
        f"largest {writing.rate(spread.max)}, 90th percentile {writing.rate(spread.percentile_90)}, "
        f"variance {spread.variance:{'.6f' if writing.is_of_errors else '.3g'}}.",
        "partitions": partitions.partitions_table(report, min_speakers=min_speakers),
        "map": map_svg(report, title=caption, min_speakers=min_speakers),
        "map_caption": f"{caption}. The tables above hold the same numbers.",
        "notes": report.notes,
        "settings": overview.settings_table(report.settings, caption=f"Settings of “{words}”."),
    }
