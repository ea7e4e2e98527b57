"""One writer per dataset: told who holds it, and free as soon as that process is dead."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.store import Dataset, Workspace
from tests.store.conftest import Append
from tests.store.rows import qa as row

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.store.faults"])


def hold(folder: str, ready: multiprocessing.Queue[int]) -> None:
    """Hold the writer lock until killed."""
    with Workspace.open(folder) as ws, ws.dataset("tickets.qa").begin_append("theirs", verb="ingest"):
        ready.put(os.getpid())
        signal.pause()


@pytest.fixture
def other(qa: Dataset) -> multiprocessing.process.BaseProcess:
    ready: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=hold, args=(str(qa.workspace.path), ready))
    process.start()
    ready.get(timeout=60)
    yield process
    process.kill()
    process.join()


def test_a_second_writer_is_told_who_holds_the_lock(qa: Dataset, other: multiprocessing.process.BaseProcess) -> None:
    with pytest.raises(UserError, match="E405") as caught:
        qa.begin_append("ours")
    assert f"process {other.pid} on {os.uname().nodename} (ingest, since 20" in caught.value.what


def test_a_dead_holders_lock_is_no_lock(
    qa: Dataset, other: multiprocessing.process.BaseProcess, append: Append
) -> None:
    other.kill()
    other.join()
    assert qa.lock_path.read_bytes(), "the file stays, with the dead holder's name in it"
    append(qa, [row("a")])
    assert qa.head == 1


def test_readers_need_no_lock(qa: Dataset, append: Append, other: multiprocessing.process.BaseProcess) -> None:
    assert (list(qa.scan()), qa.versions(), qa.fsck(deep=True)) == ([], [], [])
    with Workspace.open(qa.workspace.path) as again:
        assert again.names() == ["tickets.qa"]


def test_other_datasets_are_free(qa: Dataset, append: Append, other: multiprocessing.process.BaseProcess) -> None:
    data = qa.workspace.create("other.qa")
    append(data, [row("a")])
    assert data.head == 1


def test_the_same_thread_may_take_it_again(ws: Workspace, qa: Dataset, append: Append) -> None:
    with ws.lock("tickets.qa", "run"), ws.lock("tickets.qa"):
        append(qa, [row("a")])
        qa.rollback(1)
    assert qa.head == 2


def test_another_thread_of_this_process_may_not(ws: Workspace, qa: Dataset) -> None:
    found: list[str] = []

    def attempt() -> None:
        try:
            qa.begin_append("k")
        except UserError as error:
            found.append(error.what)

    with ws.lock("tickets.qa", "run"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert f"process {os.getpid()}" in found[0]


def test_waiting_for_it_ends_when_it_is_free(ws: Workspace, qa: Dataset) -> None:
    taken, free = threading.Event(), threading.Event()

    def keep() -> None:
        with ws.lock("tickets.qa"):
            taken.set()
            free.wait(10)

    thread = threading.Thread(target=keep)
    thread.start()
    taken.wait(10)
    threading.Timer(0.2, free.set).start()
    with ws.lock("tickets.qa", wait_s=10):
        assert free.is_set()
    thread.join()


def test_an_error_inside_gives_it_back(ws: Workspace, qa: Dataset, append: Append) -> None:
    with pytest.raises(ZeroDivisionError), qa.begin_append("k"):
        _ = 1 / 0
    append(qa, [row("a")])


def test_opening_while_a_writer_is_at_work_leaves_its_intent_alone(tmp_path: Path, qa: Dataset) -> None:
    from assay.store.ledger import Intent

    with qa.begin_append("k"):
        qa.ledger.intent_open(Intent(id="x" * 32, dataset=qa.name, base_table_version=1, payload={"verb": "ingest"}))
        process = context.Process(target=_open, args=(str(qa.workspace.path),))
        process.start()
        process.join(60)
        assert process.exitcode == 0
        assert [intent.id for intent in qa.ledger.intents_open()] == ["x" * 32]
        assert qa.fsck() == []
    assert [finding.code for finding in qa.fsck()] == ["intent-open"]
    with Workspace.open(qa.workspace.path) as ws:
        assert ws.fsck() == []


def _open(folder: str) -> None:
    Workspace.open(folder).close()
