"""A workspace with rows of our own making, written straight into the store: where measure, decide and gates start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.core.ids import content_hash
from assay.records.schema import schema_of
from assay.store import Dataset, Workspace

Row = Mapping[str, Any]


def batch(kind: str, rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows given by the columns that matter; the rest is null."""
    schema = schema_of(kind)
    full = [{"kind": kind, "schema_version": 1, **row} for row in rows]
    return pa.RecordBatch.from_pylist([{name: row.get(name) for name in schema.names} for row in full], schema=schema)


def qa(number: int, answer: str | None = None, **more: Any) -> Row:
    """Record `q<number>` from line `number` of a.jsonl; equal answers make equal content."""
    prompt = more.pop("prompt", "What is it?")
    text = f"answer {number} is long enough." if answer is None else answer
    payload = {"prompt": prompt, "best_answer": text}
    place = {"path": more.pop("path", "a.jsonl"), "row": number, "uri": ".", "format": "jsonl"}
    return {
        "record_id": f"q{number:04d}",
        "source": place,
        "content_hash": content_hash(payload),
        "text": f"{prompt}\n\n{text}",
        **payload,
        **more,
    }


def fill(ws: Workspace, name: str, fragments: Iterable[Sequence[Row]], key: str = "1") -> Dataset:
    """One more version of a dataset, with these fragments."""
    data = ws.create(name)
    with data.begin_append(key) as job:
        for index, rows in enumerate(fragments):
            job.write(index, [batch(data.kind, rows)], {})
        job.commit({})
    return data


def workspace(folder: Path, *fragments: Sequence[Row], name: str = "tickets.qa") -> tuple[Workspace, Dataset]:
    ws = Workspace.init(folder / "ws")
    return ws, fill(ws, name, fragments)


def values(data: Dataset, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Record id -> values of the columns at the newest version."""
    found = {}
    for part in data.scan(columns=["record_id", *columns]):
        for row in part.to_pylist():
            found[row["record_id"]] = tuple(row[column] for column in columns)
    return found
