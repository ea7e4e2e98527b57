"""Vectors of texts on disk, and the search over them: a Lance table of (digest of a text, vector), added to in place.

A row belongs to a text, not to a record: equal texts share one, an edit asks for one more, and no layout of fragments
matters. The table grows by appends; each is whole or not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.kernels.cells import centres_of, first_shared, nearest_cells
from assay.kernels.cosine import at_least
from assay.store.table import Table

Vectors = NDArray[np.float32]
Digests = NDArray[np.uint64]
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]

_ROWS, _COLUMNS = 1024, 8192  # of one block of products: 32 MB
_BATCH = 4096
_SAMPLE, _ROUNDS = 32, 5  # vectors a cell that centres are learnt from, and how often they are moved


class VectorTable:
    """The vectors of one embedder for one dataset, at <workspace>/index/<dataset>/<name>.lance."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        return any(self.path.glob("_versions/*.manifest"))

    def read(self) -> tuple[Digests, Vectors]:
        """uint64[n, 2] digests and float32[n, dim], in the order they were added; none before the first append."""
        if not self.exists:
            return np.zeros((0, 2), np.uint64), np.zeros((0, 0), np.float32)
        table = Table.open(self.path)
        dim = table.schema.field("vector").type.list_size
        n, at = table.count(), 0
        digests, vectors = np.empty((n, 2), np.uint64), np.empty((n, dim), np.float32)
        for batch in table.scan(["high", "low", "vector"]):
            here = slice(at, at + batch.num_rows)
            digests[here, 0], digests[here, 1] = (batch.column(name).to_numpy() for name in ("high", "low"))
            vectors[here] = batch.column("vector").flatten().to_numpy().reshape(-1, dim)
            at += batch.num_rows
        return digests, vectors

    def append(self, digests: Digests, vectors: Vectors) -> None:
        """Add rows; on the disk when it returns. E412 for vectors of another length than those that are there."""
        if not len(vectors):
            return
        schema = _schema(vectors.shape[1])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        Table.create(self.path, schema)
        table = Table.open(self.path)
        if table.schema.field("vector").type != schema.field("vector").type:
            there = table.schema.field("vector").type.list_size
            what = f"vectors of {vectors.shape[1]} values, where those kept have {there}: the model has changed"
            raise UserError("E412", what, at=str(self.path), fix="name the new model otherwise, or remove the folder")
        file = table.stage(schema, (_batch(schema, digests[i : i + _BATCH], vectors[i : i + _BATCH])
                                    for i in range(0, len(vectors), _BATCH)))  # fmt: skip
        table.commit_append([file], "vectors")


def _schema(dim: int) -> pa.Schema:
    vector = pa.list_(pa.field("item", pa.float32()), dim)
    return pa.schema([("high", pa.uint64()), ("low", pa.uint64()), ("vector", vector)])


def _batch(schema: pa.Schema, digests: Digests, vectors: Vectors) -> pa.RecordBatch:
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
    lists = pa.FixedSizeListArray.from_arrays(flat, type=schema.field("vector").type)
    return pa.RecordBatch.from_arrays([pa.array(digests[:, 0]), pa.array(digests[:, 1]), lists], schema=schema)


class ExactSearch:
    """Every pair of rows whose cosine reaches a threshold, by products of blocks: nothing is missed.

    vectors: float32[n, dim], rows of length 1. Candidates may hold pairs a little below the threshold, by what float32
    can have rounded; verification decides.
    """

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        # A sum of dim products of which the absolute values add up to 1 at most is off by dim * 2**-24; twice that.
        self.margin = vectors.shape[1] * 1.2e-7 + 1e-6

    def pairs(self, threshold: float) -> Iterator[Pairs]:
        """(left, right) int32 with left < right, block by block. n * n * dim multiplications and additions."""
        yield from _block_pairs(self.vectors, threshold - self.margin)

    def near(self, row: int, threshold: float) -> NDArray[np.int32]:
        """Rows that may reach the threshold to this one, itself among them."""
        products = self.vectors @ self.vectors[row]
        return np.flatnonzero(products >= np.float32(threshold - self.margin)).astype(np.int32)


class CellSearch(ExactSearch):
    """As ExactSearch, but only pairs that share a cell: an inverted file over centres of the vectors themselves.

    Every row lies in its `spill` nearest of `cells` cells, and rows are compared within each: spill * spill / cells of
    the work, and pairs far from every centre may be missed. `near` is exact. Centres and cells are computed in a fixed
    order, so that the same vectors (in the same order) give the same pairs on any machine.
    """

    def __init__(self, vectors: Vectors, cells: int | None = None, spill: int = 4) -> None:
        super().__init__(vectors)
        n = len(vectors)
        self.cells = max(1, min(n, int(np.sqrt(n)) if cells is None else cells))
        self.spill = min(spill, self.cells)
        step = max(1, n // (_SAMPLE * self.cells))
        sample = np.ascontiguousarray(vectors[::step])
        centres = centres_of(sample, self.cells, _ROUNDS) if n else np.zeros((vectors.shape[1], 1), np.float32)
        self.nearest = nearest_cells(np.ascontiguousarray(vectors), centres, self.spill)

    def pairs(self, threshold: float) -> Iterator[Pairs]:
        """(left, right) int32 with left < right, each pair once, cell by cell."""
        rows = np.repeat(np.arange(len(self.vectors), dtype=np.int32), self.spill)
        cell = self.nearest.reshape(-1)
        order = np.argsort(cell, kind="stable")
        rows, starts = rows[order], np.searchsorted(cell[order], np.arange(self.cells + 1))
        for c in range(self.cells):
            mine = rows[starts[c] : starts[c + 1]]  # rising
            for left, right in _block_pairs(self.vectors[mine], threshold - self.margin):
                left, right = mine[left], mine[right]
                once = first_shared(left, right, self.nearest, c)
                if once.any():
                    yield left[once], right[once]


def _block_pairs(vectors: Vectors, low: float) -> Iterator[Pairs]:
    n = len(vectors)
    out = np.empty((min(n, _ROWS), min(n, _COLUMNS)), np.float32)
    for top in range(0, n, _ROWS):
        rows = vectors[top : top + _ROWS]
        for left in range(top, n, _COLUMNS):
            columns = vectors[left : left + _COLUMNS]
            block = out.reshape(-1)[: len(rows) * len(columns)].reshape(len(rows), len(columns))
            np.matmul(rows, columns.T, out=block)
            found = at_least(block, low, top, left)
            if len(found[0]):
                yield found
