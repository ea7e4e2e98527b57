"""An open workspace: what reads into it, runs over it and leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.api.dataset import Dataset
from assay.api.progress import progress_of
from assay.api.quality import Quality

if TYPE_CHECKING:
    from assay.flows.history import FsckResult
    from assay.flows.ingest import IngestResults
    from assay.flows.release import ReleaseResult
    from assay.recipes import PlanResult, RunResult
    from assay.store import Workspace as Store


class Workspace:
    """An open workspace. `ws["tickets"]` is every table of that name, `ws["tickets.qa"]` one of them."""

    def __init__(self, store: Store, *, workers: int | None, quiet: bool) -> None:
        self.store, self.workers, self.quiet = store, workers, quiet

    @property
    def path(self) -> Path:
        return Path(self.store.path)

    @property
    def quality(self) -> Quality:
        """Quality models: train, list, and rubric scores."""
        return Quality(self.store)

    def names(self) -> list[str]:
        return self.store.names()

    def __getitem__(self, name: str) -> Dataset:
        base, _, ref = name.partition("@")
        return Dataset(self, base, ref or None)

    def __repr__(self) -> str:
        return f"assay.open({str(self.path)!r})  # {', '.join(self.names()) or 'empty'}"

    def ingest(
        self,
        dataset: str,
        sources: Sequence[str],
        *,
        kind: str = "auto",
        domain: str | None = None,
        origin: str | None = None,
        license: str | None = None,
        format: str | None = None,
        mapping: Sequence[str] = (),
        on_conflict: str = "quarantine",
        raw: str = "auto",
        message: str | None = None,
    ) -> IngestResults:
        """Read `sources` into `dataset`: read = added + duplicates + quarantined."""
        from assay.flows.ingest import ingest as run_ingest
        from assay.records import parse_map

        return run_ingest(
            self.store,
            dataset,
            sources,
            kind=kind,
            domain=domain,
            origin=origin,
            license=license,
            format=format,
            mapping=parse_map(mapping),
            on_conflict=on_conflict,
            raw=raw,
            message=message,
            workers=self.workers,
            progress=progress_of("ingest", self.quiet),
        )

    def release(
        self,
        name: str,
        datasets: Sequence[str],
        out: str | Path,
        *,
        formats: Sequence[str] = (),
        keep_all: bool = False,
        message: str | None = None,
    ) -> ReleaseResult:
        """Freeze the kept records of `datasets` into `out`, with a manifest and a card."""
        from assay.flows.release import release as run_release

        options: dict[str, Any] = {"formats": tuple(formats)} if formats else {}
        return run_release(self.store, name, datasets, out, keep_all=keep_all, message=message, **options)

    def plan(self, recipe: str | Path, *, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> PlanResult:
        """What `run` would do, and why."""
        from assay.recipes import plan_recipe

        return plan_recipe(self.store, recipe, select=select, exclude=exclude)

    def run(
        self,
        recipe: str | Path,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        junit: str | Path | None = None,
        rehash: bool = False,
        update_lock: bool = False,
    ) -> RunResult:
        """Run a recipe; steps whose inputs, parameters and code are unchanged are skipped."""
        from assay.recipes import run_recipe

        return run_recipe(
            self.store,
            recipe,
            select=select,
            exclude=exclude,
            junit=junit,
            rehash=rehash,
            update_lock=update_lock,
            workers=self.workers,
            progress=progress_of("run", self.quiet),
        )

    def fsck(self, *, digest: bool = False) -> FsckResult:
        """Check ledger, tables, blobs and ids against each other."""
        from assay.flows.history import fsck

        return fsck(self.store, digest=digest)
