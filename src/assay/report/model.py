"""What a report shows, as plain structs: gathered by `gather`, drawn by `render`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from assay.rules import Rule, Ruleset

ACTIONS = ("keep", "review", "drop")
TARGET = 0.95  # a dimension's share in a domain; recipes set their own

Scan = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
Take = Callable[[Sequence[str], Sequence[str]], pa.Table]


@dataclass(frozen=True)
class SignalInfo:
    name: str
    unit: str
    dimension: str | None
    version: int | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class Subject:
    """One dataset at one version, with the ways to read it.

    scan: columns (fields or signals) in the same row order each time. take: rows by record id.
    decisions: as `rules.evaluate` gives them, in any order; None = undecided, and then there is no ruleset.
    coverage: dimension -> signals that give evidence for this kind; none means it is not measured.
    """

    dataset: str
    kind: str
    version: str
    scan: Scan
    take: Take
    decisions: pa.Table | None
    ruleset: Ruleset | None
    signals: Sequence[SignalInfo]
    coverage: Mapping[str, Sequence[str]]
    digest: str
    message: str = ""

    @property
    def rules(self) -> list[Rule]:
        return [] if self.ruleset is None or self.decisions is None else self.ruleset.for_kind(self.kind)


def removes(rule: Rule) -> bool:
    return rule.action in ("drop", "review")


@dataclass(frozen=True)
class Gate:
    name: str
    status: str
    value: Any
    threshold: Any


@dataclass(frozen=True)
class QuarantineReason:
    reason: str
    count: int
    examples: Sequence[tuple[str, str]]  # file:row and detail


# ---- what gather makes of them


@dataclass(frozen=True)
class Cell:
    """One dimension of one domain.

    unknown: rows that its rules could not tell. unmeasured: rows of datasets in which it was told of no record.
    share: passed / all rows, so neither of these passes; null where nothing was told.
    """

    passed: int
    failed: int
    unknown: int
    share: float | None
    unmeasured: int = 0

    @property
    def rows(self) -> int:
        """Those that the dimension was judged on."""
        return self.passed + self.failed + self.unknown

    @property
    def share_judged(self) -> float | None:
        return self.passed / self.rows if self.share is not None and self.rows else None


@dataclass(frozen=True)
class ScoreRow:
    label: str
    dataset: str  # empty for the row of everything
    rows: int
    scores: Mapping[str, Cell]
    total: bool = False
    domain: str = ""  # of a total whose rows all have one


@dataclass(frozen=True)
class RuleRow:
    """One rule over all datasets that it applies to. `sizes`: the rows of each domain in them."""

    rule: Rule
    datasets: tuple[str, ...]
    fired: int
    alone: int  # removed records on which no other removing rule fired: what switching it off would bring back
    unknown: int
    rows: int
    by_domain: Mapping[str, int]
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Threshold:
    value: float
    operator: str
    rule: str
    action: str


@dataclass(frozen=True)
class Bin:
    label: str
    start: float
    end: float
    counts: tuple[int, int, int]  # keep, review, drop

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Distribution:
    """`form` is bars (categories or few values), linear or log (bins)."""

    signal: SignalInfo
    dataset: str
    form: str
    bins: Sequence[Bin]
    rows: int
    unknown: int
    low: float | None
    median: float | None
    high: float | None
    thresholds: Sequence[Threshold] = ()
    beyond: int = 0  # rows outside the drawn range


@dataclass(frozen=True)
class Constant:
    signal: SignalInfo
    dataset: str
    value: str
    rows: int
    unknown: int


@dataclass(frozen=True)
class Share:
    title: str
    note: str
    rows: Sequence[tuple[str, int, int]]  # label, read, kept


@dataclass(frozen=True)
class SourceRow:
    dataset: str
    path: str
    rows: int
    kept: int
    review: int
    dropped: int


@dataclass(frozen=True)
class Example:
    dataset: str
    record_id: str
    action: str
    domain: str
    place: str  # file:row
    excerpt: str
    reasons: Sequence[tuple[Rule, str]]


@dataclass(frozen=True)
class ReportData:
    title: str
    subjects: Sequence[Subject]
    counts: Mapping[str, int]  # rows, keep, review, drop, quarantined
    domains: Sequence[str]
    targets: Mapping[str, float]
    scores: Sequence[ScoreRow]
    rules: Sequence[RuleRow]
    silent_rules: Sequence[RuleRow]
    distributions: Sequence[Distribution]
    constants: Sequence[Constant]
    shares: Sequence[Share]
    sources: Sequence[SourceRow]
    more_sources: int
    quarantine: Sequence[QuarantineReason]
    examples: Sequence[Example]
    gates: Sequence[Gate] = ()
    decided: bool = True
    identity: Sequence[tuple[str, str]] = ()  # clock facts and run: the only part that differs
    domain_rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def ruleset(self) -> Ruleset | None:
        return next((subject.ruleset for subject in self.subjects if subject.ruleset is not None), None)
