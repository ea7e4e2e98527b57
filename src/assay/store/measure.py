"""Adding signal columns: one small file per fragment, beside the rows it measures, committed together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from assay.core.errors import UserError
from assay.core.failpoints import failpoint
from assay.core.ids import fingerprint
from assay.store.commit import commit
from assay.store.job import WriteJob
from assay.store.ledger import CatalogueEntry, StagedItem, Version
from assay.store.table import SIGNAL_PREFIX, Table

if TYPE_CHECKING:
    from assay.store.dataset import Dataset

_WRITE_ROWS = 1 << 16


class SignalSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a measurement promises to write. `fingerprint`: hex digits naming signal, version, parameters and inputs."""

    fingerprint: str
    type: pa.DataType
    unit: str | None = None


class SignalColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A measured signal of one version. `unmeasured_fragments`: ids of those that hold no value of it yet."""

    name: str
    physical: str
    fingerprint: str
    type: pa.DataType
    unit: str | None
    unmeasured_fragments: list[int]


def physical_name(name: str, fingerprint_hex: str) -> str:
    return f"{SIGNAL_PREFIX}{name}_{fingerprint_hex[:8]}"


def column_type(value: pa.DataType) -> pa.DataType:
    """A null struct is "not measured", a null member "measured, and unknown"."""
    return pa.struct([pa.field("v", value)])


class MeasureJob(WriteJob):
    """Holds the writer lock until `commit`, `discard` or the end of the `with` block.

    `done` holds what was staged before under the same `key` on the same head (this job, or one that was killed).
    `write` may be called from several threads.
    """

    what = "measurement"

    def __init__(
        self,
        dataset: Dataset,
        key: str,
        signals: Mapping[str, SignalSpec],
        *,
        verb: str,
        message: str | None,
        author: str | None,
        run: str | None,
    ):
        self._key, self._signals = key, signals
        super().__init__(dataset, verb=verb, message=message, author=author, run=run)

    def _prepare(self) -> None:
        self._columns = self._plan(self._signals)
        prints = sorted((name, column.fingerprint) for name, column in self._columns.items())
        self.job = f"measure-{fingerprint(self._key, prints)}"
        self._items = {item.item: item for item in self._dataset.ledger.staged(self._dataset.name, self.job)}
        self._fragments = {part.id for part in self._table.fragments()}

    @property
    def done(self) -> set[tuple[int, str]]:
        """(fragment id, signal name) of everything staged so far."""
        with self._lock:
            items = list(self._items.values())
        return {(int(item.item.split(":")[0]), name) for item in items for name in item.state["signals"]}

    def write(self, fragment: int, values: Mapping[str, pa.Array]) -> None:
        """Stage finished signals of one fragment: one value per row, in scan order.

        A null value is "measured, and unknown". Raises KeyError for a signal that was not announced, ValueError
        for a wrong length or a fragment that is not there, TypeError for another type than announced.
        """
        self._must_be_open()
        if fragment not in self._fragments:
            raise ValueError(f"{self._dataset.name} has no fragment {fragment}")
        names = sorted(values)
        if not names:
            return
        schema = pa.schema(
            [pa.field(self._columns[name].physical, column_type(self._columns[name].type)) for name in names]
        )
        offsets = self._table.live_offsets(fragment)
        arrays = []
        for name in names:
            array, wanted = values[name], self._columns[name].type
            if isinstance(array, pa.ChunkedArray):
                array = array.combine_chunks()
            if array.type != wanted:
                raise TypeError(f"signal {name!r} was announced as {wanted}, got {array.type}")
            if len(array) != len(offsets):
                raise ValueError(f"signal {name!r} has {len(array)} values for {len(offsets)} rows")
            arrays.append(array)
        physical_rows = self._table.physical_rows(fragment)
        file = self._table.stage(schema, _batches(schema, arrays, offsets, physical_rows))
        state = {"signals": names}
        item = StagedItem(
            item=f"{fragment}:{fingerprint(names)[:16]}", base=self.base, file=file.name, rows=file.rows, state=state
        )
        with self._dataset.ledger.write() as tx:
            self._dataset.ledger.staged_put(tx, self._dataset.name, self.job, item)
        with self._lock:
            self._items[item.item] = item
        failpoint("measure.after_fragment")

    def commit(self, stats: Mapping[str, Any] | None = None) -> Version | None:
        """Everything staged becomes the next version; without anything staged, the head (None where there is none).

        A signal measured under a new fingerprint takes the place of its former column from this version on.
        """
        self._must_be_open()
        data = self._dataset
        head = data.ledger.version(data.name, self.base)
        try:
            if not self._items or head is None:
                return head
            data.ledger.catalogue_add(data.name, self._columns.values())
            return commit(
                data.ledger, data.uri, data.name, self._said, rows=head.rows, stats=stats or {}, job=self.job,
                write=self._commit_table,
            )  # fmt: skip
        finally:
            self._close()

    def _commit_table(self, table: Table, message: str) -> int:
        files: dict[int, list[str]] = {}
        written: set[str] = set()
        for _, item in sorted(self._items.items()):
            written.update(item.state["signals"])
            files.setdefault(int(item.item.split(":")[0]), []).append(item.file)
        there = table.schema.names
        catalogue = self._dataset.ledger.catalogue(self._dataset.name)
        mine = {self._columns[name].physical for name in written}
        new = [self._columns[name] for name in sorted(written) if self._columns[name].physical not in there]
        if new:
            table = table.add_empty_columns([pa.field(column.physical, column_type(column.type)) for column in new])
        superseded = [
            name for name in there if name in catalogue and catalogue[name].name in written and name not in mine
        ]
        return table.commit_columns(files, superseded, message)

    def _plan(self, signals: Mapping[str, SignalSpec]) -> dict[str, CatalogueEntry]:
        fields = self._dataset.schema()
        known = self._dataset.ledger.catalogue(self._dataset.name)
        columns = {}
        for name, spec in signals.items():
            if name in fields.names:
                raise UserError(
                    "E102", f"{self._dataset.name} has a field called {name!r}: a signal needs another name"
                )
            physical = physical_name(name, spec.fingerprint)
            if physical in known and known[physical].fingerprint != spec.fingerprint:
                physical = f"{SIGNAL_PREFIX}{name}_{spec.fingerprint}"  # the first 8 digits met by chance
            columns[name] = CatalogueEntry(
                physical=physical, name=name, fingerprint=spec.fingerprint, type=spec.type, unit=spec.unit
            )
        return columns


def _batches(
    schema: pa.Schema, arrays: list[pa.Array], offsets: np.ndarray[Any, Any], physical_rows: int
) -> Iterator[pa.RecordBatch]:
    """Values as struct columns over the fragment's physical rows; rows that were replaced get a null struct."""
    columns = [pa.StructArray.from_arrays([array], fields=[pa.field("v", array.type)]) for array in arrays]
    if len(offsets) != physical_rows:
        place = np.full(physical_rows, -1, np.int64)
        place[offsets] = np.arange(len(offsets))
        index = pa.array(place, mask=place < 0)
        columns = [column.take(index) for column in columns]
    whole = pa.RecordBatch.from_arrays(columns, schema=schema)
    for start in range(0, physical_rows, _WRITE_ROWS):
        yield whole.slice(start, _WRITE_ROWS)
