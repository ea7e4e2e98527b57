"""Six dimensions by domain, and what each rule removed from each domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.report.model import Cell, RuleRow, ScoreRow, removes
from assay.report.rows import Rows
from assay.rules import record_verdicts
from assay.rules.rule import DIMENSIONS

NOT_MEASURED = Cell(0, 0, 0, None)
OTHER = "other domains"


def score_rows(all_rows: Sequence[Rows], domains: Sequence[str]) -> list[ScoreRow]:
    """A row for everything, then for each dataset one total and its domains in the given order."""
    rows_out: list[ScoreRow] = []
    overall: dict[str, list[tuple[int, Cell]]] = {dimension: [] for dimension in DIMENSIONS}
    for rows in all_rows:
        everywhere = np.ones(rows.count, np.bool_)
        sizes = _by_domain(rows, everywhere, domains)
        by_label: dict[str, dict[str, Cell]] = {label: {} for label in ("", *sizes)}
        for dimension, verdicts in _verdicts(rows).items():
            if verdicts is None:
                overall[dimension].append((rows.count, NOT_MEASURED))
                continue
            failed, unknown = verdicts
            total = _cell(rows.count, int(failed.sum()), int(unknown.sum()))
            overall[dimension].append((rows.count, total))
            by_label[""][dimension] = total
            failed_in, unknown_in = _by_domain(rows, failed, domains), _by_domain(rows, unknown, domains)
            for label, size in sizes.items():
                by_label[label][dimension] = _cell(size, failed_in.get(label, 0), unknown_in.get(label, 0))
        dataset = rows.subject.dataset
        if len(all_rows) > 1:
            # A dataset of one domain would say everything twice.
            only = next(iter(sizes)) if len(sizes) == 1 else ""
            rows_out.append(ScoreRow(dataset, dataset, rows.count, by_label[""], total=True, domain=only))
            if only:
                continue
        rows_out += [ScoreRow(label, dataset, size, by_label[label]) for label, size in sizes.items()]
    count = sum(rows.count for rows in all_rows)
    return [ScoreRow("All records", "", count, {d: _sum(cells) for d, cells in overall.items()}, total=True), *rows_out]


def _verdicts(rows: Rows) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]] | None]:
    """Dimension -> (failed, unknown) by row; None where no drop or review rule judges it."""
    ruleset, decisions = rows.subject.ruleset, rows.decisions
    if ruleset is None or decisions is None:
        return dict.fromkeys(DIMENSIONS)
    found = record_verdicts(ruleset, decisions, rows.subject.kind)
    return {dimension: (failed, unknown) if mine else None for dimension, (mine, failed, unknown) in found.items()}


def _cell(rows: int, failed: int, unknown: int) -> Cell:
    passed = rows - failed - unknown
    return Cell(passed, failed, unknown, passed / rows if passed + failed else None)


def _sum(cells: Sequence[tuple[int, Cell]]) -> Cell:
    """Rows of datasets in which the dimension was told of no record are counted apart."""
    rows = sum(n for n, _ in cells)
    told = [cell for _, cell in cells if cell.share is not None]
    passed, failed, unknown = (sum(getattr(cell, name) for cell in told) for name in ("passed", "failed", "unknown"))
    if not told:
        return NOT_MEASURED
    return Cell(passed, failed, unknown, passed / rows, rows - passed - failed - unknown)


def _by_domain(rows: Rows, mask: NDArray[np.bool_], domains: Sequence[str]) -> dict[str, int]:
    counts = rows.domain.counts(mask)
    shown = {name: counts[name] for name in domains if name in counts}
    other = sum(n for name, n in counts.items() if name not in domains)
    return {**shown, **({OTHER: other} if other else {})}


def rule_rows(all_rows: Sequence[Rows], domains: Sequence[str]) -> list[RuleRow]:
    """Every rule once, over all datasets of its kinds: drop and review rules first, then those that fired most."""
    found: dict[tuple[str, str, str], RuleRow] = {}
    for rows in all_rows:
        alone = _alone(rows)
        sizes = _by_domain(rows, np.ones(rows.count, np.bool_), domains)
        for rule in rows.subject.rules:
            at = rows.fired.get(rule.name, np.zeros(0, np.int64))
            mask = np.zeros(rows.count, np.bool_)
            mask[at] = True
            mine = RuleRow(
                rule=rule,
                datasets=(rows.subject.dataset,),
                fired=len(at),
                alone=int(alone[at].sum()) if removes(rule) else 0,
                unknown=len(rows.unknown.get(rule.name, ())),
                rows=rows.count,
                by_domain=_by_domain(rows, mask, domains),
                sizes=sizes,
            )
            key = (rule.name, rule.action, rule.when)
            found[key] = _joined(found[key], mine) if key in found else mine
    order = {"drop": 0, "review": 1, "warn": 2, "keep": 3}
    return sorted(found.values(), key=lambda r: (not removes(r.rule), -r.fired, order[r.rule.action], r.rule.name))


def _joined(a: RuleRow, b: RuleRow) -> RuleRow:
    return RuleRow(
        rule=a.rule,
        datasets=a.datasets + b.datasets,
        fired=a.fired + b.fired,
        alone=a.alone + b.alone,
        unknown=a.unknown + b.unknown,
        rows=a.rows + b.rows,
        by_domain=_added(a.by_domain, b.by_domain),
        sizes=_added(a.sizes, b.sizes),
    )


def _added(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in [*a, *(n for n in b if n not in a)]}


def _alone(rows: Rows) -> NDArray[np.bool_]:
    """Rows taken out by exactly one rule."""
    times = np.zeros(rows.count, np.int32)
    for rule in rows.subject.rules:
        if removes(rule):
            times[rows.fired.get(rule.name, [])] += 1
    out: NDArray[np.bool_] = (times == 1) & (rows.action != 0)
    return out


def top_domains(all_rows: Sequence[Rows], limit: int) -> tuple[list[str], Mapping[str, int]]:
    """The domains with most rows, and the rows of each (the rest under `other domains`)."""
    total: dict[str, int] = {}
    for rows in all_rows:
        for name, n in rows.domain.counts().items():
            total[name] = total.get(name, 0) + n
    ordered = sorted(total, key=lambda name: (-total[name], name))
    shown = ordered if len(ordered) <= limit else ordered[: limit - 1]
    rest = sum(total[name] for name in ordered[len(shown) :])
    return shown, {**{name: total[name] for name in shown}, **({OTHER: rest} if rest else {})}
