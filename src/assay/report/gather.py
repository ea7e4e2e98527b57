"""Everything a report shows, from datasets handed in as scans. Memory: small columns, then one signal at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assay.report.distributions import distributions_of
from assay.report.examples import examples_of
from assay.report.model import (
    ACTIONS,
    TARGET,
    Gate,
    QuarantineReason,
    ReportData,
    Share,
    SourceRow,
    Subject,
)
from assay.report.rows import NOT_GIVEN, Rows, read_rows
from assay.report.scores import rule_rows, score_rows, top_domains
from assay.rules.rule import DIMENSIONS

DOMAINS = 12
SOURCES = 40
CHARTS = 60
CHARTS_EACH = 24
SHARES = 10
EFFECTIVE = "novel_ngram_share"


def gather(
    title: str,
    subjects: Sequence[Subject],
    *,
    quarantine: Sequence[QuarantineReason] = (),
    targets: Mapping[str, float] | None = None,
    gates: Sequence[Gate] = (),
    identity: Sequence[tuple[str, str]] = (),
) -> ReportData:
    """Read the subjects and count. `identity` are facts of this run, shown in a block of their own."""
    all_rows = [read_rows(subject) for subject in subjects]
    domains, domain_rows = top_domains(all_rows, DOMAINS)
    rules = rule_rows(all_rows, domains)
    drawn, constants = [], []
    for rows in all_rows:
        charts, flat = distributions_of(rows, min(CHARTS_EACH, max(4, CHARTS // len(all_rows))))
        drawn += charts
        constants += flat
    sources = [source for rows in all_rows for source in _sources(rows)]
    sources.sort(key=lambda s: (-s.rows, s.dataset, s.path))
    counts = {"rows": sum(rows.count for rows in all_rows), "quarantined": sum(q.count for q in quarantine)}
    given = {value for rows in all_rows for value in rows.domain.values} - {NOT_GIVEN}
    counts["domains"] = len(given)
    for number, action in enumerate(ACTIONS):
        counts[action] = sum(int((rows.action == number).sum()) for rows in all_rows)
    counts |= _effective(subjects)
    decided = any(subject.decisions is not None for subject in subjects)
    if counts["rows"] != sum(counts[action] for action in ACTIONS):
        raise RuntimeError("rows is not kept + dropped + review")
    return ReportData(
        title=title,
        subjects=subjects,
        counts=counts,
        domains=list(domain_rows),
        domain_rows=domain_rows,
        targets={dimension: (targets or {}).get(dimension, TARGET) for dimension in DIMENSIONS},
        scores=score_rows(all_rows, domains),
        rules=[row for row in rules if row.fired],
        silent_rules=[row for row in rules if not row.fired],
        distributions=drawn,
        constants=constants,
        shares=_shares(all_rows),
        sources=sources[:SOURCES],
        more_sources=max(0, len(sources) - SOURCES),
        quarantine=sorted(quarantine, key=lambda q: (-q.count, q.reason)),
        examples=sorted((e for rows in all_rows for e in examples_of(rows)), key=lambda e: -ACTIONS.index(e.action)),
        gates=gates,
        decided=decided,
        identity=identity,
    )


def _effective(subjects: Sequence[Subject]) -> dict[str, int]:
    """How many records the judged ones hold once copies share one: the sum of `novel_ngram_share`, where measured."""
    judged, total = 0, 0.0
    for subject in subjects:
        if all(signal.name != EFFECTIVE for signal in subject.signals):
            continue
        for batch in subject.scan([EFFECTIVE]):
            values = batch.column(0).drop_null().to_numpy()
            judged += len(values)
            total += float(np.sum(values, dtype=np.float64))
    return {"effective": round(total), "effective_of": judged}


def _shares(all_rows: Sequence[Rows]) -> list[Share]:
    kinds: dict[str, tuple[int, int]] = {}
    columns: dict[str, dict[str, tuple[int, int]]] = {"origin": {}, "domain": {}, "license": {}, "split": {}}
    for rows in all_rows:
        kept = rows.acted("keep")
        _add(kinds, rows.subject.kind, rows.count, int(kept.sum()))
        for name, found in columns.items():
            column = getattr(rows, name)
            inside = column.counts(kept)
            for value, n in column.counts().items():
                _add(found, value, n, inside.get(value, 0))
    synthetic = sum(columns["origin"].get(name, (0, 0))[1] for name in ("model", "simulator"))
    kept_all = sum(n for _, n in columns["origin"].values())
    note = f"{synthetic:,} of {kept_all:,} kept records are synthetic (model or simulator)" if synthetic else ""
    shares = [Share("Origin", note, _top(columns["origin"])), Share("Domain", "", _top(columns["domain"]))]
    shares += [Share("Kind", "", _top(kinds)), Share("License", "", _top(columns["license"]))]
    if len(columns["split"]) > 1:
        shares.append(Share("Split", "", _top(columns["split"])))
    return shares


def _add(found: dict[str, tuple[int, int]], value: str, read: int, kept: int) -> None:
    before = found.get(value, (0, 0))
    found[value] = (before[0] + read, before[1] + kept)


def _top(found: Mapping[str, tuple[int, int]]) -> list[tuple[str, int, int]]:
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    rows = [(value, read, kept) for value, (read, kept) in ordered[:SHARES]]
    rest = [pair for _, pair in ordered[SHARES:]]
    if rest:
        rows.append((f"{len(rest):,} others", sum(r for r, _ in rest), sum(k for _, k in rest)))
    return rows


def _sources(rows: Rows) -> list[SourceRow]:
    size = len(rows.path.values)
    by_action = [np.bincount(rows.path.codes[rows.action == a], minlength=size).tolist() for a in range(len(ACTIONS))]
    return [
        SourceRow(rows.subject.dataset, path, keep + review + drop, keep, review, drop)
        for path, keep, review, drop in zip(rows.path.values, *by_action, strict=True)
    ]
