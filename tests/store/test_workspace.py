"""Workspaces: made, opened, refused; decisions kept beside the tables."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.store import Dataset, Workspace
from assay.store import workspace as module
from tests.store.conftest import Append, read
from tests.store.rows import qa as row


def test_a_folder_without_a_ledger_is_not_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"E401.*\n.*assay init"):
        Workspace.open(tmp_path)
    with pytest.raises(UserError, match="E401"):
        Workspace.open(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_init_on_a_workspace_keeps_it(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with Workspace.init(qa.workspace.path) as again:
        assert again.dataset("tickets.qa").count() == 1


@pytest.mark.parametrize("place", ["s3://bucket/ws", "gs://b/w", "file:///tmp/ws"])
def test_only_local_folders_are_supported(place: str) -> None:
    with pytest.raises(UserError, match="E402"):
        Workspace.init(place)
    with pytest.raises(UserError, match="E402"):
        Workspace.open(place)


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_file_system", lambda place: "nfs4")
    with pytest.raises(UserError, match=r"E402.*nfs4"):
        Workspace.init(tmp_path / "ws")


def test_the_file_system_of_a_folder_is_told(tmp_path: Path) -> None:
    assert module._file_system(Path("/proc/self")) == "proc"
    assert module._file_system(tmp_path) not in ("", "proc")


def test_a_file_is_not_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="E401"):
        Workspace.init(tmp_path / "file")


def test_a_worker_gets_the_workspace_by_its_path(ws: Workspace, qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with pickle.loads(pickle.dumps(ws)) as other:
        assert read(other.dataset("tickets.qa")) == read(qa)


def test_a_moved_workspace_works_where_it_is(qa: Dataset, append: Append, measure: Append, tmp_path: Path) -> None:
    append(qa, [row("a")])
    measure(qa)
    before = qa.digest()
    qa.workspace.close()
    with Workspace.open(qa.workspace.path.rename(tmp_path / "elsewhere")) as ws:
        data = ws.dataset("tickets.qa")
        assert data.compute_digest() == before
        append(data, [row("b")])
        assert ws.fsck(deep=True) == []


DECIDED = pa.table({"record_id": ["a"], "action": ["drop"], "rules": [["too_short"]]})


def test_decisions_of_two_rulesets_never_overwrite_each_other(ws: Workspace) -> None:
    other = DECIDED.set_column(1, "action", pa.array(["keep"]))
    ws.save_decisions("tickets.qa", 1, "aaaa", DECIDED, {"drop": 1})
    ws.save_decisions("tickets.qa", 1, "bbbb", other)
    assert ws.load_decisions("tickets.qa", 1, "aaaa") == DECIDED
    assert ws.load_decisions("tickets.qa", 1) == other
    assert ws.load_decisions("tickets.qa", 2) is None
    assert ws.load_decisions("tickets.qa", 1, "cccc") is None
    ws.save_decisions("tickets.qa", 1, "aaaa", DECIDED)
    found = ws.find_decisions("tickets.qa", 1)
    assert found is not None
    assert found.ruleset == "aaaa"


def test_the_same_decisions_give_the_same_bytes_however_they_were_chunked(ws: Workspace) -> None:
    whole = pa.table({"record_id": [f"r{k}" for k in range(1000)], "action": ["keep"] * 1000})
    cut = pa.Table.from_batches(whole.to_batches(max_chunksize=7))
    one = ws.save_decisions("a.qa", 1, "aa", whole).read_bytes()
    assert ws.save_decisions("a.qa", 2, "aa", cut).read_bytes() == one
