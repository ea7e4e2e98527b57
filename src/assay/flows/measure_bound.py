"""Signals that hold the interpreter lock, measured in worker processes: rows travel there and values come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from assay.engine import run
from assay.signals import Signal
from assay.store import Dataset

# For one batch (8 MB). A row that makes a signal hang, or kills its worker, is found by halving the batch.
_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class _Task:
    rows: bytes
    signals: tuple[Signal, ...]  # by value: a worker need not know who registered them
    kind: str
    params: dict[str, Any]


def bound_values(
    data: Dataset, wanted: Mapping[int, Sequence[Signal]], params: Mapping[str, Any], workers: int | None
) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    """(fragment, values by signal) for every fragment that wants any, in order; one set of workers for them all.

    The one record that kills its worker has no value: unknown is null, and the rules say what that means.
    """
    order: deque[int] = deque()  # the fragment of each batch on its way

    def tasks() -> Iterator[_Task]:
        for fragment, signals in wanted.items():
            columns = sorted({name for signal in signals for name in signal.columns(data.kind)})
            for batch in data.scan(columns=columns, fragment=fragment) if signals else ():
                order.append(fragment)
                yield _Task(_packed(batch), tuple(signals), data.kind, dict(params))

    if not any(wanted.values()):
        return
    ran = run(
        measure_task,
        tasks(),
        workers=workers,
        mode="processes",
        timeout_s=_TIMEOUT_S,
        split=_halves,
        join=_together,
        on_crash=_unknown,
    )
    parts: list[pa.RecordBatch] = []
    before: int | None = None
    for answer in ran:
        fragment = order.popleft()
        if before is not None and fragment != before:
            yield before, _joined(parts)
            parts = []
        before = fragment
        parts.append(_unpacked(answer))
    if before is not None:
        yield before, _joined(parts)


def _joined(parts: Sequence[pa.RecordBatch]) -> dict[str, pa.Array]:
    table = pa.Table.from_batches(parts).combine_chunks()
    return {name: table[name].combine_chunks() for name in table.column_names}


def measure_task(task: _Task) -> bytes:
    """Run in a worker process: row signals over one batch, Arrow IPC in and out."""
    batch = _unpacked(task.rows)
    columns = {signal.name: signal.run(batch, task.kind, task.params) for signal in task.signals}
    return _packed(pa.RecordBatch.from_pydict(columns))


def _halves(task: _Task) -> list[_Task]:
    rows = _unpacked(task.rows)
    middle = rows.num_rows // 2
    if middle == 0:
        return [task]
    parts = (rows.slice(0, middle), rows.slice(middle))
    return [_Task(_packed(part), task.signals, task.kind, task.params) for part in parts]


def _together(parts: list[bytes]) -> bytes:
    table = pa.Table.from_batches([_unpacked(part) for part in parts]).combine_chunks()
    return _packed(table.to_batches()[0])


def _unknown(task: _Task, detail: str) -> bytes:
    """The one record that kills a worker has no value: unknown is null, and the rules say what that means."""
    return _packed(pa.RecordBatch.from_pydict({signal.name: pa.nulls(1, signal.writes) for signal in task.signals}))


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _unpacked(data: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(data).read_next_batch()
