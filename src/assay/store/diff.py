"""What happened to records between two versions, by id and content: right across restores and added columns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.records.schema import ENVELOPE
from assay.store.digest import WITHOUT
from assay.store.rowhash import Hashes, hash_rows, same
from assay.store.table import SIGNAL_PREFIX, Table

# content_hash stands for the payload, for extra_json and for text; the rest of the envelope is small.
_COMPARED = [name for name in ENVELOPE if name not in ("text", "extra_json")]
_CHUNK_ROWS = 20_000


class Changed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that is in both versions with other content; `fields` are the columns that differ."""

    record_id: str
    fields: list[str]


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Records by id, each list sorted and at most `limit` long; the counts are of all. Signals do not count."""

    added: list[str]
    removed: list[str]
    changed: list[Changed]
    added_count: int
    removed_count: int
    changed_count: int


class _Side:
    """Ids, hashes and places of the rows that only this side's fragments hold."""

    def __init__(self, table: Table, shared: set[str]) -> None:
        self.table = table
        stored = set(table.schema.names)
        columns = [name for name in _COMPARED if name in stored]
        ids: list[pa.Array] = []
        hashes: list[Hashes] = [np.zeros((0, 2), np.uint64)]
        places: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        start = 0
        for part in table.fragments():
            at = start
            start += part.rows
            if part.content in shared:
                continue
            for batch in table.scan(columns, fragments=[part.id]):
                ids.append(batch.column(batch.schema.get_field_index("record_id")))
                hashes.append(hash_rows(batch, columns, None, WITHOUT))
                places.append(np.arange(at, at + batch.num_rows))
                at += batch.num_rows
        self.ids = pa.concat_arrays(ids) if ids else pa.array([], pa.large_string())
        self.hashes = np.concatenate(hashes)
        self.places = np.concatenate(places)


def diff_tables(a: Table, b: Table, *, limit: int | None = None) -> Diff:
    """From `a` to `b`. Fragments with the same files are the same rows and are not read."""
    shared = {part.content for part in a.fragments()} & {part.content for part in b.fragments()}
    with ThreadPoolExecutor(2) as both:  # reading and hashing release the interpreter lock
        old, new = both.map(_Side, (a, b), (shared, shared))
    match = pc.index_in(new.ids, value_set=old.ids)
    is_new = match.is_null().to_numpy(zero_copy_only=False)
    was = match.fill_null(0).to_numpy()
    gone = np.ones(len(old.ids), np.bool_)
    gone[was[~is_new]] = False
    moved = np.flatnonzero(~is_new)
    moved = moved[(new.hashes[moved] != old.hashes[was[moved]]).any(axis=1)]
    order = pc.sort_indices(new.ids.take(pa.array(moved))).to_numpy()
    shown = moved[order][:limit]
    return Diff(
        added=_ids(new.ids, is_new, limit),
        removed=_ids(old.ids, gone, limit),
        changed=_changed(old, new, was, shown),
        added_count=int(is_new.sum()),
        removed_count=int(gone.sum()),
        changed_count=len(moved),
    )


def _ids(ids: pa.Array, chosen: NDArray[np.bool_], limit: int | None) -> list[str]:
    names = ids.filter(pa.array(chosen))
    found: list[str] = names.take(pc.sort_indices(names)[:limit]).to_pylist()
    return found


def _changed(old: _Side, new: _Side, was: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Changed]:
    """Values are compared of these rows only, in pieces of bounded size."""
    fields = [name for name in new.table.schema.names if not name.startswith(SIGNAL_PREFIX) and name != "record_id"]
    fields = [name for name in fields if name in set(old.table.schema.names)]
    found: list[Changed] = []
    for start in range(0, len(rows), _CHUNK_ROWS):
        some = rows[start : start + _CHUNK_ROWS]
        left = old.table.take(old.places[was[some]], fields)
        right = new.table.take(new.places[some], fields)
        unlike = np.column_stack([~same(_one(left, name), _one(right, name)) for name in fields])
        names = new.ids.take(pa.array(some)).to_pylist()
        found += _grouped(names, fields, unlike)
    return found


def _grouped(names: list[str], fields: list[str], unlike: NDArray[np.bool_]) -> list[Changed]:
    """Most records of an edit change in the same fields: one list per set of fields, shared."""
    patterns, which = np.unique(np.packbits(unlike, axis=1), axis=0, return_inverse=True)
    lists = []
    for pattern in patterns:
        differ = [name for name, bit in zip(fields, np.unpackbits(pattern), strict=False) if bit]
        # content_hash follows from the others: named only where nothing else differs.
        lists.append([name for name in differ if name != "content_hash"] or differ)
    return [Changed(record_id=name, fields=lists[k]) for name, k in zip(names, which.reshape(-1).tolist(), strict=True)]


def _one(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()
