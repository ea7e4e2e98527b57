"""Rows numbered through a version: what a keeper policy reads of some, and members of clusters as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.dedup.keepers import LENGTH, Policy
from assay.engine import Progress
from assay.flows.dedupe.fragments import Fragment
from assay.records.schema import TEXT
from assay.store import Dataset

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered:
    """Members of clusters, by row number: row (sorted) and keeper, int64[k]; a keeper is its own."""

    row: Ints
    keeper: Ints

    @property
    def copies(self) -> Ints:
        """Rows that are not their own keeper."""
        found: Ints = self.row[self.row != self.keeper]
        return found

    @property
    def duplicates(self) -> int:
        return len(self.copies)

    @property
    def clusters(self) -> int:
        return len(np.unique(self.keeper[self.row != self.keeper]))


def joined(parts: Sequence[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """Put together, also where there are none."""
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.zeros(0, dtype)


def begin(progress: Progress | None, label: str, rows: int) -> None:
    """Count these rows from now on."""
    if progress is not None:
        progress.start(label, None, rows)


class HasLengths(Protocol):
    """What a task says of a fragment: bytes of each row."""

    @property
    def lengths(self) -> Ints: ...


def counted(progress: Progress | None) -> Callable[[HasLengths], None] | None:
    """To be called with each fragment's head: counts its rows and bytes."""
    if progress is None:
        return None
    return lambda head: progress.add(rows=len(head.lengths), bytes=int(head.lengths.sum()))


def policy_rows(data: Dataset, fragments: Sequence[Fragment], rows: Ints, lengths: Ints, policy: Policy) -> pa.Table:
    """What the policy reads of some rows (sorted numbers), record_id among it, with the length of what was compared."""
    version = fragments[0].version if fragments else data.head
    available = [*data.schema(version).names, *data.signals(version), LENGTH]
    columns = [name for name in policy.columns(available) if name != LENGTH]
    parts, first = [], 0
    for batch in data.scan(version, columns=columns):
        start, end = np.searchsorted(rows, [first, first + batch.num_rows])
        if end > start:
            parts.append(batch.take(pa.array(rows[start:end] - first)))
        first += batch.num_rows
    table = pa.Table.from_batches(parts) if parts else _schema(data, version, columns).empty_table()
    return table.append_column(LENGTH, pa.array(lengths[rows], pa.int64()))


def _schema(data: Dataset, version: int, columns: Sequence[str]) -> pa.Schema:
    """Fields and signals by name, as a scan gives them."""
    signals, fields = data.signals(version), data.schema(version)
    return pa.schema([fields.field(n) if n in fields.names else pa.field(n, signals[n].type) for n in columns])


@dataclass(frozen=True, slots=True)
class Members:
    """Members of clusters among the rows of one fragment.

    inside: bool[rows] in the arrays of members; at: int64[inside rows] where there; is_copy: bool[rows], not its own
    keeper; size: int64[inside rows] of the cluster.
    """

    rows: int
    inside: Flags
    at: Ints
    is_copy: Flags
    size: Ints
    _keeper: Ints
    _ids: pa.LargeStringArray

    def keeper_id(self, mask: Flags) -> pa.LargeStringArray:
        """The keeper's record_id where `mask` (a part of `inside`), null elsewhere."""
        if not mask.any():
            return pa.nulls(self.rows, TEXT)
        index = np.zeros(self.rows, np.int64)
        index[self.inside] = self._keeper[self.at]
        return self._ids.take(pa.array(index, mask=~mask))

    def column(self, values: NDArray[Any], mask: Flags, kind: pa.DataType) -> pa.Array:
        """Values of all members, as a column of these rows: null but where `mask` (a part of `inside`)."""
        return pa.array(spread(values[self.at], self.inside, 0), kind, mask=~mask)


def spread(values: NDArray[Any], where: Flags, otherwise: Any) -> NDArray[Any]:
    """A value for each row: `values` in turn where `where` is true."""
    out = np.full(len(where), otherwise, values.dtype)
    out[where] = values
    return out


def members(row: Ints, keeper: Ints, ids: pa.LargeStringArray, fragment: Fragment) -> Members:
    """row: sorted; keeper: int64, a row number that is in `row` too; ids: record ids of `row`."""
    first, n = fragment.first_row, fragment.rows
    start, end = np.searchsorted(row, [first, first + n])
    inside = np.zeros(n, np.bool_)
    inside[row[start:end] - first] = True
    place = np.searchsorted(row, keeper)
    size = np.bincount(place, minlength=len(row))[place]
    copy = spread(row[start:end] != keeper[start:end], inside, False)
    return Members(n, inside, np.arange(start, end), copy, size[start:end], place, ids)
