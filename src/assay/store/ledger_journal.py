"""The ledger's journal: runs, quarantine, decisions, releases, and the two caches (by fingerprint, by file stat)."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from assay.core.ids import fingerprint
from assay.store import ledger_schema as t
from assay.store.ledger_db import LedgerDb, from_json, now, to_json

# ext4 and APFS stamp files in ticks of up to 10 ms: a file stamped this close to our reading may change unseen.
_RACY_NS = 20_000_000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a verb. `status`: running, done, failed, or the verb's own word."""

    id: str
    verb: str
    args: dict[str, Any]
    status: str
    result: dict[str, Any] | None
    started_at: str
    ended_at: str | None


class QuarantineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of input that could not become a record, and where its bytes are.

    `dataset` is the base name; `kind` null where none could be told. `row` (0-based), `offset`, `length`: in
    the (decompressed) source file. The raw bytes are `blob_length` bytes from `blob_offset` of the blob
    `sha256` (the whole blob where these are null). `id` is null until the ledger gives one.
    """

    dataset: str
    file: str
    reason: str
    detail: str
    kind: str | None = None
    row: int | None = None
    offset: int | None = None
    length: int | None = None
    sha256: str | None = None
    blob_offset: int | None = None
    blob_length: int | None = None
    ingest_key: str | None = None
    options: dict[str, Any] = {}
    id: int | None = None
    state: str = "open"
    resolution: str | None = None

    @property
    def identity(self) -> str:
        """What makes it the same finding when the same file is read again."""
        place = [self.dataset, self.file, self.row, self.offset, self.length]
        # The bytes themselves where their hash was noted: a grown file packs them into another blob.
        raw = self.options.get("raw_hash") or [self.sha256, self.blob_offset, self.blob_length]
        return fingerprint(*place, self.reason, raw)


class SavedDecisions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the decisions of one ruleset over one version lie; `path` is relative to the workspace."""

    dataset: str
    version: int
    ruleset: str
    path: str
    sha256: str
    counts: dict[str, int]


class Journal(LedgerDb):
    # Runs.

    def run_start(self, verb: str, args: Mapping[str, Any]) -> str:
        """Note that a verb begins; returns the run's id."""
        run_id = uuid.uuid4().hex
        with self.write() as tx:
            values = {"id": run_id, "verb": verb, "args_json": to_json(args), "status": "running", "started_at": now()}
            tx.execute(insert(t.runs).values(values))
        return run_id

    def run_end(self, run_id: str, status: str, result: Mapping[str, Any] | None = None) -> None:
        with self.write() as tx:
            values = {"status": status, "result_json": None if result is None else to_json(result), "ended_at": now()}
            tx.execute(update(t.runs).where(t.runs.c.id == run_id).values(values))

    def run(self, run_id: str) -> Run | None:
        with self.read() as tx:
            row = tx.execute(select(t.runs).where(t.runs.c.id == run_id)).first()
            return None if row is None else _run(row)

    def runs(self) -> list[Run]:
        with self.read() as tx:
            return [_run(row) for row in tx.execute(select(t.runs).order_by(t.runs.c.started_at, t.runs.c.id))]

    # Quarantine.

    def quarantine_add(self, entries: Iterable[QuarantineEntry]) -> int:
        """Note findings that belong to no append (a file no dataset took); returns how many are new."""
        with self.write() as tx:
            before = _count(tx, "open")
            self._quarantine_insert(tx, entries, job="", state="open")
            return _count(tx, "open") - before

    def quarantine_stage(self, tx: Connection, job: str, entries: Iterable[QuarantineEntry]) -> None:
        self._quarantine_insert(tx, entries, job=job, state="staged")

    def quarantine_publish(self, tx: Connection, job: str) -> None:
        """Make a job's staged findings visible, once each: reading the same file again adds none."""
        mine = (t.quarantine.c.job == job) & (t.quarantine.c.state == "staged")
        known = select(t.quarantine.c.identity).where(t.quarantine.c.state == "open").scalar_subquery()
        tx.execute(delete(t.quarantine).where(mine & t.quarantine.c.identity.in_(known)))
        tx.execute(update(t.quarantine).where(mine).values(state="open", job=""))

    def quarantine(
        self, dataset: str | None = None, *, kind: str | None = None, resolved: bool = False
    ) -> list[QuarantineEntry]:
        """Findings by base name (all without one), in the order they were noted; open ones unless `resolved`."""
        query = select(t.quarantine).where(t.quarantine.c.state == ("resolved" if resolved else "open"))
        if dataset is not None:
            query = query.where(t.quarantine.c.dataset == dataset)
        if kind is not None:
            query = query.where(t.quarantine.c.kind == kind)
        with self.read() as tx:
            return [_entry(row) for row in tx.execute(query.order_by(t.quarantine.c.id))]

    def quarantine_resolve(self, ids: Sequence[int], resolution: str = "") -> None:
        """Take findings off the list (re-ingested, or judged harmless); they stay in the ledger."""
        with self.write() as tx:
            for start in range(0, len(ids), 500):  # SQLite takes a bounded number of parameters
                some = t.quarantine.c.id.in_(ids[start : start + 500])
                # The id goes into `job`, so that the same finding may come back and be resolved again.
                values = {
                    "state": "resolved",
                    "resolution": resolution,
                    "job": func.printf("resolved/%d", t.quarantine.c.id),
                }
                tx.execute(update(t.quarantine).where(some & (t.quarantine.c.state == "open")).values(values))

    def _quarantine_insert(self, tx: Connection, entries: Iterable[QuarantineEntry], job: str, state: str) -> None:
        rows: list[dict[str, Any]] = []
        for entry in entries:
            values = msgspec.structs.asdict(entry)
            values["options_json"] = to_json(values.pop("options"))
            del values["id"]
            rows.append({**values, "job": job, "state": state, "identity": entry.identity})
        if rows:
            tx.execute(upsert(t.quarantine).on_conflict_do_nothing(), rows)

    # Decisions: the rows lie in a file; this is its place.

    def decision_save(self, saved: SavedDecisions) -> None:
        values = msgspec.structs.asdict(saved)
        values["counts_json"] = to_json(values.pop("counts"))
        with self.write() as tx:
            values["saved"] = int(tx.execute(select(func.max(t.decisions.c.saved))).scalar() or 0) + 1
            tx.execute(
                upsert(t.decisions)
                .values(values)
                .on_conflict_do_update(index_elements=["dataset", "version", "ruleset"], set_=values)
            )

    def decisions(self, dataset: str, version: int | None = None) -> list[SavedDecisions]:
        """What was decided over a dataset (one version of it), the latest last."""
        query = select(t.decisions).where(t.decisions.c.dataset == dataset)
        if version is not None:
            query = query.where(t.decisions.c.version == version)
        with self.read() as tx:
            return [
                SavedDecisions(
                    dataset=row.dataset,
                    version=row.version,
                    ruleset=row.ruleset,
                    path=row.path,
                    sha256=row.sha256,
                    counts=from_json(row.counts_json),
                )
                for row in tx.execute(query.order_by(t.decisions.c.saved))
            ]

    # Releases.

    def release_save(self, name: str, body: Mapping[str, Any]) -> None:
        with self.write() as tx:
            last = tx.execute(select(func.max(t.releases.c.made)).where(t.releases.c.name == name)).scalar()
            values = {"name": name, "made": int(last or 0) + 1, "body_json": to_json(body), "created_at": now()}
            tx.execute(insert(t.releases).values(values))

    def releases(self, name: str | None = None) -> list[dict[str, Any]]:
        """What each release said of itself, by name, then in order; `name` and `created_at` are added."""
        query = select(t.releases).order_by(t.releases.c.name, t.releases.c.made)
        if name is not None:
            query = query.where(t.releases.c.name == name)
        with self.read() as tx:
            rows = tx.execute(query).all()
        return [{**from_json(row.body_json), "name": row.name, "created_at": row.created_at} for row in rows]

    # Caches: may be emptied at any time.

    def cache_get(self, space: str, key: str) -> Any | None:
        with self.read() as tx:
            query = select(t.cache.c.value_json).where(t.cache.c.space == space, t.cache.c.key == key)
            return from_json(tx.execute(query).scalar())

    def cache_put(self, space: str, key: str, value: Any) -> None:
        values = {"space": space, "key": key, "value_json": to_json(value)}
        with self.write() as tx:
            tx.execute(
                upsert(t.cache).values(values).on_conflict_do_update(index_elements=["space", "key"], set_=values)
            )

    def stat_get(self, path: str | Path) -> str | None:
        """The digest noted for this file, if its size, mtime and inode are what they were then."""
        real = os.path.realpath(path)
        with self.read() as tx:
            row = tx.execute(select(t.stat_cache).where(t.stat_cache.c.path == real)).first()
        if row is None:
            return None
        try:
            found = os.stat(real)
        except OSError:
            return None
        same = (found.st_size, found.st_mtime_ns, found.st_ino) == (row.size, row.mtime_ns, row.inode)
        # As git does: written within a tick of our reading, a change may have left size and time as they were.
        racy = row.mtime_ns >= row.checked_at * 1e9 - _RACY_NS
        return row.digest if same and not racy else None

    def stat_put(self, path: str | Path, digest: str, *, before: os.stat_result | None = None) -> None:
        """Note a file's digest. `before`: its stat from before it was read, so that no change is missed."""
        self.stat_put_all([(path, digest, before or os.stat(path))])

    def stat_put_all(self, files: Sequence[tuple[str | Path, str, os.stat_result]]) -> None:
        """Note (path, digest, stat from before it was read) of many files in one transaction."""
        rows = [
            {
                "path": os.path.realpath(path),
                "size": found.st_size,
                "mtime_ns": found.st_mtime_ns,
                "inode": found.st_ino,
                "digest": digest,
                "checked_at": time.time(),
            }
            for path, digest, found in files
        ]
        with self.write() as tx:
            for row in rows:
                tx.execute(upsert(t.stat_cache).values(row).on_conflict_do_update(index_elements=["path"], set_=row))


def _count(tx: Connection, state: str) -> int:
    return int(
        tx.execute(select(func.count()).select_from(t.quarantine).where(t.quarantine.c.state == state)).scalar() or 0
    )


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        verb=row.verb,
        args=from_json(row.args_json),
        status=row.status,
        result=from_json(row.result_json),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _entry(row: Any) -> QuarantineEntry:
    values = {name: getattr(row, name) for name in QuarantineEntry.__struct_fields__ if name != "options"}
    return QuarantineEntry(options=from_json(row.options_json), **values)
