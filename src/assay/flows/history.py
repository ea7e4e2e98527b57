"""Versions of a dataset: log, diff, tag, rollback, and the check of a whole workspace."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.core.results import Result
from assay.store import Workspace


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version: `number` counts from 1 within its dataset, `tags` name it."""

    dataset: str
    number: int
    verb: str
    message: str
    author: str
    run: str | None
    created_at: str
    rows: int
    tags: list[str]
    stats: dict[str, Any]


class LogResult(Result, frozen=True, kw_only=True):
    versions: list[VersionLine]

    def lines(self) -> list[str]:
        out: list[str] = []
        for dataset in dict.fromkeys(version.dataset for version in self.versions):
            out.append(dataset)
            for v in (version for version in self.versions if version.dataset == dataset):
                tags = f"  [{', '.join(v.tags)}]" if v.tags else ""
                out.append(f"  v{v.number:<4} {v.created_at[:19]}  {v.rows:>9,} rows  {v.verb:<9} {v.message}{tags}")
        return out or ["no versions yet"]


class ChangedRecord(msgspec.Struct, frozen=True, kw_only=True):
    record_id: str
    fields: list[str]


class DatasetDiff(msgspec.Struct, frozen=True, kw_only=True):
    """`added`, `removed` and `changed` list record ids; `signals` are columns measured in one of the two only."""

    dataset: str
    a: int
    b: int
    added: list[str]
    removed: list[str]
    changed: list[ChangedRecord]


class DiffResult(Result, frozen=True, kw_only=True):
    """Counts over all datasets that the name covers, then the records of each."""

    added: int
    removed: int
    changed: int
    datasets: list[DatasetDiff]

    def lines(self) -> list[str]:
        out = [f"{self.added:,} added, {self.removed:,} removed, {self.changed:,} changed"]
        for part in self.datasets:
            out.append(f"{part.dataset}  v{part.a} -> v{part.b}")
            out += _some("+", part.added) + _some("-", part.removed)
            out += _some("~", [f"{c.record_id}  ({', '.join(c.fields)})" for c in part.changed])
        return out


_SHOWN = 10


def _some(mark: str, names: list[str]) -> list[str]:
    rest = len(names) - _SHOWN
    return [f"  {mark} {name}" for name in names[:_SHOWN]] + ([f"  {mark} ... and {rest:,} more"] if rest > 0 else [])


class TagResult(Result, frozen=True, kw_only=True):
    name: str
    versions: dict[str, int]

    def lines(self) -> list[str]:
        return [f"{self.name} is {dataset} v{number}" for dataset, number in self.versions.items()]


class RollbackResult(Result, frozen=True, kw_only=True):
    """`versions`: the new version of each dataset, whose content is that of `ref`."""

    ref: str
    versions: dict[str, int]

    def lines(self) -> list[str]:
        return [f"{dataset} v{number} has the content of {self.ref}" for dataset, number in self.versions.items()]


class FsckResult(Result, frozen=True, kw_only=True):
    ok: bool
    findings: list[dict[str, str]]
    digests: dict[str, str]

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    def lines(self) -> list[str]:
        out = [f"{f['code']}  {f['place']}  {f['what']}\n  fix: {f['fix']}" for f in self.findings]
        out += [f"{digest}  {dataset}" for dataset, digest in self.digests.items()]
        return [*out, "ok: nothing is missing, nothing is altered" if self.ok else f"{len(self.findings)} findings"]


def log(ws: Workspace, dataset: str) -> LogResult:
    """The versions of every dataset the name covers, newest first."""
    lines = []
    for name in ws.names(dataset):
        table = ws.dataset(name)
        tags: dict[int, list[str]] = {}
        for tag_name, number in table.tags().items():
            tags.setdefault(number, []).append(tag_name)
        for version in sorted(table.versions(), key=lambda v: -v.number):
            lines.append(
                VersionLine(
                    dataset=name,
                    number=version.number,
                    verb=version.verb,
                    message=version.message or "",
                    author=version.author or "",
                    run=version.run,
                    created_at=str(version.created_at),
                    rows=version.rows,
                    tags=sorted(tags.get(version.number, [])),
                    stats=version.stats,
                )
            )
    return LogResult(versions=lines)


def diff(ws: Workspace, dataset: str, a: str, b: str) -> DiffResult:
    """What changed from A to B, record by record, in every dataset the name covers."""
    parts = []
    for name in ws.names(dataset):
        table = ws.dataset(name)
        found = table.diff(a, b)
        parts.append(
            DatasetDiff(
                dataset=name,
                a=table.resolve(a),
                b=table.resolve(b),
                added=list(found.added),
                removed=list(found.removed),
                changed=[ChangedRecord(record_id=c.record_id, fields=list(c.fields)) for c in found.changed],
            )
        )
    return DiffResult(
        added=sum(len(p.added) for p in parts),
        removed=sum(len(p.removed) for p in parts),
        changed=sum(len(p.changed) for p in parts),
        datasets=parts,
    )


def tag(ws: Workspace, dataset: str, name: str, ref: str | None = None) -> TagResult:
    """Name the version REF (the newest by default) of every dataset the name covers."""
    named = {}
    for full in ws.names(dataset):
        table = ws.dataset(full)
        table.tag(name, ref)
        named[full] = table.resolve(name)
    return TagResult(name=name, versions=named)


def rollback(ws: Workspace, dataset: str, ref: str, message: str | None = None) -> RollbackResult:
    """Make REF's content current again, as a new version of every dataset the name covers."""
    tables = [ws.dataset(name) for name in ws.names(dataset)]
    for table in tables:  # all refs must resolve before any of them moves
        table.resolve(ref)
    made = {table.name: table.rollback(ref, message or f"rollback to {ref}").number for table in tables}
    return RollbackResult(ref=ref, versions=made)


def fsck(ws: Workspace, *, digest: bool = False) -> FsckResult:
    """Every finding of every dataset and of the blobs; with `digest`, also each dataset's digest."""
    findings = [
        {"code": f.code, "place": f.place, "what": f.what, "fix": f.fix}
        for name in ws.names()
        for f in ws.dataset(name).fsck(deep=digest)
    ]
    digests = {name: ws.dataset(name).digest() for name in ws.names()} if digest else {}
    return FsckResult(ok=not findings, findings=findings, digests=digests)
