"""Ways to run ingest in a process of its own, and a decoder that dies on some records."""

from __future__ import annotations

import json
import os
import sys

from assay.flows.ingest.tasks import Result, Settings, Task, decode_task


def fragile(settings: Settings, task: Task) -> Result:
    """As decode_task, but a record with POISON in it kills the process."""
    if any(b"POISON" in part.chunk.data for part in task.parts):
        os._exit(9)
    return decode_task(settings, task)


def main(argv: list[str]) -> None:
    """WORKSPACE DATASET OPTIONS_JSON SOURCE..."""
    from assay.flows.ingest import ingest
    from assay.store import Workspace

    with Workspace.init(argv[0]) as ws:
        result = ingest(ws, argv[1], argv[3:], **json.loads(argv[2]))
        digests = {name: ws.dataset(name).digest() for name in ws.names()}
        keys = ("read", "added", "duplicates", "quarantined", "resumed")
        counts = {key: getattr(result, key) for key in keys}
        print(json.dumps({"digests": digests, "counts": counts}))


if __name__ == "__main__":
    main(sys.argv[1:])
