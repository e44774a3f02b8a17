"""Worlds without gaps: honest intervals cover 0, tests raise false alarms at their level, as rates over seeds."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest
from honest import counts_of, cross_fit_procedure, judge, split_procedure
from rates import require_rate

from fairasr.core import Counts, Partition
from fairasr.discovery import Discoverer
from fairasr.discovery.census import CensusTable, census_from
from fairasr.discovery.census_card import card_from
from fairasr.discovery.declared import Declared
from fairasr.discovery.geo_tree import GeoTree
from fairasr.discovery.speaker_kmeans import SpeakerKMeans
from fairasr.discovery.zip_demographics import ZipDemographics
from fairasr.statistics import cohort_p, compare, holm, partition_table, procedure_test
from fairasr.testing import null_world
from fairasr.testing.census import SHARES, VALUES, made_up_census

pytestmark = pytest.mark.rates

N_WORLDS = 400
N_SPEAKERS = 600
LEVEL = 0.05
