"""Transform: texts changed where records keep them, as a new version. Only fragments not seen before are looked at."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from assay.core.ids import fingerprint
from assay.core.results import Result
from assay.engine import Progress, run
from assay.flows.transform_rows import Done, Task, packed, transform_task, unpacked
from assay.store import Dataset, Workspace
from assay.transforms import TRANSFORMS, Transform

VERB = "transform"
# Below this many rows, starting worker processes (a second each) costs more than it saves.
INLINE_ROWS = 20_000
_SPACE = "transform-left-alone"


class TransformedDataset(msgspec.Struct, frozen=True, kw_only=True):
    """`changed`: rows that are another text now; `changes_by`: changes in them by what they are. `cached`: every
    fragment had been through this very transform before."""

    dataset: str
    version: int
    rows: int
    changed: int
    changes_by: dict[str, int]
    cached: bool
    seconds: float


class TransformResult(Result, frozen=True, kw_only=True):
    transform: str
    datasets: list[TransformedDataset]

    @property
    def changed(self) -> int:
        return sum(part.changed for part in self.datasets)

    @property
    def cached(self) -> bool:
        return all(part.cached or not part.changed for part in self.datasets)

    def lines(self) -> list[str]:
        out = []
        for part in self.datasets:
            said = "cached" if part.cached else f"{part.changed:,} changed"
            out.append(f"{part.dataset} v{part.version}  {part.rows:,} rows  {part.seconds:.2f} s  {said}")
            out += [f"  {n:>9,}  {what}" for what, n in sorted(part.changes_by.items(), key=lambda i: (-i[1], i[0]))]
        kinds = ", ".join(TRANSFORMS.get(self.transform).kinds)
        return out or [f"nothing to change: {self.transform} is for {kinds}"]


def transform(
    ws: Workspace,
    dataset: str,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    message: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> TransformResult:
    """Change the texts of every dataset that the name covers and the transform is for.

    Ids stay; text view, content hash and places in changed texts follow; the content a record was read with is
    among its parents, so that reading its file again still adds nothing. Signals of changed rows are unmeasured.
    Nothing to change makes no version, and what went through the same transform before is not looked at again.
    A killed run goes on from its last finished fragment.
    Raises UnknownName E101: dataset, transform or parameter; E105: an extra; E106: a parameter's file.
    """
    chosen = TRANSFORMS.get(name)
    given = dict(params or {})
    chosen.own(given)
    full = [each for each in ws.names(dataset) if chosen.for_kind(ws.dataset(each).kind)]
    said = message or _message(chosen, given)
    parts = [_one(ws, ws.dataset(each), chosen, given, said, workers, progress, run_id) for each in full]
    return TransformResult(transform=name, datasets=parts)


def _message(chosen: Transform, params: Mapping[str, Any]) -> str:
    return " ".join([chosen.name, *(f"{name}={value}" for name, value in sorted(params.items()))])


def _one(
    ws: Workspace,
    data: Dataset,
    chosen: Transform,
    params: dict[str, Any],
    message: str,
    workers: int | None,
    progress: Progress | None,
    run_id: str | None,
) -> TransformedDataset:
    started = time.perf_counter()
    print_ = chosen.fingerprint(params)
    changed, by, cached = 0, Counter[str](), True
    if _todo(ws, data, print_):
        with data.begin_edit(print_, verb=VERB, message=message, run=run_id) as job:
            todo = _todo(ws, data, print_)  # the head may have moved before we had the lock
            cached = not todo
            if progress is not None:
                progress.start(f"transform {data.name}", None)
            before = job.done
            for fragment, flags, rows, counts in _fragments(
                data, [f for f in todo if f not in before], chosen, params, workers
            ):
                job.write(fragment, flags, rows, {"by": counts, "changed": int(flags.sum())})
                if progress is not None:
                    progress.add(rows=len(flags))
            for state in job.done.values():
                by.update(state["by"])
                changed += state["changed"]
            stats = {"transform": print_, "name": chosen.name, "changed": changed, "by": dict(sorted(by.items()))}
            job.commit(stats=stats)
        if not changed:
            for fragment, content in todo.items():
                ws.ledger.cache_put(_SPACE, fingerprint(print_, content), fragment)
    return TransformedDataset(
        dataset=data.name,
        version=data.head,
        rows=data.count(),
        changed=changed,
        changes_by=dict(sorted(by.items())),
        cached=cached,
        seconds=round(time.perf_counter() - started, 3),
    )


def _todo(ws: Workspace, data: Dataset, print_: str) -> dict[int, str]:
    """Fragments of the head (id -> content) that have not been through this transform."""
    done = _seen(data, print_)
    return {
        part.id: part.content
        for part in data.fragments()
        if part.content not in done and ws.ledger.cache_get(_SPACE, fingerprint(print_, part.content)) is None
    }


def _seen(data: Dataset, print_: str) -> set[str]:
    """Contents of fragments that came out of this transform, also through other transforms since."""
    versions = data.versions()
    if not any(version.stats.get(VERB) == print_ for version in versions):
        return set()
    done: set[str] = set()
    there: set[str] = set()
    for version in versions:
        if version.verb == "measure":
            continue
        before, there = there, {part.content for part in data.fragments(version.number)}
        if version.verb == VERB:
            mine = version.stats.get(VERB) == print_
            done = set(there) if mine or (done and done >= before) else done & there
        elif version.verb != "rollback":
            done &= there
    return done


def _fragments(
    data: Dataset, wanted: list[int], chosen: Transform, params: dict[str, Any], workers: int | None
) -> Iterator[tuple[int, np.ndarray[Any, np.dtype[np.bool_]], list[pa.RecordBatch], dict[str, int]]]:
    """(fragment, flag per row, the rows that changed, changes by what) of each fragment, in order."""
    order: deque[int] = deque()
    sizes = {part.id: part.rows for part in data.fragments()}

    def tasks() -> Iterator[Task]:
        for fragment in wanted:
            for batch in data.scan(fragment=fragment):
                order.append(fragment)
                yield Task(packed(batch), data.kind, chosen, params)

    heavy = sum(sizes[fragment] for fragment in wanted) >= INLINE_ROWS
    schema = data.schema()
    parts: list[Done] = []
    before: int | None = None
    # A record that kills its worker is an error, not a record left alone: it might be one to redact.
    for done in run(transform_task, tasks(), workers=workers, mode="processes" if heavy else "threads"):
        fragment = order.popleft()
        if before is not None and fragment != before:
            yield before, *_joined(parts, schema)
            parts = []
        before = fragment
        parts.append(done)
    if before is not None:
        yield before, *_joined(parts, schema)


def _joined(
    parts: list[Done], schema: pa.Schema
) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], list[pa.RecordBatch], dict[str, int]]:
    by = Counter[str]()
    rows = []
    for part in parts:
        by.update(part.by)
        batch = unpacked(part.rows)
        if batch.num_rows:
            rows.append(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return np.concatenate([part.changed for part in parts]), rows, dict(by)
