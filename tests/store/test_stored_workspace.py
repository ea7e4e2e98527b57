"""Workspaces as former versions wrote them open for ever: one archive per ledger schema and table format.

Never edit an archive. A new schema or format adds one beside these, made by `tests.store.faults.history`, a tag, a
blob, a run and one decision file.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from assay.store import Workspace
from tests.store.conftest import Append, read
from tests.store.rows import qa as row

DATA = Path(__file__).resolve().parents[1] / "data"

# What each version of tickets.qa holds, by the digest's definition 1.
DIGESTS = {
    1: "7d204cfc1fb5b5b83ab4d7263069d6cab206384dea24f2c53938e7aad1738bbb",
    2: "0928c3b87584ce745bd1d51011c1ecefec73fc7bf0ad5ceb82c4d609513e4ca5",
    3: "6bed7651f825c3a4584cc90303d5fc7c7c841a06e85a784b43a41e3ecc9e6625",
    4: "d3656ed66402bddb1be6d4e2147f7d544cba3295ddc5fd9bc9b045e4861dc4a2",
    5: "0928c3b87584ce745bd1d51011c1ecefec73fc7bf0ad5ceb82c4d609513e4ca5",
    6: "67ee233af917519b08540d02029f2fa2d0fefc5a68cba8aae93c99fd2ab31a81",
}


@pytest.mark.parametrize("archive", sorted(DATA.glob("workspace-*.tar.xz")), ids=lambda path: path.name)
def test_a_stored_workspace_opens_and_goes_on(tmp_path: Path, archive: Path, append: Append) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    with Workspace.open(tmp_path / "workspace") as ws:
        data = ws.dataset("tickets.qa")
        assert {v.number: data.compute_digest(v.number) for v in data.versions()} == DIGESTS
        assert ws.fsck(deep=True) == []
        assert [v.verb for v in data.versions()] == ["ingest", "measure", "edit", "ingest", "rollback", "ingest"]
        assert (data.tags(), len(ws.ledger.quarantine("tickets")), ws.blobs.get(ws.blobs.names()[0])) == (
            {"gold": 2}, 6, b"kept",
        )  # fmt: skip
        decided = ws.load_decisions("tickets.qa", 6)
        assert decided is not None
        assert decided.to_pylist() == [{"record_id": "a00", "action": "keep"}]
        assert sum(r["n"] or 0 for r in read(data, columns=["record_id", "n"])) == 20
        append(data, [row("new")])
        assert (data.head, data.count()) == (7, 21)
        assert ws.fsck(deep=True) == []


def test_there_is_an_archive_of_today() -> None:
    from assay.store.ledger_schema import LEDGER_SCHEMA
    from assay.store.table import FILE_FORMAT

    assert (DATA / f"workspace-ledger{LEDGER_SCHEMA}-table{FILE_FORMAT}.tar.xz").is_file()
