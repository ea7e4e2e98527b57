"""The ledger's memory of datasets: versions, unfinished intents, staged work, tags, and what each signal column is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from assay.store import ledger_schema as t
from assay.store.ledger_db import LedgerDb, from_json, now, to_json


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable snapshot of a dataset. `number` counts 1, 2, 3... within it; `parent` 0 is the empty beginning.

    `stats`: what the verb reported. `created_at`: UTC, ISO 8601.
    """

    number: int
    parent: int
    table_version: int
    verb: str
    message: str
    author: str
    run: str | None
    created_at: str
    rows: int
    stats: dict[str, Any]


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that was begun. `id` is also the message of its table commit."""

    id: str
    dataset: str
    base_table_version: int
    payload: dict[str, Any]


class StagedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A finished data file that no version names yet; `file` is empty where there were no rows."""

    item: str
    base: int
    file: str
    rows: int
    state: dict[str, Any]


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one physical signal column holds."""

    physical: str
    name: str
    fingerprint: str
    type: pa.DataType
    unit: str | None


class History(LedgerDb):
    def dataset_add(self, name: str, kind: str) -> None:
        with self.write() as tx:
            values = {"name": name, "kind": kind, "created_at": now()}
            tx.execute(upsert(t.datasets).values(values).on_conflict_do_nothing())

    def dataset_names(self) -> list[str]:
        with self.read() as tx:
            return list(tx.execute(select(t.datasets.c.name).order_by(t.datasets.c.name)).scalars())

    def head(self, dataset: str) -> int:
        with self.read() as tx:
            query = select(func.max(t.versions.c.number)).where(t.versions.c.dataset == dataset)
            return int(tx.execute(query).scalar() or 0)

    def versions(self, dataset: str) -> list[Version]:
        with self.read() as tx:
            query = select(t.versions).where(t.versions.c.dataset == dataset).order_by(t.versions.c.number)
            return [_version(row) for row in tx.execute(query)]

    def version(self, dataset: str, number: int) -> Version | None:
        with self.read() as tx:
            query = select(t.versions).where(t.versions.c.dataset == dataset, t.versions.c.number == number)
            row = tx.execute(query).first()
            return None if row is None else _version(row)

    def version_add(self, tx: Connection, intent: Intent, table_version: int, rows: int) -> Version:
        """The completed intent as the dataset's next version."""
        said = intent.payload
        version = Version(
            number=said["parent"] + 1,
            parent=said["parent"],
            table_version=table_version,
            verb=said["verb"],
            message=said["message"],
            author=said["author"],
            run=said["run"],
            created_at=said["created_at"],
            rows=rows,
            stats=said["stats"],
        )
        values = msgspec.structs.asdict(version)
        values["stats_json"] = to_json(values.pop("stats"))
        tx.execute(insert(t.versions).values(dataset=intent.dataset, intent=intent.id, **values))
        return version

    # Intents: written before the table commit, closed after it.

    def intent_open(self, intent: Intent) -> None:
        with self.write() as tx:
            values = {
                "id": intent.id,
                "dataset": intent.dataset,
                "base_table_version": intent.base_table_version,
                "payload_json": to_json(intent.payload),
                "state": "open",
                "created_at": now(),
            }
            tx.execute(insert(t.intents).values(values))

    def intent_close(self, tx: Connection, intent_id: str, state: str) -> None:
        tx.execute(update(t.intents).where(t.intents.c.id == intent_id).values(state=state))

    def intents_open(self, dataset: str | None = None) -> list[Intent]:
        with self.read() as tx:
            query = select(t.intents).where(t.intents.c.state == "open").order_by(t.intents.c.created_at)
            if dataset is not None:
                query = query.where(t.intents.c.dataset == dataset)
            return [
                Intent(
                    id=row.id,
                    dataset=row.dataset,
                    base_table_version=row.base_table_version,
                    payload=from_json(row.payload_json),
                )
                for row in tx.execute(query)
            ]

    # Staged work: finished fragments that wait for their commit, so that a killed verb resumes.

    def staged_put(self, tx: Connection, dataset: str, job: str, item: StagedItem) -> None:
        values = msgspec.structs.asdict(item)
        values["state_json"] = to_json(values.pop("state"))
        tx.execute(insert(t.staged).values(dataset=dataset, job=job, **values))

    def staged(self, dataset: str, job: str | None = None) -> list[StagedItem]:
        with self.read() as tx:
            query = select(t.staged).where(t.staged.c.dataset == dataset).order_by(t.staged.c.job, t.staged.c.item)
            if job is not None:
                query = query.where(t.staged.c.job == job)
            return [
                StagedItem(item=row.item, base=row.base, file=row.file, rows=row.rows, state=from_json(row.state_json))
                for row in tx.execute(query)
            ]

    def staged_drop(self, tx: Connection, dataset: str, *, job: str | None = None, not_base: int | None = None) -> None:
        """Forget staged work, and the quarantine entries staged with it: of one job, or all made on another base."""
        gone = t.staged.c.dataset == dataset
        if job is not None:
            gone &= t.staged.c.job == job
        if not_base is not None:
            gone &= t.staged.c.base != not_base
        jobs = list(tx.execute(select(t.staged.c.job).where(gone).distinct()).scalars())
        tx.execute(delete(t.staged).where(gone))
        hidden = t.quarantine.c.job.in_([f"{dataset}/{name}" for name in jobs]) & (t.quarantine.c.state == "staged")
        tx.execute(delete(t.quarantine).where(hidden))

    # Tags.

    def tag_put(self, dataset: str, name: str, version: int) -> None:
        with self.write() as tx:
            tx.execute(insert(t.tags).values(dataset=dataset, name=name, version=version))

    def tags(self, dataset: str) -> dict[str, int]:
        with self.read() as tx:
            query = select(t.tags.c.name, t.tags.c.version).where(t.tags.c.dataset == dataset).order_by(t.tags.c.name)
            return {row.name: row.version for row in tx.execute(query)}

    # The catalogue of signal columns.

    def catalogue(self, dataset: str) -> dict[str, CatalogueEntry]:
        """Physical column -> what it holds."""
        with self.read() as tx:
            query = select(t.signals).where(t.signals.c.dataset == dataset).order_by(t.signals.c.physical)
            return {
                row.physical: CatalogueEntry(
                    physical=row.physical,
                    name=row.name,
                    fingerprint=row.fingerprint,
                    type=decode_type(row.type),
                    unit=row.unit,
                )
                for row in tx.execute(query)
            }

    def catalogue_add(self, dataset: str, entries: Iterable[CatalogueEntry]) -> None:
        rows: list[Mapping[str, Any]] = [
            {
                "dataset": dataset,
                "physical": entry.physical,
                "name": entry.name,
                "fingerprint": entry.fingerprint,
                "type": encode_type(entry.type),
                "unit": entry.unit,
            }
            for entry in entries
        ]
        if rows:
            with self.write() as tx:
                tx.execute(upsert(t.signals).on_conflict_do_nothing(), rows)


def encode_type(dtype: pa.DataType) -> bytes:
    """A type as an Arrow IPC schema with one field, v: the one serialisation that Arrow promises to keep reading."""
    return bytes(pa.schema([pa.field("v", dtype)]).serialize())


def decode_type(data: bytes) -> pa.DataType:
    return pa.ipc.read_schema(pa.py_buffer(data)).field("v").type


def _version(row: Any) -> Version:
    return Version(
        number=row.number,
        parent=row.parent,
        table_version=row.table_version,
        verb=row.verb,
        message=row.message,
        author=row.author,
        run=row.run,
        created_at=row.created_at,
        rows=row.rows,
        stats=from_json(row.stats_json),
    )
