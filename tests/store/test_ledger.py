"""The ledger: transactions, migration, runs, quarantine, releases and caches."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from assay.core.errors import UserError
from assay.store import Dataset, Ledger, QuarantineEntry, Workspace
from assay.store.ledger_schema import LEDGER_SCHEMA, create_or_migrate, schema_version
from tests.store.rows import batch
from tests.store.rows import qa as row


def entry(n: int = 0, **fields: object) -> QuarantineEntry:
    return QuarantineEntry(dataset="tickets", file="a.jsonl", row=n, reason="nan", detail="d", **fields)  # type: ignore[arg-type]  # mixed keywords


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "ws").close()
    with sqlite3.connect(tmp_path / "ws" / "ledger.db") as raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(LEDGER_SCHEMA + 1),))
    raw.close()
    with pytest.raises(UserError, match="E406"):
        Workspace.open(tmp_path / "ws")


def test_an_older_ledger_is_migrated_step_by_step_or_not_at_all() -> None:
    engine = create_engine("sqlite://")
    done: list[str] = []

    def first(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN host TEXT")
        done.append("first")

    def second(connection: Connection) -> None:
        done.append("second")

    with engine.begin() as connection:
        assert schema_version(connection) is None
        create_or_migrate(connection, "here", schema=1)
        create_or_migrate(connection, "here", schema=2, migrations=(first,))
        create_or_migrate(connection, "here", schema=2, migrations=(first,))
        create_or_migrate(connection, "here", schema=3, migrations=(first, second))
        assert (done, schema_version(connection)) == (["first", "second"], 3)
        connection.exec_driver_sql("SELECT host FROM runs")


def test_a_damaged_ledger_is_a_clear_error(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "ws").close()
    (tmp_path / "ws" / "ledger.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(UserError, match="E410"):
        Workspace.open(tmp_path / "ws")


def test_a_ledger_held_by_another_process_is_a_clear_error(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db", busy_timeout_s=0.1)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match="E409"):
        ledger.cache_put("s", "k", 1)
    assert ledger.cache_get("s", "k") is None, "reading needs no lock"
    other.close()
    ledger.cache_put("s", "k", 1)
    assert ledger.cache_get("s", "k") == 1


def test_a_transaction_is_all_or_nothing(ws: Workspace) -> None:
    def fail() -> None:
        with ws.ledger.write():
            ws.ledger.cache_put("s", "k", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ws.ledger.cache_get("s", "k") is None


def _count_up(folder: str) -> None:
    with Workspace.open(folder) as ws:
        for _ in range(50):
            with ws.ledger.write():
                ws.ledger.cache_put("s", "n", (ws.ledger.cache_get("s", "n") or 0) + 1)


def test_no_update_is_lost_between_processes_and_threads(ws: Workspace) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.faults"])
    processes = [context.Process(target=_count_up, args=(str(ws.path),)) for _ in range(2)]
    threads = [threading.Thread(target=_count_up, args=(str(ws.path),)) for _ in range(2)]
    for worker in [*processes, *threads]:
        worker.start()
    for worker in [*processes, *threads]:
        worker.join()
    assert ws.ledger.cache_get("s", "n") == 200


def test_cached_values_are_json_and_may_be_overwritten(ws: Workspace) -> None:
    ws.ledger.cache_put("a", "k", {"x": [1, None, "é"]})
    ws.ledger.cache_put("b", "k", 2)
    ws.ledger.cache_put("b", "k", 3)
    assert ws.ledger.cache_get("a", "k") == {"x": [1, None, "é"]}
    assert (ws.ledger.cache_get("b", "k"), ws.ledger.cache_get("b", "other")) == (3, None)


def test_a_run_is_noted_from_start_to_end(ws: Workspace) -> None:
    run = ws.ledger.run_start("ingest", {"sources": ["a"]})
    found = ws.ledger.run(run)
    assert found is not None
    assert (found.verb, found.args, found.status, found.result, found.ended_at) == (
        "ingest", {"sources": ["a"]}, "running", None, None,
    )  # fmt: skip
    ws.ledger.run_end(run, "done", {"read": 3})
    ended = ws.ledger.runs()[-1]
    assert (ended.id, ended.status, ended.result) == (run, "done", {"read": 3})
    assert ended.ended_at is not None
    assert ws.ledger.run("none") is None


def test_quarantine_staged_with_a_fragment_shows_when_the_version_does(qa: Dataset) -> None:
    ledger = qa.ledger
    with qa.begin_append("k") as job:
        job.write(0, [batch([row("a")])], {}, [entry(0), entry(1)])
        assert ledger.quarantine("tickets") == []
        job.commit(quarantine=[entry(2)])
    assert [e.row for e in ledger.quarantine("tickets")] == [0, 1, 2]
    assert ledger.quarantine("other") == []


def test_reading_the_same_bad_file_again_adds_no_entry(qa: Dataset) -> None:
    for key in ("once", "again"):
        with qa.begin_append(key) as job:
            job.write(0, [], {}, [entry(0), entry(1)])
            job.commit()
    assert qa.ledger.quarantine_add([entry(1), entry(2)]) == 1
    assert [e.row for e in qa.ledger.quarantine("tickets")] == [0, 1, 2]


def test_a_resolved_entry_leaves_the_list_and_may_come_back(ws: Workspace) -> None:
    for _ in range(2):
        assert ws.ledger.quarantine_add([entry(0, options={"map": ["a=b"]}, kind="qa"), entry(1)]) >= 1
        found = ws.ledger.quarantine("tickets", kind="qa")
        assert [e.options for e in found] == [{"map": ["a=b"]}]
        ws.ledger.quarantine_resolve([e.id for e in found if e.id is not None], "retried")
        assert [e.row for e in ws.ledger.quarantine("tickets")] == [1]
    assert [e.resolution for e in ws.ledger.quarantine("tickets", resolved=True)] == ["retried", "retried"]


def test_discarded_work_takes_its_quarantine_along(qa: Dataset) -> None:
    with qa.begin_append("k") as job:
        job.write(0, [batch([row("a")])], {}, [entry(0)])
        job.discard()
    with qa.begin_append("k") as job:
        assert job.staged == []
        job.write(0, [batch([row("b")])], {}, [entry(7)])
        job.commit()
    assert [e.row for e in qa.ledger.quarantine()] == [7]


def test_work_staged_on_an_older_head_is_forgotten(qa: Dataset) -> None:
    with qa.begin_append("mine") as job:
        job.write(0, [batch([row("a")])], {}, [entry(0)])
    with qa.begin_append("other") as job:
        job.write(0, [batch([row("a")])], {})
        job.commit()
    with qa.begin_append("mine") as job:
        assert job.staged == [], "its rows may be there already"
        job.commit()
    assert (qa.count(), qa.ledger.quarantine()) == (1, [])


def test_releases_are_kept_in_order(ws: Workspace) -> None:
    ws.ledger.release_save("r1", {"records": 3})
    ws.ledger.release_save("r1", {"records": 4})
    ws.ledger.release_save("r2", {"records": 5})
    assert [(r["name"], r["records"]) for r in ws.ledger.releases()] == [("r1", 3), ("r1", 4), ("r2", 5)]
    assert [r["records"] for r in ws.ledger.releases("r2")] == [5]


def old_file(path: Path, text: str) -> Path:
    path.write_text(text)
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_an_unchanged_file_is_known_by_its_stat(ws: Workspace, tmp_path: Path) -> None:
    path = old_file(tmp_path / "f", "abc")
    assert ws.ledger.stat_get(path) is None
    ws.ledger.stat_put(path, "digest")
    assert ws.ledger.stat_get(path) == "digest"
    path.unlink()
    assert ws.ledger.stat_get(path) is None


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_a_changed_file_is_not(ws: Workspace, tmp_path: Path, change: str) -> None:
    path = old_file(tmp_path / "f", "abc")
    ws.ledger.stat_put(path, "digest")
    if change == "size":
        old_file(path, "abcd")
    elif change == "time":
        os.utime(path, ns=(10**18, 10**18 + 1))
    else:
        other = old_file(tmp_path / "g", "abd")
        other.rename(path)
    assert ws.ledger.stat_get(path) is None


def test_a_file_changed_in_the_tick_it_was_read_in_is_not_trusted(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("abc")
    ws.ledger.stat_put(path, "digest")
    assert ws.ledger.stat_get(path) is None
