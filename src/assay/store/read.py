"""From stored columns to what callers ask for: fields and signals by name, signals as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import BATCH_BYTES
from assay.core.errors import UnknownName
from assay.store.measure import SignalColumn
from assay.store.table import Table

MEASURED = "measured:"
_PIECE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Projection:
    """What one column asked for is made of. `how`: field, signal (the value) or measured (whether there is one)."""

    name: str
    stored: str
    how: str
    type: pa.DataType

    def shape(self, column: pa.Array) -> pa.Array:
        if self.how == "field":
            return column
        if self.how == "measured":
            return column.is_valid()
        # flatten() gives the member with the struct's own nulls applied; field(0) would show what lies under them.
        return column.flatten()[0]


def plan(
    fields: pa.Schema, signals: Mapping[str, SignalColumn], columns: Sequence[str] | None, where: str
) -> list[Projection]:
    """The projections of `columns` (None: every field). Raises UserError E101 with the nearest names."""
    if columns is None:
        return [Projection(field.name, field.name, "field", field.type) for field in fields]
    found = []
    for name in columns:
        inner = name.removeprefix(MEASURED)
        if name in fields.names:
            found.append(Projection(name, name, "field", fields.field(name).type))
        elif inner in signals:
            signal, plain = signals[inner], inner == name
            how, kind = ("signal", signal.type) if plain else ("measured", pa.bool_())
            found.append(Projection(name, signal.physical, how, kind))
        else:
            raise UnknownName("field or measured signal", name, [*fields.names, *signals], at=where)
    return found


def stored_columns(projections: Iterable[Projection]) -> list[str]:
    return list(dict.fromkeys(p.stored for p in projections))


def shaped(batch: pa.RecordBatch, projections: Sequence[Projection]) -> pa.RecordBatch:
    arrays = [p.shape(batch.column(batch.schema.get_field_index(p.stored))) for p in projections]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(projections)) if arrays else batch.select([])


def schema(projections: Sequence[Projection]) -> pa.Schema:
    return pa.schema([pa.field(p.name, p.type) for p in projections])


def scan(
    table: Table,
    projections: Sequence[Projection],
    *,
    fragments: Sequence[int] | None = None,
    batch_bytes: int = BATCH_BYTES,
    where: pc.Expression | None = None,
) -> Iterator[pa.RecordBatch]:
    for batch in table.scan(stored_columns(projections), fragments=fragments, batch_bytes=batch_bytes):
        out = shaped(batch, projections)
        if where is not None:
            out = out.filter(where)
        if out.num_rows:
            yield out


def positions_of(table: Table, record_ids: Sequence[str]) -> NDArray[np.int64]:
    """Where each id's row is in scan order; -1 where there is none. One pass over the record_id column."""
    wanted = pa.array(record_ids, pa.large_string())
    found = np.full(len(wanted), -1, np.int64)
    if not len(wanted):
        return found
    start = 0
    for ids in _pieces(table.scan(["record_id"])):
        hits = pc.index_in(ids.column(0), value_set=wanted).combine_chunks()
        rows = np.flatnonzero(hits.is_valid().to_numpy(zero_copy_only=False))
        found[hits.drop_null().to_numpy()] = rows + start
        start += ids.num_rows
    # index_in names the first of equal ids: one asked for twice is the same row twice.
    first: NDArray[np.int32] = pc.index_in(wanted, value_set=wanted).to_numpy()
    return np.asarray(found[first], np.int64)


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined to a million rows: index_in builds its hash table anew on every call."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(part.num_rows for part in held) >= _PIECE_ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def take(table: Table, record_ids: Sequence[str], projections: Sequence[Projection]) -> pa.Table:
    """The rows of these ids in this order; ids that are not there are left out."""
    positions = positions_of(table, record_ids)
    positions = positions[positions >= 0]
    if not len(positions):
        return schema(projections).empty_table()
    rows = table.take(positions, stored_columns(projections))
    columns = [p.shape(rows.column(p.stored).combine_chunks()) for p in projections]
    return pa.Table.from_arrays(columns, schema=schema(projections))
