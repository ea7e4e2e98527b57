"""One fragment of the input being filled: which rows are new, which were read before, which contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.arrow import fresh
from assay.core.files import whole_file
from assay.flows.ingest.identities import Identities, Keys, Occurrences, id_keys
from assay.flows.ingest.results import Counts
from assay.flows.ingest.tasks import BadRecord, Result, Rows, Task, numbered_id, raw_of, reader_of
from assay.formats import Bad
from assay.records.schema import RAW, SOURCE
from assay.store import Blobs


@dataclass
class Kept:
    """New rows of one kind from one task, with the original bytes that must be kept beside them."""

    batch: pa.RecordBatch
    raws: list[tuple[int, tuple[int, int, int], bytes]]  # (row, (source, offset, length), bytes)


@dataclass
class Replacement:
    """New content for a known id."""

    row: pa.RecordBatch
    raw: bytes | None


@dataclass
class Noted:
    """What must be remembered of a fragment's rows, to resume after it without decoding it again."""

    high: list[Keys] = field(default_factory=list)
    low: list[Keys] = field(default_factory=list)
    content: list[Keys] = field(default_factory=list)
    occurrence: list[Keys] = field(default_factory=list)


@dataclass
class Known:
    """Of one dataset: what is in it, and what this run has met."""

    identities: Identities = field(default_factory=Identities)
    occurrences: Occurrences = field(default_factory=Occurrences)
    replacements: dict[str, Replacement] = field(default_factory=dict)


class Fragment:
    """Rows and bad places of up to `fragment_bytes` of input."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.kept: dict[str, list[Kept]] = {}
        self.noted: dict[str, Noted] = {}
        self.bad: list[BadRecord] = []

    def take(self, task: Task, rows: Rows, known: Known, counts: Counts, *, new_version: bool, keep_raw: bool) -> None:
        """Sort the rows of one kind into new, duplicate and contradicting ones."""
        path_of = [part.path for part in task.parts]
        counts.read += len(rows.part)
        counts.bytes += int(rows.length.sum())
        batch, high, low = _numbered(rows, path_of, known.occurrences)
        fresh_rows, same, clash = _sorted_out(high, low, rows.content, known.identities, new_version)
        counts.duplicates += len(same)
        counts.added += len(fresh_rows)
        noted = self.noted.setdefault(rows.kind, Noted())
        noted.occurrence.append(rows.occurrence)
        if len(fresh_rows):
            noted.high.append(high[fresh_rows])
            noted.low.append(low[fresh_rows])
            noted.content.append(rows.content[fresh_rows])
            known.identities.add(high[fresh_rows], low[fresh_rows], rows.content[fresh_rows])
            keep = keep_raw | rows.inexact[fresh_rows]
            raws = [(at, _place(task, rows, i), _raw(task, rows, i)) for at, i in _where(fresh_rows, keep)]
            taken = batch if len(fresh_rows) == batch.num_rows else batch.take(pa.array(fresh_rows))
            self.kept.setdefault(rows.kind, []).append(Kept(taken, raws))
        for i in clash.tolist():
            record_id = batch.column("record_id")[i].as_py()
            if new_version:
                raw = _raw(task, rows, i) if keep_raw or rows.inexact[i] else None
                known.replacements[record_id] = Replacement(fresh(batch.slice(i, 1)), raw)
                known.identities.change(int(high[i]), int(low[i]), int(rows.content[i]))
                counts.added += 1
                counts.replaced += 1
            else:
                self.bad.append(_conflict(task, rows, i, record_id))
                counts.quarantined += 1

    def batches(self, kind: str, blobs: Blobs) -> Iterator[pa.RecordBatch]:
        """The kind's rows, with the bytes to keep in one blob and their places filled in; given away as they go."""
        pack: list[bytes] = []
        places: dict[tuple[int, int, int], int] = {}
        size = 0
        for kept in self.kept.get(kind, ()):
            for _, key, raw in kept.raws:
                if key not in places:  # records exploded from one document share their bytes
                    places[key] = size
                    pack.append(raw)
                    size += len(raw)
        sha256 = blobs.put(b"".join(pack)) if pack else None
        del pack
        waiting = self.kept.pop(kind, [])[::-1]
        while waiting:  # what is written needs no memory any more
            kept = waiting.pop()
            batch = kept.batch
            if kept.raws:
                batch = _with_raw(batch, {at: (sha256, places[key], len(raw)) for at, key, raw in kept.raws})
            del kept
            yield batch

    def shift_rows(self, result: Result, base: int) -> None:
        """Rows of a document that only its parser can count start where the chunk before ended."""
        if base == 0:
            return
        for rows in result.rows:
            source = rows.batch.column("source")
            children = [
                pa.array(source.field(part.name).to_numpy() + base, part.type)
                if part.name == "row"
                else source.field(part.name)
                for part in SOURCE
            ]
            column = pa.StructArray.from_arrays(children, fields=list(SOURCE))
            rows.batch = rows.batch.set_column(rows.batch.schema.get_field_index("source"), "source", column)
        for bad in result.bad:
            bad.bad.row += base


def _numbered(rows: Rows, path_of: Sequence[str], occurrences: Occurrences) -> tuple[pa.RecordBatch, Keys, Keys]:
    """The batch with final ids: later occurrences of the same content in a file get ids of their own."""
    numbers = occurrences.number(rows.occurrence)
    later = np.flatnonzero(numbers)
    if len(later) == 0:
        return rows.batch, rows.high, rows.low
    anonymous = np.flatnonzero(~rows.own_id)
    ids = rows.batch.column("record_id").to_pylist()
    changed = anonymous[later]
    for i, number in zip(changed.tolist(), numbers[later].tolist(), strict=True):
        ids[i] = numbered_id(rows, i, path_of[int(rows.part[i])], number)
    high, low = rows.high.copy(), rows.low.copy()
    high[changed], low[changed] = id_keys([ids[i] for i in changed.tolist()])
    place = rows.batch.schema.get_field_index("record_id")
    field_ = rows.batch.schema.field(place)
    return rows.batch.set_column(place, field_, pa.array(ids, field_.type)), high, low


def _sorted_out(
    high: Keys, low: Keys, content: Keys, identities: Identities, new_version: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(new, read before, same id with other content), each in order."""
    known, there = identities.find(high, low)
    first: dict[tuple[int, int], int] = {}
    repeated = _repeated(high)
    new: list[int] = []
    same: list[int] = []
    clash: list[int] = []
    if not repeated.any():
        equal = known & (there == content)
        return np.flatnonzero(~known), np.flatnonzero(equal), np.flatnonzero(known & ~equal)
    # The same id several times among these rows: in order, as if each came in a batch of its own.
    for i in range(len(high)):
        if not repeated[i]:
            (new if not known[i] else same if there[i] == content[i] else clash).append(i)
            continue
        key = (int(high[i]), int(low[i]))
        held = first.get(key, int(there[i]) if known[i] else None)
        if held is None:
            first[key] = int(content[i])
            new.append(i)
        else:
            (same if held == int(content[i]) else clash).append(i)
            if new_version:  # what comes later is compared with the newest
                first[key] = int(content[i])
    return np.array(new, np.int64), np.array(same, np.int64), np.array(clash, np.int64)


def _repeated(high: Keys) -> NDArray[np.bool_]:
    order = np.argsort(high, kind="stable")
    ordered = high[order]
    same = ordered[1:] == ordered[:-1]
    out = np.zeros(len(high), np.bool_)
    out[order[1:][same]] = True
    out[order[:-1][same]] = True
    return out


def _where(rows: NDArray[np.int64], keep: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(int(at), int(rows[at])) for at in np.flatnonzero(keep)]


def _place(task: Task, rows: Rows, i: int) -> tuple[int, int, int]:
    return task.parts[int(rows.part[i])].source, int(rows.offset[i]), int(rows.length[i])


def _raw(task: Task, rows: Rows, i: int) -> bytes:
    return raw_of(task.parts[int(rows.part[i])], int(rows.offset[i]), int(rows.length[i]))


def _conflict(task: Task, rows: Rows, i: int, record_id: str) -> BadRecord:
    part = task.parts[int(rows.part[i])]
    offset, length = int(rows.offset[i]), int(rows.length[i])
    row = rows.batch.column("source")[i].as_py()["row"]
    detail = f"The id `{record_id}` has other content already; --on-conflict new-version takes this one instead"
    bad = Bad("id_conflict", detail, row, offset, length, _raw(task, rows, i))
    return BadRecord(bad, part.source, rows.kind, reader=reader_of(part.chunk))


def _with_raw(batch: pa.RecordBatch, kept: dict[int, tuple[str | None, int, int]]) -> pa.RecordBatch:
    column = batch.column("raw").to_pylist()
    for at, (sha256, offset, length) in kept.items():
        column[at] = {"sha256": sha256, "offset": offset, "length": length}
    return batch.set_column(batch.schema.get_field_index("raw"), "raw", pa.array(column, RAW))


def put_raw(replacement: Replacement, blobs: Blobs) -> pa.RecordBatch:
    """The new row, its original bytes kept where that is asked for."""
    if replacement.raw is None:
        return replacement.row
    sha256 = blobs.put(replacement.raw)
    return _with_raw(replacement.row, {0: (sha256, 0, len(replacement.raw))})


def save_noted(noted: Noted, path: Path) -> str:
    """Write what a fragment's rows were; returns a digest of the file's bytes."""
    parts = [
        np.concatenate([np.zeros(0, np.uint64), *arrays])
        for arrays in (noted.high, noted.low, noted.content, noted.occurrence)
    ]
    data = np.array([len(part) for part in parts], np.uint64).tobytes() + b"".join(part.tobytes() for part in parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(data)
    return xxhash.xxh3_128_hexdigest(data)


def load_noted(known: Known, path: Path, digest: str) -> bool:
    """Remember a fragment that an earlier, killed run had staged; False where its notes are gone or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if xxhash.xxh3_128_hexdigest(data) != digest:
        return False
    lengths = np.frombuffer(data, np.uint64, 4).astype(np.int64)
    ends = np.cumsum(lengths)
    values = np.frombuffer(data, np.uint64, offset=32)
    high, low, content, occurrence = (
        values[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    )
    known.identities.add(high, low, content)
    known.occurrences.remember(occurrence)
    return True
