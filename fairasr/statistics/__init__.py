"""Statistics: Counts, Partition -> numbers with intervals. The speaker is the unit of every one of them."""

from fairasr.statistics.compare import compare
from fairasr.statistics.disparity import cohort_table, require_fresh_speakers, spread_of
from fairasr.statistics.gaps import BOTTOM, MIDDLE, TOP, band_gaps, band_statistic
from fairasr.statistics.multiplicity import benjamini_hochberg, holm
from fairasr.statistics.partitions import partition_table
from fairasr.statistics.permutation import ProcedureTest, cohort_p, procedure_test
from fairasr.statistics.pools import shown_target
from fairasr.statistics.ranking import rank_bands
from fairasr.statistics.rates import overall_rate, pooled_rates, rate_interval
from fairasr.statistics.shrinkage import shrunken_rates
from fairasr.statistics.splits import split_speakers
from fairasr.statistics.stability import rank_correlation
from fairasr.statistics.stacking import paired, repeated, stacked
from fairasr.statistics.suppression import suppressed
from fairasr.statistics.verdict import judge

__all__ = [
    "BOTTOM",
    "MIDDLE",
    "TOP",
    "ProcedureTest",
    "band_gaps",
    "band_statistic",
    "benjamini_hochberg",
    "cohort_p",
    "cohort_table",
    "compare",
    "holm",
    "judge",
    "overall_rate",
    "paired",
    "partition_table",
    "pooled_rates",
    "procedure_test",
    "rank_bands",
    "rank_correlation",
    "rate_interval",
    "repeated",
    "require_fresh_speakers",
    "shown_target",
    "shrunken_rates",
    "split_speakers",
    "spread_of",
    "stacked",
    "suppressed",
]
