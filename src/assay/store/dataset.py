"""A versioned table of records of one kind: reading any version, and every way to make the next one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import BATCH_BYTES
from assay.core.errors import UserError
from assay.records.schema import schema_of
from assay.store import read, refs
from assay.store.append import AppendJob
from assay.store.commit import Said, commit, resolve_intents
from assay.store.diff import Diff, diff_tables
from assay.store.digest import digest_table
from assay.store.edit import EditJob, commit_edit
from assay.store.fsck import Finding, check_dataset
from assay.store.ledger import Ledger, Version
from assay.store.lock import acquire, release
from assay.store.measure import MeasureJob, SignalColumn, SignalSpec
from assay.store.table import SIGNAL_PREFIX, FragmentInfo, Table

if TYPE_CHECKING:
    from assay.store.workspace import Workspace

_TABLES_KEPT_OPEN = 8


class Dataset:
    """`name` is the full one, `tickets.qa`. Reading is thread-safe; writing takes the dataset's writer lock."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace, self.name = workspace, name
        self.kind = refs.split_name(name)[1]
        self.uri: Path = workspace.path / "tables" / f"{name}.lance"
        self._tables: dict[int, Table] = {}
        self._guard = threading.Lock()

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, head={self.head})"

    @property
    def ledger(self) -> Ledger:
        return self.workspace.ledger

    @property
    def head(self) -> int:
        """Number of the newest version; 0 where there is none yet."""
        return self.ledger.head(self.name)

    def resolve(self, ref: str | int | None = None) -> int:
        """The version number of a number, "v3", "HEAD", "HEAD~2" or a tag. Raises UserError E404."""
        return refs.resolve(self.name, ref, self.head, self.tags())

    def versions(self) -> list[Version]:
        """Oldest first."""
        return self.ledger.versions(self.name)

    def version(self, ref: str | int | None = None) -> Version | None:
        """None for the empty beginning, version 0."""
        return self.ledger.version(self.name, self.resolve(ref))

    # Reading. Everything takes a reference; without one, the head.

    def schema(self, ref: str | int | None = None) -> pa.Schema:
        """Fields only, not signals."""
        number = self.resolve(ref)
        if number == 0:
            return schema_of(self.kind)
        return pa.schema([field for field in self.table(number).schema if not field.name.startswith(SIGNAL_PREFIX)])

    def signals(self, ref: str | int | None = None) -> dict[str, SignalColumn]:
        """Signal name -> its column in that version, by name."""
        number = self.resolve(ref)
        if number == 0:
            return {}
        table, known = self.table(number), self.ledger.catalogue(self.name)
        entries = [known[physical] for physical in table.schema.names if physical in known]
        return {
            entry.name: SignalColumn(
                name=entry.name,
                physical=entry.physical,
                fingerprint=entry.fingerprint,
                type=entry.type,
                unit=entry.unit,
                unmeasured_fragments=table.unmeasured(entry.physical),
            )
            for entry in sorted(entries, key=lambda entry: entry.name)
        }

    def fragments(self, ref: str | int | None = None) -> list[FragmentInfo]:
        number = self.resolve(ref)
        return self.table(number).fragments() if number else []

    def stored_bytes(self, ref: str | int | None = None) -> int:
        """Size of the files that hold a version."""
        number = self.resolve(ref)
        files = self.table(number).files() if number else {}
        return sum(size or 0 for parts in files.values() for _, size in parts)

    def count(self, ref: str | int | None = None) -> int:
        version = self.version(ref)
        return version.rows if version else 0

    def scan(
        self,
        ref: str | int | None = None,
        *,
        columns: Sequence[str] | None = None,
        fragment: int | None = None,
        batch_bytes: int = BATCH_BYTES,
        where: pc.Expression | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Rows of a version in batches of at most `batch_bytes`, in the order of fragments and of rows in them.

        Args
            columns: fields and signals by name (None: every field, no signal). A signal comes as its plain type,
                null where it is unknown or not measured; `measured:NAME` is a bool column that tells which.
            where: a pyarrow expression over the columns asked for.
        Raises UserError E404 for a reference, E101 for a column.
        """
        number = self.resolve(ref)
        projections = self._plan(number, columns)
        if number == 0:
            return iter(())
        only = None if fragment is None else [fragment]
        return read.scan(self.table(number), projections, fragments=only, batch_bytes=batch_bytes, where=where)

    def take(
        self, record_ids: Sequence[str], *, columns: Sequence[str] | None = None, ref: str | int | None = None
    ) -> pa.Table:
        """The rows of these ids, in this order; ids that are not there are left out. Columns as in `scan`."""
        number = self.resolve(ref)
        projections = self._plan(number, columns)
        if number == 0:
            return read.schema(projections).empty_table()
        return read.take(self.table(number), record_ids, projections)

    def _plan(self, number: int, columns: Sequence[str] | None) -> list[read.Projection]:
        signals = {} if columns is None else self.signals(number)
        return read.plan(self.schema(number), signals, columns, f"{self.name}@{number}")

    # Writing.

    def begin_append(
        self,
        key: str,
        *,
        verb: str = "ingest",
        message: str | None = None,
        author: str | None = None,
        run: str | None = None,
    ) -> AppendJob:
        """Start to add rows. `key` names the work: the same key on the same head finds what was staged before."""
        return AppendJob(self, key, verb=verb, message=message, author=author, run=run)

    def begin_measure(
        self,
        key: str,
        signals: Mapping[str, SignalSpec],
        *,
        verb: str = "measure",
        message: str | None = None,
        author: str | None = None,
        run: str | None = None,
    ) -> MeasureJob:
        """Start to add signal columns; `signals` announces fingerprint, type and unit of each."""
        return MeasureJob(self, key, signals, verb=verb, message=message, author=author, run=run)

    def begin_edit(
        self,
        key: str,
        *,
        verb: str = "edit",
        message: str | None = None,
        author: str | None = None,
        run: str | None = None,
    ) -> EditJob:
        """Start to put whole rows in the place of others, fragment by fragment; their signals become null."""
        return EditJob(self, key, verb=verb, message=message, author=author, run=run)

    def replace(
        self,
        table: pa.Table,
        *,
        expect: int,
        verb: str = "edit",
        message: str | None = None,
        author: str | None = None,
        run: str | None = None,
    ) -> Version:
        """Put whole rows in the place of those with the same record_id; their signals become null in the same commit.

        Args
            table: the dataset's fields, every one; one row per id.
            expect: the version that was edited. Raises UserError E407 where the head has moved, E413 for ids that
                are not there or come twice.
        """
        if table.num_rows == 0:
            raise ValueError("no rows to replace")
        head = self.begin(verb)
        try:
            if head != expect or head == 0:
                what = f"{self.name} is at version {head}, the edit was made on {expect}"
                raise UserError("E407", what, fix=f"look at `assay diff {self.name} {expect} {head}`, then edit again")
            version = self.version(head)
            assert version is not None
            return commit(
                self.ledger,
                self.uri,
                self.name,
                Said(verb=verb, message=message, author=author, run=run),
                rows=version.rows,
                stats={"changed": table.num_rows},
                job=None,
                write=lambda stored, intent: commit_edit(stored, self.schema(head), table, intent, self.name),
            )
        finally:
            self.end()

    def rollback(
        self,
        ref: str | int,
        message: str | None = None,
        *,
        author: str | None = None,
        run: str | None = None,
    ) -> Version:
        """Make a version's content current again, as a new version (a manifest, no data: milliseconds)."""
        self.begin("rollback")
        try:
            number = self.resolve(ref)
            wanted = self.ledger.version(self.name, number)
            if wanted is None:
                raise UserError("E404", f"{self.name} has no version {ref!r}", fix="`assay log` lists them")
            return commit(
                self.ledger,
                self.uri,
                self.name,
                Said(verb="rollback", message=message or f"rollback to {number}", author=author, run=run),
                rows=wanted.rows,
                stats={"restored": number},
                job=None,
                write=lambda stored, intent: stored.commit_restore(wanted.table_version, intent),
            )
        finally:
            self.end()

    def tag(self, name: str, ref: str | int | None = None) -> None:
        """Name a version (the head). A tag never moves: naming the same version again is fine, another is E404."""
        refs.check_tag(name)
        number = self.resolve(ref)
        if number == 0:
            raise UserError("E404", f"{self.name} has no version to tag", fix="`assay ingest` makes the first")
        held = self.tags().get(name)
        if held == number:
            return
        if held is not None:
            raise UserError("E404", f"{name!r} is version {held} of {self.name} already", fix="choose another name")
        self.ledger.tag_put(self.name, name, number)

    def tags(self) -> dict[str, int]:
        return self.ledger.tags(self.name)

    # Comparing and checking.

    def diff(self, a: str | int, b: str | int, *, limit: int | None = None) -> Diff:
        """What happened to records from version `a` to `b`. `limit` bounds the lists, not the counts."""
        first, second = self.resolve(a), self.resolve(b)
        return diff_tables(self.table(first), self.table(second), limit=limit)

    def digest(self, ref: str | int | None = None) -> str:
        """64 hex digits over every record and signal of a version; equal for any layout. Remembered per version.

        Definition: docs/decisions/table-digest.md.
        """
        number = self.resolve(ref)
        version = self.ledger.version(self.name, number)
        key = f"{self.name}@{version.table_version if version else 0}"
        known = self.ledger.cache_get("digest", key)
        if isinstance(known, str):
            return known
        found = self.compute_digest(number)
        self.ledger.cache_put("digest", key, found)
        return found

    def compute_digest(self, ref: str | int | None = None) -> str:
        """As `digest`, from the rows."""
        number = self.resolve(ref)
        stored = {name: column.physical for name, column in self.signals(number).items()}
        return digest_table(self.table(number), self.schema(number), stored)

    def fsck(self, *, deep: bool = False) -> list[Finding]:
        """What is wrong with this dataset; `deep` reads every row of the head and recomputes its digest."""
        return check_dataset(self, deep=deep)

    # For this room's other modules.

    def table(self, number: int) -> Table:
        """The stored table of a version; 0 is the empty beginning."""
        version = self.ledger.version(self.name, number)
        wanted = version.table_version if version else 1
        with self._guard:
            found = self._tables.get(wanted)
            if found is None:
                if wanted == 1 and not version:
                    self.uri.parent.mkdir(exist_ok=True)
                    found = Table.create(self.uri, schema_of(self.kind))
                else:
                    found = Table.open(self.uri, wanted)
                while len(self._tables) >= _TABLES_KEPT_OPEN:
                    del self._tables[next(iter(self._tables))]
                self._tables[wanted] = found
            return found

    def begin(self, verb: str) -> int:
        """Take the writer lock, finish what a dead writer left, forget stale staged work; returns the head."""
        acquire(self.lock_path, self.name, verb=verb)
        try:
            self.table(0)
            resolve_intents(self.ledger, self.uri, self.name)
            head = self.head
            with self.ledger.write() as tx:
                self.ledger.staged_drop(tx, self.name, not_base=head)
            return head
        except BaseException:
            release(self.lock_path)
            raise

    def end(self) -> None:
        release(self.lock_path)

    @property
    def lock_path(self) -> Path:
        return self.workspace.path / "locks" / f"{self.name}.lock"
