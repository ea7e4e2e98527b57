"""One SQLite connection with explicit transactions: BEGIN IMMEDIATE to write, so that a writer never fails halfway."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from assay.core.errors import UserError
from assay.store.ledger_schema import create_or_migrate

BUSY_TIMEOUT_S = 30.0


def now() -> str:
    """UTC, ISO 8601. A clock fact: it stays in the ledger."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def from_json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


class LedgerDb:
    """Transactions over the ledger file. Thread-safe: one transaction at a time; nested ones join the outer."""

    def __init__(self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._active: str = ""
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=lambda: _connect(path, busy_timeout_s),
            poolclass=StaticPool,
        )
        event.listen(engine, "begin", self._begin)
        self._engine = engine
        with self._clear_errors():
            self._connection = engine.connect()
        with self.write() as tx:
            create_or_migrate(tx, str(path))

    def _begin(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if self._active == "write" else "BEGIN")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; all of it becomes visible, or none."""
        with self._transaction("write") as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look; never waits for a writer."""
        with self._transaction("read") as connection:
            yield connection

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Connection]:
        with self._guard:
            if self._active:
                if mode == "write" and self._active == "read":
                    raise RuntimeError("a write inside a read transaction of the ledger")
                yield self._connection
                return
            self._active = mode
            try:
                with self._clear_errors(), self._connection.begin():
                    yield self._connection
            finally:
                self._active = ""

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            text = str(error.orig)
            if "locked" in text or "busy" in text:
                what, fix = "the ledger is busy: another process holds it", "wait for it, or end it, then run again"
                raise UserError("E409", what, at=str(self.path), fix=fix) from error
            if "full" in text or "disk I/O" in text:
                raise disk_full(self.path) from error
            raise
        except DatabaseError as error:
            if "not a database" in str(error.orig) or "malformed" in str(error.orig):
                fix = "restore ledger.db from a copy; the tables and blobs beside it are untouched"
                raise UserError("E410", f"the ledger is damaged: {error.orig}", at=str(self.path), fix=fix) from error
            raise

    def close(self) -> None:
        with self._guard:
            self._connection.close()
            self._engine.dispose()


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    # isolation_level None: Python's own implicit BEGIN would be a deferred one, which can fail at its first write.
    connection = sqlite3.connect(path, timeout=busy_timeout_s, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a completed version survives a power cut, not only a kill
    return connection


def disk_full(place: Path | str) -> UserError:
    return UserError("E408", "no space left to write", at=str(place), fix="free some space, then run it again")
