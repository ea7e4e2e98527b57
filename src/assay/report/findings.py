"""What a reader in a hurry should know: a few sentences, each following from a number on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.report.model import ReportData, ScoreRow, removes
from assay.rules.rule import DIMENSIONS

ALARM = 0.5  # a rule that takes more than this share of a domain is pointed out
MOST = 6


@dataclass(frozen=True)
class Finding:
    """`level` is bad, watch or info; `anchor` the section that shows more."""

    level: str
    text: str
    anchor: str


def findings(data: ReportData) -> list[Finding]:
    order = {"bad": 0, "watch": 1, "info": 2}
    found = [*_gates(data), *_alarms(data), *_scores(data), *_unmeasured(data), *_quarantine(data), *_top_rule(data)]
    return sorted(found, key=lambda finding: order[finding.level])[:MOST]


def percent(value: float) -> str:
    """A share for a sentence: 95%, 80.2%, never 0% or 100% for what is neither."""
    shown = f"{100 * value:.1f}"
    if value not in (0.0, 1.0) and shown in ("0.0", "100.0"):
        return "<0.1%" if value < 0.5 else ">99.9%"
    return shown.removesuffix(".0") + "%"


def _gates(data: ReportData) -> Iterator[Finding]:
    failed = [gate.name for gate in data.gates if gate.status in ("fail", "error")]
    if failed:
        yield Finding("bad", f"{_n(len(failed), 'gate')} failed: {', '.join(failed)}.", "gates")


def _alarms(data: ReportData) -> Iterator[Finding]:
    """One rule that takes most of a domain is more often a wrong rule than a bad domain."""
    for row in data.rules:
        if not removes(row.rule):
            continue
        for domain, fired in row.by_domain.items():
            size = row.sizes.get(domain, 0)
            if size >= 10 and fired / size > ALARM:
                text = f"The rule {row.rule.name} takes {percent(fired / size)} of {domain}: check the rule first."
                yield Finding("bad", text, "rules")


def _scores(data: ReportData) -> Iterator[Finding]:
    cells = [row for row in data.scores if (row.domain or not row.total) and row.rows]
    for dimension in DIMENSIONS:
        target = data.targets[dimension]
        low = [
            (score.share, row)
            for row in cells
            if (score := row.scores.get(dimension)) is not None and score.share is not None and score.share < target
        ]
        if low:
            worst, row = min(low, key=lambda pair: (pair[0], pair[1].dataset, pair[1].label))
            of = sum(1 for r in cells if (s := r.scores.get(dimension)) is not None and s.share is not None)
            places = f"{len(low)} of {of} domains" if of > 1 else "the data"
            name = row.domain or row.label
            where = f"{name} of {row.dataset}" if len(data.subjects) > 1 else name
            lowest = f", lowest in {where} ({percent(worst)})" if of > 1 else f" ({percent(worst)})"
            level = "bad" if worst < target - 0.1 else "watch"
            text = f"{dimension.capitalize()} is below its target of {percent(target)} in {places}{lowest}."
            yield Finding(level, text, "scorecard")


def _unmeasured(data: ReportData) -> Iterator[Finding]:
    if not data.decided:
        yield Finding("watch", "No rules were applied: nothing on this page has been judged.", "scorecard")
        return
    total = data.scores[0]
    names = [d for d in DIMENSIONS if d not in total.scores or total.scores[d].share is None]
    unjudged = [d for d in names if has_evidence(data, total, d)]
    unmeasured = [d for d in names if d not in unjudged]
    if unmeasured:
        verb = "was" if len(unmeasured) == 1 else "were"
        yield Finding("watch", f"{', '.join(unmeasured).capitalize()} {verb} not measured.", "scorecard")
    for dimension, cell in total.scores.items():
        if cell.unmeasured:
            text = f"{dimension.capitalize()} was judged on {cell.rows:,} of {total.rows:,} records only."
            yield Finding("watch", text, "scorecard")
    if unjudged:
        verb = "was" if len(unjudged) == 1 else "were"
        text = f"{', '.join(unjudged).capitalize()} {verb} measured, but no drop or review rule judges it."
        yield Finding("watch", text, "scorecard")


def has_evidence(data: ReportData, row: ScoreRow, dimension: str) -> bool:
    """Some signal of the dimension was measured in the datasets of this row."""
    subjects = [s for s in data.subjects if row.dataset in ("", s.dataset)]
    measured = {signal.name for s in subjects for signal in s.signals}
    return any(name in measured for s in subjects for name in s.coverage.get(dimension, ()))


def _quarantine(data: ReportData) -> Iterator[Finding]:
    if data.counts["quarantined"]:
        top = data.quarantine[0]
        text = f"{_n(data.counts['quarantined'], 'record')} could not be read (most often {top.reason})."
        yield Finding("watch", text, "quarantine")


def _top_rule(data: ReportData) -> Iterator[Finding]:
    removing = [row for row in data.rules if removes(row.rule)]
    if removing:
        top = removing[0]
        word = "drops" if top.rule.action == "drop" else "holds back"
        share = percent(top.fired / top.rows)
        text = f"The rule {top.rule.name} {word} most: {_n(top.fired, 'record')}, {share} of those it judges."
        yield Finding("info", text, "rules")


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
