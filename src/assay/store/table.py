"""The one module that calls the table library (pylance 14.0.2, file format 2.2). Everything it was seen to do wrong
is guarded here; the rows of the design's store notes are the tests of this file.

Writes are data files first (`stage`), then one commit that names them. No call here rewrites a row in place,
merges by key, or adds a column through the library's own verbs: those take no commit message.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pyarrow as pa
from lance import LanceDataset, LanceOperation
from lance.file import LanceFileWriter
from lance.fragment import DataFile, FragmentMetadata, RowIdSequence
from lance.schema import LanceSchema
from numpy.typing import NDArray

from assay.core.arrow import BATCH_BYTES, batches_by_bytes, fresh
from assay.core.errors import UserError
from assay.core.ids import fingerprint
from assay.store.ledger_db import disk_full

# 2.1 refuses a new member in a struct, 2.0 null structs; 2.3 warns "unstable".
FILE_FORMAT = "2.2"
SIGNAL_PREFIX = "s_"
# Rows in a file take about a third of their Arrow size; the library counts batches in rows, we want bytes.
_PACKED = 3
_MAX_BATCH_ROWS = 1 << 16
_METADATA_CACHE_BYTES = 64 << 20  # the default, 1 GB, would eat the ingest's memory budget
_INDEX_CACHE_BYTES = 16 << 20
_MESSAGE = "__lance_commit_message"


@dataclass(frozen=True, slots=True)
class FragmentInfo:
    """A piece of the table. `content`: equal in two versions where the files are the same: the same rows."""

    id: int
    rows: int
    content: str


@dataclass(frozen=True, slots=True)
class StagedFile:
    name: str
    rows: int


class Table:
    """A Lance table at one version. Reading is thread-safe."""

    def __init__(self, uri: Path, inner: LanceDataset) -> None:
        self.uri, self._inner = uri, inner
        self._parts: list[FragmentMetadata] | None = None  # of one version, which never changes

    @classmethod
    def create(cls, uri: Path, schema: pa.Schema) -> Table:
        """The table at its first version, without rows; an existing one is opened at that version."""
        if not any(uri.glob("_versions/*.manifest")):  # a folder without one was begun by a process that died
            with clear_errors(uri):
                lance.write_dataset(
                    schema.empty_table(),
                    str(uri),
                    schema=schema,
                    mode="create",
                    data_storage_version=FILE_FORMAT,
                    enable_stable_row_ids=True,
                )
        return cls.open(uri, 1)

    @classmethod
    def open(cls, uri: Path, version: int | None = None) -> Table:
        """Raises UserError E412 where that version cannot be read."""
        try:
            inner = lance.dataset(
                str(uri),
                version=version,
                metadata_cache_size_bytes=_METADATA_CACHE_BYTES,
                index_cache_size_bytes=_INDEX_CACHE_BYTES,
            )
        except (ValueError, OSError) as error:
            what = f"table version {version} cannot be read: {str(error).splitlines()[0][:200]}"
            raise UserError("E412", what, at=str(uri), fix="assay fsck; restore the folder from a copy") from error
        return cls(uri, inner)

    @property
    def version(self) -> int:
        return int(self._inner.version)

    @property
    def latest(self) -> int:
        return int(self._inner.latest_version)

    @property
    def schema(self) -> pa.Schema:
        """Fields and physical signal columns, as stored."""
        return self._inner.schema

    def count(self) -> int:
        return sum(int(part.num_rows) for part in self._metadata())

    def fragments(self) -> list[FragmentInfo]:
        fields = self._leaf_ids(name for name in self.schema.names if not name.startswith(SIGNAL_PREFIX))
        return [FragmentInfo(part.id, part.num_rows, _content(part, fields)) for part in self._metadata()]

    def unmeasured(self, physical: str) -> list[int]:
        """Fragments whose files lack this column. A column is written for a whole fragment, or not at all."""
        wanted = self._leaf_ids([physical])
        return [
            part.id for part in self._metadata() if wanted.isdisjoint(i for file in part.files for i in file.fields)
        ]

    def scan(
        self,
        columns: Sequence[str],
        *,
        fragments: Sequence[int] | None = None,
        batch_bytes: int = BATCH_BYTES,
        with_place: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Batches of at most `batch_bytes`, in fragment order, then row order.

        One fragment at a time and batches sized in rows from the fragment's bytes: asked for everything, the
        library returned 600 rows of 1 MB as one batch (1.42 GB resident); asked for bytes, it still read them
        all before cutting. `with_place` adds `_rowaddr` and `_rowid` (uint64).
        """
        for part in self._metadata():
            if fragments is not None and part.id not in fragments:
                continue
            scanner = self._inner.scanner(
                columns=list(columns),
                fragments=[self._inner.get_fragment(part.id)],
                batch_size=_batch_rows(part, batch_bytes),
                batch_readahead=2,
                fragment_readahead=1,
                scan_in_order=True,
                with_row_address=with_place,
                with_row_id=with_place,
            )
            yield from batches_by_bytes(scanner.to_batches(), batch_bytes)

    def take(self, positions: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Rows by their 0-based place in scan order, in the order asked for."""
        order = np.argsort(positions, kind="stable")
        found = self._inner.take(positions[order].tolist(), columns=list(columns))
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return found.take(pa.array(back))

    def live_offsets(self, fragment: int) -> NDArray[np.int64]:
        """Where each row lies in its fragment's files: 0..n-1, with gaps where rows were replaced."""
        part = self._part(fragment)
        if part.deletion_file is None:
            return np.arange(part.physical_rows, dtype=np.int64)
        scanner = self._inner.scanner(columns=[], fragments=[self._inner.get_fragment(fragment)], with_row_address=True)
        address = scanner.to_table().column("_rowaddr").to_numpy()
        offsets: NDArray[np.int64] = (address & np.uint64(0xFFFFFFFF)).astype(np.int64)
        return offsets

    def physical_rows(self, fragment: int) -> int:
        return int(self._part(fragment).physical_rows)

    def files(self) -> dict[int, list[tuple[str, int | None]]]:
        """Data files by fragment: path within the table's folder, and size in bytes where known."""
        return {part.id: [(f"data/{f.path}", f.file_size_bytes) for f in part.files] for part in self._metadata()}

    # Writing: files first, then one commit that names them.

    def stage(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> StagedFile:
        """Write one data file that no version names yet. Batches go in on buffers of their own.

        Never split by the library: a writer that split a batch of nested nullable structs itself failed with
        `null_bit_buffer size too small`. Without rows there is no file, and `name` is empty.
        """
        name, rows = f"{uuid.uuid4().hex}.lance", 0
        path = self.uri / "data" / name
        path.parent.mkdir(exist_ok=True)
        try:
            with clear_errors(self.uri):
                with LanceFileWriter(str(path), schema, version=FILE_FORMAT) as writer:
                    for batch in batches_by_bytes(batches):
                        if not batch.schema.equals(schema):
                            raise TypeError(f"a batch of another schema than the table's:\n{batch.schema}\n{schema}")
                        writer.write_batch(fresh(batch))
                        rows += batch.num_rows
                _sync(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if rows == 0:
            path.unlink()
            return StagedFile("", 0)
        return StagedFile(name, rows)

    def commit_append(self, files: Sequence[StagedFile], message: str) -> int:
        return self._commit(LanceOperation.Append([self._fragment(file) for file in files]), message)

    def add_empty_columns(self, fields: Sequence[pa.Field]) -> Table:
        """The table with all-null columns added: a manifest, no data. Not a version of ours: content is the same."""
        with clear_errors(self.uri):
            self._inner.add_columns(pa.schema(fields))
        return Table.open(self.uri)

    def commit_columns(self, files: Mapping[int, Sequence[str]], without: Iterable[str], message: str) -> int:
        """Put staged column files beside their fragments' others, and drop the columns `without`, in one commit."""
        parts = []
        for part in self._metadata():
            new = [DataFile.create(self._inner, name) for name in files.get(part.id, ())]
            parts.append(replace(part, files=[*part.files, *new]))
        schema = self._without(set(without))
        return self._commit(LanceOperation.Merge(parts, schema, preserves_nullability=True), message)

    def commit_replace(
        self, offsets: Mapping[int, Sequence[int]], files: Sequence[tuple[StagedFile, Sequence[int]]], message: str
    ) -> int:
        """Take rows out (by fragment and place in it) and put the staged files' rows in, under the same row ids.

        The new rows lie in a fragment that no signal column covers: their signals are null in the same commit.
        (`update` keeps the old signal beside the new text; `merge_insert` keeps it or fills null, silently.)
        """
        changed, gone = [], []
        for fragment, rows in sorted(offsets.items()):
            left = self._inner.get_fragment(fragment).delete_rows(sorted(rows))
            if left is None:
                gone.append(fragment)
            else:
                changed.append(left)
        new = [
            replace(self._fragment(file), row_id_meta=RowIdSequence(list(rowids)).to_inline_metadata())
            for file, rowids in files
        ]
        done = LanceOperation.Update(removed_fragment_ids=gone, updated_fragments=changed, new_fragments=new)
        return self._commit(done, message)

    def commit_restore(self, version: int, message: str) -> int:
        return self._commit(LanceOperation.Restore(version), message)

    def find_commit(self, message: str, after: int) -> int | None:
        """The version later than `after` that carries this commit message."""
        for version in range(after + 1, self.latest + 1):
            try:
                found = self._inner.read_transaction(version)
            except (OSError, ValueError):
                continue
            if found is not None and (found.transaction_properties or {}).get(_MESSAGE) == message:
                return version
        return None

    def table_versions(self) -> dict[int, str | None]:
        """Every version there is -> its commit message."""
        found: dict[int, str | None] = {}
        for item in self._inner.versions():
            version = int(item["version"])
            done = self._inner.read_transaction(version)
            found[version] = None if done is None else (done.transaction_properties or {}).get(_MESSAGE)
        return found

    def _commit(self, operation: LanceOperation.BaseOperation, message: str) -> int:
        with clear_errors(self.uri):
            done = LanceDataset.commit(self._inner, operation, read_version=self.version, commit_message=message)
            _sync_commit(self.uri, int(done.version))
        return int(done.version)

    def _metadata(self) -> list[FragmentMetadata]:
        if self._parts is None:
            self._parts = [fragment.metadata for fragment in self._inner.get_fragments()]
        return self._parts

    def _part(self, fragment: int) -> FragmentMetadata:
        return next(part for part in self._metadata() if part.id == fragment)

    def _fragment(self, file: StagedFile) -> FragmentMetadata:
        return FragmentMetadata(id=0, files=[DataFile.create(self._inner, file.name)], physical_rows=file.rows)

    def _leaf_ids(self, columns: Iterable[str]) -> set[int]:
        ids: set[int] = set()
        for name in columns:
            todo = [self._inner.lance_schema.field(name)]
            while todo:
                field = todo.pop()
                ids.add(field.id())
                todo.extend(field.children())
        return ids

    def _without(self, names: set[str]) -> LanceSchema:
        """The schema less some columns. Field ids must stay: rebuilding from Arrow would number them anew."""
        schema = self._inner.lance_schema
        if not names:
            return schema
        build, (metadata, *fields) = schema.__reduce__()
        keep, place = [], 0
        for field in schema.fields():
            size = _field_count(field)  # pickled as a flat list, each field followed by its children
            if field.name() not in names:
                keep += fields[place : place + size]
            place += size
        return build(metadata, *keep)


def _field_count(field: Any) -> int:
    return 1 + sum(int(_field_count(child)) for child in field.children())


def _content(part: FragmentMetadata, fields: set[int]) -> str:
    files = sorted(str(file.path) for file in part.files if not fields.isdisjoint(file.fields))
    gone = part.deletion_file
    return fingerprint(files, None if gone is None else gone.asdict())


def _batch_rows(part: FragmentMetadata, batch_bytes: int) -> int:
    size = sum(file.file_size_bytes or 0 for file in part.files) * _PACKED
    if not size:
        return 1024
    rows: int = batch_bytes * part.physical_rows // size
    return max(1, min(_MAX_BATCH_ROWS, rows))


def _sync_commit(uri: Path, version: int) -> None:
    """Onto the disk with what the library only handed to the system: the ledger, which names it, is synced."""
    for path in (uri / "_versions" / f"{2**64 - 1 - version:020d}.manifest", *uri.glob("_deletions/*")):
        if path.exists():
            _sync(path)
    for folder in ("_versions", "_deletions", "data"):
        if (uri / folder).is_dir():
            _sync(uri / folder)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def clear_errors(place: Path) -> Iterator[None]:
    """The library reports a full disk as OSError with text, not with errno."""
    try:
        yield
    except OSError as error:
        text = str(error)
        full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        if full or any(said in text for said in ("No space left", "File too large", "Disk quota", "StorageFull")):
            raise disk_full(place) from error
        raise
