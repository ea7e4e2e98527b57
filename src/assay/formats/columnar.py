"""Parquet and Arrow IPC (Feather): row groups and batches cut by bytes; a damaged one is one bad place."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.core.arrow import batches_by_bytes, fresh
from assay.formats.base import FORMATS, MAX_DEPTH, Bad, Chunk, Format, Item, Limits, Shape, Stream
from assay.formats.json_value import depth

_SLICE_BYTES = 8 << 20  # of a damaged place, read at a time
_encode = msgspec.json.Encoder(order=None).encode
# What the column libraries raise on damaged bytes; anything else is a bug of ours.
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, KeyError, TypeError)


def split_parquet(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    file = stream.seekable()
    try:
        parquet = pq.ParquetFile(file)
        groups = parquet.metadata.num_row_groups
    except _DAMAGE as error:
        yield _whole(shape, file, limits, "broken_parquet", f"The file cannot be opened: {_short(error)}")
        return
    cutter = _Cutter(shape, limits)
    for group in range(groups):
        about = parquet.metadata.row_group(group)
        rows, size = about.num_rows, max(about.total_byte_size, 1)
        step = max(1, min(rows, limits.batch_bytes * rows // size))
        given = 0
        try:
            for batch in parquet.iter_batches(batch_size=step, row_groups=[group], use_threads=False):
                given += batch.num_rows
                yield from cutter.chunks(batch, max(size // rows, 1))
        except _DAMAGE as error:
            detail = f"Row group {group} cannot be read after {given} of its {rows} rows: {_short(error)}"
            yield cutter.bad("broken_parquet", detail, file)
            cutter.row += max(rows - given, 0)


def split_arrow(stream: Stream, shape: Shape, limits: Limits) -> Iterator[Chunk]:
    file = stream.seekable()
    cutter = _Cutter(shape, limits)
    try:
        batches = _ipc_batches(file)
        first = next(batches, None)
    except _DAMAGE as error:
        yield _whole(shape, file, limits, "broken_arrow", f"The file cannot be opened: {_short(error)}")
        return
    number = 0
    while first is not None:
        try:
            batch = first()
            yield from cutter.chunks(batch, max(batch.nbytes // max(batch.num_rows, 1), 1))
        except _DAMAGE as error:
            yield cutter.bad("broken_arrow", f"Batch {number} cannot be read: {_short(error)}", file)
        number += 1
        try:
            first = next(batches, None)
        except _DAMAGE as error:
            yield cutter.bad("broken_arrow", f"Nothing after batch {number} can be read: {_short(error)}", file)
            return


def _ipc_batches(file: BinaryIO) -> Iterator[Callable[[], pa.RecordBatch]]:
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"ARROW1"):
        reader = pa.ipc.open_file(file)
        for n in range(reader.num_record_batches):
            yield lambda n=n: reader.get_batch(n)  # type: ignore[misc]  # bound now, called later
        return
    for batch in pa.ipc.open_stream(file):
        yield lambda batch=batch: batch  # type: ignore[misc]  # the stream has it already


class _Cutter:
    """Numbers rows and cuts batches into chunks that hold their own Arrow stream."""

    def __init__(self, shape: Shape, limits: Limits) -> None:
        self.shape, self.limits = shape, limits
        self.row, self.used = 0, limits.used

    def chunks(self, batch: pa.RecordBatch, row_bytes: int) -> Iterator[Chunk]:
        """`row_bytes` is an average that does not depend on how rows were read, so neither do fragments."""
        batch.validate(full=True)
        batch.schema.to_string()  # names that are not UTF-8 raise here, with the other damage
        _ = batch.schema.names
        while batch.num_rows:
            room = max(self.limits.fragment_bytes - self.used, 1)
            rows = min(-(-room // row_bytes), batch.num_rows)
            for piece in batches_by_bytes([batch.slice(0, rows)], self.limits.batch_bytes):
                self.row += piece.num_rows
                self.used += piece.num_rows * row_bytes
                closes = self.used >= self.limits.fragment_bytes
                self.used = 0 if closes else self.used
                first = self.row - piece.num_rows
                yield _chunk(self.shape, piece, first, closes=closes, weight=piece.num_rows * row_bytes)
            batch = batch.slice(rows)

    def bad(self, reason: str, detail: str, file: BinaryIO) -> Chunk:
        raw, length, path = _bytes(file, self.limits)
        bad = Bad(reason, detail, self.row, self.row, length, raw, 0, path)
        return Chunk(self.shape, b"", b"", self.row, 0, self.row, {"rows": 0}, (bad,))


def _chunk(shape: Shape, rows: pa.RecordBatch, first: int, *, closes: bool, weight: int) -> Chunk:
    about = {"rows": rows.num_rows}
    return Chunk(shape, _ipc(rows), b"", first, 0, first, about, (), closes, weight)


def halve(chunk: Chunk) -> list[Chunk]:
    rows = chunk.extra["rows"]
    if rows < 2:
        return [chunk]
    batch, middle = pa.ipc.open_stream(chunk.data).read_next_batch(), rows // 2
    first = _chunk(chunk.shape, batch.slice(0, middle), chunk.row, closes=False, weight=0)
    return [first, _chunk(chunk.shape, batch.slice(middle), chunk.row + middle, closes=False, weight=0)]


def parse_columnar(chunk: Chunk) -> Iterator[Item | Bad]:
    batch = pa.ipc.open_stream(chunk.data).read_next_batch()
    batch = pa.RecordBatch.from_arrays([_plain(column) for column in batch.columns], names=batch.schema.names)
    doubtful = any(_may_be_odd(field.type) for field in batch.schema)
    try:
        rows: list[Any] = batch.to_pylist()
    except (*_DAMAGE, UnicodeDecodeError):
        rows = [None] * batch.num_rows
    for n, row in enumerate(rows):
        at = chunk.row + n
        try:
            obj = batch.slice(n, 1).to_pylist()[0] if row is None else row
            obj = _jsonable(obj, "$") if doubtful else obj
            raw = _encode(obj)
        except _Odd as odd:
            raw = json.dumps(obj, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")
            yield Bad(odd.reason, str(odd), at, at, len(raw), raw)
            continue
        except (*_DAMAGE, UnicodeDecodeError) as error:
            raw = _ipc(fresh(batch.slice(n, 1)))
            yield Bad("broken_row", f"The row cannot be read: {_short(error)}", at, at, len(raw), raw)
            continue
        yield Item(obj, at, at, len(raw), raw)


class _Odd(ValueError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _plain(column: pa.Array) -> pa.Array:
    """Times as ISO text: Python's datetime holds no nanoseconds."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_temporal(column.type) and not pa.types.is_duration(column.type):
        return pc.cast(column, pa.large_string())
    return column


def _may_be_odd(dtype: pa.DataType) -> bool:
    """Whether values may be other than text, whole numbers, booleans and null."""
    simple = pa.types.is_integer(dtype) or pa.types.is_boolean(dtype) or pa.types.is_null(dtype)
    return not (simple or pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _jsonable(value: Any, path: str) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise _Odd("nan", f"`{value}` is no number that JSON has - at `{path}`")
    if isinstance(value, dict):
        return {key: _jsonable(child, f"{path}.{key}") for key, child in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):  # an Arrow map
            return {str(key): _jsonable(child, f"{path}.{key}") for key, child in value}
        if depth(value) > MAX_DEPTH:
            raise _Odd("too_deep", f"Nested deeper than {MAX_DEPTH} levels - at `{path}`")
        return [_jsonable(child, f"{path}[{i}]") for i, child in enumerate(value)]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)  # decimals, durations, nested times


def _ipc(batch: pa.RecordBatch) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _bytes(file: BinaryIO, limits: Limits) -> tuple[bytes, int, str]:
    """(bytes, length, "") of a damaged file, or (b"", length, path) of the spool when it is too long to hold.

    The whole file, also for one row group: asking damaged metadata where its columns lie aborts the process.
    """
    length = file.seek(0, 2)
    file.seek(0)
    if length <= limits.record_bytes:
        return file.read(length), length, ""
    if limits.spool is None:
        return b"", length, ""
    out, path = limits.spool()
    with out:
        while data := file.read(_SLICE_BYTES):
            out.write(data)
    return b"", length, path


def _whole(shape: Shape, file: BinaryIO, limits: Limits, reason: str, detail: str) -> Chunk:
    raw, length, path = _bytes(file, limits)
    return Chunk(shape, b"", b"", 0, 0, 0, {"rows": 0}, (Bad(reason, detail, 0, 0, length, raw, 0, path),))


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


_PARQUET = "Parquet; offsets count rows, times are ISO text."
_ARROW = "Arrow IPC files, streams and Feather; offsets count rows, times are ISO text."
FORMATS.add(Format("parquet", (".parquet", ".pq"), _PARQUET, split_parquet, parse_columnar, halve))
FORMATS.add(Format("arrow", (".arrow", ".feather", ".ipc"), _ARROW, split_arrow, parse_columnar, halve))
