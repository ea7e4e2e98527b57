"""Compared pairs as a file of the index: which records, how alike, whichever side of the threshold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assay.core.files import whole_file

SCHEMA = pa.schema(
    [pa.field("left", pa.large_string()), pa.field("right", pa.large_string()), pa.field("similarity", pa.float64())]
)


def pair_table(
    row: NDArray[np.int64], ids: pa.Array, left: NDArray[np.int64], right: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> pa.Table:  # fmt: skip
    """Pairs of row numbers as pairs of ids, the smaller id first, sorted. row: sorted numbers, ids: of them."""
    a = ids.take(pa.array(np.searchsorted(row, left)))
    b = ids.take(pa.array(np.searchsorted(row, right)))
    swap = pc.greater(a, b)
    columns = [pc.if_else(swap, b, a), pc.if_else(swap, a, b), pa.array(scores, pa.float64())]
    table = pa.table(columns, schema=SCHEMA)
    return table.sort_by([("left", "ascending"), ("right", "ascending")])


def write_pairs(path: Path, table: pa.Table) -> None:
    with whole_file(path) as part:
        pq.write_table(table.combine_chunks(), part, compression="zstd", row_group_size=1 << 20)


def read_pairs(path: Path) -> pa.Table:
    return pq.read_table(path)


def nearest(table: pa.Table, threshold: float, each: int) -> pa.Table:
    """The pairs just above the threshold (or on it) and just below it, `each` of both, nearest first."""
    scores = table["similarity"].to_numpy()
    above, below = np.flatnonzero(scores >= threshold), np.flatnonzero(scores < threshold)
    up = above[np.argsort(scores[above], kind="stable")[:each]]
    down = below[np.argsort(-scores[below], kind="stable")[:each]]
    return table.take(pa.array(np.concatenate([up, down])))
