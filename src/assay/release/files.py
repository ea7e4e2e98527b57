"""A release's data files: JSON Lines and Parquet whose bytes depend on the rows alone, never on how they arrived."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assay.core.arrow import batches_by_bytes

SHARD_BYTES = 1 << 30  # of text (JSON Lines) or of row weight (Parquet), then the next file begins
GROUP_BYTES = 32 << 20
GROUP_ROWS = 65_536

# Fixed here, because a library's defaults change between versions and then so do the bytes.
PARQUET_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "data_page_size": 1 << 20,
    "dictionary_pagesize_limit": 1 << 20,
    "write_statistics": True,
    "use_dictionary": True,
    "write_batch_size": 1024,
}


Encode = Callable[[Any], bytes | None]
_FLUSH_BYTES = 1 << 20


class FileFact(msgspec.Struct, frozen=True, order=True):
    """One file of a release, as the manifest lists it."""

    path: str  # relative to the release, forward slashes
    format: str
    dataset: str
    split: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Sharding:
    shard_bytes: int = SHARD_BYTES
    group_bytes: int = GROUP_BYTES
    group_rows: int = GROUP_ROWS


class Sink(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> list[FileFact]: ...


def split_name(value: str | None) -> str:
    """The file name's split: `train` where a record names none; only letters, digits, `_`, `.` and `-` survive."""
    name = re.sub(r"[^\w.]+", "_", (value or "train").lower(), flags=re.ASCII).strip("._")
    return name or "train"


def by_split(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The batch's rows parted by split, in order of name: held-out rows never land in a training file."""
    column = batch.column("split")
    if column.null_count == len(column):
        yield "train", batch
        return
    names = np.array([split_name(value) for value in column.to_pylist()], dtype=object)
    for name in sorted(set(names.tolist())):
        yield name, batch.filter(pa.array(names == name))


class _Hashed:
    """A file that knows its own size and sha256."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "wb")  # noqa: SIM115  closed by close()
        self._sha = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._sha.update(data)
        self.size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> str:
        self._file.close()
        return self._sha.hexdigest()


class JsonLines:
    """One JSON object a line. `encode` turns a row into bytes without a line end, or None to leave it out."""

    def __init__(
        self, root: Path, folder: str, dataset: str, split: str, encode: Encode, sharding: Sharding = Sharding()
    ) -> None:  # fmt: skip
        self._root, self._stem, self._form = root, f"{folder}/{dataset}/{split}", folder
        self._dataset, self._split, self._encode, self._sharding = dataset, split, encode, sharding
        self._file: _Hashed | None = None
        self._lines: list[bytes] = []  # not yet in the file
        self._rows = self._size = self._waiting = 0
        self._done: list[FileFact] = []

    def write_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            line = self._encode(row)
            if line is None:
                continue
            if self._rows and self._size + len(line) + 1 > self._sharding.shard_bytes:
                self._finish()
            self._lines.append(line)
            self._rows += 1
            self._size += len(line) + 1
            self._waiting += len(line)
            if self._waiting > _FLUSH_BYTES:
                self._flush()

    def _flush(self) -> None:
        if self._file is None:
            self._file = _Hashed(self._root / self._path())
        self._lines.append(b"")
        self._file.write(b"\n".join(self._lines))
        self._lines, self._waiting = [], 0

    def _path(self) -> str:
        return f"{self._stem}-{len(self._done):05d}.jsonl"

    def _finish(self) -> None:
        if not self._rows:
            return
        self._flush()
        if self._file is not None:
            path, size, sha = self._path(), self._file.size, self._file.close()
            self._done.append(FileFact(path, self._form, self._dataset, self._split, self._rows, size, sha))
        self._file, self._rows, self._size = None, 0, 0

    def close(self) -> list[FileFact]:
        self._finish()
        return self._done


class JsonForms:
    """The same rows in several JSON forms: turning Arrow into Python values costs most, so it is done once."""

    def __init__(self, forms: Sequence[JsonLines]) -> None:
        self._forms = forms

    def write(self, batch: pa.RecordBatch) -> None:
        for piece in batches_by_bytes([batch]):
            empty = [name for name in piece.schema.names if piece.column(name).null_count == piece.num_rows]
            nothing = dict.fromkeys(empty)
            rows = [{**nothing, **row} for row in piece.drop_columns([*empty, *_useless(piece)]).to_pylist()]
            for form in self._forms:
                form.write_rows(rows)

    def close(self) -> list[FileFact]:
        return [fact for form in self._forms for fact in form.close()]


def _useless(batch: pa.RecordBatch) -> list[str]:
    """Columns that no JSON form reads and that hold something."""
    return [n for n in ("raw", "content_hash") if batch.column(n).null_count < batch.num_rows]


class Parquet:
    """Row groups cut by the rows' own weight and written from one chunk each, so that batches leave no trace.

    A row's weight is the larger of its original length and its text's, plus 256: a property of the row.
    """

    def __init__(
        self, root: Path, folder: str, dataset: str, split: str, schema: pa.Schema,
        sharding: Sharding = Sharding(),
    ) -> None:  # fmt: skip
        self._root, self._stem = root, f"{folder}/{dataset}/{split}"
        self._dataset, self._split, self._schema, self._sharding = dataset, split, schema, sharding
        self._file: _Hashed | None = None
        self._writer: pq.ParquetWriter | None = None
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_weight = 0
        self._file_rows = self._file_weight = 0
        self._done: list[FileFact] = []

    def write(self, batch: pa.RecordBatch) -> None:
        weight = row_weight(batch)
        start = 0
        while start < batch.num_rows:
            fits = self._fitting(weight[start:])
            if fits:
                self._pending.append(batch.slice(start, fits))
                self._pending_rows += fits
                self._pending_weight += int(weight[start : start + fits].sum())
                start += fits
            if start < batch.num_rows:
                self._group()

    def _fitting(self, weight: NDArray[np.int64]) -> int:
        total = np.cumsum(weight) + self._pending_weight
        fits = int(np.searchsorted(total, self._sharding.group_bytes, side="right"))
        fits = min(fits, self._sharding.group_rows - self._pending_rows)
        return max(fits, 0 if self._pending_rows else 1)  # a row heavier than a group is a group of its own

    def _group(self) -> None:
        if not self._pending_rows:
            return
        heavier = self._file_weight + self._pending_weight > self._sharding.shard_bytes
        if self._writer is not None and heavier:
            self._finish()
        table = as_released(pa.Table.from_batches(self._pending)).combine_chunks()
        if self._writer is None:
            self._file = _Hashed(self._root / self._path())
            self._writer = pq.ParquetWriter(pa.PythonFile(self._file, "w"), self._schema, **PARQUET_OPTIONS)
        self._writer.write_table(table.cast(self._schema), row_group_size=table.num_rows)
        self._file_rows += self._pending_rows
        self._file_weight += self._pending_weight
        self._pending, self._pending_rows, self._pending_weight = [], 0, 0

    def _path(self) -> str:
        return f"{self._stem}-{len(self._done):05d}.parquet"

    def _finish(self) -> None:
        if self._writer is None or self._file is None:
            return
        self._writer.close()
        path, size, sha = self._path(), self._file.size, self._file.close()
        self._done.append(FileFact(path, "parquet", self._dataset, self._split, self._file_rows, size, sha))
        self._writer, self._file, self._file_rows, self._file_weight = None, None, 0, 0

    def close(self) -> list[FileFact]:
        self._group()
        self._finish()
        return self._done


def row_weight(batch: pa.RecordBatch) -> NDArray[np.int64]:
    length = pc.fill_null(pc.struct_field(batch.column("raw"), "length"), 0)
    text = pc.fill_null(pc.binary_length(batch.column("text")), 0)
    heavier = pc.max_element_wise(length.cast(pa.int64()), text.cast(pa.int64()))
    weights: NDArray[np.int64] = heavier.to_numpy(zero_copy_only=False) + 256
    return weights


def released_schema(schema: pa.Schema) -> pa.Schema:
    """The Parquet schema: no `source.uri` and no `raw` (they point into one machine), no storage metadata."""
    fields = []
    for field in schema:
        if field.name == "raw":
            continue
        dtype = field.type
        if field.name == "source":
            dtype = pa.struct([member for member in dtype if member.name != "uri"])
        fields.append(pa.field(field.name, dtype, field.nullable))
    return pa.schema(fields)


def as_released(table: pa.Table) -> pa.Table:
    """The table without `source.uri` and `raw`."""
    at = table.schema.get_field_index("source")
    source = table.column(at).combine_chunks()
    names = [member.name for member in source.type if member.name != "uri"]
    arrays = [source.field(name) for name in names]  # children as they are: the parent's nulls come by the mask
    types = [source.type.field(name) for name in names]
    slim = pa.StructArray.from_arrays(arrays, fields=types, mask=source.is_null())
    return table.set_column(at, pa.field("source", slim.type), slim).drop_columns(["raw"])


class BySplit:
    """Feeds one sink for each split that occurs."""

    def __init__(self, make: Callable[[str], Sink]) -> None:
        self._make = make
        self._sinks: dict[str, Sink] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        for split, rows in by_split(batch):
            if split not in self._sinks:
                self._sinks[split] = self._make(split)
            self._sinks[split].write(rows)

    def close(self) -> list[FileFact]:
        return [fact for split in sorted(self._sinks) for fact in self._sinks[split].close()]


def count_rows(path: Path, form: str) -> int:
    """Rows of a released file: Parquet's own count, or the lines of a JSON Lines file."""
    if form == "parquet":
        return int(pq.read_metadata(path).num_rows)
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
