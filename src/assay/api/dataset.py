"""One dataset of a workspace: what can be done with it and asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.api.progress import progress_of
from assay.core.errors import UserError

if TYPE_CHECKING:
    from assay.api.workspace import Workspace
    from assay.flows.contamination_results import ContaminationResult
    from assay.flows.decide import DecideResult
    from assay.flows.dedupe.results import DedupeResult
    from assay.flows.explain import ShowResult
    from assay.flows.history import DiffResult, LogResult, RollbackResult, TagResult
    from assay.flows.measure import MeasureResult
    from assay.flows.quarantine import QuarantineResult
    from assay.flows.report import ReportResult
    from assay.flows.similar import SimilarResult
    from assay.flows.transform import TransformResult
    from assay.flows.what_if import WhatIfResult
    from assay.store import Workspace as Store


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

    def transform(
        self, name: str, *, params: Mapping[str, Any] | None = None, message: str | None = None
    ) -> TransformResult:
        """Change texts by a transform such as repair_encoding; a new version where any text changes."""
        from assay.flows.transform import transform as run_transform

        self._at_head("transform")
        return run_transform(
            self._store,
            self.name,
            name,
            params,
            message=message,
            workers=self.workspace.workers,
            progress=progress_of("transform", self.workspace.quiet),
        )

    def dedupe(
        self,
        *,
        method: str = "near",
        fields: Sequence[str] = (),
        threshold: float | None = None,
        keep: Any = None,
        engine: str = "threads",
        address: str | None = None,
        report: str | Path | None = None,
        key: str | None = None,
        budget: float | None = None,
        price: float = 0.0,
        message: str | None = None,
        **more: Any,
    ) -> DedupeResult:
        """Find copies (exact, near, substring or semantic) and write them as signals; rules decide what to drop.

        keep: which record of a cluster is kept: a list such as ["human", "licensed"], or a YAML file of one. key,
        budget, price: of an endpoint that embeds. more: the method's own parameters, as the command has them (size,
        bands, rows, min_tokens, embedder ...).
        """
        from assay.flows.dedupe.methods import Access
        from assay.flows.dedupe.options import options_of
        from assay.flows.dedupe.run import dedupe as run_dedupe

        self._at_head("dedupe")
        asked = options_of(
            {"method": method, "threshold": threshold, **({"fields": list(fields)} if fields else {}), **more}, keep
        )
        return run_dedupe(
            self._store,
            self.name,
            asked,
            engine=engine,
            address=address,
            access=Access(key=key, budget=budget, price=price),
            report=report,
            message=message,
            workers=self.workspace.workers,
            progress=progress_of("dedupe", self.workspace.quiet),
        )

    def contamination(
        self,
        against: Sequence[str | Path] = (),
        *,
        fields: Sequence[str] = (),
        mapping: Sequence[str] = (),
        min_share: float = 0.5,
        across_splits: bool = False,
        index: str | Path | None = None,
        engine: str = "threads",
        address: str | None = None,
        message: str | None = None,
    ) -> ContaminationResult:
        """Find benchmark items (of files, datasets, or held-out splits) and write them as signals; rules decide.

        index: a file to write the benchmark to, as hashes, for the transform cut_contamination.
        """
        from assay.flows.contamination import contamination as run_contamination
        from assay.records import parse_map
        from assay.text.fields import VIEW

        self._at_head("contamination")
        return run_contamination(
            self._store,
            self.name,
            [str(one) for one in against],
            fields=tuple(fields) or VIEW,
            mapping=parse_map(mapping),
            min_share=min_share,
            across_splits=across_splits,
            index=index,
            engine=engine,
            address=address,
            message=message,
            workers=self.workspace.workers,
            progress=progress_of("contamination", self.workspace.quiet),
        )

    def similar(self, record: str, *, limit: int = 10, fields: Sequence[str] = ()) -> SimilarResult:
        """The records most like one record, with their exact similarity and what differs."""
        from assay.flows.similar import similar as run_similar

        return run_similar(self._store, self.name, record, limit=limit, fields=tuple(fields), ref=self.ref)

    def measure(
        self,
        *,
        only: Sequence[str] = (),
        as_of: str | None = None,
        params: Mapping[str, Any] | None = None,
        message: str | None = None,
    ) -> MeasureResult:
        """Measure signals: the kind's default set, or `only` these. `params`: of signals, by name."""
        from assay.flows.measure import measure as run_measure

        self._at_head("measure")
        return run_measure(
            self._store,
            self.name,
            only=only,
            params={**(params or {}), **({"as_of": as_of} if as_of else {})},
            message=message,
            workers=self.workspace.workers,
            progress=progress_of("measure", self.workspace.quiet),
        )

    def decide(
        self,
        rules: str | Path | None = None,
        *,
        as_of: str | None = None,
        params: Mapping[str, Any] | None = None,
        alarm_share: float | None = None,
        message: str | None = None,
    ) -> DecideResult:
        """Keep, drop or review by a rule file or a preset's name; without one, by the rules used last."""
        from assay.flows.decide import decide as run_decide

        return run_decide(
            self._store,
            self.name,
            rules,
            ref=self.ref,
            params={**(params or {}), **({"as_of": as_of} if as_of else {})},
            message=message,
            workers=self.workspace.workers,
            alarm_share=alarm_share,
        )

    def what_if(self, asked: Sequence[str], rules: str | Path | None = None) -> WhatIfResult:
        """What other thresholds ("min_words=30") or conditions ("RULE=CONDITION") would change; writes nothing."""
        from assay.flows.what_if import what_if

        return what_if(self._store, self.name, asked, rules, ref=self.ref)

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
