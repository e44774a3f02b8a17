"""What is kept at hand between two pages: open files, and what takes long to make and does not change."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

import pandas as pd

from fairasr.dashboard.recent import Recent
from fairasr.dashboard.result_files import state_inside
from fairasr.dashboard.results import Entry
from fairasr.dashboard.utterances import Utterances
from fairasr.report.cohorts import CohortTables
from fairasr.report.confusion_file import read_confusions
from fairasr.report.utterance_file import CONFUSIONS_NAME, UTTERANCES_NAME

MOST_FILES = 8
MOST_TABLES = 16
MOST_CONFUSIONS = 256


class Shelf:
    """For one server. All of it is known by the identity of its report, so that a new report finds nothing of the old one; what is
    read from another file also by the state of that file, so that nothing is shown of a file that was deleted or replaced."""

    def __init__(self) -> None:
        self._utterances: Recent[Path, Utterances | None] = Recent(most=MOST_FILES)
        self._tables: Recent[Hashable, CohortTables] = Recent(most=MOST_TABLES)
        self._confusions: Recent[tuple[object, ...], pd.DataFrame | None] = Recent(most=MOST_CONFUSIONS)

    def utterances(self, entry: Entry) -> Utterances | None:
        """The utterances of an audit, read in place; None where they were not kept.

        Raises:
            IngestError: they cannot be read, or belong to another audit than the report beside them.
        """
        state = state_inside(entry.root, entry.folder / UTTERANCES_NAME)
        return self._utterances.get(
            entry.folder,
            lambda: None if state is None else Utterances.open(entry.folder, entry.identity),
            version=(entry.identity, state),
        )

    def confusions(self, entry: Entry, *, system: str, method: str, cohort: str) -> pd.DataFrame | None:
        """The words most confused by a cohort, "" is everyone; None where they were not kept."""
        state = state_inside(entry.root, entry.folder / CONFUSIONS_NAME)
        return self._confusions.get(
            (entry.folder, system, method, cohort),
            lambda: (
                None
                if state is None
                else read_confusions(entry.folder, report_identity=entry.identity, system=system, method=method, cohort=cohort)
            ),
            version=(entry.identity, state),
        )

    def tables(self, what: Hashable, make: Callable[[], CohortTables]) -> CohortTables:
        """The tables of cohorts known by `what`."""
        return self._tables.get(what, make)
