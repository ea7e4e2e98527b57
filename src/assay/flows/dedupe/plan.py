"""What a deduplication will take, told before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

from assay.engine import default_workers
from assay.flows.dedupe.near import near_plan
from assay.flows.dedupe.options import DedupeOptions
from assay.store import Workspace


def forecast(
    ws: Workspace, names: Sequence[str], options: DedupeOptions, workers: int | None, engine: str = "threads"
) -> str:
    """`204,803 records, 412 MB stored, 15 partitions, 61 MB exchanged, about 0.8 GB of memory`.

    Of memory on Ray nothing is said: its object store decides.
    """
    rows = sum(ws.dataset(name).count() for name in names)
    stored = sum(ws.dataset(name).stored_bytes() for name in names)
    said = [f"{rows:,} records", f"{stored / 1e6:,.0f} MB stored"]
    if options.method == "near":
        plan = near_plan(rows, stored, options.near(), workers or default_workers())
        said.append(f"{plan.partitions} partitions")
        said.append(f"{plan.exchanged_bytes / 1e6:,.0f} MB exchanged")
        if engine == "threads":
            said.append(f"about {plan.memory_bytes / 1e9:.1f} GB of memory")
    return ", ".join(said)
