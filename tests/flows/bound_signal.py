"""Used by test_measure in a process of its own: a Python-bound signal in a module that worker processes can import."""

from __future__ import annotations

import os
import signal
import sys

import pyarrow as pa

from assay.flows import measure as flow
from assay.signals.base import row_signal
from assay.store import Workspace


@row_signal(
    dimension=None,
    reads={"text": pa.large_string()},
    writes=pa.int64(),
    unit="words",
    source="a test",
    default=False,
    python_bound=True,
)
def bound_words(*, text: pa.Array) -> pa.Array:
    """Words, counted by Python; it takes its worker with it on one record."""
    found = text.to_pylist()
    if any("kill" in (value or "") for value in found):
        os.kill(os.getpid(), signal.SIGKILL)
    return pa.array([None if value is None else len(value.split()) for value in found], pa.int64())


def main() -> None:
    flow.INLINE_ROWS = 0  # three rows are worth a process here
    flow.measure(Workspace.open(sys.argv[1]), "tickets", only=["bound_words"], workers=2)
