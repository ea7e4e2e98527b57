"""kill -9 anywhere: nothing lost, nothing doubled, and the same history at the end."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import pytest

from assay.store import Workspace
from assay.store.ledger_schema import intents
from tests.store import faults
from tests.store.conftest import read

COMMIT = [
    "commit.before_intent",
    "commit.after_intent",
    "commit.before_table",
    "commit.after_table",
    "commit.before_completion",
    "commit.after_completion",
]
VERBS = ("append", "measure", "edit", "append after", "rollback", "append after rollback")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.store.faults"])


def run(folder: Path, failpoint: str | None = None) -> int | None:
    process = context.Process(target=faults.history, args=(str(folder), failpoint))
    process.start()
    process.join(60)
    return process.exitcode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The digest of every version, made without a kill."""
    folder = tmp_path_factory.mktemp("undisturbed") / "ws"
    assert run(folder) == 0
    with Workspace.open(folder) as ws:
        data = ws.dataset("tickets.qa")
        return {version.number: data.digest(version.number) for version in data.versions()}


def expect_same(folder: Path, undisturbed: dict[int, str]) -> None:
    with Workspace.open(folder) as ws:
        data = ws.dataset("tickets.qa")
        assert {v.number: data.digest(v.number) for v in data.versions()} == undisturbed
        assert ws.fsck(deep=True) == []
        assert len(ws.ledger.quarantine("tickets")) == 6, "two bad records in each of three files, each once"
        assert ws.ledger.staged("tickets.qa") == []


@pytest.mark.parametrize(
    "nth",
    [
        pytest.param(k, id=verb, marks=() if verb in ("append", "edit") else pytest.mark.slow)
        for k, verb in enumerate(VERBS, 1)
    ],
)
@pytest.mark.parametrize("place", COMMIT)
def test_killed_in_a_commit_it_is_finished_or_dropped(
    tmp_path: Path, undisturbed: dict[int, str], place: str, nth: int
) -> None:
    folder = tmp_path / "ws"
    assert run(folder, f"{place}:{nth}") == -signal.SIGKILL
    with Workspace.open(folder) as ws:
        data = ws.dataset("tickets.qa")
        done = nth if place in COMMIT[3:] else nth - 1
        assert data.head == done, "finished where the table has it, dropped where it has not"
        assert {n: data.digest(n) for n in range(1, done + 1)} == {n: undisturbed[n] for n in range(1, done + 1)}
        assert ws.fsck(deep=True) == []
        with ws.ledger.read() as tx:
            assert {row.state for row in tx.execute(intents.select())} <= {"done", "aborted"}
    assert run(folder) == 0
    expect_same(folder, undisturbed)


@pytest.mark.parametrize("place", ["ingest.after_fragment:1", "ingest.after_fragment:4", "measure.after_fragment:3"])
def test_killed_between_fragments_the_finished_ones_are_kept(
    tmp_path: Path, undisturbed: dict[int, str], place: str
) -> None:
    folder = tmp_path / "ws"
    assert run(folder, place) == -signal.SIGKILL
    with Workspace.open(folder) as ws:
        staged = ws.ledger.staged("tickets.qa")
        assert len(staged) == {"1": 1, "4": 2, "3": 3}[place[-1]]
        assert ws.fsck(deep=True) == []
        before = {file.name for file in (ws.dataset("tickets.qa").uri / "data").iterdir()}
    assert run(folder) == 0
    expect_same(folder, undisturbed)
    with Workspace.open(folder) as ws:
        used = {name for n in range(1, 7) for f in ws.dataset("tickets.qa").table(n).files().values() for name, _ in f}
        assert {f"data/{item.file}" for item in staged} <= used, "not written a second time"
        assert {f"data/{name}" for name in before} <= used


def test_a_reader_sees_no_version_before_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    assert run(folder, "commit.after_table:3") == -signal.SIGKILL
    with Workspace(folder) as ws:  # as a reader that opened it before the kill
        data = ws.dataset("tickets.qa")
        assert data.head == 2
        assert {r["best_answer"] for r in read(data)} == {"yes"}
        assert [finding.code for finding in data.fsck()] == ["intent-open"]


def test_the_next_writer_finishes_what_was_killed_even_without_reopening(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    assert run(folder, "commit.after_table:1") == -signal.SIGKILL
    with Workspace(folder) as ws:
        data = ws.dataset("tickets.qa")
        assert data.head == 0
        with data.begin_append("again") as job:
            assert job.base == 1
        assert (data.head, data.count(), len(ws.ledger.quarantine())) == (1, 10, 2)
