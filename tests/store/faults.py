"""A small history of one dataset, made by a process of its own that may be killed anywhere in it.

Importable without side effects: a fork server runs `history` in fresh processes.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pyarrow as pa

from assay.store import Dataset, QuarantineEntry, SignalSpec, Workspace
from tests.store.rows import batch, table
from tests.store.rows import qa as row

VERSIONS = 6


def history(folder: str, failpoint: str | None = None) -> None:
    """Make versions 1 to 6 of tickets.qa, going on from where the workspace stands."""
    if failpoint is not None:
        os.environ["ASSAY_FAILPOINT"] = failpoint
    with Workspace.init(Path(folder)) as ws:
        data = ws.create("tickets.qa")
        while data.head < VERSIONS:
            STEPS[data.head](data)


def _add(data: Dataset, names: str) -> None:
    with data.begin_append(names) as job:
        done = {staged.index for staged in job.staged}
        for index in {0, 1} - done:
            bad = QuarantineEntry(dataset="tickets", file=f"{names}.jsonl", row=index, reason="nan", detail="")
            rows = [row(f"{names}{index}{k}") for k in range(5)]
            job.write(index, [batch(rows)], {"offset": index * 100}, [bad])
        job.commit({"read": 12})


def _measure(data: Dataset) -> None:
    specs = {name: SignalSpec(fingerprint="ab" * 16, type=pa.int64()) for name in ("n", "m")}
    with data.begin_measure("sizes", specs) as job:
        for part in data.fragments():
            for name in sorted(specs):
                if (part.id, name) not in job.done:
                    job.write(part.id, {name: pa.array(range(part.rows), pa.int64())})
        job.commit()


def _edit(data: Dataset) -> None:
    data.replace(table([row("a00", "edited"), row("a13", "edited")]), expect=2)


STEPS = (
    lambda data: _add(data, "a"),
    _measure,
    _edit,
    lambda data: _add(data, "b"),
    lambda data: data.rollback(2),
    lambda data: _add(data, "c"),
)


def limited(folder: str, limit_bytes: int) -> None:
    """As `history`, but no file may grow beyond `limit_bytes`: how a full disk looks from inside."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    large(folder)


def large(folder: str) -> None:
    """Version 2 of tickets.qa: one fragment of 3 MB that does not compress."""
    with Workspace.open(Path(folder)) as ws, ws.dataset("tickets.qa").begin_append("large") as job:
        if not job.staged:
            rows = [row(f"large{k}", os.urandom(150_000).hex()) for k in range(10)]
            job.write(0, [batch(rows)], {})
        job.commit()
