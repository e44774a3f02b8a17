"""The words of a comparison: outcomes, standings of groups, and how to read its tables."""

from __future__ import annotations

from fairasr.core.comparison import Outcome
from fairasr.core.disparity import ALL, SMALL_TOGETHER, TARGET, TARGET_TOGETHER

OUTCOMES: dict[Outcome, str] = {"accepted": "accepted", "rejected": "rejected", "inconclusive": "not settled"}
"""Outcome -> the word that marks it."""

MAY: dict[Outcome, str] = {
    "accepted": "may replace",
    "rejected": "should not replace",
    "inconclusive": "is not yet shown to be a safe replacement for",
}

ROLE_WORDS = {
    ALL: "All speakers",
    TARGET: "target",
    TARGET_TOGETHER: "The target groups together",
    SMALL_TOGETHER: "The groups too small to be shown, together",
    "forgetting": "forgetting set",
}

CHANGE_READING = {
    "Group": "Who they are, and where they stand. “Harmed”: shown to lose more than the margin, corrected for the number of "
    "groups. “Open”: a loss above the margin is neither shown nor ruled out. “No loss”: such a loss is ruled out. “Gains”: the "
    "95 % interval lies below no change.",
    "Relative change (%)": "Error rate after divided by error rate before, minus 1: below 0 is a gain. The bar is the 95 % "
    "interval, paired by speaker; the dashed line is no change, the shaded strip the loss that is tolerated. A triangle marks "
    "harm. An arrow head means that the interval goes on.",
    "Before → after": "Pooled error rates: all errors of the group divided by all its words.",
    "Change": "Rate after minus rate before, in percentage points, with its 95 % interval.",
    "Speakers": "Speakers the estimate rests on.",
    "p": "How often a change this large appears when, for each speaker, it does not matter which system wrote which text.",
}

SYSTEM_READING = {
    "System": "The system in use first, then each new one with its verdict.",
    "All speakers": "Pooled error rate of everyone; in small print the change relative to the system in use.",
    "Target": "Pooled error rate of the groups that were to gain.",
    "Mean of groups": "Mean of the error rates of the groups shown, every group counting alike.",
    "Largest": "The largest error rate of a group shown. It may be another group before and after.",
    "Variance": "Variance of the groups' error rates (fractions, not percent): how unequally they are served.",
}

FORGETTING_READING = {
    "Set": "Speech on which nothing should be lost.",
    "System": "The new system.",
    "Before → after": "Pooled error rate on the set.",
    "Relative change": "Error rate after divided by error rate before, minus 1, with its 95 % interval. Above 0 is forgetting.",
    "Undone": "How much of the forgetting of the new system named above this one undoes: 100 % is none left.",
}
