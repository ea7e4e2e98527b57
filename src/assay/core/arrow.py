"""Arrow arrays to flat buffers for kernels, and batches by bytes: the only place that touches raw buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH_BYTES = 8 << 20  # 600 rows of 1 MB arrived as one 1.42 GB batch: batches are cut by bytes, never by rows
FRAGMENT_BYTES = 64 << 20  # of input, so that fragments do not depend on the number of workers


def utf8_views(column: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Offsets and bytes of a large_string column, without copying.

    Returns
        offsets: int64[n + 1]; row i is data[offsets[i]:offsets[i + 1]] (nulls are empty spans).
        data: uint8[bytes of the whole underlying buffer].
    """
    _, offsets, data = column.buffers()
    n = len(column)
    starts, held = np.zeros(n + 1, np.int64), np.zeros(0, np.uint8)
    if offsets is not None and n:
        # A slice shares its parent's buffers: column.offset is where our rows start.
        starts = np.frombuffer(offsets, np.int64)[column.offset : column.offset + n + 1]
        held = np.frombuffer(data, np.uint8) if data else held
    # Some buffers may be written to and some not: to Numba these are two types, and every kernel is compiled for each.
    starts.flags.writeable = held.flags.writeable = False
    return starts, held


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array; chunks are joined."""
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def fresh(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows on buffers of their own (an Arrow IPC round trip).

    A slice keeps its parent's buffers; writing slices of nested nullable structs failed in the table
    store with "null_bit_buffer size too small".
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch()


def batches_by_bytes(batches: Iterable[pa.RecordBatch], limit: int = BATCH_BYTES) -> Iterator[pa.RecordBatch]:
    """Re-cut so that no batch holds more than `limit` bytes, unless one row alone does."""
    for batch in batches:
        yield from _cut(batch, limit)


def _cut(batch: pa.RecordBatch, limit: int) -> Iterator[pa.RecordBatch]:
    if batch.num_rows <= 1 or batch.nbytes <= limit:
        if batch.num_rows:
            yield batch
        return
    half = batch.num_rows // 2
    yield from _cut(batch.slice(0, half), limit)
    yield from _cut(batch.slice(half), limit)
