"""A fresh workspace, and a dataset in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.store import Dataset, SignalSpec, Version, Workspace
from tests.store import rows as make


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.init(tmp_path / "ws") as workspace:
        yield workspace


@pytest.fixture
def qa(ws: Workspace) -> Dataset:
    return ws.create("tickets.qa")


Append = Callable[..., Version | None]


@pytest.fixture
def append() -> Append:
    """append(dataset, fragment, fragment, ...): each fragment a list of row dicts; one version."""

    def add(data: Dataset, *fragments: Sequence[dict[str, Any]], key: str = "test") -> Version | None:
        with data.begin_append(key) as job:
            for index, rows in enumerate(fragments):
                if index not in {done.index for done in job.staged}:
                    job.write(index, [make.batch(rows, data.kind)], {})
            return job.commit()

    return add


@pytest.fixture
def measure() -> Callable[..., Version | None]:
    """measure(dataset, name, fingerprint): the length of record_id as an int64 signal over every fragment."""

    def add(data: Dataset, name: str = "id_length", fingerprint: str = "aa" * 16, plus: int = 0) -> Version | None:
        spec = SignalSpec(fingerprint=fingerprint, type=pa.int64(), unit="characters")
        with data.begin_measure("test", {name: spec}) as job:
            for part in data.fragments():
                ids = [i for b in data.scan(columns=["record_id"], fragment=part.id) for i in b.column(0).to_pylist()]
                if (part.id, name) not in job.done:
                    job.write(part.id, {name: pa.array([len(i) + plus for i in ids], pa.int64())})
            return job.commit()

    return add


def read(data: Dataset, ref: str | int | None = None, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Every row as Python values, in order of record_id."""
    found = [row for b in data.scan(ref, columns=columns) for row in b.to_pylist()]
    return sorted(found, key=lambda row: str(row.get("record_id")))
