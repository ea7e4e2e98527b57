"""Every kind of damage has its finding, and a sound workspace has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import delete, update

from assay.store import Dataset, QuarantineEntry, Workspace
from assay.store import ledger_schema as t
from tests.store.conftest import Append
from tests.store.rows import batch, table
from tests.store.rows import qa as row


@pytest.fixture
def full(ws: Workspace, qa: Dataset, append: Append, measure: Append) -> Dataset:
    """A dataset with a bit of everything."""
    kept = ws.blobs.put(b'{"id": "c", "x": null}')
    append(qa, [row("a"), row("b")], [row("c", raw={"sha256": kept, "offset": 0, "length": 22})])
    measure(qa)
    qa.replace(table([row("a", "x")]), expect=2)
    qa.rollback(1)
    append(qa, [row("d")])
    qa.tag("gold", 2)
    qa.digest()
    qa.digest(1)
    raw = ws.blobs.put(b"broken {")
    ws.ledger.quarantine_add([QuarantineEntry(dataset="tickets", file="f", reason="r", detail="", sha256=raw)])
    decided = pa.table({"record_id": ["a"], "action": ["keep"]})
    ws.save_decisions("tickets.qa", 5, "abc", decided)
    return qa


def test_a_sound_workspace_has_no_findings(full: Dataset) -> None:
    assert full.workspace.fsck() == full.workspace.fsck(deep=True) == []


def newest(full: Dataset) -> Path:
    return max((full.uri / "data").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def lose_a_data_file(full: Dataset) -> None:
    newest(full).unlink()


def cut_a_data_file(full: Dataset) -> None:
    newest(full).write_bytes(newest(full).read_bytes()[:-1])


def lose_a_manifest(full: Dataset) -> None:
    min((full.uri / "_versions").iterdir(), key=lambda path: path.name).unlink()


def lose_the_table(full: Dataset) -> None:
    full.uri.rename(full.uri.with_suffix(".away"))


def miscount(full: Dataset) -> None:
    with full.ledger.write() as tx:
        tx.execute(update(t.versions).where(t.versions.c.number == 5).values(rows=99))


def forget_a_version(full: Dataset) -> None:
    with full.ledger.write() as tx:
        tx.execute(delete(t.versions).where(t.versions.c.number == 3))


def tag_nothing(full: Dataset) -> None:
    full.ledger.tag_put("tickets.qa", "lost", 77)


def lose_quarantined_bytes(full: Dataset) -> None:
    lose_blob(full, full.ledger.quarantine()[0].sha256)


def lose_a_records_bytes(full: Dataset) -> None:
    lose_blob(full, full.take(["c"]).column("raw").to_pylist()[0]["sha256"])


def lose_blob(full: Dataset, sha256: str | None) -> None:
    next(full.workspace.blobs.root.glob(f"*/{sha256}.zst")).unlink()


def lose_decisions(full: Dataset) -> None:
    next((full.workspace.path / "decisions").rglob("*.parquet")).unlink()


def alter_decisions(full: Dataset) -> None:
    next((full.workspace.path / "decisions").rglob("*.parquet")).write_bytes(b"x")


def remember_another_digest(full: Dataset) -> None:
    full.ledger.cache_put("digest", f"tickets.qa@{full.versions()[-1].table_version}", "0" * 64)


def add_a_key_twice(full: Dataset) -> None:
    with full.begin_append("twice") as job:
        job.write(0, [batch([row("a", "again")])], {})
        job.commit()


def flip_a_byte(full: Dataset) -> None:
    path = newest(full)
    found = bytearray(path.read_bytes())
    for at in range(len(found) // 2):
        found[at] ^= 0xFF
    path.write_bytes(found)


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (lose_a_data_file, {"file-missing"}),
        (cut_a_data_file, {"file-size"}),
        (lose_a_manifest, {"version-missing"}),
        (lose_the_table, {"table-unreadable"}),
        (miscount, {"row-count"}),
        (forget_a_version, {"version-gap", "tag-dangling"}),
        (tag_nothing, {"tag-dangling"}),
        (lose_quarantined_bytes, {"blob-missing"}),
        (lose_a_records_bytes, {"blob-missing"}),
        (lose_decisions, {"decisions-missing"}),
        (alter_decisions, {"decisions-altered"}),
        (remember_another_digest, {"digest"}),
        (add_a_key_twice, {"key-duplicate"}),
        (flip_a_byte, {"digest", "rows-unreadable"}),
    ],
    ids=lambda value: value.__name__.replace("_", " ") if callable(value) else "",
)
def test_damage_is_found_placed_and_given_a_way_out(
    full: Dataset, damage: Callable[[Dataset], None], codes: set[str]
) -> None:
    damage(full)
    with Workspace.open(full.workspace.path) as ws:
        found = ws.fsck(deep=True)
    assert found
    assert {f.code for f in found} <= codes
    assert all(f.place and f.what and f.fix for f in found)
