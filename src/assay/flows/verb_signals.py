"""Signals that a verb of its own measures (`dedupe`, `contamination`): written, found again, brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from assay.core.ids import fingerprint
from assay.engine import Progress
from assay.flows.rows_digest import rows_digest
from assay.signals import SIGNALS
from assay.store import Dataset, SignalSpec, Workspace

_SPACE = "verb-signals"


def up_to_date(ws: Workspace, data: Dataset, names: Iterable[str], settings: Mapping[str, Any] | None = None) -> bool:
    """Whether each of these was measured on the rows that the head has now (and with these settings, where given)."""
    there = data.signals()
    rows = rows_digest(ws, data)
    for name in names:
        column = there.get(name)
        if column is None or column.unmeasured_fragments:
            return False
        made = ws.ledger.cache_get(_SPACE, f"{data.name} {column.fingerprint}")
        if made is None or (settings is not None and made["settings"] != dict(settings)):
            return False
        if column.fingerprint != _fingerprint(data, name, made["settings"], rows):  # other rows, or another version
            return False
    return True


def _fingerprint(data: Dataset, name: str, settings: Mapping[str, Any], rows: str) -> str:
    return fingerprint("verb-signal", name, SIGNALS.get(name).version, data.kind, dict(settings), rows)


def write_signals(
    ws: Workspace,
    data: Dataset,
    names: Sequence[str],
    settings: Mapping[str, Any],
    values: Callable[[int], Mapping[str, pa.Array]],
    *,
    verb: str,
    message: str | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> int:
    """One version with these signals of every row; returns its number.

    values(fragment) -> name -> one value per row, in scan order. settings: JSON values that, with the rows, decide
    every value; they are the signals' fingerprint. Call it under `ws.lock(data.name)`, with which the rows were read.
    """
    rows = rows_digest(ws, data)
    prints = {name: _fingerprint(data, name, settings, rows) for name in names}
    specs = {
        name: SignalSpec(fingerprint=prints[name], type=SIGNALS.get(name).writes, unit=SIGNALS.get(name).unit)
        for name in names
    }
    with data.begin_measure(verb, specs, verb="measure", message=message, author=None, run=run_id) as job:
        done = {fragment for fragment, _ in job.done}
        for part in data.fragments():
            if part.id not in done:
                job.write(part.id, values(part.id))
            if progress is not None:
                progress.add(rows=part.rows)
        job.commit(stats={"signals": sorted(names), "made_by": verb})
    for name in names:
        ws.ledger.cache_put(_SPACE, f"{data.name} {prints[name]}", {"rows": rows, "settings": dict(settings)})
    return data.head
