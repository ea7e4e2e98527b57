"""Run one function over many items, and say how far it has come. Parallelism lives here and nowhere else."""

from assay.engine.progress import Progress
from assay.engine.run import Mode, WorkerCrashed, default_workers, run

__all__ = ["Mode", "Progress", "WorkerCrashed", "default_workers", "run"]
