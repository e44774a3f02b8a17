"""One cohort in words: what a person who chose it wants to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairasr.core import DisparityReport
from fairasr.dashboard.audit_choices import unit_of
from fairasr.report import numbers
from fairasr.report.headline import ALPHA
from fairasr.report.rate_wording import writing_of
from fairasr.report.wording import group_in_words, unit_in_words

ROLES = {"bottom": "ranked among the worst served", "top": "ranked among the best served"}
RATE_ROLES = {"bottom": "ranked among the highest", "top": "ranked among the lowest"}


@dataclass(frozen=True, kw_only=True)
class Detail:
    """What is said of one cohort.

    Attributes:
        title: who they are.
        label: the cohort's label; "" where the title says it.
        sentence: its rate against all, and how sure that is.
        facts: (what, value, small print).
    """

    title: str
    label: str
    sentence: str
    facts: tuple[tuple[str, str, str], ...]


def cohort_detail(report: DisparityReport, label: str) -> Detail:
    """The cohort of that label, whose numbers may be shown."""
    row = next(row for row in numbers.records(report.cohorts) if row["cohort"] == label)
    title, small = group_in_words(label=label, description=row["description"])
    return Detail(title=title, label=small, sentence=_sentence(row, report), facts=tuple(_facts(row, report)))


def _sentence(row: Mapping[str, Any], report: DisparityReport) -> str:
    rate, difference = numbers.estimate_of(row, "rate"), numbers.estimate_of(row, "difference_to_overall")
    if not math.isfinite(rate.value):
        return f"Its {report.rate_name} cannot be estimated."
    writing = writing_of(report)
    errors, unit = unit_in_words(report.rate_name)
    overall = numbers.per_hundred(report.cohorts_overall.value)
    against = f"{numbers.per_hundred(rate.value)} {errors} per {unit}, against {overall} over all speakers."
    if not writing.is_of_errors:
        of_all = writing.rate(report.cohorts_overall.value)
        against = f"Its {writing.words} is {writing.rate(rate.value)}, against {of_all} over all speakers."
    if not difference.is_known:
        return f"{against} How sure that is cannot be told from so few speakers."
    if difference.lo <= 0 <= difference.hi:
        return f"{against} The difference may be chance: its 95 % interval includes 0."
    sizes = sorted(abs(end) for end in (difference.lo, difference.hi))
    if writing.is_of_errors:
        least, most = (numbers.per_hundred(size) for size in sizes)
        sentence = f"{against} That is between {least} and {most} {'more' if difference.value > 0 else 'fewer'} per {unit}"
    else:
        least, most = (writing.size(size) for size in sizes)
        sentence = f"{against} That is between {least} and {most} {'higher' if difference.value > 0 else 'lower'}"
    if not math.isfinite(numbers.number(row["p_holm"])) or numbers.number(row["p_holm"]) < ALPHA:
        return f"{sentence}."
    n_groups = int((report.cohorts["suppressed"] == "").sum())
    return f"{sentence}, taken alone. Among {n_groups} groups some differ this much by chance, so it is no finding."


def _facts(row: Mapping[str, Any], report: DisparityReport) -> list[tuple[str, str, str]]:
    rate = numbers.estimate_of(row, "rate")
    writing = writing_of(report)
    units = f"{unit_of(report.rate_name)}s" if writing.is_of_errors else writing.denominator
    basis = "whom the search never saw" if report.cohorts_basis == "confirmation" else ""
    facts = [
        (report.rate_name, writing.rate_interval(rate), "in brackets the 95 % interval"),
        ("Against all", writing.difference_interval(numbers.estimate_of(row, "difference_to_overall")), ""),
        ("Speakers", numbers.count(row["n_speakers"]), basis),
        ("Utterances", numbers.count(row["n_utterances"]), f"{numbers.count(row['n_ref_words'])} {units}"),
        *([_kinds(row, units)] if writing.is_of_errors else []),
    ]
    if math.isfinite(numbers.number(row["rate_shrunken"])):
        facts.append(("Steadied rate", writing.rate(row["rate_shrunken"]), "drawn towards all speakers where few spoke"))
    if math.isfinite(numbers.number(row["p_value"])):
        holm = numbers.number(row["p_holm"])
        note = "differs from the rest" if holm < ALPHA else "no difference to the rest is shown"
        facts.append(("p after correction", numbers.probability(row["p_holm"]), note))
    odd = [
        f"{numbers.count(row[column])} {words}"
        for column, words in (("n_missing", "without output"), ("n_empty", "empty"), ("n_loops", "looping or made up"))
        if numbers.number(row[column]) > 0
    ]
    if odd:
        facts.append(("Odd outputs", ", ".join(odd), "utterances"))
    roles = ROLES if writing.is_of_errors else RATE_ROLES
    if row["role"] in roles:
        facts.append(("Rank", roles[row["role"]], "by the speakers it was looked for on"))
    return facts


def _kinds(row: Mapping[str, Any], units: str) -> tuple[str, str, str]:
    kinds = (("substitution_rate", "wrong"), ("deletion_rate", "left out"), ("insertion_rate", "put in"))
    return "Kinds of error", ", ".join(f"{numbers.percent(row[column])} {words}" for column, words in kinds), f"of the {units} said"
