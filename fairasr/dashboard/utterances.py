"""The utterances of an audit, a page at a time, read in place from the file beside its report."""

from __future__ import annotations

import json
import os.path
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fairasr.core.errors import IngestError
from fairasr.dashboard.aligned_words import AlignedWords
from fairasr.dashboard.recent import Recent
from fairasr.dashboard.text_search import rows_holding
from fairasr.report.utterance_file import METADATA_KEY, UTTERANCES_FORMAT, UTTERANCES_NAME, UTTERANCES_VERSION
from fairasr.scoring import Aligned

Basis = Literal["confirmation", "everyone"]
Kind = Literal["", "substitutions", "deletions", "insertions", "missing", "empty"]
Sort = Literal["errors", "rate", "table"]
BASES, KINDS = ("confirmation", "everyone"), ("", "substitutions", "deletions", "insertions", "missing", "empty")
SORTS = ("errors", "rate", "table")
MOST_ORDERINGS = 16
"""Orderings that are remembered: of a million rows each takes 4 MB."""

LARGEST_PAGE = 1_000


@dataclass(frozen=True, kw_only=True)
class UtteranceRow:
    """One utterance under one system.

    Attributes:
        position: row in the table; names the recording in `Utterances.audio_of`.
        utterance_id: its name.
        duration_s: its length [s], None where unknown.
        reference: what was said, as given.
        hypothesis: what the system wrote, as given; None where there was no output.
        substitutions, deletions, insertions, n_ref: as scored.
        steps: the two texts word by word (character by character where those are counted), as normalised; the first
            400.
        is_cut: whether `steps` leaves out the rest of a longer utterance.
        has_audio: whether the table names a recording of it.
    """

    position: int
    utterance_id: str
    duration_s: float | None
    reference: str
    hypothesis: str | None
    substitutions: int
    deletions: int
    insertions: int
    n_ref: int
    steps: tuple[Aligned, ...]
    is_cut: bool
    has_audio: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a longer list.

    Attributes:
        total: rows of the whole list.
        page: which page this is, from 1; one behind the last is empty.
        size: rows of a full page.
        rows: those of this page.
        is_partial: whether the cohort is listed without some of its speakers, whom another system's report withholds.
    """

    total: int
    page: int
    size: int
    rows: tuple[UtteranceRow, ...]
    is_partial: bool = False


class Utterances:
    """The kept utterances of one audit. Threads may share it."""

    def __init__(self, table: Any, about: dict[str, Any]) -> None:
        """Use `Utterances.open`."""
        self._table, self._about = table, about
        self._orders: Recent[tuple[str, ...], np.ndarray] = Recent(most=MOST_ORDERINGS)
        self._words = AlignedWords(normaliser=about["normaliser"], unit=about["unit"])

    @classmethod
    def open(cls, folder: str | Path, report_identity: str) -> Utterances | None:
        """The utterances of the audit in `folder`; None where they were not kept. No row is read yet.

        Args:
            folder: of the audit.
            report_identity: SHA-256 of its report.json (`identity_of`).

        Raises:
            IngestError: the file is damaged, of another version, or of another audit than the report.
        """
        import pyarrow as pa

        path = Path(folder) / UTTERANCES_NAME
        if not path.is_file():
            return None
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            about = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        except (OSError, ValueError) as error:
            raise IngestError(f"{str(path)!r} is damaged: {error}. Run the audit again with --keep-utterances.") from error
        found, readable = (about.get("format"), about.get("version")), (UTTERANCES_FORMAT, UTTERANCES_VERSION)
        if found != readable:
            raise IngestError(
                f"{str(path)!r} is of format {found[0]!r}, version {found[1]!r}; this fairasr reads {readable[0]!r}, version "
                f"{readable[1]}. Run the audit again with --keep-utterances."
            )
        if about["report"] != report_identity:
            raise IngestError(
                f"{str(path)!r} belongs to another audit than the report beside it: it would show other errors than the report "
                "counts. Run the audit again with --keep-utterances."
            )
        return cls(table, about)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems."""
        return tuple(self._about["systems"])

    def cohorts(self, *, system: str, method: str) -> tuple[str, ...]:
        """Labels of the cohorts that can be listed; suppressed ones are not in the file.

        Raises:
            KeyError: there is no such system or method.
        """
        return tuple(self._cohort_column(system, method).chunk(0).dictionary.to_pylist()) if len(self) else ()

    def page(
        self,
        *,
        system: str,
        method: str = "",
        cohort: str = "",
        basis: Basis = "everyone",
        kind: Kind = "",
        find: str = "",
        sort: Sort = "errors",
        page: int = 1,
        size: int = 50,
    ) -> Page:
        """One page of the utterances that fit.

        Args:
            system: whose errors.
            method: of the cohort.
            cohort: label; "" is everyone.
            basis: "confirmation" for the half of the speakers that cohorts found by scores are judged on, or "everyone".
            kind: only utterances with such an error; "missing": without output; "empty": with an output without words.
            find: only utterances with this text in either text as given, in upper or lower case.
            sort: "errors" or "rate", most first, else in the order of the table; utterances without reference words have no rate
                and come last.
            page: from 1.
            size: rows of a page, 1 to `LARGEST_PAGE`.

        Raises:
            KeyError: there is no such system, method or cohort, or it is suppressed.
            ValueError: another argument is outside its range.
        """
        for name, value, allowed in (("basis", basis, BASES), ("kind", kind, KINDS), ("sort", sort, SORTS)):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}.")
        if page < 1 or not 1 <= size <= LARGEST_PAGE:
            raise ValueError(f"page is {page} and size {size}; pages count from 1, sizes go from 1 to {LARGEST_PAGE:,}.")
        if system not in self.systems:
            raise KeyError(system)
        if method or cohort:
            labels = self.cohorts(system=system, method=method)
            if cohort and cohort not in labels:
                raise KeyError(cohort)
        chosen = self._orders.get(
            (system, method if cohort else "", cohort, basis, kind, find, sort),
            lambda: self._ordered(self._matching(system, method, cohort, basis, kind, find), system, sort),
        )
        shown = chosen[(page - 1) * size : page * size]
        return Page(
            total=len(chosen),
            page=page,
            size=size,
            rows=tuple(self._row(int(position), system) for position in shown),
            is_partial=bool(cohort) and cohort in self._about["partial"][system][method],
        )

    def audio_of(self, position: int) -> Path | None:
        """The recording of the utterance in that row; None where there is none, or none below the audit's folder of recordings.

        Links are followed before that is checked, so that none leads out.
        """
        root = self._about["audio_root"]
        if root is None or not 0 <= position < len(self):
            return None
        given = self._table.column("audio_path")[position].as_py()
        if given is None or "\0" in given:
            return None
        root = os.path.realpath(root)
        real = os.path.realpath(os.path.join(root, given))
        # On Windows two drives have nothing in common, which is an error there.
        if os.path.splitdrive(real)[0] != os.path.splitdrive(root)[0] or os.path.commonpath([root, real]) != root:
            return None
        return Path(real) if os.path.isfile(real) else None

    def _cohort_column(self, system: str, method: str) -> Any:
        if method not in self._about["methods"].get(system, ()):
            raise KeyError(method if system in self.systems else system)
        return self._table.column(f"cohort:{system}:{method}")

    def _counts(self, name: str, system: str) -> np.ndarray:
        counts: np.ndarray = self._table.column(f"{name}:{system}").to_numpy()
        return counts

    def _matching(self, system: str, method: str, cohort: str, basis: str, kind: str, find: str) -> np.ndarray:
        """Rows that fit, ascending: int32 array."""
        fits = np.ones(len(self), dtype=bool)
        if cohort:
            column = self._cohort_column(system, method)
            code = self.cohorts(system=system, method=method).index(cohort)
            fits = np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in column.chunks]) == code
        if basis == "confirmation":
            fits &= self._table.column("is_confirmation").to_numpy()
        if kind in ("missing", "empty"):
            is_missing = self._table.column(f"hypothesis:{system}").is_null().to_numpy()
            n_ref, deletions, insertions = (self._counts(name, system) for name in ("n_ref", "deletions", "insertions"))
            fits &= is_missing if kind == "missing" else ~is_missing & (n_ref == deletions) & (insertions == 0)
        elif kind:
            fits &= self._counts(kind, system) > 0
        rows = np.flatnonzero(fits).astype(np.int32)
        if not find or not len(rows):
            return rows
        return rows_holding(find, rows, [self._table.column(name) for name in ("reference", f"hypothesis:{system}")])

    def _ordered(self, rows: np.ndarray, system: str, sort: str) -> np.ndarray:
        if sort == "table":
            return rows
        errors = np.zeros(len(rows), dtype=np.int64)
        for name in ("substitutions", "deletions", "insertions"):
            errors += self._counts(name, system)[rows]
        if sort == "errors":
            most = int(errors.max(initial=0))
            # Sixteen bits are sorted by counting, ten times faster than by comparing.
            keys = (most - errors).astype(np.uint16 if most < 1 << 16 else np.int64)
            return _sorted(rows, keys)
        n_ref = self._counts("n_ref", system)[rows]
        rates = np.divide(errors, n_ref, out=np.full(len(rows), -1.0), where=n_ref > 0)
        return _sorted(rows, -rates)

    def _row(self, position: int, system: str) -> UtteranceRow:
        def cell(name: str) -> Any:
            return self._table.column(name)[position].as_py()

        reference, hypothesis = cell("reference"), cell(f"hypothesis:{system}")
        steps, is_cut = self._words.aligned(reference=reference, hypothesis=hypothesis or "")
        return UtteranceRow(
            position=position,
            utterance_id=cell("utterance_id"),
            duration_s=cell("duration_s"),
            reference=reference,
            hypothesis=hypothesis,
            substitutions=cell(f"substitutions:{system}"),
            deletions=cell(f"deletions:{system}"),
            insertions=cell(f"insertions:{system}"),
            n_ref=cell(f"n_ref:{system}"),
            steps=steps,
            is_cut=is_cut,
            has_audio=cell("audio_path") is not None,
        )


def _sorted(rows: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Rows by key, the lowest first; of equal ones the first in the table."""
    ordered: np.ndarray = rows[np.argsort(keys, kind="stable")]
    return ordered
