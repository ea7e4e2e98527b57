"""Whole rows in the place of others: the only way content changes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UserError
from assay.store.table import Table

_SHOWN = 5


def commit_edit(stored: Table, schema: pa.Schema, rows: pa.Table, message: str, name: str) -> int:
    """Stage `rows` as one fragment and commit it in the place of the rows with the same ids.

    Raises UserError E413 for ids that are not in the table or come twice, TypeError for another schema.
    """
    if not rows.schema.equals(schema):
        raise TypeError(f"the rows have another schema than {name}:\n{rows.schema}\n{schema}")
    ids = rows.column("record_id").combine_chunks()
    if pc.count_distinct(ids).as_py() != len(ids):
        counts = pc.value_counts(ids)
        twice = [item["values"] for item in counts.to_pylist() if item["counts"] > 1]
        raise UserError("E413", f"the edit of {name} has {_some(twice)} twice", fix="send each record once")
    places = pa.Table.from_batches(stored.scan(["record_id"], with_place=True))
    hits = pc.index_in(ids, value_set=places.column("record_id"))
    if hits.null_count:
        lost = ids.filter(hits.is_null()).to_pylist()
        raise UserError("E413", f"{name} has no record {_some(lost)}", fix="an edit changes records that are there")
    found = places.take(hits)
    address = found.column("_rowaddr").to_numpy()
    fragment, offset = address >> np.uint64(32), address & np.uint64(0xFFFFFFFF)
    offsets = {int(part): offset[fragment == part].tolist() for part in np.unique(fragment)}
    rowid = found.column("_rowid").to_numpy()
    file = stored.stage(schema, rows.to_batches())
    return stored.commit_replace(offsets, file, rowid.tolist(), message)


def _some(ids: list[str]) -> str:
    return ", ".join(repr(name) for name in ids[:_SHOWN]) + (
        f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    )
