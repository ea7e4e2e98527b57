"""Report: one HTML file about a dataset at a version, with the decisions made over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.files import whole_file
from assay.core.results import Result
from assay.flows.subjects import Chosen, choose, split_ref
from assay.report import Gate, QuarantineReason, SignalInfo, Subject, gather, render
from assay.signals import SIGNALS, dimension_coverage
from assay.store import Workspace

EXAMPLES = 3  # of each quarantine reason


class DimensionScore(msgspec.Struct, frozen=True, kw_only=True):
    """`judged`: records of the datasets where the dimension was measured; `share` of them pass, null of none."""

    share: float | None
    judged: int


class ReportResult(Result, frozen=True, kw_only=True):
    """`path` is the HTML file; the counts are those on its first lines, the scorecard is its first row.

    scorecard: dimension -> share that passes of the records it was judged on.
    """

    path: str
    bytes: int
    records: int
    kept: int
    dropped: int
    review: int
    quarantined: int
    scorecard: dict[str, DimensionScore]

    def lines(self) -> list[str]:
        said = f"{self.kept:,} kept, {self.dropped:,} dropped, {self.review:,} for review"
        return [f"{self.path}  ({self.bytes / 1000:,.0f} kB)", f"{self.records:,} records: {said}"]


def report(
    ws: Workspace,
    dataset: str,
    out: str | Path,
    *,
    rules: str | Mapping[str, str] | None = None,
    ref: str | int | Mapping[str, int] | None = None,
    targets: Mapping[str, float] | None = None,
    gates: Sequence[Any] = (),
) -> ReportResult:
    """Write the report of DATASET or DATASET@REF to the file `out`, whole or not at all.

    rules: which decisions (see `choose`). targets: dimension -> share that a domain should reach, 0.95 by default.
    gates: outcomes of a recipe's gates (name, status, value, threshold). Errors: E101, E404, E507, E508; E509 when
    `out` cannot be written.
    """
    chosen = choose(ws, dataset, ref=ref, rules=rules)
    base = split_ref(dataset)[0]
    data = gather(
        base,
        [subject_of(one) for one in chosen],
        quarantine=_quarantine(ws, base, chosen),
        targets=targets,
        gates=[Gate(gate.name, gate.status, gate.value, gate.threshold) for gate in gates],
        identity=_identity(chosen),
    )
    html = render(data).encode()
    _write(Path(out), html)
    return ReportResult(
        path=str(out),
        bytes=len(html),
        records=data.counts["rows"],
        kept=data.counts["keep"] if data.decided else 0,
        dropped=data.counts["drop"],
        review=data.counts["review"],
        quarantined=data.counts["quarantined"],
        scorecard={
            dimension: DimensionScore(share=cell.share_judged, judged=cell.rows if cell.share is not None else 0)
            for dimension, cell in data.scores[0].scores.items()
        },
    )


def subject_of(one: Chosen) -> Subject:
    """What the report room needs to read this dataset."""
    columns = one.data.signals(one.number)
    versions = one.signal_versions()
    return Subject(
        dataset=one.name,
        kind=one.kind,
        version=f"v{one.number}",
        scan=one.scan,
        take=one.take,
        decisions=one.decisions,
        ruleset=one.ruleset,
        signals=[
            SignalInfo(
                name,
                column.unit or "",
                SIGNALS.get(name).dimension if name in SIGNALS else None,
                versions[name],
                column.fingerprint,
            )
            for name, column in columns.items()
        ],
        coverage=_coverage(one.kind, set(columns)),
        digest=one.data.digest(one.number),
        message=_message(one),
    )


def _coverage(kind: str, measured: set[str]) -> dict[str, list[str]]:
    """Dimension -> signals that give evidence and are really there."""
    return {d: [name for name in names if name in measured] for d, names in dimension_coverage(kind).items()}


def _message(one: Chosen) -> str:
    version = one.data.version(one.number)
    return version.message if version else ""


def _quarantine(ws: Workspace, base: str, chosen: Sequence[Chosen]) -> list[QuarantineReason]:
    """Open entries by reason. A full name shows its own kind's and those of no kind."""
    kinds = {one.kind for one in chosen}
    name = base if not any(one.name == base for one in chosen) else base.rpartition(".")[0]
    found: dict[str, list[tuple[str, str]]] = {}
    counts: dict[str, int] = {}
    for entry in ws.ledger.quarantine(name):
        if entry.kind is not None and entry.kind not in kinds:
            continue
        counts[entry.reason] = counts.get(entry.reason, 0) + 1
        place = entry.file if entry.row is None else f"{entry.file}:{entry.row + 1}"
        listed = found.setdefault(entry.reason, [])
        if len(listed) < EXAMPLES:
            listed.append((place, entry.detail))
    return [QuarantineReason(reason, count, found[reason]) for reason, count in counts.items()]


def _identity(chosen: Sequence[Chosen]) -> list[tuple[str, str]]:
    """Facts of the clock and of this workspace. The report's own moment is left out: it says nothing about the data."""
    facts = []
    for one in chosen:
        version = one.data.version(one.number)
        if version is not None:
            made = f"{version.verb}, {version.created_at[:19]} UTC, by {version.author or 'unknown'}"
            facts.append((f"{one.name} v{version.number}", made + (f", run {version.run}" if version.run else "")))
    return facts


def _write(out: Path, html: bytes) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(out) as part:
            part.write_bytes(html)
    except OSError as error:
        raise UserError("E509", f"cannot write {out}: {error.strerror}", fix="name a file with -o") from error
