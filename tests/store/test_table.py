"""The table library as it was seen to behave (the design's store notes): one test per row that applies here."""

from __future__ import annotations

import resource
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.records.schema import schema_of
from assay.store import Dataset, Workspace
from assay.store.table import FILE_FORMAT, Table
from tests.store.conftest import Append, read
from tests.store.rows import batch, table
from tests.store.rows import qa as row


def test_the_library_is_the_pinned_one() -> None:
    assert lance.__version__ == "14.0.2"


def test_the_file_format_is_exactly_2_2(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    measure(qa)
    inner = lance.dataset(str(qa.uri))
    assert FILE_FORMAT == inner.data_storage_version == "2.2"
    files = [file for part in inner.get_fragments() for file in part.metadata.files]
    assert {(file.file_major_version, file.file_minor_version) for file in files} == {(2, 2)}


def test_null_structs_and_empty_lists_are_told_apart_from_null_members(qa: Dataset, append: Append) -> None:
    sources = [None, {}, {"path": "x"}]
    messages = [None, [], [None], [{"role": None, "parts": None}], [{"role": "user", "parts": [None]}]]
    rows = [row(f"s{k}", source=s) for k, s in enumerate(sources)] + [
        row(f"z{k}", messages=m) for k, m in enumerate(messages)
    ]
    append(qa, rows)
    assert read(qa) == batch(rows).to_pylist()


def test_row_ids_are_stable_from_creation_on(qa: Dataset, append: Append) -> None:
    append(qa, [row("a"), row("b")])
    inner = lance.dataset(str(qa.uri))
    before = dict(zip(*inner.to_table(columns=["record_id"], with_row_id=True).to_pydict().values(), strict=True))
    qa.replace(table([row("a", "edited")]), expect=1)
    inner = lance.dataset(str(qa.uri))
    after = dict(zip(*inner.to_table(columns=["record_id"], with_row_id=True).to_pydict().values(), strict=True))
    assert inner.has_stable_row_ids
    assert before == after


def test_the_primary_key_is_declared(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    inner = lance.dataset(str(qa.uri))
    assert [field.name() for field in inner.lance_schema.unenforced_primary_key()] == ["record_id"]
    assert not inner.schema.field("record_id").nullable


def test_every_table_commit_carries_its_intents_id(qa: Dataset, append: Append, measure: Append) -> None:
    """Of the library's verbs, update, delete and add_columns take no message: none of them makes a version here."""
    append(qa, [row("a")], [row("b")])
    measure(qa)
    qa.replace(table([row("a", "edited")]), expect=2)
    qa.rollback(1)
    messages = Table.open(qa.uri).table_versions()
    for version in qa.versions():
        assert len(messages[version.table_version] or "") == 32, version.verb


def test_a_new_column_costs_kilobytes_not_a_rewrite(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row(f"r{k:05d}", "some words " * 20) for k in range(20_000)])
    before = sum(path.stat().st_size for path in qa.uri.rglob("*") if path.is_file())
    measure(qa)
    after = sum(path.stat().st_size for path in qa.uri.rglob("*") if path.is_file())
    assert after - before < 30_000


def test_after_an_append_only_the_new_fragments_are_measured(qa: Dataset, append: Append, measure: Append) -> None:
    """The library's merge_columns refuses ("Column already exists"): files are put beside each fragment's others."""
    append(qa, [row("a")], [row("bb")])
    measure(qa)
    append(qa, [row("ccc")])
    assert qa.signals()["id_length"].unmeasured_fragments == [2]
    assert [r["id_length"] for r in read(qa, columns=["record_id", "id_length"])] == [1, 2, None]
    measure(qa)
    assert qa.signals()["id_length"].unmeasured_fragments == []
    assert [r["id_length"] for r in read(qa, columns=["record_id", "id_length"])] == [1, 2, 3]


def test_an_edit_nulls_the_signals_of_the_edited_rows_only(qa: Dataset, append: Append, measure: Append) -> None:
    """`update` would keep the old value beside the new text, `merge_insert` keep it or fill null, silently."""
    append(qa, [row("a"), row("bb"), row("ccc")])
    measure(qa)
    version = qa.replace(table([row("bb", "edited")]), expect=2)
    got = read(qa, columns=["record_id", "best_answer", "id_length", "measured:id_length"])
    assert [tuple(r.values()) for r in got] == [
        ("a", "yes", 1, True),
        ("bb", "edited", None, False),
        ("ccc", "yes", 3, True),
    ]
    assert version.parent == 2
    assert [r["id_length"] for r in read(qa, 2, ["record_id", "id_length"])] == [1, 2, 3]


def test_measured_and_unknown_is_not_unmeasured(qa: Dataset, append: Append) -> None:
    from assay.store import SignalSpec

    append(qa, [row("a"), row("b")], [row("c")])
    with qa.begin_measure("k", {"n": SignalSpec(fingerprint="ab" * 16, type=pa.float64())}) as job:
        job.write(0, {"n": pa.array([None, 0.5])})
        job.commit()
    got = read(qa, columns=["record_id", "n", "measured:n"])
    assert [tuple(r.values()) for r in got] == [("a", None, True), ("b", 0.5, True), ("c", None, False)]


def test_reading_large_rows_keeps_memory_bounded(ws: Workspace, append: Append) -> None:
    """600 rows of 1 MB came as one batch of 1.42 GB; by bytes it is a few batches at a time."""
    data = ws.create("large.qa")
    text = "0123456789abcdef" * (1 << 16)
    for k in range(4):
        append(data, [row(f"r{k}{i:02d}", text[i:] + text[:i]) for i in range(50)], key=str(k))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = [b.nbytes for b in data.scan()]
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert sum(sizes) > 400 << 20
    assert max(sizes) <= 8 << 20
    assert grown_mb < 250


def test_what_another_tool_wrote_is_not_carried_into_the_next_version(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    inner = lance.dataset(str(qa.uri))
    inner.delete("record_id = 'a'")
    assert [r["record_id"] for r in read(qa)] == ["a"]
    append(qa, [row("b")])
    assert [r["record_id"] for r in read(qa)] == ["a", "b"]


def test_a_table_version_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E412"):
        Table.open(tmp_path / "none.lance")
    made = Table.create(tmp_path / "t.lance", schema_of("qa"))
    with pytest.raises(UserError, match="E412"):
        Table.open(made.uri, 9)


def test_creating_a_table_again_opens_it(tmp_path: Path) -> None:
    first = Table.create(tmp_path / "t.lance", schema_of("qa"))
    first.commit_append([first.stage(schema_of("qa"), [batch([row("a")])])], "m")
    assert Table.create(tmp_path / "t.lance", schema_of("qa")).version == 1
    assert Table.open(tmp_path / "t.lance").count() == 1


def test_a_table_whose_creation_was_killed_is_created_again(tmp_path: Path) -> None:
    (tmp_path / "t.lance" / "_versions").mkdir(parents=True)
    (tmp_path / "t.lance" / "data").mkdir()
    assert Table.create(tmp_path / "t.lance", schema_of("qa")).count() == 0


def test_what_a_commit_names_is_synced_to_disk_before_the_ledger_says_so(
    qa: Dataset, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    synced: list[str] = []
    real = os.fsync

    def note(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    monkeypatch.setattr("os.fsync", note)
    append(qa, [row("a"), row("b")])
    qa.replace(table([row("a", "x")]), expect=1)
    names = {Path(name).relative_to(qa.uri).as_posix() for name in synced}
    written = {path.relative_to(qa.uri).as_posix() for path in qa.uri.rglob("*") if path.is_file()}
    created = max(name for name in written if name.endswith(".manifest"))  # the empty table: made anew if lost
    optional = {name for name in written if name.startswith("_transactions/") or name.endswith(".json")}
    assert len(written - optional - {created}) == 5, "two manifests, two data files, one deletion file"
    assert written - optional - {created} <= names
