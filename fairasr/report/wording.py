"""The words of the report: what methods, conventions and columns are called for a reader who knows no code."""

from __future__ import annotations

from fairasr.core import UNKNOWN

LONGEST_LABEL = 180
"""Characters of a label that are shown; report.json has the rest."""

METHODS = {
    "geo-tree": "Where speakers are: regions on the map",
    "zip-demographics": "Neighbourhood make-up: census figures of zip codes",
    "speaker-kmeans": "How speakers sound: clusters of voices",
}

SHORT_METHODS = {
    "geo-tree": "regions on the map",
    "zip-demographics": "census figures of zip codes",
    "speaker-kmeans": "clusters of voices",
}

BASES = {
    "confirmation": "confirmation speakers, whom the search never saw",
    "cross-fit": "every speaker, judged by rules found without them",
    "apparent": "the same speakers the groups were found on: too large, never a finding",
}

STABILITY = {
    "rank_correlation": "rank correlation",
    "adjusted_rand": "adjusted Rand",
}

UNITS = {"WER": ("word errors", "100 words"), "CER": ("character errors", "100 characters")}
RATES = {"WER": "word error rate", "CER": "character error rate"}

METHOD_COLUMNS = {
    "Way of grouping": "How speakers were divided. Each way is searched on one part of the speakers and judged on others.",
    "Gap to the best served": "Error rate of the worst-served groups divided by that of the best-served groups, minus 1. "
    "50 % means half as many errors again. In square brackets the 95 % interval.",
    "Gap to the worst served": "1 minus the best-served rate divided by the worst-served rate: the same two rates, told from the "
    "other side. 33 % here is the same gap as 50 % in the column before. Published gaps often do not say which one they are.",
    "Worst against all": "Error rate of the worst-served groups minus that of all speakers, in percentage points.",
    "Who is in the worst groups": "Part of the speakers, and of their words, that is in the worst-served groups.",
    "Apparent and honest": "Apparent: the gap on the speakers the groups were found on, which is too large because the search "
    "looked for it there. Honest: the gap on other speakers. Optimism is the difference.",
    "p": "How often a gap this large appears when the grouping says nothing about errors: the whole search is repeated on shuffled "
    "speakers. Holm: corrected for the number of ways of grouping tried. Below 0.05 counts as shown.",
    "Stability": "Whether other speakers would give the same answer: 1 the same, 0 as chance. Rank correlation: of groups' rates "
    "between the two parts of the speakers. Adjusted Rand: of the groups themselves, found on different parts.",
}

COHORT_COLUMNS = {
    "Group": "Who they are. “Ranked worst” and “ranked best”: by the speakers used for discovery.",
    "Rate": "Errors divided by words of the whole group; the bar is the 95 % interval, the dashed line the rate of all speakers. "
    "An arrow head means that the interval goes on.",
    "Against all": "Rate minus the rate of all speakers, in percentage points.",
    "Kinds of error": "S: a wrong word. D: a word left out. I: a word that was not said. Each per 100 words.",
    "Speakers": "Speakers the estimate rests on, and the words they said. The speaker is the unit of every interval and test.",
    "Missing, empty, loops": "Utterances without output (counted as left out), with empty output, with repeated or made-up output; "
    "then rows that could not be used at all.",
    "p": "How often a difference this large appears when who is in the group does not matter. Holm and BH: corrected for the "
    "number of groups. “Differs” marks Holm below 0.05.",
}


def method_in_words(method: str) -> str:
    """What a discovery method is called on the page; an unknown one keeps its own name."""
    if method.startswith("declared:"):
        return f"Declared group: {clipped(method.removeprefix('declared:'))}"
    return METHODS.get(method, clipped(method))


def method_in_short(method: str) -> str:
    """The same in two or three words, to choose by; a declared group is called by its column."""
    if method.startswith("declared:"):
        return clipped(method.removeprefix("declared:"))
    return SHORT_METHODS.get(method, clipped(method))


def rate_in_words(rate_name: str) -> str:
    """What a rate is called in a sentence: "word error rate"."""
    return RATES.get(rate_name, rate_name)


def unit_in_words(rate_name: str) -> tuple[str, str]:
    """Numerator and denominator of a rate times 100, in words: ("word errors", "100 words")."""
    return UNITS.get(rate_name, (f"errors ({rate_name})", "100"))


def clipped(text: str) -> str:
    """`text` in at most LONGEST_LABEL characters, "..." where something was left off."""
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def group_in_words(*, label: str, description: str) -> tuple[str, str]:
    """Title and small print of a cohort: its description and its label, or the label alone where they say the same."""
    if label == UNKNOWN:
        return "Unknown: speakers that could not be placed", description if description != label else ""
    if not description or description == label:
        return clipped(label), ""
    if description.endswith(f": {label}"):
        return clipped(description), ""
    return clipped(description), clipped(label)


def suppression_in_words(reason: str, *, min_speakers: int | None) -> str:
    """Why a cohort shows no number."""
    if reason == "small":
        return f"fewer than {min_speakers} speakers" if min_speakers else "too few speakers"
    if reason == "complementary":
        return "withheld: it would give a smaller group away by subtraction"
    return reason


def name_in_words(name: str) -> str:
    """A column or setting name as words: "n_ref_words" is "reference words"."""
    known = {
        "n_ref_words": "reference words",
        "n_utterances": "utterances",
        "n_speakers": "speakers",
        "relative_to_top": "gap to the best served",
        "relative_to_bottom": "gap to the worst served",
        "relative_to_overall": "gap to all",
        "difference_to_overall": "worst against all",
        "difference_to_rest": "worst against the rest",
        "apparent_relative_to_top": "apparent gap",
        "bottom_rate": "worse side",
        "rest_rate": "the rest",
        "bottom_n_speakers": "speakers on the worse side",
        "p_value": "p",
        "p_holm": "p, Holm",
        "p_bh": "p, BH",
        "p_adjusted": "p, Holm",
    }
    return known.get(name, name.removeprefix("n_").replace("_", " "))
