"""Whole rows in the place of others: the only way content changes. A few at once, or a fragment at a time."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.core.failpoints import failpoint
from assay.store.commit import commit
from assay.store.job import FragmentJob
from assay.store.ledger import StagedItem, Version
from assay.store.table import StagedFile, Table

if TYPE_CHECKING:
    pass

_SHOWN = 5
_ROWS = "rows_changed"  # in the state of a staged item


class EditJob(FragmentJob):
    """Holds the writer lock until `commit` or the end of the `with` block.

    Left without a commit, what was staged stays: the same `key` on the same head finds it in `done`.
    `write` may be called from several threads.
    """

    what = "edit"

    @property
    def done(self) -> dict[int, dict[str, Any]]:
        """Fragment id -> what its writer noted beside it, for everything staged so far."""
        with self._lock:
            return {part: {k: v for k, v in item.state.items() if k != _ROWS} for part, item in self._items.items()}

    def write(
        self,
        fragment: int,
        changed: NDArray[np.bool_],
        batches: Iterable[pa.RecordBatch],
        state: Mapping[str, Any],
    ) -> None:
        """Stage the new rows of one fragment, and note its `state` (JSON).

        Args
            changed: one flag per row of the fragment, in scan order; batches: the rows that have it, in that order,
                every field of the dataset, ids as they were.
        Raises ValueError where the rows are not as many as the flags say, TypeError for another schema, UserError
        E408 where the disk is full.
        """
        file = self._table.stage(self._schema, batches) if changed.any() else StagedFile("", 0)
        if file.rows != int(changed.sum()):
            raise ValueError(f"fragment {fragment}: {file.rows} rows for {int(changed.sum())} that change")
        packed = base64.b64encode(zlib.compress(np.packbits(changed).tobytes())).decode()
        item = StagedItem(
            item=f"{fragment:012d}", base=self.base, file=file.name, rows=file.rows, state={**state, _ROWS: packed}
        )
        with self._dataset.ledger.write() as tx:
            self._dataset.ledger.staged_put(tx, self._dataset.name, self.job, item)
        with self._lock:
            self._items[fragment] = item
        failpoint("edit.after_fragment")

    def commit(self, stats: Mapping[str, Any] | None = None) -> Version | None:
        """Everything staged becomes the next version; where no row changed, the head (None where there is none)."""
        self._must_be_open()
        data, ledger = self._dataset, self._dataset.ledger
        head = ledger.version(data.name, self.base)
        try:
            if head is None or not any(item.rows for item in self._items.values()):
                with ledger.write() as tx:
                    ledger.staged_drop(tx, data.name, job=self.job)
                return head
            return commit(
                ledger, data.uri, data.name, self._said, rows=head.rows, stats=stats or {}, job=self.job,
                write=self._commit_table,
            )  # fmt: skip
        finally:
            self._close()

    def _commit_table(self, table: Table, message: str) -> int:
        offsets: dict[int, list[int]] = {}
        files = []
        for fragment, item in sorted(self._items.items()):
            if not item.rows:
                continue
            places = pa.Table.from_batches(table.scan(["record_id"], fragments=[fragment], with_place=True))
            bits = np.frombuffer(zlib.decompress(base64.b64decode(item.state[_ROWS])), np.uint8)
            changed = np.unpackbits(bits, count=places.num_rows).astype(np.bool_)
            address = places.column("_rowaddr").to_numpy()[changed] & np.uint64(0xFFFFFFFF)
            offsets[fragment] = address.tolist()
            files.append((StagedFile(item.file, item.rows), places.column("_rowid").to_numpy()[changed].tolist()))
        return table.commit_replace(offsets, files, message)


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
    return stored.commit_replace(offsets, [(file, rowid.tolist())], message)


def _some(ids: list[str]) -> str:
    return ", ".join(repr(name) for name in ids[:_SHOWN]) + (
        f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    )
