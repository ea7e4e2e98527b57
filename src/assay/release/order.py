"""Which rows a release holds and in what order: kept rows by (source path, source row, record id)."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.core.errors import UserError

Scan = Callable[[Sequence[str] | None], Iterator[pa.RecordBatch]]

ACTIONS = ("keep", "drop", "review")
# Rows out of order are first spread over files of this many input bytes, then each file is sorted in memory.
BUCKET_BYTES = 96 << 20
_EMPTY, _LINE = pa.scalar("", pa.large_string()), pa.scalar("\n", pa.large_string())
_MAX_BUCKETS = 256  # each one is an open file


@dataclass(frozen=True)
class SourceCount:
    path: str
    revision: str | None
    rows: int
    kept: int
    digest: str  # sha256 of its records' ids and content hashes, in order: the source as it was understood


@dataclass(frozen=True)
class Order:
    """Where each row of a scan goes.

    rank: int64[rows], the row's place in the release, -1 where it is not in it.
    weight: int64[rows], about how many bytes the row takes (its original length, or its text's).
    counts: rows by action; a release of everything counts all as kept.
    sources: rows and kept rows of every source file, by path.
    """

    rank: NDArray[np.int64]
    weight: NDArray[np.int64]
    counts: dict[str, int]
    sources: list[SourceCount]

    @property
    def rows(self) -> int:
        return len(self.rank)

    @property
    def kept(self) -> int:
        return self.counts["keep"]


def order_of(scan: Scan, decisions: pa.Table | None, *, dataset: str) -> Order:
    """Read the small columns once and rank the kept rows.

    `decisions` has record_id and action (keep, drop, review; warn rules do not remove), one row for each
    record; None keeps everything. Raises E502 when a record has no decision.
    """
    ids, paths, revisions, rows, weights = [], [], [], [], []
    hashes: list[pa.Array] = []
    for batch in scan(["record_id", "content_hash", "source", "raw"]):
        source, raw = batch.column("source"), batch.column("raw")
        hashes.append(batch.column("content_hash"))
        ids.append(batch.column("record_id"))
        paths.append(pc.struct_field(source, "path").dictionary_encode())
        revisions.append(pc.struct_field(source, "revision").dictionary_encode())
        rows.append(pc.struct_field(source, "row"))
        weights.append(pc.fill_null(pc.struct_field(raw, "length"), 0))
    if not ids:
        return Order(np.zeros(0, np.int64), np.zeros(0, np.int64), dict.fromkeys(ACTIONS, 0), [])
    record_id = pa.chunked_array(ids)
    action = _actions(record_id, decisions, dataset)
    counts = {name: int(pc.sum(pc.equal(action, name)).as_py() or 0) for name in ACTIONS}
    if sum(counts.values()) != len(record_id):
        raise RuntimeError(f"{dataset}: an action other than {', '.join(ACTIONS)} in the decisions")
    kept = pc.equal(action, "keep").to_numpy(zero_copy_only=False)
    keys = pa.table(
        {
            "path": pa.chunked_array(paths).cast(pa.large_string()),
            "row": pa.chunked_array(rows),
            "record_id": record_id,
            "revision": pa.chunked_array(revisions).cast(pa.large_string()),
            "content_hash": pa.chunked_array(hashes),
            "kept": pa.array(kept),
        }
    )
    place = pc.sort_indices(keys, [(name, "ascending", "at_end") for name in ("path", "row", "record_id")]).to_numpy()
    rank = np.full(len(record_id), -1, np.int64)
    placed = place[kept[place]]
    rank[placed] = np.arange(len(placed))
    weight = pa.chunked_array(weights).to_numpy().astype(np.int64, copy=False)
    return Order(rank, weight, counts, _sources(keys, place))


def _sources(keys: pa.Table, place: NDArray[np.int64]) -> list[SourceCount]:
    """The source files of rows already ranked by path: each is one run of equal paths."""
    path = keys.column("path").dictionary_encode().combine_chunks()
    codes = pc.fill_null(one_array(path).indices, -1).to_numpy()[place]
    starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
    found = []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(place)], strict=True):
        mine = place[start:end]
        first = keys.slice(int(mine[0]), 1).to_pylist()[0]
        kept = int(pc.sum(keys.column("kept").take(pa.array(mine))).as_py() or 0)
        found.append(SourceCount(first["path"] or "", first["revision"], len(mine), kept, _digest(keys, mine)))
    return found


def _digest(keys: pa.Table, rows: NDArray[np.int64]) -> str:
    sha = hashlib.sha256()
    for at in range(0, len(rows), 100_000):
        some = keys.select(["record_id", "content_hash"]).take(pa.array(rows[at : at + 100_000]))
        lines = one_array(pc.binary_join_element_wise(*some.columns, _EMPTY, _LINE))
        offsets, data = utf8_views(lines)
        sha.update(data[offsets[0] : offsets[-1]].tobytes())
    return sha.hexdigest()


def _actions(record_id: pa.ChunkedArray, decisions: pa.Table | None, dataset: str) -> pa.Array:
    if decisions is None:
        return pa.array(np.full(len(record_id), "keep"))
    known = decisions.column("record_id").combine_chunks().cast(pa.large_string())
    if len(pc.unique(known)) != len(known):
        raise RuntimeError(f"{dataset}: a record has two decisions")
    at = pc.index_in(record_id.combine_chunks(), value_set=known)
    if at.null_count:
        raise UserError(
            "E502",
            f"{at.null_count} of {len(at)} records of {dataset} have no decision",
            fix=f"assay decide {dataset} --rules default",
        )
    return decisions.column("action").combine_chunks().cast(pa.string()).take(at)


def stream(scan: Scan, order: Order, *, spill: Path | None = None) -> Iterator[pa.RecordBatch]:
    """The ranked rows in order, all columns. How they are cut into batches means nothing.

    Rows already in order (one ingest of sorted files) are passed on as they come; otherwise they go through
    files of about 96 MB in a folder under `spill`, removed at the end.
    """
    placed = order.rank[order.rank >= 0]
    if len(placed) == 0:
        return
    if np.all(np.diff(placed) > 0):
        yield from _filtered(scan, order)
        return
    with tempfile.TemporaryDirectory(dir=spill, prefix="order-") as folder:
        yield from _spilled(scan, order, Path(folder))


def _filtered(scan: Scan, order: Order) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in scan(None):
        mask = order.rank[start : start + batch.num_rows] >= 0
        start += batch.num_rows
        if mask.all():
            yield batch
        elif mask.any():
            yield batch.filter(pa.array(mask))
    _same_rows(start, order)


def _spilled(scan: Scan, order: Order, folder: Path) -> Iterator[pa.RecordBatch]:
    bucket_of = _buckets(order)
    writers: dict[int, pa.ipc.RecordBatchFileWriter] = {}
    start = 0
    for batch in scan(None):
        rank = order.rank[start : start + batch.num_rows]
        start += batch.num_rows
        bucket = np.where(rank >= 0, bucket_of[np.maximum(rank, 0)], -1)
        for number in np.unique(bucket[bucket >= 0]).tolist():
            mask = bucket == number
            piece = batch.filter(pa.array(mask)).append_column("__rank", pa.array(rank[mask]))
            if number not in writers:
                writers[number] = pa.ipc.new_file(str(folder / f"{number}.arrow"), piece.schema)
            writers[number].write_batch(piece)
    for writer in writers.values():
        writer.close()
    _same_rows(start, order)
    for number in sorted(writers):
        path = folder / f"{number}.arrow"
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all().sort_by("__rank").drop_columns(["__rank"])
            yield from table.to_batches()
        path.unlink()


def _buckets(order: Order) -> NDArray[np.int64]:
    """Rank -> bucket number, ascending, each bucket about BUCKET_BYTES of input."""
    weight = np.zeros(order.kept, np.int64)
    selected = order.rank >= 0
    weight[order.rank[selected]] = order.weight[selected] + 256
    total = np.cumsum(weight)
    size = max(BUCKET_BYTES, int(total[-1]) // _MAX_BUCKETS + 1)
    return (total - 1) // size


def _same_rows(seen: int, order: Order) -> None:
    if seen != order.rows:
        raise RuntimeError(f"two scans of one version gave {order.rows} and {seen} rows")
