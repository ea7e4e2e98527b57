"""The ledger's tables, and how an older ledger becomes a newer one. JSON columns hold text made by msgspec.

Times are UTC text in ISO 8601. The ledger holds what the tables may not: clock facts, names, unfinished work.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    update,
)

from assay.core.errors import UserError

# Bump it with every change of the tables below, and append to MIGRATIONS what turns the former into it.
LEDGER_SCHEMA = 1
# MIGRATIONS[i] turns schema i + 1 into schema i + 2, inside one transaction.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = ()

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

datasets = Table(
    "datasets",
    metadata,
    Column("name", String, primary_key=True),  # full name: tickets.qa
    Column("kind", String, nullable=False),
    Column("created_at", String, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("parent", Integer, nullable=False),  # 0: the empty beginning
    Column("table_version", Integer, nullable=False),
    Column("verb", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("run", String),
    Column("created_at", String, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("stats_json", Text, nullable=False),
    Column("intent", String, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("id", String, primary_key=True),  # also the message of the table commit
    Column("dataset", String, nullable=False),
    Column("base_table_version", Integer, nullable=False),
    Column("payload_json", Text, nullable=False),  # everything that completion needs
    Column("state", String, nullable=False),  # open, done, aborted
    Column("created_at", String, nullable=False),
    Index("intents_state", "state"),
)

staged = Table(
    "staged",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("job", String, primary_key=True),  # fingerprint of the work: a rerun of it resumes
    Column("item", String, primary_key=True),  # 000000000003 of an append, fragment id of a measurement
    Column("base", Integer, nullable=False),  # version number it was made on; stale when the head has moved
    Column("file", String, nullable=False),  # data file in the table's folder; empty: no rows
    Column("rows", Integer, nullable=False),
    Column("state_json", Text, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("version", Integer, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("physical", String, primary_key=True),  # s_<name>_<fingerprint8>
    Column("name", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("type", LargeBinary, nullable=False),  # an Arrow IPC schema with one field, v
    Column("unit", String),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("verb", String, nullable=False),
    Column("args_json", Text, nullable=False),
    Column("status", String, nullable=False),  # running, done, failed, ...
    Column("result_json", Text),
    Column("started_at", String, nullable=False),
    Column("ended_at", String),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset", String, nullable=False),  # base name: what is broken may have no kind
    Column("kind", String),
    Column("job", String, nullable=False),  # "" once visible
    Column("file", Text, nullable=False),
    Column("row", Integer),
    Column("offset", Integer),
    Column("length", Integer),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sha256", String),  # of the blob that holds the raw bytes
    Column("blob_offset", Integer),  # where in that blob they start, when a blob packs several
    Column("blob_length", Integer),
    Column("ingest_key", String),
    Column("options_json", Text, nullable=False),
    Column("identity", String, nullable=False),
    Column("state", String, nullable=False),  # staged, open, resolved
    Column("resolution", Text),
    UniqueConstraint("identity", "state", "job", name="quarantine_once"),
    Index("quarantine_dataset", "dataset", "state"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("ruleset", String, primary_key=True),
    Column("path", Text, nullable=False),  # relative to the workspace
    Column("sha256", String, nullable=False),
    Column("counts_json", Text, nullable=False),
    Column("saved", Integer, nullable=False),  # rises with every save: "the latest" without a clock
)

releases = Table(
    "releases",
    metadata,
    Column("name", String, primary_key=True),
    Column("made", Integer, primary_key=True),  # a name may be released again; the highest is the latest
    Column("body_json", Text, nullable=False),
    Column("created_at", String, nullable=False),
)

cache = Table(
    "cache",
    metadata,
    Column("space", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value_json", Text, nullable=False),
)

stat_cache = Table(
    "stat_cache",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("inode", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("checked_at", Float, nullable=False),  # a file changed within its clock tick of this is never trusted
)


def create_or_migrate(
    connection: Connection,
    where: str,
    *,
    schema: int = LEDGER_SCHEMA,
    migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS,
) -> None:
    """Make the tables of an empty ledger, or bring an older one up to `schema`; refuse a newer one (E406)."""
    found = schema_version(connection)
    if found is None:
        metadata.create_all(connection)
        connection.execute(insert(meta).values(key="schema", value=str(schema)))
        return
    if found > schema:
        raise UserError(
            "E406",
            f"the ledger has schema {found}, this assay knows up to {schema}",
            at=where,
            fix="open the workspace with the assay that wrote it, or a newer one",
        )
    for step in migrations[found - 1 : schema - 1]:
        step(connection)
    if found < schema:
        connection.execute(update(meta).where(meta.c.key == "schema").values(value=str(schema)))


def schema_version(connection: Connection) -> int | None:
    """The schema that a ledger was written with; None for an empty database."""
    there = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").first()
    if there is None:
        return None
    row = connection.execute(meta.select().where(meta.c.key == "schema")).first()
    return int(row.value) if row is not None else None
