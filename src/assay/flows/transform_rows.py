"""A batch of records through a transform: the rows that changed, made right in everything that follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.records.again import first_hash, hash_again, text_again
from assay.records.kind import KINDS
from assay.records.schema import TEXT
from assay.transforms import Transform
from assay.transforms.leaves import PROSE, Change, Rows, change_at, column_of, in_json, json_paths

SPAN_LOST = "span_lost"
_CONTEXT = "context[].text"


@dataclass(frozen=True, slots=True)
class Task:
    """One batch on its way to a worker."""

    rows: bytes
    kind: str
    transform: Transform  # by value: a worker need not know who registered it
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """Which rows of a batch changed (one flag each), those rows (Arrow IPC), and how many changes by what they are."""

    changed: NDArray[np.bool_]
    rows: bytes
    by: dict[str, int]


def transform_task(task: Task) -> Done:
    """Run in a worker."""
    batch = unpacked(task.rows)
    changed, rows, by = transform_batch(batch, task.kind, task.transform, task.params)
    return Done(changed, packed(rows), dict(by))


def packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def unpacked(data: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(data).read_next_batch()


def transform_batch(
    batch: pa.RecordBatch, kind: str, transform: Transform, params: Mapping[str, Any]
) -> tuple[NDArray[np.bool_], pa.RecordBatch, Counter[str]]:
    """(which rows changed, those rows as they are now, changes by `what`)."""
    noted = _Noted(transform, params, batch.num_rows)
    columns: dict[str, pa.Array] = {}
    paths = [(path, noted.change(path)) for path in PROSE[kind]]
    if transform.json:
        paths += [(path, in_json(noted.change(path))) for path in json_paths(kind)]
    for path, change in paths:
        name, below = column_of(path)
        columns[name] = change_at(columns.get(name, batch.column(name)), below, change)
    mask = pa.array(noted.changed)
    whole = [columns.get(name, batch.column(i)) for i, name in enumerate(batch.schema.names)]
    old = batch.filter(mask)
    new = pa.RecordBatch.from_arrays(whole, schema=batch.schema).filter(mask)
    if new.num_rows:
        if kind == "qa":
            new = _with_spans(old, new, noted)
        new = _settled(kind, old, new)
    return noted.changed, new, noted.by


@dataclass
class _Noted:
    transform: Transform
    params: Mapping[str, Any]
    rows: int
    by: Counter[str] = field(default_factory=Counter)
    context: dict[int, list[Any]] = field(default_factory=dict)  # row -> changes of its context parts
    changed: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.changed = np.zeros(self.rows, np.bool_)

    def change(self, path: str) -> Change:
        def changed(texts: pa.LargeStringArray, rows: Rows) -> pa.LargeStringArray:
            new, changes = self.transform.apply(texts, self.params)
            if changes.null_count == len(changes):
                return texts
            told = changes.is_valid().to_numpy(zero_copy_only=False)
            self.changed[rows[told]] = True
            for entry in pc.value_counts(changes.flatten().field("what")).to_pylist():
                self.by[entry["values"]] += entry["counts"]
            if path == _CONTEXT:
                for at in np.flatnonzero(told).tolist():
                    self.context.setdefault(int(rows[at]), []).extend(changes[at].as_py())
            return new

        return changed


def _settled(kind: str, old: pa.RecordBatch, new: pa.RecordBatch) -> pa.RecordBatch:
    """With the text view and the content hash of what the rows say now, and as a parent the content they had first."""
    before, after = old.to_pylist(), new.to_pylist()
    hashes = [hash_again(kind, a, b) for a, b in zip(before, after, strict=True)]
    new = _set(new, "content_hash", pa.array(hashes, TEXT))
    if KINDS.get(kind).text_column is None:
        new = _set(new, "text", pa.array([text_again(kind, row) for row in after], TEXT))
    parents = []
    for row in before:
        others = [parent for parent in row["parents"] or () if parent["record_id"] != row["record_id"]]
        parents.append([*others, {"record_id": row["record_id"], "content_hash": first_hash(row)}])
    return _set(new, "parents", pa.array(parents, new.schema.field("parents").type))


def _set(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(name)
    return batch.set_column(index, batch.schema.field(index), column)


def _with_spans(old: pa.RecordBatch, new: pa.RecordBatch, noted: _Noted) -> pa.RecordBatch:
    """Answers' places in a context that changed: moved with it, or null where the place itself is gone."""
    rows = np.flatnonzero(noted.changed).tolist()
    answers = new.column("answers").to_pylist()
    was, now = (batch.column("context").to_pylist() for batch in (old, new))
    spoken = old.column("answers").to_pylist()
    for i, row in enumerate(rows):
        if row not in noted.context:
            continue
        for answer, before in zip(answers[i] or (), spoken[i] or (), strict=True):
            if answer["span_start"] is not None:
                answer["span_start"] = _moved(before, answer, was[i], now[i], noted.context[row])
                noted.by[SPAN_LOST] += answer["span_start"] is None
    return _set(new, "answers", pa.array(answers, new.schema.field("answers").type))


def _moved(before: Any, after: Any, was: Any, now: Any, changes: list[Any]) -> int | None:
    start = before["span_start"]
    texts = [(a["text"], b["text"]) for a, b in zip(was, now, strict=True) if a["text"] is not None]
    if len(texts) != 1 or not 0 <= start <= len(texts[0][0]):
        return None  # which part the place is in cannot be told
    old, new = texts[0]
    at = len(old[:start].encode())
    shift = 0
    for change in changes:
        if change["end"] <= at:
            shift += change["new"] - (change["end"] - change["start"])
        elif change["start"] < at:
            return None
    data = new.encode()
    place = len(data[: at + shift].decode())
    held = before["text"] is not None and old.startswith(before["text"], start)
    return None if held and not new.startswith(after["text"], place) else place
