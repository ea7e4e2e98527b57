"""A full disk: a clear error, nothing half there, and the same command works once there is space."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.store import Workspace
from tests.store import faults
from tests.store.conftest import Append, read
from tests.store.rows import qa as row

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.store.faults"])


def _errors(queue: multiprocessing.Queue[str], folder: str, limit: int) -> None:
    try:
        faults.limited(folder, limit)
    except UserError as error:
        queue.put(error.code)
    else:
        queue.put("")


@pytest.mark.parametrize("limit", [400, 100_000, 1_000_000], ids=lambda n: f"files of at most {n} bytes")
def test_a_full_disk_leaves_the_last_version_whole(tmp_path: Path, append: Append, limit: int) -> None:
    folder = tmp_path / "ws"
    with Workspace.init(folder) as ws:
        append(ws.create("tickets.qa"), [row("a")])
        digest = ws.dataset("tickets.qa").digest()
    queue = context.Queue()
    process = context.Process(target=_errors, args=(queue, str(folder), limit))
    process.start()
    code = queue.get(timeout=60)
    process.join(60)
    assert code == "E408"
    with Workspace.open(folder) as ws:
        data = ws.dataset("tickets.qa")
        assert (data.head, data.compute_digest()) == (1, digest)
        assert ws.fsck(deep=True) == []
    faults.large(str(folder))
    with Workspace.open(folder) as ws:
        assert [r["record_id"] for r in read(ws.dataset("tickets.qa"))][:2] == ["a", "large0"]
        assert ws.fsck(deep=True) == []


def test_a_blob_that_does_not_fit_is_not_there(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="E408"):
        ws.blobs.put(b"bytes")
    assert ws.blobs.names() == []
    assert list(ws.blobs.root.iterdir()) == []
