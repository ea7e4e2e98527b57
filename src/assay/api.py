"""The public Python API: the same verbs as the command line, with the same result fields.

    import assay

    ws = assay.open("work", create=True)
    ws.ingest("tickets", ["tickets/*.jsonl"], domain="support")
    ws["tickets"].measure()
    ws["tickets"].decide("default")
    ws.release("tickets-1", ["tickets"], "releases/tickets-1")

Flows are imported when they are called, so that importing this module stays cheap.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import UserError
from assay.core.results import Result

if TYPE_CHECKING:
    from assay.engine import Progress
    from assay.flows.check import CheckResult
    from assay.flows.decide import DecideResult
    from assay.flows.explain import ShowResult
    from assay.flows.history import DiffResult, FsckResult, LogResult, RollbackResult, TagResult
    from assay.flows.ingest import IngestResults
    from assay.flows.measure import MeasureResult
    from assay.flows.quarantine import QuarantineResult
    from assay.flows.release import ReleaseResult
    from assay.flows.report import ReportResult
    from assay.recipes import PlanResult, RunResult
    from assay.recipes.demo.run import DemoResult
    from assay.release import VerifyResult
    from assay.store import Workspace as Store

DEFAULT_WORKSPACE = ".assay"


class InitResult(Result, frozen=True, kw_only=True):
    workspace: str

    def lines(self) -> list[str]:
        return [f"workspace ready at {self.workspace}", "next: assay ingest DATASET FILE..."]


def _place(path: str | Path | None) -> Path:
    return Path(path or os.environ.get("ASSAY_WORKSPACE") or DEFAULT_WORKSPACE)


def init(path: str | Path | None = None) -> InitResult:
    """Make a workspace at `path` (./.assay, or ASSAY_WORKSPACE); an existing one stays as it is."""
    from assay.store import Workspace as Store

    store = Store.init(_place(path))
    return InitResult(workspace=str(store.path))


def open(
    path: str | Path | None = None, *, create: bool = False, workers: int | None = None, quiet: bool = True
) -> Workspace:
    """Open the workspace at `path` (./.assay, or ASSAY_WORKSPACE). `create` makes it where it is absent.

    `workers`: threads and processes per verb, every core by default; results do not depend on it.
    `quiet`: no progress on standard error.
    """
    from assay.store import Workspace as Store

    place = _place(path)
    store = Store.init(place) if create else Store.open(place)
    return Workspace(store, workers=workers, quiet=quiet)


def check(
    files: Sequence[str],
    *,
    eval: Sequence[str] = (),
    tokenizer: str | Path | None = None,
    max_length: int | None = None,
    prove: bool = False,
    baseline: str | Path | None = None,
    junit: str | Path | None = None,
    kind: str = "auto",
    mapping: Sequence[str] = (),
    format: str | None = None,
    workers: int | None = None,
    quiet: bool = True,
) -> CheckResult:
    """What is in `files` and what is wrong with it: no workspace, no configuration, writes nothing."""
    from assay.flows.check import check as run_check
    from assay.records import parse_map

    return run_check(
        files,
        eval=eval,
        tokenizer=tokenizer,
        max_length=max_length,
        prove=prove,
        baseline=baseline,
        junit=junit,
        kind=kind,
        mapping=parse_map(mapping),
        format=format,
        workers=workers,
        progress=_progress("check", quiet),
    )


def verify(folder: str | Path) -> VerifyResult:
    """Recompute every hash and count of a release; name what was altered."""
    from assay.release import verify as run_verify

    return run_verify(folder)


def demo(folder: str | Path = ".assay-demo", *, workers: int | None = None, quiet: bool = True) -> DemoResult:
    """The main job, end to end, on text that is on every machine."""
    from assay.recipes.demo.run import demo as run_demo

    return run_demo(Path(folder), workers=workers, progress=_progress("demo", quiet))


def _progress(label: str, quiet: bool) -> Progress | None:
    if quiet:
        return None
    from assay.engine import Progress

    return Progress(label)


class Workspace:
    """An open workspace. `ws["tickets"]` is every table of that name, `ws["tickets.qa"]` one of them."""

    def __init__(self, store: Store, *, workers: int | None, quiet: bool) -> None:
        self.store, self.workers, self.quiet = store, workers, quiet

    @property
    def path(self) -> Path:
        return Path(self.store.path)

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
            progress=_progress("ingest", self.quiet),
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
            progress=_progress("run", self.quiet),
        )

    def fsck(self, *, digest: bool = False) -> FsckResult:
        """Check ledger, tables, blobs and ids against each other."""
        from assay.flows.history import fsck

        return fsck(self.store, digest=digest)


class Dataset:
    """A dataset's name in a workspace, at a version where one is given (`ws["tickets@v3"]`)."""

    def __init__(self, workspace: Workspace, name: str, ref: str | None) -> None:
        self.workspace, self.name, self.ref = workspace, name, ref

    @property
    def _store(self) -> Store:
        return self.workspace.store

    def __repr__(self) -> str:
        return f"{self.workspace!r}[{self.name + ('@' + self.ref if self.ref else '')!r}]"

    def _at_head(self, verb: str) -> None:
        if self.ref is not None:
            raise UserError(
                "E602",
                f"{verb} writes to the newest version, not to {self.name}@{self.ref}",
                fix=f"leave out @{self.ref}, or roll back to it first: assay rollback {self.name} {self.ref}",
            )

    def quarantine(
        self,
        *,
        retry: bool = False,
        kind: str | None = None,
        mapping: Sequence[str] = (),
        on_conflict: str | None = None,
        message: str | None = None,
    ) -> QuarantineResult:
        """The records that could not be read, with reasons; `retry` reads them again after a fix."""
        from assay.flows.quarantine import quarantine as run_quarantine
        from assay.records import parse_map

        return run_quarantine(
            self._store,
            self.name,
            retry=retry,
            kind=kind,
            mapping=parse_map(mapping),
            on_conflict=on_conflict,
            message=message,
        )

    def measure(
        self, *, only: Sequence[str] = (), as_of: str | None = None, message: str | None = None
    ) -> MeasureResult:
        """Measure signals: the kind's default set, or `only` these."""
        from assay.flows.measure import measure as run_measure

        self._at_head("measure")
        return run_measure(
            self._store,
            self.name,
            only=only,
            params={"as_of": as_of} if as_of else {},
            message=message,
            workers=self.workspace.workers,
            progress=_progress("measure", self.workspace.quiet),
        )

    def decide(self, rules: str | Path, *, as_of: str | None = None, message: str | None = None) -> DecideResult:
        """Keep, drop or review by a rule file or a preset's name."""
        from assay.flows.decide import decide as run_decide

        return run_decide(
            self._store,
            self.name,
            rules,
            ref=self.ref,
            params={"as_of": as_of} if as_of else {},
            message=message,
            workers=self.workspace.workers,
        )

    def show(self, record: str | None = None) -> ShowResult:
        """The dataset in short, or one record with everything known about it."""
        from assay.flows.explain import show as run_show

        return run_show(self._store, self.name, record, ref=self.ref)

    def log(self) -> LogResult:
        from assay.flows.history import log

        return log(self._store, self.name)

    def diff(self, a: str, b: str) -> DiffResult:
        from assay.flows.history import diff

        return diff(self._store, self.name, a, b)

    def tag(self, name: str) -> TagResult:
        from assay.flows.history import tag

        return tag(self._store, self.name, name, self.ref)

    def rollback(self, ref: str, *, message: str | None = None) -> RollbackResult:
        from assay.flows.history import rollback

        return rollback(self._store, self.name, ref, message)

    def report(self, out: str | Path, *, rules: str | None = None) -> ReportResult:
        """Write the HTML report of this dataset to `out`."""
        from assay.flows.report import report as run_report

        return run_report(self._store, self.name, out, rules=rules, ref=self.ref)


def reference() -> dict[str, str]:
    """The reference pages (file name -> Markdown) of everything that is registered."""
    from assay.recipes.reference import reference as pages

    return pages()
