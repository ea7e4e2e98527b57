"""Adding rows: fragments are staged one by one, so that a killed ingest resumes, and become one version together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from assay.core.failpoints import failpoint
from assay.store.commit import commit
from assay.store.job import FragmentJob
from assay.store.ledger import QuarantineEntry, StagedItem, Version
from assay.store.table import StagedFile

if TYPE_CHECKING:
    pass


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A fragment written before (by this job or by one that was killed), and what its writer noted beside it."""

    index: int
    rows: int
    state: dict[str, Any]


class AppendJob(FragmentJob):
    """Holds the writer lock until `commit`, `discard` or the end of the `with` block.

    Left without a commit, what was staged stays: the same `key` on the same head finds it in `staged`.
    `write` may be called from several threads; indexes decide the order of fragments, not the calls.
    """

    what = "append"

    @property
    def staged(self) -> list[Staged]:
        """What is staged so far, by index."""
        with self._lock:
            items = sorted(self._items.items())
        return [Staged(index=index, rows=item.rows, state=item.state) for index, item in items]

    def write(
        self,
        index: int,
        batches: Iterable[pa.RecordBatch],
        state: Mapping[str, Any],
        quarantine: Iterable[QuarantineEntry] = (),
    ) -> Staged:
        """Write one fragment and note it, its `state` (JSON) and its quarantine entries in one transaction.

        Batches have the dataset's schema exactly. Without rows only the state is noted. Raises ValueError where
        `index` is staged already, TypeError for another schema, UserError E408 where the disk is full.
        """
        with self._lock:
            if index in self._items:
                raise ValueError(f"fragment {index} is staged already")
        file = self._table.stage(self._schema, batches)
        item = StagedItem(item=f"{index:012d}", base=self.base, file=file.name, rows=file.rows, state=dict(state))
        ledger = self._dataset.ledger
        with ledger.write() as tx:
            ledger.staged_put(tx, self._dataset.name, self.job, item)
            ledger.quarantine_stage(tx, f"{self._dataset.name}/{self.job}", quarantine)
        with self._lock:
            self._items[index] = item
        failpoint("ingest.after_fragment")
        return Staged(index=index, rows=item.rows, state=item.state)

    def commit(
        self, stats: Mapping[str, Any] | None = None, quarantine: Sequence[QuarantineEntry] = ()
    ) -> Version | None:
        """Everything staged becomes the next version, with its quarantine entries visible, in one step.

        Without any row there is no new version: the entries become visible, and the head is returned (None
        where the dataset has no version yet).
        """
        self._must_be_open()
        data, ledger = self._dataset, self._dataset.ledger
        with ledger.write() as tx:
            ledger.quarantine_stage(tx, f"{data.name}/{self.job}", quarantine)
        files = [StagedFile(item.file, item.rows) for _, item in sorted(self._items.items()) if item.rows]
        head = data.ledger.version(data.name, self.base)
        try:
            if not files:
                with ledger.write() as tx:
                    ledger.quarantine_publish(tx, f"{data.name}/{self.job}")
                    ledger.staged_drop(tx, data.name, job=self.job)
                return head
            return commit(
                ledger,
                data.uri,
                data.name,
                self._said,
                rows=(head.rows if head else 0) + sum(file.rows for file in files),
                stats=stats or {},
                job=self.job,
                write=lambda table, message: table.commit_append(files, message),
            )
        finally:
            self._close()
