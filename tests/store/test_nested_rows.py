"""What goes in comes out: random nested rows of every kind, through every way of reading and writing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.records.schema import KIND_NAMES, schema_of
from assay.store import SignalSpec, Workspace
from assay.store.table import Table
from tests.store.conftest import read
from tests.store.rows import batch, random_rows


@settings(max_examples=12)
@given(
    kind=st.sampled_from(["agentic", "preference", "qa", "multimodal"]),
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    batch_bytes=st.sampled_from([200, 5_000, 8 << 20]),
)
def test_nested_rows_survive_scan_take_small_batches_and_an_added_column(
    kind: str, seed: int, cuts: list[int], batch_bytes: int
) -> None:
    rows, at = [], 0
    with tempfile.TemporaryDirectory() as folder, Workspace.init(Path(folder) / "ws") as ws:
        data = ws.create(f"x.{kind}")
        with data.begin_append("k") as job:
            for index, n in enumerate(cuts):
                some = random_rows(kind, n, seed + index, start=at)
                rows += some
                at += n
                whole = batch(some, kind)
                job.write(index, [whole.slice(0, n // 2), whole.slice(n // 2)], {})  # slices share buffers
            job.commit()
        wanted = batch(rows, kind).to_pylist()
        assert read(data) == wanted
        assert [r for b in data.scan(batch_bytes=batch_bytes) for r in b.to_pylist()] == wanted
        ids = [r["record_id"] for r in wanted][::3][::-1]
        assert data.take(ids).to_pylist() == [r for i in ids for r in wanted if r["record_id"] == i]
        nested = schema_of(kind).field("parents").type
        with data.begin_measure("m", {"again": SignalSpec(fingerprint="ab" * 16, type=nested)}) as measuring:
            for part in data.fragments():
                column = pa.chunked_array([b.column(0) for b in data.scan(columns=["parents"], fragment=part.id)])
                measuring.write(part.id, {"again": column.combine_chunks()})
            measuring.commit()
        assert read(data) == wanted
        both = read(data, columns=["record_id", "parents", "again"])
        assert [r["again"] for r in both] == [r["parents"] for r in both]


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_one_file_of_many_batches_of_nested_rows(tmp_path: Path, kind: str) -> None:
    """The library, splitting a batch of nested nullable structs itself, failed: batches are cut and freed before."""
    table = Table.create(tmp_path / "t.lance", schema_of(kind))
    rows = random_rows(kind, 300, seed=7)
    whole = batch(rows, kind)
    file = table.stage(schema_of(kind), [whole.slice(k, 7) for k in range(0, 300, 7)])
    table.commit_append([file], "m")
    stored = Table.open(tmp_path / "t.lance")
    assert [r for b in stored.scan(schema_of(kind).names) for r in b.to_pylist()] == whole.to_pylist()
