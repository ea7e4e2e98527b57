"""What ingest returns: counts that add up, per dataset and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from assay.core.results import Result


@dataclass
class Counts:
    """`read` of a kind is counted where rows and bad places arrive, the others where they end up."""

    read: int = 0
    added: int = 0
    duplicates: int = 0
    quarantined: int = 0
    replaced: int = 0
    bytes: int = 0

    def plain(self) -> dict[str, int]:
        return asdict(self)


class SkippedFile(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    reason: str


class IngestResult(Result, frozen=True, kw_only=True):
    """One dataset. `read` = `added` + `duplicates` + `quarantined`; `bytes` are those of the records.

    `kind` is empty for bad records that have none among several kinds: they belong to the base name.
    `replaced` of the added are new content of known ids (--on-conflict new-version).
    """

    dataset: str
    kind: str
    version: int
    read: int
    added: int
    duplicates: int
    quarantined: int
    bytes: int
    seconds: float
    why: str = ""
    replaced: int = 0

    def lines(self) -> list[str]:
        head = f"{self.dataset}@{self.version}" if self.version else self.dataset
        replaced = f" ({self.replaced} with new content)" if self.replaced else ""
        counts = (
            f"{head}: {self.read:,} read = {self.added:,} added{replaced} + {self.duplicates:,} duplicates "
            f"+ {self.quarantined:,} quarantined"
        )
        return [counts, *([f"  {self.kind}: {self.why}"] if self.why else [])]


class IngestResults(Result, frozen=True, kw_only=True):
    """All datasets of one ingest, and their sums under the same names."""

    dataset: str
    kind: str
    version: int
    read: int
    added: int
    duplicates: int
    quarantined: int
    bytes: int
    seconds: float
    files: int
    reasons: dict[str, int]
    datasets: list[IngestResult]
    skipped: list[SkippedFile]
    resumed: bool = False

    @property
    def exit_code(self) -> int:
        """5 where nothing was read."""
        return 0 if self.read else 5

    def lines(self) -> list[str]:
        out = [line for one in self.datasets for line in one.lines()]
        if len(self.datasets) != 1:
            out.append(
                f"{self.dataset}: {self.read:,} read = {self.added:,} added + {self.duplicates:,} duplicates "
                f"+ {self.quarantined:,} quarantined, in {self.files:,} files"
            )
        if self.quarantined:
            why = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.items())
            out.append(f"  quarantined: {why}; `assay quarantine {self.dataset}` explains each")
        if self.skipped:
            by_reason: dict[str, list[str]] = {}
            for passed in self.skipped:
                by_reason.setdefault(passed.reason, []).append(passed.path)
            for reason, paths in sorted(by_reason.items()):
                more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
                out.append(f"  skipped {len(paths):,}, {reason}: {', '.join(paths[:3])}{more}")
        rate = f", {self.bytes / 1e6 / self.seconds:.1f} MB/s" if self.seconds else ""
        out.append(f"  {self.bytes / 1e6:.1f} MB in {self.seconds:.1f} s{rate}" + (", resumed" if self.resumed else ""))
        return out


def summary(
    base: str,
    counted: Mapping[str, Counts],
    versions: Mapping[str, int],
    why: Mapping[str, str],
    *,
    read: int,
    kindless: int,
    kindless_bytes: int,
    seconds: float,
    reasons: Mapping[str, int],
    **facts: Any,
) -> IngestResults:
    """One result of all counts. Bad records without a kind, among records of a single kind, are counted with it."""
    counts = {kind: Counts(**one.plain()) for kind, one in sorted(counted.items())}
    if len(counts) == 1 and kindless:
        only = next(iter(counts.values()))
        only.read += kindless
        only.quarantined += kindless
        only.bytes += kindless_bytes
        kindless = 0
    names = {kind: f"{base}.{kind}" for kind in counts}
    if kindless:
        counts[""] = Counts(read=kindless, quarantined=kindless, bytes=kindless_bytes)
        names[""] = base
    datasets = [
        IngestResult(
            dataset=names[kind],
            kind=kind,
            version=versions.get(kind, 0),
            seconds=seconds,
            why=why.get(kind, ""),
            **one.plain(),
        )
        for kind, one in counts.items()
    ]
    single = datasets[0] if len(datasets) == 1 else None
    return IngestResults(
        dataset=single.dataset if single else base,
        kind=single.kind if single else "mixed" if datasets else "",
        version=single.version if single else 0,
        read=read,
        added=sum(one.added for one in datasets),
        duplicates=sum(one.duplicates for one in datasets),
        quarantined=sum(one.quarantined for one in datasets),
        seconds=seconds,
        reasons=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        datasets=datasets,
        **facts,
    )
