"""Run one function over many items, here or on a cluster, and say how far it has come. Parallelism lives here only."""

from assay.engine.exchange import ENGINES, Engine, Part, Scattered, open_engine
from assay.engine.progress import Progress
from assay.engine.run import Mode, WorkerCrashed, default_workers, run

__all__ = [
    "ENGINES",
    "Engine",
    "Mode",
    "Part",
    "Progress",
    "Scattered",
    "WorkerCrashed",
    "default_workers",
    "open_engine",
    "run",
]
