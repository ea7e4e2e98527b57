"""The worker's half of ingest: chunks in, Arrow rows and bad places out. Nothing here knows the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.collector import collector_paused
from assay.flows.ingest.identities import Keys, content_keys, id_keys, occurrence_keys
from assay.formats import FORMATS, Bad, Chunk, Item, Limits, Shape, Source, parse, read, shape_of
from assay.records import Decoded, Decoder, RecordError, Row, record_id_of, to_batch

_KEYS_SHOWN = 24


@dataclass(frozen=True)
class Settings:
    """What the user said about all records of one ingest. Travels to workers."""

    kind: str = "auto"
    mapping: tuple[tuple[str, str], ...] = ()
    domain: str | None = None
    origin: str | None = None
    license: str | None = None


@dataclass(frozen=True)
class Part:
    """A chunk and the file it was cut from."""

    chunk: Chunk
    root: str
    path: str
    source: int  # which file of the ingest


@dataclass(frozen=True)
class Task:
    """Chunks decoded in one go: several where files are small. All of one fragment."""

    parts: tuple[Part, ...]
    fragment: int

    def pieces(self) -> list[Task]:
        """Up to 16 parts of it: every round of looking for the record that kills costs a new process."""
        found = [self]
        for _ in range(4):
            found = [half for task in found for half in task._halves()]
        return found

    def _halves(self) -> list[Task]:
        if len(self.parts) > 1:
            middle = len(self.parts) // 2
            return [Task(self.parts[:middle], self.fragment), Task(self.parts[middle:], self.fragment)]
        part = self.parts[0]
        chunks = FORMATS.get(part.chunk.shape.format).halve(part.chunk)
        return [Task((Part(chunk, part.root, part.path, part.source),), self.fragment) for chunk in chunks]


@dataclass
class Rows:
    """Decoded rows of one kind, in order. Without `own_id`, `record_id` is that of a first occurrence."""

    kind: str
    batch: pa.RecordBatch
    part: NDArray[np.int32]  # which part of the task
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    inexact: NDArray[np.bool_]  # the columns do not give the original back
    own_id: NDArray[np.bool_]
    high: Keys
    low: Keys
    content: Keys
    occurrence: Keys  # of those without own_id


@dataclass
class BadRecord:
    """A bad place, the file and the kind it was meant to be (None where that cannot be told)."""

    bad: Bad
    source: int
    kind: str | None
    keys: tuple[str, ...] = ()  # seen at its top level, where the kind is the problem
    reader: dict[str, Any] = field(default_factory=dict)  # how to parse its bytes again


@dataclass
class Result:
    """What a task gave. `read` counts items and bad places as the readers gave them."""

    rows: list[Rows] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    read: int = 0
    why: dict[str, str] = field(default_factory=dict)


@lru_cache(4)
def _decoder(settings: Settings) -> Decoder:
    return Decoder(settings.kind, mapping=dict(settings.mapping))


def decode_task(settings: Settings, task: Task) -> Result:
    """Parse and decode every record of a task."""
    with collector_paused():
        return _decode(settings, task)


def _decode(settings: Settings, task: Task) -> Result:
    decoder = _decoder(settings)
    result = Result()
    found: dict[str, list[tuple[int, Item, Row]]] = {}
    for number, part in enumerate(task.parts):
        for item in parse(part.chunk):
            result.read += 1
            if isinstance(item, Bad):
                kind = None if settings.kind == "auto" else settings.kind
                result.bad.append(BadRecord(item, part.source, kind, reader=reader_of(part.chunk)))
                continue
            row = decode_item(decoder, settings, item, part)
            if isinstance(row, Row):
                found.setdefault(row.decoded.kind, []).append((number, item, row))
            else:
                result.bad.append(row)
    result.rows = [_rows(kind, rows, task) for kind, rows in sorted(found.items())]
    result.why = {kind: why for kind, why in decoder.why().items() if kind in found}
    return result


def reader_of(chunk: Chunk) -> dict[str, Any]:
    """How a chunk's records are written, as JSON: enough to parse the bytes of one of them by itself."""
    shape = chunk.shape
    return {
        "format": shape.format,
        "encoding": shape.encoding,
        "options": dict(shape.options),
        "extra": dict(chunk.extra),
    }


def decode_item(decoder: Decoder, settings: Settings, item: Item, part: Part) -> Row | BadRecord:
    """One object as a row, or the reason why not."""
    try:
        decoded = decoder.decode(item.obj)
    except RecordError as error:
        kind = None if settings.kind == "auto" else settings.kind
        bad = Bad(error.reason, error.detail, item.row, item.offset, item.length, item.raw, item.line)
        keys = tuple(item.obj)[:_KEYS_SHOWN] if isinstance(item.obj, dict) else (f"a {type(item.obj).__name__}",)
        return BadRecord(bad, part.source, kind, keys if error.reason == "unknown_kind" else (), reader_of(part.chunk))
    source = {
        "uri": part.root,
        "revision": None,
        "path": part.path,
        "row": item.row,
        "offset": item.offset,
        "format": part.chunk.shape.format,
        "keys": decoded.keys,
    }
    return Row(
        decoded=decoded,
        record_id=record_id_of(decoded, part.path, 0, 0),
        source=source,
        raw={"sha256": None, "offset": item.offset, "length": item.length},
        domain=settings.domain,
        origin=settings.origin,
        license=settings.license,
    )


def _rows(kind: str, found: Sequence[tuple[int, Item, Row]], task: Task) -> Rows:
    rows = [row for _, _, row in found]
    ids = [row.record_id for row in rows]
    own = np.array([row.decoded.user_id is not None for row in rows], np.bool_)
    high, low = id_keys(ids)
    paths = [task.parts[number].path for (number, _, _), mine in zip(found, own, strict=True) if not mine]
    first_ids = [name for name, mine in zip(ids, own, strict=True) if not mine]
    return Rows(
        kind,
        to_batch(kind, rows),
        np.array([number for number, _, _ in found], np.int32),
        np.array([item.offset for _, item, _ in found], np.int64),
        np.array([item.length for _, item, _ in found], np.int64),
        np.array([not row.decoded.exact for row in rows], np.bool_),
        own,
        high,
        low,
        content_keys([row.decoded.content_hash for row in rows]),
        occurrence_keys(paths, first_ids),
    )


def join_results(results: list[Result]) -> Result:
    """One result of several that came from pieces of one task of one part."""
    whole = Result(read=sum(result.read for result in results))
    for result in results:
        whole.rows += result.rows
        whole.bad += result.bad
        whole.why = {**result.why, **whole.why}
    return whole


def crashed(settings: Settings, task: Task, detail: str) -> Result:
    """The record that kills its worker, as a bad place with its bytes."""
    part = task.parts[0]
    chunk = part.chunk
    raw = chunk.data
    bad = Bad(
        "worker_crashed", f"Decoding this record failed: {detail}", max(chunk.row, 0), chunk.offset, len(raw), raw
    )
    bad.line = chunk.line
    kind = None if settings.kind == "auto" else settings.kind
    bads = [BadRecord(one, part.source, kind, reader=reader_of(chunk)) for one in (bad, *chunk.bad)]
    return Result(bad=bads, read=len(bads))


def raw_of(part: Part, offset: int, length: int) -> bytes:
    """The original bytes of a record of this part."""
    chunk = part.chunk
    if chunk.shape.format not in ("parquet", "arrow"):
        start = offset - chunk.offset
        return chunk.data[start : start + length]
    for item in parse(chunk):  # rows have no bytes of their own; their JSON stands for them
        if item.offset == offset:
            return item.raw
    raise LookupError(f"no row {offset} in its chunk")


def numbered_id(rows: Rows, index: int, path: str, occurrence: int) -> str:
    """The id of a later occurrence of a record without an id of its own."""
    row = rows.batch.slice(index, 1).to_pylist()[0]
    decoded = Decoded(
        kind=rows.kind,
        user_id=None,
        payload={key: value for key, value in row.items() if value is not None},
        envelope={},
        extra={},
        content_hash=row["content_hash"],
        keys=None,
        text=None,
        exact=True,
    )
    return record_id_of(decoded, path, occurrence, occurrence)


def decode_source(
    source: Source,
    kind: str = "auto",
    mapping: Mapping[str, str] | None = None,
    *,
    format: str | None = None,
    domain: str | None = None,
    origin: str | None = None,
    license: str | None = None,
) -> Iterator[Row | BadRecord]:
    """Every record of one file in memory, without a workspace. Ids are those of first occurrences."""
    settings = Settings(kind, tuple(sorted((mapping or {}).items())), domain, origin, license)
    decoder = _decoder(settings)
    stream = source.stream()
    try:
        shape = shape_of(stream, source.path, format)
        part = Part(Chunk(Shape(shape.format), b"", b"", 0, 0, 0), source.root, source.path, 0)
        for item in read(stream, shape, Limits()):
            if isinstance(item, Bad):
                yield BadRecord(item, 0, None if kind == "auto" else kind)
            else:
                yield decode_item(decoder, settings, item, part)
    finally:
        stream.close()


def options_of(settings: Settings, wanted: str | None, on_conflict: str, raw: str) -> dict[str, Any]:
    """The settings as JSON, for a quarantine entry: what a retry starts from."""
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            "kind": settings.kind,
            "mapping": dict(settings.mapping),
            "domain": settings.domain,
            "origin": settings.origin,
            "license": settings.license,
            "format": wanted,
            "on_conflict": on_conflict,
            "raw": raw,
        }
    )
    return plain
