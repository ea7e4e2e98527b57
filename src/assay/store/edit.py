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
    address = np.zeros(len(ids), np.uint64)
    rowid = np.zeros(len(ids), np.uint64)
    seen = np.zeros(len(ids), np.bool_)
    for batch in stored.scan(["record_id"], with_place=True):
        hits = pc.index_in(batch.column("record_id"), value_set=ids)
        here = np.flatnonzero(hits.is_valid().to_numpy(zero_copy_only=False))
        there = hits.drop_null().to_numpy()
        address[there] = batch.column("_rowaddr").to_numpy()[here]
        rowid[there] = batch.column("_rowid").to_numpy()[here]
        seen[there] = True
    if not seen.all():
        lost = ids.filter(pa.array(~seen)).to_pylist()
        raise UserError("E413", f"{name} has no record {_some(lost)}", fix="an edit changes records that are there")
    offsets: dict[int, list[int]] = {}
    for place in address.tolist():
        offsets.setdefault(place >> 32, []).append(place & 0xFFFFFFFF)
    file = stored.stage(schema, rows.to_batches())
    return stored.commit_replace(offsets, file, rowid.tolist(), message)


def _some(ids: list[str]) -> str:
    return ", ".join(repr(name) for name in ids[:_SHOWN]) + (
        f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    )
