"""One method in full: its cohorts, worst first, and those withheld."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairasr.core import UNKNOWN, DisparityReport, Estimate
from fairasr.report import numbers
from fairasr.report.drawings import Axis, axis_drawing, axis_of, interval_drawing, split_drawing, split_legend
from fairasr.report.headline import ALPHA
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.table import Cell, Column, Table, columns
from fairasr.report.wording import clipped, group_in_words, method_in_words, suppression_in_words

N_WORST = 15
N_BEST = 5
KINDS = ("substitution_rate", "deletion_rate", "insertion_rate")


@dataclass(frozen=True, kw_only=True)
class CohortTables:
    """The cohorts of one report, in up to three tables on the same axis, and those withheld.

    Attributes:
        worst: the first 15, or all where there are at most 20 and so nothing to leave out.
        between, best: the rest and the last 5; None where `worst` holds all.
        withheld: cohorts whose numbers may not be shown, with the reason; None for none.
    """

    worst: Table | None
    between: Table | None
    best: Table | None
    withheld: Table | None

    def with_current(self, link: str) -> CohortTables:
        """The same with the row that leads to `link` marked as what is shown now; "" marks none."""
        if not link:
            return self
        marked = (None if table is None else table.with_current(link) for table in (self.worst, self.between, self.best))
        worst, between, best = marked
        return CohortTables(worst=worst, between=between, best=best, withheld=self.withheld)


def cohort_tables(report: DisparityReport, *, min_speakers: int | None, links: Mapping[str, str] | None = None) -> CohortTables:
    """The tables of `report.cohorts`, in its order (worst first, unknown last).

    Args:
        report: of one method.
        min_speakers: the least number of speakers a shown cohort has, for the words about withheld ones.
        links: label -> address that its row leads to.
    """
    records = numbers.records(report.cohorts)
    shown = [row for row in records if not row["suppressed"]]
    withheld = [row for row in records if row["suppressed"]]
    painter = _Painter.of(shown, overall=report.cohorts_overall.value, writing=writing_of(report), links=links or {})
    ranked = [row for row in shown if _is_ranked(row)]
    unranked = [row for row in shown if not _is_ranked(row)]
    writing = painter.writing
    name = f"{clipped(report.rate_name)} of {clipped(report.system)} by “{method_in_words(report.method)}”"
    if len(ranked) <= N_WORST + N_BEST:
        whole = [*ranked, *unranked]
        tables = [
            painter.table(whole, caption=f"{name}: all {len(whole)} groups, {writing.worst} first.") if whole else None,
            None,
            None,
        ]
    else:
        parts = (ranked[:N_WORST], ranked[N_WORST:-N_BEST], [*ranked[-N_BEST:], *unranked])
        captions = (
            f"the {N_WORST} {'worst-served' if writing.is_of_errors else 'highest'} groups of {len(ranked)}.",
            f"the {len(parts[1])} groups between.",
            f"the {N_BEST} {'best-served' if writing.is_of_errors else 'lowest'} groups",
        )
        tail = ", then those that have no rank." if unranked else "."
        tables = [
            painter.table(part, caption=f"{name}: {caption}{tail if part is parts[2] else ''}", explained=part is parts[0])
            for part, caption in zip(parts, captions, strict=True)
        ]
    return CohortTables(
        worst=tables[0],
        between=tables[1],
        best=tables[2],
        withheld=_withheld_table(withheld, name=name, min_speakers=min_speakers, ranks=writing.ranks) if withheld else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Painter:
    """Draws cohort rows on one axis."""

    axis: Axis
    overall: float
    longest: float
    writing: Writing
    links: Mapping[str, str]

    @classmethod
    def of(cls, rows: list[dict[str, Any]], *, overall: float, writing: Writing, links: Mapping[str, str]) -> _Painter:
        sums = [sum(numbers.number(row[kind]) for kind in KINDS) for row in rows]
        everyone = Estimate(value=overall, lo=math.nan, hi=math.nan)
        return cls(
            axis=axis_of([everyone, *(numbers.estimate_of(row, "rate") for row in rows)]),
            overall=overall,
            longest=max((total for total in sums if math.isfinite(total)), default=0.0),
            writing=writing,
            links=links,
        )

    def table(self, rows: list[dict[str, Any]], *, caption: str, explained: bool = True) -> Table:
        rate = f"{clipped(self.writing.name)}{self.writing.unit}, dashed: all speakers"
        headings = {
            "Rate": Column(heading=rate, drawing=axis_drawing(self.axis, written=self.writing.tick), numeric=False),
            "Kinds of error": Column(heading="Kinds of error", drawing=split_legend(), numeric=False),
        }
        reading = {rate if heading == "Rate" else heading: text for heading, text in self.writing.group_words.items()}
        return Table(
            caption=caption,
            columns=tuple(headings.get(h, Column(heading=h, numeric=h != "Group")) for h in self.writing.group_words),
            rows=tuple(self.row(row) for row in rows),
            reading=reading if explained else {},
            layout="aligned" if self.writing.is_of_errors else "aligned short",
        )

    def row(self, row: Mapping[str, Any]) -> tuple[Cell, ...]:
        title, label = group_in_words(label=row["cohort"], description=row["description"])
        rate = numbers.estimate_of(row, "rate")
        writing = self.writing
        because = _reason(row, writing)
        kinds = tuple(numbers.number(row[kind]) for kind in KINDS)
        difference = numbers.estimate_of(row, "difference_to_overall")
        return (
            Cell(
                text=title,
                note=label,
                tag=writing.ranks.get(row["role"], ""),
                link=self.links.get(row["cohort"], ""),
            ),
            Cell(
                text=writing.bare.rate_interval(rate, because=because),
                drawing=interval_drawing(rate, overall=self.overall, axis=self.axis),
                muted=not math.isfinite(rate.value),
            ),
            Cell(text=writing.difference_interval(difference, because=because), muted=not math.isfinite(difference.value)),
            *((_kinds(kinds, longest=self.longest),) if writing.is_of_errors else ()),
            Cell(text=numbers.count(row["n_speakers"]), note=self._over(row)),
            *((_odd_utterances(row),) if writing.is_of_errors else ()),
            _probability(row),
        )

    def _over(self, row: Mapping[str, Any]) -> str:
        """What the rate is over, and for rates without a column of odd utterances, the rows that could not be used."""
        total, aside = self.writing.total(row["n_ref_words"]), _rows_set_aside(row)
        return total if self.writing.is_of_errors or not aside else f"{total}; {aside}"


def _is_ranked(row: Mapping[str, Any]) -> bool:
    return row["cohort"] != UNKNOWN and math.isfinite(numbers.number(row["rate"]))


def _kinds(rates: tuple[float, ...], *, longest: float) -> Cell:
    if not all(map(math.isfinite, rates)):
        return Cell(text=numbers.NOT_ESTIMABLE, muted=True)
    substitutions, deletions, insertions = rates
    text = f"{numbers.SPACE}· ".join(
        f"{letter}{numbers.SPACE}{numbers.per_hundred(rate)}"
        for letter, rate in zip("SDI", (substitutions, deletions, insertions), strict=True)
    )
    return Cell(text=text, drawing=split_drawing((substitutions, deletions, insertions), longest=longest))


def _odd_utterances(row: Mapping[str, Any]) -> Cell:
    return Cell(
        text=" / ".join(numbers.count(row[column]) for column in ("n_missing", "n_empty", "n_loops")),
        note=_rows_set_aside(row),
    )


def _rows_set_aside(row: Mapping[str, Any]) -> str:
    aside = numbers.number(row["n_set_aside"])
    return f"{numbers.count(aside)}{numbers.SPACE}rows set aside" if aside > 0 else ""


def _probability(row: Mapping[str, Any]) -> Cell:
    if not math.isfinite(numbers.number(row["p_value"])):
        return Cell(text=numbers.NOT_RUN, muted=True)
    holm = numbers.number(row["p_holm"])
    return Cell(
        text=numbers.probability(row["p_value"]),
        note=f"Holm{numbers.SPACE}{numbers.probability(row['p_holm'])}, BH{numbers.SPACE}{numbers.probability(row['p_bh'])}",
        tag="differs" if holm < ALPHA else "",
    )


def _reason(row: Mapping[str, Any], writing: Writing) -> str:
    """Why a cohort that is not withheld has no rate."""
    if numbers.number(row["n_speakers"]) == 0:
        return "none of the judged speakers is in it"
    nothing = "no reference words" if writing.is_of_errors else f"its {writing.denominator} is 0"
    return nothing if numbers.number(row["n_ref_words"]) == 0 else ""


def _withheld_table(rows: list[dict[str, Any]], *, name: str, min_speakers: int | None, ranks: Mapping[str, str]) -> Table:
    return Table(
        caption=f"{name}: groups whose numbers are withheld, here and in every file of this audit, to protect their speakers.",
        columns=columns("Group", "Why", words=("Why",)),
        rows=tuple(
            (
                Cell(text=title, note=label, tag=ranks.get(row["role"], "")),
                Cell(text=suppression_in_words(row["suppressed"], min_speakers=min_speakers)),
            )
            for row in rows
            for title, label in [group_in_words(label=row["cohort"], description=row["description"])]
        ),
    )
